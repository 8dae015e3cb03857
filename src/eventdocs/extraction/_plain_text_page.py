"""A page of plain text: the lines of a document, without what only its printing has added."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from eventdocs.extraction._prose import Passage
from eventdocs.extraction._source import SourceText

__all__ = ["Page"]

_TAB = 8
_LONGEST_EXPANDED = 10_000
_PAGE_NUMBER = re.compile(
    r"(?:.*\s)?\[Page\s+[\divxlc]+\]|[-–—\s]*(?:Page\s+)?\d+\s*(?:of|/)\s*\d+[-–—\s]*|[-–—]\s*\d+\s*[-–—]|Page\s+\d+",
    re.IGNORECASE,
)
_DIGITS = re.compile(r"\d+|\s+")
_SENTENCE_ENDS = (".", ":", ";", "!", "?", ")", '"', "”")


class Page:
    """The lines of a document that say something, in their order.

    Page breaks and the lines that are printed above and below them are left out, and so
    are blank lines that nothing but a page break has brought into a paragraph.

    Attributes:
        words: Each line without white space around it; empty for a blank one.
        indents: The column in which each begins; -1 for a blank one.
        body_indent: The column in which most lines begin.
        width: The column in which long lines end.
    """

    def __init__(self, source: SourceText) -> None:
        self._raw = source.lines
        self._starts = source.line_starts
        words = [line.strip() for line in source.lines]
        self._numbers: Sequence[int] = range(len(words))
        if "\f" in source.text or "[Page " in source.text:
            # A blank line is spelled -1 where the document has none.
            self._numbers = _without_furniture(source.lines, words)
            words = [words[number] if number >= 0 else "" for number in self._numbers]
        self.words = words
        self.indents = [self._indent(row) if text else -1 for row, text in enumerate(words)]
        counts = Counter(indent for indent in self.indents if indent >= 0)
        self.body_indent = counts.most_common(1)[0][0] if counts else 0
        ends = sorted(
            indent + len(text)
            for indent, text in zip(self.indents, words, strict=True)
            if text and len(text) < 200
        )
        self.width = max(ends[len(ends) * 19 // 20] if ends else 0, 60)

    def __len__(self) -> int:
        return len(self.words)

    def _indent(self, row: int) -> int:
        raw = self._raw[self._numbers[row]]
        if not raw[0].isspace():
            return 0
        blanks = raw[: len(raw) - len(raw.lstrip())]
        return len(blanks.expandtabs(_TAB)) if "\t" in blanks else len(blanks)

    def text(self, row: int) -> str:
        """A line as it looks, with its indent, so that columns can be compared."""
        number = self._numbers[row]
        if number < 0:
            return ""
        text = self._raw[number].replace("\f", " ").replace("\u00a0", " ").rstrip()
        if "\t" not in text:
            return text
        return text.expandtabs(_TAB) if len(text) < _LONGEST_EXPANDED else text.replace("\t", " ")

    def at(self, row: int, column: int) -> int:
        """The place in the document of what stands in a column of a line."""
        number = self._numbers[row]
        raw = self._raw[number]
        start = self._starts[number]
        if "\t" not in raw or len(raw) >= _LONGEST_EXPANDED:
            return start + min(column, len(raw))
        width = 0
        for at, char in enumerate(raw):
            if width >= column:
                return start + at
            width += _TAB - width % _TAB if char == "\t" else 1
        return start + len(raw)

    def start(self, row: int) -> int:
        """The place in the document of the first word of a line."""
        number = self._numbers[row]
        start = self._starts[number]
        if self.indents[row]:
            raw = self._raw[number]
            start += len(raw) - len(raw.lstrip())
        return start

    def place(self, first: int, end: int, cut: int = 0) -> tuple[int, int]:
        """Where the lines from *first* to *end* stand, the first without *cut* characters."""
        last = end - 1
        return self.start(first) + cut, self.start(last) + len(self.words[last])

    def passage(self, first: int, end: int, cut: int = 0) -> Passage:
        """The words of the lines from *first* to *end*, the first without *cut* characters."""
        parts: list[str] = []
        pieces: list[tuple[int, int]] = []
        offset = 0
        for row in range(first, end):
            part = self.words[row]
            if not part:
                continue
            start = self.start(row)
            if row == first and cut:
                part = part[cut:]
                start += cut
            pieces.append((offset, start))
            parts.append(part)
            offset += len(part) + 1
        return Passage("\n".join(parts), pieces)


def _without_furniture(lines: Sequence[str], words: Sequence[str]) -> list[int]:
    """The numbers of the lines that are text; -1 stands for a blank line."""
    furniture, candidates = _around_breaks(lines, words)
    seen = Counter(_shape(words[number]) for number in candidates)
    furniture |= {
        number
        for number in candidates
        if seen[_shape(words[number])] > 1 or _PAGE_NUMBER.fullmatch(words[number])
    }
    kept: list[int] = []
    number = 0
    while number < len(words):
        if number not in furniture:
            kept.append(number)
            number += 1
            continue
        while kept and (kept[-1] < 0 or not words[kept[-1]]):
            kept.pop()
        while number < len(words) and (number in furniture or not words[number]):
            number += 1
        if number < len(words) and kept and not _goes_on(words[kept[-1]], words[number]):
            kept.append(-1)
    return kept


def _around_breaks(lines: Sequence[str], words: Sequence[str]) -> tuple[set[int], set[int]]:
    """The lines that only break pages, and those directly before and behind them."""
    breaks: set[int] = set()
    candidates: set[int] = set()
    last: int | None = None
    awaited = False
    for number, text in enumerate(words):
        if "\f" in lines[number]:
            awaited = True
            if last is not None:
                candidates.add(last)
            if not text:
                breaks.add(number)
        if not text:
            continue
        if awaited:
            candidates.add(number)
        awaited = text.endswith("]") and _PAGE_NUMBER.fullmatch(text) is not None
        if awaited:
            candidates.add(number)
        last = number
    return breaks, candidates


def _shape(text: str) -> str:
    return _DIGITS.sub("#", text)


def _goes_on(before: str, after: str) -> bool:
    """Whether a paragraph is parted by nothing but a page break."""
    return not before.endswith(_SENTENCE_ENDS) and len(before) > 40 and after[0].islower()
