"""Selections: which events a reader asks for, and in which direction."""

from __future__ import annotations

import attrs

from eventdocs.errors import InvalidStreamNameError

MAX_STREAM_NAME = 255
MAX_SEQUENCE = 2**63 - 1


def category_of(stream: str) -> str:
    """Name the category: what stands before the first hyphen; all of it without one."""
    return stream.partition("-")[0]


def check_stream_name(stream: str) -> str:
    """Return *stream* if every backend can store it.

    Raises:
        InvalidStreamNameError: It is empty, longer than 255 characters, or holds
            U+0000, a lone surrogate or a control character.
    """
    if not stream:
        raise InvalidStreamNameError(stream, "a name has at least one character")
    if len(stream) > MAX_STREAM_NAME:
        raise InvalidStreamNameError(
            stream, f"a name has at most {MAX_STREAM_NAME} characters, this one {len(stream)}"
        )
    for at, character in enumerate(stream):
        if character < " " or character == "\x7f" or "\ud800" <= character <= "\udfff":
            raise InvalidStreamNameError(
                stream, f"character {at} (U+{ord(character):04X}) cannot stand in a name"
            )
    return stream


@attrs.frozen(kw_only=True)
class Selection:
    """Which events to read; without any restriction, the whole log.

    Attributes:
        stream: Only this stream; *after* and *until* are then versions, else sequences.
        category: Only streams of this category.
        types: Only these event types, by registered name.
        after: Only events beyond this place, exclusive.
        until: Only events up to this place, inclusive; None for no bound.
        backward: Newest first.
    """

    stream: str | None = None
    category: str | None = None
    types: tuple[str, ...] | None = None
    after: int = 0
    until: int | None = None
    backward: bool = False
