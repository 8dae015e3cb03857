"""The log in a SQLite file."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Self
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from typing_extensions import override

from eventdocs.backends import _bulk_sqlite
from eventdocs.backends import _sqlite_batch as batches
from eventdocs.backends import _sqlite_reading as reading
from eventdocs.backends._bulk import BulkEvent, BulkRows
from eventdocs.backends._listening import Listening
from eventdocs.backends._pool import PoolMeter, pool_use
from eventdocs.backends._sqlite_bound import BoundSqliteStore
from eventdocs.backends._sqlite_errors import translated
from eventdocs.backends._sqlite_file import IMMEDIATE, SqliteFile
from eventdocs.backends._sqlite_schema import prepare_schema, read_store_id
from eventdocs.backends._sqlite_threads import ConnectionThreads
from eventdocs.errors import ConfigurationError, StoreBusyError, StoreClosedError, StoreError
from eventdocs.observability import Instrumentation
from eventdocs.store import (
    Appended,
    Bell,
    EventRegistry,
    EventStore,
    GroupCommit,
    Page,
    Selection,
    StoreStatistics,
    Together,
    check_stream_name,
)

__all__ = ["SqliteEventStore"]

_READERS: Final = 4
_WATCH_SECONDS: Final = 0.01


class SqliteEventStore(EventStore):
    """An event store in one SQLite file, which other processes may use at the same time.

    Writers are serialised by SQLite, so a sequence is visible as soon as it exists and
    the log has no holes. Appends that arrive while one is being written share the next
    transaction. Open it with `eventdocs.open_store`.

    Attributes:
        engine: What `begin` and `connect` take their connections from.
    """

    def __init__(
        self,
        file: SqliteFile,
        registry: EventRegistry,
        *,
        store_id: UUID,
        engine: AsyncEngine,
        instrumentation: Instrumentation | None = None,
    ) -> None:
        super().__init__(registry, instrumentation=instrumentation)
        self.engine = engine
        self._file = file
        self._store_id = store_id
        self._after_close = AsyncExitStack()
        self._writing_engine = engine.execution_options(**IMMEDIATE)
        self._writer = _threads(file, 1)
        self._readers = _threads(file, _READERS)
        self._group: GroupCommit[Together, tuple[Appended, ...]] = GroupCommit(
            self._flush, weigh=lambda unit: sum(len(append.events) for append in unit)
        )
        self._flushes = self._flushed = 0
        self._listening = Listening(self._watch)
        # SQLite's own queue for the write lock is a loop of naps: within the process,
        # writers take turns here.
        self._turn = asyncio.Lock()
        self._pool = PoolMeter(self.statistics, self.instrumentation)
        self._closed = False
        self._closing: asyncio.Task[None] | None = None

    @classmethod
    async def open(
        cls,
        path: Path | None,
        registry: EventRegistry,
        *,
        migrate: bool | None = None,
        instrumentation: Instrumentation | None = None,
        busy_timeout: float = 5.0,
    ) -> Self:
        """Open the log in the file at *path*.

        Args:
            path: Created where it is missing, unless *migrate* is False. None stands for
                `:memory:`: a file in a folder of its own that goes when the store is
                closed, so that readers and writers are as independent as on any file.
            registry: The event types to write and read.
            migrate: True creates and upgrades the tables; None does so unless the
                file holds tables of another application only; False only checks.
            instrumentation: Is told what happens.
            busy_timeout: Seconds to wait for another writer to finish.

        Raises:
            NotAnEventStoreError: The file is another application's, or no database.
            SchemaError: The tables are of another version of eventdocs.
            StoreUnavailableError: The file cannot be opened.
            StoreReadOnlyError: It would have to be changed and cannot be.
        """
        async with AsyncExitStack() as undo:
            if path is None:
                folder = TemporaryDirectory(prefix="eventdocs-", ignore_cleanup_errors=True)
                undo.callback(folder.cleanup)
                file = SqliteFile(
                    path=Path(folder.name, "log.db"),
                    label="sqlite:///:memory:",
                    synchronous="OFF",
                    busy_timeout=busy_timeout,
                )
            else:
                label = f"sqlite:///{path}"
                file = SqliteFile(path=path, label=label, busy_timeout=busy_timeout)
            engine = file.engine()
            undo.push_async_callback(engine.dispose)
            await prepare_schema(file, engine, migrate=migrate)
            store = cls(
                file,
                registry,
                store_id=await read_store_id(file),
                engine=engine,
                instrumentation=instrumentation,
            )
            store._after_close = undo.pop_all()
        return store

    # ---- writing

    @override
    async def _record(self, together: Together) -> tuple[Appended, ...]:
        return await self._group.submit(together)

    async def _flush(self, units: Sequence[Together]) -> Sequence[tuple[Appended, ...] | Exception]:
        started = time.perf_counter()
        self._flushes += 1
        self._flushed += len(units)
        async with self._my_turn():
            outcomes = await self._writer.run(lambda connection: _write(connection, units))
        self._listening.bell.ring()
        self.instrumentation.flushed(
            appends=sum(len(unit) for unit in units),
            events=sum(len(append.events) for unit in units for append in unit),
            seconds=time.perf_counter() - started,
        )
        return outcomes

    @asynccontextmanager
    async def _my_turn(self) -> AsyncGenerator[None]:
        try:
            async with asyncio.timeout(self._file.busy_timeout):
                await self._turn.acquire()
        except TimeoutError:
            raise StoreBusyError(
                self.database,
                "a transaction of this process holds the write lock; inside a transaction "
                "append through store.using(tx)",
            ) from None
        try:
            yield
        finally:
            self._turn.release()

    # ---- reading

    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        started = time.perf_counter()
        query = reading.page_query(selection, limit)

        def read(connection: sqlite3.Connection) -> Page:
            seen: int = 0
            if selection.follows_few:
                seen = connection.execute(reading.FIND_HEAD).fetchone()[0]
            rows = connection.execute(*query).fetchall()
            return reading.page_of(selection, limit, rows, self.codec, seen=seen)

        page = await self._readers.run(read)
        self.instrumentation.read(events=len(page.events), seconds=time.perf_counter() - started)
        return page

    @override
    async def narrowed(self, selection: Selection) -> Selection:
        if not selection.is_led_by_time:
            return selection
        query = reading.span_query(selection)

        def find(connection: sqlite3.Connection) -> Selection:
            (head,) = connection.execute(reading.FIND_HEAD).fetchone()
            return reading.narrowed(selection, head, connection.execute(*query).fetchone())

        return await self._readers.run(find)

    @override
    async def stream_version(self, stream: str) -> int:
        return await self._find(reading.FIND_STREAM_VERSION, check_stream_name(stream))

    @override
    async def head(self) -> int:
        return await self._find(reading.FIND_HEAD)

    @override
    def statistics(self) -> StoreStatistics:
        pool = pool_use(self.engine)
        threads = (self._writer, self._readers)
        own_limit = sum(each.limit for each in threads)
        return StoreStatistics(
            connections_in_use=pool.in_use + sum(each.in_use for each in threads),
            connections_open=pool.open + sum(each.open for each in threads),
            connections_limit=None if pool.limit is None else pool.limit + own_limit,
            appends_waiting=self._group.waiting,
            appends_flushed=self._flushed,
            flushes=self._flushes,
        )

    async def _find(self, statement: str, *arguments: str) -> int:
        def job(connection: sqlite3.Connection) -> int:
            row: tuple[int] | None = connection.execute(statement, arguments).fetchone()
            return row[0] if row else 0

        return await self._readers.run(job)

    # ---- following

    @override
    def listening(self) -> AbstractAsyncContextManager[Bell]:
        self._refuse_if_closed()
        return self._listening.open()

    async def _watch(self) -> None:
        """Ring whenever another connection has committed, in whatever process."""
        thread = _threads(self._file, 1)
        known: int | None = None
        try:
            while True:
                with suppress(StoreError):  # those who listen look all the same
                    version = await thread.run(_data_version)
                    if version != known:
                        known = version
                        self._listening.bell.ring()
                await asyncio.sleep(_WATCH_SECONDS)
        finally:
            await thread.close()

    # ---- transactions

    @override
    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        self._refuse_if_closed()
        async with self._my_turn(), self._connection(self._writing_engine) as tx:
            with translated(self.database):
                await tx.begin()
            yield tx
            with translated(self.database):
                try:
                    await tx.commit()
                except BaseException:
                    # What fails before the commit, or is refused by a deferred constraint,
                    # leaves the transaction open, and the pool would hand it on like that.
                    await tx.rollback()
                    raise

    @override
    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[AsyncConnection]:
        self._refuse_if_closed()
        async with self._connection(self.engine) as connection:
            yield connection

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
        async with AsyncExitStack() as stack:
            with translated(self.database):
                connection = await stack.enter_async_context(self._pool.measured(engine.connect()))
            yield connection

    @override
    def using(self, tx: AsyncConnection) -> EventStore:
        if tx.dialect.name != "sqlite":
            raise ConfigurationError(
                [f"the log is in {self.database}, but the transaction is on {tx.dialect.name}"]
            )
        return BoundSqliteStore(self, tx)

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
        return _bulk_sqlite.bulk_rows(events)

    @property
    @override
    def database(self) -> str:
        return self._file.label

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
        await self._group.close()
        await self._listening.close()
        await self._writer.close()
        await self._readers.close()
        await self._after_close.aclose()


def _threads(file: SqliteFile, count: int) -> ConnectionThreads:
    return ConnectionThreads(
        file.connect, identity=file.identity, threads=count, database=file.label
    )


def _data_version(connection: sqlite3.Connection) -> int:
    version: int = connection.execute("PRAGMA data_version").fetchone()[0]
    return version


def _write(
    connection: sqlite3.Connection, units: Sequence[Together]
) -> list[tuple[Appended, ...] | StoreError]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        last_sequence = connection.execute(batches.FIND_LAST_SEQUENCE).fetchone()
        batch = batches.Batch(
            connection.execute(batches.FIND_EVENTS, (batches.ids_of(units),)),
            connection.execute(batches.FIND_STREAMS, (batches.streams_of(units),)),
            last_sequence[0] if last_sequence else 0,
        )
        outcomes = [batch.judge(unit) for unit in units]
        connection.executemany(batches.INSERT_EVENT, batch.events)
        connection.executemany(batches.UPSERT_STREAM, batch.streams)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return outcomes
