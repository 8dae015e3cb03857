"""Units of appends as the append function takes them, and what it says of each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias, assert_never
from uuid import UUID

import attrs

from eventdocs.backends._postgres_sql import Row
from eventdocs.errors import (
    EventdocsError,
    EventIdConflictError,
    StoreBusyError,
    WrongExpectedVersionError,
)
from eventdocs.store import Appended, Place, StreamAppend, Together
from eventdocs.types import Expect, ExpectedVersion

Outcome: TypeAlias = tuple[Appended, ...] | EventdocsError | None
"""What became of a unit of appends; None: nothing yet, because somebody else holds a stream."""

_ANY: Final = -1
_EXISTS: Final = -2


@attrs.frozen
class Call:
    """A call that records units of appends.

    Attributes:
        statement: The name of its file.
        arguments: The statement's parameters.
    """

    statement: str
    arguments: Mapping[str, Any]


def call_for(units: Sequence[Together], *, skip_locked: bool, patience: int | None) -> Call:
    """Lay *units* out for the append function that suits them."""
    if len(units) == len(units[0]) == len(units[0][0].events) == 1:
        return _call_for_one(units[0][0], skip_locked=skip_locked, patience=patience)
    appends = [append for unit in units for append in unit]
    distinct = dict.fromkeys(append.stream for append in appends)
    streams = {stream: place for place, stream in enumerate(distinct, start=1)}
    events = [event for append in appends for event in append.events]
    arguments = {
        "units": [len(unit) for unit in units],
        "streams": list(streams),
        "stream_of": [streams[append.stream] for append in appends],
        "expected": [_number_of(append.expected) for append in appends],
        "sizes": [len(append.events) for append in appends],
        "append_of": [at for at, append in enumerate(appends, start=1) for _ in append.events],
        "ids": [event.id for event in events],
        "types": [event.type for event in events],
        "schema_versions": [event.schema_version for event in events],
        "payloads": [event.payload.decode() for event in events],
        "digests": [event.digest for event in events],
        "metadata": [event.metadata.decode() for event in events],
        "correlation_ids": [event.correlation_id for event in events],
        "causation_ids": [event.causation_id for event in events],
        "skip_locked": skip_locked,
        "patience": patience,
    }
    return Call("append", arguments)


def _call_for_one(append: StreamAppend, *, skip_locked: bool, patience: int | None) -> Call:
    (event,) = append.events
    arguments = {
        "stream": append.stream,
        "expected": _number_of(append.expected),
        "id": event.id,
        "type": event.type,
        "schema_version": event.schema_version,
        "payload": event.payload.decode(),
        "digest": event.digest,
        "metadata": event.metadata.decode(),
        "correlation_id": event.correlation_id,
        "causation_id": event.causation_id,
        "skip_locked": skip_locked,
        "patience": patience,
    }
    return Call("append_one", arguments)


def outcomes_of(units: Sequence[Together], rows: Sequence[Row]) -> list[Outcome]:
    """Read what the append function returned."""
    left = iter(rows)
    return [_outcome(unit, list(itertools.islice(left, len(unit)))) for unit in units]


def busy(database: str, unit: Together) -> StoreBusyError:
    """Tell that somebody else holds a stream of *unit*."""
    streams = " or ".join(repr(append.stream) for append in unit)
    return StoreBusyError(database, f"stream {streams} is locked")


def without_common_ids(units: Sequence[Together]) -> Iterator[list[int]]:
    """Group the positions of *units* so that no two of a group share an event id.

    A unit that is repeated while its first try is still on the way stands in a later
    group, where the first one's events are found. So does what came after it for the same
    streams: within a stream nobody overtakes.
    """
    left = list(range(len(units)))
    if len(units) == 1:
        yield left
        return
    while left:
        ids: set[UUID] = set()
        held: set[str] = set()
        group: list[int] = []
        later: list[int] = []
        for at in left:
            own_ids = {event.id for append in units[at] for event in append.events}
            streams = {append.stream for append in units[at]}
            if ids.isdisjoint(own_ids) and held.isdisjoint(streams):
                group.append(at)
            else:
                later.append(at)
                held |= streams
            ids |= own_ids
        yield group
        left = later


def _number_of(expected: ExpectedVersion) -> int:
    match expected:
        case int():
            return expected
        case Expect.ANY:
            return _ANY
        case Expect.NO_STREAM:
            return 0
        case Expect.STREAM_EXISTS:
            return _EXISTS
        case _:
            assert_never(expected)


def _outcome(unit: Together, rows: Sequence[Row]) -> Outcome:
    appended: list[Appended] = []
    for append, (outcome, version, sequences, versions, guilty) in zip(unit, rows, strict=True):
        match outcome:
            case "recorded":
                first = version - len(append.events) + 1
                counted = range(first, version + 1)
                appended.append(_appended(append, sequences, counted, repeated=False))
            case "repeated":
                appended.append(_appended(append, sequences, versions, repeated=True))
            case "refused":
                return WrongExpectedVersionError(append.stream, append.expected, version)
            case "conflict":
                return _conflict(unit, UUID(str(guilty)))
            case "locked":
                return None
            case _:  # dropped because of another one of the unit
                pass
    return tuple(appended)


def _conflict(unit: Together, guilty: UUID) -> EventIdConflictError:
    (stream,) = (append.stream for append in unit for event in append.events if event.id == guilty)
    return EventIdConflictError(guilty, stream)


def _appended(
    append: StreamAppend, sequences: Sequence[int], versions: Sequence[int], *, repeated: bool
) -> Appended:
    places = tuple(
        Place(sequence=sequence, version=version, id=event.id)
        for sequence, version, event in zip(sequences, versions, append.events, strict=True)
    )
    return Appended(
        stream=append.stream, places=places, version=places[-1].version, repeated=repeated
    )
