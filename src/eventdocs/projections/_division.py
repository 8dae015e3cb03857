"""Division: what a projection's parts stand at, written anew all together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.projections._checkpoints import (
    Checkpoint,
    ProjectionState,
    create_checkpoint,
    is_level,
    read_checkpoints,
    remove_checkpoints,
    write_checkpoint,
)
from eventdocs.projections._fingerprint import is_ordered_by, ordered_anew
from eventdocs.projections._partitions import home_of, partitions_of
from eventdocs.projections._projector import Projector
from eventdocs.projections._tables import dead_letters

Row = Mapping[str, Any]


async def settle(
    tx: AsyncConnection,
    projector: Projector,
    *,
    before: Sequence[Checkpoint],
    after: Sequence[Checkpoint],
    letters: Sequence[Row],
) -> None:
    """Let a projection stand at *after*, with these dead letters and no other ones.

    Whoever moves a part that there is no more can do so no more.

    Args:
        tx: The transaction, which holds all of *before* locked.
        projector: Of the projection.
        before: Where it stood, however it was divided.
        after: Where each part is to stand.
        letters: The rows of its dead letters, which go where their ordering keys belong.
    """
    known = {at.projection: at for at in before}
    mine = [{**row, "projection": home_of(row["ordering_key"], projector).name} for row in letters]
    for at in after:
        state = _state_of(at, [row for row in mine if row["projection"] == at.projection])
        if at.projection in known:
            # The lease of the live tables has a token of its own.
            token = known.pop(at.projection).token
            await write_checkpoint(tx, attrs.evolve(at, state=state, token=token))
        else:
            await create_checkpoint(tx, attrs.evolve(at, state=state, token=0))
    names = [at.projection for at in before]
    await tx.execute(delete(dead_letters).where(dead_letters.c.projection.in_(names)))
    if mine:
        await tx.execute(insert(dead_letters), mine)
    await remove_checkpoints(tx, list(known))


def is_divided_by(projector: Projector, found: Sequence[Checkpoint]) -> bool:
    """Tell whether what was found is divided as *projector* says."""
    if [at.partition for at in found] != [*partitions_of(projector)]:
        return False
    return projector.partitions == 1 or all(
        is_ordered_by(at.fingerprint, type(projector)) for at in found
    )


async def divide(tx: AsyncConnection, projector: Projector) -> str | None:
    """Divide a projection as *projector* says, if that is safe; tell why it is not.

    It is safe where all parts stand at one place: then no event can be applied by a former
    part and by a present one, or by none of them.
    """
    before = await read_checkpoints(tx, projector.name, for_update=True)
    if not before or is_divided_by(projector, before):
        return None
    if not is_level(before):
        first, last = (each(at.sequence for at in before) for each in (min, max))
        was = f"it was divided into {len(before)}, and the code says {projector.partitions}"
        if len(before) == projector.partitions:
            was = "its ordering_key is another one than its partitions were divided by"
        return (
            f"{was}; its partitions stand at different places, from {first} to {last}, and come "
            "to one place when the former code catches up while nothing is appended"
        )
    found = await tx.execute(
        select(dead_letters).where(dead_letters.c.projection.in_([at.projection for at in before]))
    )
    fingerprint = ordered_anew(before[0].fingerprint, type(projector))
    after = [
        attrs.evolve(before[0], projection=part.name, fingerprint=fingerprint)
        for part in partitions_of(projector)
    ]
    letters = [dict(row) for row in found.mappings()]
    await settle(tx, projector, before=before, after=after, letters=letters)
    return None


def _state_of(at: Checkpoint, letters: Sequence[Row]) -> ProjectionState:
    places = [row["sequence"] for row in letters if row["resolved_at"] is None]
    if any(sequence > at.sequence for sequence in places):
        return ProjectionState.STOPPED
    return ProjectionState.PARKED if places else ProjectionState.RUNNING
