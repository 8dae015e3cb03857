"""The log on SQLite through a transaction of the host's."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs.backends import _sqlite_batch as batches
from eventdocs.backends import _sqlite_reading as reading
from eventdocs.backends._bound import BoundStore
from eventdocs.backends._sqlite_errors import translated
from eventdocs.errors import ConfigurationError, StoreError
from eventdocs.store import Appended, Page, Selection, Together, check_stream_name

# Changes nothing, but takes the write lock, so that what is read next stays true until
# the transaction ends. It has to come before a savepoint: Python's driver begins its
# transactions with the first statement that writes, and a savepoint outside of one
# would be a transaction of its own, which no rollback of the host's undoes.
_TAKE_WRITE_LOCK: Final = "UPDATE eventdocs_streams SET version = version WHERE stream = ''"


class BoundSqliteStore(BoundStore):
    """A `SqliteEventStore` whose every statement runs in the host's transaction."""

    @override
    async def _record(self, together: Together) -> tuple[Appended, ...]:
        with translated(self.database):
            await self._take_write_lock()
            async with self._tx.begin_nested():
                return await self._write(together)

    async def _take_write_lock(self) -> None:
        await self._tx.exec_driver_sql(_TAKE_WRITE_LOCK)
        driver = (await self._tx.get_raw_connection()).driver_connection
        if driver is None or not driver.in_transaction:
            problem = (
                f"the connection to {self.database} commits every statement by itself; "
                "append in a transaction, or through the store without using()"
            )
            raise ConfigurationError([problem])

    async def _write(self, together: Together) -> tuple[Appended, ...]:
        last_sequence = await self._rows(batches.FIND_LAST_SEQUENCE)
        batch = batches.Batch(
            await self._rows(batches.FIND_EVENTS, batches.ids_of([together])),
            await self._rows(batches.FIND_STREAMS, batches.streams_of([together])),
            last_sequence[0][0] if last_sequence else 0,
        )
        outcome = batch.judge(together)
        if isinstance(outcome, StoreError):
            raise outcome
        if batch.events:
            await self._tx.exec_driver_sql(batches.INSERT_EVENT, batch.events)
            await self._tx.exec_driver_sql(batches.UPSERT_STREAM, batch.streams)
        return outcome

    async def _rows(self, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
        result = await self._tx.exec_driver_sql(statement, arguments)
        return [tuple(row) for row in result]

    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        with translated(self.database):
            found = await self._tx.exec_driver_sql(*reading.page_query(selection, limit))
        return reading.page_of(selection, limit, found.all(), self.codec)

    @override
    async def narrowed(self, selection: Selection) -> Selection:
        if not selection.is_led_by_time:
            return selection
        head = await self.head()
        with translated(self.database):
            found = await self._tx.exec_driver_sql(*reading.span_query(selection))
        return reading.narrowed(selection, head, found.one())

    @override
    async def stream_version(self, stream: str) -> int:
        with translated(self.database):
            found = await self._rows(reading.FIND_STREAM_VERSION, check_stream_name(stream))
        return int(found[0][0]) if found else 0

    @override
    async def head(self) -> int:
        with translated(self.database):
            found = await self._rows(reading.FIND_HEAD)
        return int(found[0][0])

    @override
    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        with translated(self.database):
            await self._take_write_lock()
            savepoint = await self._tx.begin_nested()
        async with savepoint:
            yield self._tx

    @override
    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[AsyncConnection]:
        yield self._tx
