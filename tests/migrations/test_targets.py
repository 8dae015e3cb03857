"""Targets: whatever connection a host has, asynchronous or not, and whose transaction it is."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
import pytest
from sqlalchemy import create_engine, make_url

from eventdocs.errors import ConfigurationError, StoreBusyError, StoreError
from eventdocs.migrations import LATEST, current, downgrade, drift, plan, upgrade, verify
from tests.backends.postgres_hosts import sql


def _sync(url: str) -> str:
    return url.replace("postgresql:", "postgresql+psycopg:")


class TestSynchronous:
    def test_an_engine_answers_at_once(self, empty_url: str) -> None:
        """Up, down, and all that can be asked."""
        engine = create_engine(_sync(empty_url))

        assert [step.version for step in plan(engine)] == list(range(1, LATEST + 1))
        assert len(upgrade(engine)) == LATEST
        verify(engine)
        assert drift(engine) == []
        assert len(downgrade(engine, version=0, allow_data_loss=True)) == LATEST
        assert current(engine) == 0
        engine.dispose()

    def test_a_connection_is_its_owners_to_commit(self, empty_url: str) -> None:
        """What the host rolls back was never upgraded."""
        engine = create_engine(_sync(empty_url))
        with engine.connect() as connection:
            upgrade(connection)
            assert current(connection) == LATEST
            connection.rollback()
        assert current(engine) == 0
        with engine.begin() as connection:
            upgrade(connection)
        assert current(engine) == LATEST
        engine.dispose()

    def test_indexes_are_built_beside_writers(self, empty_postgres_url: str) -> None:
        """As with a driver that is awaited."""
        engine = create_engine(_sync(empty_postgres_url), pool_size=1, max_overflow=0)

        assert len(upgrade(engine, concurrently=True)) == LATEST
        assert drift(engine) == []
        engine.dispose()

    def test_drivers_errors_are_ours(self, empty_postgres_url: str) -> None:
        """Whichever driver it is."""
        away = make_url(_sync(empty_postgres_url)).set(port=1, host="localhost")
        with pytest.raises(StoreError, match="localhost:1/"):
            current(create_engine(away))

        engine = create_engine(_sync(empty_postgres_url))
        upgrade(engine, version=LATEST - 1)
        with engine.begin() as connection:
            connection.exec_driver_sql("SELECT * FROM eventdocs_dead_letters")
            with pytest.raises(StoreBusyError):
                upgrade(engine, lock_timeout=0.05)
        engine.dispose()


class TestAsyncpg:
    async def test_a_connection_is_used_and_left_open(self, empty_postgres_url: str) -> None:
        """Without a transaction of its owner's, the steps are permanent at once."""
        async with sql(empty_postgres_url) as connection:
            assert len(await upgrade(connection)) == LATEST
            assert await connection.fetchval("SELECT 1") == 1

        await verify(empty_postgres_url)

    async def test_its_codecs_stay_as_they_were(self, empty_postgres_url: str) -> None:
        """What the owner decodes, it decodes as before."""
        async with sql(empty_postgres_url) as connection:
            await connection.set_type_codec(
                "jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog"
            )
            await upgrade(connection)

            found: Any = await connection.fetchval("""SELECT '{"a": 1}'::jsonb""")

        assert found == {"a": 1}

    async def test_its_transaction_is_its_owners(self, empty_postgres_url: str) -> None:
        """What is rolled back was never upgraded."""
        async with sql(empty_postgres_url) as connection:
            transaction = connection.transaction()
            await transaction.start()
            await upgrade(connection)
            assert await current(connection) == LATEST
            with pytest.raises(ConfigurationError, match="concurrently"):
                await upgrade(connection, concurrently=True)
            await transaction.rollback()

            assert await current(connection) == 0
            assert len(await upgrade(connection, concurrently=True)) == LATEST

    async def test_one_that_a_pool_has_lent_will_do(self, empty_postgres_url: str) -> None:
        """And goes back to the pool as it came."""
        async with (
            asyncpg.create_pool(empty_postgres_url, min_size=1, max_size=1) as pool,
            pool.acquire() as connection,
        ):
            await upgrade(connection)

            assert await drift(connection) == []


async def test_a_connection_of_another_making_is_refused() -> None:
    """With what can be given instead."""
    target: Any = object()
    with pytest.raises(ConfigurationError, match="Alembic's op"):
        await upgrade(target)
