"""Blocks of reStructuredText: which lines are a list, a title, a table or just text."""

from __future__ import annotations

import re
from collections.abc import Callable

from docutils.utils import column_width

from eventdocs.extraction._rst_directives import FIELD
from eventdocs.extraction._rst_enumerators import ENUMERATOR, Enumerator, read_enumerator
from eventdocs.extraction._rst_explicit import ExplicitMarkup
from eventdocs.extraction._rst_lines import Lines
from eventdocs.extraction._rst_names import Names
from eventdocs.extraction._rst_nodes import (
    Block,
    Code,
    DefinitionList,
    FieldList,
    Heading,
    Item,
    LineBlock,
    ListBlock,
    Nodes,
    Paragraph,
    Quote,
    TableBlock,
    TableCell,
)
from eventdocs.extraction._rst_tables import drawn_table

__all__ = ["BlockParser"]

_PUNCTUATION = r"[!-/:-@\[-`{-~]"
_BULLET = re.compile(r"[-+*\u2022\u2023\u2043](?: +|$)")
_OPTION_ARGUMENT = r"(?:[a-zA-Z][a-zA-Z0-9_-]*|<[^<>]+>)"
_OPTION = (
    rf"(?:[-+][a-zA-Z0-9](?: ?{_OPTION_ARGUMENT})?"
    rf"|(?:--|/)[a-zA-Z0-9][a-zA-Z0-9_-]*(?:[ =]{_OPTION_ARGUMENT})?)"
)
_OPTIONS = re.compile(rf"{_OPTION}(?:, {_OPTION})*(?:  +| ?$)")
_DOCTEST = re.compile(r">>>(?: +|$)")
_LINE_BLOCK = re.compile(r"\|(?: +|$)")
_GRID_TOP = re.compile(r"\+-[-+]+-\+ *$")
_SIMPLE_TOP = re.compile(r"=+(?: +=+)+ *$")
_SIMPLE_BORDER = re.compile(r"=+[ =]*$")
_EXPLICIT = re.compile(r"\.\.(?: +|$)")
_ANONYMOUS = re.compile(r"__(?: +|$)")
_LINE = re.compile(rf"({_PUNCTUATION})\1* *$")
_ANNOUNCES_CODE = re.compile(r"(?<!\\)(?:\\\\)*::$")
_MARKS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\u2022\u2023\u2043")


class BlockParser:
    """Parses the blocks of a document as docutils does, and drops nothing that is broken.

    It looks up no directives and no roles, so that documents can be parsed side by side.

    Args:
        names: Gets the names that the blocks define.
        deepest: Nodes that stand deeper inside one another stay text.
    """

    def __init__(self, names: Names, deepest: int) -> None:
        self._deepest = deepest
        self._styles: list[str] = []
        self._explicit = ExplicitMarkup(names, self.parse)

    def parse(self, lines: Lines, depth: int = 0, *, titles: bool = False) -> Nodes:
        """Parse *lines*.

        Args:
            lines: Without the indent that they share.
            depth: How many blocks stand around them.
            titles: Whether headings may stand here.
        """
        if depth > self._deepest:
            return (Code(lines),) if any(lines.texts) else ()
        return _Reading(self, lines, depth, titles).blocks()

    def level(self, style: str) -> int:
        """The level of a title by the lines around it; a new style is one level below the others."""
        if style not in self._styles:
            self._styles.append(style)
        return self._styles.index(style) + 1

    def explicit(self, lines: Lines, at: int, depth: int, *, titles: bool) -> tuple[Nodes, int]:
        """Parse what two dots begin; returns the number of the line behind it, too."""
        return self._explicit.parse(lines, at, depth, titles=titles)

    def anonymous(self, lines: Lines, at: int) -> tuple[Nodes, int]:
        """Parse a target without a name; returns the number of the line behind it, too."""
        return self._explicit.anonymous(lines, at)


class _Reading:
    """One pass over the lines of one block."""

    def __init__(self, parser: BlockParser, lines: Lines, depth: int, titles: bool) -> None:
        self._parser = parser
        self._lines = lines
        self._texts = lines.texts
        self._depth = depth
        self._titles = titles
        self._found: list[Block] = []

    def blocks(self) -> Nodes:
        at = 0
        while at < len(self._texts):
            at = self._block(at) if self._texts[at] else at + 1
        return tuple(self._found)

    def _block(self, at: int) -> int:
        text = self._texts[at]
        if text[0] == " ":
            indented, behind = self._lines.indented(at)
            self._found.append(Quote(self._inner(indented)))
            return behind
        if text[0] in _MARKS:
            for pattern, method in _MARKED:
                found = pattern.match(text)
                after = method(self, at, found) if found else None
                if after is not None:
                    return after
        after = self._enumerated(at) if ENUMERATOR.match(text) else None
        return self._text(at) if after is None else after

    def _inner(self, lines: Lines) -> Nodes:
        return self._parser.parse(lines, self._depth + 1)

    def _line(self, at: int) -> str | None:
        return self._texts[at] if at < len(self._texts) else None

    def _skip_blank(self, at: int) -> int:
        while at < len(self._texts) and not self._texts[at]:
            at += 1
        return at

    # Lists

    def _item(self, at: int, indent: int) -> tuple[Nodes, int]:
        if self._texts[at][indent:]:
            body, after = self._lines.indented(at, indent=indent)
        else:
            body, after = self._lines.indented(at, first=indent)
        return self._inner(body), after

    def bullets(self, at: int, found: re.Match[str]) -> int:
        mark = found[0][0]
        items: list[Nodes] = []
        match: re.Match[str] | None = found
        while match:
            item, at = self._item(at, match.end())
            items.append(item)
            following = self._skip_blank(at)
            text = self._line(following) or ""
            match = _BULLET.match(text) if text[:1] == mark else None
            at = following if match else at
        self._found.append(ListBlock(tuple(items)))
        return at

    def _enumerated(self, at: int) -> int | None:
        current = read_enumerator(self._texts[at], None)
        if current is None or not self._continues(at, current):
            return None
        items: list[Nodes] = []
        while True:
            item, at = self._item(at, current.width)
            items.append(item)
            following = self._skip_blank(at)
            text = self._line(following)
            after = read_enumerator(text, current) if text else None
            if after is None or not self._continues(following, after):
                break
            at, current = following, after
        self._found.append(ListBlock(tuple(items)))
        return at

    def _continues(self, at: int, enumerator: Enumerator) -> bool:
        """Whether a line that looks like the first of an item is not just text."""
        below = self._line(at + 1)
        return not below or below[0] == " " or below.startswith(enumerator.followers())

    def fields(self, at: int, found: re.Match[str]) -> int:
        items: list[Item] = []
        match: re.Match[str] | None = found
        while match:
            name = self._lines.window(at, at + 1, [match.span("name")])
            body, after = self._lines.indented(at, first=match.end())
            items.append(Item((name,), body, self._inner(body)))
            at = self._skip_blank(after)
            match = FIELD.match(self._line(at) or "")
        self._found.append(FieldList(tuple(items)))
        return at

    def options(self, at: int, found: re.Match[str]) -> int | None:
        items: list[Nodes] = []
        match: re.Match[str] | None = found
        while match:
            body, after = self._lines.indented(at, first=match.end())
            if not len(body):
                break
            items.append(self._inner(body))
            at = self._skip_blank(after)
            match = _OPTIONS.match(self._line(at) or "")
        if not items:
            return None
        self._found.append(ListBlock(tuple(items)))
        return at

    def _definitions(self, at: int) -> int:
        items: list[Item] = []
        while True:
            term = self._lines.part(at, at + 1)
            body, after = self._lines.indented(at + 1)
            items.append(Item((term,), body, self._inner(body)))
            at = self._skip_blank(after)
            text, below = self._line(at), self._line(at + 1)
            if not text or not below or below[0] != " " or not _is_term(text):
                break
        self._found.append(DefinitionList(tuple(items)))
        return at

    # Text

    def _text(self, at: int) -> int:
        text, below = self._texts[at], self._line(at + 1)
        if below and below[0] == " ":
            if not text.endswith("::"):
                return self._definitions(at)
        elif below and _LINE.match(below):
            wide = len(text) if text.isascii() else column_width(text)
            if wide <= len(below) or len(below) >= 4:
                self._heading(at, at + 1, (at, at + 2), below[0])
                return at + 2
        after = self._lines.block_end(at)
        return self._paragraph(at, max(after, at + 1))

    def _heading(self, line: int, after: int, around: tuple[int, int], style: str) -> None:
        lines = self._lines.part(line, after)
        if not self._titles:
            self._found.append(Paragraph(lines))
            return
        place = self._lines.place(*around)
        self._found.append(Heading(lines, place, self._parser.level(style)))

    def _paragraph(self, at: int, after: int) -> int:
        lines = self._lines.part(at, after)
        last = lines.texts[-1]
        if not _ANNOUNCES_CODE.search(last):
            self._found.append(Paragraph(lines))
            return after
        bare = last[:-2].rstrip()
        if bare:
            # One colon is left, unless blanks stand before the two.
            stop = len(last) - 1 if last[:-2] == bare else len(bare)
            texts = [(0, len(text)) for text in lines.texts[:-1]]
            lines = lines.window(0, len(lines), [*texts, (0, stop)])
            self._found.append(Paragraph(lines))
        elif len(lines) > 1:
            self._found.append(Paragraph(lines.part(0, len(lines) - 1)))
        return self._code(after)

    def _code(self, at: int) -> int:
        code, after = self._lines.indented(at)
        if not len(code):
            after = start = self._skip_blank(at)
            quote = (self._line(start) or " ")[0]
            if quote not in _MARKS:
                return at
            while (self._line(after) or " ")[0] == quote:
                after += 1
            code = self._lines.part(start, after)
        self._found.append(Code(code))
        return after

    def doctest(self, at: int, _: re.Match[str]) -> int:
        after = at
        while self._line(after):
            after += 1
        self._found.append(Code(self._lines.part(at, after)))
        return after

    def line_block(self, at: int, found: re.Match[str]) -> int:
        lines: list[Lines] = []
        match: re.Match[str] | None = found
        while match:
            line, at = self._lines.indented(at, first=match.end(), until_blank=True)
            if len(line):
                lines.append(line)
            match = _LINE_BLOCK.match(self._line(at) or "")
        self._found.append(LineBlock(tuple(lines)))
        return at

    # Tables

    def grid(self, at: int, found: re.Match[str]) -> int | None:
        width = len(found[0].rstrip())
        after = at
        while (self._line(after) or " ")[0] in "+|":
            after += 1
        last = after - 1
        while last > at + 1 and not _GRID_TOP.match(self._texts[last]):
            last -= 1
        if last < at + 2 or len(self._texts[last]) != width:
            return None
        self._table(at, last + 1, grid=True)
        return last + 1

    def simple(self, at: int, found: re.Match[str]) -> int | None:
        width = len(found[0].rstrip())
        borders = 0
        after = at + 1
        last = len(self._texts) - 1
        while after <= last:
            text = self._texts[after]
            if text[:1] == "=" and _SIMPLE_BORDER.match(text):
                if len(text) != width:
                    return None
                borders += 1
                if borders == 2 or after == last or not self._texts[after + 1]:
                    self._table(at, after + 1, grid=False)
                    return after + 1
            elif text and after - at > 1 and text[0] != " " and _ends_table(text):
                return None
            after += 1
        return None

    def _table(self, at: int, after: int, *, grid: bool) -> None:
        lines = self._lines.part(at, after)
        table = drawn_table(lines, grid=grid)
        if table is None:
            self._found.append(Code(lines))
            return
        cells = [
            TableCell(
                cell.row,
                cell.col,
                self._inner(cell.lines),
                cell.lines.place() if len(cell.lines) else None,
                cell.row_span,
                cell.col_span,
            )
            for cell in table.cells
        ]
        self._found.append(
            TableBlock(lines.place(), cells, table.n_rows, table.n_cols, table.header_rows)
        )

    # Markup

    def explicit(self, at: int, _: re.Match[str]) -> int:
        blocks, after = self._parser.explicit(self._lines, at, self._depth, titles=self._titles)
        self._found.extend(blocks)
        return after

    def anonymous(self, at: int, _: re.Match[str]) -> int:
        blocks, after = self._parser.anonymous(self._lines, at)
        self._found.extend(blocks)
        return after

    def overline(self, at: int, found: re.Match[str]) -> int | None:
        over = found[0].rstrip()
        text, below = self._line(at + 1), (self._line(at + 2) or "")
        is_short = len(over) < 4
        if not text:
            return None if is_short else at + 1
        if _LINE.match(text):
            return None if is_short else at + 2
        if over == below and (not is_short or column_width(text.rstrip()) <= len(over)):
            self._heading(at + 1, at + 2, (at, at + 3), over[0] * 2)
            return at + 3
        # A line that is no title's: what stands below it is text.
        return None if is_short or over == "::" else at + 1


_MARKED: tuple[
    tuple[re.Pattern[str], Callable[[_Reading, int, re.Match[str]], int | None]], ...
] = (
    (_BULLET, _Reading.bullets),
    (FIELD, _Reading.fields),
    (_OPTIONS, _Reading.options),
    (_DOCTEST, _Reading.doctest),
    (_LINE_BLOCK, _Reading.line_block),
    (_GRID_TOP, _Reading.grid),
    (_SIMPLE_TOP, _Reading.simple),
    (_EXPLICIT, _Reading.explicit),
    (_ANONYMOUS, _Reading.anonymous),
    (_LINE, _Reading.overline),
)
"""What the first line of a block may look like, and who reads it then."""


def _is_term(text: str) -> bool:
    """Whether a line can be a term: nothing else begins with it."""
    return ENUMERATOR.match(text) is None and not any(pattern.match(text) for pattern, _ in _MARKED)


def _ends_table(text: str) -> bool:
    """Whether a line in a table that never ends cannot be part of it."""
    return _EXPLICIT.match(text) is not None and text.endswith("::")
