"""`python -m benchmarks`: measure, and print a table."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.eventdocs_subject import EventdocsSubject, Measured
from benchmarks.measurement import Result, Work, compare, table
from benchmarks.postgres_floor import PostgresFloor
from benchmarks.sqlite_floor import SqliteFloor
from benchmarks.subject import Subject
from eventdocs import open_store
from eventdocs.testing import postgres_server

WRITERS = 32
CROWD = 128
BATCH = 100
DATABASES = ("sqlite", "postgresql")


def _works(scale: int) -> dict[str, Work]:
    one_by_one, batched = 10 * scale, BATCH * scale
    concurrent, crowded = WRITERS * scale, CROWD * scale

    async def append_sequentially(subject: Subject) -> int:
        await subject.append_sequentially(one_by_one)
        return one_by_one

    async def append_concurrently(subject: Subject) -> int:
        await subject.append_concurrently(concurrent, writers=WRITERS)
        return concurrent

    async def append_in_a_crowd(subject: Subject) -> int:
        await subject.append_concurrently(crowded, writers=CROWD)
        return crowded

    async def append_batches(subject: Subject) -> int:
        await subject.append_batches(batched, size=BATCH)
        return batched

    return {
        "append one by one": append_sequentially,
        f"append by {WRITERS} tasks": append_concurrently,
        f"append by {CROWD} tasks": append_in_a_crowd,
        f"append in batches of {BATCH}": append_batches,
        "scan the log, decoded": lambda subject: subject.scan(),
        "projection catches up": lambda subject: subject.project(),
    }


@asynccontextmanager
async def _on_sqlite() -> AsyncGenerator[tuple[Subject, Subject]]:
    with tempfile.TemporaryDirectory() as folder:
        floor = SqliteFloor(Path(folder, "floor.db"))
        async with open_store(f"sqlite:///{folder}/log.db", events=[Measured]) as store:
            yield EventdocsSubject(store), floor
        floor.close()


@asynccontextmanager
async def _on_postgresql() -> AsyncGenerator[tuple[Subject, Subject]]:
    # Durable, as in production: the tests' server is not.
    with postgres_server(own=True, settings={"fsync": "on", "full_page_writes": "on"}) as server:
        url = server.create_database("benchmarks")
        floor = await PostgresFloor.open(url)
        async with open_store(url, events=[Measured], migrate=True) as store:
            yield EventdocsSubject(store), floor
        await floor.close()


async def _measure(databases: list[str], scale: int, rounds: int) -> list[Result]:
    results: list[Result] = []
    for database in databases:
        async with (_on_sqlite if database == "sqlite" else _on_postgresql)() as (subject, floor):
            for name, work in _works(scale).items():
                result = await compare(
                    f"{database}: {name}", work, subject=subject, floor=floor, rounds=rounds
                )
                results.append(result)
                print(table([result]).splitlines()[-1], flush=True)
    return results


def _main() -> None:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("--database", choices=DATABASES, action="append", help="default: both")
    parser.add_argument("--scale", type=int, default=50, help="amount of work in a round")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    results = asyncio.run(
        _measure(arguments.database or [*DATABASES], arguments.scale, arguments.rounds)
    )
    print(f"\nMedians of {arguments.rounds} interleaved rounds.\n\n{table(results)}")


if __name__ == "__main__":
    _main()
