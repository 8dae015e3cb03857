"""Lines of reStructuredText: a block's own text, every character of which keeps its place."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from eventdocs.extraction._prose import Passage
from eventdocs.extraction._source import SourceText

__all__ = ["Lines", "whole"]

_TAB = 8
_LONGEST_EXPANDED = 10_000
_BLANKS = str.maketrans("\v\f", "  ")


class _Page:
    """The lines of the document as they are written, and where each begins."""

    def __init__(self, source: SourceText) -> None:
        self.raw = source.lines
        self.starts = source.line_starts

    def expanded(self, number: int) -> str:
        """A line with its tabs spelled as blanks, so that columns can be compared."""
        text = self.raw[number].translate(_BLANKS).rstrip()
        if "\t" not in text:
            return text
        return text.expandtabs(_TAB) if len(text) < _LONGEST_EXPANDED else text.replace("\t", " ")

    def written(self, number: int, column: int) -> int:
        """How many characters of a line as it is written stand before a column."""
        raw = self.raw[number]
        if "\t" not in raw or len(raw) >= _LONGEST_EXPANDED:
            return min(column, len(raw))
        width = 0
        for at, char in enumerate(raw):
            if width >= column:
                return at
            width += _TAB - width % _TAB if char == "\t" else 1
        return len(raw)


class Lines:
    """Consecutive lines of the document, each without what stands before it in its block.

    Attributes:
        texts: What is left of each, without blanks at its end.
        first: Number of the first one in the document, from 0.
    """

    def __init__(
        self, page: _Page, texts: Sequence[str], first: int, columns: Sequence[int]
    ) -> None:
        self._page = page
        self.texts = texts
        self.first = first
        self._columns = columns

    def __len__(self) -> int:
        return len(self.texts)

    def part(self, start: int, stop: int, *, cut: int = 0, first_cut: int | None = None) -> Lines:
        """The lines from *start* to *stop*, without their first *cut* characters.

        Args:
            start: The first line.
            stop: The line after the last one.
            cut: How much to leave out of each line.
            first_cut: How much to leave out of the first, if that is another number.
        """
        texts = list(self.texts[start:stop])
        columns = list(self._columns[start:stop])
        if cut or first_cut:
            for at in range(len(texts)):
                less = first_cut if at == 0 and first_cut is not None else cut
                texts[at] = texts[at][less:]
                columns[at] += less
        return Lines(self._page, texts, self.first + start, columns)

    def window(self, start: int, stop: int, bounds: Sequence[tuple[int, int]]) -> Lines:
        """Lines of which only the characters within *bounds* are left, such as those of a cell."""
        texts = [
            text[left:right].rstrip()
            for text, (left, right) in zip(self.texts[start:stop], bounds, strict=True)
        ]
        columns = [
            column + left
            for column, (left, _) in zip(self._columns[start:stop], bounds, strict=True)
        ]
        return Lines(self._page, texts, self.first + start, columns).dedented()

    def dedented(self) -> Lines:
        """Cut off the indent that all lines share."""
        indent = min((len(t) - len(t.lstrip()) for t in self.texts if t), default=0)
        return self.part(0, len(self), cut=indent) if indent else self

    def trimmed(self) -> Lines:
        """Leave out blank lines at both ends."""
        start, stop = 0, len(self.texts)
        while start < stop and not self.texts[start].strip():
            start += 1
        while stop > start and not self.texts[stop - 1].strip():
            stop -= 1
        return self if stop - start == len(self.texts) else self.part(start, stop)

    def indented(
        self,
        start: int,
        *,
        until_blank: bool = False,
        indent: int | None = None,
        first: int | None = None,
    ) -> tuple[Lines, int]:
        """Take the indented lines from *start* on, without their indent.

        Args:
            start: The first line.
            until_blank: Stop at a blank line.
            indent: Of the whole block, if that is known; what is indented less ends it.
            first: How much to leave out of the first line, which belongs to the block as it is.

        Returns:
            The lines without blank ones at their ends, and the number of the line behind them.
        """
        first = indent if first is None else first
        least: int | None = None
        end = start if first is None else start + 1
        while end < len(self.texts):
            text = self.texts[end]
            stripped = text.lstrip(" ")
            if text and (len(stripped) == len(text) or len(text) - len(stripped) < (indent or 0)):
                break
            if text:
                found = len(text) - len(stripped)
                least = found if least is None else min(least, found)
            elif until_blank:
                break
            end += 1
        cut = (least or 0) if indent is None else indent
        return self.part(start, end, cut=cut, first_cut=first).trimmed(), end

    def block_end(self, start: int) -> int:
        """Find the end of a block of text: a blank line, or one that is indented."""
        end = start
        while end < len(self.texts) and self.texts[end] and self.texts[end][0] != " ":
            end += 1
        return end

    def at(self, line: int, column: int) -> int:
        """The place in the document of a character."""
        number = self.first + line
        column += self._columns[line]
        page = self._page
        return page.starts[number] + page.written(number, column)

    def place(self, start: int = 0, stop: int | None = None) -> tuple[int, int]:
        """Where lines are in the document, without white space around them."""
        last = (len(self.texts) if stop is None else stop) - 1
        while last > start and not self.texts[last].strip():
            last -= 1
        text = self.texts[start]
        begin = self.at(start, len(text) - len(text.lstrip()))
        return begin, max(begin, self.at(last, len(self.texts[last].rstrip())))

    def passage(self, *, keep_indent: bool = False) -> Passage:
        """The text of the lines as it is written, without what stands before it."""
        parts: list[str] = []
        pieces: list[tuple[int, int]] = []
        offset = 0
        for line, text in enumerate(self.texts):
            left = 0 if keep_indent else len(text) - len(text.lstrip())
            number, column = self.first + line, self._columns[line] + left
            right = self._columns[line] + len(text.rstrip())
            page = self._page
            start = page.written(number, column)
            part = page.raw[number][start : max(start, page.written(number, right))]
            pieces.append((offset, page.starts[number] + start))
            parts.append(part)
            offset += len(part) + 1
        return Passage("\n".join(parts), pieces)

    def paragraphs(self) -> list[Lines]:
        """Part the lines where they are blank."""
        blank = [at for at, text in enumerate(self.texts) if not text.strip()]
        return [
            self.part(before + 1, after)
            for before, after in pairwise((-1, *blank, len(self.texts)))
            if after > before + 1
        ]


def whole(source: SourceText) -> Lines:
    """All lines of a document."""
    page = _Page(source)
    texts = [page.expanded(number) for number in range(len(page.raw))]
    return Lines(page, texts, 0, [0] * len(texts))
