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
from eventdocs.projections._batch import bind, plan
from eventdocs.projections._checkpoints import (
    Checkpoint,
    ProjectionState,
    check_log,
    read_checkpoints,
)
from eventdocs.projections._dead_letters import DeadLetter, DeadLetterState, read_dead_letters
from eventdocs.projections._ordering_key import by_stream, key_function
from eventdocs.projections._partitions import home_of, partitions_of
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
                    if await patience.call(lambda: has_arrived(store, projector, appended)):
                        return
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await rung.wait()
                pause = min(2 * pause, poll_interval)
    except TimeoutError:
        raise await explain_absence(store, projector, appended, seconds=seconds, ask=ask) from None


async def has_arrived(store: EventStore, projector: Projector, appended: Appended) -> bool:
    """Tell whether the projection of *projector* has applied what was appended.

    Of one that is divided, only the partitions count to which the events belong.

    Raises:
        ProjectionStoppedError: It stands before an event that it cannot apply.
        StoreRewoundError: The log does not hold the event of its checkpoint.
        EventLostError: The log does not hold what was appended.
    """
    goals = await _goals(store, projector, appended)
    async with store.connect() as connection:
        found = {at.projection: at for at in await read_checkpoints(connection, projector.name)}
    if goals is None or not goals.keys() <= found.keys():
        return False
    arrived = [
        await _is_there(store, found[name], through, appended) for name, through in goals.items()
    ]
    return all(arrived)


async def _goals(
    store: EventStore, projector: Projector, appended: Appended
) -> dict[str, int] | None:
    """Tell how far each partition has to come; nothing if that cannot be known yet."""
    if projector.partitions == 1:
        return {projector.name: appended.sequence}
    if not appended.places:
        return {part.name: 0 for part in partitions_of(projector)}
    if (key_of := key_function(projector)) is by_stream:
        return {home_of(appended.stream, projector).name: appended.sequence}
    goals: dict[str, int] = {}
    handlers = bind(projector)
    for place in appended.places:
        page = await store.read_page(
            Selection(after=place.sequence - 1, until=place.sequence), limit=1
        )
        if not page.events:
            return await _goals_unknown(store, projector, appended)
        steps = plan(page.events, handlers, key_of)
        key = steps[0][1] if steps else appended.stream
        goals[home_of(key, projector).name] = place.sequence
    return goals


async def _goals_unknown(
    store: EventStore, projector: Projector, appended: Appended
) -> dict[str, int] | None:
    # A log that is read beyond the place does not hold the event: any partition finds out.
    if await store.head() > appended.sequence:
        return {part.name: appended.sequence for part in partitions_of(projector)}
    return None


async def _is_there(store: EventStore, at: Checkpoint, through: int, appended: Appended) -> bool:
    letters: Sequence[DeadLetter] = ()
    if at.state is not ProjectionState.RUNNING:
        async with store.connect() as connection:
            letters = await read_dead_letters(connection, at.projection)
    if at.sequence >= through:
        await _check_places(store, at, appended)
        return not _waiting(letters, appended)
    for letter in letters:
        if at.state is ProjectionState.STOPPED and letter.sequence > at.sequence:
            raise ProjectionStoppedError(
                letter.projection, letter.sequence, letter.type, letter.message or ""
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
            blocked_by = await _letters_in_the_way(store, projector, appended)
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


async def _letters_in_the_way(store: EventStore, projector: Projector, appended: Appended) -> str:
    names = [part.name for part in partitions_of(projector)]
    async with store.connect() as connection:
        letters = await read_dead_letters(connection, names)
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
