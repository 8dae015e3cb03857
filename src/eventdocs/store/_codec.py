"""The codec: between event instances and canonical JSON."""

from __future__ import annotations

import hashlib
import math
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast
from uuid import UUID

import attrs
import cattrs
import orjson
from cattrs.preconf.orjson import make_converter

from eventdocs.errors import (
    NewerSchemaVersionError,
    UndecodableEventError,
    UnencodableEventError,
    UnknownEventTypeError,
    UnregisteredEventError,
)
from eventdocs.observability import Correlation
from eventdocs.store._events import NewEvent, RawEvent, RecordedEvent
from eventdocs.store._registry import EventRegistry
from eventdocs.types import JSONValue

_INT_RANGE = range(-(2**63), 2**63)


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


class Codec:
    """Encodes and decodes the events of one registry.

    Values that would not survive every database unchanged are refused when they
    are written: NaN and infinities, U+0000, lone surrogates, integers beyond 64
    bits, naive datetimes.
    """

    def __init__(self, registry: EventRegistry) -> None:
        self.registry = registry
        self._converter = _make_converter()

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
        metadata: dict[str, JSONValue] = {**context.metadata, **event.metadata}
        if context.actor is not None:
            metadata.setdefault("actor", context.actor)
        correlation_id = event.correlation_id or context.correlation_id
        if correlation_id is not None:
            _refuse_text(correlation_id, declared.name, "correlation_id")
        return EncodedEvent(
            id=event.id,
            type=declared.name,
            schema_version=declared.schema_version,
            payload=payload,
            digest=hashlib.blake2b(
                b"%b\0%d\0%b" % (declared.name.encode(), declared.schema_version, payload),
                digest_size=16,
            ).digest(),
            metadata=self._canonical(metadata, declared.name, "metadata") if metadata else b"{}",
            correlation_id=correlation_id,
            causation_id=event.causation_id or context.causation_id,
        )

    def recorded(self, raw: RawEvent) -> RecordedEvent[Any]:
        """Wrap a stored row; it is decoded when its data is first asked for."""
        return RecordedEvent(raw, decode=self.decode, decode_metadata=orjson.loads)

    def decode(self, raw: RawEvent) -> object:
        """Decode a stored row into an instance of its class as it is now.

        Raises:
            UnknownEventTypeError: The registry does not hold its type.
            NewerSchemaVersionError: It was written by a newer version of the code.
            UndecodableEventError: The payload does not fit.
        """
        declared = self.registry.named(raw.type)
        if declared is None:
            raise UnknownEventTypeError(raw.type, raw.schema_version, raw.sequence)
        if raw.schema_version > declared.schema_version:
            raise NewerSchemaVersionError(
                raw.type, raw.schema_version, declared.schema_version, raw.sequence
            )
        try:
            payload = orjson.loads(raw.payload)
            for version in range(raw.schema_version, declared.schema_version):
                payload = declared.upcasters[version](payload)
            data = cast("object", self._converter.structure(payload, declared.cls))
        except Exception as error:  # upcasters and validators are the host's code
            reason = "; ".join(_reasons(error))
            raise UndecodableEventError(
                raw.type, raw.schema_version, raw.sequence, reason
            ) from error
        return data

    def _canonical(self, value: object, event_type: str, path: str) -> bytes:
        try:
            plain = self._converter.unstructure(value)
        except Exception as error:
            raise UnencodableEventError(event_type, path, str(error)) from error
        _refuse(plain, event_type, path)
        try:
            return orjson.dumps(plain, option=orjson.OPT_SORT_KEYS)
        except orjson.JSONEncodeError as error:
            raise UnencodableEventError(event_type, path, str(error)) from error


def _make_converter() -> cattrs.Converter:
    converter = make_converter(forbid_extra_keys=True, detailed_validation=True)
    # Left as they are, so that a naive one can still be told from an aware one by `_refuse`.
    converter.register_unstructure_hook(datetime, lambda value: value)
    converter.register_structure_hook(datetime, lambda value, _: _parse_datetime(value))
    converter.register_unstructure_hook(Decimal, str)
    converter.register_structure_hook(Decimal, lambda value, _: Decimal(value))
    converter.register_unstructure_hook(uuid.UUID, str)
    converter.register_structure_hook(uuid.UUID, lambda value, _: UUID(value))
    for primitive in (str, bool, int):
        converter.register_structure_hook(primitive, _exactly(primitive))
    converter.register_structure_hook(float, lambda value, _: _parse_float(value))
    return converter


def _exactly(primitive: type) -> Any:
    def structure(value: object, _: object) -> object:
        if type(value) is not primitive:
            raise ValueError(f"expected {primitive.__name__}, found {type(value).__name__}")
        return value

    return structure


def _parse_float(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected float, found {type(value).__name__}")  # noqa: TRY004 - cattrs collects ValueErrors with their paths
    return float(value)


def _parse_datetime(value: object) -> datetime:
    parsed = datetime.fromisoformat(str(value))
    if parsed.tzinfo is None:
        raise ValueError(f"{value!r} has no offset from UTC")
    return parsed


def _refuse(value: object, event_type: str, path: str) -> None:
    if isinstance(value, str):
        _refuse_text(value, event_type, path)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int):
        if value not in _INT_RANGE:
            raise UnencodableEventError(event_type, path, f"{value} does not fit into 64 bits")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise UnencodableEventError(event_type, path, f"{value} is not a JSON number")
    elif isinstance(value, datetime):
        if value.tzinfo is None:
            raise UnencodableEventError(
                event_type, path, f"{value.isoformat()} is naive; give it a time zone"
            )
    elif isinstance(value, Mapping):
        for key, item in cast("Mapping[object, object]", value).items():
            if not isinstance(key, str):
                raise UnencodableEventError(event_type, path, f"key {key!r} is not text")
            _refuse_text(key, event_type, f"{path}.{key!r}")
            _refuse(item, event_type, f"{path}.{key}")
    elif isinstance(value, list | tuple):
        for index, item in enumerate(cast("Sequence[object]", value)):
            _refuse(item, event_type, f"{path}[{index}]")
    elif not isinstance(value, date | UUID):
        raise UnencodableEventError(
            event_type, path, f"{type(value).__qualname__} has no JSON form"
        )


def _refuse_text(value: str, event_type: str, path: str) -> None:
    if "\0" in value:
        raise UnencodableEventError(event_type, path, "text holds U+0000")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UnencodableEventError(
            event_type, path, f"text holds a lone surrogate at character {error.start}"
        ) from error


def _reasons(error: BaseException) -> list[str]:
    if isinstance(error, cattrs.BaseValidationError):
        return [str(line) for line in cattrs.transform_error(error, path="data")]
    return [f"{type(error).__name__}: {error}"]
