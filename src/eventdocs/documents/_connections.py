"""Connections of the documents' service, on which the database's failures are ours."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import StaleProjectionError
from eventdocs.projections import Projector, trouble_behind
from eventdocs.store import EventStore

_UNDEFINED_TABLE: Final = "42P01"  # https://www.postgresql.org/docs/current/errcodes-appendix.html


@asynccontextmanager
async def writing(store: EventStore) -> AsyncGenerator[AsyncConnection]:
    """Open a transaction that commits at the end of the block.

    Raises:
        StoreError: The database is busy, away, full or read-only; nothing was written.
    """
    with _translated(store):
        async with store.begin() as tx:
            yield tx


@asynccontextmanager
async def reading(store: EventStore) -> AsyncGenerator[AsyncConnection]:
    """Open a connection for reading contents.

    Raises:
        StoreError: The database is busy or away.
    """
    with _translated(store):
        async with store.connect() as connection:
            yield connection


@asynccontextmanager
async def reading_from(
    store: EventStore, projector: type[Projector]
) -> AsyncGenerator[AsyncConnection]:
    """Open a connection for reading the tables of *projector*.

    Raises:
        StoreError: The database is busy or away.
        StaleProjectionError: The tables are not there: the projector never ran here.
    """
    try:
        async with reading(store) as connection:
            yield connection
    except DBAPIError as error:
        if not await _is_missing(store, projector, error):
            raise
        raise StaleProjectionError(
            projector.name, 0, projector.version, "it was never built in this database"
        ) from error


@contextmanager
def _translated(store: EventStore) -> Generator[None]:
    try:
        yield
    except DBAPIError as error:
        trouble = trouble_behind(error, store.database)
        if trouble is None:
            raise
        raise trouble from error


async def _is_missing(store: EventStore, projector: type[Projector], error: DBAPIError) -> bool:
    if getattr(error.orig, "sqlstate", None) is not None:
        return getattr(error.orig, "sqlstate", None) == _UNDEFINED_TABLE

    def look(connection: Connection) -> bool:
        names = inspect(connection).get_table_names()
        return any(table.name not in names for table in projector.tables)

    async with reading(store) as connection:
        return await connection.run_sync(look)
