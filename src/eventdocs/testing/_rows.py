"""Rows of read models, as plain values that can be compared in any order."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeAlias

from sqlalchemy import select

from eventdocs.projections import Projector
from eventdocs.store import EventStore

Rows: TypeAlias = Mapping[str, Iterable[Mapping[str, Any]]]
"""Rows by the names of their tables, in any order."""


async def read_rows(store: EventStore, projectors: Iterable[Projector]) -> Rows:
    """Read all that *projectors* have written."""
    async with store.connect() as connection:
        return {
            table.name: [dict(row) for row in (await connection.execute(select(table))).mappings()]
            for projector in projectors
            for table in projector.tables
        }


def arranged(rows: Rows) -> dict[str, list[dict[str, Any]]]:
    """Put rows and columns into an order, so that equal rows are equal values."""
    return {
        name: sorted((dict(sorted(row.items())) for row in rows[name]), key=repr)
        for name in sorted(rows)
    }


def only(rows: Iterable[Mapping[str, Any]], columns: Collection[str]) -> list[dict[str, Any]]:
    """Leave out of each row what is not among *columns*."""
    return [{name: value for name, value in row.items() if name in columns} for row in rows]
