"""The metrics: their names, what they count, and what they are divided by."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import attrs

Kind: TypeAlias = Literal["counter", "gauge", "histogram"]
Across: TypeAlias = Literal["liveall", "livemax", "livemin", "livesum"]


@attrs.frozen(kw_only=True)
class Metric:
    """One metric.

    Attributes:
        name: As Prometheus shows it; a histogram's without `_bucket`, `_count`, `_sum`.
        kind: What can be asked of it.
        about: What it counts, in its unit.
        labels: What it is divided by.
        buckets: The upper bounds of a histogram.
        across: How a gauge is put together from the processes of one host.
    """

    name: str
    kind: Kind
    about: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    across: Across = "livemax"


_SECONDS: Final = (
    *(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
)
_COUNTS: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)


def _counter(name: str, about: str, *labels: str) -> Metric:
    return Metric(name=f"eventdocs_{name}", kind="counter", about=about, labels=labels)


def _gauge(name: str, about: str, *labels: str, across: Across = "livemax") -> Metric:
    return Metric(name=f"eventdocs_{name}", kind="gauge", about=about, labels=labels, across=across)


def _histogram(
    name: str, about: str, *labels: str, buckets: tuple[float, ...] = _SECONDS
) -> Metric:
    return Metric(
        name=f"eventdocs_{name}", kind="histogram", about=about, labels=labels, buckets=buckets
    )


APPENDS: Final = _histogram(
    "append_duration_seconds", "How long appends took, the refused ones too.", "outcome"
)
EVENTS: Final = _counter("events_total", "Events that were to be appended.", "type", "outcome")
FLUSHES: Final = _histogram("flush_duration_seconds", "How long group commits took.")
FLUSH_APPENDS: Final = _histogram(
    "flush_appends", "How many appends shared a group commit.", buckets=_COUNTS
)
FLUSH_EVENTS: Final = _histogram(
    "flush_events", "How many events were in a group commit.", buckets=_COUNTS
)
READS: Final = _histogram("read_duration_seconds", "How long reading a page of the log took.")
EVENTS_READ: Final = _counter("events_read_total", "Events that were read from the log.")
POOL: Final = _gauge(
    "pool_connections",
    "Connections of the store, `in_use` or `idle`.",
    "state",
    across="livesum",
)
POOL_LIMIT: Final = _gauge(
    "pool_connections_limit", "How many connections there can be.", across="livesum"
)
POOL_WAITING: Final = _gauge(
    "pool_waiting", "How many callers wait for a connection.", across="livesum"
)
FEED_SEEN: Final = _gauge(
    "feed_last_seen_timestamp_seconds",
    "When the runner looked at the log last, in Unix time; 0 where none is to run.",
    across="liveall",
)
HEAD: Final = _gauge("log_head_sequence", "The last settled event of the log.")
FEED_HELD: Final = _gauge(
    "feed_held_seconds", "How long an open append has kept readers of the log waiting."
)
PROJECTED: Final = _histogram(
    "projection_batch_duration_seconds", "How long batches of a projection took.", "projection"
)
EVENTS_PROJECTED: Final = _counter(
    "projection_events_total", "Events that a projection has passed.", "projection"
)
RETRIES: Final = _counter(
    "projection_retries_total",
    "Attempts that were repeated because the database was busy or away.",
    *("projection", "error"),
)
FAILURES: Final = _counter(
    "projection_failures_total",
    "Events that could not be applied and were set aside.",
    *("projection", "type", "error"),
)
DEAD_LETTERS: Final = _gauge(
    "projection_dead_letters",
    "Events that wait as dead letters, as `health()` or `status()` have seen it last.",
    "projection",
)
LAG_EVENTS: Final = _gauge(
    "projection_lag_events",
    "How many events a projection is behind; 0 where it is not led.",
    "projection",
)
LAG_SECONDS: Final = _gauge(
    "projection_lag_seconds",
    "For how long a projection has been behind; 0 where it is not led.",
    "projection",
)
LED: Final = _gauge("projection_led", "1 where the projection is led, else 0.", "projection")
REBUILD: Final = _gauge(
    "projection_rebuild_ratio", "How far a rebuild has come, from 0 to 1.", "projection"
)
REBUILDS: Final = _counter(
    "projection_rebuilds_total", "Rebuilds that have ended.", "projection", "outcome"
)
EXTRACTIONS: Final = _histogram(
    "extraction_duration_seconds",
    "How long extracting a document's meaning took.",
    *("media_type", "outcome"),
)
DOCUMENTS: Final = _counter(
    "documents_total",
    "What became of documents, their analyses among it.",
    *("stage", "outcome"),
)
FINDINGS: Final = _counter("findings_total", "Findings in the meanings that were recorded.", "code")
REQUESTS: Final = _histogram(
    "http_request_duration_seconds",
    "How long requests took.",
    *("method", "route", "status"),
)
REQUESTS_IN_FLIGHT: Final = _gauge(
    "http_requests_in_flight", "Requests that are being answered.", across="livesum"
)

METRICS: Final = (
    *(APPENDS, EVENTS, FLUSHES, FLUSH_APPENDS, FLUSH_EVENTS, READS, EVENTS_READ),
    *(POOL, POOL_LIMIT, POOL_WAITING, FEED_SEEN, HEAD, FEED_HELD),
    *(PROJECTED, EVENTS_PROJECTED, RETRIES, FAILURES, DEAD_LETTERS, LAG_EVENTS, LAG_SECONDS),
    *(LED, REBUILD, REBUILDS, EXTRACTIONS, DOCUMENTS, FINDINGS, REQUESTS, REQUESTS_IN_FLIGHT),
)
"""All metrics that the adapter for Prometheus exports."""

METHODS: Final = frozenset(
    {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"}
)
"""The methods of HTTP (RFC 9110) and PATCH (RFC 5789); whatever else a client sends is `other`."""

OTHER: Final = "other"
"""Stands for the label values that would be too many."""


def rebuild_ratio(sequence: int, head: int) -> float:
    """Tell how far a rebuild has come; an empty log is rebuilt already."""
    return min(sequence / head, 1.0) if head > 0 else 1.0
