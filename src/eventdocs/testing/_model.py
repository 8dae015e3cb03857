"""The log as a plain Python model: what a store must do, said in lists and dictionaries."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

import attrs

from eventdocs.store import NewEvent, StreamEvents
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
        facts = self.append_many([StreamEvents(stream=stream, events=events, expected=expected)])
        return facts if isinstance(facts, Refusal) else facts[0]

    def append_many(self, appends: Sequence[StreamEvents]) -> list[list[Fact]] | Refusal:
        """Do what a store does with `NewEvent`s for several streams, for each of them or none."""
        known = {fact.id: fact for fact in self.facts}
        repeated = [
            [
                fact
                for event in _new(append)
                if (fact := known.get(event.id)) is not None
                and (fact.stream, fact.data) == (append.stream, event.data)
            ]
            for append in appends
        ]
        if any(event.id in known for append in appends for event in _new(append)):
            is_whole = [*map(len, repeated)] == [len(append.events) for append in appends]
            return repeated if is_whole else Refusal.IDENTITY
        if not all(_fits(each.expected, len(self.stream(each.stream))) for each in appends):
            return Refusal.VERSION
        return [self._record(append) for append in appends]

    def _record(self, append: StreamEvents) -> list[Fact]:
        version = len(self.stream(append.stream))
        appended = [
            Fact(
                append.stream,
                version + place,
                event.id,
                event.data,
                dict(event.metadata),
                event.correlation_id,
                event.causation_id,
            )
            for place, event in enumerate(_new(append), start=1)
        ]
        self.facts += appended
        return appended


def _new(append: StreamEvents) -> Sequence[NewEvent[Any]]:
    return cast("Sequence[NewEvent[Any]]", append.events)


def _fits(expected: ExpectedVersion, version: int) -> bool:
    if expected is Expect.ANY:
        return True
    if expected is Expect.NO_STREAM:
        return version == 0
    if expected is Expect.STREAM_EXISTS:
        return version > 0
    return version == expected
