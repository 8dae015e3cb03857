"""`python -m benchmarks.growth`: whether an append costs more when the log has grown.

Two logs of one database, a small one and a large one, are appended to in turns. A ratio is
the large one's time to the small one's: 1 is as fast.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from benchmarks.eventdocs_subject import EventdocsSubject, Measured
from benchmarks.measurement import Work, compare
from benchmarks.subject import Subject
from eventdocs import EventStore, open_store
from eventdocs.testing import postgres_server

SMALL: Final = 10_000
TARGET: Final = 1.2
_TASKS: Final = 4
_SINGLE: Final = 300
_BATCHES: Final = 20
_BATCH: Final = 100


@asynccontextmanager
async def _logs(database: str) -> AsyncGenerator[tuple[EventStore, EventStore]]:
    if database == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            small, large = (f"sqlite:///{folder}/{name}.db" for name in ("small", "large"))
            async with (
                open_store(small, events=[Measured]) as first,
                open_store(large, events=[Measured]) as second,
            ):
                yield first, second
        return
    # Durable, as in production, and with the memory that such a log would be given.
    settings = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "1GB"}
    with postgres_server(own=True, settings=settings) as server:
        small, large = (server.create_database(name) for name in ("small", "large"))
        async with (
            open_store(small, events=[Measured], migrate=True) as first,
            open_store(large, events=[Measured], migrate=True) as second,
        ):
            yield first, second


async def _fill(store: EventStore, events: int) -> None:
    """Append in batches, each to a stream of its own, from a few tasks."""
    subject = EventdocsSubject(store)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(_TASKS):
            tasks.create_task(subject.append_batches(events // _TASKS, size=_BATCH))


async def _one_by_one(subject: Subject) -> int:
    await subject.append_sequentially(_SINGLE)
    return _SINGLE


async def _in_batches(subject: Subject) -> int:
    await subject.append_batches(_BATCHES * _BATCH, size=_BATCH)
    return _BATCHES * _BATCH


async def _measure(database: str, events: int, rounds: int) -> None:
    works: dict[str, Work] = {"one by one": _one_by_one, f"batches of {_BATCH}": _in_batches}
    async with _logs(database) as (small, large):
        await _fill(small, SMALL)
        await _fill(large, events)
        for name, work in works.items():
            result = await compare(
                name,
                work,
                subject=EventdocsSubject(large),
                floor=EventdocsSubject(small),
                rounds=rounds,
            )
            print(
                f"{database}: {name:16} at {await large.head():,} events: "
                f"{result.ratio:.2f} of the time at {SMALL:,} (target {TARGET})",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="benchmarks.growth", description=__doc__)
    parser.add_argument("--events", type=int, default=300_000, help="in the large log")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append")
    given = parser.parse_args()
    for each in given.database or ("sqlite", "postgresql"):
        asyncio.run(_measure(each, given.events, given.rounds))
