"""Traces and metrics for OpenTelemetry."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from typing import Final, TypeAlias

from typing_extensions import override

try:
    from opentelemetry import metrics as otel_metrics
    from opentelemetry import trace
    from opentelemetry.context import Context
    from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
except ModuleNotFoundError as error:
    problem = "eventdocs.observability.opentelemetry needs opentelemetry-api"
    raise ModuleNotFoundError(
        f"{problem}: pip install 'eventdocs[opentelemetry]'", name=error.name
    ) from error

from eventdocs.observability import _metrics as metrics
from eventdocs.observability._correlation import current_correlation
from eventdocs.observability._instrumentation import NullInstrumentation
from eventdocs.observability._metrics import METHODS, Metric, rebuild_ratio
from eventdocs.observability._series import SERIES_LIMIT, SeriesBound
from eventdocs.types import JSONValue

__all__ = ["OpenTelemetryInstrumentation"]

_Attributes: TypeAlias = Mapping[str, str | int | Sequence[str]]

_MOST_LINKS: Final = 128  # as many as the SDK keeps of a span
_EVENTS: Final = "eventdocs_events"
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_appending: ContextVar[Span | None] = ContextVar("eventdocs_appending", default=None)

_COUNTERS: Final = (
    *(metrics.EVENTS, metrics.EVENTS_READ, metrics.EVENTS_PROJECTED, metrics.RETRIES),
    *(metrics.FAILURES, metrics.REBUILDS, metrics.DOCUMENTS, metrics.FINDINGS),
)
_GAUGES: Final = (
    *(metrics.HEAD, metrics.FEED_SEEN, metrics.FEED_HELD, metrics.DEAD_LETTERS),
    *(metrics.LAG_EVENTS, metrics.LAG_SECONDS, metrics.LED, metrics.REBUILD),
)
_HISTOGRAMS: Final = (metrics.FLUSH_APPENDS, metrics.FLUSH_EVENTS, metrics.EXTRACTIONS)


class OpenTelemetryInstrumentation(NullInstrumentation):
    """Makes spans and metrics of what it is told, through the API of OpenTelemetry.

    Appends, group commits, reads and batches of projections follow the semantic
    conventions for messaging and databases, connections those for connection pools and
    requests those for HTTP; what they have no names for is called `eventdocs.…`, as in
    the table of metrics, without its units.

    The span of an append is a child of the current span, or of the `traceparent` in the
    metadata of the surrounding `correlate` block. Its own `traceparent` goes into the
    events' metadata, and the batches that apply them link to it. Reads outside of any
    span, such as those of runners that look at the log, make none.

    Args:
        tracer_provider: Gives the tracer; the global one if it is not given.
        meter_provider: Gives the meter; the global one if it is not given.
        system: What the conventions call the database: `postgresql` or `sqlite`.
        series_limit: How many combinations of attributes each metric may have. What
            comes on top is counted under `other`.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: otel_metrics.MeterProvider | None = None,
        system: str = "other_sql",
        series_limit: int = SERIES_LIMIT,
    ) -> None:
        self._tracer = trace.get_tracer("eventdocs", tracer_provider=tracer_provider)
        meter = otel_metrics.get_meter("eventdocs", meter_provider=meter_provider)
        self._system = system
        self._bound = SeriesBound(series_limit)
        self._pool = {"used": 0, "idle": 0, "max": 0, "pending": 0}
        self._sent = meter.create_histogram("messaging.client.operation.duration", unit="s")
        self._processed = meter.create_histogram("messaging.process.duration", unit="s")
        self._called = meter.create_histogram("db.client.operation.duration", unit="s")
        self._requests = meter.create_histogram("http.server.request.duration", unit="s")
        self._in_flight = meter.create_up_down_counter("http.server.active_requests", "{request}")
        self._connections = meter.create_up_down_counter(
            "db.client.connection.count", "{connection}"
        )
        self._most_connections = meter.create_up_down_counter(
            "db.client.connection.max", "{connection}"
        )
        self._pending = meter.create_up_down_counter(
            "db.client.connection.pending_requests", "{request}"
        )
        self._counters = {
            each.name: meter.create_counter(*_named(each), each.about) for each in _COUNTERS
        }
        self._gauges = {
            each.name: meter.create_gauge(*_named(each), each.about) for each in _GAUGES
        }
        self._histograms = {
            each.name: meter.create_histogram(*_named(each), each.about) for each in _HISTOGRAMS
        }

    # ---- the log

    @override
    def appending(self) -> Mapping[str, JSONValue]:
        parent = None
        if not trace.get_current_span().get_span_context().is_valid:
            parent = _context_of(current_correlation().metadata.get("traceparent"))
        span = self._tracer.start_span(
            "append log", context=parent, kind=SpanKind.PRODUCER, attributes=_messaging("append")
        )
        _appending.set(span)
        carrier: dict[str, JSONValue] = {}
        _PROPAGATOR.inject(carrier, trace.set_span_in_context(span, Context()))
        return carrier

    @override
    def appended(self, types: Sequence[str], *, outcome: str, seconds: float) -> None:
        self._sent.record(seconds, {**_messaging("append"), "eventdocs.outcome": outcome})
        for each in types:
            self._count(metrics.EVENTS, 1, each, outcome)
        span = _appending.get()
        if span is None:
            return
        _appending.set(None)
        span.set_attribute("messaging.batch.message_count", len(types))
        span.set_attribute("eventdocs.event_types", sorted(set(types)))
        span.set_attribute("eventdocs.outcome", outcome)
        if outcome in {"refused", "invalid", "failed"}:
            span.set_attribute("error.type", outcome)
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    @override
    def flushed(self, *, appends: int, events: int, seconds: float) -> None:
        self._histograms[metrics.FLUSH_APPENDS.name].record(appends)
        self._histograms[metrics.FLUSH_EVENTS.name].record(events)
        attributes = self._database("append")
        self._called.record(seconds, attributes)
        # Many callers share a group commit: it belongs to the trace of none of them.
        self._span(
            f"append {_EVENTS}",
            seconds,
            {**attributes, "db.operation.batch.size": appends},
            kind=SpanKind.CLIENT,
            parent=Context(),
        )

    @override
    def read(self, *, events: int, seconds: float) -> None:
        self._count(metrics.EVENTS_READ, events)
        attributes = self._database("read")
        self._called.record(seconds, attributes)
        if trace.get_current_span().is_recording():
            self._span(
                f"read {_EVENTS}",
                seconds,
                {**attributes, "db.response.returned_rows": events},
                kind=SpanKind.CLIENT,
            )

    @override
    def pooled(self, *, in_use: int, open: int, limit: int | None, waiting: int) -> None:
        pool = {"db.client.connection.pool.name": "eventdocs"}
        now = {"used": in_use, "idle": open - in_use, "max": limit or 0, "pending": waiting}
        before, self._pool = self._pool, now
        for state in ("used", "idle"):
            if change := now[state] - before[state]:
                self._connections.add(change, {**pool, "db.client.connection.state": state})
        if change := now["max"] - before["max"]:
            self._most_connections.add(change, pool)
        if change := now["pending"] - before["pending"]:
            self._pending.add(change, pool)

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
        (name,) = self._bound.within("projection", (projection,))
        attributes = {**_messaging("process"), "messaging.consumer.group.name": name}
        self._processed.record(seconds, attributes)
        self._count(metrics.EVENTS_PROJECTED, events, projection)
        self._span(
            f"process {name}",
            seconds,
            {**attributes, "messaging.batch.message_count": events},
            kind=SpanKind.CONSUMER,
            # It belongs to no request: it links to all that it is about.
            parent=Context(),
            links=tuple(_links(traces)),
        )

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
        attributes = self._attributes(metrics.EXTRACTIONS, (media_type, outcome))
        self._histograms[metrics.EXTRACTIONS.name].record(seconds, attributes)
        self._span(f"extract {attributes['eventdocs.media_type']}", seconds, attributes)

    @override
    def documented(self, stage: str, *, outcome: str) -> None:
        self._count(metrics.DOCUMENTS, 1, stage, outcome)

    @override
    def found(self, code: str, *, findings: int) -> None:
        self._count(metrics.FINDINGS, findings, code)

    # ---- HTTP

    @override
    def requested(self, method: str) -> None:
        self._in_flight.add(1, {"http.request.method": _method(method)})

    @override
    def responded(self, method: str, *, route: str, status: int, seconds: float) -> None:
        known = _method(method)
        self._in_flight.add(-1, {"http.request.method": known})
        attributes: dict[str, str | int] = {
            "http.request.method": known,
            "http.response.status_code": status,
        }
        if route:
            (attributes["http.route"],) = self._bound.within("route", (route,))
        self._requests.record(seconds, attributes)

    # ---- making

    def _database(self, operation: str) -> Mapping[str, str]:
        return {
            "db.system.name": self._system,
            "db.operation.name": operation,
            "db.collection.name": _EVENTS,
        }

    def _span(
        self,
        name: str,
        seconds: float,
        attributes: _Attributes,
        *,
        kind: SpanKind = SpanKind.INTERNAL,
        parent: Context | None = None,
        links: Sequence[Link] = (),
    ) -> None:
        ended = time.time_ns()
        span = self._tracer.start_span(
            name,
            context=parent,
            kind=kind,
            attributes=attributes,
            links=links,
            start_time=ended - int(seconds * 1e9),
        )
        span.end(ended)

    def _attributes(self, metric: Metric, values: tuple[str, ...]) -> Mapping[str, str]:
        found = self._bound.within(metric.name, values)
        return {f"eventdocs.{k}": v for k, v in zip(metric.labels, found, strict=True)}

    def _count(self, metric: Metric, amount: int, *values: str) -> None:
        self._counters[metric.name].add(amount, self._attributes(metric, values))

    def _set(self, metric: Metric, value: float, *values: str) -> None:
        self._gauges[metric.name].set(value, self._attributes(metric, values))


def _named(metric: Metric) -> tuple[str, str]:
    """Spell a metric's name as OpenTelemetry does, and tell its unit."""
    name = metric.name.replace("eventdocs_", "eventdocs.", 1).removesuffix("_total")
    if name.endswith("_seconds"):
        return name.removesuffix("_seconds"), "s"
    return name, "1"


def _messaging(operation: str) -> Mapping[str, str]:
    return {
        "messaging.system": "eventdocs",
        "messaging.operation.name": operation,
        "messaging.operation.type": "send" if operation == "append" else operation,
        "messaging.destination.name": "log",
    }


def _method(method: str) -> str:
    return method if method in METHODS else "_OTHER"


def _context_of(traceparent: object) -> Context | None:
    if not isinstance(traceparent, str):
        return None
    return _PROPAGATOR.extract({"traceparent": traceparent}, Context())


def _links(traces: Iterable[str]) -> Iterator[Link]:
    seen: set[str] = set()
    for each in traces:
        if each in seen:
            continue
        seen.add(each)
        found = trace.get_current_span(_context_of(each)).get_span_context()
        if found.is_valid:
            yield Link(found)
        if len(seen) == _MOST_LINKS:
            return
