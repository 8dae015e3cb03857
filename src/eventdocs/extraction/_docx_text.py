"""The plain text of a Word document, written part by part while the document is read."""

from __future__ import annotations

from bisect import bisect_right

from typing_extensions import override

from eventdocs.extraction._source import SourceText
from eventdocs.ir import SourceSpan
from eventdocs.types import Digest

__all__ = ["PathedText", "PlainText"]


class PlainText:
    """Text that grows at its end, and remembers which paragraph each part came from.

    Attributes:
        length: How many characters there are so far.
        at_line_start: Nothing has been written since the last line ended.
    """

    def __init__(self) -> None:
        self.length = 0
        self.at_line_start = True
        self._parts: list[str] = []
        self._starts: list[int] = []
        self._paths: list[str] = []

    def write(self, text: str) -> tuple[int, int]:
        """Append *text*; returns its place."""
        start = self.length
        if text:
            self._parts.append(text)
            self.length += len(text)
            self.at_line_start = text[-1] == "\n"
        return start, self.length

    def end_line(self) -> None:
        """Let what comes next begin a line."""
        if not self.at_line_start:
            self.write("\n")

    def enter(self, path: str) -> None:
        """What comes next stands at *path* in the package."""
        if self._starts and self._starts[-1] == self.length:
            self._paths[-1] = path
            return
        self._starts.append(self.length)
        self._paths.append(path)

    def finished(self, digest: Digest) -> PathedText:
        """All of it, as the text that spans refer to."""
        return PathedText("".join(self._parts), digest, self._starts, self._paths)


class PathedText(SourceText):
    """Text whose places also have a path in the package."""

    def __init__(self, text: str, digest: Digest, starts: list[int], paths: list[str]) -> None:
        super().__init__(text, digest)
        self._starts = starts
        self._paths = paths

    @override
    def span(self, start: int, end: int) -> SourceSpan:
        at = bisect_right(self._starts, start) - 1
        return SourceSpan(
            source=self.digest,
            start=start,
            end=end,
            line=bisect_right(self.line_starts, start),
            path=self._paths[at] if at >= 0 else None,
        )
