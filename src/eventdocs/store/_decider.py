"""Deciders: what an application knows about one kind of stream, as plain functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

import attrs

from eventdocs.store._events import Appended
from eventdocs.store._snapshots import Snapshots, State

Command = TypeVar("Command")


@attrs.frozen(kw_only=True)
class Decider(Generic[Command, State]):
    """How the events of a stream amount to a state, and what a command leads to in it.

    The functions are pure: they may be called again with the same arguments.

    Attributes:
        initial: The state before the first event. It is shared by all streams, so it is a
            value that `evolve` leaves as it is.
        decide: Gives the events that a command leads to in a state, in order, as instances
            or `NewEvent`s; none if what is asked for is so already. What it raises reaches
            the caller as it is.
        evolve: Gives the state after one more event.
        events: The event classes that `evolve` is told of; other events of the stream are
            passed over. None: all of them.
        snapshots: When states are kept, so that long streams are not folded from zero
            each time. None: never; nothing but time depends on them.
    """

    initial: State
    decide: Callable[[State, Command], Sequence[object]]
    evolve: Callable[[State, Any], State]
    events: tuple[type, ...] | None = None
    snapshots: Snapshots[State] | None = None


@attrs.frozen(kw_only=True)
class Folded(Generic[State]):
    """What a stream amounts to.

    Attributes:
        state: After all its events.
        version: The stream's version; 0 if it does not exist.
    """

    state: State
    version: int


@attrs.frozen(kw_only=True)
class Decided(Folded[State]):
    """What came of a command.

    Attributes:
        state: After what was decided.
        version: The stream's version, of which this is the state.
        events: What was decided, in order; empty if what was asked for was so already.
        appended: Where the events stand; None if there are none.
    """

    events: tuple[object, ...]
    appended: Appended | None
