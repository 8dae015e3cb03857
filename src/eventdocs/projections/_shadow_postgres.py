"""Shadows on PostgreSQL: a schema of their own, found before the live one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Final, final
from uuid import uuid4

import attrs
from sqlalchemy import Table, bindparam, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, OID
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import AddConstraint, CreateSchema, DropSchema
from typing_extensions import override

from eventdocs.errors import RebuildFailedError
from eventdocs.projections._checkpoints import Checkpoint, create_checkpoint, read_checkpoints
from eventdocs.projections._installation import qualified, schema_of
from eventdocs.projections._projector import Projector
from eventdocs.projections._shadow import (
    Scratch,
    Shadow,
    Swap,
    check_stands,
    create_fresh,
    drop_orphans,
    outer_keys,
    shadow_name,
)
from eventdocs.projections._tables import projections
from eventdocs.projections._trouble import trouble_behind
from eventdocs.store import EventStore

# Below `deadlock_timeout` (1 s): where readers and the swap wait for one another, the
# swap gives way and tries again, and no reader is ever told of a deadlock.
_LOCK_TIMEOUT: Final = "300ms"

_SCHEMA_OF_BOOKKEEPING: Final = text(
    "SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE c.oid = to_regclass(:name)"
)
_FIND_TABLES: Final = text(
    "SELECT c.relname, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "WHERE n.nspname = :schema AND c.relname = ANY(:names)"
)
_FIND_KEYS_FROM_ELSEWHERE: Final = text(
    "SELECT CAST(CAST(conrelid AS regclass) AS text), quote_ident(conname), "
    "pg_get_constraintdef(oid) FROM pg_constraint "
    "WHERE contype = 'f' AND conparentid = 0 "
    "AND confrelid = ANY(:old) AND NOT conrelid = ANY(:old)"
).bindparams(bindparam("old", type_=ARRAY(OID)))
_FIND_GRANTS: Final = text(
    "SELECT format('GRANT %s ON TABLE %I.%I TO %s%s', a.privilege_type, CAST(:schema AS text), c.relname, "
    "CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END, "
    "CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END) "
    "FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a "
    "WHERE c.oid = ANY(:old) AND a.grantee <> c.relowner"
).bindparams(bindparam("old", type_=ARRAY(OID)))


async def live_schema(connection: AsyncConnection) -> str:
    """Name the schema in which the live tables are."""
    name = await connection.run_sync(lambda sync: qualified(sync, projections))
    found: str = (await connection.execute(_SCHEMA_OF_BOOKKEEPING, {"name": name})).scalar_one()
    return found


async def enter(tx: AsyncConnection, schema: str, live: str) -> None:
    """Let names without a schema mean what is in *schema*, then what is in *live*, in *tx*."""
    quote = tx.dialect.identifier_preparer.quote_schema
    if await tx.run_sync(schema_of) is not None:
        await tx.execution_options(schema_translate_map=None)
    path = f"{quote(schema)}, {quote(live)}, "
    await tx.execute(
        select(func.set_config("search_path", path + func.current_setting("search_path"), True))
    )


@final
class PostgresShadow(Shadow):
    """Fresh tables in a schema of their own, with the names they will have when they are live."""

    def __init__(self, store: EventStore, projector: Projector) -> None:
        self._store = store
        self._projector = projector
        self._schema = shadow_name(projector, store)
        self._live: str | None = None

    @override
    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        async with self._store.begin() as tx:
            if self._live is None:
                self._live = await live_schema(tx)
            await self._stay(tx)
            await enter(tx, self._schema, self._live)
            yield tx

    async def _stay(self, tx: AsyncConnection) -> None:
        """Keep the schema from being dropped: without it, names would mean the live tables."""
        try:
            await tx.exec_driver_sql(
                f"LOCK TABLE {self._schema}.{projections.name} IN ROW SHARE MODE"
            )
        except DBAPIError as error:
            if trouble_behind(error, self._store.database) is not None:
                raise
            raise RebuildFailedError(
                self._projector.name, "another rebuild of it has finished meanwhile"
            ) from error

    @override
    async def progress(self) -> list[Checkpoint]:
        async with self._store.connect() as connection:
            name = f"{self._schema}.{projections.name}"
            if await connection.scalar(select(func.to_regclass(name))) is None:
                return []
            await connection.execution_options(schema_translate_map={None: self._schema})
            return await read_checkpoints(connection, self._projector.name)

    @override
    async def create(self, firsts: Sequence[Checkpoint]) -> None:
        async with self._store.begin() as tx:
            live = await live_schema(tx)
            await tx.execute(CreateSchema(self._schema))
            await enter(tx, self._schema, live)
            await tx.run_sync(create_fresh, self._projector.tables)
            for first in firsts:
                await create_checkpoint(tx, first)

    @override
    @asynccontextmanager
    async def swap(self) -> AsyncGenerator[Swap]:
        async with self._store.begin() as tx:
            yield _PostgresSwap(tx=tx, projector=self._projector, schema=self._schema)

    @override
    async def discard(self) -> None:
        async with self._store.begin() as tx:
            await tx.execute(DropSchema(self._schema, cascade=True, if_exists=True))

    @override
    async def close(self) -> None:
        """Do nothing: the connections are the store's."""


@attrs.frozen(kw_only=True)
class _PostgresSwap:
    tx: AsyncConnection
    projector: Projector
    schema: str

    async def replace(self, stands: Sequence[Checkpoint]) -> None:
        await check_stands(self.tx, self.schema, stands)
        tx, tables = self.tx, self.projector.tables
        live = await live_schema(tx)
        quote = tx.dialect.identifier_preparer.quote
        fresh_names = [f"{self.schema}.{quote(table.name)}" for table in tables]
        for name in fresh_names:
            await tx.exec_driver_sql(f"ANALYZE {name}")
        await tx.exec_driver_sql(f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        old = await self._find(live)
        names = [f"{quote(live)}.{quote(name)}" for name in old]
        if names:
            await tx.exec_driver_sql(f"LOCK TABLE {', '.join(names)} IN ACCESS EXCLUSIVE MODE")
        oids = {"old": list(old.values())}
        keys = (await tx.execute(_FIND_KEYS_FROM_ELSEWHERE, oids)).all()
        grants = (await tx.scalars(_FIND_GRANTS, {**oids, "schema": live})).all()
        for child, key, _ in keys:
            await tx.exec_driver_sql(f"ALTER TABLE {child} DROP CONSTRAINT {key}")
        if names:
            await tx.exec_driver_sql(f"DROP TABLE {', '.join(names)}")
        for name in fresh_names:
            await tx.exec_driver_sql(f"ALTER TABLE {name} SET SCHEMA {quote(live)}")
        await self._restore_outer_keys()
        for child, key, definition in keys:
            await tx.exec_driver_sql(f"ALTER TABLE {child} ADD CONSTRAINT {key} {definition}")
        for grant in grants:
            await tx.exec_driver_sql(grant)
        await tx.execute(DropSchema(self.schema, cascade=True))

    async def _find(self, schema: str) -> dict[str, int]:
        names = [table.name for table in self.projector.tables]
        found = await self.tx.execute(_FIND_TABLES, {"schema": schema, "names": names})
        return {row.relname: row.oid for row in found}

    async def _restore_outer_keys(self) -> None:
        names = [table.name for table in self.projector.tables]
        keys = [key for table in self.projector.tables for key in outer_keys(table, names)]
        await drop_orphans(self.tx, keys)
        for key in keys:
            await self.tx.execute(AddConstraint(key, isolate_from_table=False))


@attrs.frozen(kw_only=True)
class _PostgresScratch:
    tx: AsyncConnection
    live: str
    fresh: str

    async def create(self, tables: Sequence[Table]) -> None:
        await self.tx.execute(CreateSchema(self.fresh))
        await enter(self.tx, self.fresh, self.live)
        await self.tx.run_sync(create_fresh, tables)


@asynccontextmanager
async def postgres_scratch(store: EventStore) -> AsyncGenerator[Scratch]:
    """Open a transaction on a snapshot of the database, and undo all of it at the end."""
    with suppress(_UndoneError):
        async with store.begin() as tx:
            await tx.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            live = await live_schema(tx)
            yield _PostgresScratch(tx=tx, live=live, fresh=f"eventdocs_verify_{uuid4().hex[:16]}")
            raise _UndoneError


class _UndoneError(Exception):
    """Rolls a transaction back."""
