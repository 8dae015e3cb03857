"""What a store tells its instrumentation about appends."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import attrs
import pytest
from typing_extensions import override

from eventdocs.backends import open_store
from eventdocs.errors import EventdocsError, EventIdConflictError, WrongExpectedVersionError
from eventdocs.observability import NullInstrumentation
from eventdocs.store import NewEvent, event


@event("Valued")
@attrs.frozen
class Valued:
    value: Any


class Recorder(NullInstrumentation):
    def __init__(self) -> None:
        self.appends: list[tuple[tuple[str, ...], str]] = []
        self.flushes: list[tuple[int, int]] = []
        self.reads: list[int] = []

    @override
    def appended(self, types: Sequence[str], *, outcome: str, seconds: float) -> None:
        assert seconds > 0
        self.appends.append((tuple(types), outcome))

    @override
    def flushed(self, *, appends: int, events: int, seconds: float) -> None:
        assert seconds > 0
        self.flushes.append((appends, events))

    @override
    def read(self, *, events: int, seconds: float) -> None:
        assert seconds > 0
        self.reads.append(events)


async def test_every_append_is_counted_by_its_outcome() -> None:
    """Each append is told once, after its outcome is known."""
    told = Recorder()
    known = NewEvent(data=Valued(1))
    async with open_store("sqlite:///:memory:", events=[Valued], instrumentation=told) as store:
        await store.append("a-1", [known, Valued(2)])
        await store.append("a-1", [known])
        with pytest.raises(WrongExpectedVersionError):
            await store.append("a-1", [Valued(3)], expected=0)
        with pytest.raises(EventIdConflictError):
            await store.append("a-2", [known])
        for stream, value in (("a-1", math.nan), ("", 1)):
            with pytest.raises(EventdocsError):
                await store.append(stream, [Valued(value)])
        with pytest.raises(ValueError, match="at least one"):
            await store.append("a-1", [])
        read = [each async for each in store.read_all()]

    assert told.appends == [
        (("Valued", "Valued"), "recorded"),
        (("Valued",), "repeated"),
        (("Valued",), "refused"),
        (("Valued",), "refused"),
        ((), "invalid"),
        ((), "invalid"),
        ((), "failed"),
    ]
    assert told.flushes == [(1, 2), (1, 1), (1, 1), (1, 1)]
    assert told.reads == [len(read)] == [2]
