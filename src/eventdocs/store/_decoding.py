"""Decoders: from the payloads of one type and schema version to instances of its class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

import orjson

from eventdocs.store._bygone import Retired, Split
from eventdocs.store._converter import converter, terse_converter
from eventdocs.store._event_types import EventType

Decoder: TypeAlias = Callable[[str | bytes], object]
"""Makes what a payload is read as; raises whatever an upcaster, a class or a part does."""


def make_decoder(declared: EventType | Retired | Split, schema_version: int) -> Decoder:
    """Make the decoder of what was written under *declared* at *schema_version*."""
    match declared:
        case Retired():
            return lambda _: declared
        case Split():
            return _upcasting(declared, schema_version, declared.parts_of)
        case EventType():
            return _upcasting(declared, schema_version, _maker(declared.cls))


def _upcasting(
    declared: EventType | Split, schema_version: int, make: Callable[[Any], object]
) -> Decoder:
    loads = orjson.loads
    chain = [
        declared.upcasters[version] for version in range(schema_version, declared.schema_version)
    ]
    if not chain:
        return lambda payload: make(loads(payload))

    def decode(payload: str | bytes) -> object:
        value = loads(payload)
        for upcast in chain:
            value = upcast(value)
        return make(value)

    return decode


def _maker(cls: type) -> Callable[[Any], object]:
    """Give the function that cattrs has written for *cls*, found once and not for each event."""
    slowly = cast("Callable[[Any, type], object]", converter.structure)
    try:
        structure = cast("Callable[[Any, type], object]", terse_converter.get_structure_hook(cls))
    except Exception:  # noqa: BLE001 - what cannot be read is told of each event
        structure = slowly

    def make(value: Any) -> object:
        try:
            return structure(value, cls)
        except Exception:  # noqa: BLE001 - raised again, with the place of every misfit
            return slowly(value, cls)

    return make
