"""The codec: between event instances and canonical JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import attrs
import cattrs

from eventdocs.errors import (
    NewerSchemaVersionError,
    UndecodableEventError,
    UnencodableEventError,
    UnknownEventTypeError,
    UnregisteredEventError,
)
from eventdocs.observability import Correlation
from eventdocs.store._bygone import Retired
from eventdocs.store._canonical_json import NotStorableError, canonical_json
from eventdocs.store._converter import converter
from eventdocs.store._decoding import Decoder, make_decoder
from eventdocs.store._event_types import EventType
from eventdocs.store._events import NewEvent, RawEvent, RecordedEvent, RowReader, StoredRow
from eventdocs.store._registry import EventRegistry
from eventdocs.types import JSONValue


@attrs.frozen(kw_only=True)
class EncodedEvent:
    """An event ready to be stored.

    Attributes:
        id: Identity.
        type: The registered name of its type.
        schema_version: The version of the type's shape.
        payload: Canonical JSON (sorted keys, no white space), UTF-8.
        digest: BLAKE2b-128 of type, schema version and payload: what makes a repeat a repeat.
        metadata: JSON object, UTF-8.
        correlation_id: What it belongs together with.
        causation_id: The event that caused it.
    """

    id: UUID
    type: str
    schema_version: int
    payload: bytes
    digest: bytes
    metadata: bytes
    correlation_id: str | None
    causation_id: UUID | None


def digest_of_event(event_type: str, schema_version: int, payload: bytes) -> bytes:
    """Compute an event's digest: what makes a repeated append a repeat."""
    told = b"%b\0%d\0%b" % (event_type.encode(), schema_version, payload)
    return hashlib.blake2b(told, digest_size=16).digest()


class Codec:
    """Encodes and decodes the events of one registry.

    Values that would not survive every database unchanged are refused when they
    are written: NaN and infinities, U+0000, lone surrogates, integers beyond 64
    bits, naive datetimes. So is an event whose values do not fit its own class,
    because nobody could read it again.
    """

    def __init__(self, registry: EventRegistry) -> None:
        self.registry = registry
        self._decoders: dict[tuple[str, int], Decoder] = {}

    def __reduce__(self) -> tuple[type[Codec], tuple[EventRegistry]]:
        return Codec, (self.registry,)

    def encode(self, event: NewEvent[Any], *, context: Correlation) -> EncodedEvent:
        """Encode *event*, filling from *context* what it does not say itself.

        Raises:
            UnregisteredEventError: Its class is not in the registry.
            UnencodableEventError: It holds a value that the log refuses.
        """
        cls = cast("type[object]", type(event.data))
        declared = self.registry.of_class(cls)
        if declared is None:
            raise UnregisteredEventError(f"{cls.__module__}.{cls.__qualname__}")
        payload = self._canonical(event.data, declared.name, "data")
        self._refuse_unreadable(payload, declared)
        metadata: dict[str, JSONValue] = {**context.metadata, **event.metadata}
        if context.actor is not None:
            metadata.setdefault("actor", context.actor)
        correlation_id = event.correlation_id or context.correlation_id
        if correlation_id is not None:
            self._canonical(correlation_id, declared.name, "correlation_id")
        return EncodedEvent(
            id=event.id,
            type=declared.name,
            schema_version=declared.schema_version,
            payload=payload,
            digest=digest_of_event(declared.name, declared.schema_version, payload),
            metadata=self._canonical(metadata, declared.name, "metadata") if metadata else b"{}",
            correlation_id=correlation_id,
            causation_id=event.causation_id or context.causation_id,
        )

    def recorded(self, raw: RawEvent) -> RecordedEvent[Any]:
        """Wrap a stored row; it is decoded when its data is first asked for."""
        return self.recorded_rows([attrs.astuple(raw, recurse=False)], uuid=_itself, time=_itself)[
            0
        ]

    def recorded_rows(
        self,
        rows: Iterable[StoredRow],
        *,
        uuid: Callable[[Any], UUID],
        time: Callable[[Any], datetime],
    ) -> tuple[RecordedEvent[Any], ...]:
        """Wrap rows as a driver gives them; nothing of them is read yet.

        Args:
            rows: The fields of each in the order of `RawEvent`'s.
            uuid: Makes an id of what the driver gives for one.
            time: Makes an aware UTC time of what the driver gives for one.
        """
        reader = RowReader(self.registry, self._decoded, uuid, time)
        return tuple([RecordedEvent(row, reader) for row in rows])

    def decode(self, raw: RawEvent) -> object:
        """Decode a stored row into an instance of its class as it is now.

        A row of a retired type gives the `Retired`, one of a split type its parts.

        Raises:
            UnknownEventTypeError: The registry does not hold its type.
            NewerSchemaVersionError: It was written by a newer version of the code.
            UndecodableEventError: The payload does not fit.
        """
        return self._decoded(raw.type, raw.schema_version, raw.payload, raw.sequence)

    def _decoded(
        self, event_type: str, schema_version: int, payload: str | bytes, sequence: int
    ) -> object:
        read = self._decoder(event_type, schema_version, sequence)
        try:
            return read(payload)
        except Exception as error:  # upcasters and validators are the host's code
            reason = "; ".join(_reasons(error))
            raise UndecodableEventError(event_type, schema_version, sequence, reason) from error

    def _decoder(self, event_type: str, schema_version: int, sequence: int) -> Decoder:
        made = self._decoders.get((event_type, schema_version))
        if made is not None:
            return made
        declared = self.registry.named(event_type) or self.registry.bygone(event_type)
        if declared is None:
            raise UnknownEventTypeError(event_type, schema_version, sequence)
        if not isinstance(declared, Retired) and schema_version > declared.schema_version:
            raise NewerSchemaVersionError(
                event_type, schema_version, declared.schema_version, sequence
            )
        made = make_decoder(declared, schema_version)
        self._decoders[event_type, schema_version] = made
        return made

    def _canonical(self, value: object, event_type: str, path: str) -> bytes:
        try:
            return canonical_json(converter.unstructure(value))
        except NotStorableError as error:
            raise UnencodableEventError(event_type, path + error.path, error.reason) from error
        except Exception as error:  # validators and properties are the host's code
            reason = f"{type(error).__name__}: {error}"
            raise UnencodableEventError(event_type, path, reason) from error

    def _refuse_unreadable(self, payload: bytes, declared: EventType) -> None:
        read = self._decoder(declared.name, declared.schema_version, sequence=0)
        try:
            read(payload)
        except Exception as error:  # validators are the host's code
            reason = f"it could not be read back: {'; '.join(_reasons(error))}"
            raise UnencodableEventError(declared.name, "data", reason) from error


def _reasons(error: BaseException) -> list[str]:
    if isinstance(error, cattrs.BaseValidationError):
        return [str(line) for line in cattrs.transform_error(error, path="data")]
    return [f"{type(error).__name__}: {error}"]


def _itself(value: Any) -> Any:
    return value
