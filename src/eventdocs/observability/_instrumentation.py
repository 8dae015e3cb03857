"""The hook through which metrics and traces leave: a protocol whose default does nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from eventdocs.types import JSONValue


class Instrumentation(Protocol):
    """Is told what happened, after its outcome is known. Durations are in seconds.

    Implementations must not raise and must not block: they run in the hot path.
    Label metrics with types, outcomes and projection names only, never with streams.
    """

    # ---- the log

    def appending(self) -> Mapping[str, JSONValue]:
        """Hear that an append begins, and say what the metadata of its events shall add.

        `appended` follows in the same task. What the events' own metadata say stays.
        """
        ...

    def appended(self, types: Sequence[str], *, outcome: str, seconds: float) -> None:
        """One append ended: `recorded`, `repeated`, `refused`, `invalid` or `failed`.

        One in a transaction of the host is `entrusted`: whether it is recorded, the end of
        that transaction decides.
        """

    def flushed(self, *, appends: int, events: int, seconds: float) -> None:
        """One group commit of several appends ended."""

    def read(self, *, events: int, seconds: float) -> None:
        """One page was read from the log."""

    def pooled(self, *, in_use: int, open: int, limit: int | None, waiting: int) -> None:  # noqa: A002 - as `StoreStatistics` calls it
        """A connection of the store was asked for, handed out or given back.

        Args:
            in_use: Connections that are handed out or kept for what comes next.
            open: Connections there are.
            limit: How many there can be; None if nobody limits them.
            waiting: How many callers wait for one.
        """

    # ---- the feed

    def feed_seen(self, *, head: int) -> None:
        """A running runner has looked at the log, whose last settled event is *head*."""

    def feed_stopped(self) -> None:
        """The runner was asked to stop and does not look any more; a feed that dies says nothing."""

    def feed_held(self, *, seconds: float) -> None:
        """One open append has kept readers of the log waiting for so long; 0 when it has ended."""

    # ---- projections

    def projected(
        self, projection: str, *, events: int, seconds: float, traces: Iterable[str] = ()
    ) -> None:
        """One batch and its checkpoint were committed.

        Args:
            projection: Its name.
            events: How many events the batch had.
            seconds: How long it took.
            traces: The `traceparent` of every event that has one; read from the events
                only if they are asked for, and during the call.
        """

    def retried(self, projection: str, *, attempt: int, error: str) -> None:
        """A batch failed with a transient error and is tried again."""

    def dead_lettered(self, projection: str, *, event_type: str, error: str) -> None:
        """An event could not be applied and was set aside."""

    def waiting(self, projection: str, *, dead_letters: int) -> None:
        """How many dead letters wait to be applied, skipped or resolved."""

    def lagged(self, projection: str, *, events: int, seconds: float) -> None:
        """How far a projection stands behind the head of the log."""

    def led(self, projection: str, *, is_here: bool) -> None:
        """This runner leads the projection, or does not any more; only the leader knows its lag."""

    def rebuilding(self, projection: str, *, sequence: int, head: int) -> None:
        """A rebuild has come to *sequence* of *head*."""

    def rebuilt(self, projection: str, *, outcome: str) -> None:
        """A rebuild ended: `completed`, `cancelled` or `failed`."""

    # ---- documents

    def extracted(self, media_type: str, *, outcome: str, seconds: float) -> None:
        """One document's meaning was extracted, or could not be."""

    def documented(self, stage: str, *, outcome: str) -> None:
        """An event of a document was committed, such as `analysis` that has `failed`."""

    def found(self, code: str, *, findings: int) -> None:
        """A recorded meaning has so many findings of this code."""

    # ---- HTTP

    def requested(self, method: str) -> None:
        """A request has arrived; exactly one `responded` follows."""

    def responded(self, method: str, *, route: str, status: int, seconds: float) -> None:
        """A request has ended.

        Args:
            method: The same as was told to `requested`.
            route: The template that the path matched, such as `/documents/{id}`, never
                the path itself; empty if none did.
            status: Of the response; 500 if there was none.
            seconds: From its arrival to the end of the response.
        """


class NullInstrumentation(Instrumentation):
    """Ignores everything: the default."""

    def appending(self) -> Mapping[str, JSONValue]:
        return _NOTHING

    def appended(self, types: Sequence[str], *, outcome: str, seconds: float) -> None: ...
    def flushed(self, *, appends: int, events: int, seconds: float) -> None: ...
    def read(self, *, events: int, seconds: float) -> None: ...
    def pooled(self, *, in_use: int, open: int, limit: int | None, waiting: int) -> None: ...  # noqa: A002 - as `StoreStatistics` calls it
    def feed_seen(self, *, head: int) -> None: ...
    def feed_stopped(self) -> None: ...
    def feed_held(self, *, seconds: float) -> None: ...
    def projected(
        self, projection: str, *, events: int, seconds: float, traces: Iterable[str] = ()
    ) -> None: ...
    def retried(self, projection: str, *, attempt: int, error: str) -> None: ...
    def dead_lettered(self, projection: str, *, event_type: str, error: str) -> None: ...
    def waiting(self, projection: str, *, dead_letters: int) -> None: ...
    def lagged(self, projection: str, *, events: int, seconds: float) -> None: ...
    def led(self, projection: str, *, is_here: bool) -> None: ...
    def rebuilding(self, projection: str, *, sequence: int, head: int) -> None: ...
    def rebuilt(self, projection: str, *, outcome: str) -> None: ...
    def extracted(self, media_type: str, *, outcome: str, seconds: float) -> None: ...
    def documented(self, stage: str, *, outcome: str) -> None: ...
    def found(self, code: str, *, findings: int) -> None: ...
    def requested(self, method: str) -> None: ...
    def responded(self, method: str, *, route: str, status: int, seconds: float) -> None: ...


_NOTHING: Mapping[str, JSONValue] = {}
