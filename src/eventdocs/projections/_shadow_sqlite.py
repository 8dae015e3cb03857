"""Shadows on SQLite: a file of their own, to which the live one is attached for reading."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, final

import attrs
from sqlalchemy import Connection, Table, bindparam, event, text
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from typing_extensions import override

from eventdocs.errors import RebuildFailedError
from eventdocs.projections._checkpoints import Checkpoint, create_checkpoint, read_checkpoints
from eventdocs.projections._projector import Projector
from eventdocs.projections._shadow import (
    Scratch,
    Shadow,
    Swap,
    check_stands,
    create_fresh,
    drop_orphans,
    shadow_name,
)
from eventdocs.projections._tables import projections
from eventdocs.store import EventStore

_LIVE: Final = "eventdocs_live"
_FRESH: Final = "eventdocs_fresh"
_BUSY_SECONDS: Final = 30.0

_EXISTS: Final = text("SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = :name")
_FIND_REFERRING: Final = text(
    "SELECT DISTINCT t.name FROM main.sqlite_schema t, pragma_foreign_key_list(t.name) k "
    "WHERE t.type = 'table' AND lower(k.\"table\") IN :names"
).bindparams(bindparam("names", expanding=True))


async def live_file(store: EventStore) -> Path:
    """Find the file in which the live tables are."""
    async with store.connect() as connection:
        found = await connection.exec_driver_sql("PRAGMA database_list")
        return Path(next(row.file for row in found if row.name == "main"))


def _engine(file: str, *pragmas: str, attach: Path | None = None) -> AsyncEngine:
    """Make an engine with one connection, whose transactions take the write lock at once.

    Args:
        file: A URI; `file:` alone is a database that vanishes with the connection.
        pragmas: Settings of the connection.
        attach: The live file. It is attached for reading only, so that a transaction
            neither waits for its writers nor keeps them waiting.
    """
    engine = create_async_engine(
        URL.create("sqlite+aiosqlite", database=file, query={"uri": "true"}),
        connect_args={"isolation_level": None, "timeout": _BUSY_SECONDS},
        poolclass=AsyncAdaptedQueuePool,
        pool_size=1,
        max_overflow=0,
    )

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(connection: DBAPIConnection, _: object) -> None:
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        if attach is not None:
            cursor.execute(f"ATTACH ? AS {_LIVE}", (f"{attach.as_uri()}?mode=ro",))
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


@final
class SqliteShadow(Shadow):
    """Fresh tables in a file of their own, with the names they will have when they are live."""

    def __init__(self, store: EventStore, projector: Projector, live: Path) -> None:
        self._projector = projector
        self._live = live
        self._path = live.with_name(f"{live.name}-{shadow_name(projector, store)}")
        self._engine = _engine(
            self._path.as_uri(),
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            attach=live,
        )

    @override
    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        async with self._engine.begin() as tx:
            yield tx

    @override
    async def progress(self) -> list[Checkpoint]:
        if not await asyncio.to_thread(self._path.exists):
            return []
        async with self.begin() as tx:
            # Without this question the name would mean the live table.
            if await tx.scalar(_EXISTS, {"name": projections.name}) is None:
                return []
            return await read_checkpoints(tx, self._projector.name)

    @override
    async def create(self, firsts: Sequence[Checkpoint]) -> None:
        async with self.begin() as tx:
            await tx.run_sync(create_fresh, self._projector.tables)
            for first in firsts:
                await create_checkpoint(tx, first)

    @override
    @asynccontextmanager
    async def swap(self) -> AsyncGenerator[Swap]:
        # Without foreign keys: dropping a parent would delete its children row by row.
        engine = _engine(f"{self._live.as_uri()}?mode=rw", "foreign_keys = OFF")
        try:
            async with engine.begin() as tx:
                yield _SqliteSwap(tx=tx, projector=self._projector, path=self._path)
        finally:
            await engine.dispose()
        await self.discard()

    @override
    async def discard(self) -> None:
        await self.close()
        for suffix in ("", "-wal", "-shm"):
            path = self._path.with_name(f"{self._path.name}{suffix}")
            await asyncio.to_thread(path.unlink, missing_ok=True)

    @override
    async def close(self) -> None:
        await self._engine.dispose()


@attrs.frozen(kw_only=True)
class _SqliteSwap:
    tx: AsyncConnection
    projector: Projector
    path: Path

    async def replace(self, stands: Sequence[Checkpoint]) -> None:
        await self.tx.exec_driver_sql(f"ATTACH ? AS {_FRESH}", (f"{self.path.as_uri()}?mode=rw",))
        await check_stands(self.tx, _FRESH, stands)
        await self._copy()
        await self._check_keys()

    async def _copy(self) -> None:
        quote = self.tx.dialect.identifier_preparer.quote
        for table in self.projector.tables:
            await self.tx.run_sync(table.drop, checkfirst=True)
        for table in self.projector.tables:
            await self.tx.run_sync(table.create)
            names = ", ".join(quote(each.name) for each in table.columns if each.computed is None)
            name = quote(table.name)
            await self.tx.exec_driver_sql(
                f"INSERT INTO main.{name} ({names}) SELECT {names} FROM {_FRESH}.{name}"  # noqa: S608 - names of the declared table, quoted
            )
        keys = [key for table in self.projector.tables for key in table.foreign_key_constraints]
        # Foreign keys are off here, so an orphan's own children show up in the next round.
        while await drop_orphans(self.tx, keys):
            pass

    async def _check_keys(self) -> None:
        names = [table.name for table in self.projector.tables]
        lowered = [name.lower() for name in names]
        referring = (await self.tx.scalars(_FIND_REFERRING, {"names": lowered})).all()
        for name in dict.fromkeys([*names, *referring]):
            quoted = self.tx.dialect.identifier_preparer.quote(name)
            found = await self.tx.exec_driver_sql(f"PRAGMA main.foreign_key_check({quoted})")
            violation = found.mappings().first()
            if violation is not None:
                raise RebuildFailedError(
                    self.projector.name,
                    f"row {violation['rowid']} of table {name} refers to a row of "
                    f"{violation['parent']} that would not be there any more",
                )


@attrs.frozen(kw_only=True)
class _SqliteScratch:
    tx: AsyncConnection
    live: str = _LIVE
    fresh: str = "main"

    async def create(self, tables: Sequence[Table]) -> None:
        await self.tx.run_sync(create_fresh, tables)


@asynccontextmanager
async def sqlite_scratch(store: EventStore) -> AsyncGenerator[Scratch]:
    """Open a transaction on a temporary database, with a snapshot of the live one attached."""
    engine = _engine("file:", "foreign_keys = ON", attach=await live_file(store))
    try:
        async with engine.connect() as connection, connection.begin() as transaction:
            yield _SqliteScratch(tx=connection)
            await transaction.rollback()
    finally:
        await engine.dispose()
