"""`python -m benchmarks.partitions`: what partitions gain beside one projection that is not divided.

All are measured on PostgreSQL in interleaved rounds. A gain is the time without partitions
to the time with them: 1 is none, N the most that N partitions can give. Handlers that wait
are caught up in one process; those that compute, in as many processes as there are partitions.
What two processes gain that only compute, without a database, is measured beside them: that is
all that the machine has to give at that time.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import sys
import time
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from typing import Final
from uuid import uuid4

import attrs
from sqlalchemy import Column, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.eventdocs_subject import Measured
from benchmarks.subject import TEXT
from eventdocs import EventStore, ProjectionRunner, Projector, RecordedEvent, handles, open_store
from eventdocs.testing import PostgresServer, postgres_server

STREAMS: Final = 64
WAIT: Final = 0.02
_SPINS: Final = 200_000

_numbers: Final = itertools.count(1)


def projector(title: str, *, count: int, waits: bool) -> Projector:
    """Make a projector of that name whose handlers wait, or compute.

    Args:
        title: Name of the projection and its table.
        count: Into how many partitions it is divided.
        waits: Each event waits for `WAIT` seconds, as for an answer from elsewhere.
    """
    table = Table(
        title, MetaData(), Column("stream", Text, primary_key=True), Column("events", Integer)
    )

    class Working(Projector):
        name = title
        version = 1
        partitions = count
        tables = (table,)

        @handles(Measured)
        async def work(self, event: RecordedEvent[Measured], tx: AsyncConnection) -> None:
            if waits:
                await asyncio.sleep(WAIT)
            else:
                _compute()
            await tx.execute(
                upsert(table)
                .values(stream=event.stream, events=1)
                .on_conflict_do_update(
                    index_elements=[table.c.stream], set_={"events": table.c.events + 1}
                )
            )

    return Working()


def _compute() -> int:
    total = 0
    for number in range(_SPINS):
        total ^= number * number
    return total


async def _caught_up(url: str, name: str, *, partitions: int, waits: bool) -> float:
    """Catch up in this process; tell how many seconds that took."""
    own = projector(name, count=partitions, waits=waits)
    async with (
        open_store(url, events=[Measured]) as store,
        ProjectionRunner(store, [own], batch_size=50) as runner,
    ):
        started = time.perf_counter()
        await runner.catch_up()
        return time.perf_counter() - started


async def _shared(url: str, name: str, *, processes: int, events: int) -> float:
    """Let so many processes share as many partitions; tell how long they take for new events."""
    own = projector(name, count=processes, waits=False)
    command = [sys.executable, "-m", "benchmarks.partitions", "--follow", url, name, str(processes)]
    async with (
        open_store(url, events=[Measured], migrate=True) as store,
        ProjectionRunner(store, [own]) as runner,
    ):
        followers = [await asyncio.create_subprocess_exec(*command) for _ in range(processes)]
        try:
            while len(await _leaders(runner)) < processes:  # noqa: ASYNC110 - the database rings no bell
                await asyncio.sleep(0.1)
            started = time.perf_counter()
            await _fill(store, events)
            while (await runner.status())[0].lag:  # noqa: ASYNC110 - the database rings no bell
                await asyncio.sleep(0.05)
            return time.perf_counter() - started
        finally:
            for each in followers:
                each.kill()
                await each.wait()


def _computed(processes: int, events: int) -> float:
    """Compute for so many events without anything else; tell how long it took."""
    with ProcessPoolExecutor(processes) as pool:
        list(pool.map(_compute_many, [1] * processes))  # so that all are at work
        started = time.perf_counter()
        list(pool.map(_compute_many, [events // processes] * processes))
        return time.perf_counter() - started


def _compute_many(events: int) -> None:
    for _ in range(events):
        _compute()


async def _leaders(runner: ProjectionRunner) -> set[str]:
    (status,) = await runner.status()
    stands = status.partitions or (status,)
    return {each.holder.owner for each in stands if each.holder is not None}


async def _follow(url: str, name: str, partitions: int) -> None:
    own = projector(name, count=partitions, waits=False)
    async with (
        open_store(url, events=[Measured]) as store,
        ProjectionRunner(store, [own], batch_size=50, lease_seconds=1.0) as runner,
    ):
        await runner.run()


async def _fill(store: EventStore, events: int) -> None:
    for stream in range(STREAMS):
        facts = [Measured(document_id=uuid4(), text=TEXT) for _ in range(events // STREAMS)]
        await store.append(f"document-{stream}", facts)


@attrs.frozen(kw_only=True)
class _Gain:
    name: str
    partitions: int
    before: float
    after: float

    def __str__(self) -> str:
        return (
            f"{self.name:<34} {self.partitions:>2} partitions: {self.before:6.2f} s -> "
            f"{self.after:6.2f} s, gain {self.before / self.after:5.2f}"
        )


async def _measure(server: PostgresServer, *, rounds: int, events: int) -> AsyncIterator[_Gain]:
    url = server.create_database("waiting")
    async with open_store(url, events=[Measured], migrate=True) as store:
        await _fill(store, events)
    for count in (4, 8):
        pairs = [
            (
                await _caught_up(url, _name(), partitions=1, waits=True),
                await _caught_up(url, _name(), partitions=count, waits=True),
            )
            for _ in range(rounds)
        ]
        yield _gain("handlers that wait, 1 process", count, pairs)
    pairs = list[tuple[float, float]]()
    bare = list[tuple[float, float]]()
    for _ in range(rounds):
        taken: list[float] = []
        for processes in (1, 2):
            name = _name()
            url = server.create_database(name)
            taken.append(await _shared(url, name, processes=processes, events=events))
        pairs.append((taken[0], taken[1]))
        bare.append((_computed(1, events), _computed(2, events)))
    yield _gain("handlers that compute, 2 processes", 2, pairs)
    yield _gain("the same computing alone", 2, bare)


async def _print(server: PostgresServer, *, rounds: int, events: int) -> None:
    async for gain in _measure(server, rounds=rounds, events=events):
        print(gain, flush=True)


def _gain(name: str, partitions: int, pairs: list[tuple[float, float]]) -> _Gain:
    before, after = (statistics.median(each) for each in zip(*pairs, strict=True))
    return _Gain(name=name, partitions=partitions, before=before, after=after)


def _name() -> str:
    return f"working_{next(_numbers)}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=320)
    parser.add_argument("--follow", nargs=3, metavar=("URL", "NAME", "PARTITIONS"))
    options = parser.parse_args()
    if options.follow:
        url, name, partitions = options.follow
        asyncio.run(_follow(url, name, int(partitions)))
        return
    with postgres_server(own=True) as server:
        asyncio.run(_print(server, rounds=options.rounds, events=options.events))


if __name__ == "__main__":
    main()
