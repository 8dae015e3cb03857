"""Metrics for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from typing_extensions import override

try:
    from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram
except ModuleNotFoundError as error:
    problem = "eventdocs.observability.prometheus needs prometheus-client"
    raise ModuleNotFoundError(
        f"{problem}: pip install 'eventdocs[prometheus]'", name=error.name
    ) from error

from eventdocs.observability import _metrics as metrics
from eventdocs.observability._instrumentation import NullInstrumentation
from eventdocs.observability._metrics import METHODS, METRICS, OTHER, Metric, rebuild_ratio
from eventdocs.observability._series import SERIES_LIMIT, SeriesBound

__all__ = ["METRICS", "Metric", "PrometheusInstrumentation"]


class PrometheusInstrumentation(NullInstrumentation):
    """Counts what it is told in metrics of prometheus-client.

    Make one for a registry, and give it to every store and runner of the process. Where
    several processes serve one port, set `PROMETHEUS_MULTIPROC_DIR` as prometheus-client
    asks for: counters are added up, and of gauges what tells most is kept.

    Args:
        registry: Where the metrics are registered; the default registry if it is not given.
        series_limit: How many combinations of label values each metric may have. What
            comes on top is counted under `other`, so that nothing a client sends, and
            no host that names things by ids, can fill the memory.

    Raises:
        ValueError: The registry has these metrics already.
    """

    def __init__(
        self, registry: CollectorRegistry = REGISTRY, *, series_limit: int = SERIES_LIMIT
    ) -> None:
        self._bound = SeriesBound(series_limit)
        self._counters = {
            each.name: Counter(each.name, each.about, each.labels, registry=registry)
            for each in METRICS
            if each.kind == "counter"
        }
        self._gauges = {
            each.name: Gauge(
                each.name,
                each.about,
                each.labels,
                registry=registry,
                multiprocess_mode=each.across,
            )
            for each in METRICS
            if each.kind == "gauge"
        }
        self._histograms = {
            each.name: Histogram(
                each.name, each.about, each.labels, registry=registry, buckets=each.buckets
            )
            for each in METRICS
            if each.kind == "histogram"
        }

    # ---- the log

    @override
    def appended(self, types: Sequence[str], *, outcome: str, seconds: float) -> None:
        self._observe(metrics.APPENDS, seconds, outcome)
        for each in types:
            self._count(metrics.EVENTS, 1, each, outcome)

    @override
    def flushed(self, *, appends: int, events: int, seconds: float) -> None:
        self._observe(metrics.FLUSHES, seconds)
        self._observe(metrics.FLUSH_APPENDS, appends)
        self._observe(metrics.FLUSH_EVENTS, events)

    @override
    def read(self, *, events: int, seconds: float) -> None:
        self._observe(metrics.READS, seconds)
        self._count(metrics.EVENTS_READ, events)

    @override
    def pooled(self, *, in_use: int, open: int, limit: int | None, waiting: int) -> None:
        self._set(metrics.POOL, in_use, "in_use")
        self._set(metrics.POOL, open - in_use, "idle")
        if limit is not None:
            self._set(metrics.POOL_LIMIT, limit)
        self._set(metrics.POOL_WAITING, waiting)

    # ---- the feed

    @override
    def feed_seen(self, *, head: int) -> None:
        self._set(metrics.FEED_SEEN, time.time())
        self._set(metrics.HEAD, head)

    @override
    def feed_stopped(self) -> None:
        self._set(metrics.FEED_SEEN, 0)

    @override
    def feed_held(self, *, seconds: float) -> None:
        self._set(metrics.FEED_HELD, seconds)

    # ---- projections

    @override
    def projected(
        self, projection: str, *, events: int, seconds: float, traces: Iterable[str] = ()
    ) -> None:
        self._observe(metrics.PROJECTED, seconds, projection)
        self._count(metrics.EVENTS_PROJECTED, events, projection)

    @override
    def retried(self, projection: str, *, attempt: int, error: str) -> None:
        self._count(metrics.RETRIES, 1, projection, error)

    @override
    def dead_lettered(self, projection: str, *, event_type: str, error: str) -> None:
        self._count(metrics.FAILURES, 1, projection, event_type, error)

    @override
    def waiting(self, projection: str, *, dead_letters: int) -> None:
        self._set(metrics.DEAD_LETTERS, dead_letters, projection)

    @override
    def lagged(self, projection: str, *, events: int, seconds: float) -> None:
        self._set(metrics.LAG_EVENTS, events, projection)
        self._set(metrics.LAG_SECONDS, seconds, projection)

    @override
    def led(self, projection: str, *, is_here: bool) -> None:
        self._set(metrics.LED, int(is_here), projection)
        if not is_here:
            self.lagged(projection, events=0, seconds=0.0)

    @override
    def rebuilding(self, projection: str, *, sequence: int, head: int) -> None:
        self._set(metrics.REBUILD, rebuild_ratio(sequence, head), projection)

    @override
    def rebuilt(self, projection: str, *, outcome: str) -> None:
        self._count(metrics.REBUILDS, 1, projection, outcome)
        if outcome == "completed":
            self._set(metrics.REBUILD, 1, projection)

    # ---- documents

    @override
    def extracted(self, media_type: str, *, outcome: str, seconds: float) -> None:
        self._observe(metrics.EXTRACTIONS, seconds, media_type, outcome)

    @override
    def documented(self, stage: str, *, outcome: str) -> None:
        self._count(metrics.DOCUMENTS, 1, stage, outcome)

    @override
    def found(self, code: str, *, findings: int) -> None:
        self._count(metrics.FINDINGS, findings, code)

    # ---- HTTP

    @override
    def requested(self, method: str) -> None:
        self._gauges[metrics.REQUESTS_IN_FLIGHT.name].inc()

    @override
    def responded(self, method: str, *, route: str, status: int, seconds: float) -> None:
        self._gauges[metrics.REQUESTS_IN_FLIGHT.name].dec()
        known = method if method in METHODS else OTHER
        self._observe(metrics.REQUESTS, seconds, known, route or OTHER, str(status))

    # ---- series

    def _count(self, metric: Metric, amount: float, *values: str) -> None:
        counter = self._counters[metric.name]
        (counter.labels(*self._bound.within(metric.name, values)) if values else counter).inc(
            amount
        )

    def _set(self, metric: Metric, value: float, *values: str) -> None:
        gauge = self._gauges[metric.name]
        (gauge.labels(*self._bound.within(metric.name, values)) if values else gauge).set(value)

    def _observe(self, metric: Metric, value: float, *values: str) -> None:
        histogram = self._histograms[metric.name]
        (
            histogram.labels(*self._bound.within(metric.name, values)) if values else histogram
        ).observe(value)
