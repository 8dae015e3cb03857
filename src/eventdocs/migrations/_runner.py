"""The runner: brings a database from the version it has to the latest."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import insert, text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateTable

from eventdocs.backends import label_for
from eventdocs.errors import ConfigurationError, StoreBusyError
from eventdocs.migrations._declared import ledger
from eventdocs.migrations._ledger import read_version
from eventdocs.migrations._steps import Step, steps
from eventdocs.migrations._target import Target, reading, writing

_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(hashtextextended('eventdocs.migrations', 0))")
_LOCK_SECONDS: Final = 60.0
_SCHEMA_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


async def upgrade(target: Target, *, schema: str | None = None) -> list[Step]:
    """Bring the database to the latest version of the schema; do nothing if it has it.

    All steps are one transaction. Any number of processes may call it at once: one does
    the work, the others wait for it. Inside the caller's own transaction (*target* is a
    connection), the steps become permanent when the caller commits.

    Args:
        target: The database.
        schema: The PostgreSQL schema for the tables, made if it is missing; None for
            the first of the search path.

    Returns:
        The steps that were applied.

    Raises:
        SchemaTooNewError: A newer eventdocs has upgraded it.
        NotAnEventStoreError: It holds tables with our names that are not ours.
        MigrationChangedError: Another build of eventdocs has upgraded it.
        StoreBusyError: Another migrator did not finish within a minute.
    """
    async with writing(target) as connection:
        _check_schema_name(connection, schema)
        await _lock(connection)
        pending = await _pending(connection, schema)
        if pending:
            await _create_schema(connection, schema)
            options = {"schema_translate_map": {None: schema}}
            await connection.execute(
                CreateTable(ledger, if_not_exists=True), execution_options=options
            )
            for step in pending:
                for statement in step.statements(schema):
                    await connection.exec_driver_sql(statement)
                await connection.execute(
                    insert(ledger).values(
                        version=step.version,
                        name=step.name,
                        checksum=step.checksum,
                        applied_at=datetime.now(UTC),
                    ),
                    execution_options=options,
                )
        return pending


async def current(target: Target, *, schema: str | None = None) -> int:
    """Tell the version of the schema that the database has; 0 if it has none of our tables.

    Raises:
        SchemaTooNewError: A newer eventdocs has upgraded it.
        NotAnEventStoreError: It holds tables with our names that are not ours.
        MigrationChangedError: Another build of eventdocs has upgraded it.
    """
    async with reading(target) as connection:
        return await read_version(connection, schema)


async def plan(target: Target, *, schema: str | None = None) -> list[Step]:
    """Tell which steps `upgrade` would apply; their `statements` are the SQL it would run.

    Raises:
        SchemaTooNewError: A newer eventdocs has upgraded it.
        NotAnEventStoreError: It holds tables with our names that are not ours.
        MigrationChangedError: Another build of eventdocs has upgraded it.
    """
    async with reading(target) as connection:
        return await _pending(connection, schema)


async def _pending(connection: AsyncConnection, schema: str | None) -> list[Step]:
    found = await read_version(connection, schema)
    return [step for step in steps(connection.dialect.name) if step.version > found]


async def _lock(connection: AsyncConnection) -> None:
    """Keep other migrators out until the transaction ends.

    It is asked for again and again, never waited for: a waiting statement holds a snapshot
    that an index built concurrently would wait for in turn. SQLite has one writer anyway.
    """
    if connection.dialect.name == "sqlite":
        return
    deadline = asyncio.get_running_loop().time() + _LOCK_SECONDS
    while not (await connection.execute(_LOCK)).scalar_one():
        if asyncio.get_running_loop().time() > deadline:
            raise StoreBusyError(label_for(connection.engine.url), "another migration is under way")
        await asyncio.sleep(0.05)


def _check_schema_name(connection: AsyncConnection, schema: str | None) -> None:
    if schema is None:
        return
    if connection.dialect.name == "sqlite":
        raise ConfigurationError([f"SQLite has no schemas: leave out schema={schema!r}"])
    if not _SCHEMA_NAME.fullmatch(schema) or schema.lower().startswith("pg_"):
        raise ConfigurationError(
            [f"schema {schema!r}: use letters, digits and underscores, and no pg_ before them"]
        )


async def _create_schema(connection: AsyncConnection, schema: str | None) -> None:
    if schema is None:
        return
    exists = await connection.scalar(
        text("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = :schema)"),
        {"schema": schema},
    )
    if not exists:  # IF NOT EXISTS would ask for the right to create one all the same
        await connection.exec_driver_sql(f'CREATE SCHEMA "{schema}"')
