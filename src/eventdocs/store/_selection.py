"""Selections: which events a reader asks for, and in which direction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

import attrs

from eventdocs.errors import InvalidStreamNameError
from eventdocs.store._canonical_json import NotStorableError, canonical_json, check_text

MAX_STREAM_NAME: Final = 255
MAX_PLACE: Final = 2**63 - 1
"""The greatest sequence or version that a database can hold."""

_UNFIT: Final = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")

MAX_METADATA_KEY: Final = 128

MetadataValue: TypeAlias = str | int | float | bool
"""What host metadata can be compared with."""


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
    unfit = _UNFIT.search(stream)
    if unfit is not None:
        problem = f"character {unfit.start()} (U+{ord(unfit[0]):04X}) cannot stand in a name"
        raise InvalidStreamNameError(stream, problem)
    return stream


def check_metadata_key(key: str) -> str:
    """Return *key* if events can be found by what their metadata have under it.

    Raises:
        ValueError: It is empty, longer than 128 characters, or holds a quotation mark, a
            backslash, or what cannot be printed.
    """
    if not key or len(key) > MAX_METADATA_KEY or not key.isprintable() or set(key) & set("'\"\\"):
        raise ValueError(
            f"no events are found by the metadata key {key!r}: it has 1 to {MAX_METADATA_KEY} "
            "printable characters, no quotation marks and no backslash"
        )
    return key


def metadata_text(value: MetadataValue) -> str:
    """Spell *value* as text: itself, or what JSON has for it."""
    return value if isinstance(value, str) else canonical_json(value).decode()


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


def _check_text(_: object, attribute: attrs.Attribute[Any], text: str | None) -> None:
    if text is not None:
        try:
            check_text(text)
        except NotStorableError as error:
            raise ValueError(f"{attribute.name} {text!r}: {error.reason}") from error


def _check_time(_: object, attribute: attrs.Attribute[Any], time: datetime | None) -> None:
    if time is not None and time.utcoffset() is None:
        raise ValueError(f"{attribute.name} {time} is naive; give it a time zone")


def _check_metadata(_: object, __: object, metadata: Mapping[str, object]) -> None:
    for key, value in metadata.items():
        check_metadata_key(key)
        if not isinstance(value, str | int | float):
            raise ValueError(  # noqa: TRY004 - as for every other value that finds no events
                f"metadata {key!r} is compared with text, a number or a truth value, "
                f"not with {type(value).__name__}"
            )
        try:
            canonical_json(value)
        except NotStorableError as error:
            raise ValueError(f"no metadata {key!r} is {value!r}: {error.reason}") from error


def _in_order(metadata: Mapping[str, MetadataValue]) -> Mapping[str, MetadataValue]:
    return dict(sorted(metadata.items()))


@attrs.frozen(kw_only=True)
class Selection:
    """Which events to read; without any restriction, the whole log.

    An event is in if it meets all of the restrictions.

    Attributes:
        stream: Only this stream; *after* and *until* are then versions, else sequences.
        category: Only streams of this category.
        types: Only these event types, by registered name.
        after: Only events beyond this place, exclusive.
        until: Only events up to this place, inclusive; None for no bound.
        backward: Newest first.
        since: Only events recorded at this time or later. Times need not grow with the
            sequence: clocks are set, and of two events that are recorded at the same
            moment, the later one may come first. An event is in if its own time is.
        before: Only events recorded earlier than this time.
        correlation_id: Only events that belong together by this id.
        actor: Only what this actor did: text under the key `actor` of the metadata.
        metadata: Only events whose metadata have exactly these values: text, numbers as
            they were written (1 is not 1.0), or truth values. Without an index for one of
            the keys (`eventdocs.migrations.index_metadata`), the log is walked through.

    Raises:
        InvalidStreamNameError: No stream or category can have the name.
        ValueError: A place is negative or beyond 64 bits, a time is naive, or a value
            is one that no event can have.
    """

    stream: str | None = attrs.field(default=None, validator=_check_name)
    category: str | None = attrs.field(default=None, validator=_check_name)
    types: tuple[str, ...] | None = attrs.field(default=None, validator=_check_types)
    after: int = attrs.field(default=0, validator=_check_place)
    until: int | None = attrs.field(default=None, validator=_check_place)
    backward: bool = False
    since: datetime | None = attrs.field(default=None, validator=_check_time)
    before: datetime | None = attrs.field(default=None, validator=_check_time)
    correlation_id: str | None = attrs.field(default=None, validator=_check_text)
    actor: str | None = attrs.field(default=None, validator=_check_text)
    metadata: Mapping[str, MetadataValue] = attrs.field(
        factory=dict[str, MetadataValue], converter=_in_order, validator=_check_metadata
    )

    @property
    def follows_few(self) -> bool:
        """Whether it goes on for ever, with some of the log's events among many others."""
        restrictions = (self.category, self.types, self.since, self.before)
        ids = (self.correlation_id, self.actor, self.metadata or None)
        is_filtered = any(each is not None for each in (*restrictions, *ids))
        is_endless = self.stream is None and self.until is None and not self.backward
        return is_filtered and is_endless

    @property
    def is_led_by_time(self) -> bool:
        """Whether nothing but times says where in the log its events stand."""
        is_timed = self.since is not None or self.before is not None
        leads = (self.stream, self.correlation_id, self.actor)
        return is_timed and all(lead is None for lead in leads)

    def beyond(self, through: int) -> Selection:
        """Give the rest of the selection after a page that ended at the place *through*."""
        return (
            attrs.evolve(self, until=through - 1)
            if self.backward
            else attrs.evolve(self, after=through)
        )
