"""Checkpoints: the last event a projection has applied, committed with its effect."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import ColumnElement, delete, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import StaleProjectionError, StoreRewoundError
from eventdocs.projections._fingerprint import is_ordered_by
from eventdocs.projections._partitions import Partition, partition_named, partitions_of
from eventdocs.projections._projector import Projector
from eventdocs.projections._tables import projections
from eventdocs.store import EventStore, Selection


class FencedError(Exception):
    """Another owner has taken over what this one was moving. It never leaves the package."""


class ProjectionState(enum.Enum):
    """How a projection stands."""

    RUNNING = "running"
    """Nothing is in its way."""

    PARKED = "parked"
    """Events of some streams wait in dead letters; the others are applied."""

    STOPPED = "stopped"
    """It stands before an event that it cannot apply."""

    STALE = "stale"
    """Another version of its projector built it, or a table is missing: rebuild it."""

    REWOUND = "rewound"
    """The log does not hold the event of its checkpoint: rebuild it."""


@attrs.frozen(kw_only=True)
class Checkpoint:
    """Where a projection, or one of its partitions, stands, and what it was built by.

    Attributes:
        projection: The name of what stands there.
        version: The version of the projector that built it.
        store_id: The log it was built from.
        sequence: Place of the last event delivered to it; 0 before the first.
        event_id: That event.
        state: Running, parked or stopped.
        fingerprint: Of the code and the tables that built it.
        token: The fencing token that its runner must have; 0 before the first.
        written_at: When it was written, aware UTC; two that differ in nothing else are equal.
    """

    projection: str
    version: int
    store_id: UUID
    sequence: int
    event_id: UUID | None
    state: ProjectionState
    fingerprint: str
    token: int = 0
    written_at: datetime | None = attrs.field(default=None, eq=False)

    @property
    def partition(self) -> Partition:
        """What stands there."""
        return partition_named(self.projection)

    def is_at(self, other: Checkpoint) -> bool:
        """Tell whether both name the same place, built by the same version."""
        return (self.version, self.store_id, self.sequence, self.event_id) == (
            other.version,
            other.store_id,
            other.sequence,
            other.event_id,
        )


_ROW = select(
    projections.c.name,
    projections.c.version,
    projections.c.store_id,
    projections.c.sequence,
    projections.c.event_id,
    projections.c.status,
    projections.c.fingerprint,
    projections.c.token,
    projections.c.updated_at,
)


async def read_checkpoint(connection: AsyncConnection, projection: str) -> Checkpoint | None:
    """Read where *projection*, or one partition, stands; None if it was never begun."""
    found = await connection.execute(_ROW.where(projections.c.name == projection))
    return _checkpoint_of(found.one_or_none())


async def read_checkpoints(
    connection: AsyncConnection, projection: str, *, for_update: bool = False
) -> list[Checkpoint]:
    """Read where all parts of *projection* stand, however it was divided.

    Args:
        connection: Where to look.
        projection: Its name.
        for_update: Keep everyone from moving any of it until the transaction ends.
    """
    column = projections.c.name
    query = _ROW.where(
        or_(column == projection, column.startswith(f"{projection}#", autoescape=True))
    ).order_by(column)
    found = await connection.execute(query.with_for_update() if for_update else query)
    checkpoints = [_to_checkpoint(row) for row in found]
    return sorted(checkpoints, key=lambda at: (at.partition.count, at.partition.number))


def least(checkpoints: Sequence[Checkpoint]) -> Checkpoint | None:
    """Find the one that is furthest behind; None if there is none."""
    return min(checkpoints, key=lambda at: at.sequence, default=None)


def is_level(checkpoints: Sequence[Checkpoint]) -> bool:
    """Tell whether all stand at one place."""
    return len({(at.sequence, at.event_id) for at in checkpoints}) <= 1


async def lock_checkpoint(
    tx: AsyncConnection, projection: str, *, mark: ColumnElement[Any] | None = None
) -> Checkpoint | None:
    """Read where *projection* stands, and keep everyone from moving it until *tx* ends.

    Args:
        tx: The transaction.
        projection: Its name.
        mark: What tells others whose transaction this is; evaluated beside the row.
    """
    query = _ROW if mark is None else _ROW.add_columns(mark)
    found = await tx.execute(query.where(projections.c.name == projection).with_for_update())
    return _checkpoint_of(found.one_or_none())


async def require_checkpoint(
    tx: AsyncConnection,
    projector: Projector,
    store_id: UUID,
    *,
    name: str | None = None,
    mark: ColumnElement[Any] | None = None,
) -> Checkpoint:
    """Lock the checkpoint of *projector*, and make sure that it may go on from there.

    Args:
        tx: The transaction.
        projector: The code.
        store_id: The log.
        name: Of the partition; the projection's own by default.
        mark: What tells others whose transaction this is; evaluated beside the row.

    Raises:
        StaleProjectionError: Another version of the projector built its tables.
        StoreRewoundError: They were built from another log.
    """
    found = await lock_checkpoint(tx, name or projector.name, mark=mark)
    return check_checkpoint(found, projector, store_id)


def check_checkpoint(found: Checkpoint | None, projector: Projector, store_id: UUID) -> Checkpoint:
    """Make sure that *projector* may go on from the checkpoint that was found.

    Raises:
        StaleProjectionError: Another version of the projector built its tables.
        StoreRewoundError: They were built from another log.
    """
    if found is None:
        raise StaleProjectionError(
            projector.name, 0, projector.version, "there is no record of what its tables hold"
        )
    if found.version != projector.version:
        raise StaleProjectionError(projector.name, found.version, projector.version)
    if found.store_id != store_id:
        raise StoreRewoundError(
            projector.name, found.sequence, "the log is another one than it was built from"
        )
    if found.partition.count > 1 and not is_ordered_by(found.fingerprint, type(projector)):
        raise StaleProjectionError(
            projector.name,
            found.version,
            projector.version,
            "its ordering_key is another one than its partitions were divided by",
        )
    return found


def check_checkpoints(
    found: Sequence[Checkpoint], projector: Projector, store_id: UUID
) -> list[Checkpoint]:
    """Make sure that *projector* may go on from the checkpoints that were found.

    Raises:
        StaleProjectionError: Another version of the projector built its tables, or it was
            divided into other partitions.
        StoreRewoundError: They were built from another log.
    """
    rows: Sequence[Checkpoint | None] = found or [None]
    checked = [check_checkpoint(each, projector, store_id) for each in rows]
    if [at.partition for at in checked] != [*partitions_of(projector)]:
        raise StaleProjectionError(
            projector.name,
            checked[0].version,
            projector.version,
            f"it is divided into {len(checked)}, and the code says partitions = "
            f"{projector.partitions}",
        )
    return checked


async def is_in_log(store: EventStore, at: Checkpoint) -> bool:
    """Tell whether the log still holds the event at which a projection stands."""
    if at.event_id is None:
        return True
    place = Selection(after=at.sequence - 1, until=at.sequence)
    page = await store.read_page(place, limit=1)
    return bool(page.events) and page.events[0].id == at.event_id


async def check_log(store: EventStore, at: Checkpoint) -> None:
    """Make sure that the log still holds the event at which a projection stands.

    Raises:
        StoreRewoundError: It does not.
    """
    if not await is_in_log(store, at):
        raise StoreRewoundError(
            at.partition.projection,
            at.sequence,
            f"the log does not hold event {at.event_id} there any more",
        )


async def create_checkpoint(tx: AsyncConnection, checkpoint: Checkpoint) -> None:
    """Record a projection that was never begun."""
    values = {**_values(checkpoint), "token": checkpoint.token}
    await tx.execute(insert(projections).values(name=checkpoint.projection, **values))


async def write_checkpoint(tx: AsyncConnection, checkpoint: Checkpoint) -> None:
    """Record where the projection stands now.

    Raises:
        FencedError: Its fencing token is another one than *checkpoint* was read with.
    """
    written = await tx.execute(
        update(projections)
        .where(projections.c.name == checkpoint.projection, projections.c.token == checkpoint.token)
        .values(**_values(checkpoint))
    )
    if not written.rowcount:
        raise FencedError(checkpoint.projection)


async def remove_checkpoints(tx: AsyncConnection, names: Sequence[str]) -> None:
    """Forget that there were parts of these *names*: whoever moves one can do so no more."""
    await tx.execute(delete(projections).where(projections.c.name.in_(names)))


async def fence(tx: AsyncConnection, projection: str, token: int) -> None:
    """Let *projection* be moved with *token* alone from now on.

    This waits for the transaction that is moving it; it is the last of the old owner's.
    """
    await tx.execute(
        update(projections).where(projections.c.name == projection).values(token=token)
    )


def _values(checkpoint: Checkpoint) -> dict[str, object]:
    return {
        "version": checkpoint.version,
        "store_id": checkpoint.store_id,
        "sequence": checkpoint.sequence,
        "event_id": checkpoint.event_id,
        "status": checkpoint.state.value,
        "fingerprint": checkpoint.fingerprint,
        "updated_at": datetime.now(UTC),
    }


def _checkpoint_of(row: Any) -> Checkpoint | None:
    return None if row is None else _to_checkpoint(row)


def _to_checkpoint(row: Any) -> Checkpoint:
    return Checkpoint(
        projection=row.name,
        version=row.version,
        store_id=row.store_id,
        sequence=row.sequence,
        event_id=row.event_id,
        state=ProjectionState(row.status),
        fingerprint=row.fingerprint,
        token=row.token,
        # SQLite keeps no offset; what is written is UTC.
        written_at=row.updated_at if row.updated_at.tzinfo else row.updated_at.replace(tzinfo=UTC),
    )
