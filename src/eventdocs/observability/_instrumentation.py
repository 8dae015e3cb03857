"""The hook through which metrics and traces leave: a protocol whose default does nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class Instrumentation(Protocol):
    """Is told what happened, after its outcome is known. Durations are in seconds.

    Implementations must not raise and must not block: they run in the hot path.
    Label metrics with types, outcomes and projection names only, never with streams.
    """

    def appended(self, types: Sequence[str], *, outcome: str, seconds: float) -> None:
        """One append ended: `recorded`, `repeated`, `refused`, `invalid` or `failed`."""

    def flushed(self, *, appends: int, events: int, seconds: float) -> None:
        """One group commit of several appends ended."""

    def read(self, *, events: int, seconds: float) -> None:
        """One page was read from the log."""

    def feed_held(self, *, seconds: float) -> None:
        """One open append has kept readers of the log waiting for so long; 0 when it has ended."""

    def projected(self, projection: str, *, events: int, seconds: float) -> None:
        """One batch and its checkpoint were committed."""

    def retried(self, projection: str, *, attempt: int, error: str) -> None:
        """A batch failed with a transient error and is tried again."""

    def dead_lettered(self, projection: str, *, event_type: str, error: str) -> None:
        """An event could not be applied and was set aside."""

    def lagged(self, projection: str, *, events: int, seconds: float) -> None:
        """How far a projection stands behind the head of the log."""

    def extracted(self, media_type: str, *, outcome: str, seconds: float) -> None:
        """One document's meaning was extracted, or could not be."""


class NullInstrumentation(Instrumentation):
    """Ignores everything: the default."""

    def appended(self, types: Sequence[str], *, outcome: str, seconds: float) -> None: ...
    def flushed(self, *, appends: int, events: int, seconds: float) -> None: ...
    def read(self, *, events: int, seconds: float) -> None: ...
    def feed_held(self, *, seconds: float) -> None: ...
    def projected(self, projection: str, *, events: int, seconds: float) -> None: ...
    def retried(self, projection: str, *, attempt: int, error: str) -> None: ...
    def dead_lettered(self, projection: str, *, event_type: str, error: str) -> None: ...
    def lagged(self, projection: str, *, events: int, seconds: float) -> None: ...
    def extracted(self, media_type: str, *, outcome: str, seconds: float) -> None: ...
