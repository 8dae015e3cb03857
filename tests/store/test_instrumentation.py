"""What a store tells its instrumentation about appends."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs
import pytest
from typing_extensions import override

from eventdocs.backends import open_store
from eventdocs.errors import EventdocsError, EventIdConflictError, WrongExpectedVersionError
from eventdocs.observability import NullInstrumentation, correlate
from eventdocs.store import NewEvent, event
from eventdocs.types import JSONValue


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


async def test_an_append_in_the_hosts_transaction_is_entrusted_to_it(database_url: str) -> None:
    """It is not counted as recorded: the host may still roll it back."""
    told = Recorder()
    async with open_store(database_url, events=[Valued], instrumentation=told) as store:

        async def give_up() -> None:
            async with store.begin() as tx:
                await store.using(tx).append("a-1", [Valued(1)])
                raise LookupError

        with pytest.raises(LookupError):
            await give_up()
        read = [each async for each in store.read_all()]

    assert told.appends == [(("Valued",), "entrusted")]
    assert read == []


class Pool(NullInstrumentation):
    """Keeps how connections are used."""

    def __init__(self) -> None:
        self.seen: list[tuple[int, int, int | None, int]] = []
        self.somebody_waits = asyncio.Event()

    @override
    def pooled(self, *, in_use: int, open: int, limit: int | None, waiting: int) -> None:
        self.seen.append((in_use, open, limit, waiting))
        if in_use == limit and waiting == 1:
            self.somebody_waits.set()


async def test_a_pool_tells_who_waits_for_a_connection(postgres_url: str) -> None:
    """An exhausted pool is seen while it is exhausted, and not only afterwards."""
    told = Pool()
    async with open_store(
        postgres_url, events=[Valued], instrumentation=told, pool_min_size=1, pool_max_size=2
    ) as store:
        release = asyncio.Event()

        async def hold() -> None:
            async with store.begin():
                await release.wait()

        async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(hold())
            await told.somebody_waits.wait()
            at_worst = told.seen[-1]  # the third, while two hold what there is
            release.set()

    assert at_worst == (2, 2, 2, 1)
    assert told.seen[-1][0] == told.seen[-1][3] == 0


async def test_what_the_instrumentation_adds_is_in_the_metadata() -> None:
    """The events' own metadata stay, and those of the context give way."""

    class Tracing(NullInstrumentation):
        @override
        def appending(self) -> Mapping[str, JSONValue]:
            return {"traceparent": "told", "kept": "told"}

    async with open_store(
        "sqlite:///:memory:", events=[Valued], instrumentation=Tracing()
    ) as store:
        with correlate(metadata={"traceparent": "inbound", "tenant": "a"}):
            await store.append("a-1", [NewEvent(data=Valued(1), metadata={"kept": "own"})])
        (recorded,) = [each async for each in store.read_all()]

    assert recorded.metadata == {"traceparent": "told", "tenant": "a", "kept": "own"}
