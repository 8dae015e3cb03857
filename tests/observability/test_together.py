"""Several instrumentations that hear the same."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pytest
from typing_extensions import override

from eventdocs.observability import Instrumentation, Instrumentations, NullInstrumentation
from eventdocs.types import JSONValue

CALLS: Final = sorted(
    name
    for name, value in vars(Instrumentation).items()
    if inspect.isfunction(value) and name[0] != "_"
)


class Recorder(NullInstrumentation):
    """Keeps every call, whatever its name."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Mapping[str, object]]] = []

    @override
    def __getattribute__(self, name: str) -> Any:
        if name not in CALLS:
            return super().__getattribute__(name)

        def keep(*positional: object, **named: object) -> Mapping[str, JSONValue]:
            parameters = [*inspect.signature(getattr(NullInstrumentation, name)).parameters][1:]
            told = {**dict(zip(parameters, positional, strict=False)), **named}
            if "traces" in told:
                traces = told["traces"]
                assert isinstance(traces, Iterable)
                told["traces"] = list(traces)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # of anything
            self.calls.append((name, told))
            return {}

        return keep


@pytest.mark.parametrize("call", CALLS)
def test_each_of_them_hears_every_call(call: str) -> None:
    """With the same facts, also where these can be read only once."""
    first, second = Recorder(), Recorder()
    parameters = [*inspect.signature(getattr(Instrumentation, call)).parameters][1:]
    facts: dict[str, object] = {name: f"the {name}" for name in parameters}
    expected = dict(facts)
    if "traces" in facts:
        facts["traces"], expected["traces"] = iter(["one", "two"]), ["one", "two"]

    getattr(Instrumentations(first, second), call)(**facts)

    assert first.calls == second.calls == [(call, expected)]


def test_what_they_add_to_metadata_is_joined() -> None:
    """The later one wins."""

    class Adding(NullInstrumentation):
        def __init__(self, **added: JSONValue) -> None:
            self._added = added

        @override
        def appending(self) -> Mapping[str, JSONValue]:
            return self._added

    both = Instrumentations(Adding(a=1, b=1), Adding(b=2, c=2))

    assert both.appending() == {"a": 1, "b": 2, "c": 2}


def test_traces_that_nobody_asks_for_are_not_read() -> None:
    """Reading them costs a look into the metadata of every event."""

    def refuse() -> Iterable[str]:
        pytest.fail("somebody has read them")
        yield ""

    both = Instrumentations(NullInstrumentation(), NullInstrumentation())

    both.projected("notes", events=1, seconds=0.1, traces=refuse())
