"""Arrival: whether a projection shows what was appended, as read-your-writes asks."""

from __future__ import annotations

from eventdocs.errors import ProjectionStoppedError, ProjectionTimeoutError
from eventdocs.projections._checkpoints import ProjectionState, read_checkpoint
from eventdocs.projections._dead_letters import DeadLetterState, read_dead_letters
from eventdocs.store import Appended, EventStore


async def has_arrived(store: EventStore, projection: str, appended: Appended) -> bool:
    """Tell whether *projection* has applied what was appended.

    Raises:
        ProjectionStoppedError: It stands before an event that it cannot apply.
    """
    async with store.connect() as connection:
        at = await read_checkpoint(connection, projection)
        if at is None:
            return False
        if at.state is ProjectionState.RUNNING:
            return at.sequence >= appended.sequence
        letters = await read_dead_letters(connection, projection)
    if at.sequence >= appended.sequence:
        mine = {place.sequence for place in appended.places}
        return not any(letter.sequence in mine for letter in letters)
    for letter in letters:
        if at.state is ProjectionState.STOPPED and letter.sequence > at.sequence:
            raise ProjectionStoppedError(
                projection, letter.sequence, letter.type, letter.message or ""
            )
    return False


async def explain_absence(
    store: EventStore,
    projection: str,
    appended: Appended,
    *,
    seconds: float,
    trouble: str | None,
) -> ProjectionTimeoutError:
    """Say why *projection* has not applied what was appended.

    Args:
        store: The log.
        projection: What was waited for.
        appended: What it should have applied.
        seconds: How long it was waited for.
        trouble: What its runner in this process has met, if there is one.
    """
    blocked_by = trouble or ""
    async with store.connect() as connection:
        at = await read_checkpoint(connection, projection)
        for letter in await read_dead_letters(connection, projection):
            if letter.stream == appended.stream and letter.state is DeadLetterState.FAILED:
                blocked_by = f"event {letter.sequence} of its stream failed: {letter.message}"
    if not blocked_by:
        feed = await store.feed()
        if feed.settled < appended.sequence and feed.holders:
            blocked_by = f"the log is held back by {feed.holders[0]}"
    sequence = at.sequence if at else 0
    return ProjectionTimeoutError(projection, appended.sequence, sequence, seconds, blocked_by)
