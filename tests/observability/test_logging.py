from __future__ import annotations

import logging
import subprocess
import sys

import pytest

from eventdocs.observability import ReadableFormatter, correlate


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
