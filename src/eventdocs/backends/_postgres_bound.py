"""The log on PostgreSQL through a transaction of the host's."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, event
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs.backends._bound import BoundStore
from eventdocs.backends._postgres_batch import busy, call_for, outcomes_of
from eventdocs.backends._postgres_errors import translated
from eventdocs.backends._postgres_reader import Fetch, PostgresReader
from eventdocs.backends._postgres_sql import Row, Statement, from_file
from eventdocs.errors import EventdocsError
from eventdocs.store import Appended, EventStore, Together

T = TypeVar("T")


class BoundPostgresStore(BoundStore, PostgresReader):
    """A `PostgresEventStore` whose every statement runs in the host's transaction.

    All go through SQLAlchemy, which begins its transaction with its first statement: one
    that went past it to the driver would be committed at once.

    Args:
        store: The store that it belongs to.
        tx: The transaction.
        announce: Wakes those who follow the log.
    """

    def __init__(
        self, store: EventStore, tx: AsyncConnection, *, announce: Callable[[], None]
    ) -> None:
        super().__init__(store, tx)
        self._announce = announce

    @override
    async def _record(self, together: Together) -> tuple[Appended, ...]:
        call = call_for([together], skip_locked=False, patience=None)
        rows = await self._fetch(from_file(call.statement, self.schema), call.arguments)
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
            self._announce()

    @override
    async def _read_with(self, read: Callable[[Fetch], Awaitable[T]]) -> T:
        return await read(self._fetch)

    async def _fetch(
        self, statement: Statement, arguments: Mapping[str, Any] | None = None
    ) -> Sequence[Row]:
        with translated(self.database):
            found = await self._tx.execute(
                statement.clause,
                arguments or {},
                execution_options={"schema_translate_map": {None: self.schema}},
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
