"""Tables in a PDF: lines whose words stand in columns."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from eventdocs.extraction._pdf_lines import Line, segments
from eventdocs.extraction._pdf_math import is_math
from eventdocs.extraction._pdf_page import Glyph, Rule

__all__ = ["Grid", "GridCell", "table_at"]

_GAP = 0.95
_MOST_ROWS = 400
_SMALLEST = 0.72
_FEWEST_ROWS = 3
_LEADERS = re.compile(r"(?:\.\s?){4,}")
_NUMBER = re.compile(r"\(\d+(?:\.\d+)*[a-z]?\)")


@attrs.frozen
class GridCell:
    """A cell: glyphs *start* to *end* of the line of its row, over some columns."""

    row: int
    col: int
    start: int
    end: int
    col_span: int


@attrs.frozen(kw_only=True)
class Grid:
    """The cells of a table.

    Attributes:
        cells: Sorted by row and column.
        widths: How many columns each row has cells in.
        header_rows: Rows at the top that head columns.
    """

    cells: Sequence[GridCell]
    widths: Sequence[int]
    header_rows: int


def table_at(
    lines: Sequence[Line], at: int, rules: Sequence[Rule], body: float
) -> tuple[int, Grid] | None:
    """Read the table that begins with a line.

    Returns:
        The line after its last one, and its cells; None if none begins there.
    """
    rows: list[list[list[Glyph]]] = []
    end = at
    while end < len(lines) and end - at < _MOST_ROWS:
        line = lines[end]
        if end > at:
            before = lines[end - 1]
            if line.column != before.column or not 0 < line.base - before.base < 2.6 * line.size:
                break
        parts = segments(line, _GAP)
        if len(parts) < 2 or _is_other(line, parts):
            break
        rows.append(parts)
        end += 1
    if len(rows) < 2:
        return None
    columns = _columns(rows)
    between = _rules_in(lines[at:end], rules)
    ruled = bool(between)
    if len(columns) < 2 or len(rows) < (
        2 if len(columns) > 2 and (ruled or len(rows) > 2) else _FEWEST_ROWS
    ):
        return None
    if not ruled and (len(columns) == 2 or lines[at].size < _SMALLEST * body):
        # Small words in columns stand beside the axes of a plot.
        return None
    if len(rows) < _FEWEST_ROWS and 2 * min(map(len, rows)) < len(columns):
        return None
    filled = sum(len(row) for row in rows)
    if filled < 0.6 * len(rows) * len(columns):
        return None
    return end, _grid(rows, columns, _header_rows(lines[at:end], rows, between))


def _is_other(line: Line, parts: Sequence[Sequence[Glyph]]) -> bool:
    """Whether a line with gaps is no row: contents, code, a numbered formula, spread words."""
    if _LEADERS.search(line.text) or sum(g.font.mono for g in line.glyphs) >= 0.9 * len(
        line.glyphs
    ):
        return True
    if any(each.font.extension for each in line.glyphs):
        return True
    if sum(map(is_math, line.glyphs)) > 0.4 * len(line.glyphs):
        return True
    return len(parts) == 2 and bool(_NUMBER.fullmatch("".join(each.char for each in parts[1])))


def _columns(rows: Sequence[Sequence[Sequence[Glyph]]]) -> list[tuple[float, float]]:
    """The stripes of a page that cells stand in: those of most rows first."""
    most = max(map(len, rows))
    stripes: list[list[float]] = []
    spans = sorted(
        (part[0].left, max(each.right for each in part))
        for row in rows
        if len(row) >= 0.75 * most
        for part in row
    )
    for left, right in spans:
        if stripes and left < stripes[-1][1]:
            stripes[-1][1] = max(stripes[-1][1], right)
        else:
            stripes.append([left, right])
    return [(left, right) for left, right in stripes]


def _rules_in(lines: Sequence[Line], rules: Sequence[Rule]) -> list[float]:
    """The heights of the rules above, between and below some lines."""
    left = min(line.box.left for line in lines)
    right = max(line.box.right for line in lines)
    top = lines[0].box.top - 1.2 * lines[0].size
    bottom = lines[-1].box.bottom + 1.2 * lines[-1].size
    return sorted(
        {
            round(rule.top)
            for rule in rules
            if top <= rule.top <= bottom
            and min(rule.right, right) - max(rule.left, left) > 0.25 * (right - left)
        }
    )


def _header_rows(
    lines: Sequence[Line], rows: Sequence[Sequence[Sequence[Glyph]]], between: Sequence[float]
) -> int:
    for at in range(1, min(3, len(lines))):
        if any(lines[at - 1].base - 1 <= rule <= lines[at].box.top + 2 for rule in between):
            return at
    first = "".join(each.char for part in rows[0] for each in part)
    later = [any(each.char.isdigit() for part in row[1:] for each in part) for row in rows[1:]]
    has_figures = any(each.char.isdigit() for part in rows[0][1:] for each in part)
    return 1 if first and not has_figures and all(later) else 0


def _grid(
    rows: Sequence[Sequence[Sequence[Glyph]]],
    columns: Sequence[tuple[float, float]],
    header_rows: int,
) -> Grid:
    cells: list[GridCell] = []
    widths: list[int] = []
    for number, row in enumerate(rows):
        at = 0
        taken = 0
        for part in row:
            left, right = part[0].left, max(each.right for each in part)
            covered = [
                index
                for index, (begin, end) in enumerate(columns)
                if index >= taken and begin < right and left < end
            ]
            if not covered:
                nearest = list(range(taken, len(columns)))
                covered = (
                    [min(nearest, key=lambda index: abs(columns[index][0] - left))]
                    if nearest
                    else []
                )
            if covered:
                span = covered[-1] - covered[0] + 1
                cells.append(GridCell(number, covered[0], at, at + len(part), span))
                taken = covered[-1] + 1
            at += len(part)
        widths.append(len(columns))
    return Grid(cells=cells, widths=widths, header_rows=header_rows)
