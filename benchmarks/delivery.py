"""`python -m benchmarks.delivery`: how long an event takes from its append to a follower.

The floor is a raw LISTEN loop on PostgreSQL: INSERT, NOTIFY, and a SELECT of the row by
whoever was notified. All are measured in turns, between two processes' worth of pools.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final
from uuid import uuid4

import asyncpg

from benchmarks.eventdocs_subject import Measured
from benchmarks.subject import TEXT
from eventdocs import EventStore, open_store
from eventdocs.testing import postgres_server

FLOOR: Final = "postgresql: raw LISTEN loop"
IDLE: Final = 0.02
"""Seconds between two appends."""

Once = Callable[[], Awaitable[float]]
"""Delivers one event and tells how many seconds that took after its commit."""


async def _following(writer: EventStore, reader: EventStore, stack: AsyncExitStack) -> Once:
    category = uuid4().hex
    events = await stack.enter_async_context(reader.subscribe(category=category))

    async def once() -> float:
        waiting = asyncio.ensure_future(_arrival(anext(events)))
        await asyncio.sleep(IDLE)
        document_id = uuid4()
        await writer.append(
            f"{category}-{document_id}", [Measured(document_id=document_id, text=TEXT)]
        )
        committed = time.perf_counter()
        return max(0.0, await waiting - committed)

    return once


async def raw_loop(url: str, stack: AsyncExitStack) -> Once:
    """Deliver by INSERT, NOTIFY and SELECT, and nothing else."""
    writer, listener = await asyncpg.connect(url), await asyncpg.connect(url)
    stack.push_async_callback(writer.close)
    stack.push_async_callback(listener.close)
    await writer.execute("CREATE TABLE floor_feed (id bigserial PRIMARY KEY, payload text)")
    notified = asyncio.Event()

    def hear(*_: object) -> None:
        notified.set()

    await listener.add_listener("floor_feed", hear)
    last = 0

    async def receive() -> None:
        nonlocal last
        await notified.wait()
        rows = await listener.fetch("SELECT id, payload FROM floor_feed WHERE id > $1", last)
        last = rows[-1]["id"]

    async def once() -> float:
        notified.clear()
        waiting = asyncio.ensure_future(_arrival(receive()))
        await asyncio.sleep(IDLE)
        await writer.execute("INSERT INTO floor_feed (payload) VALUES ($1)", TEXT)
        committed = time.perf_counter()
        await writer.execute("NOTIFY floor_feed")
        return max(0.0, await waiting - committed)

    return once


async def _arrival(coming: Awaitable[object]) -> float:
    await coming
    return time.perf_counter()


async def _measure(works: dict[str, Once], rounds: int) -> None:
    taken: dict[str, list[float]] = {name: [] for name in works}
    for once in works.values():  # connections and plans
        for _ in range(10):
            await once()
    for _ in range(rounds):
        for name, once in works.items():
            taken[name].append(1000 * await once())
    floor = statistics.median(taken[FLOOR])
    for name, times in taken.items():
        percents = statistics.quantiles(times, n=100)
        p50, p95, p99 = (f"p{each} {percents[each - 1]:6.2f} ms" for each in (50, 95, 99))
        ratio = statistics.median(times) / floor
        print(f"{name:32} {p50}   {p95}   {p99}   {ratio:5.2f}x the floor", flush=True)


async def _main(rounds: int) -> None:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(
            postgres_server(own=True, settings={"fsync": "on", "full_page_writes": "on"})
        )
        url = server.create_database("delivery")
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        works: dict[str, Once] = {FLOOR: await raw_loop(url, stack)}
        for name, address in (("postgresql", url), ("sqlite", f"sqlite:///{folder}/log.db")):
            writer, reader = [
                await stack.enter_async_context(
                    open_store(address, events=[Measured], migrate=True)
                )
                for _ in range(2)
            ]
            works[f"{name}: another process"] = await _following(writer, reader, stack)
            works[f"{name}: the same store"] = await _following(writer, writer, stack)
        await _measure(works, rounds)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="benchmarks.delivery", description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    asyncio.run(_main(parser.parse_args().rounds))
