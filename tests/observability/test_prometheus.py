"""Metrics for Prometheus: their names and labels are a promise, and their number has a bound."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from eventdocs.observability.prometheus import METRICS, PrometheusInstrumentation

TEXTS = st.text(max_size=8)
COUNTS = st.integers(0, 10**6)
SECONDS = st.floats(0, 10**6)

EXPORTED = {
    "eventdocs_append_duration_seconds": ("outcome",),
    "eventdocs_documents_total": ("stage", "outcome"),
    "eventdocs_events_read_total": (),
    "eventdocs_events_total": ("type", "outcome"),
    "eventdocs_extraction_duration_seconds": ("media_type", "outcome"),
    "eventdocs_feed_held_seconds": (),
    "eventdocs_feed_last_seen_timestamp_seconds": (),
    "eventdocs_findings_total": ("code",),
    "eventdocs_flush_appends": (),
    "eventdocs_flush_duration_seconds": (),
    "eventdocs_flush_events": (),
    "eventdocs_http_request_duration_seconds": ("method", "route", "status"),
    "eventdocs_http_requests_in_flight": (),
    "eventdocs_log_head_sequence": (),
    "eventdocs_pool_connections": ("state",),
    "eventdocs_pool_connections_limit": (),
    "eventdocs_pool_waiting": (),
    "eventdocs_projection_batch_duration_seconds": ("projection",),
    "eventdocs_projection_dead_letters": ("projection",),
    "eventdocs_projection_events_total": ("projection",),
    "eventdocs_projection_failures_total": ("projection", "type", "error"),
    "eventdocs_projection_lag_events": ("projection",),
    "eventdocs_projection_lag_seconds": ("projection",),
    "eventdocs_projection_led": ("projection",),
    "eventdocs_projection_rebuild_ratio": ("projection",),
    "eventdocs_projection_rebuilds_total": ("projection", "outcome"),
    "eventdocs_projection_retries_total": ("projection", "error"),
    "eventdocs_read_duration_seconds": (),
}


def tell_everything(told: PrometheusInstrumentation) -> None:
    told.appended(["NoteAdded", "NoteAdded"], outcome="recorded", seconds=0.01)
    told.flushed(appends=3, events=7, seconds=0.02)
    told.read(events=5, seconds=0.01)
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
    told.requested("GET")
    told.responded("GET", route="/documents/{id}", status=404, seconds=0.3)


class TestThePromise:
    def test_names_and_labels_are_these(self) -> None:
        """Dashboards and alerts of others depend on them: a change is made on purpose."""
        assert {each.name: each.labels for each in METRICS} == EXPORTED

    def test_every_metric_is_exported_with_its_labels(self) -> None:
        """What is listed is counted, and nothing else is."""
        registry = CollectorRegistry()
        told = PrometheusInstrumentation(registry)
        tell_everything(told)

        found: dict[str, set[str]] = {}
        for family in registry.collect():
            total = "_total" if family.type == "counter" else ""
            for sample in family.samples:
                if not sample.name.endswith("_created"):
                    found.setdefault(family.name + total, set()).update(sample.labels)

        assert {name: labels - {"le"} for name, labels in found.items()} == {
            name: set(labels) for name, labels in EXPORTED.items()
        }

    @pytest.mark.parametrize(
        ("name", "labels", "value"),
        [
            ("append_duration_seconds_count", {"outcome": "recorded"}, 1),
            ("events_total", {"type": "NoteAdded", "outcome": "recorded"}, 2),
            ("flush_appends_sum", {}, 3),
            ("flush_events_sum", {}, 7),
            ("flush_duration_seconds_sum", {}, 0.02),
            ("events_read_total", {}, 5),
            ("read_duration_seconds_count", {}, 1),
            ("pool_connections", {"state": "in_use"}, 3),
            ("pool_connections", {"state": "idle"}, 2),
            ("pool_connections_limit", {}, 20),
            ("pool_waiting", {}, 1),
            ("log_head_sequence", {}, 12),
            ("feed_held_seconds", {}, 11),
            ("projection_led", {"projection": "notes"}, 1),
            ("projection_events_total", {"projection": "notes"}, 4),
            ("projection_batch_duration_seconds_sum", {"projection": "notes"}, 0.1),
            ("projection_retries_total", {"projection": "notes", "error": "StoreBusyError"}, 1),
            (
                "projection_failures_total",
                {"projection": "notes", "type": "NoteAdded", "error": "ValueError"},
                1,
            ),
            ("projection_dead_letters", {"projection": "notes"}, 2),
            ("projection_lag_events", {"projection": "notes"}, 8),
            ("projection_lag_seconds", {"projection": "notes"}, 3),
            ("projection_rebuild_ratio", {"projection": "notes"}, 0.25),
            ("projection_rebuilds_total", {"projection": "notes", "outcome": "cancelled"}, 1),
            (
                "extraction_duration_seconds_sum",
                {"media_type": "text/html", "outcome": "failed"},
                0.5,
            ),
            ("documents_total", {"stage": "analysis", "outcome": "completed"}, 1),
            ("findings_total", {"code": "undefined-variable"}, 6),
            ("http_requests_in_flight", {}, 1),
            (
                "http_request_duration_seconds_count",
                {"method": "GET", "route": "/documents/{id}", "status": "404"},
                1,
            ),
        ],
    )
    def test_what_is_told_is_counted(self, name: str, labels: dict[str, str], value: float) -> None:
        """Each fact reaches its metric, in the metric's unit."""
        registry = CollectorRegistry()

        tell_everything(PrometheusInstrumentation(registry))

        assert registry.get_sample_value(f"eventdocs_{name}", labels) == value

    def test_a_feed_that_is_stopped_is_not_one_that_died(self) -> None:
        """The time of the last look goes to 0, which the alert passes over."""
        registry = CollectorRegistry()
        told = PrometheusInstrumentation(registry)
        name = "eventdocs_feed_last_seen_timestamp_seconds"

        told.feed_seen(head=1)
        seen = registry.get_sample_value(name)
        told.feed_stopped()

        assert seen is not None
        assert seen > 1_700_000_000
        assert registry.get_sample_value(name) == 0

    def test_who_does_not_lead_any_more_tells_no_lag(self) -> None:
        """Otherwise the lag of the moment the lease was lost would stand for ever."""
        registry = CollectorRegistry()
        told = PrometheusInstrumentation(registry)
        told.led("notes", is_here=True)
        told.lagged("notes", events=900, seconds=60.0)

        told.led("notes", is_here=False)

        labels = {"projection": "notes"}
        assert registry.get_sample_value("eventdocs_projection_led", labels) == 0
        assert registry.get_sample_value("eventdocs_projection_lag_events", labels) == 0
        assert registry.get_sample_value("eventdocs_projection_lag_seconds", labels) == 0

    def test_two_registries_count_apart(self) -> None:
        """Nothing is global but what the host makes so."""
        first, second = CollectorRegistry(), CollectorRegistry()

        PrometheusInstrumentation(first).read(events=3, seconds=0.1)
        PrometheusInstrumentation(second)

        assert first.get_sample_value("eventdocs_events_read_total") == 3
        assert second.get_sample_value("eventdocs_events_read_total") == 0


class TestTheBound:
    @given(
        st.lists(
            st.one_of(
                st.tuples(st.just("http"), TEXTS, TEXTS, st.integers(100, 599)),
                st.tuples(st.just("failure"), TEXTS, TEXTS, TEXTS),
                st.tuples(st.just("append"), TEXTS, TEXTS, TEXTS),
            ),
            max_size=60,
        )
    )
    def test_no_metric_has_more_series_than_allowed(
        self, told: list[tuple[str, str, str, str | int]]
    ) -> None:
        """Whatever values labels are given, and nothing that is told is lost."""
        registry = CollectorRegistry()
        instrumentation = PrometheusInstrumentation(registry, series_limit=5)

        for kind, first, second, third in told:
            if kind == "http":
                instrumentation.requested(first)
                instrumentation.responded(first, route=second, status=int(third), seconds=0.1)
            elif kind == "failure":
                instrumentation.dead_lettered(first, event_type=second, error=str(third))
            else:
                instrumentation.appended([first, second], outcome=str(third), seconds=0.1)

        counted = {"append": 0.0, "failure": 0.0, "http": 0.0}
        for family in registry.collect():
            distinct = {
                tuple(value for key, value in sample.labels.items() if key != "le")
                for sample in family.samples
            }
            assert len(distinct) <= 6
            for sample in family.samples:
                match sample.name:
                    case "eventdocs_append_duration_seconds_count":
                        counted["append"] += sample.value
                    case "eventdocs_projection_failures_total":
                        counted["failure"] += sample.value
                    case "eventdocs_http_request_duration_seconds_count":
                        counted["http"] += sample.value
                        assert sample.labels["method"].isupper() or (
                            sample.labels["method"] == "other"
                        )
                    case _:
                        pass
        kinds = [kind for kind, *_ in told]
        assert counted == {kind: kinds.count(kind) for kind in counted}

    def test_the_method_of_a_request_is_one_of_http(self) -> None:
        """A client may send any word as a method, a thousand different ones a second."""
        registry = CollectorRegistry()
        told = PrometheusInstrumentation(registry)

        for number in range(20):
            told.requested(f"M{number}")
            told.responded(f"M{number}", route="", status=405, seconds=0.1)

        labels = {"method": "other", "route": "other", "status": "405"}
        name = "eventdocs_http_request_duration_seconds_count"
        assert registry.get_sample_value(name, labels) == 20
        assert registry.get_sample_value("eventdocs_http_requests_in_flight") == 0

    def test_threads_may_count_together(self) -> None:
        """Stores of several event loops can share one instrumentation."""
        registry = CollectorRegistry()
        told = PrometheusInstrumentation(registry)

        def count() -> None:
            for number in range(200):
                told.found(f"code-{number % 7}", findings=1)

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        found = [
            sample.value
            for family in registry.collect()
            if family.name == "eventdocs_findings"
            for sample in family.samples
            if sample.name.endswith("_total")
        ]
        assert sum(found) == 800


WORKER = """
from prometheus_client import CollectorRegistry
from eventdocs.observability.prometheus import PrometheusInstrumentation
from tests.observability.test_prometheus import tell_everything

tell_everything(PrometheusInstrumentation(CollectorRegistry()))
print("told", flush=True)
input()
"""
COLLECTOR = """
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

registry = CollectorRegistry()
MultiProcessCollector(registry)
print(generate_latest(registry).decode(), end="")
"""


def test_several_processes_show_as_one(tmp_path: Path) -> None:
    """Counters, pools and requests are added up; of lag and head the greatest is shown."""
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def run(code: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", code],
            cwd=root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    workers = [run(WORKER) for _ in range(2)]
    for worker in workers:
        assert worker.stdout is not None
        assert worker.stdout.readline() == "told\n"

    shown, _ = run(COLLECTOR).communicate()
    for worker in workers:
        worker.communicate("\n")

    assert 'eventdocs_events_total{outcome="recorded",type="NoteAdded"} 4.0' in shown
    assert 'eventdocs_pool_connections{state="in_use"} 6.0' in shown
    assert "eventdocs_http_requests_in_flight 2.0" in shown
    assert "eventdocs_log_head_sequence 12.0" in shown
    assert 'eventdocs_projection_lag_events{projection="notes"} 8.0' in shown
    for worker in workers:
        assert f'eventdocs_feed_last_seen_timestamp_seconds{{pid="{worker.pid}"}}' in shown


def test_the_exposition_escapes_what_labels_hold() -> None:
    """No value of a label can forge a line."""
    registry = CollectorRegistry()
    PrometheusInstrumentation(registry).found('x"} 1\nforged 2', findings=1)

    assert "\nforged" not in generate_latest(registry).decode()
