"""The log in a PostgreSQL database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final, Self, TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from eventdocs.backends import _bulk_postgres
from eventdocs.backends._bulk import BulkEvent, BulkRows
from eventdocs.backends._drivers import label_for
from eventdocs.backends._pool import PoolMeter, pool_use
from eventdocs.backends._postgres_batch import Call
from eventdocs.backends._postgres_bound import BoundPostgresStore
from eventdocs.backends._postgres_engine import (
    CONNECT_SECONDS,
    Driver,
    connected,
    create_engine,
    living_driver,
)
from eventdocs.backends._postgres_errors import transient_translated, translated
from eventdocs.backends._postgres_kept import KeptConnection
from eventdocs.backends._postgres_reader import Fetch, PostgresReader
from eventdocs.backends._postgres_sql import Row, Statement, from_file
from eventdocs.backends._postgres_wakeups import NOTIFY, PostgresWakeups
from eventdocs.backends._postgres_writer import PostgresWriter
from eventdocs.errors import (
    ConfigurationError,
    NotAnEventStoreError,
    StoreClosedError,
    StoreUnavailableError,
)
from eventdocs.observability import Instrumentation
from eventdocs.store import (
    Appended,
    Bell,
    EventRegistry,
    EventStore,
    FeedWatch,
    StoreStatistics,
    Together,
)

__all__ = ["PostgresEventStore"]

T = TypeVar("T")

STATEMENT_SECONDS: Final = 60.0
"""Far beyond what any of our statements takes: a server that is silent for so long is gone."""

_KEPT_SECONDS: Final = 1.0


class PostgresEventStore(PostgresReader):
    """An event store in a PostgreSQL database, which any number of processes may share.

    Appends that arrive while one is being recorded share the next call, and no append
    waits for another one's stream. Readers of the log stop at its watermark: below it
    nothing can become visible any more. Open it with `eventdocs.open_store`.

    Attributes:
        engine: What all connections come from.
        schema: The schema that holds the tables; None for the search path's.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        registry: EventRegistry,
        *,
        schema: str | None,
        store_id: UUID,
        direct: AsyncEngine | None = None,
        statement_timeout: float = STATEMENT_SECONDS,
        instrumentation: Instrumentation | None = None,
        keeps_connections: bool = False,
    ) -> None:
        super().__init__(registry, instrumentation=instrumentation)
        self.schema = schema
        self.engine = (
            engine
            if schema is None
            else engine.execution_options(schema_translate_map={None: schema})
        )
        self._store_id = store_id
        self._direct = direct
        self._statement_timeout = statement_timeout
        self._database = label_for(engine.url)
        self._after_close = AsyncExitStack()
        kept_seconds = _KEPT_SECONDS * keeps_connections
        self._appending = KeptConnection(
            lambda: self._driver(is_shielded=True), seconds=kept_seconds
        )
        self._reading = KeptConnection(self._driver, seconds=kept_seconds)
        self._writer = PostgresWriter(self._carry, self._database, self.instrumentation)
        self._wakeups = PostgresWakeups(
            store_id,
            self._database,
            notify=self._notify,
            connect=self._own_driver,
            watch=FeedWatch(self.feed, self._database, self.instrumentation).run,
        )
        self._pool = PoolMeter(self.statistics, self.instrumentation)
        self._in_use = 0
        self._given_back = asyncio.Event()
        self._closed = False
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        target: str | AsyncEngine,
        registry: EventRegistry,
        *,
        schema: str | None = None,
        migrate: bool | None = None,
        instrumentation: Instrumentation | None = None,
        pool_min_size: int = 5,
        pool_max_size: int = 20,
        connect_timeout: float = CONNECT_SECONDS,
        statement_timeout: float = STATEMENT_SECONDS,
        direct_url: str | None = None,
    ) -> Self:
        """Open the log in the database at *target*.

        Args:
            target: An address, or the host's own engine, which stays the host's to
                dispose of and whose pool is then the limit.
            registry: The event types to write and read.
            schema: The schema that holds the tables; None for the search path's.
            migrate: True creates and upgrades the tables first; otherwise they are
                only checked.
            instrumentation: Is told what happens.
            pool_min_size: Connections that are kept.
            pool_max_size: Connections at the same time, at most.
            connect_timeout: Seconds to wait for a connection.
            statement_timeout: Seconds to wait for the answer to one of our statements.
            direct_url: An address of the same database past a pooler: to listen by, and
                to migrate by.

        Raises:
            ConfigurationError: The address, the password or the database's name is wrong.
            StoreUnavailableError: The server cannot be reached.
            SchemaError: The tables are of another version of eventdocs, or missing.
            NotAnEventStoreError: There are tables with our names that are not ours.
        """
        from eventdocs.migrations import check, upgrade

        async with AsyncExitStack() as undo:
            if isinstance(target, AsyncEngine):
                engine = target
                if engine.dialect.driver != "asyncpg":
                    raise ConfigurationError(
                        [f"the engine's driver is {engine.dialect.driver}; use asyncpg"]
                    )
            else:
                engine = create_engine(
                    target,
                    pool_min_size=pool_min_size,
                    pool_max_size=pool_max_size,
                    connect_timeout=connect_timeout,
                )
                undo.push_async_callback(engine.dispose)
            direct: AsyncEngine | None = None
            if direct_url is not None:
                direct = create_engine(
                    direct_url, pool_min_size=1, pool_max_size=2, connect_timeout=connect_timeout
                )
                undo.push_async_callback(direct.dispose)
            if statement_timeout <= 0:
                problem = f"statement_timeout is {statement_timeout:g}; it must be more than 0"
                raise ConfigurationError([problem])
            database = label_for(engine.url)
            with translated(database):
                if migrate:
                    await upgrade(direct or engine, schema=schema)
                async with engine.connect() as connection:
                    await check(connection, schema, database=database)
                    found = await connection.execute(from_file("store_id", schema).clause)
                    row = found.one_or_none()
            if row is None:
                raise NotAnEventStoreError(database, "its table eventdocs_store is empty")
            store = cls(
                engine,
                registry,
                schema=schema,
                store_id=UUID(str(row[0])),
                direct=direct,
                statement_timeout=statement_timeout,
                instrumentation=instrumentation,
                # A host's pool may be small, and has other users.
                keeps_connections=engine is not target and pool_max_size > 2,
            )
            store._after_close = undo.pop_all()
        return store

    # ---- writing

    @override
    async def _record(self, together: Together) -> tuple[Appended, ...]:
        self._refuse_if_closed()
        return await self._writer.record(together)

    async def _carry(self, call: Call) -> Sequence[Row]:
        statement = from_file(call.statement, self.schema)
        async with self._appending.driver() as driver:
            rows = await self._fetch(driver, statement, call.arguments)
        self.announce()
        return rows

    # ---- reading

    @override
    def statistics(self) -> StoreStatistics:
        pool = pool_use(self.engine)
        return StoreStatistics(
            connections_in_use=pool.in_use,
            connections_open=pool.open,
            connections_limit=pool.limit,
            appends_waiting=self._writer.waiting,
            appends_flushed=self._writer.flushed,
            flushes=self._writer.flushes,
        )

    @override
    async def _read_with(self, read: Callable[[Fetch], Awaitable[T]]) -> T:
        self._refuse_if_closed()
        try:
            async with self._reading.driver() as driver:
                return await read(partial(self._fetch, driver))
        except StoreUnavailableError:
            # Perhaps the server has only dropped a connection that stood in the pool.
            async with self._driver() as driver:
                return await read(partial(self._fetch, driver))

    # ---- following

    @override
    def listening(self) -> AbstractAsyncContextManager[Bell]:
        self._refuse_if_closed()
        return self._wakeups.listening()

    def announce(self) -> None:
        """Wake those who follow the log: it has grown, or is about to."""
        self._wakeups.announce()

    async def _notify(self, channel: str, payload: str) -> None:
        async with self._reading.driver() as driver:
            await driver.execute(NOTIFY, channel, payload, timeout=self._statement_timeout)

    # ---- connections

    @asynccontextmanager
    async def _own_driver(self) -> AsyncGenerator[Driver]:
        """Give a driver connection that the pool has let go of, and that is closed at the end."""
        with translated(self._database):
            async with connected(self._direct or self.engine) as connection:
                driver = await living_driver(connection)
                await connection.run_sync(lambda each: each.detach())
                if self._direct is not None:
                    await self._refuse_another_log(driver)
                yield driver

    async def _refuse_another_log(self, driver: Driver) -> None:
        found = await self._fetch(driver, from_file("store_id", self.schema))
        if [UUID(str(row[0])) for row in found] != [self._store_id]:
            raise ConfigurationError(["direct_url leads to another log than the store's address"])

    @asynccontextmanager
    async def _driver(self, *, is_shielded: bool = False) -> AsyncGenerator[Driver]:
        """Give a driver connection on which every statement is a transaction of its own.

        Args:
            is_shielded: Nobody cancels the task that asks.
        """
        self._in_use += 1
        try:
            with translated(self._database):
                opening = self.engine.connect() if is_shielded else connected(self.engine)
                async with self._pool.measured(opening) as connection:
                    try:
                        yield await living_driver(connection)
                    except TimeoutError:
                        # Nobody knows what such a connection will still say.
                        await connection.invalidate()
                        raise
        finally:
            self._in_use -= 1
            self._given_back.set()

    async def _fetch(
        self,
        driver: Driver,
        statement: Statement,
        arguments: Mapping[str, Any] | None = None,
    ) -> Sequence[Row]:
        return await driver.fetch(
            statement.sql, *statement.arguments(arguments or {}), timeout=self._statement_timeout
        )

    # ---- transactions

    @override
    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        async with self.connect() as tx, tx.begin():
            yield tx

    @override
    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[AsyncConnection]:
        self._refuse_if_closed()
        with transient_translated(self._database):
            async with self._pool.measured(connected(self.engine)) as connection:
                await living_driver(connection)
                yield connection

    @override
    def using(self, tx: AsyncConnection) -> EventStore:
        if tx.dialect.name != "postgresql":
            raise ConfigurationError(
                [f"the log is in {self._database}, but the transaction is on {tx.dialect.name}"]
            )
        return BoundPostgresStore(self, tx, announce=self.announce)

    # ---- lifetime

    @property
    @override
    def store_id(self) -> UUID:
        return self._store_id

    def take_identity(self, store_id: UUID) -> None:
        """Go by the identity that the log was given in a transaction that has committed."""
        self._store_id = store_id

    def bulk_rows(self, events: Sequence[BulkEvent]) -> BulkRows:
        """Spell events for the lane that records many at once; any thread may do so."""
        return _bulk_postgres.bulk_rows(events)

    @property
    @override
    def database(self) -> str:
        return self._database

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise StoreClosedError

    @override
    async def close(self) -> None:
        self._closed = True
        if self._closing is None:
            self._closing = asyncio.create_task(self._close(), name="eventdocs-close")
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await self._writer.close()
        await self._appending.close()
        await self._wakeups.close()
        await self._reading.close()
        while self._in_use:
            # A connection that is given back to a pool disposed of would never be closed.
            self._given_back.clear()
            await self._given_back.wait()
        await self._after_close.aclose()
