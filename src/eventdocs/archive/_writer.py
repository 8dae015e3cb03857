"""Writing archives: frame by frame, so that an interrupted one can be gone on with."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO

from eventdocs.archive._compression import Compression, DamagedFrameError, whole_size
from eventdocs.archive._lines import Chain, ContentLine, End, Header, Line, body_of, header_line
from eventdocs.archive._reader import ArchiveReader
from eventdocs.backends import BulkEvent
from eventdocs.errors import InvalidArchiveError


class ArchiveWriter:
    """An archive that is being written.

    Args:
        file: Where to write to.
        compression: How; None for plain text.
        header: The archive's first line.
        chain: Has seen the lines that are there already.

    Attributes:
        events: How many events it holds.
        contents: How many contents.
    """

    def __init__(
        self, file: BinaryIO, compression: Compression | None, header: Header, chain: Chain
    ) -> None:
        self.header = header
        self.events = self.contents = 0
        self._file = file
        self._compression = compression
        self._chain = chain

    @classmethod
    def begin(
        cls, file: BinaryIO, compression: Compression | None, header: Header
    ) -> ArchiveWriter:
        """Begin a new archive with its first line."""
        writer = cls(file, compression, header, Chain(header))
        writer._write_frame(header_line(header) + b"\n")
        return writer

    @classmethod
    def resume(
        cls, file: BinaryIO, compression: Compression | None, reader: ArchiveReader
    ) -> ArchiveWriter:
        """Go on behind what *reader* has read from the same file."""
        writer = cls(file, compression, reader.header, reader.chain)
        writer.events, writer.contents = reader.events, reader.contents
        return writer

    def write(self, lines: Iterable[Line]) -> None:
        """Write *lines* as one frame."""
        text: list[bytes] = []
        for line in lines:
            text += [self._chain.seal(body_of(line)), b"\n"]
            self.events += isinstance(line, BulkEvent)
            self.contents += isinstance(line, ContentLine)
        self._write_frame(b"".join(text))

    def finish(self) -> None:
        """Write the last line."""
        self.write([End(events=self.events, contents=self.contents)])

    def _write_frame(self, text: bytes) -> None:
        self._file.write(text if self._compression is None else self._compression.compress(text))
        self._file.flush()


def read_unfinished(
    path: Path, *, on_content: Callable[[ContentLine], None]
) -> tuple[ArchiveReader, BulkEvent | None, int]:
    """Read an archive whose export was interrupted, up to its last whole line.

    Args:
        path: The file.
        on_content: Is told of every content.

    Returns:
        The reader behind that line, the last event, and how many bytes are whole.

    Raises:
        InvalidArchiveError: The file is no archive, or it is damaged.
    """
    with path.open("rb") as file:
        try:
            whole = whole_size(file)
        except DamagedFrameError as error:
            raise InvalidArchiveError(str(path), 1, str(error)) from error
        file.seek(0)
        reader = ArchiveReader(file, str(path), size=whole)
        last: BulkEvent | None = None
        for line in reader.lines():
            match line:
                case BulkEvent():
                    last = line
                case ContentLine():
                    on_content(line)
                case End():
                    pass
    return reader, last, whole
