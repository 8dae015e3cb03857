"""The log's tables in a SQLite file: looked for, created and upgraded before a store opens."""

from __future__ import annotations

import asyncio
import contextlib
from uuid import UUID, uuid4

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from eventdocs.backends._sqlite_errors import translated
from eventdocs.backends._sqlite_file import IMMEDIATE, FileState, SqliteFile
from eventdocs.backends.tables import log_metadata, store_identity
from eventdocs.errors import NotAnEventStoreError, SchemaTooOldError


async def prepare_schema(file: SqliteFile, engine: AsyncEngine, *, migrate: bool | None) -> None:
    """See to it that *file* holds the schema that this code works with.

    Args:
        file: What is opened.
        engine: Connections to it.
        migrate: True creates and upgrades the tables; None does so unless the file holds
            tables of another application only; False only checks.
    """
    state, tables = await asyncio.to_thread(file.inspect)
    if state is FileState.FOREIGN and not migrate:
        raise NotAnEventStoreError(
            file.label,
            f"it holds tables of another application ({', '.join(tables[:5])}); "
            "open it with migrate=True to keep the log beside them",
        )
    if state is FileState.NEW and migrate is False:
        raise SchemaTooOldError(file.label, 0, 1)
    await asyncio.to_thread(file.create)
    with translated(file.label):
        await _upgrade(engine)


async def _upgrade(engine: AsyncEngine) -> None:
    async with engine.execution_options(**IMMEDIATE).begin() as tx:
        found = await tx.exec_driver_sql(
            "SELECT count(*) FROM sqlite_master WHERE name = 'eventdocs_store'"
        )
        if found.scalar_one():
            return
        from eventdocs.backends.tables import events

        events.dialect_options["sqlite"]["autoincrement"] = True
        await tx.run_sync(log_metadata.create_all)
        from datetime import datetime, UTC

        await tx.execute(
            insert(store_identity).values(
                only_row=1, store_id=uuid4(), created_at=datetime.now(UTC).isoformat()
            )
        )
        from eventdocs.documents._tables import content_metadata
        from eventdocs.projections._tables import projection_metadata

        await tx.run_sync(projection_metadata.create_all)
        await tx.run_sync(content_metadata.create_all)


async def read_store_id(file: SqliteFile) -> UUID:
    """Read the identity of the log in *file*."""

    def read() -> str:
        with translated(file.label), contextlib.closing(file.connect()) as connection:
            row = connection.execute("SELECT store_id FROM eventdocs_store").fetchone()
        if row is None:
            raise NotAnEventStoreError(file.label, "its eventdocs_store table is empty")
        return str(row[0])

    return UUID(await asyncio.to_thread(read))
