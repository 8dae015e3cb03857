"""The dashboard and the alerts that are shipped: true to the metrics, each fired and cleared."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

from eventdocs.observability.prometheus import METRICS

SHIPPED = files("eventdocs.observability") / "monitoring"
ALERTS: Final = (SHIPPED / "alerts.yml").read_text("utf-8")
DASHBOARD: Final[dict[str, Any]] = json.loads((SHIPPED / "dashboard.json").read_text("utf-8"))
PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"

_PARTS = {"counter": ("",), "gauge": ("",), "histogram": ("_bucket", "_count", "_sum")}
SERIES: Final = {each.name + part: each for each in METRICS for part in _PARTS[each.kind]}
GIVEN_BY_PROMETHEUS: Final = {"le", "instance", "job"}


def queries() -> Iterator[str]:
    for panel in DASHBOARD["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]


def alert_names() -> list[str]:
    return re.findall(r"^ +- alert: (\w+)$", ALERTS, re.MULTILINE)


class TestEveryExpression:
    @pytest.mark.parametrize("text", [*queries(), ALERTS])
    def test_names_metrics_that_exist(self, text: str) -> None:
        """An alert on a metric that never moves is worse than none."""
        named = set(re.findall(r"\beventdocs_\w+", text))

        assert named
        assert named <= set(SERIES)

    @pytest.mark.parametrize("text", [*queries(), ALERTS])
    def test_asks_for_labels_that_the_metrics_have(self, text: str) -> None:
        """A misspelt label selects nothing, in silence."""
        for name, selectors in re.findall(r"\b(eventdocs_\w+)\{([^}]*)\}", text):
            labels = set(re.findall(r"(\w+)\s*[=!]", selectors))
            assert labels <= {*SERIES[name].labels, *GIVEN_BY_PROMETHEUS}

        for expression in text.split("expr:"):
            named = re.findall(r"\beventdocs_\w+", expression)
            known = {label for name in named for label in SERIES[name].labels}
            for labels in re.findall(r"\b(?:by|ignoring) \(([^)]*)\)", expression):
                assert set(re.split(r",\s*", labels)) <= known | GIVEN_BY_PROMETHEUS

    def test_is_on_the_dashboard_if_it_is_a_metric(self) -> None:
        """Nothing is counted that nobody can look at."""
        shown = {
            SERIES[name].name for text in queries() for name in re.findall(r"eventdocs_\w+", text)
        }

        assert shown == {each.name for each in METRICS}


def test_the_panels_of_the_dashboard_have_places_of_their_own() -> None:
    """Ids are distinct and no panel lies over another."""
    panels = DASHBOARD["panels"]
    cells = [
        (column, row)
        for each in (panel["gridPos"] for panel in panels)
        for column in range(each["x"], each["x"] + each["w"])
        for row in range(each["y"], each["y"] + each["h"])
    ]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len(set(cells)) == len(cells)


def test_the_reference_lists_the_metrics_as_the_code_has_them() -> None:
    """Names, kinds, labels and meanings; the table is the code's, word for word."""
    rows = [
        f"| `{each.name}` | {each.kind} "
        f"| {', '.join(f'`{label}`' for label in each.labels)} | {each.about} |"
        for each in METRICS
    ]

    listed = [line for line in PAGE.read_text("utf-8").splitlines() if "| `eventdocs_" in line]

    assert listed == rows


def test_the_reference_lists_every_alert() -> None:
    """Whoever is woken finds what it means."""
    listed = re.findall(r"^\| `(Eventdocs\w+)`", PAGE.read_text("utf-8"), re.MULTILINE)

    assert listed == alert_names()


@attrs.frozen
class Case:
    """What Prometheus sees minute by minute, and when an alert is to fire and to be cleared."""

    alert: str
    series: Mapping[str, str]
    quiet: int = 5
    fires: int = 15
    cleared: int = 25


def _ratio(bad: str, good: str) -> Mapping[str, str]:
    """Make half of what happens bad from the tenth minute to the fiftieth."""
    return {bad: "0x9 0+60x40 2400x70", good: "0+60x120"}


_NOTES = '{projection="notes"}'
_APPENDS = "eventdocs_append_duration_seconds"
_EXTRACTIONS = "eventdocs_extraction_duration_seconds_count"
_REBUILDS = "eventdocs_projection_rebuilds_total"
_FAILURES = 'eventdocs_projection_failures_total{projection="notes",type="T",error="E"}'

CASES: Final = (
    Case(
        "EventdocsFeedDead",
        {"eventdocs_feed_last_seen_timestamp_seconds": "60+60x9 600x9 1260+60x10"},
    ),
    Case(
        "EventdocsFeedDead",  # stopped in the end, and not to be missed
        {"eventdocs_feed_last_seen_timestamp_seconds": "60+60x9 600x9 0x20"},
    ),
    Case("EventdocsFeedHeld", {"eventdocs_feed_held_seconds": "0x9 45x9 0x20"}),
    Case(
        "EventdocsProjectionUnled",
        {
            'eventdocs_projection_led{projection="notes",instance="a"}': "1x9 0x9 0x20",
            'eventdocs_projection_led{projection="notes",instance="b"}': "0x9 0x9 1x20",
        },
    ),
    Case(
        "EventdocsProjectionLagging",
        {f"eventdocs_projection_lag_seconds{_NOTES}": "9x9 400x9 0x20"},
    ),
    Case("EventdocsEventsFailing", {_FAILURES: "0x9 3x60"}, cleared=40),
    Case("EventdocsEventsFailing", {_FAILURES: "_x10 1x60"}, cleared=40),
    Case(
        "EventdocsDeadLettersWaiting",
        {f"eventdocs_projection_dead_letters{_NOTES}": "0x9 2x29 0x30"},
        fires=30,
        cleared=45,
    ),
    Case(
        "EventdocsProjectionRetrying",
        {'eventdocs_projection_retries_total{projection="notes",error="E"}': "0x9 0+5x20 100x60"},
        fires=25,
        cleared=60,
    ),
    Case(
        "EventdocsRebuildFailed",
        {f'{_REBUILDS}{{projection="notes",outcome="failed"}}': "_x10 1x200"},
        cleared=90,
    ),
    Case(
        "EventdocsRebuildFailed",
        {f'{_REBUILDS}{{projection="notes",outcome="failed"}}': "1x9 2x200"},
        quiet=-1,
        cleared=90,
    ),
    Case(
        "EventdocsAppendsFailing",
        _ratio(f'{_APPENDS}_count{{outcome="failed"}}', f'{_APPENDS}_count{{outcome="recorded"}}'),
        fires=25,
        cleared=80,
    ),
    Case(
        "EventdocsAppendsSlow",
        {
            f'{_APPENDS}_bucket{{le="1.0"}}': "0+60x9 540x30 540+60x80",
            f'{_APPENDS}_bucket{{le="10.0"}}': "0+60x120",
            f'{_APPENDS}_bucket{{le="+Inf"}}': "0+60x120",
        },
        fires=35,
        cleared=60,
    ),
    Case(
        "EventdocsConflicts",
        _ratio(f'{_APPENDS}_count{{outcome="refused"}}', f'{_APPENDS}_count{{outcome="recorded"}}'),
        fires=40,
        cleared=80,
    ),
    Case(
        "EventdocsPoolExhausted",
        {
            "eventdocs_pool_waiting": "0x9 3x9 0x20",
            'eventdocs_pool_connections{state="in_use"}': "1x9 20x9 20x20",
            'eventdocs_pool_connections{state="idle"}': "4x9 0x30",
            "eventdocs_pool_connections_limit": "20x40",
        },
    ),
    Case(
        "EventdocsExtractionsFailing",
        _ratio(
            f'{_EXTRACTIONS}{{media_type="text/html",outcome="failed"}}',
            f'{_EXTRACTIONS}{{media_type="text/html",outcome="extracted"}}',
        ),
        fires=45,
        cleared=100,
    ),
    Case(
        "EventdocsAnalysesFailing",
        _ratio(
            'eventdocs_documents_total{stage="analysis",outcome="failed"}',
            'eventdocs_documents_total{stage="analysis",outcome="completed"}',
        ),
        fires=45,
        cleared=100,
    ),
    Case(
        "EventdocsHttpErrors",
        _ratio(
            'eventdocs_http_request_duration_seconds_count{status="503"}',
            'eventdocs_http_request_duration_seconds_count{status="200"}',
        ),
        fires=25,
        cleared=80,
    ),
)


@pytest.fixture(scope="module")
def promtool() -> str:
    """The program that checks Prometheus' rules; gates must have it, people need not."""
    found = shutil.which("promtool")
    if found is None:
        problem = "needs promtool: apt-get install prometheus, as .ci/run does"
        if os.environ.get("REQUIRE_PROMTOOL"):
            pytest.fail(problem)
        pytest.skip(problem)
    return found


def test_every_alert_has_a_case() -> None:
    """None is shipped that was never seen to fire."""
    assert {case.alert for case in CASES} == set(alert_names())


@pytest.mark.once
class TestPromtool:
    def test_accepts_rules_and_queries(self, promtool: str, tmp_path: Path) -> None:
        """The alerts as they are, and the dashboard's queries as rules that record them."""
        rules = tmp_path / "alerts.yml"
        rules.write_text(ALERTS, "utf-8")
        recorded = [
            {"record": f"query:{n}", "expr": text.replace("$__rate_interval", "5m")}
            for n, text in enumerate(queries())
        ]
        shown = tmp_path / "queries.yml"
        shown.write_text(json.dumps({"groups": [{"name": "shown", "rules": recorded}]}), "utf-8")

        ran = subprocess.run(
            [promtool, "check", "rules", rules, shown], capture_output=True, text=True, check=False
        )

        assert ran.returncode == 0, ran.stderr
        assert f"{len(alert_names())} rules found" in ran.stdout
        assert f"{len(recorded)} rules found" in ran.stdout

    def test_sees_every_alert_fire_and_clear(self, promtool: str, tmp_path: Path) -> None:
        """Silent before the trouble, firing in it, silent after it, and no other alert with it."""
        (tmp_path / "alerts.yml").write_text(ALERTS, "utf-8")
        count = 'count by (alertname) (ALERTS{alertstate="firing"})'
        tests = [
            {
                "name": f"{number}: {case.alert}",
                "interval": "1m",
                "input_series": [
                    {"series": name, "values": values} for name, values in case.series.items()
                ],
                "promql_expr_test": [
                    {
                        "expr": count,
                        "eval_time": f"{minute}m",
                        "exp_samples": [{"labels": f'{{alertname="{case.alert}"}}', "value": 1}]
                        if minute == case.fires
                        else [],
                    }
                    for minute in (case.quiet, case.fires, case.cleared)
                    if minute >= 0
                ],
            }
            for number, case in enumerate(CASES)
        ]
        cases = tmp_path / "cases.yml"
        cases.write_text(
            json.dumps({"rule_files": ["alerts.yml"], "evaluation_interval": "1m", "tests": tests}),
            "utf-8",
        )

        ran = subprocess.run(
            [promtool, "test", "rules", cases], capture_output=True, text=True, check=False
        )

        assert ran.returncode == 0, ran.stdout + ran.stderr
