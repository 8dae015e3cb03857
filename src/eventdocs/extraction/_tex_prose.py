"""TeX prose: the readable text of the paragraph that is being read, with its marks."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

import attrs

from eventdocs.extraction._prose import Mark, MarkKind, Prose
from eventdocs.extraction._tex_tokens import Token

__all__ = ["Opened", "ProseLines", "TexProse"]

_LIGATURE = re.compile(r"``|''|---?|[`']")
_MOST_OPEN = 50
_LIGATURES = {"``": "“", "''": "”", "---": "—", "--": "–", "`": "‘", "'": "'"}


@attrs.define(eq=False)
class Opened:
    """A mark whose end is not read yet."""

    kind: MarkKind
    at: int
    start: int
    content: str = ""
    detail: str = ""
    place: tuple[int, int] | None = None


@attrs.frozen
class ProseLines:
    """A paragraph as the text that equations in plain words are looked for in."""

    prose: Prose

    @property
    def content(self) -> str:
        """The text."""
        return self.prose.text

    def range(self, start: int, end: int) -> tuple[int, int]:
        """The place in the document of the characters from *start* to *end*."""
        return self.prose.source(start, end)


class TexProse:
    """Grows prose token by token.

    Attributes:
        prose: The paragraph so far.
    """

    def __init__(self) -> None:
        self.prose = Prose()
        self._gap: tuple[int, int] | None = None
        self._open: list[Opened] = []

    def text(self, token: Token) -> None:
        """Add words, with their quotation marks and dashes."""
        self._fill_gap()
        written = token.text
        if "-" not in written and "`" not in written and "'" not in written:
            self.prose.add(written, (token.start, token.end), verbatim=token.written)
        else:
            at = 0
            for found in _LIGATURE.finditer(written):
                self._part(token, at, found.start())
                self.put(_LIGATURES[found[0]], self._place(token, *found.span()))
                at = found.end()
            self._part(token, at, len(written))

    def put(self, text: str, place: tuple[int, int]) -> None:
        """Add text that is written in another way in the document."""
        if text == " ":
            self.space(place)
        elif text:
            self._fill_gap()
            self.prose.add(text, place)

    def space(self, place: tuple[int, int]) -> None:
        """Add a space before what comes next, if anything does."""
        if self._gap is None:
            self._gap = place

    def mark(
        self, kind: MarkKind, text: str, content: str, place: tuple[int, int], detail: str = ""
    ) -> None:
        """Add text that is marked as a whole."""
        self._fill_gap()
        start = len(self.prose)
        self.put(text, place)
        self.prose.marks.append(Mark(kind, start, len(self.prose), content, place, detail))

    def open(self, mark: Opened) -> Opened:
        """Begin a mark here."""
        self._fill_gap()
        mark.at = len(self.prose)
        if len(self._open) < _MOST_OPEN:
            self._open.append(mark)
        return mark

    def close(self, mark: Opened, end: int) -> None:
        """End a mark here; *end* is its end in the document."""
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at] is mark:
                del self._open[at]
                self._add(mark, end)
                return

    def take(self) -> Prose:
        """Take the paragraph; a new one begins, in the styles that are still open."""
        prose = self.prose
        if len(prose):
            end = prose.whole()[1]
            for mark in self._open:
                self._add(mark, end)
        self.prose = Prose()
        self._gap = None
        for mark in self._open:
            mark.at = 0
        prose.marks.sort(key=lambda mark: mark.start)
        return prose

    @contextmanager
    def apart(self) -> Generator[None]:
        """Grow another prose in the block."""
        kept = self.prose, self._gap, self._open
        self.prose, self._gap, self._open = Prose(), None, []
        try:
            yield
        finally:
            self.prose, self._gap, self._open = kept

    def _fill_gap(self) -> None:
        if self._gap is not None and len(self.prose):
            self.prose.add(" ", self._gap)
        self._gap = None

    def _add(self, mark: Opened, end: int) -> None:
        stop = len(self.prose)
        if stop <= mark.at:
            return
        first, last = self.prose.source(mark.at, stop)
        place = mark.place or (min(mark.start, first), max(end, last))
        content = mark.content
        if mark.kind == "code":
            content = self.prose.text[mark.at : stop]
        self.prose.marks.append(Mark(mark.kind, mark.at, stop, content, place, mark.detail))

    def _part(self, token: Token, start: int, end: int) -> None:
        if end > start:
            place = self._place(token, start, end)
            self.prose.add(token.text[start:end], place, verbatim=token.written)

    def _place(self, token: Token, start: int, end: int) -> tuple[int, int]:
        if token.written:
            return token.start + start, token.start + end
        return token.start, token.end
