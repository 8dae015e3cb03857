"""The log on PostgreSQL through a transaction of the host's."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs.backends._postgres_batch import busy, call_for, outcomes_of
from eventdocs.backends._postgres_errors import translated
from eventdocs.backends._postgres_reading import (
    checked_watermark,
    feed_status,
    furthest,
    narrowed,
    page_arguments,
    page_of,
    page_statement,
    span_query,
)
from eventdocs.backends._postgres_sql import Row, Statement, from_file
from eventdocs.errors import EventdocsError
from eventdocs.store import (
    Appended,
    EventStore,
    FeedStatus,
    Page,
    Selection,
    StoreStatistics,
    Together,
    check_stream_name,
)

if TYPE_CHECKING:
    from eventdocs.backends.postgres import PostgresEventStore


class BoundPostgresStore(EventStore):
    """A `PostgresEventStore` whose every statement runs in the host's transaction.

    All go through SQLAlchemy, which begins its transaction with its first statement: one
    that went past it to the driver would be committed at once.
    """

    def __init__(self, store: PostgresEventStore, tx: AsyncConnection) -> None:
        super().__init__(store.registry, instrumentation=store.instrumentation)
        self.schema = store.schema
        self._store = store
        self._tx = tx

    @override
    async def _record(self, together: Together) -> tuple[Appended, ...]:
        call = call_for([together], skip_locked=False, patience=None)
        rows = await self._rows(from_file(call.statement, self._store.schema), call.arguments)
        (outcome,) = outcomes_of([together], rows)
        if outcome is None:
            raise busy(self.database, together)
        if isinstance(outcome, EventdocsError):
            raise outcome
        self._announce_at_commit()
        return outcome

    def _announce_at_commit(self) -> None:
        # Told just before the commit: who is woken too soon soon looks again.
        if self._tx.sync_connection is None:
            return

        @event.listens_for(self._tx.sync_connection, "commit", once=True)
        def announce(_: Connection) -> None:
            self._store.announce()

    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        started = time.perf_counter()
        until = furthest(selection)
        if selection.stream is None:
            until = min(until, await self._watermark())
        rows = await self._rows(
            page_statement(selection, self._store.schema),
            page_arguments(selection, limit, until),
        )
        page = page_of(selection, limit, rows, self.codec)
        self.instrumentation.read(events=len(page.events), seconds=time.perf_counter() - started)
        return page

    async def _watermark(self) -> int:
        rows = await self._rows(from_file("watermark", self._store.schema), {})
        return checked_watermark(rows[0][0], self.database)

    @override
    async def narrowed(self, selection: Selection) -> Selection:
        if not selection.is_led_by_time:
            return selection
        settled = await self.head()
        rows = await self._rows(*span_query(selection, self._store.schema))
        return narrowed(selection, rows[0], settled)

    @override
    async def stream_version(self, stream: str) -> int:
        rows = await self._rows(
            from_file("stream_version", self._store.schema), {"stream": check_stream_name(stream)}
        )
        return rows[0][0] if rows else 0

    @override
    def statistics(self) -> StoreStatistics:
        return self._store.statistics()

    @override
    async def head(self) -> int:
        rows = await self._rows(from_file("head", self._store.schema), {})
        checked_watermark(rows[0][0], self.database)
        return int(rows[0][1])

    @override
    async def feed(self) -> FeedStatus:
        rows = await self._rows(from_file("feed_last", self.schema), {})
        last = checked_watermark(rows[0][0], self.database)
        return feed_status(last, await self._rows(from_file("feed_holders", self.schema), {}))

    async def _rows(self, statement: Statement, arguments: Mapping[str, Any]) -> Sequence[Row]:
        with translated(self.database):
            found = await self._tx.execute(
                statement.clause,
                arguments,
                execution_options={"schema_translate_map": {None: self._store.schema}},
            )
        return found.all()

    @override
    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        async with self._tx.begin_nested():
            yield self._tx

    @override
    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[AsyncConnection]:
        # Under a savepoint: a query that fails must not undo what the host has done.
        async with self._tx.begin_nested():
            yield self._tx

    @override
    def using(self, tx: AsyncConnection) -> EventStore:
        return self._store.using(tx)

    @property
    @override
    def store_id(self) -> UUID:
        return self._store.store_id

    @property
    @override
    def database(self) -> str:
        return self._store.database

    @override
    async def close(self) -> None:
        """Do nothing: the transaction is the host's."""
