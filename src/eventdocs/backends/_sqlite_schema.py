"""The log's tables in a SQLite file: looked for, created and upgraded before a store opens."""

from __future__ import annotations

import asyncio
import contextlib
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from eventdocs.backends._sqlite_errors import translated
from eventdocs.backends._sqlite_file import IMMEDIATE, FileState, SqliteFile
from eventdocs.errors import NotAnEventStoreError, SchemaTooOldError
from eventdocs.migrations import LATEST, check, upgrade


async def prepare_schema(file: SqliteFile, engine: AsyncEngine, *, migrate: bool | None) -> None:
    """See to it that *file* holds the schema that this code works with.

    Args:
        file: What is opened.
        engine: Connections to it.
        migrate: True creates and upgrades the tables; None does so unless the file holds
            tables of another application only; False only checks.
    """
    state, tables = await asyncio.to_thread(file.inspect)
    # What is to be refused is refused before anything changes the file.
    too_old = await _check(file, engine, state)
    if state is FileState.FOREIGN and not migrate:
        raise NotAnEventStoreError(
            file.label,
            f"it holds tables of another application ({', '.join(tables[:5])}); `eventdocs "
            "migrate up`, or opening it with migrate=True, keeps the log beside them",
        )
    if too_old is not None and migrate is False:
        raise too_old
    await asyncio.to_thread(file.create)
    if too_old is not None:
        with translated(file.label):
            async with engine.execution_options(**IMMEDIATE).begin() as connection:
                await upgrade(connection)


async def _check(
    file: SqliteFile, engine: AsyncEngine, state: FileState
) -> SchemaTooOldError | None:
    """Refuse tables that are newer than this code or not ours; tell what can be upgraded."""
    if state is FileState.NEW:
        return SchemaTooOldError(file.label, 0, LATEST)
    with translated(file.label):
        try:
            async with engine.connect() as connection:
                await check(connection, database=file.label)
        except SchemaTooOldError as error:
            return error
    return None


async def read_store_id(file: SqliteFile) -> UUID:
    """Read the identity of the log in *file*."""

    def read() -> str:
        with translated(file.label), contextlib.closing(file.connect()) as connection:
            row = connection.execute("SELECT store_id FROM eventdocs_store").fetchone()
        if row is None:
            raise NotAnEventStoreError(file.label, "its eventdocs_store table is empty")
        return str(row[0])

    return UUID(await asyncio.to_thread(read))
