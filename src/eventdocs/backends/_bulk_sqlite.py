"""Bulk recording on SQLite: one statement for all rows of a batch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs.backends import _sqlite_batch as batches
from eventdocs.backends._bulk import BulkEvent, BulkLane, BulkRows
from eventdocs.backends._sqlite_errors import translated
from eventdocs.store import category_of, digest_of_event

_FIND_LAST: Final = """
SELECT sequence, id FROM eventdocs_events
WHERE sequence <= ? ORDER BY sequence DESC LIMIT 1
"""
_LAST_PLACE: Final = 2**63 - 1


class SqliteBulkLane(BulkLane):
    """Inserts through the transaction's own connection; AUTOINCREMENT goes on after the rows."""

    def __init__(self, tx: AsyncConnection, database: str) -> None:
        self._tx = tx
        self._database = database

    @override
    async def lock(self) -> None:
        pass  # `EventStore.begin` has begun with BEGIN IMMEDIATE

    @override
    async def last(self, *, until: int | None = None) -> tuple[int, UUID] | None:
        found = await self._rows(_FIND_LAST, _LAST_PLACE if until is None else until)
        return (found[0][0], UUID(found[0][1])) if found else None

    @override
    async def versions(self, streams: Iterable[str]) -> Mapping[str, int]:
        found = await self._rows(batches.FIND_STREAMS, json.dumps(list(streams)))
        return {row[0]: row[1] for row in found}

    @override
    async def record(self, rows: BulkRows, *, behind: int) -> None:
        with translated(self._database):
            await self._tx.exec_driver_sql(batches.INSERT_EVENT, rows.spelled)
            await self._tx.exec_driver_sql(batches.UPSERT_STREAM, list(rows.versions.items()))

    async def _rows(self, statement: str, *arguments: Any) -> Sequence[Any]:
        with translated(self._database):
            return (await self._tx.exec_driver_sql(statement, arguments)).all()


def bulk_rows(events: Sequence[BulkEvent]) -> BulkRows:
    """Spell events for the statement that inserts them."""
    return BulkRows.of(events, [_row(event) for event in events])


def _row(event: BulkEvent) -> tuple[Any, ...]:
    return (
        event.sequence,
        event.stream,
        event.version,
        category_of(event.stream),
        event.id.replace("-", ""),
        event.type,
        event.schema_version,
        event.payload.decode(),
        digest_of_event(event.type, event.schema_version, event.payload),
        event.metadata.decode(),
        event.correlation_id,
        event.causation_id and event.causation_id.replace("-", ""),
        event.recorded_at,
    )
