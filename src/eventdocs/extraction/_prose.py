"""Prose: the readable text of a block, every character of which knows where it came from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import Literal, Protocol, TypeAlias
from uuid import UUID

import attrs

from eventdocs.ir import Notation

__all__ = ["NOT_WORDS", "Mark", "MarkKind", "Passage", "PlacedText", "Prose"]

NOT_WORDS = "\ufffc"
"""Stands in `Prose.words` for each character of what is no words."""

MarkKind: TypeAlias = Literal[
    "formula", "code", "link", "image", "reference", "strong", "emphasis", "anchor"
]


@attrs.define
class Mark:
    """A stretch of prose that is more than words.

    Attributes:
        kind: What it is.
        start: First character in the prose.
        end: The character after the last one.
        content: The LaTeX of a formula, the target of a link or reference, a code's text.
        source: The place of the content in the document: first character and end.
        detail: More about it, such as the kind of a reference or the display of a formula.
        entity: Local id of the formula it became, once it is one.
        notation: How a formula is written in the document.
    """

    kind: MarkKind
    start: int
    end: int
    content: str
    source: tuple[int, int]
    detail: str = ""
    entity: UUID | None = None
    notation: Notation = "latex"

    def moved(self, by: int) -> Mark:
        """This mark in a text that has so many more characters before it."""
        return Mark(
            self.kind,
            max(0, self.start + by),
            self.end + by,
            self.content,
            self.source,
            self.detail,
            self.entity,
            self.notation,
        )


class PlacedText(Protocol):
    """Text, every character of which has a place in the document."""

    @property
    def content(self) -> str:
        """The text."""
        ...

    def range(self, start: int, end: int) -> tuple[int, int]:
        """The place in the document of the characters from *start* to *end*."""
        ...


class Passage:
    """Source text of one block, put together from pieces of the document.

    Line prefixes such as `> ` and indents are not part of it, so its characters lie in
    pieces: each starts at a place in *content* and at a place in the document.
    """

    def __init__(self, content: str, pieces: Sequence[tuple[int, int]]) -> None:
        self.content = content
        self._starts = [start for start, _ in pieces]
        self._places = [place for _, place in pieces]

    def part(self, start: int, end: int) -> Passage:
        """The characters from *start* to *end* as a passage of their own."""
        first = bisect_right(self._starts, start) - 1
        last = bisect_right(self._starts, max(start, end - 1))
        pieces = [
            (max(0, piece - start), self.at(max(piece, start)))
            for piece in self._starts[first:last]
        ]
        return Passage(self.content[start:end], pieces)

    def at(self, position: int) -> int:
        """The place in the document of the character at *position*."""
        piece = bisect_right(self._starts, position) - 1
        return self._places[piece] + position - self._starts[piece]

    def lines(self) -> Iterator[tuple[int, str]]:
        """Each line with its place; no line is in two pieces."""
        lines = self.content.split("\n")
        if len(lines) == len(self._places):
            yield from zip(self._places, lines, strict=True)
            return
        at = 0
        for line in lines:
            yield self.at(at), line
            at += len(line) + 1

    def range(self, start: int, end: int) -> tuple[int, int]:
        """The place in the document of the characters from *start* to *end*."""
        piece = bisect_right(self._starts, start) - 1
        shift = self._places[piece] - self._starts[piece]
        if end <= start:
            return start + shift, start + shift
        if piece + 1 < len(self._starts) and end > self._starts[piece + 1]:
            return start + shift, self.at(end - 1) + 1
        return start + shift, end + shift


class Prose:
    """Readable text, grown piece by piece from left to right."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._starts: list[int] = []
        self._sources: list[tuple[int, int]] = []
        self._verbatim: list[bool] = []
        self._length = 0
        self._text: str | None = None
        self.marks: list[Mark] = []

    @property
    def words(self) -> str:
        """The text with formulas, code and bare addresses blanked: only people's words are left.

        A full stop in a formula ends no sentence, and a quotation in code quotes nobody.
        """
        text = self.text
        blanked = [mark for mark in self.marks if self._is_verbatim(mark)]
        if not blanked:
            return text
        parts: list[str] = []
        at = 0
        for mark in blanked:
            if mark.end > at:
                start = max(at, mark.start)
                parts += text[at:start], NOT_WORDS * (mark.end - start)
                at = mark.end
        return "".join((*parts, text[at:]))

    def _is_verbatim(self, mark: Mark) -> bool:
        if mark.kind == "link":
            return "://" in self.text[mark.start : mark.end]
        return mark.kind in {"formula", "code", "image"}

    def __len__(self) -> int:
        return self._length

    @property
    def text(self) -> str:
        """All of it."""
        if self._text is None:
            self._text = "".join(self._parts)
        return self._text

    def add(self, text: str, source: tuple[int, int], *, verbatim: bool = False) -> None:
        """Append *text* that came from *source*.

        Args:
            text: May be empty.
            source: First character and end of its place in the document.
            verbatim: It stands there character by character.
        """
        if not text:
            return
        self._starts.append(self._length)
        self._sources.append(source)
        self._verbatim.append(verbatim)
        self._parts.append(text)
        self._length += len(text)
        self._text = None

    def extend(self, other: Prose, separator: str = " ") -> None:
        """Append another prose, separated from what is already there."""
        if not len(other):
            return
        if self._length:
            first = other._sources[0][0]
            self.add(separator, (first, first))
        shift = self._length
        self._parts += other._parts
        self._sources += other._sources
        self._verbatim += other._verbatim
        self._starts += [start + shift for start in other._starts]
        self._length += other._length
        self._text = None
        self.marks.extend(mark.moved(shift) for mark in other.marks)

    def part(self, start: int) -> Prose:
        """The text from *start* on, as prose of its own."""
        part = Prose()
        if start < self._length:
            first = self._piece(start)
            at = self._starts[first]
            text, (begin, end) = self._parts[first], self._sources[first]
            verbatim = self._verbatim[first]
            place = (begin + start - at if verbatim else begin, end)
            part.add(text[start - at :], place, verbatim=verbatim)
            for each in range(first + 1, len(self._parts)):
                part.add(self._parts[each], self._sources[each], verbatim=self._verbatim[each])
        part.marks = [mark.moved(-start) for mark in self.marks if mark.end >= start]
        return part

    def source(self, start: int, end: int) -> tuple[int, int]:
        """The place in the document of the text from *start* to *end*; not for empty prose."""
        first = self._piece(start)
        begin = self._sources[first][0]
        if self._verbatim[first]:
            begin += start - self._starts[first]
        if end <= start:
            return begin, begin
        last = self._piece(end - 1)
        stop = self._sources[last][1]
        if self._verbatim[last]:
            stop = self._sources[last][0] + end - self._starts[last]
        return begin, max(begin, stop)

    def whole(self) -> tuple[int, int]:
        """The place in the document of all of it; not for empty prose."""
        return self.source(0, self._length)

    def marks_in(self, start: int, end: int, kind: MarkKind | None = None) -> Iterator[Mark]:
        """The marks that lie in a stretch of the text, optionally of one kind only."""
        for mark in self.marks:
            if start <= mark.start and mark.end <= end and kind in {None, mark.kind}:
                yield mark

    def covered(self, start: int, end: int, kinds: frozenset[MarkKind]) -> bool:
        """Whether a stretch of the text touches a mark of one of these kinds."""
        return any(
            mark.kind in kinds and mark.start < end and start < mark.end for mark in self.marks
        )

    def _piece(self, position: int) -> int:
        return bisect_right(self._starts, position) - 1
