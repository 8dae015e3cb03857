"""Dead letters: events that a projection could not apply, and those that wait behind them."""

from __future__ import annotations

import enum
import traceback
from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

import attrs
from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.projections._partitions import partition_named
from eventdocs.projections._tables import dead_letters
from eventdocs.store import RecordedEvent

_MESSAGE_LIMIT: Final = 2_000
_TRACEBACK_LIMIT: Final = 20_000
_FRAMES: Final = 20
_NAME_LIMIT: Final = 200


class DeadLetterState(enum.Enum):
    """What became of an event that was set aside."""

    FAILED = "failed"
    """It could not be applied."""

    WAITING = "waiting"
    """It follows one that was set aside, of the same ordering key."""

    APPLIED = "applied"
    """It has been applied after all."""

    RESOLVED = "resolved"
    """It was not applied: somebody has mended the read model by hand."""

    SKIPPED = "skipped"
    """It is left out for good."""


class RepairAction(enum.Enum):
    """What somebody does about a dead letter."""

    RETRY = "retry"
    """Apply it, or what waits behind another that was repaired."""

    SKIP = "skip"
    """Leave it out for good."""

    RESOLVE = "resolve"
    """Close it, because its effect was made by hand."""


OPEN: Final = (DeadLetterState.FAILED, DeadLetterState.WAITING)

Names: TypeAlias = str | Collection[str]
"""The name of a projection that is not divided or of a partition, or those of several."""


@attrs.frozen(kw_only=True)
class Repair:
    """What somebody has done about a dead letter.

    Attributes:
        action: What was done.
        by: Who did it; None if that was not said.
        reason: Why, in their own words; None if that was not said.
        at: When, aware UTC.
    """

    action: RepairAction
    by: str | None
    reason: str | None
    at: datetime


@attrs.frozen(kw_only=True)
class DeadLetter:
    """One event that was set aside.

    Attributes:
        projection: Who set it aside.
        sequence: The event's place in the log.
        event_id: The event.
        stream: Its stream.
        ordering_key: What it waits for, and what waits for it, is of the same key.
        type: Its type.
        state: What became of it.
        error_type: The class of what its handler raised; None if it only waits.
        message: What the error said.
        traceback: Where it was raised.
        attempts: How often it was tried.
        correlation_id: The event's own.
        recorded_at: When it was set aside, aware UTC.
        resolved_at: When it was closed, aware UTC; None if it is still open.
        resolution: How that came about.
        repair: What was last done about it on somebody's request, also in vain.
        partition: Which partition set it aside, from 1, if the projection is divided.
    """

    projection: str
    sequence: int
    event_id: UUID
    stream: str
    ordering_key: str
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
    repair: Repair | None
    partition: int | None = None


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
    ordering_key: str,
    skipped_because: str | None = None,
    repair: Repair | None = None,
) -> int:
    """Record that *event* could not be applied, and return how often it has been tried.

    Args:
        tx: The transaction, which holds the projection's checkpoint locked.
        projection: Who could not apply it.
        event: What could not be applied.
        error: Why.
        ordering_key: What has to wait for it, unless that is on record.
        skipped_because: Record it as skipped, for this reason.
        repair: On whose request it was tried.
    """
    now = datetime.now(UTC)
    outcome = {
        "state": (DeadLetterState.SKIPPED if skipped_because else DeadLetterState.FAILED).value,
        "error_type": f"{type(driver_error(error)).__module__}.{type(driver_error(error)).__qualname__}",
        "message": describe(error),
        "traceback": _trace(error),
        "resolved_at": now if skipped_because else None,
        "resolution": skipped_because,
        **_repaired(repair),
    }
    place = _is(projection, event.sequence)
    known: int | None = await tx.scalar(select(dead_letters.c.attempts).where(place))
    if known is None:
        await tx.execute(
            insert(dead_letters).values(
                **_facts(projection, event, ordering_key, now), **outcome, attempts=1
            )
        )
        return 1
    await tx.execute(update(dead_letters).where(place).values(**outcome, attempts=known + 1))
    return known + 1


async def record_waiting(
    tx: AsyncConnection, projection: str, events: Sequence[tuple[str, RecordedEvent[Any]]]
) -> None:
    """Record that *events* wait behind others of their ordering keys."""
    now = datetime.now(UTC)
    waiting: dict[str, object] = {
        "state": DeadLetterState.WAITING.value,
        "resolved_at": None,
        "resolution": None,
    }
    # The one that a projection stood before has failed, and may wait behind others now.
    known = await tx.scalars(
        select(dead_letters.c.sequence).where(
            dead_letters.c.projection == projection,
            dead_letters.c.sequence >= events[0][1].sequence,
        )
    )
    again = frozenset(known)
    fresh: list[dict[str, object]] = []
    for ordering_key, event in events:
        if event.sequence in again:
            values = {**waiting, "ordering_key": ordering_key}
            place = _is(projection, event.sequence)
            await tx.execute(update(dead_letters).where(place).values(**values))
        else:
            facts = _facts(projection, event, ordering_key, now)
            fresh.append({**facts, **waiting, "attempts": 0})
    if fresh:
        await tx.execute(insert(dead_letters), fresh)


async def close(
    tx: AsyncConnection,
    projection: str,
    sequences: ColumnElement[bool],
    *,
    state: DeadLetterState,
    resolution: str,
    repair: Repair | None = None,
) -> None:
    """Close the open dead letters of *projection* that *sequences* selects."""
    closed = {
        "state": state.value,
        "resolved_at": datetime.now(UTC),
        "resolution": resolution,
        **_repaired(repair),
    }
    await tx.execute(update(dead_letters).where(_is_open(projection), sequences).values(**closed))


async def record_repair(
    tx: AsyncConnection, projection: str, sequence: int, repair: Repair
) -> None:
    """Record that *repair* is tried on the dead letter at *sequence*."""
    place = _is(projection, sequence)
    await tx.execute(update(dead_letters).where(place).values(**_repaired(repair)))


async def parked_keys(tx: AsyncConnection, projection: str, through: int) -> frozenset[str]:
    """Name the ordering keys of which events up to *through* wait to be applied."""
    found = await tx.scalars(
        select(dead_letters.c.ordering_key)
        .distinct()
        .where(_is_open(projection), dead_letters.c.sequence <= through)
    )
    return frozenset(found)


async def read_dead_letters(
    connection: AsyncConnection, projection: Names, *, states: Iterable[DeadLetterState] = OPEN
) -> list[DeadLetter]:
    """List the dead letters of *projection* in these states, in the log's order."""
    found = await connection.execute(
        select(dead_letters)
        .where(
            _of(projection),
            dead_letters.c.state.in_([state.value for state in states]),
        )
        .order_by(dead_letters.c.sequence)
    )
    return [_letter(row) for row in found.mappings()]


async def find_dead_letter(
    connection: AsyncConnection,
    projection: Names,
    *,
    keys: Collection[str] | None = None,
    sequence: int | None = None,
    after: int | None = None,
    before: int | None = None,
) -> DeadLetter | None:
    """Find the first open dead letter of *projection* that fits all that is given.

    Args:
        connection: Where to look.
        projection: Whose.
        keys: Of these ordering keys.
        sequence: At this place.
        after: Only beyond this place.
        before: Only ahead of this place.
    """
    query = select(dead_letters).where(_is_open(projection)).order_by(dead_letters.c.sequence)
    if keys is not None:
        query = query.where(dead_letters.c.ordering_key.in_(keys))
    if sequence is not None:
        query = query.where(dead_letters.c.sequence == sequence)
    if after is not None:
        query = query.where(dead_letters.c.sequence > after)
    if before is not None:
        query = query.where(dead_letters.c.sequence < before)
    row = (await connection.execute(query.limit(1))).mappings().one_or_none()
    return None if row is None else _letter(row)


async def count_open(connection: AsyncConnection, projection: Names) -> int:
    """Count the dead letters of *projection* that are still to be applied or skipped."""
    found = await connection.scalar(
        select(func.count()).select_from(dead_letters).where(_is_open(projection))
    )
    return found or 0


def _is(projection: str, sequence: int) -> ColumnElement[bool]:
    return and_(dead_letters.c.projection == projection, dead_letters.c.sequence == sequence)


def _of(projection: Names) -> ColumnElement[bool]:
    column = dead_letters.c.projection
    return column == projection if isinstance(projection, str) else column.in_(projection)


def _is_open(projection: Names) -> ColumnElement[bool]:
    return and_(_of(projection), dead_letters.c.resolved_at.is_(None))


def _repaired(repair: Repair | None) -> dict[str, object]:
    if repair is None:
        return {}
    return {
        "repair": repair.action.value,
        "repaired_by": None if repair.by is None else _storable(repair.by, _NAME_LIMIT),
        "repair_reason": None
        if repair.reason is None
        else _storable(repair.reason, _MESSAGE_LIMIT),
        "repaired_at": repair.at,
    }


def _facts(
    projection: str, event: RecordedEvent[Any], ordering_key: str, now: datetime
) -> dict[str, object]:
    return {
        "projection": projection,
        "sequence": event.sequence,
        "event_id": event.id,
        "stream": event.stream,
        "ordering_key": ordering_key,
        "type": event.raw.type,  # of the whole event, also where a part of it is handed over
        "correlation_id": event.correlation_id,
        "recorded_at": now,
    }


def _letter(row: Any) -> DeadLetter:
    facts: dict[str, Any] = dict(row)
    action, by, reason, at = (
        facts.pop(name) for name in ("repair", "repaired_by", "repair_reason", "repaired_at")
    )
    facts["state"] = DeadLetterState(facts["state"])
    facts["recorded_at"] = _aware(facts["recorded_at"])
    if facts["resolved_at"] is not None:
        facts["resolved_at"] = _aware(facts["resolved_at"])
    repair = None
    if action is not None:
        repair = Repair(action=RepairAction(action), by=by, reason=reason, at=_aware(at))
    part = partition_named(facts.pop("projection"))
    return DeadLetter(
        **facts,
        projection=part.projection,
        partition=part.number if part.count > 1 else None,
        repair=repair,
    )


def _aware(moment: datetime) -> datetime:
    # SQLite keeps no offset; what is written is UTC.
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _trace(error: BaseException) -> str:
    """Say where *error* was raised; of a long way, how it began and how it ended."""
    frames = traceback.extract_tb(error.__traceback__)
    if len(frames) <= 2 * _FRAMES:
        return _storable("".join(frames.format()), _TRACEBACK_LIMIT)
    first = "".join(traceback.StackSummary.from_list(frames[:_FRAMES]).format())
    last = "".join(traceback.StackSummary.from_list(frames[-_FRAMES:]).format())
    left_out = f"  … {len(frames) - 2 * _FRAMES} more frames …\n"
    return _storable(f"{first}{left_out}{last}", _TRACEBACK_LIMIT)


def _storable(text: str, limit: int) -> str:
    clean = text.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    return clean if len(clean) <= limit else f"{clean[: limit - 1]}…"
