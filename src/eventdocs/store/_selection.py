"""Selections: which events a reader asks for, and in which direction."""

from __future__ import annotations

from typing import Any, Final

import attrs

from eventdocs.errors import InvalidStreamNameError
from eventdocs.store._canonical_json import NotStorableError, check_text

MAX_STREAM_NAME: Final = 255
MAX_PLACE: Final = 2**63 - 1
"""The greatest sequence or version that a database can hold."""


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


def _check_name(_: object, __: object, name: str | None) -> None:
    if name is not None:
        check_stream_name(name)


def _check_place(_: object, attribute: attrs.Attribute[Any], place: int | None) -> None:
    if place is not None and not 0 <= place <= MAX_PLACE:
        raise ValueError(f"{attribute.name} is a number from 0 to 2⁶³ - 1, not {place}")


def _check_types(_: object, __: object, types: tuple[str, ...] | None) -> None:
    for name in types or ():
        try:
            check_text(name)
        except NotStorableError as error:
            raise ValueError(f"no event type is named {name!r}: {error.reason}") from error


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

    Raises:
        InvalidStreamNameError: No stream or category can have the name.
        ValueError: A place is negative or beyond 64 bits, or a type's name holds
            characters that no database can store.
    """

    stream: str | None = attrs.field(default=None, validator=_check_name)
    category: str | None = attrs.field(default=None, validator=_check_name)
    types: tuple[str, ...] | None = attrs.field(default=None, validator=_check_types)
    after: int = attrs.field(default=0, validator=_check_place)
    until: int | None = attrs.field(default=None, validator=_check_place)
    backward: bool = False

    def beyond(self, through: int) -> Selection:
        """Give the rest of the selection after a page that ended at the place *through*."""
        return (
            attrs.evolve(self, until=through - 1)
            if self.backward
            else attrs.evolve(self, after=through)
        )
