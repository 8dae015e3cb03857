"""Drawn tables of reStructuredText: grids and simple tables, as cells with lines."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import attrs
from docutils.parsers.rst.tableparser import GridTableParser, SimpleTableParser, TableMarkupError
from docutils.statemachine import StringList
from typing_extensions import override

from eventdocs.extraction._rst_lines import Lines

__all__ = ["CellLines", "DrawnTable", "drawn_table"]

_MOST_STEPS = 2_000_000


@attrs.frozen(eq=False)
class CellLines:
    """A cell: where it is in the table, and its lines."""

    row: int
    col: int
    lines: Lines
    row_span: int = 1
    col_span: int = 1


@attrs.frozen(eq=False)
class DrawnTable:
    """A table: its cells by row and column, its size, and how many rows head it."""

    cells: Sequence[CellLines]
    n_rows: int
    n_cols: int
    header_rows: int


def drawn_table(lines: Lines, *, grid: bool) -> DrawnTable | None:
    """Find the cells of a table; None if its lines do not fit together."""
    block = _Borders([_padded(text) for text in lines.texts], "")
    try:
        return _grid(lines, block) if grid else _simple(lines, block)
    except (TableMarkupError, AssertionError, IndexError):
        # docutils asserts what it expects of borders, and broken ones are not.
        return None if grid else _by_columns(lines)


class _Borders(StringList):
    """Leaves the text of the cells to others, who know its place in the document."""

    @override
    def get_2D_block(
        self, top: int, left: int, bottom: int, right: int, strip_indent: bool = True
    ) -> StringList:
        return StringList([], "")


def _padded(text: str) -> str:
    """Widen characters that are two columns wide, so that columns can be compared."""
    if text.isascii():
        return text
    pad = GridTableParser.double_width_pad_char
    return "".join(f"{char}{pad}" if _width(char) == 2 else char for char in text)


def _width(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _index(text: str, column: int) -> int:
    """The number of characters before a column."""
    if text.isascii():
        return min(column, len(text))
    width = 0
    for at, char in enumerate(text):
        if width >= column and _width(char):
            return at
        width += _width(char)
    return len(text)


def _cell(lines: Lines, top: int, bottom: int, left: int, right: int | None) -> Lines:
    bounds = [
        (_index(text, left), len(text) if right is None else _index(text, right))
        for text in lines.texts[top:bottom]
    ]
    return lines.window(top, bottom, bounds).trimmed()


class _Grid(GridTableParser):
    """Gives up on borders that lead nowhere before that takes long."""

    steps = 0

    @override
    def scan_down(
        self, top: int, left: int, right: int
    ) -> tuple[int, dict[int, list[int]], dict[int, list[int]]]:
        found = super().scan_down(top, left, right)
        # None comes out, too, where no cell ends; the stubs do not say so.
        self._count(0 if found else self.bottom - top)
        return found

    @override
    def scan_left(
        self, top: int, left: int, bottom: int, right: int
    ) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        self._count(right - left + bottom - top)
        return super().scan_left(top, left, bottom, right)

    def _count(self, steps: int) -> None:
        self.steps += steps
        if self.steps > _MOST_STEPS + 20 * self.bottom * self.right:
            raise TableMarkupError("its borders lead nowhere")


def _grid(lines: Lines, block: StringList) -> DrawnTable:
    parser = _Grid()
    _, head, _ = parser.parse(block)
    rows = {line: row for row, line in enumerate(sorted(parser.rowseps))}
    cols = {column: col for col, column in enumerate(sorted(parser.colseps))}
    # The stubs take what is on the way for what comes out.
    found: Sequence[tuple[int, int, int, int]] = [cell[:4] for cell in parser.cells]  # type: ignore[misc]  # pyright: ignore[reportAssignmentType]
    cells = [
        CellLines(
            rows[top],
            cols[left],
            _cell(lines, top + 1, bottom, left + 1, right),
            rows[bottom] - rows[top],
            cols[right] - cols[left],
        )
        for top, left, bottom, right in found
    ]
    cells.sort(key=lambda cell: (cell.row, cell.col))
    return DrawnTable(cells, len(rows) - 1, len(cols) - 1, len(head))


class _Simple(SimpleTableParser):
    """Remembers which lines each row stands on."""

    def __init__(self) -> None:
        self.found: list[tuple[int, int, list[tuple[int, int]]]] = []

    @override
    def parse_row(
        self, lines: list[str], start: int, spanline: tuple[str, int] | None = None
    ) -> None:
        if lines or spanline:
            columns = self.parse_columns(*spanline) if spanline else list(self.columns)
            self.found.append((start, start + len(lines), columns))
        super().parse_row(lines, start, spanline)


def _simple(lines: Lines, block: StringList) -> DrawnTable:
    parser = _Simple()
    _, head, _ = parser.parse(block)
    begins = [begin for begin, _ in parser.columns]
    cells: list[CellLines] = []
    for row, (top, bottom, columns) in enumerate(parser.found):
        for at, (left, _) in enumerate(columns):
            following = columns[at + 1][0] if at + 1 < len(columns) else None
            col = begins.index(left)
            after = begins.index(following) if following is not None else len(begins)
            cell = _cell(lines, top, bottom, left, following)
            cells.append(CellLines(row, col, cell, col_span=after - col))
    return DrawnTable(cells, len(parser.found), len(begins), len(head))


def _by_columns(lines: Lines) -> DrawnTable | None:
    """Read a simple table whose text runs over its columns: each line that begins at the left is a row."""
    border = lines.texts[0]
    begins = [
        at for at, char in enumerate(border) if char == "=" and border[at - 1 : at] in {"", " "}
    ]
    rows: list[tuple[int, int]] = []
    header = 0
    for at, text in enumerate(lines.texts[1:-1], 1):
        if not text.strip("=- "):
            if text.startswith("=") and not header:
                header = len(rows)
        elif text[: begins[1]].strip() or not rows:
            rows.append((at, at + 1))
        else:
            rows[-1] = rows[-1][0], at + 1
    if not rows:
        return None
    bounds = [_words(text, begins) for text in lines.texts]
    cells = [
        CellLines(row, col, lines.window(top, bottom, [each[col] for each in bounds[top:bottom]]))
        for row, (top, bottom) in enumerate(rows)
        for col in range(len(begins))
    ]
    return DrawnTable(cells, len(rows), len(begins), header)


def _words(text: str, begins: Sequence[int]) -> list[tuple[int, int]]:
    """Part a line where columns begin, or behind the word that runs over that."""
    edges = [_index(text, begin) for begin in begins]
    edges[0] = 0
    for col in range(1, len(edges)):
        edge = max(edges[col], edges[col - 1])
        while 0 < edge < len(text) and text[edge - 1] != " ":
            edge += 1
        edges[col] = edge
    return list(pairwise((*edges, len(text))))
