"""Reading archives: line by line, and nothing is believed that its hash does not prove."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

from eventdocs.archive._compression import DamagedFrameError, read_pieces
from eventdocs.archive._lines import (
    Chain,
    ContentLine,
    End,
    Header,
    Line,
    LineError,
    parsed,
    read_header,
    read_line,
)
from eventdocs.backends import BulkEvent
from eventdocs.errors import InvalidArchiveError

_LONGEST_HEADER: Final = 1 << 16
_TURN: Final = 32


class Entry(NamedTuple):
    """One event of an archive.

    Attributes:
        line: Where it stands, from 1.
        event: The event.
        contents: The contents that stand before it.
    """

    line: int
    event: BulkEvent
    contents: tuple[ContentLine, ...]

    @property
    def size(self) -> int:
        """About how much memory it takes, in bytes."""
        return len(self.event.payload) + sum(len(content.data) for content in self.contents)


class ArchiveReader:
    """An archive that is being read.

    Args:
        file: At the archive's beginning.
        name: What errors call it.
        size: How many bytes of it to read; None for all.

    Attributes:
        header: The first line.
        chain: Has seen every line that was read.
        line: The last line that was read, from 1.
        sequence: The last event's.
        events: How many events were read.
        contents: How many contents.
        is_whole: The last line was read.

    Raises:
        InvalidArchiveError: The first line is none of an archive.
    """

    def __init__(self, file: BinaryIO, name: str, *, size: int | None = None) -> None:
        self.name = name
        self.line = 0
        self._lines = self._read_lines(file, size)
        first = next(self._lines, None)
        if first is None:
            self.line = 1
            raise self._error("the file is empty")
        self.header: Final = self._understand_header(first)
        self.chain = Chain(self.header)
        self.sequence = self.header.after
        self.events = self.contents = 0
        self.is_whole = False

    def lines(self) -> Iterator[Line]:
        """Go on reading; at the end `is_whole` tells whether there was a last line.

        Raises:
            InvalidArchiveError: A line is not what was exported, or stands where it may not.
        """
        for text in self._lines:
            try:
                if self.is_whole:
                    raise LineError("it stands behind the last line")
                fields = parsed(text)
                line = read_line(self.chain.open(text), fields)
                self._accept(line)
            except LineError as error:
                raise self._error(str(error)) from error
            yield line

    def entries(self) -> Iterator[Entry]:
        """Go on reading, event by event.

        Raises:
            InvalidArchiveError: As from `lines`, or the archive is not whole.
        """
        contents: list[ContentLine] = []
        for line in self.lines():
            match line:
                case BulkEvent():
                    yield Entry(line=self.line, event=line, contents=tuple(contents))
                    contents = []
                case ContentLine():
                    contents.append(line)
                case End():
                    if contents:
                        raise self._error("the contents before it belong to no event")
        if not self.is_whole:
            self.line += 1
            raise self._error(
                "the file ends before its last line: export again to complete it, then import again"
            )

    def _accept(self, line: Line) -> None:
        match line:
            case BulkEvent():
                if not self.sequence < line.sequence <= self.header.through:
                    raise LineError(
                        f"sequence {line.sequence} does not lie after {self.sequence} "
                        f"and up to {self.header.through}"
                    )
                self.sequence = line.sequence
                self.events += 1
            case ContentLine():
                self.contents += 1
            case End():
                if (line.events, line.contents) != (self.events, self.contents):
                    raise LineError(
                        f"it counts {line.events} events and {line.contents} contents, "
                        f"there were {self.events} and {self.contents}"
                    )
                self.is_whole = True

    def _understand_header(self, text: bytes) -> Header:
        try:
            return read_header(text)
        except LineError as error:
            raise self._error(str(error)) from error

    def _read_lines(self, file: BinaryIO, size: int | None) -> Iterator[bytes]:
        parts: list[bytes] = []
        try:
            for piece in read_pieces(file, size):
                first, *others = piece.split(b"\n")
                parts.append(first)
                for part in others:
                    self.line += 1
                    yield b"".join(parts)
                    parts = [part]
                if self.line == 0 and sum(map(len, parts)) > _LONGEST_HEADER:
                    self.line = 1
                    raise self._error("the file is no archive of a log")
        except DamagedFrameError as error:
            self.line += 1
            raise self._error(str(error)) from error
        if any(parts):
            self.line += 1
            raise self._error("the file ends in the middle of a line")

    def _error(self, reason: str) -> InvalidArchiveError:
        return InvalidArchiveError(self.name, self.line, reason)


def take_batch(entries: Iterator[Entry], *, events: int, size: int) -> list[Entry]:
    """Take up to so many entries, or fewer if they fill *size* bytes; none at the end."""
    batch: list[Entry] = []
    filled = 0
    for entry in islice(entries, events):
        batch.append(entry)
        if len(batch) % _TURN == 0:
            # Whoever waits for the interpreter's lock, the event loop above all, would have
            # to wait for milliseconds each time.
            time.sleep(0)
        filled += entry.size
        if filled >= size:
            break
    return batch
