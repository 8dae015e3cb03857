"""Indexes on hosts' own metadata keys: made once, tolerated, and repaired."""

from __future__ import annotations

import asyncio

import pytest

from eventdocs.errors import SchemaTooOldError
from eventdocs.migrations import drift, index_metadata, upgrade
from eventdocs.migrations._metadata_index import index_name
from eventdocs.testing._postgres_server import PostgresServer
from tests.backends.postgres_hosts import sql

ODD = "größe $.[0] %s:x " + 111 * "y"


async def test_an_index_is_made_once_and_is_no_drift(database_url: str) -> None:
    """Asking again does nothing, and the schema is still as declared."""
    await upgrade(database_url)

    made = [await index_metadata(database_url, key) for key in ("tenant", ODD, "tenant", ODD)]

    assert made == [True, True, False, False]
    assert await drift(database_url) == []


async def test_an_index_stands_in_the_chosen_schema(empty_postgres_url: str) -> None:
    """Beside its table, wherever that is."""
    await upgrade(empty_postgres_url, schema="Archive")

    assert await index_metadata(empty_postgres_url, "tenant", schema="Archive")
    assert not await index_metadata(empty_postgres_url, "tenant", schema="Archive")
    assert await drift(empty_postgres_url, schema="Archive") == []


async def test_an_interrupted_index_is_built_anew(
    postgres_server: PostgresServer, postgres_url: str
) -> None:
    """What CREATE INDEX CONCURRENTLY leaves behind when it fails is of no use to readers."""
    await index_metadata(postgres_url, "tenant")
    database = postgres_url.rpartition("/")[2]
    postgres_server.execute(
        "UPDATE pg_index SET indisvalid = false "
        f"WHERE indexrelid = '{index_name('tenant')}'::regclass",
        database=database,
    )

    assert await index_metadata(postgres_url, "tenant")
    async with sql(postgres_url) as connection:
        assert await connection.fetchval(
            "SELECT indisvalid FROM pg_index WHERE indexrelid = CAST($1 AS text)::regclass",
            index_name("tenant"),
        )


async def test_an_index_is_built_while_others_append(postgres_url: str) -> None:
    """It waits for those who hold the table, and no appender waits for it."""
    async with sql(postgres_url) as host, asyncio.timeout(30):
        async with host.transaction():
            await host.execute("LOCK TABLE eventdocs_events IN ROW EXCLUSIVE MODE")
            building = asyncio.create_task(index_metadata(postgres_url, "tenant"))
            async with sql(postgres_url) as other:
                while not await other.fetchval(
                    "SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'virtualxid'"
                ):
                    pass
                await other.execute("DELETE FROM eventdocs_events")
            assert not building.done()
        assert await building


async def test_an_empty_database_is_refused(sqlite_url: str) -> None:
    """There is nothing to index yet."""
    with pytest.raises(SchemaTooOldError):
        await index_metadata(sqlite_url, "tenant")


@pytest.mark.parametrize("key", ["", "it's", 'a"b', "a\\b", "a\nb", "x" * 129])
async def test_keys_that_no_filter_takes_are_refused(sqlite_url: str, key: str) -> None:
    """Before the database is asked."""
    with pytest.raises(ValueError, match="metadata key"):
        await index_metadata(sqlite_url, key)
