"""Deciding: fold a stream, decide, append what was decided; again, if somebody was first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import attrs

from eventdocs.errors import WrongExpectedVersionError
from eventdocs.store._decider import Command, Decided, Decider, Folded
from eventdocs.store._event_types import event_type_of
from eventdocs.store._events import NewEvent, RecordedEvent
from eventdocs.store._snapshots import (
    Snapshot,
    State,
    UnfitSnapshotError,
    find_snapshot,
    ignore_snapshot,
    keep_snapshot,
)

if TYPE_CHECKING:
    from eventdocs.store._port import EventStore


@attrs.frozen(kw_only=True)
class Reached(Folded[State]):
    """How far a stream was folded.

    Attributes:
        state: After the events up to *version*.
        version: Of the last event.
        last: The event there; None at version 0.
        kept: The version of the snapshot that the fold began with; 0 if there was none.
    """

    last: UUID | None
    kept: int = 0


async def fold(store: EventStore, stream: str, decider: Decider[Any, State]) -> Reached[State]:
    """Fold *stream*, from its snapshot on if there is one."""
    reached = _nothing(decider)
    if decider.snapshots is not None:
        snapshot = await find_snapshot(store, stream, decider.snapshots)
        if snapshot is not None:
            reached = Reached(
                state=snapshot.state,
                version=snapshot.version,
                last=snapshot.event_id,
                kept=snapshot.version,
            )
    return await _follow(store, stream, decider, reached)


async def carry_out(
    store: EventStore,
    stream: str,
    decider: Decider[Command, State],
    command: Command,
    *,
    attempts: int,
) -> Decided[State]:
    """Carry out *command*; see `EventStore.decide`."""
    if attempts < 1:
        raise ValueError(f"deciding takes at least one attempt, not {attempts}")
    reached = await fold(store, stream, decider)
    while True:
        attempts -= 1
        events = tuple(decider.decide(reached.state, command))
        if not events:
            return Decided(state=reached.state, version=reached.version, events=(), appended=None)
        after = _evolved(decider, reached.state, events)
        try:
            appended = await store.append(stream, events, expected=reached.version)
        except WrongExpectedVersionError:
            if attempts == 0:
                raise
            reached = await _follow(store, stream, decider, reached)
        else:
            break
    if appended.repeated:
        # They were there before: within what was folded, or behind it.
        reached = await _follow(store, stream, decider, reached)
    else:
        last = appended.places[-1]
        reached = attrs.evolve(reached, state=after, version=last.version, last=last.id)
    await _keep(store, stream, decider, reached)
    return Decided(state=reached.state, version=reached.version, events=events, appended=appended)


async def _follow(
    store: EventStore, stream: str, decider: Decider[Any, State], reached: Reached[State]
) -> Reached[State]:
    """Fold what *stream* holds behind *reached*; all of it, if it has not come that way."""
    wanted = _names(decider)
    state, version, last = reached.state, reached.version, reached.last
    is_there = version == 0
    # What is read begins with the last event that was folded, if it is there still.
    async for event in store.read_stream(stream, after=max(version - 1, 0)):
        if is_there:
            state = _after(decider, state, event, wanted)
        elif event.id != last:
            break
        is_there = True
        version, last = event.version, event.id
    if not is_there:
        if decider.snapshots is not None:
            error = UnfitSnapshotError("the stream does not hold the event it was taken at")
            ignore_snapshot(stream, decider.snapshots, error)
        return await _follow(store, stream, decider, _nothing(decider))
    return attrs.evolve(reached, state=state, version=version, last=last)


async def _keep(
    store: EventStore, stream: str, decider: Decider[Any, State], reached: Reached[State]
) -> None:
    policy = decider.snapshots
    if policy is None or reached.last is None or reached.version - reached.kept < policy.every:
        return
    snapshot = Snapshot(state=reached.state, version=reached.version, event_id=reached.last)
    await keep_snapshot(store, stream, policy, snapshot)


def _nothing(decider: Decider[Any, State]) -> Reached[State]:
    return Reached(state=decider.initial, version=0, last=None)


def _names(decider: Decider[Any, Any]) -> frozenset[str] | None:
    if decider.events is None:
        return None
    return frozenset(event_type_of(each).name for each in decider.events)


def _after(
    decider: Decider[Any, State],
    state: State,
    event: RecordedEvent[Any],
    wanted: frozenset[str] | None,
) -> State:
    if wanted is not None and wanted.isdisjoint(event.types):
        return state  # it need not even be known
    for part in event.parts:
        if wanted is None or part.type in wanted:
            state = decider.evolve(state, part.data)
    return state


def _evolved(decider: Decider[Any, State], state: State, events: tuple[object, ...]) -> State:
    for event in events:
        data = cast("NewEvent[object]", event).data if isinstance(event, NewEvent) else event
        if decider.events is None or type(data) in decider.events:
            state = decider.evolve(state, data)
    return state
