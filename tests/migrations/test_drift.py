"""Drift: every way in which a database can differ from the declaration is told."""

from __future__ import annotations

import sqlite3

import pytest

from eventdocs.errors import SchemaDriftError, SchemaTooOldError
from eventdocs.migrations import drift, upgrade, verify
from eventdocs.testing._postgres_server import PostgresServer


class TestOnPostgres:
    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ("DROP TABLE eventdocs_store", "table eventdocs_store is missing"),
            (
                "ALTER TABLE eventdocs_events DROP COLUMN causation_id",
                "eventdocs_events, column causation_id is missing",
            ),
            (
                "ALTER TABLE eventdocs_events ADD COLUMN note text",
                "eventdocs_events, column note is not declared",
            ),
            (
                "ALTER TABLE eventdocs_events ALTER COLUMN version TYPE integer",
                "eventdocs_events, column version is ('INTEGER', 'NOT NULL')",
            ),
            (
                "ALTER TABLE eventdocs_events ALTER COLUMN digest DROP NOT NULL",
                "eventdocs_events, column digest is ('BYTEA', 'NULL')",
            ),
            (
                "ALTER TABLE eventdocs_events DROP CONSTRAINT eventdocs_events_id",
                "eventdocs_events, key UNIQUE eventdocs_events_id is missing",
            ),
            (
                "ALTER TABLE eventdocs_store DROP CONSTRAINT eventdocs_store_only_row",
                "eventdocs_store, key CHECK eventdocs_store_only_row is missing",
            ),
            (
                "ALTER TABLE eventdocs_dead_letters DROP CONSTRAINT "  # noqa: ISC004 - one statement
                "eventdocs_dead_letters_projection_fkey",
                "eventdocs_dead_letters, key FOREIGN KEY (projection) is missing",
            ),
            (
                "DROP INDEX eventdocs_events_type",
                "eventdocs_events, index eventdocs_events_type is missing",
            ),
            (
                "ALTER SEQUENCE eventdocs_sequence CACHE 20",
                "sequence eventdocs_sequence caches 20 numbers",
            ),
            ("DROP SEQUENCE eventdocs_sequence", "sequence eventdocs_sequence is missing"),
            ("DROP FUNCTION eventdocs_watermark", "function eventdocs_watermark is missing"),
            (
                "CREATE OR REPLACE FUNCTION eventdocs_namespace() RETURNS bigint "  # noqa: ISC004 - one statement
                "LANGUAGE sql STABLE PARALLEL SAFE AS 'SELECT CAST(1 AS bigint)'",
                "function eventdocs_namespace has another body",
            ),
        ],
    )
    async def test_tells_every_kind_of_difference(
        self, postgres_server: PostgresServer, postgres_url: str, change: str, told: str
    ) -> None:
        """What a migration forgot, or a person changed by hand."""
        postgres_server.execute(change, database=postgres_url.rpartition("/")[2])

        differences = await drift(postgres_url)

        assert len(differences) == 1
        assert differences[0].startswith(told)


class TestOnSqlite:
    @pytest.mark.parametrize(
        ("change", "told"),
        [
            ("DROP TABLE eventdocs_streams", "table eventdocs_streams is missing"),
            (
                "ALTER TABLE eventdocs_events ADD COLUMN note TEXT",
                "eventdocs_events, column note is not declared",
            ),
            (
                "DROP INDEX eventdocs_events_category",
                "eventdocs_events, index eventdocs_events_category is missing",
            ),
        ],
    )
    async def test_tells_every_kind_of_difference(
        self, sqlite_url: str, change: str, told: str
    ) -> None:
        """The same comparison speaks for both backends."""
        await upgrade(sqlite_url)
        connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
        connection.execute(change)
        connection.close()

        assert await drift(sqlite_url) == [told]


class TestVerify:
    async def test_raises_what_drift_lists(self, sqlite_url: str) -> None:
        """All of it at once; a database of another version is told as such."""
        with pytest.raises(SchemaTooOldError):
            await verify(sqlite_url)
        await upgrade(sqlite_url)
        await verify(sqlite_url)
        connection = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"))
        connection.execute("DROP INDEX eventdocs_events_category")
        connection.execute("DROP TABLE eventdocs_leases")
        connection.close()

        with pytest.raises(SchemaDriftError, match="eventdocs_leases") as caught:
            await verify(sqlite_url)

        assert caught.value.differences == await drift(sqlite_url)
        assert len(caught.value.differences) == 2
