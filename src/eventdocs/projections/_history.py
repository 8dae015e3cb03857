"""History: what a rebuild heeds, and keeps, of the dead letters there were before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.projections._checkpoints import Checkpoint, read_checkpoints
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
        live = await read_checkpoints(connection, projection)
        rows = await _rows(connection, store, live)
    return {row["sequence"]: _POLICIES[row["state"]] for row in rows if row["state"] in _POLICIES}


async def rewritten(
    tx: AsyncConnection,
    store: EventStore,
    *,
    live: Sequence[Checkpoint],
    rebuilt: Sequence[Row],
    reached: Callable[[str], int],
) -> list[Row]:
    """Give the dead letters that a projection has after its rebuild: its repairs are kept.

    What failed before, or was repaired, stays on record: as it is if the rebuild failed
    at it, too, else as applied. What had only waited is forgotten.

    Args:
        tx: The transaction that ends the rebuild.
        store: The log.
        live: Where the projection stood before.
        rebuilt: The dead letters of the rebuild.
        reached: Tells where the rebuild stands that applies an ordering key.
    """
    found = await _rows(tx, store, live)
    earlier = {
        row["sequence"]: row for row in found if row["sequence"] <= reached(row["ordering_key"])
    }
    letters = [_repeated(row, earlier.pop(row["sequence"], None)) for row in rebuilt]
    letters += [_applied(row) for row in earlier.values() if row["error_type"] or row["repair"]]
    return letters


async def _rows(
    connection: AsyncConnection, store: EventStore, live: Sequence[Checkpoint]
) -> list[Row]:
    """Read the dead letters of events that the log still holds."""
    names = [at.projection for at in live]
    query = select(dead_letters).where(dead_letters.c.projection.in_(names))
    found = await connection.execute(query.order_by(dead_letters.c.sequence))
    rows: list[Row] = [dict(row) for row in found.mappings()]
    # A log that holds one event holds all before it, as they were.
    if not rows or await _holds(store, rows[-1]["sequence"], rows[-1]["event_id"]):
        return rows
    held = [
        at.sequence
        for at in live
        if at.event_id is not None and await _holds(store, at.sequence, at.event_id)
    ]
    return [row for row in rows if row["sequence"] <= max(held, default=0)]


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
