"""Headings in a PDF: lines that bookmarks name, and lines that look like headings."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence

from eventdocs.extraction._pdf_lines import Line
from eventdocs.extraction._pdf_math import is_math
from eventdocs.extraction._pdf_page import OutlineItem

__all__ = ["Headings"]

_NUMBERED = re.compile(
    r"(?:(?:Chapter|Section|Part|Article|Appendix|Annex|Schedule)\s+)?(?P<number>\d{1,3}(?:\.\d{1,3})*|[A-Z](?:\.\d{1,3})+|[IVX]{1,5}|[A-Z])(?:[.:)]?\s+|[.:]?$)"
)
_LETTERED = re.compile(r"(?:Appendix|Annex|Schedule)\s+[A-Z0-9]")
_WORD = re.compile(r"[^\W\d_]{2,}")
_NOT_LETTERS = re.compile(r"[\W_]+")
_LONGEST = 200
_LARGER = 1.12
_LEADERS = re.compile(r"(?:\.\s?){4,}")


class Headings:
    """Tells the headings of one document from its text.

    Attributes:
        body: The size of most of its text.
    """

    def __init__(self, lines: Sequence[Sequence[Line]], outline: Sequence[OutlineItem]) -> None:
        sizes: Counter[float] = Counter()
        for page in lines:
            for line in page:
                sizes[line.size] += len(line.glyphs)
        self.body = max(sizes.items(), key=lambda each: (each[1], each[0]))[0] if sizes else 10.0
        bold = sum(
            len(line.glyphs)
            for page in lines
            for line in page
            if line.size == self.body and line.font.bold
        )
        self._bold_body = bold > 0.5 * sizes[self.body]
        self._outline: defaultdict[str, list[OutlineItem]] = defaultdict(list)
        for item in outline:
            self._outline[_letters(item.title)].append(item)
        self._title = _title_size(lines[0] if lines else (), self.body)
        self._levels = self._levels_of_sizes(lines)

    def level(self, line: Line, before: Line | None) -> int | None:
        """The level of a heading, from 1; 0 for the title of the document; None for text."""
        text = line.text
        if len(text) > _LONGEST or not _WORD.search(text) or _LEADERS.search(text):
            return None
        if sum(map(is_math, line.glyphs)) > 0.4 * len(line.glyphs):
            return None
        if self._is_title(line):
            return 0
        known = self._known(text, line.page)
        if known is not None and (self._stands_out(line) or len(text) < 80):
            return known
        if not self._stands_out(line):
            return None
        found = _NUMBERED.match(text)
        if not found and line.page == 1 and (self._outline or self._is_in_title(line)):
            return None
        larger = line.size >= _LARGER * self.body
        if found and _WORD.search(text, found.end() if not _LETTERED.match(text) else 0):
            return found["number"].count(".") + 1
        if larger:
            return self._levels.get(round(line.size, 1), 1)
        if self._outline:
            # The bookmarks name all headings; what is bold besides is no heading.
            return None
        apart = (
            before is None or line.base - before.base > 1.35 * line.size or line.base < before.base
        )
        if apart and len(text) <= 80 and not text.endswith((".", ",", ";", ":")):
            return len(self._levels) + 1
        return None

    def continues(self, before: Line, line: Line) -> bool:
        """Whether a line goes on with the heading in the line before it."""
        return (
            line.size == before.size
            and line.column == before.column
            and 0 < line.base - before.base < 1.7 * line.size
            and self._stands_out(line)
            and _is_bold(line) == _is_bold(before)
            and not _NUMBERED.match(line.text)
            and self._known(line.text, line.page) is None
        )

    def _known(self, text: str, page: int) -> int | None:
        if not self._outline:
            return None
        found = _NUMBERED.match(text)
        for each in (text, text[found.end() :] if found else ""):
            for item in self._outline.get(_letters(each), ()) if each else ():
                if item.place is None or item.place.page + 1 == page:
                    return item.level
        return None

    def _is_title(self, line: Line) -> bool:
        return (
            self._title is not None
            and line.page == 1
            and line.size == self._title
            and not _NUMBERED.match(line.text)
        )

    def _is_in_title(self, line: Line) -> bool:
        """Whether a line stands in the middle below the title, as those do who wrote the text."""
        if self._title is None:
            return False
        left, right = line.column
        centred = abs((line.box.left + line.box.right) - (left + right)) < 2 * line.size
        return centred and line.box.left > left + 2 * line.size and " " in line.text

    def _stands_out(self, line: Line) -> bool:
        if line.font.mono:
            return False
        if line.size >= _LARGER * self.body:
            return True
        return line.size >= 0.95 * self.body and _is_bold(line) and not self._bold_body

    def _levels_of_sizes(self, lines: Sequence[Sequence[Line]]) -> dict[float, int]:
        numbered: defaultdict[float, Counter[int]] = defaultdict(Counter)
        sizes: set[float] = set()
        for page in lines:
            for line in page:
                if line.size < _LARGER * self.body or self._is_title(line):
                    continue
                text = line.text
                if len(text) > _LONGEST or not _WORD.search(text):
                    continue
                size = round(line.size, 1)
                sizes.add(size)
                found = _NUMBERED.match(text)
                if found:
                    numbered[size][found["number"].count(".") + 1] += 1
        levels: dict[float, int] = {}
        for rank, size in enumerate(sorted(sizes, reverse=True), 1):
            counts = numbered.get(size)
            levels[size] = (
                max(counts.items(), key=lambda each: (each[1], -each[0]))[0] if counts else rank
            )
        return levels


def _letters(text: str) -> str:
    return _NOT_LETTERS.sub("", text).lower()


def _is_bold(line: Line) -> bool:
    letters = [each for each in line.glyphs if each.char.isalnum()]
    return bool(letters) and sum(each.font.bold for each in letters) >= 0.9 * len(letters)


def _title_size(lines: Sequence[Line], body: float) -> float | None:
    """The size of the document's title, which is larger than all else on the first page."""
    upper = [line.size for line in lines if _WORD.search(line.text)]
    largest = max(upper, default=0.0)
    if largest < 1.3 * body:
        return None
    first = next(line for line in lines if line.size == largest)
    before = [line for line in lines if line.base < first.base]
    return largest if len(before) <= 6 else None
