"""What a command is doing: a moving sign on a terminal, a note now and then elsewhere."""

from __future__ import annotations

import itertools
import shutil
import sys
import threading
import time
from typing import Final

import click

from eventdocs.cli._layout import harmless, width_of

_SIGNS: Final = "|/-\\"
_TOLD_FROM: Final = 2.0  # seconds after which the time it takes is worth a look
_HEAD: Final = 10


class Progress:
    """The state of long work, on standard error.

    A thread keeps it moving, so that nobody takes long work for a program that hangs.

    Args:
        every: Seconds between two moves on a terminal.
        noted_every: Seconds between two notes where there is no terminal.
    """

    def __init__(self, *, every: float = 0.125, noted_every: float = 10.0) -> None:
        self._every = every
        self._noted_every = noted_every
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._signs = itertools.cycle(_SIGNS)
        self._text = ""
        self._since = 0.0
        self._painted = 0

    def show(self, text: str) -> None:
        """Make *text* the state; empty takes it off the terminal."""
        with self._lock:
            if text != self._text:
                self._text, self._since = text, time.monotonic()
                self._paint()
        if text and self._thread is None:
            self._ended.clear()
            self._thread = threading.Thread(target=self._move, name="progress", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Take the state away and end the thread."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self.show("")

    def _move(self) -> None:
        is_terminal = sys.stderr.isatty()
        while not self._ended.wait(self._every if is_terminal else self._noted_every):
            with self._lock:
                if is_terminal:
                    self._paint()
                elif self._text:
                    click.echo(f"… {harmless(self._text)}{self._elapsed()}", err=True)

    def _elapsed(self) -> str:
        seconds = time.monotonic() - self._since
        return f" ({seconds:.0f} s)" if seconds >= _TOLD_FROM else ""

    def _paint(self) -> None:
        if not sys.stderr.isatty():
            return
        line = ""
        if self._text:
            elapsed = self._elapsed()
            room = shutil.get_terminal_size().columns - 3 - len(elapsed)
            line = f"{next(self._signs)} {_cut(harmless(self._text), room)}{elapsed}"
        if line or self._painted:
            size = width_of(line)
            end = "" if line else "\r"
            click.echo(f"\r{line}{' ' * (self._painted - size)}{end}", err=True, nl=False)
            self._painted = size


def _cut(text: str, room: int) -> str:
    """Leave out a piece of what is too long, but not its end: that tells most of a path."""
    if width_of(text) <= room:
        return text
    head, tail = text[:_HEAD], text[_HEAD:]
    while tail and width_of(head) + 1 + width_of(tail) > room:
        tail = tail[1:]
    return f"{head}…{tail}"
