"""Layout: which lines of a PDF are headings, paragraphs, formulas, tables and code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, TypeAlias

import attrs

from eventdocs.extraction._pdf_headings import Headings
from eventdocs.extraction._pdf_lines import Line, segments
from eventdocs.extraction._pdf_math import is_math, sign_of
from eventdocs.extraction._pdf_page import Glyph, Page, Rule
from eventdocs.extraction._pdf_tables import Grid, table_at
from eventdocs.extraction._words import FUNCTIONS

__all__ = ["PdfBlock", "blocks_of", "equation_number", "number_place"]

BlockKind: TypeAlias = Literal["heading", "title", "paragraph", "item", "formula", "table", "code"]

_BULLET = re.compile(
    r"(?:[•◦▪‣●■○∗·–—*]\s+|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]\s+|\[(?:\d{1,3}|[A-Z][\w+]{1,8})\]\s+)(?=\S)"
)
_NUMBER = re.compile(r"\((?:[A-Z]\.?)?\d{1,3}(?:\.\d{1,3})*[a-z]?\)")
_CAPTION = re.compile(r"(?:Table|Tab\.|Figure|Fig\.)\s*(?:\d|[A-Z]\.?\d)")
_ENDED = re.compile(r"[.:!?;][”\"')\]]*$")
_WORD = re.compile(r"[^\W\d_]{3,}")
_SCRIPT = 0.86
_MOST_LINES = 40


@attrs.define(kw_only=True, eq=False)
class PdfBlock:
    """Lines that belong together.

    Attributes:
        kind: What they are.
        lines: From top to bottom.
        level: Of a heading, from 1.
        number: Printed beside a formula.
        rules: The bars in a formula.
        grid: The cells of a table.
        hangs: Its first line begins further left than the others.
    """

    kind: BlockKind
    lines: list[Line]
    level: int = 0
    number: str | None = None
    rules: Sequence[Rule] = ()
    grid: Grid | None = None
    hangs: bool = False


def blocks_of(
    pages: Sequence[Page], lines: Sequence[list[Line]], headings: Headings
) -> list[PdfBlock]:
    """Put the lines of a document together to blocks, in the order in which they are read.

    Args:
        pages: Its pages.
        lines: Of each page.
        headings: Tells headings from text.
    """
    blocks: list[PdfBlock] = []
    for page, own in zip(pages, lines, strict=True):
        found = list(_Walk(page, own, headings).blocks())
        if found and blocks and _goes_on(blocks[-1], found[0]):
            blocks[-1].lines += found.pop(0).lines
        blocks += found
    return blocks


def _goes_on(last: PdfBlock, following: PdfBlock) -> bool:
    """Whether a paragraph that ends a page goes on with what begins the next one."""
    if last.kind not in {"paragraph", "item"} or following.kind != "paragraph":
        return False
    before, after = last.lines[-1], following.lines[0]
    text = after.text
    return (
        before.size == after.size
        and not _ENDED.search(before.text)
        and not _CAPTION.match(text)
        and (
            text[:1].islower()
            or before.text.endswith("-")
            or not text[:1].isalpha()
            or _reaches_edge(before)
        )
    )


def _reaches_edge(line: Line) -> bool:
    return line.box.right > line.column[1] - 1.5 * line.size


class _Walk:
    """Walks over the lines of a page."""

    def __init__(self, page: Page, lines: Sequence[Line], headings: Headings) -> None:
        self._page = page
        self._lines = lines
        self._headings = headings
        self._body = headings.body
        self._at = 0

    def blocks(self) -> Iterator[PdfBlock]:
        while self._at < len(self._lines):
            yield self._block()

    def _block(self) -> PdfBlock:
        line = self._lines[self._at]
        level = self._headings.level(line, self._before())
        if level is not None:
            return self._heading(level)
        if is_code(line):
            return self._take("code", self._while(is_code))
        table = table_at(self._lines, self._at, self._page.rules, self._body)
        if table is not None:
            end, grid = table
            block = self._take("table", end)
            block.grid = grid
            return block
        if self._is_display(self._at):
            return self._formula()
        return self._paragraph()

    def _before(self) -> Line | None:
        return self._lines[self._at - 1] if self._at else None

    def _take(self, kind: BlockKind, end: int) -> PdfBlock:
        block = PdfBlock(kind=kind, lines=list(self._lines[self._at : end]))
        self._at = end
        return block

    def _while(self, holds: Callable[[Line], bool]) -> int:
        end = self._at + 1
        while end < len(self._lines) and holds(self._lines[end]):
            end += 1
        return end

    def _heading(self, level: int) -> PdfBlock:
        end = self._at + 1
        while (
            end < len(self._lines)
            and self._headings.continues(self._lines[end - 1], self._lines[end])
            and end - self._at < 4
        ):
            end += 1
        block = self._take("heading" if level else "title", end)
        block.level = level
        return block

    # Formulas

    def _is_display(self, at: int) -> bool:
        line = self._lines[at]
        if number_place(line) == (0, len(line.glyphs)) and line.indent > 1:
            # Formulas of several lines have their number beside them, on a line of its own.
            return any(
                abs(other.base - line.base) < 2.5 * self._body
                and other is not line
                and _is_mathematical(other)
                and self._stands_alone(other)
                for other in self._lines[max(0, at - 1) : at + 2]
            )
        if line.size < _SCRIPT * self._body or not _is_mathematical(line):
            return self._is_limit(at)
        return self._stands_alone(line)

    def _is_limit(self, at: int) -> bool:
        """Whether a line stands right above or below one of a formula: limits, parts of fractions."""
        line = self._lines[at]
        if _WORD.search(line.text):
            return False
        reach = 2.0 if line.size < _SCRIPT * self._body else 0.9
        return any(
            abs(other.base - line.base) < reach * self._body
            and other is not line
            and other.size >= line.size
            and other.box.left - 4 <= line.box.left
            and line.box.right <= other.box.right + 4
            and _is_mathematical(other)
            and self._stands_alone(other)
            for other in self._lines[max(0, at - 1) : at + 2]
        )

    def _stands_alone(self, line: Line) -> bool:
        if line.indent >= 1.8:
            return True
        no_words = not any(each not in FUNCTIONS for each in _WORD.findall(line.text))
        return line.indent >= 0.8 and (no_words or equation_number(line) is not None)

    def _formula(self) -> PdfBlock:
        end = self._at + 1
        numbered = equation_number(self._lines[self._at])
        while end - self._at < _MOST_LINES and end < len(self._lines) and self._is_display(end):
            before, line = self._lines[end - 1], self._lines[end]
            apart = line.base - before.base
            if apart > 2.8 * self._body or apart < 0:
                break
            number = equation_number(line)
            if numbered and number:
                break
            numbered = numbered or number
            end += 1
        if not any(map(_is_mathematical, self._lines[self._at : end])):
            return self._take("paragraph", end)
        block = self._take("formula", end)
        block.number = numbered
        top = min(each.box.top for each in block.lines) - 2
        bottom = max(each.box.bottom for each in block.lines) + 2
        block.rules = [
            rule
            for rule in self._page.rules
            if top <= rule.top <= bottom and rule.right - rule.left < 0.8 * self._page.width
        ]
        return block

    # Paragraphs

    def _paragraph(self) -> PdfBlock:
        first = self._lines[self._at]
        end = self._at + 1
        leading: float | None = None
        while end < len(self._lines):
            before, line = self._lines[end - 1], self._lines[end]
            gap = line.base - before.base
            widest = 1.25 * leading + 1 if leading is not None else 1.7 * before.size
            if not 0 < gap <= widest or abs(line.size - before.size) > 0.08 * before.size:
                if not self._is_small_part(before, line):
                    break
            elif leading is None:
                leading = gap
            if self._begins(first, before, line, end):
                break
            end += 1
        is_item = _BULLET.match(first.text) is not None
        block = self._take("item" if is_item else "paragraph", end)
        rest = block.lines[1:]
        block.hangs = bool(rest) and all(
            each.box.left > first.box.left + 0.8 * first.size for each in rest
        )
        return block

    def _is_small_part(self, before: Line, line: Line) -> bool:
        """Whether a line is only the raised or lowered signs of the line beside it."""
        return line.size < _SCRIPT * before.size and 0 < line.base - before.base < 0.7 * before.size

    def _begins(self, first: Line, before: Line, line: Line, at: int) -> bool:
        """Whether a line begins a block of its own."""
        if line.column != before.column:
            return True
        if _BULLET.match(line.text) and (
            line.indent > 0.3 or _BULLET.match(first.text) or _ENDED.search(before.text)
        ):
            return True
        if _CAPTION.match(line.text) and _ENDED.search(before.text):
            return True
        shift = (line.box.left - before.box.left) / line.size
        if shift > 0.6 and before is not first and not _is_centred(before, line):
            return True
        if (
            shift > 0.6
            and before is first
            and _ENDED.search(before.text)
            and not _reaches_edge(before)
        ):
            return True
        if shift < -0.8 and before is not first:
            return True
        if _ENDED.search(before.text) and before.box.right < before.column[1] - 6 * before.size:
            return True
        if is_code(line) or self._headings.level(line, before) is not None:
            return True
        if self._is_display(at) and (
            line.base - before.base > 1.3 * line.size
            or equation_number(line) is not None
            or _is_in_middle(line)
        ):
            return True
        return table_at(self._lines, at, self._page.rules, self._body) is not None


def _is_in_middle(line: Line) -> bool:
    left, right = line.column
    return abs((line.box.left + line.box.right) - (left + right)) < 2 * line.size


def _is_centred(before: Line, line: Line) -> bool:
    return abs((before.box.left + before.box.right) - (line.box.left + line.box.right)) < line.size


def is_code(line: Line) -> bool:
    """Whether a line is code: all of it, or nearly so, stands in letters of one width."""
    mono = sum(each.font.mono for each in line.glyphs)
    return mono >= 0.9 * len(line.glyphs)


def _is_mathematical(line: Line) -> bool:
    """Whether a line is a formula rather than words."""
    if not any(is_math(each) or sign_of(each) == "=" for each in line.glyphs):
        return False
    if _BULLET.match(line.text):
        return False
    words = sum(
        len(word)
        for part in segments(line, 2.0)
        for word in _WORD.findall(_text_of(part))
        if word not in FUNCTIONS
    )
    return words <= 0.3 * len(line.glyphs)


def _text_of(glyphs: Sequence[Glyph]) -> str:
    return "".join(
        (" " if each.space else "") + ("" if is_math(each) else each.char) for each in glyphs
    )


def equation_number(line: Line) -> str | None:
    """The number that stands beside a formula, at the right or the left end of its line."""
    place = number_place(line)
    return (
        None if place is None else "".join(each.char for each in line.glyphs[slice(*place)])[1:-1]
    )


def number_place(line: Line) -> tuple[int, int] | None:
    """Where the number beside a formula begins and ends among the glyphs of its line."""
    glyphs = line.glyphs
    if glyphs[-1].char == ")":
        at = len(glyphs) - 2
        while at >= 0 and glyphs[at].char != "(" and len(glyphs) - at < 12:
            at -= 1
        at_edge = line.box.right > line.column[1] - line.size
        gap = glyphs[at].left - glyphs[at - 1].right if at > 0 else 99.0
        if _is_number(glyphs[at:]) and gap >= (0.4 if at_edge else 1.2) * line.size:
            return at, len(glyphs)
    if glyphs[0].char == "(":
        first = segments(line, 1.2)[0]
        if len(first) < len(glyphs) and _is_number(first):
            return 0, len(first)
    return None


def _is_number(glyphs: Sequence[Glyph]) -> bool:
    return _NUMBER.fullmatch("".join(each.char for each in glyphs)) is not None
