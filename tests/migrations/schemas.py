"""What a database's schema is made of, as the database itself tells it."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import Any

from tests.backends.postgres_hosts import sql

_SHAPE = """
SELECT 'table' AS kind, table_name || '.' || column_name AS name,
    data_type || ' ' || is_nullable || ' ' || coalesce(column_default, '') AS definition
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL
SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'function', proname, pg_get_functiondef(oid) FROM pg_proc
WHERE pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'sequence', sequencename, cache_size::text FROM pg_sequences WHERE schemaname = 'public'
ORDER BY 1, 2, 3
"""


async def shape(url: str) -> list[tuple[Any, ...]]:
    """List all tables, indexes, constraints and functions of a database with their definitions.

    The ledger is left out: a database that has been at version 0 may have one or none.
    """
    if url.startswith("postgresql"):
        async with sql(url) as connection:
            rows = [tuple(row) for row in await connection.fetch(_SHAPE)]
        return [row for row in rows if not row[1].startswith("eventdocs_migrations")]
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        columns = connection.execute(
            "SELECT 'column', item.name || '.' || field.name, "
            "field.type || field.\"notnull\" || coalesce(field.dflt_value, '') || field.pk "
            "FROM sqlite_master AS item JOIN pragma_table_info(item.name) AS field "
            "WHERE item.type = 'table' AND item.name NOT LIKE 'sqlite%' "
            "AND item.name <> 'eventdocs_migrations' ORDER BY 1, 2, 3"
        ).fetchall()
        indexes = connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type = 'index' "
            "AND tbl_name <> 'eventdocs_migrations' ORDER BY 1, 2, 3"
        ).fetchall()
    return [*columns, *indexes]
