"""Beside writers: who waits for whom, for how long, and what an interruption leaves."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from eventdocs.errors import ConfigurationError, StoreBusyError
from eventdocs.migrations import LATEST, current, downgrade, drift, upgrade
from tests.backends.postgres_hosts import sql
from tests.backends.test_postgres_pooler import pooler
from tests.backends.test_postgres_pooler import pytestmark as needs_pooler

INDEXED = 4
"""The step that makes indexes only."""

WRITES = (
    "INSERT INTO eventdocs_streams (stream, version) VALUES ('a', 0) "
    "ON CONFLICT (stream) DO UPDATE SET version = 0"
)
LOCK = "SELECT pg_try_advisory_lock(hashtextextended('eventdocs.migrations', 0))"


async def test_six_migrators_at_once_let_each_other_through(empty_postgres_url: str) -> None:
    """One works, although it builds indexes that wait for whatever holds a snapshot."""
    async with asyncio.timeout(60):
        taken = await asyncio.gather(
            *(upgrade(empty_postgres_url, concurrently=True) for _ in range(6))
        )

    assert sorted(len(steps) for steps in taken) == [0, 0, 0, 0, 0, LATEST]
    assert await drift(empty_postgres_url) == []


async def test_migrators_of_both_kinds_exclude_each_other(empty_postgres_url: str) -> None:
    """The lock of a session and that of a transaction are one."""
    async with asyncio.timeout(60):
        taken = await asyncio.gather(
            *(upgrade(empty_postgres_url, concurrently=bool(n % 2)) for n in range(6))
        )

    assert sorted(len(steps) for steps in taken) == [0, 0, 0, 0, 0, LATEST]
    assert await drift(empty_postgres_url) == []


async def test_indexes_are_built_while_a_writer_holds_the_table(empty_postgres_url: str) -> None:
    """Its transaction is waited for, and others write meanwhile."""
    await upgrade(empty_postgres_url, version=INDEXED - 1)

    async with sql(empty_postgres_url) as writer, sql(empty_postgres_url) as other:
        async with writer.transaction(), asyncio.timeout(30):
            await writer.execute("LOCK TABLE eventdocs_events IN ROW EXCLUSIVE MODE")
            migrating = asyncio.create_task(upgrade(empty_postgres_url, concurrently=True))
            while not await other.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
                pass
            await other.execute(WRITES)
            await other.execute("DELETE FROM eventdocs_events")
            assert not migrating.done()
        taken = await migrating

    assert [step.version for step in taken] == list(range(INDEXED, LATEST + 1))
    assert await drift(empty_postgres_url) == []


async def test_a_lock_that_is_not_to_be_had_is_given_up(empty_postgres_url: str) -> None:
    """Whoever waits behind the migration goes on, and nothing is changed."""
    await upgrade(empty_postgres_url, version=LATEST - 1)

    async with sql(empty_postgres_url) as reader:
        async with reader.transaction():
            await reader.fetch("SELECT * FROM eventdocs_dead_letters")
            with pytest.raises(StoreBusyError, match="lock timeout"):
                await upgrade(empty_postgres_url, lock_timeout=0.05)
            assert await current(empty_postgres_url) == LATEST - 1
        await upgrade(empty_postgres_url, lock_timeout=0.05)

    assert await drift(empty_postgres_url) == []


@pytest.mark.parametrize("concurrently", [True, False])
async def test_an_unfinished_index_is_told_and_healed(
    empty_postgres_url: str, concurrently: bool
) -> None:
    """What was done before stays, and the next attempt goes on, whichever way."""
    await upgrade(empty_postgres_url, version=INDEXED - 2)
    async with sql(empty_postgres_url) as writer:
        async with writer.transaction():
            await writer.execute("LOCK TABLE eventdocs_events IN ROW EXCLUSIVE MODE")
            with pytest.raises(StoreBusyError, match="lock timeout"):
                await upgrade(empty_postgres_url, concurrently=True, lock_timeout=0.1)
        left = await writer.fetchval("SELECT count(*) FROM pg_index WHERE NOT indisvalid")

    assert left == 1
    assert await current(empty_postgres_url) == INDEXED - 1
    assert [each for each in await drift(empty_postgres_url) if "unfinished" in each]

    await upgrade(empty_postgres_url, concurrently=concurrently)

    assert await drift(empty_postgres_url) == []


async def test_going_down_beside_writers_ends_where_it_should(postgres_url: str) -> None:
    """The same steps, the same schema."""
    await downgrade(postgres_url, version=INDEXED - 1, concurrently=True, allow_data_loss=True)

    assert await current(postgres_url) == INDEXED - 1
    await upgrade(postgres_url, concurrently=True)
    assert await drift(postgres_url) == []


async def test_a_step_that_fails_leaves_those_before_it(empty_postgres_url: str) -> None:
    """Each is permanent with its line in the ledger, and its failure is rolled back whole."""
    await upgrade(empty_postgres_url, version=INDEXED - 1)
    async with sql(empty_postgres_url) as host:
        await host.execute("CREATE TYPE eventdocs_leases AS ENUM ('in the way')")
        with pytest.raises(Exception, match="eventdocs_leases"):
            await upgrade(empty_postgres_url, concurrently=True)
        version = await current(empty_postgres_url)
        await host.execute("DROP TYPE eventdocs_leases")

    assert version == INDEXED
    assert await upgrade(empty_postgres_url, concurrently=True)
    assert await drift(empty_postgres_url) == []


async def test_a_session_is_given_back_as_it_was(empty_postgres_url: str) -> None:
    """Without the lock, and with the host's own patience and isolation."""
    engine = create_async_engine(
        empty_postgres_url.replace("postgresql:", "postgresql+asyncpg:"),
        pool_size=1,
        max_overflow=0,
        connect_args={"server_settings": {"lock_timeout": "7s"}},
    )
    for concurrently in (False, True):
        await upgrade(engine, concurrently=concurrently)
        await downgrade(engine, version=2, concurrently=concurrently, allow_data_loss=True)

        async with engine.connect() as connection, sql(empty_postgres_url) as other:
            found = await connection.scalar(text("SELECT current_setting('lock_timeout')"))
            assert (found, connection.get_transaction() is not None) == ("7s", True)
            assert await other.fetchval(LOCK)
    await engine.dispose()


async def test_the_hosts_transaction_keeps_its_patience(empty_postgres_url: str) -> None:
    """Statements of the host's own after the upgrade wait as long as they did before."""
    engine = create_async_engine(empty_postgres_url.replace("postgresql:", "postgresql+asyncpg:"))
    async with engine.begin() as connection:
        await connection.execute(text("SET LOCAL lock_timeout = '3s'"))
        await upgrade(connection)
        found = await connection.scalar(text("SELECT current_setting('lock_timeout')"))
    await engine.dispose()

    assert found == "3s"


async def test_the_hosts_transaction_is_no_place_for_it(empty_postgres_url: str) -> None:
    """PostgreSQL cannot build an index beside writers there; what can is told."""
    engine = create_async_engine(empty_postgres_url.replace("postgresql:", "postgresql+asyncpg:"))
    async with engine.begin() as connection:
        with pytest.raises(ConfigurationError, match="give an address or an engine"):
            await upgrade(connection, concurrently=True)
    await engine.dispose()


async def test_on_sqlite_it_means_nothing(sqlite_url: str) -> None:
    """There is one writer anyway."""
    await upgrade(sqlite_url, concurrently=True)

    assert await drift(sqlite_url) == []


@pytest.mark.once
class TestThroughAPooler:
    pytestmark = needs_pooler

    async def test_concurrently_is_refused(self, empty_postgres_url: str) -> None:
        """There, the lock of a session excludes nobody."""
        with (
            pooler(empty_postgres_url) as url,
            pytest.raises(ConfigurationError, match="the address of the server itself"),
        ):
            await upgrade(f"{url}?statement_cache_size=0", concurrently=True)

    async def test_one_transaction_is_safe(self, empty_postgres_url: str) -> None:
        """The lock of a transaction is one there too."""
        async with AsyncExitStack() as stack:
            url = stack.enter_context(pooler(empty_postgres_url))
            taken = await asyncio.gather(
                *(upgrade(f"{url}?statement_cache_size=0") for _ in range(6))
            )

        assert sorted(len(steps) for steps in taken) == [0, 0, 0, 0, 0, LATEST]
        assert await drift(empty_postgres_url) == []


@pytest.mark.parametrize("seconds", [-1.0, float("inf"), float("nan")])
async def test_a_patience_that_cannot_be_is_refused(sqlite_url: str, seconds: float) -> None:
    """Before the database is asked."""
    with pytest.raises(ConfigurationError, match="lock_timeout"):
        await upgrade(sqlite_url, lock_timeout=seconds)
