"""Arrival: whether a projection shows what was appended, as read-your-writes asks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import attrs

from eventdocs.errors import (
    EventdocsError,
    EventLostError,
    ProjectionStoppedError,
    ProjectionTimeoutError,
)
from eventdocs.projections._checkpoints import (
    Checkpoint,
    ProjectionState,
    check_log,
    read_checkpoint,
)
from eventdocs.projections._dead_letters import DeadLetter, DeadLetterState, read_dead_letters
from eventdocs.projections._projection import Conditions
from eventdocs.projections._projector import Projector
from eventdocs.projections._status import ProjectionStatus, obstacle_to
from eventdocs.projections._trouble import translated
from eventdocs.store import Appended, Bell, EventStore, Selection

# Between two looks at first: a projection is rarely slower than this.
_SHORTEST_PAUSE: Final = 0.005
# Of the deadline's own error: whoever waited in vain waits no longer for the reason.
_EXPLANATION_SECONDS: Final = 1.0


async def wait_for(
    store: EventStore,
    projector: Projector,
    appended: Appended,
    *,
    news: Bell,
    ask: Callable[[], Awaitable[Sequence[ProjectionStatus]]],
    conditions: Conditions,
    poll_interval: float,
    seconds: float,
) -> None:
    """Wait until the projection of *projector* has applied what was appended.

    Args:
        store: The log.
        projector: The projector of what is waited for.
        appended: What it shall have applied.
        news: Rings when a projection has moved in this process.
        ask: Asks how the projections stand.
        conditions: How a busy or absent database is sat out, until the deadline.
        poll_interval: Seconds between two looks, at most.
        seconds: How long to wait.

    Raises:
        ProjectionError: It does not get there, or not in time.
    """
    patience = attrs.evolve(conditions.patience_of(projector.name, store), limit=None)
    pause = min(_SHORTEST_PAUSE, poll_interval)
    try:
        async with asyncio.timeout(seconds):
            while True:
                rung = news.listen()
                with translated(store.database):
                    if await patience.call(lambda: has_arrived(store, projector.name, appended)):
                        return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await rung.wait()
                pause = min(2 * pause, poll_interval)
    except TimeoutError:
        raise await explain_absence(store, projector, appended, seconds=seconds, ask=ask) from None


async def has_arrived(store: EventStore, projection: str, appended: Appended) -> bool:
    """Tell whether *projection* has applied what was appended.

    Raises:
        ProjectionStoppedError: It stands before an event that it cannot apply.
        StoreRewoundError: The log does not hold the event of its checkpoint.
        EventLostError: The log does not hold what was appended.
    """
    letters: Sequence[DeadLetter] = ()
    async with store.connect() as connection:
        at = await read_checkpoint(connection, projection)
        if at is not None and at.state is not ProjectionState.RUNNING:
            letters = await read_dead_letters(connection, projection)
    if at is None:
        return False
    if at.sequence >= appended.sequence:
        await _check_places(store, at, appended)
        return not _waiting(letters, appended)
    for letter in letters:
        if at.state is ProjectionState.STOPPED and letter.sequence > at.sequence:
            raise ProjectionStoppedError(
                projection, letter.sequence, letter.type, letter.message or ""
            )
    return False


async def _check_places(store: EventStore, at: Checkpoint, appended: Appended) -> None:
    """Make sure that a checkpoint beyond what was appended speaks of the same log."""
    if not appended.places:
        return
    last = appended.places[-1]
    if (at.sequence, at.event_id) == (last.sequence, last.id):
        return
    await check_log(store, at)
    place = Selection(after=last.sequence - 1, until=last.sequence)
    page = await store.read_page(place, limit=1)
    if not page.events or page.events[0].id != last.id:
        raise EventLostError(last.sequence, last.id)


def _waiting(letters: Sequence[DeadLetter], appended: Appended) -> list[DeadLetter]:
    mine = {place.sequence for place in appended.places}
    return [letter for letter in letters if letter.sequence in mine]


async def explain_absence(
    store: EventStore,
    projector: Projector,
    appended: Appended,
    *,
    seconds: float,
    ask: Callable[[], Awaitable[Sequence[ProjectionStatus]]],
) -> ProjectionTimeoutError:
    """Say why the projection of *projector* has not applied what was appended.

    Args:
        store: The log.
        projector: The projector of what was waited for.
        appended: What it should have applied.
        seconds: How long it was waited for.
        ask: Asks how the projections stand.
    """
    name = projector.name
    try:
        async with asyncio.timeout(_EXPLANATION_SECONDS):
            statuses = {each.name: each for each in await ask()}
            status = statuses[name]
            blocked_by = await _letters_in_the_way(store, name, appended)
            blocked_by = blocked_by or await _transaction_in_the_way(store, appended)
    except (EventdocsError, TimeoutError) as error:
        reason = str(error) or "the database does not answer"
        return ProjectionTimeoutError(name, appended.sequence, None, None, seconds, reason)
    ahead = [statuses[each.name] for each in projector.depends_on]
    blocked_by = blocked_by or obstacle_to(status, ahead)
    if not blocked_by and status.holder is not None:
        blocked_by = f"{status.holder.owner} leads it and has not come so far"
    return ProjectionTimeoutError(
        name, appended.sequence, status.sequence, status.lag, seconds, blocked_by
    )


async def _letters_in_the_way(store: EventStore, projection: str, appended: Appended) -> str:
    async with store.connect() as connection:
        letters = await read_dead_letters(connection, projection)
    keys = {letter.ordering_key for letter in _waiting(letters, appended)}
    for letter in letters:
        if letter.state is DeadLetterState.FAILED and letter.ordering_key in keys:
            return f"event {letter.sequence} failed and keeps its followers: {letter.message}"
    return ""


async def _transaction_in_the_way(store: EventStore, appended: Appended) -> str:
    feed = await store.feed()
    if feed.settled < appended.sequence and feed.holders:
        return f"the log is held back by {feed.holders[0]}"
    return ""
