"""Released schemas: each of them, as it was made then, with what it held, comes to the latest.

The files in `released` are never changed. A new version gets files of its own: what
`eventdocs migrate sql` writes for its step, and rows in whatever is new in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sqlite3
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import attrs
import pytest

from eventdocs import Expect, event, open_store
from eventdocs.errors import StoreBusyError
from eventdocs.migrations import LATEST, current, drift, plan, upgrade, verify
from tests.backends.postgres_hosts import Connection, sql

RELEASED = Path(__file__).parent / "released"
CHECKSUMS = {
    "postgresql_0001.sql": "2c1912ef2794097a",
    "postgresql_0002.sql": "1b9fb8bb88114f30",
    "postgresql_0003.sql": "3b3ea7a3d793f3e8",
    "postgresql_0004.sql": "dba2ae793ce2e25f",
    "postgresql_0005.sql": "deb44484362b92ce",
    "postgresql_0006.sql": "42212ab056b1fd9b",
    "sqlite_0001.sql": "d057970b41ad5e4b",
    "sqlite_0002.sql": "f6b8165ee3667c03",
    "sqlite_0003.sql": "fdd773ff233389a4",
    "sqlite_0004.sql": "1b8d51ab743dcec9",
    "sqlite_0005.sql": "10282bd757463828",
    "sqlite_0006.sql": "745e6704058f513c",
}

APPEND = """
SELECT outcome, sequences FROM eventdocs_append(
    ARRAY[$1], ARRAY[1], ARRAY[-1]::bigint[], ARRAY[1], ARRAY[1], ARRAY[$2]::uuid[],
    ARRAY['Filled'], ARRAY[1], ARRAY['{"what":"more"}'], ARRAY['\\x00'::bytea], ARRAY['{}'],
    ARRAY[NULL]::text[], ARRAY[NULL]::uuid[], false, 2000
)
"""


@event("Filled")
@attrs.frozen
class Filled:
    what: str


async def _make(url: str, version: int) -> None:
    dialect = url.partition(":")[0]
    scripts = [
        (RELEASED / f"{dialect}_{number:04}.sql").read_text("utf-8")
        for number in range(1, version + 1)
    ]
    if dialect == "postgresql":
        async with sql(url) as connection:
            for script in scripts:
                await connection.execute(script)
        return
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        for script in scripts:
            connection.executescript(script)


async def _rows(url: str, statement: str) -> list[tuple[Any, ...]]:
    if url.startswith("postgresql"):
        async with sql(url) as connection:
            return [tuple(row) for row in await connection.fetch(statement)]
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        return connection.execute(statement).fetchall()


def test_what_was_released_has_not_changed() -> None:
    """Neither the files here, which say what was, nor a version without one."""
    found = {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest()[:16]
        for file in sorted(RELEASED.glob("*.sql"))
    }

    assert found == CHECKSUMS
    assert len(found) == 2 * LATEST


@pytest.mark.parametrize("version", range(1, LATEST + 1))
async def test_each_comes_to_the_latest_with_all_that_it_holds(
    empty_url: str, version: int
) -> None:
    """Its ledger is believed, its tables become those that are declared, its rows stay."""
    await _make(empty_url, version)
    assert await current(empty_url) == version
    assert [step.version for step in await plan(empty_url)] == list(range(version + 1, LATEST + 1))

    await upgrade(empty_url)

    await verify(empty_url)
    async with open_store(empty_url, events=[Filled], migrate=False) as store:
        assert [(each.sequence, each.id, each.data) async for each in store.read_all()] == [
            (1, UUID(int=1), Filled("tea")),
            (2, UUID(int=2), Filled("salt")),
        ]
        appended = await store.append("box-1", [Filled("sugar")], expected=2)
        assert appended.sequence == 3
    letters = await _rows(
        empty_url, "SELECT sequence, ordering_key, state FROM eventdocs_dead_letters ORDER BY 1"
    )
    # Since version 6, what was applied is told from what was resolved by hand.
    applied = "applied" if version < 6 else letters[0][2]
    assert letters == [(1, "box-1", applied), (2, "box-1", "failed")]
    contents = await _rows(empty_url, "SELECT digest, size FROM eventdocs_contents")
    assert contents == [("d1", 3)]
    token = await _rows(empty_url, "SELECT token FROM eventdocs_projections")
    assert token == [(7 if version >= 5 else 0,)]


@pytest.mark.once
@pytest.mark.parametrize("concurrently", [False, True])
@pytest.mark.parametrize("version", range(1, LATEST))
async def test_each_is_upgraded_under_load(
    empty_postgres_url: str, version: int, concurrently: bool
) -> None:
    """Processes of that release go on appending; none fails, and nothing is lost."""
    await _make(empty_postgres_url, version)
    acknowledged: dict[UUID, int] = {}
    is_warm, is_done = asyncio.Event(), asyncio.Event()

    async def append_until_done(stream: str) -> None:
        async with sql(empty_postgres_url) as connection:
            more = 5
            while more:
                id_ = uuid4()
                outcome, places = await _insistently(connection, stream, id_)
                assert outcome in {"recorded", "repeated"}
                acknowledged[id_] = places[0]
                if len(acknowledged) >= 20:
                    is_warm.set()
                more -= is_done.is_set()

    async with asyncio.TaskGroup() as writers:
        for number in range(4):
            writers.create_task(append_until_done(f"load-{number}"))
        await is_warm.wait()
        before = len(acknowledged)
        while await current(empty_postgres_url) < LATEST:
            with contextlib.suppress(StoreBusyError):
                await upgrade(empty_postgres_url, concurrently=concurrently, lock_timeout=1.0)
        is_done.set()

    assert len(acknowledged) >= before + 20
    assert await drift(empty_postgres_url) == []
    async with open_store(empty_postgres_url, events=[Filled], migrate=False) as store:
        stored = {each.id: each.sequence async for each in store.read_all()}
        await store.append("after-1", [Filled("it")], expected=Expect.NO_STREAM)
    assert {id_: stored.get(id_) for id_ in acknowledged} == acknowledged
    assert len(stored) == len(acknowledged) + 2


async def _insistently(connection: Connection, stream: str, id_: UUID) -> Any:
    """Repeat what another transaction was in the way of, as every application has to."""
    for _ in range(10):
        try:
            return await connection.fetchrow(APPEND, stream, id_)
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            continue
    raise AssertionError("an append failed ten times")
