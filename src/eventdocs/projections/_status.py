"""Status: how far each projection is behind the log, and what stands in its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import attrs
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import ProjectionError, StaleProjectionError, StoreRewoundError
from eventdocs.projections._checkpoints import (
    Checkpoint,
    ProjectionState,
    check_checkpoints,
    check_log,
    least,
    read_checkpoints,
)
from eventdocs.projections._dead_letters import (
    DeadLetter,
    count_open,
    find_dead_letter,
)
from eventdocs.projections._fingerprint import fingerprint_of
from eventdocs.projections._leases import LeaseHolder, name_of_lease, read_holder
from eventdocs.projections._partitions import partitions_of
from eventdocs.projections._projector import Projector
from eventdocs.projections._rebuild import rebuild_progress
from eventdocs.store import EventStore, Selection

_WORST_FIRST: Final = (ProjectionState.STOPPED, ProjectionState.PARKED, ProjectionState.RUNNING)


@attrs.frozen(kw_only=True)
class PartitionStatus:
    """How one partition of a projection stands at one moment.

    Attributes:
        number: Which one, from 1.
        sequence: The last event it has applied, or passed over as another partition's.
        lag: How many events of the log it is behind, at most.
        lag_seconds: How long ago the first of those events was recorded.
        moved_at: When its checkpoint was written last, aware UTC.
        state: Whether anything is in its way.
        dead_letters: How many of its events wait to be applied or skipped.
        error: What its runner has met last, if that is the one that is asked.
        holder: The runner that leads it at present; None if none does.
    """

    number: int
    sequence: int
    lag: int
    lag_seconds: float
    moved_at: datetime | None
    state: ProjectionState
    dead_letters: int
    error: str | None
    holder: LeaseHolder | None


@attrs.frozen(kw_only=True)
class ProjectionStatus:
    """How a projection stands at one moment.

    Where it is divided, what is said of a place is said of the partition furthest behind.

    Attributes:
        name: The projection.
        version: The version of its projector in the code.
        sequence: The last event it has applied; 0 before the first.
        head: The last event of the log.
        lag: How many events it is behind, at most: sequences may have holes.
        lag_seconds: How long ago the first event it has not applied was recorded.
        moved_at: When its checkpoint was written last, aware UTC; None if it was never begun.
        state: Whether anything is in its way.
        dead_letters: How many events wait to be applied or skipped.
        stale: The code, its version or the tables are not those that built it.
        error: What is in its way.
        rebuilt_to: How far a rebuild has come that is under way, or was interrupted.
        holder: The runner that leads it at present; None if none does, or if that is so of
            one of its partitions.
        rebuilder: The runner that rebuilds it at present; None if none does.
        partitions: How each partition stands, if it is divided.
    """

    name: str
    version: int
    sequence: int
    head: int
    lag: int
    lag_seconds: float
    moved_at: datetime | None
    state: ProjectionState
    dead_letters: int
    stale: bool
    error: str | None
    rebuilt_to: int | None
    holder: LeaseHolder | None
    rebuilder: LeaseHolder | None
    partitions: tuple[PartitionStatus, ...] = ()


async def status_of(
    store: EventStore,
    projector: Projector,
    *,
    head: int,
    troubles: Mapping[str, str],
    broken: StaleProjectionError | None,
) -> ProjectionStatus:
    """Find out how the projection of *projector* stands.

    Args:
        store: The log.
        projector: The projection's projector.
        head: The last event of the log.
        troubles: What its runner has met last, where it could not go on, by partitions.
        broken: What only a rebuild can mend.
    """
    async with store.connect() as connection:
        found = await read_checkpoints(connection, projector.name)
        names = [at.projection for at in found]
        dead_letters = await count_open(connection, names)
        rebuilder = await read_holder(connection, name_of_lease(projector.name, is_rebuild=True))
        letter = await _letter_in_the_way(connection, found)
        holders = {
            part.name: await read_holder(connection, part.name) for part in partitions_of(projector)
        }
    at = least(found)
    sequence = at.sequence if at else 0
    rebuilt = await rebuild_progress(store, projector)
    lag, lag_seconds = await _lag(store, sequence, head)
    state, error = await _state(store, projector, found, letter, broken)
    holder = holders.get(at.projection if at else projector.name)
    return ProjectionStatus(
        name=projector.name,
        version=projector.version,
        sequence=sequence,
        head=head,
        lag=lag,
        lag_seconds=lag_seconds,
        moved_at=at.written_at if at else None,
        state=state,
        dead_letters=dead_letters,
        stale=state is ProjectionState.STALE
        or (at is not None and at.fingerprint != fingerprint_of(type(projector), store.registry)),
        error=error or next(iter(troubles.values()), None),
        rebuilt_to=None if rebuilt is None else rebuilt.sequence,
        holder=holder if None not in holders.values() else None,
        rebuilder=rebuilder,
        partitions=await _partitions(store, found, head, holders, troubles)
        if projector.partitions > 1
        else (),
    )


async def _partitions(
    store: EventStore,
    found: Sequence[Checkpoint],
    head: int,
    holders: Mapping[str, LeaseHolder | None],
    troubles: Mapping[str, str],
) -> tuple[PartitionStatus, ...]:
    # Most of them stand at one place most of the time.
    lags = {at: await _lag(store, at, head) for at in {each.sequence for each in found}}
    async with store.connect() as connection:
        letters = {at.projection: await count_open(connection, at.projection) for at in found}
    return tuple(
        PartitionStatus(
            number=at.partition.number,
            sequence=at.sequence,
            lag=lags[at.sequence][0],
            lag_seconds=lags[at.sequence][1],
            moved_at=at.written_at,
            state=at.state,
            dead_letters=letters[at.projection],
            error=troubles.get(at.projection),
            holder=holders.get(at.projection),
        )
        for at in found
    )


async def _letter_in_the_way(
    connection: AsyncConnection, found: Sequence[Checkpoint]
) -> DeadLetter | None:
    for at in found:
        if at.state is ProjectionState.STOPPED:
            return await find_dead_letter(connection, at.projection, after=at.sequence)
    return await find_dead_letter(connection, [at.projection for at in found])


async def _lag(store: EventStore, sequence: int, head: int) -> tuple[int, float]:
    page = await store.read_page(Selection(after=sequence), limit=1)
    if not page.events:
        return 0, 0.0
    oldest = page.events[0]
    seconds = (datetime.now(UTC) - oldest.recorded_at).total_seconds()
    return max(head - sequence, 1), max(seconds, 0.0)


async def _state(
    store: EventStore,
    projector: Projector,
    found: Sequence[Checkpoint],
    letter: DeadLetter | None,
    broken: StaleProjectionError | None,
) -> tuple[ProjectionState, str | None]:
    try:
        if broken is not None:
            raise broken
        for at in check_checkpoints(found, projector, store.store_id):
            await check_log(store, at)
    except StoreRewoundError as error:
        return ProjectionState.REWOUND, str(error)
    except ProjectionError as error:
        return ProjectionState.STALE, str(error)
    states = {at.state for at in found}
    state = next(each for each in _WORST_FIRST if each in states)
    if state is ProjectionState.RUNNING or letter is None:
        return state, None
    return state, f"event {letter.sequence} ({letter.type}): {letter.message}"


def obstacle_to(status: ProjectionStatus, ahead: Sequence[ProjectionStatus]) -> str:
    """Say in words what keeps a projection from moving; nothing if that is not known.

    Args:
        status: How it stands.
        ahead: How those stand that it waits for.
    """
    if status.error is not None:
        return status.error
    for each in ahead:
        if each.sequence <= status.sequence:
            why = f" ({each.error})" if each.error else ""
            return f"it waits for projection {each.name!r}, which is at event {each.sequence}{why}"
    return "" if status.holder else "no runner leads it; is a runner at work?"
