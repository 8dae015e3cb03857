"""Logging is silent until it is asked for, and says all it was told, safely."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventdocs.errors import ConfigurationError
from eventdocs.observability import (
    JSONFormatter,
    ReadableFormatter,
    Redactor,
    configure_logging,
    correlate,
)


def record(message: str = "eventdocs.append.refused", **facts: object) -> logging.LogRecord:
    made = logging.makeLogRecord(
        {"name": "eventdocs", "levelname": "WARNING", "levelno": 30, "msg": message, **facts}
    )
    made.created, made.msecs = 0.0, 7.0
    return made


class TestTheLogger:
    def test_says_nothing_until_a_host_configures_logging(self) -> None:
        """Python's last resort prints warnings of loggers without a handler; ours has one."""
        script = (
            "import logging, eventdocs.observability;"
            "logging.getLogger('eventdocs.projections').error('eventdocs.unheard')"
        )

        ended = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        )

        assert (ended.stdout, ended.stderr) == ("", "")

    def test_hands_its_lines_on_to_the_hosts_handlers(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Nothing stops a line on its way to the root logger."""
        with caplog.at_level(logging.INFO):
            logging.getLogger("eventdocs.projections").info("eventdocs.heard")

        assert [each.message for each in caplog.records] == ["eventdocs.heard"]


class TestTheReadableForm:
    def test_shows_the_event_and_every_fact_on_one_line(self) -> None:
        """Time is UTC; facts stand as they were given, quoted where they would run together."""
        line = ReadableFormatter().format(record(stream="document-7", expected="no stream"))

        assert line == (
            '00:00:00.007 WARNING eventdocs.append.refused stream=document-7 expected="no stream"'
        )

    def test_adds_the_correlation_id_of_the_work_at_hand(self) -> None:
        """A line can be joined with the events and requests that belong to it."""
        with correlate("request-1"):
            line = ReadableFormatter().format(record())

        assert line.endswith(" correlation_id=request-1")

    def test_escapes_what_could_forge_a_line(self) -> None:
        """A value with a line break or an escape sequence stays on its line, visibly."""
        line = ReadableFormatter().format(record(stream="a\nb\x1b[31m"))

        assert "\n" not in line
        assert "\x1b" not in line
        assert r"a\nb\x1b[31m" in line

    def test_ends_with_the_traceback_of_an_error(self) -> None:
        """What was raised follows below the line."""
        made = record()
        try:
            raise ValueError("broken")
        except ValueError:
            made.exc_info = sys.exc_info()

        line = ReadableFormatter().format(made)

        assert line.splitlines()[-1] == "ValueError: broken"


def as_json(made: logging.LogRecord, redactor: Redactor | None = None) -> dict[str, Any]:
    line = JSONFormatter(redactor).format(made)
    assert "\n" not in line
    told: dict[str, Any] = json.loads(line)
    return told


class Unspeakable:
    def __str__(self) -> str:
        raise RuntimeError("no")


class TestTheJSONForm:
    def test_says_what_happened_when_where_and_for_whom(self) -> None:
        """These are the fields, in this order; facts stand between the id and the place."""
        made = record(stream="document-7", count=3)
        made.module, made.funcName, made.lineno = "append", "refuse", 12

        with correlate("request-1"):
            line = as_json(made)

        assert list(line.items()) == [
            ("timestamp", "1970-01-01T00:00:00.000000Z"),
            ("level", "WARNING"),
            ("logger", "eventdocs"),
            ("message", "eventdocs.append.refused"),
            ("correlation_id", "request-1"),
            ("stream", "document-7"),
            ("count", 3),
            ("module", "append"),
            ("function", "refuse"),
            ("line", 12),
        ]

    def test_keeps_facts_that_are_named_as_its_own_fields(self) -> None:
        """Neither the fact nor the field is lost."""
        line = as_json(record(level=3, line=4, exception="none", logger="mine"))

        assert (line["level"], line["logger"], line["line"]) == ("WARNING", "eventdocs", 0)
        assert (line["extra_level"], line["extra_line"]) == (3, 4)
        assert (line["extra_exception"], line["extra_logger"]) == ("none", "mine")

    def test_spells_what_json_does_not_know(self) -> None:
        """Ids, times and enumerations are text, sets are lists, and anything else is spelled."""
        line = as_json(
            record(
                event_id=UUID(int=7),
                at=datetime(2026, 1, 1, tzinfo=UTC),
                kinds=("a", "b"),
                kept={"x": {"y"}},
                huge=2**70,
                lone="\ud800",
                what=Unspeakable(),
            )
        )

        assert line["event_id"] == str(UUID(int=7))
        assert line["at"] == "2026-01-01T00:00:00+00:00"
        assert line["kinds"] == ["a", "b"]
        assert line["kept"] == {"x": ["y"]}
        assert line["huge"] == 2**70
        assert line["lone"] == "\ud800"
        assert line["what"] == "<Unspeakable>"

    def test_tells_an_error_by_type_message_and_traceback(self) -> None:
        """An error is one fact with three parts, on the same line."""
        made = record()
        try:
            raise ValueError("broken")
        except ValueError:
            made.exc_info = sys.exc_info()

        error = as_json(made)["exception"]

        assert (error["type"], error["message"]) == ("builtins.ValueError", "broken")
        assert error["traceback"].startswith("Traceback")
        assert error["traceback"].endswith("ValueError: broken")

    def test_prefers_the_correlation_id_that_was_passed(self) -> None:
        """A line about an event carries the event's id, not that of whoever is at work."""
        with correlate("outer"):
            assert as_json(record(correlation_id="the event's"))["correlation_id"] == "the event's"

    @given(
        st.dictionaries(
            st.from_regex(r"[a-z_]{1,12}", fullmatch=True).filter(
                lambda name: name not in {*vars(record()), "asctime", "function", "line"}
            ),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
                lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
                max_leaves=8,
            ),
            max_size=4,
        )
    )
    def test_takes_any_fact(self, facts: dict[str, object]) -> None:
        """No value makes it fail or is left out, and a line stays one line."""
        made = record()
        vars(made).update(facts)

        line = as_json(made)

        taken = {"timestamp", "level", "logger", "message", "exception", "stack"}
        names = {f"extra_{name}" if name in taken else name for name in facts}
        assert names <= set(line)


@pytest.fixture
def library() -> Iterator[logging.Logger]:
    """The library's logger, put back afterwards."""
    logger = logging.getLogger("eventdocs")
    kept = list(logger.handlers), logger.level, logger.propagate
    yield logger
    logger.handlers[:], logger.level, logger.propagate = kept
    logger.setLevel(kept[1])


class TestConfiguring:
    def test_writes_lines_of_the_level_and_above(self, library: logging.Logger) -> None:
        """One JSON object a line; what is below the level is not written."""
        stream = io.StringIO()
        configure_logging(level="warning", stream=stream)

        logging.getLogger("eventdocs.store").info("eventdocs.unheard")
        logging.getLogger("eventdocs.store").warning("eventdocs.heard", extra={"stream": "a"})

        (line,) = stream.getvalue().splitlines()
        assert json.loads(line)["message"] == "eventdocs.heard"
        assert json.loads(line)["stream"] == "a"

    def test_replaces_what_it_has_set_up_before(self, library: logging.Logger) -> None:
        """A second call does not make lines come twice; handlers of the host stay."""
        first, second, hosts = io.StringIO(), io.StringIO(), logging.NullHandler()
        library.addHandler(hosts)
        configure_logging(stream=first)
        configure_logging(form="readable", stream=second)

        library.info("eventdocs.heard")

        assert first.getvalue() == ""
        assert second.getvalue().endswith("INFO    eventdocs.heard\n")
        assert hosts in library.handlers

    def test_leaves_out_the_secrets_it_was_told(self, library: logging.Logger) -> None:
        """They are left out wherever they stand."""
        stream = io.StringIO()
        configure_logging(stream=stream, secrets=["correct horse"])

        library.error("eventdocs.failed", extra={"reason": "no such key: correct horse!"})

        assert "correct horse" not in stream.getvalue()

    def test_writes_the_hosts_own_lines_on_request(self) -> None:
        """Its own logger can be named instead of the library's."""
        stream = io.StringIO()
        configure_logging(logger="library_host", stream=stream)

        logging.getLogger("library_host.views").info("shown", extra={"count": 2})

        assert json.loads(stream.getvalue())["count"] == 2

    def test_refuses_levels_and_forms_that_there_are_not(self) -> None:
        """All that is wrong is said at once, with what there is to choose from."""
        with pytest.raises(ConfigurationError) as caught:
            configure_logging(level="loud", form="xml")  # type: ignore[arg-type]  # on purpose

        assert list(caught.value.problems) == [
            "'loud' is no level of log lines; use one of debug, info, warning, error, critical",
            "'xml' is no form of log lines; use one of json, readable",
        ]
