"""`python -m benchmarks.archives`: what it costs to move a log, and what appending it would cost."""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from benchmarks.eventdocs_subject import EventdocsSubject, Measured
from eventdocs import EventStore, open_store
from eventdocs.archive import export_log, import_log
from eventdocs.testing import PostgresServer, postgres_server

BATCH = 100

Lane = Callable[[EventStore], Awaitable[object]]
"""Fills an empty log with the measured number of events."""


@asynccontextmanager
async def _empty_log(url: str) -> AsyncGenerator[EventStore]:
    async with open_store(url, events=[Measured], migrate=True) as store:
        yield store


def _urls(database: str, folder: Path, server: PostgresServer) -> Iterator[str]:
    while True:
        name = f"log_{uuid4().hex[:12]}"
        yield (
            f"sqlite:///{folder / name}.db"
            if database == "sqlite"
            else server.create_database(name)
        )


async def _rate(lane: Lane, url: str, events: int) -> float:
    async with _empty_log(url) as store:
        started = time.perf_counter()
        await lane(store)
        return events / (time.perf_counter() - started)


async def _compare_lanes(
    database: str, archive: Path, events: int, rounds: int, urls: Iterator[str]
) -> None:
    few = max(events // 10, BATCH)
    lanes: dict[str, tuple[Lane, int]] = {
        "import": (lambda store: import_log(store, archive), events),
        f"append in batches of {BATCH}": (
            lambda store: EventdocsSubject(store).append_batches(events, size=BATCH),
            events,
        ),
        "append one by one": (
            lambda store: EventdocsSubject(store).append_sequentially(few),
            few,
        ),
    }
    rates: dict[str, list[float]] = {name: [] for name in lanes}
    for _ in range(rounds):
        for name, (lane, count) in lanes.items():
            rates[name].append(await _rate(lane, next(urls), count))
    for name, found in rates.items():
        ratios = [fast / slow for fast, slow in zip(rates["import"], found, strict=True)]
        print(
            f"{database}: {name:24} {statistics.median(found):10,.0f} events/s, "
            f"import is {statistics.median(ratios):.1f}x as fast"
        )


async def _measure_memory(url: str, folder: Path, events: int) -> None:
    async with _empty_log(url) as store:
        for part in (events // 10, events):
            await EventdocsSubject(store).append_batches(part - await store.head(), size=BATCH)
            tracemalloc.start()
            await export_log(store, folder / f"memory-{part}.jsonl")
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            print(f"export of {part:,} events: {peak / 1e6:.1f} MB at most")


async def _measure(events: int, rounds: int, memory: int) -> None:
    with (
        tempfile.TemporaryDirectory() as name,
        # Durable, as in production: the tests' server is not.
        postgres_server(own=True, settings={"fsync": "on", "full_page_writes": "on"}) as server,
    ):
        folder = Path(name)
        archive = folder / "log.jsonl"
        async with _empty_log(f"sqlite:///{folder}/source.db") as store:
            await EventdocsSubject(store).append_batches(events, size=BATCH)
            started = time.perf_counter()
            await export_log(store, archive)
            print(f"export: {events / (time.perf_counter() - started):,.0f} events/s")
        for database in ("sqlite", "postgresql"):
            urls = _urls(database, folder, server)
            await _compare_lanes(database, archive, events, rounds, urls)
        await _measure_memory(f"sqlite:///{folder}/memory.db", folder, memory)


def _main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks.archives", description=__doc__)
    parser.add_argument("--events", type=int, default=50_000, help="in a round; hundreds")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, default=200_000, help="events in the largest export")
    arguments = parser.parse_args()
    asyncio.run(_measure(arguments.events, arguments.rounds, arguments.memory))


if __name__ == "__main__":
    _main()
