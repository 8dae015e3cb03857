"""`python -m benchmarks.reading`: what reading costs beside the bare driver over the same rows.

The floor fetches all that an event consists of from the log's own table, in the same pages,
and decodes the payload as JSON. On PostgreSQL there is a second one, the driver's cursor, which
is how a script would walk through a table. A ratio is the floor's time to ours: 1 is as fast.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import sqlite3
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Final

import asyncpg
import orjson

from benchmarks.eventdocs_subject import EventdocsSubject, Measured
from eventdocs import EventStore, open_store
from eventdocs.testing import postgres_server

STREAM: Final = 1_000
STREAMS: Final = 10
TARGET: Final = 0.6

_EVENT: Final = (
    "SELECT sequence, stream, version, id, type, schema_version, CAST(data AS text), "
    "CAST(metadata AS text), correlation_id, causation_id, recorded_at FROM eventdocs_events "
)
_DATA: Final = 6

Fetch = Callable[[str, Any], Awaitable[list[Any]]]
"""Runs a statement with one parameter, the driver's `?` or `$1`."""

Rows = Callable[..., AsyncIterator[Any]]
"""Runs a statement with its parameters and gives one row after another."""

Work = Callable[[], Awaitable[int]]
"""Reads and tells how many events."""


async def _pages(fetch: Fetch, mark: str) -> AsyncIterator[list[Any]]:
    last = 0
    statement = f"{_EVENT} WHERE sequence > {mark} ORDER BY sequence LIMIT {STREAM}"
    while page := await fetch(statement, last):
        last = page[-1][0]
        yield page


def _floors(fetch: Fetch, mark: str, streams: list[str]) -> tuple[Work, Work, Work]:
    async def scan() -> int:
        count = 0
        async for page in _pages(fetch, mark):
            for row in page:
                assert orjson.loads(row[_DATA])["text"]
                count += 1
        return count

    async def scan_raw() -> int:
        return sum([len(page) async for page in _pages(fetch, mark)])

    async def read_streams() -> int:
        count = 0
        for stream in streams:
            for row in await fetch(f"{_EVENT} WHERE stream = {mark} ORDER BY version", stream):
                assert orjson.loads(row[_DATA])["text"]
                count += 1
        return count

    return scan, scan_raw, read_streams


def _ours(store: EventStore, streams: list[str]) -> tuple[Work, Work, Work]:
    async def scan_raw() -> int:
        return sum([1 async for each in store.read_all() if each.sequence])

    async def read_streams() -> int:
        count = 0
        for stream in streams:
            async for recorded in store.read_stream(stream):
                assert recorded.data.text
                count += 1
        return count

    return EventdocsSubject(store).scan, scan_raw, read_streams


async def _compare(name: str, ours: Work, floor: Work, rounds: int) -> None:
    times: dict[Work, list[float]] = {ours: [], floor: []}
    count = 0
    for turn in range(rounds):
        for work in (ours, floor) if turn % 2 else (floor, ours):
            gc.collect()
            started = time.perf_counter()
            count = await work()
            times[work].append(time.perf_counter() - started)
    ratio = statistics.median(b / a for a, b in zip(times[ours], times[floor], strict=True))
    rates = [count / statistics.median(times[work]) for work in (ours, floor)]
    print(
        f"{name:44} {rates[0]:10,.0f} events/s, bare driver {rates[1]:10,.0f}, "
        f"ratio {ratio:.2f} (target {TARGET})",
        flush=True,
    )


async def _streams(store: EventStore) -> list[str]:
    some = [each async for each in store.read_all(limit=STREAM * STREAMS)]
    return list(dict.fromkeys(each.stream for each in some))


async def _measure(name: str, store: EventStore, fetch: Fetch, events: int, rounds: int) -> None:
    await EventdocsSubject(store).append_batches(events, size=STREAM)
    streams = await _streams(store)
    works = ("scan, decoded", "scan, places only", f"streams of {STREAM:,}, decoded")
    floors = _floors(fetch, "?" if name == "sqlite" else "$1", streams)
    for work, ours, floor in zip(works, _ours(store, streams), floors, strict=True):
        await _compare(f"{name}: {work}", ours, floor, rounds)
    tracemalloc.start()
    async for _ in store.read_all():
        pass
    print(f"{name}: memory of a scan {tracemalloc.get_traced_memory()[1] / 1e6:.1f} MB at most")
    tracemalloc.stop()


async def _compare_with_cursor(store: EventStore, rows: Rows, rounds: int) -> None:
    streams = await _streams(store)

    async def scan() -> int:
        return await _decode(rows(f"{_EVENT} ORDER BY sequence"))

    async def read_streams() -> int:
        statement = f"{_EVENT} WHERE stream = $1 ORDER BY version"
        return sum([await _decode(rows(statement, stream)) for stream in streams])

    ours, _, ours_of_streams = _ours(store, streams)
    await _compare("postgresql: scan, beside a cursor", ours, scan, rounds)
    await _compare("postgresql: streams, beside a cursor", ours_of_streams, read_streams, rounds)


async def _decode(rows: AsyncIterator[Any]) -> int:
    count = 0
    async for row in rows:
        assert orjson.loads(row[_DATA])["text"]
        count += 1
    return count


async def _main(events: int, rounds: int) -> None:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        path = folder / "log.db"
        store = await stack.enter_async_context(open_store(f"sqlite:///{path}", events=[Measured]))
        connection = stack.enter_context(contextlib.closing(sqlite3.connect(path)))

        async def fetch(statement: str, value: Any) -> list[Any]:
            return connection.execute(statement, (value,)).fetchall()

        await _measure("sqlite", store, fetch, events, rounds)
        url = stack.enter_context(postgres_server(own=True)).create_database("reading")
        store = await stack.enter_async_context(open_store(url, events=[Measured], migrate=True))
        driver = await asyncpg.connect(url)
        stack.push_async_callback(driver.close)
        await _measure("postgresql", store, driver.fetch, events, rounds)

        async def rows(statement: str, *values: Any) -> AsyncIterator[Any]:
            async with driver.transaction():
                async for row in driver.cursor(statement, *values):
                    yield row

        await _compare_with_cursor(store, rows, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="benchmarks.reading", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="in the log; thousands")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    asyncio.run(_main(arguments.events, arguments.rounds))
