"""History: what a rebuild heeds, and keeps, of the dead letters there were before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.projections._checkpoints import Checkpoint, read_checkpoint
from eventdocs.projections._dead_letters import DeadLetterState
from eventdocs.projections._projector import FailurePolicy
from eventdocs.projections._tables import dead_letters
from eventdocs.store import EventStore, Selection

Row = Mapping[str, Any]

_POLICIES: Final = {
    DeadLetterState.SKIPPED.value: FailurePolicy.SKIP,
    # What was made by hand is not in the new tables: it has to be made again.
    DeadLetterState.RESOLVED.value: FailurePolicy.PARK,
}
_REPAIR: Final = ("repair", "repaired_by", "repair_reason", "repaired_at")


async def policies_for(store: EventStore, projection: str) -> dict[int, FailurePolicy]:
    """Say what becomes of events that were skipped or mended by hand, should they fail again."""
    async with store.connect() as connection:
        live = await read_checkpoint(connection, projection)
        rows = await _rows(connection, store, live, projection)
    return {row["sequence"]: _POLICIES[row["state"]] for row in rows if row["state"] in _POLICIES}


async def replace_dead_letters(
    tx: AsyncConnection,
    store: EventStore,
    *,
    live: Checkpoint | None,
    at: Checkpoint,
    rebuilt: Sequence[Row],
) -> None:
    """Replace the dead letters of a projection by those of its rebuild, and keep its repairs.

    What failed before, or was repaired, stays on record: as it is if the rebuild failed
    at it, too, else as applied. What had only waited is forgotten.

    Args:
        tx: The transaction that ends the rebuild.
        store: The log.
        live: Where the projection stood before.
        at: Where the rebuild stands.
        rebuilt: The dead letters of the rebuild.
    """
    found = await _rows(tx, store, live, at.projection)
    earlier = {row["sequence"]: row for row in found if row["sequence"] <= at.sequence}
    letters = [_repeated(row, earlier.pop(row["sequence"], None)) for row in rebuilt]
    letters += [_applied(row) for row in earlier.values() if row["error_type"] or row["repair"]]
    await tx.execute(delete(dead_letters).where(dead_letters.c.projection == at.projection))
    if letters:
        await tx.execute(insert(dead_letters), letters)


async def _rows(
    connection: AsyncConnection, store: EventStore, live: Checkpoint | None, projection: str
) -> list[Row]:
    """Read the dead letters of events that the log still holds."""
    query = select(dead_letters).where(dead_letters.c.projection == projection)
    found = await connection.execute(query.order_by(dead_letters.c.sequence))
    rows: list[Row] = [dict(row) for row in found.mappings()]
    # A log that holds one event holds all before it, as they were.
    if not rows or await _holds(store, rows[-1]["sequence"], rows[-1]["event_id"]):
        return rows
    if live is None or live.event_id is None:
        return []
    if not await _holds(store, live.sequence, live.event_id):
        return []
    return [row for row in rows if row["sequence"] <= live.sequence]


async def _holds(store: EventStore, sequence: int, event_id: UUID) -> bool:
    page = await store.read_page(Selection(after=sequence - 1, until=sequence), limit=1)
    return bool(page.events) and page.events[0].id == event_id


def _repeated(row: Row, earlier: Row | None) -> Row:
    if earlier is None:
        return row
    known = {name: earlier[name] for name in ("recorded_at", *_REPAIR)}
    known["attempts"] = earlier["attempts"] + row["attempts"]
    if row["state"] == earlier["state"] == DeadLetterState.SKIPPED.value:
        known |= {name: earlier[name] for name in ("resolved_at", "resolution")}
    return {**row, **known}


def _applied(row: Row) -> Row:
    if row["state"] == DeadLetterState.APPLIED.value:
        return row
    return {
        **row,
        "state": DeadLetterState.APPLIED.value,
        "resolved_at": datetime.now(UTC),
        "resolution": "applied by a rebuild",
    }
