"""What is shown while a command works."""

from __future__ import annotations

import contextlib
import io
import os
import pty
import re
import termios
from collections.abc import Generator

import pytest

from eventdocs.cli._progress import Progress

WIDTH = 40


@contextlib.contextmanager
def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Generator[int]:
    """Make a terminal of standard error; what is written there can be read.

    It is no fixture, because pytest puts its own stream there when the test begins.
    """
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, WIDTH))
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    with os.fdopen(theirs, "w", buffering=1) as screen:
        monkeypatch.setattr("sys.stderr", screen)
        yield ours
    os.close(ours)


def read_until(terminal: int, pattern: str) -> str:
    """Read what appears until it matches; that it never does is for the test's timeout."""
    seen = ""
    while not re.search(pattern, seen):
        seen += os.read(terminal, 4096).decode("utf-8", "replace")
    return seen


class TestOnATerminal:
    def test_moves_while_nothing_else_happens(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Long work on one document does not look like a program that hangs."""
        with a_terminal(monkeypatch) as terminal:
            progress = Progress(every=0.001)

            progress.show("[1/2] long.md")
            seen = read_until(
                terminal, r"(?s)\| \[1/2\] long\.md.*/ \[1/2\].*- \[1/2\].*\\ \[1/2\]"
            )
            progress.close()

            assert "\n" not in seen

    def test_tells_how_long_it_takes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Seconds since this work began, and not since the program did."""
        with a_terminal(monkeypatch) as terminal:
            monkeypatch.setattr("eventdocs.cli._progress._TOLD_FROM", 0.0)
            progress = Progress(every=0.001)

            progress.show("long.md")
            read_until(terminal, r"long\.md \(0 s\)")
            progress.close()

    def test_keeps_to_its_line_and_to_the_end_of_a_path(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A line that wrapped could not be taken away again."""
        with a_terminal(monkeypatch) as terminal:
            progress = Progress(every=0.001)

            progress.show(f"[12/40] {'folder/' * 30}chapter-文書.md")
            seen = read_until(terminal, r"chapter-文書\.md")
            progress.close()

            assert "[12/40] fo…" in seen
            assert max(map(len, seen.split("\r"))) < WIDTH

    def test_leaves_nothing_behind(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The answer begins on an empty line."""
        with a_terminal(monkeypatch) as terminal:
            progress = Progress(every=0.001)

            progress.show("long.md")
            progress.show("")

            assert read_until(terminal, r"\r +\r").endswith("\r")
            progress.close()


class TestElsewhere:
    def test_is_a_note_now_and_then(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A log file tells which document takes so long, without thousands of lines."""
        reading, writing = os.pipe()
        with os.fdopen(writing, "w", buffering=1) as stream, os.fdopen(reading) as log:
            monkeypatch.setattr("sys.stderr", stream)
            progress = Progress(noted_every=0.001)

            progress.show("[1/2] long.md")
            note = log.readline()
            progress.close()

        assert note == "… [1/2] long.md\n"

    def test_is_nothing_for_what_is_soon_done(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Piped, a command that takes a moment says nothing but its answer."""
        stream = io.StringIO()
        monkeypatch.setattr("sys.stderr", stream)
        progress = Progress()

        progress.show("short.md")
        progress.show("")
        progress.close()

        assert stream.getvalue() == ""
