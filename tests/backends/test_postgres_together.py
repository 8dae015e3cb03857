"""Several streams at once on PostgreSQL: writers that cross wait, and never in a circle."""

from __future__ import annotations

import asyncio
import sys

import pytest

from eventdocs.errors import StoreBusyError
from eventdocs.store import StreamEvents
from tests.backends.crossing_process import STREAMS
from tests.backends.postgres_hosts import notes, opened, sql, texts

_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


def unit(*streams: str, text: str = "x") -> list[StreamEvents]:
    """Say the same in several streams."""
    return [StreamEvents(stream=stream, events=notes(text)) for stream in streams]


@pytest.mark.once
async def test_crossing_writers_of_several_processes_never_deadlock(postgres_url: str) -> None:
    """The same streams in random orders, alone and in host transactions: all come through."""
    processes, writers, turns = 3, 6, 30
    running = [
        await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "tests.backends.crossing_process", postgres_url),
            *map(str, (writers, turns, seed)),
        )
        for seed in range(processes)
    ]

    assert [await process.wait() for process in running] == [0] * processes

    async with opened(postgres_url) as store, sql(postgres_url) as administrator:
        counts = [await store.stream_version(stream) for stream in STREAMS]
        deadlocks = await administrator.fetchval(_DEADLOCKS)
    assert sum(counts) == processes * writers * turns * 3
    assert deadlocks == 0


async def test_a_host_that_appends_one_by_one_in_a_circle_is_told_to_repeat(
    postgres_url: str,
) -> None:
    """Two transactions that wait for each other: one goes on, the other is busy and can repeat."""
    async with opened(postgres_url) as store:

        async def transfer(here: str, there: str, arrived: asyncio.Barrier) -> None:
            async with store.begin() as tx:
                await store.using(tx).append(here, notes(f"{here} first"))
                await arrived.wait()
                await store.using(tx).append(there, notes(f"{here} first"))

        together = asyncio.Barrier(2)
        outcomes = await asyncio.gather(
            transfer("a", "b", together), transfer("b", "a", together), return_exceptions=True
        )
        alone = asyncio.Barrier(1)
        again = transfer("a", "b", alone) if outcomes[0] else transfer("b", "a", alone)
        await again

        recorded = await texts(store)
    assert [type(each) for each in outcomes if each is not None] == [StoreBusyError]
    assert sorted(recorded) == ["a first", "a first", "b first", "b first"]


async def test_a_unit_that_waits_for_one_stream_holds_up_no_other(postgres_url: str) -> None:
    """A host holds one of its streams: it waits, its neighbours go on, and then it is whole."""
    async with opened(postgres_url) as store, opened(postgres_url) as host:
        await store.append("held", notes("old"))
        async with host.begin() as tx:
            await host.using(tx).append("held", notes("holder"))
            waiting = asyncio.create_task(store.append_many(unit("own", "held", text="late")))
            free = await asyncio.gather(
                *(store.append_many(unit(f"a-{n}", f"b-{n}")) for n in range(5))
            )
            assert [each.version for pair in free for each in pair] == [1] * 10
            assert not waiting.done()
            assert await store.stream_version("own") == 0

        assert [each.version for each in await waiting] == [1, 3]
