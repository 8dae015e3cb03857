"""What becomes of appends on SQLite: judged one after another, in memory, then written at once."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from uuid import UUID

from eventdocs.errors import EventIdConflictError, StoreError, WrongExpectedVersionError
from eventdocs.store import Appended, Place, StreamAppend, Together, category_of
from eventdocs.types import Expect

Row: TypeAlias = Sequence[Any]

# Every statement takes the list it looks for as one JSON array: no limit on their number.
FIND_EVENTS: Final = """
SELECT id, stream, digest, sequence, version FROM eventdocs_events
WHERE id IN (SELECT value FROM json_each(?))
"""
FIND_STREAMS: Final = """
SELECT stream, version FROM eventdocs_streams WHERE stream IN (SELECT value FROM json_each(?))
"""
# What AUTOINCREMENT has given out, so that a sequence is never given out twice.
FIND_LAST_SEQUENCE: Final = "SELECT seq FROM sqlite_sequence WHERE name = 'eventdocs_events'"
INSERT_EVENT: Final = """
INSERT INTO eventdocs_events (
    sequence, stream, version, category, id, type, schema_version,
    data, digest, metadata, correlation_id, causation_id, recorded_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
UPSERT_STREAM: Final = """
INSERT INTO eventdocs_streams (stream, version) VALUES (?, ?)
ON CONFLICT (stream) DO UPDATE SET version = excluded.version
"""


def ids_of(units: Iterable[Together]) -> str:
    """List the units' event ids, as `FIND_EVENTS` takes them."""
    return json.dumps(
        [event.id.hex for unit in units for append in unit for event in append.events]
    )


def streams_of(units: Iterable[Together]) -> str:
    """List the units' streams, as `FIND_STREAMS` takes them."""
    return json.dumps(list({append.stream for unit in units for append in unit}))


class Batch:
    """Units of appends that are written at once: each sees those before it, and fails alone.

    Args:
        found: Rows of `FIND_EVENTS`.
        streams: Rows of `FIND_STREAMS`.
        last_sequence: The greatest sequence ever given out.

    Attributes:
        events: Rows for `INSERT_EVENT`.
    """

    def __init__(self, found: Iterable[Row], streams: Iterable[Row], last_sequence: int) -> None:
        self.events: list[Row] = []
        self._known = {
            row[0]: (row[1], row[2], Place(sequence=row[3], version=row[4], id=UUID(row[0])))
            for row in found
        }
        self._versions = {row[0]: row[1] for row in streams}
        self._sequence = last_sequence
        self._written: set[str] = set()
        self._now = datetime.now(UTC).isoformat(timespec="microseconds")

    @property
    def streams(self) -> list[Row]:
        """Rows for `UPSERT_STREAM`."""
        return [(stream, self._versions[stream]) for stream in self._written]

    def judge(self, unit: Together) -> tuple[Appended, ...] | StoreError:
        """Take the unit in and tell where its events will stand, or why it is refused."""
        if any(event.id.hex in self._known for append in unit for event in append.events):
            return self._repeated(unit)
        for append in unit:
            actual = self._versions.get(append.stream, 0)
            if not _is_as_expected(append, actual):
                return WrongExpectedVersionError(append.stream, append.expected, actual)
        return tuple(self._taken_in(append) for append in unit)

    def _repeated(self, unit: Together) -> tuple[Appended, ...] | StoreError:
        known = [
            (append, event)
            for append in unit
            for event in append.events
            if event.id.hex in self._known
        ]
        for append, event in known:
            stream, digest, _ = self._known[event.id.hex]
            if (stream, digest) != (append.stream, event.digest):
                return EventIdConflictError(event.id, append.stream)
        if len(known) < sum(len(append.events) for append in unit):
            append, event = known[0]
            return EventIdConflictError(event.id, append.stream)
        return tuple(self._first_places(append) for append in unit)

    def _first_places(self, append: StreamAppend) -> Appended:
        places = tuple(self._known[event.id.hex][2] for event in append.events)
        return Appended(
            stream=append.stream, places=places, version=places[-1].version, repeated=True
        )

    def _taken_in(self, append: StreamAppend) -> Appended:
        version = self._versions.get(append.stream, 0)
        category = category_of(append.stream)
        places: list[Place] = []
        for event in append.events:
            version += 1
            self._sequence += 1
            place = Place(sequence=self._sequence, version=version, id=event.id)
            places.append(place)
            self._known[event.id.hex] = (append.stream, event.digest, place)
            self.events.append(
                (
                    place.sequence,
                    append.stream,
                    version,
                    category,
                    event.id.hex,
                    event.type,
                    event.schema_version,
                    event.payload.decode(),
                    event.digest,
                    event.metadata.decode(),
                    event.correlation_id,
                    None if event.causation_id is None else event.causation_id.hex,
                    self._now,
                )
            )
        self._versions[append.stream] = version
        self._written.add(append.stream)
        return Appended(stream=append.stream, places=tuple(places), version=version)


def _is_as_expected(append: StreamAppend, actual: int) -> bool:
    match append.expected:
        case Expect.ANY:
            return True
        case Expect.NO_STREAM:
            return actual == 0
        case Expect.STREAM_EXISTS:
            return actual > 0
        case version:
            return actual == version
