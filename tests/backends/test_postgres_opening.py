"""Opening and losing PostgreSQL: every fault is an error of ours that says what to do."""

from __future__ import annotations

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from eventdocs.backends import open_store
from eventdocs.backends._postgres_errors import translation
from eventdocs.backends.postgres import PostgresEventStore
from eventdocs.errors import (
    ConfigurationError,
    EventdocsError,
    NotAnEventStoreError,
    SchemaTooOldError,
    StoreBusyError,
    StoreDamagedError,
    StoreFailedError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from eventdocs.store import EventRegistry, EventStore
from eventdocs.testing._postgres_server import PostgresServer
from tests.backends.postgres_hosts import Connection, Noted, host_engine, notes, opened, sql


class TestAddresses:
    async def test_takes_an_address_with_or_without_the_driver(self, postgres_url: str) -> None:
        """And shows it to people without secrets."""
        for address in (
            postgres_url,
            postgres_url.replace("postgresql:", "postgresql+asyncpg:"),
            f"{postgres_url}?application_name=mine&connect_timeout=5&sslmode=disable",
            f"{postgres_url}?statement_cache_size=0",
        ):
            async with opened(address) as store:
                await store.append("notes", notes("x"))
                assert store.database == postgres_url

    async def test_shows_no_password(self, postgres_url: str) -> None:
        """Neither in the label nor in an error."""
        url = make_url(postgres_url).set(password="hunter2")
        async with opened(url.render_as_string(hide_password=False)) as store:
            assert "hunter2" not in store.database

        unreachable = url.set(port=1).render_as_string(hide_password=False)
        with pytest.raises(StoreUnavailableError) as caught:
            await opened(unreachable)
        assert "hunter2" not in str(caught.value)

    @pytest.mark.parametrize(
        ("address", "told"),
        [
            ("postgresql+psycopg://host/name", "no supported driver"),
            ("postgresql://host/name?unknown=1", "unknown: no known parameter"),
        ],
    )
    async def test_refuses_what_it_cannot_use(self, address: str, told: str) -> None:
        """Before anything is connected."""
        with pytest.raises(ConfigurationError, match=told):
            await opened(address)

    async def test_refuses_impossible_pools(self, postgres_url: str) -> None:
        """A pool keeps at least one connection, and no more than it may have."""
        with pytest.raises(ConfigurationError, match="impossible"):
            await PostgresEventStore.open(
                postgres_url, EventRegistry([Noted]), pool_min_size=5, pool_max_size=2
            )

    async def test_keeps_to_the_size_of_its_pool(self, postgres_url: str) -> None:
        """A call that finds no free connection is told that the store is busy, not a driver's error."""
        async with (
            host_engine(postgres_url, pool_size=1, max_overflow=0, pool_timeout=0.05) as engine,
            open_store(engine, events=[Noted]) as store,
            store.begin(),
        ):
            with pytest.raises(StoreBusyError, match="pool"):
                await store.stream_version("notes")


class TestFaults:
    async def test_a_server_that_is_away(self) -> None:
        """With its address, at once."""
        with pytest.raises(StoreUnavailableError, match="localhost:1/nowhere"):
            await opened("postgresql://somebody@localhost:1/nowhere")

    async def test_a_host_that_does_not_exist(self) -> None:
        """Names that nobody resolves are told like servers that are away."""
        with pytest.raises(StoreUnavailableError, match="nowhere"):
            await opened("postgresql://somebody@no.such.host.invalid/nowhere")

    async def test_a_database_that_does_not_exist(self, postgres_url: str) -> None:
        """It is the address that is wrong, so trying again does not help."""
        with pytest.raises(ConfigurationError, match="no such database"):
            await opened(f"{postgres_url}_gone")

    async def test_a_user_that_does_not_exist(self, postgres_url: str) -> None:
        """The message tells what to correct."""
        url = make_url(postgres_url).set(username="nobody_we_know")
        with pytest.raises(ConfigurationError, match="user or the password"):
            await opened(url.render_as_string(hide_password=False))

    async def test_an_empty_database(self, empty_postgres_url: str) -> None:
        """It is only checked; the host decides when it is migrated."""
        with pytest.raises(SchemaTooOldError, match="migrate"):
            await opened(empty_postgres_url)

        async with open_store(empty_postgres_url, events=[Noted], migrate=True) as store:
            await store.append("notes", notes("x"))

    async def test_a_store_without_identity(self, postgres_url: str) -> None:
        """Somebody emptied its tables."""
        async with sql(postgres_url) as host:
            await host.execute("DELETE FROM eventdocs_store")

        with pytest.raises(NotAnEventStoreError, match="eventdocs_store is empty"):
            await opened(postgres_url)

    async def test_a_database_that_takes_no_writes(
        self, postgres_server: PostgresServer, postgres_url: str
    ) -> None:
        """Reading goes on."""
        name = postgres_url.rpartition("/")[2]
        async with opened(postgres_url) as store:
            await store.append("notes", notes("x"))
        postgres_server.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')

        async with opened(postgres_url) as store:
            with pytest.raises(StoreReadOnlyError):
                await store.append("notes", notes("y"))
            assert await store.stream_version("notes") == 1

    async def test_a_table_that_is_gone(self, postgres_url: str) -> None:
        """The schema is not the one it was when the store was opened."""
        async with opened(postgres_url) as store, sql(postgres_url) as host:
            await host.execute("DROP TABLE eventdocs_streams")

            with pytest.raises(SchemaTooOldError):
                await store.append("notes", notes("x"))

    async def test_a_log_that_another_program_changed(self, postgres_url: str) -> None:
        """What contradicts itself is not built upon."""
        async with opened(postgres_url) as store, sql(postgres_url) as host:
            await store.append("notes", notes("x"))
            await host.execute("UPDATE eventdocs_streams SET version = 0")

            with pytest.raises(StoreDamagedError, match="eventdocs_events_stream_version"):
                await store.append("notes", notes("y"))

    async def test_a_connection_that_is_lost_in_a_hosts_transaction(
        self, postgres_url: str
    ) -> None:
        """The outcome is unknown, and the error is one that a host repeats on."""
        async with opened(postgres_url) as store, sql(postgres_url) as administrator:
            with pytest.raises(StoreUnavailableError):
                await _lose_a_transaction(store, administrator)

            assert await store.head() == 0

    async def test_the_hosts_own_mistakes_stay_its_own(self, postgres_url: str) -> None:
        """A statement of the host that fails raises what SQLAlchemy raises."""
        async with opened(postgres_url) as store:
            with pytest.raises(DBAPIError):
                async with store.begin() as tx:
                    await tx.execute(text("SELECT * FROM no_such_table"))


async def _lose_a_transaction(store: EventStore, administrator: Connection) -> None:
    async with store.begin() as tx:
        await store.using(tx).append("notes", notes("x"))
        await administrator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await store.using(tx).append("notes", notes("y"))


class TestTranslation:
    @pytest.mark.parametrize(
        ("error", "meaning"),
        [
            (asyncpg.SerializationError("x"), StoreBusyError),
            (asyncpg.DeadlockDetectedError("x"), StoreBusyError),
            (asyncpg.LockNotAvailableError("x"), StoreBusyError),
            (asyncpg.QueryCanceledError("x"), StoreBusyError),
            (asyncpg.OutOfMemoryError("x"), StoreBusyError),
            (asyncpg.DiskFullError("x"), StoreFullError),
            (asyncpg.ReadOnlySQLTransactionError("x"), StoreReadOnlyError),
            (asyncpg.InsufficientPrivilegeError("x"), StoreReadOnlyError),
            (asyncpg.AdminShutdownError("x"), StoreUnavailableError),
            (asyncpg.CannotConnectNowError("x"), StoreUnavailableError),
            (asyncpg.TooManyConnectionsError("x"), StoreUnavailableError),
            (asyncpg.ConnectionDoesNotExistError("x"), StoreUnavailableError),
            (asyncpg.InterfaceError("x"), StoreUnavailableError),
            (asyncpg.InternalClientError("x"), StoreUnavailableError),
            (ConnectionResetError("x"), StoreUnavailableError),
            (TimeoutError(), StoreUnavailableError),
            (asyncpg.InvalidPasswordError("x"), ConfigurationError),
            (asyncpg.InvalidCatalogNameError("x"), ConfigurationError),
            (asyncpg.UndefinedTableError("x"), SchemaTooOldError),
            (asyncpg.UndefinedFunctionError("x"), SchemaTooOldError),
            (asyncpg.UniqueViolationError("x"), StoreDamagedError),
            (asyncpg.DataCorruptedError("x"), StoreDamagedError),
            (asyncpg.StatementTooComplexError("x"), StoreFailedError),
            (asyncpg.DataError("x"), StoreFailedError),
        ],
        ids=lambda each: type(each).__name__ if isinstance(each, Exception) else "",
    )
    def test_every_kind_of_fault_has_its_error(
        self, error: Exception, meaning: type[EventdocsError]
    ) -> None:
        """Told apart by SQLSTATE or class, with the database's name in the message."""
        translated = translation(error, "postgresql://host/name")

        assert type(translated) is meaning
        assert "postgresql://host/name" in str(translated)
