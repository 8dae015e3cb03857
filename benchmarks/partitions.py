"""`python -m benchmarks.partitions`: what partitions gain beside one projection that is not divided.

All are measured on PostgreSQL in interleaved rounds. A gain is the time without partitions
to the time with them: 1 is none, N the most that N partitions can give. Handlers that wait
are caught up in one process; those that compute, in as many processes as there are partitions,
of which the machine's processors bound the gain.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import statistics
import sys
import time
from typing import Final
from uuid import uuid4

import attrs
from sqlalchemy import Column, Integer, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.eventdocs_subject import Measured
from benchmarks.subject import TEXT
from eventdocs import ProjectionRunner, Projector, RecordedEvent, handles, open_store
from eventdocs.testing import postgres_server

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


async def _shared(url: str, name: str, *, processes: int) -> float:
    """Let so many processes share as many partitions; tell how long they took once all were up."""
    own = projector(name, count=processes, waits=False)
    arguments = [
        sys.executable,
        "-m",
        "benchmarks.partitions",
        "--follow",
        url,
        name,
        str(processes),
    ]
    async with (
        open_store(url, events=[Measured]) as store,
        ProjectionRunner(store, [own]) as runner,
    ):
        head = await store.head()
        followers = [
            await asyncio.create_subprocess_exec(
                *arguments, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
            )
            for _ in range(processes)
        ]
        try:
            for each in followers:
                assert each.stdout is not None
                await each.stdout.readline()
            started = time.perf_counter()
            for each in followers:
                assert each.stdin is not None
                each.stdin.write(b"go\n")
            while (await runner.status())[0].sequence < head:  # noqa: ASYNC110 - the database rings no bell
                await asyncio.sleep(0.02)
            return time.perf_counter() - started
        finally:
            for each in followers:
                each.kill()
                await each.wait()


async def _follow(url: str, name: str, partitions: int) -> None:
    async with (
        open_store(url, events=[Measured]) as store,
        ProjectionRunner(
            store,
            [projector(name, count=partitions, waits=False)],
            batch_size=50,
            lease_seconds=1.0,
        ) as runner,
    ):
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        await runner.run()


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


async def _measure(url: str, *, rounds: int, events: int) -> list[_Gain]:
    async with open_store(url, events=[Measured], migrate=True) as store:
        for number in range(events):
            fact = Measured(document_id=uuid4(), text=TEXT)
            await store.append(f"document-{number % STREAMS}", [fact])
    gains: list[_Gain] = []
    for partitions in (4, 8):
        pairs = [
            (
                await _caught_up(url, _name(), partitions=1, waits=True),
                await _caught_up(url, _name(), partitions=partitions, waits=True),
            )
            for _ in range(rounds)
        ]
        gains.append(_gain("handlers that wait, 1 process", partitions, pairs))
    pairs = [
        (await _shared(url, _name(), processes=1), await _shared(url, _name(), processes=2))
        for _ in range(rounds)
    ]
    gains.append(_gain("handlers that compute, 2 processes", 2, pairs))
    return gains


def _gain(name: str, partitions: int, pairs: list[tuple[float, float]]) -> _Gain:
    before, after = (statistics.median(each) for each in zip(*pairs, strict=True))
    return _Gain(name=name, partitions=partitions, before=before, after=after)


def _name() -> str:
    return f"working_{next(_numbers)}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--follow", nargs=3, metavar=("URL", "NAME", "PARTITIONS"))
    options = parser.parse_args()
    if options.follow:
        url, name, partitions = options.follow
        asyncio.run(_follow(url, name, int(partitions)))
        return
    with postgres_server(own=True) as server:
        url = server.create_database("partitions")
        gains = asyncio.run(_measure(url, rounds=options.rounds, events=options.events))
    for each in gains:
        print(each)


if __name__ == "__main__":
    main()
