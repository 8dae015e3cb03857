"""The ledger: which steps a database has behind it."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.backends import label_for
from eventdocs.errors import (
    MigrationChangedError,
    NotAnEventStoreError,
    SchemaTooNewError,
    SchemaTooOldError,
)
from eventdocs.migrations._declared import declared_tables, ledger
from eventdocs.migrations._steps import LATEST, steps

_TABLES: Final = {
    "postgresql": text(
        r"""
        SELECT relname FROM pg_class
        WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relname LIKE 'eventdocs\_%'
            AND CASE
                WHEN CAST(:schema AS text) IS NULL THEN pg_table_is_visible(oid)
                ELSE relnamespace = to_regnamespace(quote_ident(CAST(:schema AS text)))
            END
        """
    ),
    "sqlite": text(
        r"""
        SELECT name FROM sqlite_master
        WHERE type IN ('table', 'view') AND name LIKE 'eventdocs\_%' ESCAPE '\'
            AND :schema IS NULL
        """
    ),
}


async def check(
    connection: AsyncConnection, schema: str | None = None, *, database: str | None = None
) -> None:
    """See that a database has exactly the schema that this eventdocs works with.

    Args:
        connection: To the database.
        schema: The PostgreSQL schema of the tables; None for the search path's.
        database: What errors call the database; its address without secrets by default.

    Raises:
        SchemaTooOldError: It is to be upgraded first, or holds nothing yet.
        SchemaTooNewError: A newer eventdocs has upgraded it.
        NotAnEventStoreError: It holds tables with our names that are not ours.
        MigrationChangedError: Another build of eventdocs has upgraded it.
    """
    database = database or label_for(connection.engine.url)
    found = await connection.run_sync(read_version, schema, database=database)
    if found < LATEST:
        raise SchemaTooOldError(database, found, LATEST)


def read_version(connection: Connection, schema: str | None, *, database: str | None = None) -> int:
    """Read the version a database is at; 0 if it holds none of our tables.

    Raises:
        SchemaTooNewError: A newer eventdocs has upgraded it.
        NotAnEventStoreError: It holds tables with our names that are not ours.
        MigrationChangedError: Another build of eventdocs has upgraded it.
    """
    database = database or label_for(connection.engine.url)
    dialect = connection.dialect.name
    tables = set(connection.scalars(_TABLES[dialect], {"schema": schema}))
    if ledger.name not in tables:
        known = sorted(tables & {table.name for table in declared_tables()})
        if known:
            raise NotAnEventStoreError(database, f"it has a table {known[0]} of another making")
        return 0
    try:
        rows = connection.execute(
            select(ledger.c.version, ledger.c.name, ledger.c.checksum).order_by(ledger.c.version),
            execution_options={"schema_translate_map": {None: schema}},
        ).all()
    except DBAPIError as error:
        raise NotAnEventStoreError(
            database, f"its table {ledger.name} is of another making"
        ) from error
    versions = [row.version for row in rows]
    if versions != list(range(1, len(versions) + 1)):
        raise NotAnEventStoreError(database, f"its table {ledger.name} has gaps: {versions}")
    if len(versions) > LATEST:
        raise SchemaTooNewError(database, len(versions), LATEST)
    for row, step in zip(rows, steps(dialect), strict=False):
        if row.checksum != step.checksum:
            raise MigrationChangedError(database, row.version, row.name)
    return len(versions)
