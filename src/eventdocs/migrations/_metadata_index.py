"""Indexes that a host asks for, on its own keys of the events' metadata."""

from __future__ import annotations

import hashlib
import re

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from eventdocs.backends.tables import METADATA_INDEX
from eventdocs.migrations._ledger import check
from eventdocs.migrations._target import reading, writing
from eventdocs.store import check_metadata_key

_IS_VALID = text(
    """
    SELECT index.indisvalid
    FROM pg_index AS index
    JOIN pg_class AS name ON name.oid = index.indexrelid
    WHERE name.relname = :name
        AND index.indrelid = to_regclass(CAST(:qualifier AS text) || 'eventdocs_events')
    """
)


async def index_metadata(target: AsyncEngine | str, key: str, *, schema: str | None = None) -> bool:
    """Let events be found by what their metadata have under *key*; do nothing if they are.

    On PostgreSQL the index is built while others read and append (CONCURRENTLY), and one
    whose building was interrupted is built anew. Events without the key take no room in
    it. Read with `metadata={key: …}`.

    Args:
        target: The database.
        key: 1 to 128 printable characters, no quotation marks and no backslash.
        schema: The PostgreSQL schema of the tables; None for the search path's.

    Returns:
        Whether the index was made now.

    Raises:
        ValueError: No events are found by such a key.
        SchemaError: The tables are of another version of eventdocs.
        NotAnEventStoreError: It holds tables with our names that are not ours.
    """
    check_metadata_key(key)
    async with reading(target) as connection:
        await check(connection, schema)
        on_sqlite = connection.dialect.name == "sqlite"
    if on_sqlite:
        async with writing(target) as connection:
            return await _on_sqlite(connection, key)
    async with reading(target) as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        return await _on_postgres(connection, key, schema)


def index_name(key: str) -> str:
    """Name the index of a metadata key: readable, within 63 bytes, and another for each key."""
    readable = re.sub(r"[^a-z0-9]+", "_", key.lower())[:24]
    digest = hashlib.blake2b(key.encode(), digest_size=6).hexdigest()
    return f"{METADATA_INDEX}{readable}_{digest}"


async def _on_sqlite(connection: AsyncConnection, key: str) -> bool:
    name = index_name(key)
    found = await connection.scalar(
        text("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = :name"), {"name": name}
    )
    if found is None:
        value = f"json_extract(metadata, '$.\"{key}\"')"
        await connection.exec_driver_sql(
            f'CREATE INDEX "{name}" ON eventdocs_events ({value}, sequence) '
            f"WHERE {value} IS NOT NULL"
        )
    return found is None


async def _on_postgres(connection: AsyncConnection, key: str, schema: str | None) -> bool:
    name, qualifier = index_name(key), "" if schema is None else f'"{schema}".'
    is_valid = await connection.scalar(_IS_VALID, {"name": name, "qualifier": qualifier})
    if is_valid:
        return False
    if is_valid is False:
        await connection.exec_driver_sql(f'DROP INDEX CONCURRENTLY {qualifier}"{name}"')
    value = f"(metadata ->> '{key}')"
    await connection.exec_driver_sql(
        f'CREATE INDEX CONCURRENTLY "{name}" ON {qualifier}eventdocs_events ({value}, sequence) '
        f"WHERE {value} IS NOT NULL"
    )
    return True
