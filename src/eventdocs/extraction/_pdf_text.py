"""The text of a PDF, written line by line, with the place on its page of each character."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import attrs
from typing_extensions import override

from eventdocs.extraction._pdf_lines import Line
from eventdocs.extraction._pdf_math import sign_of
from eventdocs.extraction._source import SourceText
from eventdocs.ir import SourceSpan
from eventdocs.types import Digest

__all__ = ["PagedText", "PdfText", "Written"]


@attrs.frozen(eq=False)
class Written:
    """A line after it was written.

    Attributes:
        line: The line.
        start: Where it begins in the text.
        offsets: Where each of its glyphs begins in the text, and where the last one ends.
    """

    line: Line
    start: int
    offsets: Sequence[int]

    @property
    def end(self) -> int:
        """Where it ends in the text."""
        return self.offsets[-1]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The place in the text of the glyphs from *start* to *end*."""
        if end <= start:
            return self.offsets[start], self.offsets[start]
        first = self.offsets[start]
        # White space before a glyph belongs to the one before, and to no formula.
        last = self.offsets[end - 1] + len(sign_of(self.line.glyphs[end - 1]))
        return first, max(first, last)


class PdfText:
    """Text that grows line by line."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0
        self._written: list[Written] = []

    def write(self, line: Line) -> Written:
        """Append a line."""
        start = self._length
        offsets: list[int] = []
        parts: list[str] = []
        at = start
        for glyph in line.glyphs:
            sign = sign_of(glyph)
            if glyph.space and at > start and sign:
                parts.append(" ")
                at += 1
            offsets.append(at)
            parts.append(sign)
            at += len(sign)
        offsets.append(at)
        self._add("".join(parts) + "\n")
        written = Written(line, start, offsets)
        self._written.append(written)
        return written

    def end_block(self) -> None:
        """Leave a line free."""
        if self._length:
            self._add("\n")

    def _add(self, text: str) -> None:
        self._parts.append(text)
        self._length += len(text)

    def finished(self, digest: Digest) -> PagedText:
        """All of it, as the text that spans refer to."""
        return PagedText("".join(self._parts), digest, self._written)


class PagedText(SourceText):
    """Text whose places are also stretches of pages."""

    def __init__(self, text: str, digest: Digest, written: Sequence[Written]) -> None:
        super().__init__(text, digest)
        self._written = written
        self._starts = [each.start for each in written]

    @override
    def span(self, start: int, end: int) -> SourceSpan:
        first = max(0, bisect_right(self._starts, start) - 1)
        page: int | None = None
        box: tuple[float, float, float, float] | None = None
        for at in range(first, len(self._written)):
            written = self._written[at]
            if written.start >= max(end, start + 1):
                break
            if page is not None and written.line.page != page:
                break
            own = _box(written, start, end)
            if own is None:
                continue
            page = written.line.page
            box = own if box is None else (
                min(box[0], own[0]), min(box[1], own[1]), max(box[2], own[2]), max(box[3], own[3])
            )  # fmt: skip
        return SourceSpan(
            source=self.digest,
            start=start,
            end=end,
            line=bisect_right(self.line_starts, start),
            page=page,
            bbox=box,
        )


def _box(written: Written, start: int, end: int) -> tuple[float, float, float, float] | None:
    if start <= written.start and end >= written.end:
        whole = written.line.box
        return _rounded(whole.left, whole.top, whole.right, whole.bottom)
    offsets = written.offsets
    first = max(0, bisect_right(offsets, start) - 1)
    last = bisect_right(offsets, max(start, end - 1), hi=len(offsets) - 1)
    glyphs = written.line.glyphs[first:last]
    if not glyphs:
        return None
    return _rounded(
        min(each.left for each in glyphs),
        min(each.top for each in glyphs),
        max(each.right for each in glyphs),
        max(each.bottom for each in glyphs),
    )


def _rounded(*numbers: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = (round(max(0.0, number), 1) for number in numbers)
    return left, top, max(left, right), max(top, bottom)
