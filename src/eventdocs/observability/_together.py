"""Together: several instrumentations that hear the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence

from typing_extensions import override

from eventdocs.observability._instrumentation import Instrumentation
from eventdocs.types import JSONValue


class Instrumentations(Instrumentation):
    """Tells several others what it is told, such as one for metrics and one for traces.

    What they add to the metadata of events is joined, the later ones' keys first.

    Args:
        others: In the order in which they are told.
    """

    def __init__(self, *others: Instrumentation) -> None:
        self._others = others

    @override
    def appending(self) -> Mapping[str, JSONValue]:
        return {key: value for each in self._others for key, value in each.appending().items()}

    @override
    def appended(self, types: Sequence[str], *, outcome: str, seconds: float) -> None:
        for each in self._others:
            each.appended(types, outcome=outcome, seconds=seconds)

    @override
    def flushed(self, *, appends: int, events: int, seconds: float) -> None:
        for each in self._others:
            each.flushed(appends=appends, events=events, seconds=seconds)

    @override
    def read(self, *, events: int, seconds: float) -> None:
        for each in self._others:
            each.read(events=events, seconds=seconds)

    @override
    def pooled(self, *, in_use: int, open: int, limit: int | None, waiting: int) -> None:
        for each in self._others:
            each.pooled(in_use=in_use, open=open, limit=limit, waiting=waiting)

    @override
    def feed_seen(self, *, head: int) -> None:
        for each in self._others:
            each.feed_seen(head=head)

    @override
    def feed_stopped(self) -> None:
        for each in self._others:
            each.feed_stopped()

    @override
    def feed_held(self, *, seconds: float) -> None:
        for each in self._others:
            each.feed_held(seconds=seconds)

    @override
    def projected(
        self, projection: str, *, events: int, seconds: float, traces: Iterable[str] = ()
    ) -> None:
        # Each of them may ask for the traces, and none may have to.
        for each, own in zip(self._others, itertools.tee(traces, len(self._others)), strict=True):
            each.projected(projection, events=events, seconds=seconds, traces=own)

    @override
    def retried(self, projection: str, *, attempt: int, error: str) -> None:
        for each in self._others:
            each.retried(projection, attempt=attempt, error=error)

    @override
    def dead_lettered(self, projection: str, *, event_type: str, error: str) -> None:
        for each in self._others:
            each.dead_lettered(projection, event_type=event_type, error=error)

    @override
    def waiting(self, projection: str, *, dead_letters: int) -> None:
        for each in self._others:
            each.waiting(projection, dead_letters=dead_letters)

    @override
    def lagged(self, projection: str, *, events: int, seconds: float) -> None:
        for each in self._others:
            each.lagged(projection, events=events, seconds=seconds)

    @override
    def led(self, projection: str, *, is_here: bool) -> None:
        for each in self._others:
            each.led(projection, is_here=is_here)

    @override
    def rebuilding(self, projection: str, *, sequence: int, head: int) -> None:
        for each in self._others:
            each.rebuilding(projection, sequence=sequence, head=head)

    @override
    def rebuilt(self, projection: str, *, outcome: str) -> None:
        for each in self._others:
            each.rebuilt(projection, outcome=outcome)

    @override
    def extracted(self, media_type: str, *, outcome: str, seconds: float) -> None:
        for each in self._others:
            each.extracted(media_type, outcome=outcome, seconds=seconds)

    @override
    def documented(self, stage: str, *, outcome: str) -> None:
        for each in self._others:
            each.documented(stage, outcome=outcome)

    @override
    def found(self, code: str, *, findings: int) -> None:
        for each in self._others:
            each.found(code, findings=findings)

    @override
    def requested(self, method: str) -> None:
        for each in self._others:
            each.requested(method)

    @override
    def responded(self, method: str, *, route: str, status: int, seconds: float) -> None:
        for each in self._others:
            each.responded(method, route=route, status=status, seconds=seconds)
