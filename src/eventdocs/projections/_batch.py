"""A batch: events in the log's order, handed to the handlers within one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from typing import Any, TypeAlias

import attrs
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import ProjectorDefinitionError
from eventdocs.observability import correlate
from eventdocs.projections._ordering_key import KeyFunction, by_stream
from eventdocs.projections._projector import Projector
from eventdocs.store import RecordedEvent

Events: TypeAlias = Sequence[RecordedEvent[Any]]

Choice: TypeAlias = Callable[[str, RecordedEvent[Any]], bool]
"""Tells by its ordering key and itself whether an event counts."""


@attrs.frozen(kw_only=True)
class BoundHandler:
    """A handler of one projector instance.

    Attributes:
        call: The bound method.
        batch: It takes a sequence of events instead of a single one.
    """

    call: Callable[[Any, AsyncConnection], Coroutine[Any, Any, None]]
    batch: bool


def bind(projector: Projector, *, side_effects: bool = True) -> Mapping[str, BoundHandler]:
    """Bind the projector's handlers; what is one method is one object for all its types.

    Args:
        projector: Whose handlers.
        side_effects: Those that have side effects, too.
    """
    bound = {
        handler.method: BoundHandler(call=getattr(projector, handler.method), batch=handler.batch)
        for handler in projector.handlers.values()
        if side_effects or not handler.side_effects
    }
    return {
        name: bound[handler.method]
        for name, handler in projector.handlers.items()
        if handler.method in bound
    }


@attrs.define(eq=False)
class EventFailedError(Exception):
    """The events from *first* on, *count* of them, could not be applied; one of them is to blame.

    It never leaves the package: the projection tries them in smaller parts.
    """

    first: int
    count: int
    cause: Exception


Step: TypeAlias = tuple[int, str, RecordedEvent[Any], BoundHandler, Exception | None]
"""A place in the batch, the ordering key and the event there, its handler, and why it fails now."""


def plan(
    events: Events,
    handlers: Mapping[str, BoundHandler],
    key_of: KeyFunction,
    *,
    left_out: Callable[[RecordedEvent[Any]], bool] | None = None,
    counts: Choice | None = None,
) -> list[Step]:
    """Pair events with their handlers, and decode them before a transaction waits for that.

    An event whose type was split is as many steps as it has parts, all at its place and
    of the first one's key. The key is the stream if it cannot be known.

    Args:
        events: In the log's order; events without a handler are passed over.
        handlers: By event type.
        key_of: Names the ordering key of an event.
        left_out: Whether an event is passed over too.
        counts: Whether one is not passed over. Where keys are streams, it is not decoded
            for that.
    """
    steps: list[Step] = []
    counts_undecoded = counts if key_of is by_stream else None
    for index, event in enumerate(events):
        types = event.types
        first = handlers.get(types[0]) if len(types) == 1 else _first_of(types, handlers)
        if first is None or (left_out is not None and left_out(event)):
            continue
        if counts_undecoded is not None and not counts_undecoded(event.stream, event):
            continue
        try:
            parts = event.parts
            if len(parts) == 1 and parts[0] is event:
                # As it nearly always is: one event, one handler.
                key = key_of(event)
                if counts is None or counts(key, event):
                    steps.append((index, key, event, first, None))
                continue
            handled = [part for part in parts if part.type in handlers]
            key = key_of(handled[0]) if handled else event.stream
        except Exception as problem:  # noqa: BLE001 - reported when the event's turn comes
            key = _key_or_stream(event, key_of)
            if counts is None or counts(key, event):
                steps.append((index, key, event, first, problem))
            continue
        if counts is not None and not counts(key, event):
            continue
        steps += [(index, key, part, handlers[part.type], None) for part in handled]
    return steps


def _first_of(types: Sequence[str], handlers: Mapping[str, BoundHandler]) -> BoundHandler | None:
    return next((handlers[each] for each in types if each in handlers), None)


def _key_or_stream(event: RecordedEvent[Any], key_of: KeyFunction) -> str:
    try:
        return key_of(event)
    except Exception:  # noqa: BLE001 - what is wrong with the event is known already
        return event.stream


@attrs.frozen(kw_only=True)
class Applied:
    """How far `apply` came.

    Attributes:
        waiting: The events that have to wait, with their ordering keys; of several parts
            the first stands for all.
        end: The place in the batch at which it left off; None if it came to the end.
    """

    waiting: Sequence[tuple[str, RecordedEvent[Any]]]
    end: int | None


async def apply(
    steps: Sequence[Step],
    tx: AsyncConnection,
    *,
    parked: Collection[str] = (),
    is_enough: Callable[[], bool] = lambda: False,
) -> Applied:
    """Hand events to their handlers in order.

    Args:
        steps: What is to be done.
        tx: The transaction the effects belong to.
        parked: Ordering keys of what waits already. An event waits, too, if its key is
            among them, or its stream: that is the key where none could be known.
        is_enough: Whether to leave the rest to another transaction; asked between two
            events that no handler takes together.

    Raises:
        EventFailedError: A handler failed, or an event could not be decoded.
    """
    waiting: list[tuple[str, RecordedEvent[Any]]] = []
    parked = set(parked)
    run: list[RecordedEvent[Any]] = []
    running: BoundHandler | None = None
    first = last = 0
    for index, key, event, handler, error in steps:
        if parked and (key in parked or event.stream in parked):
            if not waiting or waiting[-1][1].sequence != event.sequence:
                waiting.append((key, event))
                parked.add(key)
            continue
        if error is not None:
            raise EventFailedError(index, 1, error) from error
        if handler is not running or not handler.batch:
            await _hand_over(running, run, first, last + 1, tx)
            if running is not None and index > last and is_enough():
                return Applied(waiting=waiting, end=index)
            run, running, first = [], handler, index
        run.append(event)
        last = index
    await _hand_over(running, run, first, last + 1, tx)
    return Applied(waiting=waiting, end=None)


async def _hand_over(
    handler: BoundHandler | None, run: Events, first: int, end: int, tx: AsyncConnection
) -> None:
    if handler is None:
        return
    transaction = _transaction_of(tx)
    cause = run[0]
    try:
        # Many events have no one cause in common, unless they belong to one correlation.
        shared = len(run) == 1 or all(event.correlation_id == cause.correlation_id for event in run)
        with correlate(
            cause.correlation_id if shared else None,
            causation_id=cause.id if len(run) == 1 else None,
        ):
            await handler.call(run if handler.batch else cause, tx)
        if _transaction_of(tx) is not transaction:
            raise ProjectorDefinitionError(
                handler.call.__qualname__, "it ended the transaction; the projection does that"
            )
    except Exception as error:
        raise EventFailedError(first, end - first, error) from error


def _transaction_of(tx: AsyncConnection) -> object:
    connection = tx.sync_connection
    return None if connection is None else connection.get_transaction()
