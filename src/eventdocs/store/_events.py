"""Events as values: before they are recorded, after, and where they stand."""

from __future__ import annotations

import enum
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar, cast
from uuid import UUID

import attrs
import orjson

from eventdocs.store._bygone import Retired
from eventdocs.store._event_types import event_type_of
from eventdocs.store._registry import EventRegistry
from eventdocs.types import JSONValue

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class _Uuid7:
    """UUIDv7 (RFC 9562, method 1): in one process every id is greater than the one before."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def __call__(self) -> UUID:
        fresh = (time.time_ns() // 1_000_000) << 74 | int.from_bytes(os.urandom(10)) >> 6
        with self._lock:
            self._last = value = max(fresh, self._last + 1)
        milliseconds, random = value >> 74, value & (1 << 74) - 1
        return UUID(
            int=milliseconds << 80
            | 7 << 76
            | (random >> 62) << 64
            | 2 << 62
            | random & (1 << 62) - 1
        )


new_event_id = _Uuid7()


@attrs.frozen(kw_only=True)
class NewEvent(Generic[T]):
    """A fact that has happened and is not recorded yet.

    Attributes:
        data: The event itself: an instance of a registered event class.
        id: Identity. Appending the same id twice records it once.
        metadata: Facts about the event; joined with the surrounding `correlate` blocks'.
        correlation_id: One id for all that one request set off; else from the context.
        causation_id: The event that caused this one; else from the context.
    """

    data: T
    id: UUID = attrs.field(factory=new_event_id)
    metadata: Mapping[str, JSONValue] = attrs.field(factory=dict[str, JSONValue])
    correlation_id: str | None = None
    causation_id: UUID | None = None


@attrs.frozen(kw_only=True)
class RawEvent:
    """A row of the log, exactly as it is stored.

    Attributes:
        sequence: Place in the whole log; grows, may have holes.
        stream: The stream it belongs to.
        version: Place in the stream, from 1.
        id: Identity.
        type: The registered name of its type.
        schema_version: The version of the type's shape it was written with.
        payload: Canonical JSON, UTF-8.
        metadata: JSON object, UTF-8.
        correlation_id: What it belongs together with.
        causation_id: The event that caused it.
        recorded_at: When the database recorded it, aware UTC.
    """

    sequence: int
    stream: str
    version: int
    id: UUID
    type: str
    schema_version: int
    payload: bytes
    metadata: bytes
    correlation_id: str | None
    causation_id: UUID | None
    recorded_at: datetime


class StoredRow(Protocol):
    """A row of the log as a driver gives it: fields in the order of `RawEvent`'s.

    Payload and metadata are text or bytes. How ids and times are spelled, a `RowReader` knows.
    """

    def __getitem__(self, at: int, /) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...


@attrs.frozen
class RowReader:
    """What it takes to read the rows of one store.

    Attributes:
        registry: The event types of the store.
        decode: Makes the data of type, schema version, payload and sequence.
        uuid: Makes an id of what the driver gives for one.
        time: Makes an aware UTC time of what the driver gives for one.
    """

    registry: EventRegistry
    decode: Callable[[str, int, str | bytes, int], object]
    uuid: Callable[[Any], UUID]
    time: Callable[[Any], datetime]

    def raw(self, row: StoredRow) -> RawEvent:
        """Read all of *row*, as it is stored."""
        return RawEvent(
            sequence=row[0],
            stream=row[1],
            version=row[2],
            id=self.uuid(row[3]),
            type=row[4],
            schema_version=row[5],
            payload=_as_bytes(row[6]),
            metadata=_as_bytes(row[7]),
            correlation_id=row[8],
            causation_id=None if row[9] is None else self.uuid(row[9]),
            recorded_at=self.time(row[10]),
        )


def _as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode()


class RecordedEvent(Generic[T_co]):
    """An event as the log returns it; whatever has to be decoded is decoded on first use.

    Args:
        row: The row behind it.
        reader: Reads it.
    """

    __slots__ = ("_data", "_metadata", "_part", "_raw", "_reader", "_row")

    def __init__(self, row: StoredRow, reader: RowReader) -> None:
        self._row = row
        self._reader = reader
        self._raw: RawEvent | None = None
        self._data: Any = _NOT_DECODED
        self._metadata: Mapping[str, JSONValue] | None = None
        self._part = 0

    @property
    def raw(self) -> RawEvent:
        """The row behind it. Reading it never fails, also for unknown types."""
        if self._raw is None:
            self._raw = self._reader.raw(self._row)
        return self._raw

    @property
    def sequence(self) -> int:
        """Place in the whole log; grows in the order events become visible, may have holes."""
        return self._row[0]  # type: ignore[no-any-return]  # rows are untyped

    @property
    def stream(self) -> str:
        """The stream it belongs to."""
        return self._row[1]  # type: ignore[no-any-return]  # rows are untyped

    @property
    def version(self) -> int:
        """Place in its stream, from 1."""
        return self._row[2]  # type: ignore[no-any-return]  # rows are untyped

    @property
    def id(self) -> UUID:
        """Identity."""
        return self._reader.uuid(self._row[3])

    @property
    def type(self) -> str:
        """The name that its type has now; `raw.type` is the one it was recorded under."""
        if self._part:
            data: object = self._data
            return event_type_of(type(data)).name
        return self._reader.registry.present_name(self._row[4])

    @property
    def types(self) -> tuple[str, ...]:
        """The types that its `parts` can have, known without decoding it."""
        return (self.type,) if self._part else self._reader.registry.read_as(self._row[4])

    @property
    def schema_version(self) -> int:
        """The version of the type's shape that it was written with."""
        return self._row[5]  # type: ignore[no-any-return]  # rows are untyped

    @property
    def correlation_id(self) -> str | None:
        """What it belongs together with."""
        return self._row[8]  # type: ignore[no-any-return]  # rows are untyped

    @property
    def causation_id(self) -> UUID | None:
        """The event that caused it."""
        cause = self._row[9]
        return None if cause is None else self._reader.uuid(cause)

    @property
    def recorded_at(self) -> datetime:
        """When the database recorded it, aware UTC."""
        return self._reader.time(self._row[10])

    @property
    def data(self) -> T_co:
        """The event itself, upcast to the class as it is now.

        It is the tuple of its parts if the type is split, and a `Retired` if it is retired.

        Raises:
            UnknownEventTypeError: The store was opened without this type.
            NewerSchemaVersionError: A newer version of the code wrote it.
            UndecodableEventError: The payload does not fit the class.
        """
        if self._data is _NOT_DECODED:
            row = self._row
            self._data = self._reader.decode(row[4], row[5], row[6], row[0])
        return self._data  # type: ignore[no-any-return]  # the cell holds T_co once decoded

    @property
    def parts(self) -> tuple[RecordedEvent[Any], ...]:
        """What the event is read as: itself, or what its type was split into, or nothing.

        All parts stand at the event's place. Whoever keeps a place in the log applies
        them as one step.

        Raises:
            EventTypeError: It cannot be decoded; see `data`.
        """
        data: object = self.data
        if isinstance(data, Retired):
            return ()
        if not isinstance(data, tuple):
            return (self,)
        return tuple(
            self._make_part(number, part)
            for number, part in enumerate(cast("tuple[object, ...]", data), start=1)
        )

    def _make_part(self, number: int, data: object) -> RecordedEvent[Any]:
        return _restored(self._row, self._reader, number, data)

    @property
    def metadata(self) -> Mapping[str, JSONValue]:
        """The host's facts about the event, and `actor`."""
        if self._metadata is None:
            self._metadata = cast("dict[str, JSONValue]", orjson.loads(self._row[7]))
        return self._metadata

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, RecordedEvent) and self.raw == other.raw and self._part == other._part
        )

    def __hash__(self) -> int:
        return hash((self.sequence, self.id, self._part))

    def __reduce__(self) -> tuple[Any, ...]:
        data: object = self._data if self._part else _NOT_DECODED
        return _restored, (tuple(self._row), self._reader, self._part, data)

    def __repr__(self) -> str:
        raw = self.raw
        return (
            f"<RecordedEvent {raw.sequence} {self.type} v{raw.schema_version} "
            f"{raw.stream}@{raw.version} {raw.id}>"
        )


class _Cell(enum.Enum):
    NOT_DECODED = "not decoded"  # an enum's member stays itself through copies and pickles


_NOT_DECODED: Any = _Cell.NOT_DECODED


def _restored(row: StoredRow, reader: RowReader, part: int, data: Any) -> RecordedEvent[Any]:
    event: RecordedEvent[Any] = RecordedEvent(row, reader)
    event._part, event._data = part, data  # pyright: ignore[reportPrivateUsage]  # it is made here
    return event


@attrs.frozen(kw_only=True)
class Place:
    """Where one event stands.

    Attributes:
        sequence: Place in the whole log.
        version: Place in its stream.
        id: The event.
    """

    sequence: int
    version: int
    id: UUID


@attrs.frozen(kw_only=True)
class Appended:
    """Where the events of one append stand.

    Attributes:
        stream: The stream that was appended to.
        places: In the order of the events; empty if none were given.
        version: The version of the stream's last event of this append.
        repeated: The events had been recorded before; the places are the first ones.
    """

    stream: str
    places: tuple[Place, ...]
    version: int
    repeated: bool = False

    @property
    def sequence(self) -> int:
        """The greatest sequence among the places; 0 if there are none."""
        return self.places[-1].sequence if self.places else 0


@attrs.frozen(kw_only=True)
class Page:
    """Some events in order, and how far the log has been seen.

    Attributes:
        events: In the order that was asked for.
        through: Where to continue: after this place (before it, when reading backward).
            It is the last event's, or where the selection began if there are no events;
            a version if one stream is read, else a sequence.
        is_last: Nothing more of the selection was visible at the time of reading.
        searched: A sequence up to which nothing more of the selection can come, so that a
            reader of few events among many need not look through the others again; always
            that of an event that is recorded, and 0 if nothing is known.
    """

    events: tuple[RecordedEvent[Any], ...]
    through: int
    is_last: bool
    searched: int = 0
