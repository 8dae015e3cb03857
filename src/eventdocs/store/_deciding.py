"""Deciding: fold a stream, decide, append what was decided; again, if somebody was first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from eventdocs.errors import WrongExpectedVersionError
from eventdocs.store._decider import Command, Decided, Decider, Folded, State
from eventdocs.store._events import NewEvent, RecordedEvent

if TYPE_CHECKING:
    from eventdocs.store._port import EventStore


@attrs.frozen(kw_only=True)
class Reached(Folded[State]):
    """How far a stream was folded.

    Attributes:
        state: After the events up to *version*.
        version: Of the last event.
        last: The event there; None at version 0.
    """

    last: UUID | None


async def fold(store: EventStore, stream: str, decider: Decider[Any, State]) -> Reached[State]:
    """Fold all events of *stream*."""
    return await follow(store, stream, decider, _nothing(decider))


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
        try:
            appended = await store.append(stream, events, expected=reached.version)
        except WrongExpectedVersionError:
            if attempts == 0:
                raise
            reached = await follow(store, stream, decider, reached)
            continue
        if appended.repeated:
            # They were there before: within what was folded, or behind it.
            reached = await follow(store, stream, decider, reached)
        else:
            reached = Reached(
                state=_evolved(decider, reached.state, events),
                version=appended.version,
                last=appended.places[-1].id,
            )
        return Decided(
            state=reached.state, version=reached.version, events=events, appended=appended
        )


async def follow(
    store: EventStore, stream: str, decider: Decider[Any, State], reached: Reached[State]
) -> Reached[State]:
    """Fold what the stream holds behind *reached* as well."""
    state, version, last = reached.state, reached.version, reached.last
    async for event in store.read_stream(stream, after=version):
        if _concerns(decider, store, event):
            state = decider.evolve(state, event.data)
        version, last = event.version, event.id
    return Reached(state=state, version=version, last=last)


def _nothing(decider: Decider[Any, State]) -> Reached[State]:
    return Reached(state=decider.initial, version=0, last=None)


def _concerns(decider: Decider[Any, Any], store: EventStore, event: RecordedEvent[Any]) -> bool:
    if decider.events is None:
        return True
    declared = store.registry.named(event.type)
    return declared is not None and declared.cls in decider.events


def _evolved(decider: Decider[Any, State], state: State, events: tuple[object, ...]) -> State:
    for event in events:
        data: object = event.data if isinstance(event, NewEvent) else event
        if decider.events is None or type(data) in decider.events:
            state = decider.evolve(state, data)
    return state
