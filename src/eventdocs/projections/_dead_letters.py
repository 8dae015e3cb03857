"""Dead letters: events that a projection could not apply, and those that wait behind them."""

from __future__ import annotations

import enum
import traceback
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import attrs
from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.projections._tables import dead_letters
from eventdocs.store import RecordedEvent

_MESSAGE_LIMIT: Final = 2_000
_TRACEBACK_LIMIT: Final = 20_000


class DeadLetterState(enum.Enum):
    """What became of an event that was set aside."""

    FAILED = "failed"
    """It could not be applied."""

    WAITING = "waiting"
    """It follows a failed event of the same stream."""

    RESOLVED = "resolved"
    """It has been applied after all."""

    SKIPPED = "skipped"
    """It is left out for good."""


OPEN: Final = (DeadLetterState.FAILED, DeadLetterState.WAITING)


@attrs.frozen(kw_only=True)
class DeadLetter:
    """One event that was set aside.

    Attributes:
        projection: Who set it aside.
        sequence: The event's place in the log.
        event_id: The event.
        stream: Its stream.
        type: Its type.
        state: What became of it.
        error_type: The class of what its handler raised; None if it only waits.
        message: What the error said.
        traceback: Where it was raised.
        attempts: How often it was tried.
        correlation_id: The event's own.
        recorded_at: When it was set aside, aware UTC.
        resolved_at: When it was applied or skipped.
        resolution: How that came about.
    """

    projection: str
    sequence: int
    event_id: UUID
    stream: str
    type: str
    state: DeadLetterState
    error_type: str | None
    message: str | None
    traceback: str | None
    attempts: int
    correlation_id: str | None
    recorded_at: datetime
    resolved_at: datetime | None
    resolution: str | None


def driver_error(error: BaseException) -> BaseException:
    """Find the driver's own error below SQLAlchemy's."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return error
    return error.orig.__cause__ or error.orig


def describe(error: BaseException) -> str:
    """Say what *error* says, without the statement and the values that a driver's error carries."""
    cause = driver_error(error)
    # The text of a driver's error ends in a detail that quotes a row.
    text = str(cause) if cause is error else str(next(iter(cause.args), ""))
    return f"{type(cause).__name__}: {_storable(text, _MESSAGE_LIMIT)}"


async def record_failure(
    tx: AsyncConnection,
    projection: str,
    event: RecordedEvent[Any],
    error: BaseException,
    *,
    skipped_because: str | None = None,
) -> int:
    """Record that *event* could not be applied, and return how often it has been tried.

    Args:
        tx: The transaction, which holds the projection's checkpoint locked.
        projection: Who could not apply it.
        event: What could not be applied.
        error: Why.
        skipped_because: Record it as skipped, for this reason.
    """
    now = datetime.now(UTC)
    outcome = {
        "state": (DeadLetterState.SKIPPED if skipped_because else DeadLetterState.FAILED).value,
        "error_type": f"{type(driver_error(error)).__module__}.{type(driver_error(error)).__qualname__}",
        "message": describe(error),
        "traceback": _storable("".join(traceback.format_tb(error.__traceback__)), _TRACEBACK_LIMIT),
        "resolved_at": now if skipped_because else None,
        "resolution": skipped_because,
    }
    place = _is(projection, event.sequence)
    known: int | None = await tx.scalar(select(dead_letters.c.attempts).where(place))
    if known is None:
        await tx.execute(
            insert(dead_letters).values(**_facts(projection, event, now), **outcome, attempts=1)
        )
        return 1
    await tx.execute(update(dead_letters).where(place).values(**outcome, attempts=known + 1))
    return known + 1


async def record_waiting(
    tx: AsyncConnection, projection: str, events: Sequence[RecordedEvent[Any]]
) -> None:
    """Record that *events* wait behind a failed event of their stream."""
    now = datetime.now(UTC)
    rows = [
        {**_facts(projection, event, now), "state": DeadLetterState.WAITING.value, "attempts": 0}
        for event in events
    ]
    await tx.execute(insert(dead_letters), rows)


async def resolve(
    tx: AsyncConnection,
    projection: str,
    sequences: ColumnElement[bool],
    *,
    state: DeadLetterState,
    resolution: str,
) -> None:
    """Close the open dead letters of *projection* that *sequences* selects."""
    await tx.execute(
        update(dead_letters)
        .where(_is_open(projection), sequences)
        .values(state=state.value, resolved_at=datetime.now(UTC), resolution=resolution)
    )


async def parked_streams(tx: AsyncConnection, projection: str, through: int) -> frozenset[str]:
    """Name the streams of which events up to *through* wait to be applied."""
    found = await tx.scalars(
        select(dead_letters.c.stream)
        .distinct()
        .where(_is_open(projection), dead_letters.c.sequence <= through)
    )
    return frozenset(found)


async def read_dead_letters(
    connection: AsyncConnection, projection: str, *, states: Iterable[DeadLetterState] = OPEN
) -> list[DeadLetter]:
    """List the dead letters of *projection* in these states, in the log's order."""
    found = await connection.execute(
        select(dead_letters)
        .where(
            dead_letters.c.projection == projection,
            dead_letters.c.state.in_([state.value for state in states]),
        )
        .order_by(dead_letters.c.sequence)
    )
    return [_letter(row) for row in found.mappings()]


async def find_dead_letter(
    connection: AsyncConnection,
    projection: str,
    *,
    stream: str | None = None,
    sequence: int | None = None,
    after: int | None = None,
    through: int | None = None,
) -> DeadLetter | None:
    """Find the first open dead letter of *projection* that fits all that is given.

    Args:
        connection: Where to look.
        projection: Whose.
        stream: Of this stream.
        sequence: At this place.
        after: Only beyond this place.
        through: Not beyond this place.
    """
    query = select(dead_letters).where(_is_open(projection)).order_by(dead_letters.c.sequence)
    if stream is not None:
        query = query.where(dead_letters.c.stream == stream)
    if sequence is not None:
        query = query.where(dead_letters.c.sequence == sequence)
    if after is not None:
        query = query.where(dead_letters.c.sequence > after)
    if through is not None:
        query = query.where(dead_letters.c.sequence <= through)
    row = (await connection.execute(query.limit(1))).mappings().one_or_none()
    return None if row is None else _letter(row)


async def count_open(connection: AsyncConnection, projection: str) -> int:
    """Count the dead letters of *projection* that are still to be applied or skipped."""
    found = await connection.scalar(
        select(func.count()).select_from(dead_letters).where(_is_open(projection))
    )
    return found or 0


def _is(projection: str, sequence: int) -> ColumnElement[bool]:
    return and_(dead_letters.c.projection == projection, dead_letters.c.sequence == sequence)


def _is_open(projection: str) -> ColumnElement[bool]:
    return and_(
        dead_letters.c.projection == projection,
        dead_letters.c.state.in_([state.value for state in OPEN]),
    )


def _facts(projection: str, event: RecordedEvent[Any], now: datetime) -> dict[str, object]:
    return {
        "projection": projection,
        "sequence": event.sequence,
        "event_id": event.id,
        "stream": event.stream,
        "type": event.raw.type,  # of the whole event, also where a part of it is handed over
        "correlation_id": event.correlation_id,
        "recorded_at": now,
    }


def _letter(row: Any) -> DeadLetter:
    facts: dict[str, Any] = dict(row)
    facts["state"] = DeadLetterState(facts["state"])
    facts["recorded_at"] = _aware(facts["recorded_at"])
    if facts["resolved_at"] is not None:
        facts["resolved_at"] = _aware(facts["resolved_at"])
    return DeadLetter(**facts)


def _aware(moment: datetime) -> datetime:
    # SQLite keeps no offset; what is written is UTC.
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _storable(text: str, limit: int) -> str:
    clean = text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"
