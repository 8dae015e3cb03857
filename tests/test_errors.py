"""The error tree: drawn truly, and every error can travel and speak."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import attrs
import pytest

from eventdocs import errors
from eventdocs.errors import EventdocsError

_EXAMPLES: Mapping[str, tuple[Any, str]] = {
    "int": (73, "73"),
    "int | None": (74, "74"),
    "float": (2.5, "2.5"),
    "str": ("some text", "some text"),
    "UUID": (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    "ExpectedVersion": (37, "37"),
    "datetime": (datetime(2026, 3, 4, tzinfo=UTC), "2026-03-04T00:00:00+00:00"),
    "Sequence[str]": (("one", "two"), "one"),
}
"""For each type of fact, a value and how it must show up in the message."""

_TREE = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, EventdocsError)
]
_RAISED = [cls for cls in _TREE if attrs.has(cls) or "__str__" in vars(cls)]
"""Those that are raised themselves; the others are there to be caught."""


def _facts(cls: type[EventdocsError], *, required: bool = False) -> list[tuple[str, str]]:
    fields = attrs.fields(cls) if attrs.has(cls) else ()
    return [
        (fact.name, str(fact.type))
        for fact in fields
        if not required or fact.default is attrs.NOTHING
    ]


def _example_of(cls: type[EventdocsError], *, required: bool = False) -> EventdocsError:
    return cls(*(_EXAMPLES[kind][0] for _, kind in _facts(cls, required=required)))


def _path_of(cls: type) -> tuple[str, ...]:
    above = () if cls is EventdocsError else _path_of(cls.__bases__[0])
    return (*above, cls.__name__)


def _drawn_paths() -> Iterator[tuple[str, ...]]:
    assert errors.__doc__ is not None
    drawing = errors.__doc__.partition("```text\n")[2].partition("\n```")[0]
    path: list[str] = []
    for line in drawing.splitlines():
        name = line.split()[-1]
        path[line.index(name) // 4 :] = [name]
        yield tuple(path)


def test_the_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    """What users read about catching errors is what the interpreter does."""
    assert sorted(_drawn_paths()) == sorted(map(_path_of, _TREE))


def test_every_error_is_public() -> None:
    """Whatever can be raised can be named in an `except` clause."""
    assert errors.__all__ == sorted(cls.__name__ for cls in _TREE)


@pytest.mark.parametrize("cls", _RAISED, ids=lambda cls: cls.__name__)
class TestEveryError:
    def test_survives_pickling_with_its_facts(self, cls: type[EventdocsError]) -> None:
        """Errors cross process borders, from workers to their owners."""
        error = _example_of(cls)

        copy = pickle.loads(pickle.dumps(error))

        assert type(copy) is cls
        assert str(copy) == str(error)
        for name, _ in _facts(cls):
            assert getattr(copy, name) == getattr(error, name)

    def test_tells_every_fact_in_its_message(self, cls: type[EventdocsError]) -> None:
        """A person who sees only the message knows all that the error knows."""
        message = str(_example_of(cls, required=True))

        assert message
        for name, kind in _facts(cls, required=True):
            assert _EXAMPLES[kind][1] in message, name
