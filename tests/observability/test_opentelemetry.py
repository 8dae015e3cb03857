"""OpenTelemetry: spans that find each other, and names that the conventions give."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import (
    Expect,
    ProjectionRunner,
    Projector,
    RecordedEvent,
    correlate,
    event,
    handles,
    open_store,
)
from eventdocs.errors import WrongExpectedVersionError
from eventdocs.observability.opentelemetry import OpenTelemetryInstrumentation

INBOUND = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@event("Traced")
@attrs.frozen
class Traced:
    text: str


class Reader(Projector):
    """Reads and keeps nothing."""

    name = "reader"
    version = 1

    @handles(Traced, batch=True)
    async def read(self, events: Sequence[RecordedEvent[Traced]], tx: AsyncConnection) -> None:
        """Do nothing."""


class Telemetry:
    """What leaves, kept in memory."""

    def __init__(self, *, series_limit: int = 1_000) -> None:
        self._exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self._reader = InMemoryMetricReader()
        self.tracer = provider.get_tracer("host")
        self.told = OpenTelemetryInstrumentation(
            tracer_provider=provider,
            meter_provider=MeterProvider([self._reader], shutdown_on_exit=False),
            system="sqlite",
            series_limit=series_limit,
        )

    def spans(self, name: str) -> list[ReadableSpan]:
        """Give the spans of this name, in the order they ended."""
        return [each for each in self._exporter.get_finished_spans() if each.name == name]

    def points(self) -> dict[str, list[Any]]:
        """Give the data points of every metric."""
        data = self._reader.get_metrics_data()
        if data is None:
            return {}
        return {
            metric.name: list(metric.data.data_points)
            for resource in data.resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


def _id(span: ReadableSpan) -> tuple[int, int]:
    context = span.get_span_context()
    assert context is not None
    return context.trace_id, context.span_id


class TestSpans:
    async def test_a_projection_links_to_the_appends_that_it_applies(
        self, telemetry: Telemetry, database_url: str
    ) -> None:
        """One link for each append, however many events it had, and no parent."""
        async with open_store(
            database_url, events=[Traced], instrumentation=telemetry.told
        ) as store:
            await store.append("a-1", [Traced("one"), Traced("two")])
            await store.append("a-2", [Traced("three")])
            async with ProjectionRunner(store, [Reader()]) as runner:
                await runner.catch_up()
            events = [each async for each in store.read_all()]

        appends = telemetry.spans("append log")
        (batch,) = telemetry.spans("process reader")
        assert [each.kind for each in appends] == [SpanKind.PRODUCER] * 2
        assert batch.kind is SpanKind.CONSUMER
        assert batch.parent is None
        linked = [(each.context.trace_id, each.context.span_id) for each in batch.links]
        assert linked == [_id(each) for each in appends]
        assert batch.attributes is not None
        assert batch.attributes["messaging.batch.message_count"] == 3
        assert batch.attributes["messaging.consumer.group.name"] == "reader"
        trace_id, span_id = _id(appends[1])
        carried = str(events[2].metadata["traceparent"])
        assert carried.startswith(f"00-{trace_id:032x}-{span_id:016x}-")

    async def test_an_append_belongs_to_the_request_that_causes_it(
        self, telemetry: Telemetry
    ) -> None:
        """The current span is its parent, or else the trace that came with the request."""
        async with open_store(
            "sqlite:///:memory:", events=[Traced], instrumentation=telemetry.told
        ) as store:
            with telemetry.tracer.start_as_current_span("request") as request:
                await store.append("a-1", [Traced("one")])
                _ = [each async for each in store.read_all()]
            with correlate(metadata={"traceparent": INBOUND}):
                await store.append("a-2", [Traced("two")])
            with correlate(metadata={"traceparent": "nonsense"}):
                await store.append("a-3", [Traced("three")])
            _ = [each async for each in store.read_all()]

        first, second, third = telemetry.spans("append log")
        (read,) = telemetry.spans("read eventdocs_events")
        assert first.parent == read.parent == request.get_span_context()
        assert second.parent is not None
        assert f"{second.parent.trace_id:x}" in INBOUND
        assert f"{second.parent.span_id:x}" in INBOUND
        assert third.parent is None

    async def test_a_refused_append_says_so(self, telemetry: Telemetry) -> None:
        """Every append ends its span, with its outcome."""
        async with open_store(
            "sqlite:///:memory:", events=[Traced], instrumentation=telemetry.told
        ) as store:
            await store.append("a-1", [Traced("one")])
            with pytest.raises(WrongExpectedVersionError):
                await store.append("a-1", [Traced("two")], expected=Expect.NO_STREAM)
            with pytest.raises(ValueError, match="at least one"):
                await store.append("a-1", [])

        spans = telemetry.spans("append log")
        assert [(each.attributes or {})["eventdocs.outcome"] for each in spans] == [
            "recorded",
            "refused",
            "failed",
        ]
        assert [each.status.status_code for each in spans] == [
            StatusCode.UNSET,
            StatusCode.ERROR,
            StatusCode.ERROR,
        ]

    async def test_a_group_commit_is_a_call_of_the_database(self, telemetry: Telemetry) -> None:
        """With the attributes that the conventions for databases give it."""
        async with open_store(
            "sqlite:///:memory:", events=[Traced], instrumentation=telemetry.told
        ) as store:
            await store.append("a-1", [Traced("one")])

        (flush,) = telemetry.spans("append eventdocs_events")
        assert flush.kind is SpanKind.CLIENT
        assert flush.attributes == {
            "db.system.name": "sqlite",
            "db.operation.name": "append",
            "db.collection.name": "eventdocs_events",
            "db.operation.batch.size": 1,
        }

    def test_a_batch_has_a_bounded_number_of_links(self, telemetry: Telemetry) -> None:
        """A batch of ten thousand requests does not become ten thousand links."""
        traces = [f"00-{number:032x}-{number:016x}-01" for number in range(1, 10_001)]
        asked = iter(traces)

        telemetry.told.projected("reader", events=10_000, seconds=1.0, traces=asked)

        (batch,) = telemetry.spans("process reader")
        assert len(batch.links) == 128
        assert next(asked) == traces[128]

    @given(st.lists(st.text(max_size=60)))
    def test_no_trace_that_somebody_made_up_breaks_a_batch(self, traces: list[str]) -> None:
        """Metadata are the hosts' to write: what is no trace is passed over."""
        telemetry = Telemetry()

        telemetry.told.projected("reader", events=len(traces), seconds=0.1, traces=traces)

        (batch,) = telemetry.spans("process reader")
        assert batch.links == ()

    async def test_without_a_provider_nothing_is_added(self) -> None:
        """A host that exports no traces finds none in its events, and keeps the one it was sent."""
        told = OpenTelemetryInstrumentation()
        async with open_store("sqlite:///:memory:", events=[Traced], instrumentation=told) as store:
            await store.append("a-1", [Traced("one")])
            with correlate(metadata={"traceparent": INBOUND}):
                await store.append("a-1", [Traced("two")])
            events = [each async for each in store.read_all()]

        assert events[0].metadata == {}
        assert str(events[1].metadata["traceparent"])[:35] == INBOUND[:35]


def tell_everything(told: OpenTelemetryInstrumentation) -> None:
    told.appending()
    told.appended(["NoteAdded"], outcome="recorded", seconds=0.01)
    told.flushed(appends=3, events=7, seconds=0.02)
    told.read(events=5, seconds=0.01)
    told.pooled(in_use=9, open=9, limit=20, waiting=4)
    told.pooled(in_use=3, open=5, limit=20, waiting=1)
    told.feed_seen(head=12)
    told.feed_held(seconds=11.0)
    told.led("notes", is_here=True)
    told.projected("notes", events=4, seconds=0.1)
    told.retried("notes", attempt=1, error="StoreBusyError")
    told.dead_lettered("notes", event_type="NoteAdded", error="ValueError")
    told.waiting("notes", dead_letters=2)
    told.lagged("notes", events=8, seconds=3.0)
    told.rebuilding("notes", sequence=3, head=12)
    told.rebuilt("notes", outcome="cancelled")
    told.extracted("text/html", outcome="failed", seconds=0.5)
    told.documented("analysis", outcome="completed")
    told.found("undefined-variable", findings=6)
    told.requested("GET")
    told.requested("BREW")
    told.responded("GET", route="/documents/{id}", status=404, seconds=0.3)


NAMES = {
    "db.client.connection.count": {"db.client.connection.pool.name", "db.client.connection.state"},
    "db.client.connection.max": {"db.client.connection.pool.name"},
    "db.client.connection.pending_requests": {"db.client.connection.pool.name"},
    "db.client.operation.duration": {
        "db.collection.name",
        "db.operation.name",
        "db.system.name",
    },
    "eventdocs.documents": {"eventdocs.outcome", "eventdocs.stage"},
    "eventdocs.events": {"eventdocs.outcome", "eventdocs.type"},
    "eventdocs.events_read": set[str](),
    "eventdocs.extraction_duration": {"eventdocs.media_type", "eventdocs.outcome"},
    "eventdocs.feed_held": set[str](),
    "eventdocs.feed_last_seen_timestamp": set[str](),
    "eventdocs.findings": {"eventdocs.code"},
    "eventdocs.flush_appends": set[str](),
    "eventdocs.flush_events": set[str](),
    "eventdocs.log_head_sequence": set[str](),
    "eventdocs.projection_dead_letters": {"eventdocs.projection"},
    "eventdocs.projection_events": {"eventdocs.projection"},
    "eventdocs.projection_failures": {
        "eventdocs.error",
        "eventdocs.projection",
        "eventdocs.type",
    },
    "eventdocs.projection_lag": {"eventdocs.projection"},
    "eventdocs.projection_lag_events": {"eventdocs.projection"},
    "eventdocs.projection_led": {"eventdocs.projection"},
    "eventdocs.projection_rebuild_ratio": {"eventdocs.projection"},
    "eventdocs.projection_rebuilds": {"eventdocs.outcome", "eventdocs.projection"},
    "eventdocs.projection_retries": {"eventdocs.error", "eventdocs.projection"},
    "http.server.active_requests": {"http.request.method"},
    "http.server.request.duration": {
        "http.request.method",
        "http.response.status_code",
        "http.route",
    },
    "messaging.client.operation.duration": {
        "eventdocs.outcome",
        "messaging.destination.name",
        "messaging.operation.name",
        "messaging.operation.type",
        "messaging.system",
    },
    "messaging.process.duration": {
        "messaging.consumer.group.name",
        "messaging.destination.name",
        "messaging.operation.name",
        "messaging.operation.type",
        "messaging.system",
    },
}


class TestMetrics:
    def test_names_and_attributes_are_these(self, telemetry: Telemetry) -> None:
        """Dashboards of others depend on them: a change is made on purpose."""
        tell_everything(telemetry.told)

        found = {
            name: {key for point in points for key in point.attributes}
            for name, points in telemetry.points().items()
        }

        assert found == NAMES

    def test_connections_are_counted_as_they_are_now(self, telemetry: Telemetry) -> None:
        """However they changed in between."""
        tell_everything(telemetry.told)

        points = telemetry.points()
        states = {
            point.attributes["db.client.connection.state"]: point.value
            for point in points["db.client.connection.count"]
        }
        assert states == {"used": 3, "idle": 2}
        assert [point.value for point in points["db.client.connection.max"]] == [20]
        assert [point.value for point in points["db.client.connection.pending_requests"]] == [1]

    def test_an_unknown_method_is_other(self, telemetry: Telemetry) -> None:
        """As the conventions for HTTP want it."""
        tell_everything(telemetry.told)

        in_flight = {
            point.attributes["http.request.method"]: point.value
            for point in telemetry.points()["http.server.active_requests"]
        }
        assert in_flight == {"GET": 0, "_OTHER": 1}

    @given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5)), max_size=30))
    def test_no_metric_has_more_series_than_allowed(self, told: list[tuple[str, str]]) -> None:
        """Whatever values attributes are given."""
        telemetry = Telemetry(series_limit=4)

        for first, second in told:
            telemetry.told.dead_lettered(first, event_type=second, error=first)
            telemetry.told.projected(first, events=1, seconds=0.1)
            telemetry.told.requested(first)
            telemetry.told.responded(first, route=second, status=200, seconds=0.1)

        for points in telemetry.points().values():
            assert len(points) <= 6  # those allowed, `other`, and requests without a route


def test_the_reference_names_every_metric() -> None:
    """Those of the conventions and our own."""
    page = Path(__file__).parents[2] / "docs" / "how-to" / "monitor.md"

    text = page.read_text("utf-8")

    assert [name for name in NAMES if not name.startswith("eventdocs.") and name not in text] == []
