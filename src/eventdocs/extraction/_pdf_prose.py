"""The prose of a PDF: lines joined to sentences, with formulas, links and fonts marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence

from eventdocs.extraction._mentions import mentions
from eventdocs.extraction._pdf_latex import math_latex
from eventdocs.extraction._pdf_lines import Line
from eventdocs.extraction._pdf_math import inline_formulas, sign_of
from eventdocs.extraction._pdf_page import Glyph, Link, Page
from eventdocs.extraction._pdf_text import Written
from eventdocs.extraction._prose import Mark, MarkKind, Prose

__all__ = ["ProseReader"]

_HYPHENATED = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)+")
_WORD = re.compile(r"\w|[;.]")
_LAST_PART = re.compile(r"[^\W\d_]+(?=-$)")
_FIRST_PART = re.compile(r"[^\W\d_]+")
_NUMBER = re.compile(
    r"(?<![\w)\]}])\(\s*(?P<number>(?:[A-Z]\.?)?\d+(?:\.\d+)*[a-z]?)\s*\)(?!\s*\()"
)


class ProseReader:
    """Turns lines into prose.

    Args:
        pages: With their links.
        lines: Of all pages.
        linear: How a formula reads on one line.
        kinds: What links lead to, by their targets.
        numbers: Of the formulas in the document.
    """

    def __init__(
        self,
        pages: Sequence[Page],
        lines: Sequence[Sequence[Line]],
        linear: Callable[[str], str],
        *,
        kinds: Mapping[str, str],
        numbers: Collection[str],
    ) -> None:
        self._links = {page.number: page.links for page in pages}
        self._linear = linear
        self._kinds = kinds
        self._numbers = numbers
        self._joins = False
        self._compounds = {
            found[0].lower()
            for page in lines
            for line in page
            if "-" in (text := line.text)
            for found in _HYPHENATED.finditer(text)
        }

    def read(self, lines: Sequence[Written], *, start: int = 0, end: int | None = None) -> Prose:
        """Join lines to prose.

        Args:
            lines: In their order.
            start: The first glyph of the first line that counts.
            end: The glyph of the last line that none counts from; by default all count.
        """
        prose = Prose()
        self._joins = False
        for at, written in enumerate(lines):
            following = lines[at + 1].line if at + 1 < len(lines) else None
            last = end if at + 1 == len(lines) and end is not None else len(written.line.glyphs)
            first = start if at == 0 else 0
            self._line(prose, written, first, last, following)
        self._mark_numbers(prose)
        _merge_links(prose)
        prose.marks.sort(key=lambda mark: (mark.start, -mark.end))
        return prose

    def _line(
        self, prose: Prose, written: Written, first: int, last: int, following: Line | None
    ) -> None:
        glyphs = written.line.glyphs[first:last]
        if not glyphs:
            return
        if len(prose) and not prose.text.endswith(" ") and not self._joins:
            at = written.place(first, first)[0]
            prose.add(" ", (at, at))
        self._joins = False
        joined = following is not None and _ends_in_hyphen(glyphs, following)
        if following is not None and joined and self._is_broken(glyphs, following):
            glyphs = glyphs[:-1]
        begins = [0] * (len(glyphs) + 1)
        line = written.line
        formulas = inline_formulas(glyphs, size=line.size, sloped=line.font.italic)
        at = 0
        for begin, end in [*formulas, (len(glyphs), len(glyphs))]:
            for position in range(at, begin):
                begins[position] = self._add_glyph(prose, written, first + position, position > 0)
            if begin < end:
                if glyphs[begin].space and begin:
                    place = written.place(first + begin, first + begin)
                    prose.add(" ", place)
                begins[begin:end] = [len(prose)] * (end - begin)
                self._add_formula(prose, written, first + begin, first + end)
            at = end
        begins[len(glyphs)] = len(prose)
        if joined:
            self._joins = True
        self._mark_fonts(prose, written, glyphs, begins, first, formulas)
        self._mark_links(prose, written, glyphs, begins, first)

    def _add_glyph(self, prose: Prose, written: Written, at: int, spaced: bool) -> int:
        glyph = written.line.glyphs[at]
        place = written.place(at, at + 1)
        if glyph.space and spaced:
            prose.add(" ", (place[0], place[0]))
        begin = len(prose)
        prose.add(sign_of(glyph), place, verbatim=True)
        return begin

    def _add_formula(self, prose: Prose, written: Written, start: int, end: int) -> None:
        latex = math_latex([written.line.glyphs[start:end]])
        text = self._linear(latex) or latex
        begin = len(prose)
        place = written.place(start, end)
        prose.add(text, place)
        prose.marks.append(
            Mark("formula", begin, len(prose), latex, place, "inline", notation="text")
        )

    def _is_broken(self, glyphs: Sequence[Glyph], following: Line) -> bool:
        """Whether a hyphen at the end of a line only breaks a word."""
        text = "".join((" " if each.space else "") + each.char for each in glyphs[-40:])
        before = _LAST_PART.search(text.replace("‐", "-"))
        after = _FIRST_PART.match(following.text)
        if before is None or after is None:
            return False
        return f"{before[0]}-{after[0]}".lower() not in self._compounds

    def _mark_fonts(
        self,
        prose: Prose,
        written: Written,
        glyphs: Sequence[Glyph],
        begins: Sequence[int],
        first: int,
        formulas: Sequence[tuple[int, int]],
    ) -> None:
        main = written.line.font
        inside = {at for start, end in formulas for at in range(start, end)}
        at = 0
        while at < len(glyphs):
            kind = _look(glyphs[at], main.bold, main.italic)
            end = at + 1
            while end < len(glyphs) and _look(glyphs[end], main.bold, main.italic) == kind:
                end += 1
            if kind is not None and not any(each in inside for each in range(at, end)):
                place = written.place(first + at, first + end)
                stop = begins[end - 1] + 1
                text = prose.text[begins[at] : stop]
                prose.marks.append(Mark(kind, begins[at], stop, text, place))
            at = end

    def _mark_links(
        self,
        prose: Prose,
        written: Written,
        glyphs: Sequence[Glyph],
        begins: Sequence[int],
        first: int,
    ) -> None:
        box = written.line.box
        for link in self._links.get(written.line.page, ()):
            if link.box.bottom < box.top or link.box.top > box.bottom:
                continue
            inside = [at for at, each in enumerate(glyphs) if _covers(link, each)]
            if not inside:
                continue
            start, end = inside[0], inside[-1] + 1
            place = written.place(first + start, first + end)
            stop = begins[end] if end < len(glyphs) else len(prose)
            while stop > begins[start] and prose.text[stop - 1] == " ":
                stop -= 1
            prose.marks.append(
                Mark(
                    "link",
                    begins[start],
                    stop,
                    link.target,
                    place,
                    self._kinds.get(link.target, ""),
                )
            )

    def _mark_numbers(self, prose: Prose) -> None:
        """Mark numbers in brackets that are those of formulas: `by (4) and (5)`."""
        text = prose.text
        if "(" not in text:
            return
        taken = [(each.start, each.end) for each in mentions(prose)]
        taken += ((each.start, each.end) for each in prose.marks if each.kind in _COVERING)
        for found in _NUMBER.finditer(text):
            start, end = found.span()
            if not start or found["number"] not in self._numbers:
                continue
            if any(begin < end and start < stop for begin, stop in taken):
                continue
            prose.marks.append(
                Mark(
                    "reference",
                    start,
                    end,
                    f"Equation {found['number']}",
                    prose.source(start, end),
                    r"\eqref",
                )
            )


_COVERING: frozenset[MarkKind] = frozenset({"formula", "link", "code"})


def _ends_in_hyphen(glyphs: Sequence[Glyph], following: Line) -> bool:
    """Whether a word goes on in the next line."""
    if len(glyphs) < 2 or glyphs[-1].char not in "-‐" or not glyphs[-2].char.isalpha():
        return False
    return following.glyphs[0].char.islower()


def _merge_links(prose: Prose) -> None:
    """Let links with one target that follow one another be one: an author, then the year."""
    merged: list[Mark] = []
    last: Mark | None = None
    for mark in prose.marks:
        if mark.kind == "link":
            between = "" if last is None else prose.text[last.end : mark.start]
            if last is not None and last.content == mark.content and not _WORD.search(between):
                last.end = mark.end
                last.source = last.source[0], mark.source[1]
                continue
            last = mark
        merged.append(mark)
    prose.marks[:] = merged


def _look(glyph: Glyph, bold: bool, italic: bool) -> MarkKind | None:
    if glyph.font.math or glyph.font.mono:
        return None
    if glyph.font.bold and not bold:
        return "strong"
    return "emphasis" if glyph.font.italic and not italic else None


def _covers(link: Link, glyph: Glyph) -> bool:
    return link.box.holds((glyph.left + glyph.right) / 2, (glyph.top + glyph.bottom) / 2)
