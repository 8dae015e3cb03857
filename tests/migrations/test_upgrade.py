"""Upgrading: from nothing to the latest schema, once, whoever asks and however often."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from eventdocs.errors import (
    ConfigurationError,
    MigrationChangedError,
    NotAnEventStoreError,
    SchemaTooNewError,
    SchemaTooOldError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from eventdocs.migrations import LATEST, check, current, drift, plan, upgrade
from eventdocs.testing._postgres_server import PostgresServer


@pytest.fixture
async def engine(empty_url: str) -> AsyncIterator[AsyncEngine]:
    """An engine of the host's on an empty database."""
    address = empty_url.replace("sqlite:", "sqlite+aiosqlite:").replace(
        "postgresql:", "postgresql+asyncpg:"
    )
    engine = create_async_engine(address)
    yield engine
    await engine.dispose()


def _as(role: str, url: str) -> str:
    return make_url(url).set(username=role).render_as_string(hide_password=False)


async def _run(engine: AsyncEngine, *statements: str) -> None:
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))


class TestFromZero:
    async def test_leads_to_the_declared_tables(self, empty_url: str) -> None:
        """All steps from nothing make exactly what the code declares, on both backends."""
        planned = await plan(empty_url)

        applied = await upgrade(empty_url)

        assert [step.version for step in applied] == list(range(1, LATEST + 1))
        assert applied == planned
        assert await current(empty_url) == LATEST
        assert await drift(empty_url) == []

    async def test_a_second_run_is_no_step(self, empty_url: str) -> None:
        """Upgrading what is up to date changes nothing."""
        await upgrade(empty_url)

        assert await upgrade(empty_url) == []
        assert await plan(empty_url) == []

    async def test_an_empty_database_is_at_version_zero(self, engine: AsyncEngine) -> None:
        """Tables of the host's own do not disturb."""
        await _run(engine, "CREATE TABLE customers (id integer)")

        assert await current(engine) == 0
        await upgrade(engine)

        assert await drift(engine) == []

    async def test_each_log_has_an_identity_of_its_own(
        self, empty_postgres_url: str, sqlite_url: str
    ) -> None:
        """It is made when the schema is made."""
        identities: set[str] = set()
        for url in (empty_postgres_url, sqlite_url):
            await upgrade(url)
            host = create_async_engine(
                url.replace("sqlite:", "sqlite+aiosqlite:").replace(
                    "postgresql:", "postgresql+asyncpg:"
                )
            )
            async with host.connect() as connection:
                identities.add(
                    str(await connection.scalar(text("SELECT store_id FROM eventdocs_store")))
                )
            await host.dispose()

        assert len(identities) == 2


class TestTargets:
    async def test_takes_the_hosts_engine(self, engine: AsyncEngine) -> None:
        """And leaves it usable."""
        await upgrade(engine)

        assert await current(engine) == LATEST

    async def test_takes_part_in_the_hosts_transaction(self, engine: AsyncEngine) -> None:
        """What the host rolls back was never upgraded."""
        async with engine.connect() as connection:
            await upgrade(connection)
            assert await current(connection) == LATEST
            await connection.rollback()

        assert await current(engine) == 0

    async def test_refuses_other_databases(self) -> None:
        """With the names of those it can upgrade."""
        with pytest.raises(ConfigurationError, match="sqlite or postgresql"):
            await upgrade("mysql://host/name")
        with pytest.raises(ConfigurationError) as caught:
            await upgrade("password:secret at somewhere")
        assert "secret" not in str(caught.value)


class TestConcurrently:
    async def test_one_migrator_works_while_the_others_wait(self, empty_url: str) -> None:
        """Any number of processes may start at the same moment."""
        applied = await asyncio.gather(*(upgrade(empty_url) for _ in range(6)))

        assert sorted(len(steps) for steps in applied) == [0, 0, 0, 0, 0, LATEST]
        assert await drift(empty_url) == []


class TestSchemas:
    async def test_makes_the_chosen_schema_and_keeps_to_it(self, empty_postgres_url: str) -> None:
        """Two logs of one database do not see each other."""
        await upgrade(empty_postgres_url, schema="archive")

        assert await current(empty_postgres_url, schema="archive") == LATEST
        assert await drift(empty_postgres_url, schema="archive") == []
        assert await current(empty_postgres_url) == 0
        await upgrade(empty_postgres_url)
        assert await drift(empty_postgres_url) == []

    async def test_refuses_a_name_that_is_none(self, empty_postgres_url: str) -> None:
        """Before it reaches a statement."""
        for name in ('a"; DROP TABLE x; --', "", "pg_ours", "x" * 64, "a.b"):
            with pytest.raises(ConfigurationError, match="schema"):
                await upgrade(empty_postgres_url, schema=name)

    async def test_refuses_one_on_sqlite(self, sqlite_url: str) -> None:
        """SQLite has none."""
        with pytest.raises(ConfigurationError, match="no schemas"):
            await upgrade(sqlite_url, schema="archive")


class TestChecks:
    async def test_an_outdated_database_is_refused_with_what_to_do(
        self, engine: AsyncEngine
    ) -> None:
        """Also one that holds nothing yet."""
        async with engine.connect() as connection:
            with pytest.raises(SchemaTooOldError, match="migrate") as caught:
                await check(connection)

        assert (caught.value.found, caught.value.wanted) == (0, LATEST)

    async def test_a_newer_database_is_refused(self, engine: AsyncEngine) -> None:
        """The code cannot know what a newer schema means."""
        await upgrade(engine)
        await _run(
            engine,
            "INSERT INTO eventdocs_migrations (version, name, checksum, applied_at) "
            f"VALUES ({LATEST + 1}, 'later', 'x', '2030-01-01 00:00:00+00')",
        )

        async with engine.connect() as connection:
            with pytest.raises(SchemaTooNewError) as caught:
                await check(connection)
        with pytest.raises(SchemaTooNewError):
            await upgrade(engine)

        assert (caught.value.found, caught.value.wanted) == (LATEST + 1, LATEST)

    async def test_foreign_tables_with_our_names_are_refused(self, engine: AsyncEngine) -> None:
        """Nothing is written over."""
        await _run(engine, "CREATE TABLE eventdocs_events (id integer)")

        with pytest.raises(NotAnEventStoreError, match="eventdocs_events"):
            await upgrade(engine)
        async with engine.connect() as connection:
            with pytest.raises(NotAnEventStoreError):
                await check(connection)

    async def test_a_foreign_ledger_is_refused(self, engine: AsyncEngine) -> None:
        """A table of that name alone proves nothing."""
        await _run(engine, "CREATE TABLE eventdocs_migrations (id integer)")

        with pytest.raises(NotAnEventStoreError, match="eventdocs_migrations"):
            await upgrade(engine)

    async def test_a_ledger_with_a_gap_is_refused(self, engine: AsyncEngine) -> None:
        """A step that is missing below another was never applied."""
        await upgrade(engine)
        await _run(engine, "UPDATE eventdocs_migrations SET version = 7 WHERE version = 1")

        with pytest.raises(NotAnEventStoreError, match="gaps"):
            await current(engine)

    async def test_a_step_that_was_another_is_refused_by_its_name(
        self, engine: AsyncEngine
    ) -> None:
        """Two builds with different migrations of one number are told apart."""
        await upgrade(engine)
        await _run(engine, "UPDATE eventdocs_migrations SET checksum = 'another'")

        with pytest.raises(MigrationChangedError, match="first") as caught:
            await upgrade(engine)

        assert (caught.value.version, caught.value.name) == (1, "first")

    async def test_messages_show_no_password(self, empty_postgres_url: str) -> None:
        """The address in an error is for people, not for logging in."""
        url = make_url(empty_postgres_url)
        engine = create_async_engine(url.set(drivername="postgresql+asyncpg", password="hunter2"))
        try:
            async with engine.connect() as connection:
                with pytest.raises(SchemaTooOldError) as caught:
                    await check(connection)
        finally:
            await engine.dispose()

        assert "hunter2" not in str(caught.value)


class TestFaults:
    async def test_a_server_that_is_away_is_told_as_such(self) -> None:
        """No driver's error reaches a person raw."""
        with pytest.raises(StoreUnavailableError, match="localhost:1/nowhere"):
            await upgrade("postgresql://somebody@localhost:1/nowhere")

    async def test_a_file_that_cannot_be_is_told_as_such(self, tmp_path: Path) -> None:
        """The same on SQLite."""
        with pytest.raises(StoreUnavailableError, match="unable to open"):
            await current(f"sqlite:///{tmp_path}/missing/events.db")

    async def test_a_missing_right_is_told_and_nothing_is_left(
        self, postgres_server: PostgresServer, empty_postgres_url: str
    ) -> None:
        """All steps are one transaction."""
        database = empty_postgres_url.rpartition("/")[2]
        role = f"reader_{database}"
        postgres_server.execute(
            f"CREATE ROLE {role} LOGIN",
            "REVOKE CREATE ON SCHEMA public FROM public",
            database=database,
        )

        try:
            with pytest.raises(StoreReadOnlyError, match="permission denied"):
                await upgrade(_as(role, empty_postgres_url))
        finally:
            postgres_server.execute(f"DROP ROLE {role}")

        assert await current(empty_postgres_url) == 0
