"""Traces: which requests of other processes a batch of events came from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from eventdocs.store import RecordedEvent


def traces_of(events: Sequence[RecordedEvent[Any]]) -> Iterator[str]:
    """Find the `traceparent` of each event that has one, as far as it is asked for."""
    for event in events:
        trace = event.metadata.get("traceparent")
        if isinstance(trace, str):
            yield trace
