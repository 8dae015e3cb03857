"""`python -m benchmarks.projections`: what projecting costs beside loops written by hand.

All are measured on PostgreSQL in interleaved rounds. A ratio is the hand-written loop's time
to ours: 1 is as fast. The hand-written loops keep a checkpoint in the transaction of the
effects, as ours do; they know neither leases, nor dead letters, nor gaps in the log.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import itertools
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Final
from uuid import UUID, uuid4

import asyncpg
import orjson
from sqlalchemy import Column, Integer, MetaData, Table, Uuid, insert, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from benchmarks.delivery import raw_loop
from benchmarks.eventdocs_subject import Measured
from benchmarks.subject import TEXT
from eventdocs import EventStore, ProjectionRunner, Projector, RecordedEvent, handles, open_store
from eventdocs.testing import postgres_server

PAGE: Final = 500
DOCUMENTS: Final = 1_000
PER_STREAM: Final = 100

_numbers: Final = itertools.count(1)

Work = Callable[[], Awaitable[None]]


def _counters() -> Table:
    return Table(
        f"counters_{next(_numbers)}",
        MetaData(),
        Column("document_id", Uuid, primary_key=True),
        Column("events", Integer, nullable=False),
    )


def _in_batches(table: Table) -> Projector:
    class Counters(Projector):
        name = table.name
        version = 1
        tables = (table,)

        @handles(Measured, batch=True)
        async def count(
            self, events: Sequence[RecordedEvent[Measured]], tx: AsyncConnection
        ) -> None:
            counts = Counter(each.data.document_id for each in events)
            add = upsert(table)
            await tx.execute(
                add.on_conflict_do_update(
                    index_elements=[table.c.document_id],
                    set_={"events": table.c.events + add.excluded.events},
                ),
                [{"document_id": key, "events": count} for key, count in counts.items()],
            )

    return Counters()


def _one_by_one(table: Table) -> Projector:
    class Counters(Projector):
        name = table.name
        version = 1
        tables = (table,)

        @handles(Measured)
        async def count(self, event: RecordedEvent[Measured], tx: AsyncConnection) -> None:
            await _count_one(tx, table, event.data.document_id)

    return Counters()


async def _count_one(tx: AsyncConnection, table: Table, document_id: UUID) -> None:
    add = upsert(table).values(document_id=document_id, events=1)
    await tx.execute(
        add.on_conflict_do_update(
            index_elements=[table.c.document_id], set_={"events": table.c.events + 1}
        )
    )


def _ours(store: EventStore, make: Callable[[Table], Projector]) -> Work:
    async def work() -> None:
        async with ProjectionRunner(store, [make(_counters())], batch_size=PAGE) as runner:
            await runner.catch_up()

    return work


def _asyncpg_floor(url: str) -> Work:
    async def work() -> None:
        name = f"floor_{next(_numbers)}"
        connection = await asyncpg.connect(url)
        await connection.execute(
            f"CREATE TABLE {name} (document_id uuid PRIMARY KEY, events integer NOT NULL);"
            f"CREATE TABLE {name}_at (at bigint NOT NULL); INSERT INTO {name}_at VALUES (0)"
        )
        last = 0
        while True:
            rows = await connection.fetch(
                "SELECT sequence, data::text FROM eventdocs_events WHERE sequence > $1 "
                f"ORDER BY sequence LIMIT {PAGE}",
                last,
            )
            if not rows:
                break
            last = rows[-1][0]
            counts = Counter(UUID(orjson.loads(data)["document_id"]) for _, data in rows)
            async with connection.transaction():
                await connection.execute(
                    f"INSERT INTO {name} AS t SELECT * FROM unnest($1::uuid[], $2::integer[]) "
                    "ON CONFLICT (document_id) DO UPDATE SET events = t.events + excluded.events",
                    [*counts.keys()],
                    [*counts.values()],
                )
                await connection.execute(f"UPDATE {name}_at SET at = $1", last)
        await connection.close()

    return work


def _sqlalchemy_floor(url: str) -> Work:
    async def work() -> None:
        table = _counters()
        at = Table(f"{table.name}_at", table.metadata, Column("at", Integer, nullable=False))
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.begin() as tx:
            await tx.run_sync(table.metadata.create_all)
            await tx.execute(insert(at).values(at=0))
        last = 0
        page = text(
            "SELECT sequence, CAST(data AS text) FROM eventdocs_events WHERE sequence > :last "
            f"ORDER BY sequence LIMIT {PAGE}"
        )
        while True:
            async with engine.begin() as tx:
                rows = (await tx.execute(page, {"last": last})).all()
                if not rows:
                    break
                for _, data in rows:
                    await _count_one(tx, table, UUID(orjson.loads(data)["document_id"]))
                last = rows[-1][0]
                await tx.execute(update(at).values(at=last))
        await engine.dispose()

    return work


async def _seconds(work: Work) -> float:
    gc.collect()
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


async def _compare(
    name: str, ours: Work, floor: Work, *, events: int, goal: float, rounds: int
) -> None:
    times: dict[Work, list[float]] = {ours: [], floor: []}
    for turn in range(rounds):
        for work in (ours, floor) if turn % 2 else (floor, ours):
            times[work].append(await _seconds(work))
    ratio = statistics.median(b / a for a, b in zip(times[ours], times[floor], strict=True))
    rates = [events / statistics.median(each) for each in times.values()]
    print(
        f"{name:34} {rates[0]:9,.0f} events/s, by hand {rates[1]:9,.0f}, "
        f"ratio {ratio:.2f} (goal {goal})",
        flush=True,
    )


async def _fill(store: EventStore, events: int) -> None:
    documents = [uuid4() for _ in range(min(DOCUMENTS, events // PER_STREAM))]
    for turn in range(events // PER_STREAM):
        document_id = documents[turn % len(documents)]
        await store.append(
            f"document-{document_id}",
            [Measured(document_id=document_id, text=TEXT) for _ in range(PER_STREAM)],
        )


async def _visible(store: EventStore, url: str, stack: AsyncExitStack, rounds: int) -> None:
    projector = _in_batches(_counters())
    runner = await stack.enter_async_context(ProjectionRunner(store, [projector]))
    await runner.catch_up()
    running = asyncio.create_task(runner.run())
    raw = await raw_loop(url, stack)

    async def ours() -> float:
        await asyncio.sleep(0.02)
        document_id = uuid4()
        appended = await store.append(
            f"document-{document_id}", [Measured(document_id=document_id, text=TEXT)]
        )
        committed = time.perf_counter()
        await runner.wait_for(appended, projector.name)
        return time.perf_counter() - committed

    taken: dict[str, list[float]] = {"eventdocs": [], "raw LISTEN loop": []}
    for turn in range(rounds + 10):
        for name, once in (("eventdocs", ours), ("raw LISTEN loop", raw)):
            seconds = await once()
            if turn >= 10:  # connections and plans
                taken[name].append(1000 * seconds)
    floor = statistics.median(taken["raw LISTEN loop"])
    for name, times in taken.items():
        percents = statistics.quantiles(times, n=100)
        print(
            f"append to visible: {name:15} p50 {percents[49]:6.2f} ms, p99 {percents[98]:6.2f} ms, "
            f"p50 {statistics.median(times) / floor:.2f} x the raw loop (goals: 2 x, p99 30 ms)"
        )
    runner.stop()
    await running


async def _main(events: int, many: int, rounds: int) -> None:
    async with AsyncExitStack() as stack:
        server = stack.enter_context(
            postgres_server(own=True, settings={"fsync": "on", "full_page_writes": "on"})
        )
        costs: list[float] = []
        for count in (10_000, events, many):
            url = server.create_database(f"projections_{count}")
            async with open_store(url, events=[Measured], migrate=True) as store:
                await _fill(store, count)
                work = _ours(store, _in_batches)
                taken = [await _seconds(work) for _ in range(3)]
                costs.append(1e6 * statistics.median(taken) / count)
                print(f"{count:9,} events: {costs[-1]:5.1f} µs each", flush=True)
                if count == events:
                    await _compare(
                        "batches, beside asyncpg",
                        work,
                        _asyncpg_floor(url),
                        events=count,
                        goal=0.4,
                        rounds=rounds,
                    )
                if count == 10_000:
                    await _compare(
                        "one by one, beside SQLAlchemy",
                        _ours(store, _one_by_one),
                        _sqlalchemy_floor(url),
                        events=count,
                        goal=0.8,
                        rounds=rounds,
                    )
                    async with AsyncExitStack() as live:
                        await _visible(store, url, live, rounds=60 * rounds)
        print(
            f"cost of an event in the longest log to one in the shortest: {costs[-1] / costs[0]:.2f}"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="benchmarks.projections", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--many", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    asyncio.run(_main(arguments.events, arguments.many, arguments.rounds))
