"""Ordering keys: what of a projection's events has to stay in order."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, TypeAlias, cast

from eventdocs.errors import InvalidStreamNameError, ProjectorDefinitionError
from eventdocs.projections._projector import Projector
from eventdocs.store import RecordedEvent, check_stream_name

KeyFunction: TypeAlias = Callable[[RecordedEvent[Any]], str]

by_stream: Final[KeyFunction] = attrgetter("stream")
"""Names the key of every event that a projector says nothing else about."""


def key_function(projector: Projector) -> KeyFunction:
    """Give what names the ordering key of an event as *projector* says.

    It raises whatever `Projector.ordering_key` raises, and a `ProjectorDefinitionError`
    if that returns what no backend could store.
    """
    cls = type(projector)
    if cls.ordering_key is Projector.ordering_key:
        return by_stream

    def checked(event: RecordedEvent[Any]) -> str:
        key = cast("object", projector.ordering_key(event))
        if not isinstance(key, str):
            raise ProjectorDefinitionError(
                cls.__qualname__, f"ordering_key must return a string, not {type(key).__qualname__}"
            )
        try:
            return check_stream_name(key)
        except InvalidStreamNameError as error:
            raise ProjectorDefinitionError(
                cls.__qualname__,
                f"ordering_key must return what could name a stream, not {key[:80]!r}: "
                f"{error.reason}",
            ) from error

    return checked
