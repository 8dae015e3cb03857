"""Status: how far each projection is behind the log, and what stands in its way."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import attrs

from eventdocs.errors import ProjectionError, StaleProjectionError, StoreRewoundError
from eventdocs.projections._checkpoints import (
    Checkpoint,
    ProjectionState,
    check_checkpoint,
    check_log,
    read_checkpoint,
)
from eventdocs.projections._dead_letters import (
    DeadLetter,
    count_open,
    find_dead_letter,
)
from eventdocs.projections._fingerprint import fingerprint_of
from eventdocs.projections._leases import LeaseHolder, name_of_lease, read_holder
from eventdocs.projections._projector import Projector
from eventdocs.projections._rebuild import rebuild_progress
from eventdocs.store import EventStore, Selection


@attrs.frozen(kw_only=True)
class ProjectionStatus:
    """How a projection stands at one moment.

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
        holder: The runner that leads it at present; None if none does.
        rebuilder: The runner that rebuilds it at present; None if none does.
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


async def status_of(
    store: EventStore,
    projector: Projector,
    *,
    head: int,
    trouble: str | None,
    broken: StaleProjectionError | None,
) -> ProjectionStatus:
    """Find out how the projection of *projector* stands.

    Args:
        store: The log.
        projector: The projection's projector.
        head: The last event of the log.
        trouble: What its runner has met last, if it could not go on.
        broken: What only a rebuild can mend.
    """
    async with store.connect() as connection:
        at = await read_checkpoint(connection, projector.name)
        dead_letters = await count_open(connection, projector.name)
        holder = await read_holder(connection, projector.name)
        rebuilder = await read_holder(connection, name_of_lease(projector.name, is_rebuild=True))
        is_stopped = at is not None and at.state is ProjectionState.STOPPED
        letter = await find_dead_letter(
            connection, projector.name, after=at.sequence if at and is_stopped else None
        )
    sequence = at.sequence if at else 0
    rebuilt = await rebuild_progress(store, projector)
    lag, lag_seconds = await _lag(store, sequence, head)
    state, error = await _state(store, projector, at, letter, broken)
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
        error=error or trouble,
        rebuilt_to=None if rebuilt is None else rebuilt.sequence,
        holder=holder,
        rebuilder=rebuilder,
    )


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
    at: Checkpoint | None,
    letter: DeadLetter | None,
    broken: StaleProjectionError | None,
) -> tuple[ProjectionState, str | None]:
    try:
        if broken is not None:
            raise broken
        at = check_checkpoint(at, projector, store.store_id)
        await check_log(store, at)
    except StoreRewoundError as error:
        return ProjectionState.REWOUND, str(error)
    except ProjectionError as error:
        return ProjectionState.STALE, str(error)
    if at.state is ProjectionState.RUNNING or letter is None:
        return at.state, None
    return at.state, f"event {letter.sequence} ({letter.type}): {letter.message}"


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
