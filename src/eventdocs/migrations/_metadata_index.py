"""Indexes that a host asks for, on its own keys of the events' metadata."""

from __future__ import annotations

import hashlib
import re

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from eventdocs.backends.tables import METADATA_INDEX
from eventdocs.errors import SchemaTooOldError
from eventdocs.migrations._ledger import read_version
from eventdocs.migrations._steps import LATEST
from eventdocs.migrations._target import Session, perform
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
    return await perform(target, lambda session: _index(session, key, schema))


def _index(session: Session, key: str, schema: str | None) -> bool:
    connection = session.connection
    found = read_version(connection, schema)
    if found < LATEST:
        raise SchemaTooOldError(session.database, found, LATEST)
    connection.rollback()  # ends what the question has begun
    if session.dialect == "sqlite":
        with session.transaction():
            return _on_sqlite(connection, key)
    return _on_postgres(connection.execution_options(isolation_level="AUTOCOMMIT"), key, schema)


def index_name(key: str) -> str:
    """Name the index of a metadata key: readable, within 63 bytes, and another for each key."""
    readable = re.sub(r"[^a-z0-9]+", "_", key.lower())[:24]
    digest = hashlib.blake2b(key.encode(), digest_size=6).hexdigest()
    return f"{METADATA_INDEX}{readable}_{digest}"


def _on_sqlite(connection: Connection, key: str) -> bool:
    name = index_name(key)
    found = connection.scalar(
        text("SELECT 1 FROM sqlite_master WHERE type = 'index' AND name = :name"), {"name": name}
    )
    if found is None:
        value = f"json_extract(metadata, '$.\"{key}\"')"
        connection.exec_driver_sql(
            f'CREATE INDEX "{name}" ON eventdocs_events ({value}, sequence) '
            f"WHERE {value} IS NOT NULL"
        )
    return found is None


def _on_postgres(connection: Connection, key: str, schema: str | None) -> bool:
    name, qualifier = index_name(key), "" if schema is None else f'"{schema}".'
    is_valid = connection.scalar(_IS_VALID, {"name": name, "qualifier": qualifier})
    if is_valid:
        return False
    if is_valid is False:
        connection.exec_driver_sql(f'DROP INDEX CONCURRENTLY {qualifier}"{name}"')
    value = f"(metadata ->> '{key}')"
    connection.exec_driver_sql(
        f'CREATE INDEX CONCURRENTLY "{name}" ON {qualifier}eventdocs_events ({value}, sequence) '
        f"WHERE {value} IS NOT NULL"
    )
    return True
