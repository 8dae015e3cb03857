"""The log as a plain Python model: what a store must do, said in lists and dictionaries."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import attrs

from eventdocs.store import NewEvent
from eventdocs.types import Expect, ExpectedVersion


class Refusal(enum.Enum):
    """Why an append changes nothing."""

    VERSION = "the stream is not as expected"
    IDENTITY = "an id is already taken"


@attrs.frozen
class Fact:
    """One event of the model.

    Attributes:
        stream: The stream it belongs to.
        version: Its place in the stream.
        id: Identity.
        data: The event itself.
        metadata: The host's facts about it.
        correlation_id: What it belongs together with.
        causation_id: The event that caused it.
    """

    stream: str
    version: int
    id: UUID
    data: object
    metadata: dict[str, Any]
    correlation_id: str | None
    causation_id: UUID | None


class LogModel:
    """A log without databases, threads or encodings, to compare a store with.

    Attributes:
        facts: Every event, in the order of the log.
    """

    def __init__(self) -> None:
        self.facts: list[Fact] = []

    def stream(self, name: str) -> list[Fact]:
        """List one stream's events."""
        return [fact for fact in self.facts if fact.stream == name]

    def append(
        self, stream: str, events: Sequence[NewEvent[Any]], expected: ExpectedVersion
    ) -> list[Fact] | Refusal:
        """Do what a store does: the facts appended (or repeated), or why there are none."""
        known = {fact.id: fact for fact in self.facts}
        if any(event.id in known for event in events):
            repeated = [
                fact
                for event in events
                if (fact := known.get(event.id)) is not None
                and (fact.stream, fact.data) == (stream, event.data)
            ]
            return repeated if len(repeated) == len(events) else Refusal.IDENTITY
        version = len(self.stream(stream))
        if not _fits(expected, version):
            return Refusal.VERSION
        appended = [
            Fact(
                stream,
                version + place,
                event.id,
                event.data,
                dict(event.metadata),
                event.correlation_id,
                event.causation_id,
            )
            for place, event in enumerate(events, start=1)
        ]
        self.facts += appended
        return appended


def _fits(expected: ExpectedVersion, version: int) -> bool:
    if expected is Expect.ANY:
        return True
    if expected is Expect.NO_STREAM:
        return version == 0
    if expected is Expect.STREAM_EXISTS:
        return version > 0
    return version == expected
