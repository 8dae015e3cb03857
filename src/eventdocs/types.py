"""Words that every part of eventdocs shares."""

from __future__ import annotations

import enum
import hashlib
from collections.abc import Mapping, Sequence
from typing import NewType, TypeAlias

__all__ = ["Digest", "Expect", "ExpectedVersion", "JSONObject", "JSONValue", "digest_of"]

JSONValue: TypeAlias = (
    "bool | int | float | str | Sequence[JSONValue] | Mapping[str, JSONValue] | None"
)
"""What JSON can say: integers within 64 bits, finite floats, text without U+0000."""

JSONObject: TypeAlias = Mapping[str, JSONValue]
"""A JSON object."""

Digest = NewType("Digest", str)
"""The SHA-256 of some bytes, as 64 lower-case hexadecimal digits."""


def digest_of(content: bytes) -> Digest:
    """Name *content* by its SHA-256: equal bytes have equal digests, everywhere."""
    return Digest(hashlib.sha256(content).hexdigest())


class Expect(enum.Enum):
    """An expectation about a stream that is not a plain version number."""

    ANY = "any version"
    NO_STREAM = "no stream"
    STREAM_EXISTS = "an existing stream"


ExpectedVersion: TypeAlias = int | Expect
"""What a writer believes: an exact stream version (0: it does not exist), or an `Expect`."""
