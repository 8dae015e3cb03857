"""Block rules: tables in Markdown, with pipes as on GitHub or drawn as in pandoc."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, table

from eventdocs.extraction._grids import GRID_BORDER, Grid, read_grid

__all__ = ["CellSource", "TableSource", "add_table_rules", "pipe_cells"]

_DASHES = re.compile(r"-[- ]*-$|-$")
_RUN = re.compile(r"-+")
_MOST_LINES = 20_000


@attrs.frozen
class CellSource:
    """A cell and its lines: first character and end of each in the parser's source.

    Attributes:
        row: From 0.
        col: From 0.
        lines: Without the spaces around them that only align the columns.
        row_span: How many rows it covers.
        col_span: How many columns it covers.
    """

    row: int
    col: int
    lines: tuple[tuple[int, int], ...]
    row_span: int = 1
    col_span: int = 1


@attrs.frozen
class TableSource:
    """A table as it stands in the source.

    Attributes:
        cells: Sorted by row and column.
        widths: Columns that each row declares.
        header_rows: How many rows head the columns.
        blocks: Cells hold blocks, not just a line of text.
    """

    cells: tuple[CellSource, ...]
    widths: tuple[int, ...]
    header_rows: int
    blocks: bool = False


def add_table_rules(md: MarkdownIt) -> None:
    """Teach *md* tables, each of which becomes one token."""
    md.block.ruler.before("table", "grid_table", _grid_table)
    md.block.ruler.before("table", "dashed_table", _dashed_table)
    md.block.ruler.at("table", _pipe_table, {"alt": ["paragraph", "reference"]})


def pipe_cells(row: str) -> list[tuple[int, int]]:
    r"""Split a row at its pipes, as GitHub does: `\|` does not divide.

    Returns:
        First character and end of each cell's text in *row*.
    """
    bounds: list[tuple[int, int]] = []
    start = 0
    at = row.find("|")
    while at >= 0:
        if at == 0 or row[at - 1] != "\\":
            bounds.append((start, at))
            start = at + 1
        at = row.find("|", at + 1)
    bounds.append((start, len(row)))
    if len(bounds) > 1 and not row[slice(*bounds[0])].strip():
        bounds.pop(0)
    if len(bounds) > 1 and not row[slice(*bounds[-1])].strip():
        bounds.pop()
    return [_stripped(row, *each) for each in bounds]


def _stripped(text: str, start: int, end: int) -> tuple[int, int]:
    part = text[start:end]
    left = len(part) - len(part.lstrip())
    return (start + left, start + len(part.rstrip())) if part.strip() else (start, start)


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _indented(state: StateBlock, line: int) -> bool:
    return state.sCount[line] - state.blkIndent >= 4


def _push(
    state: StateBlock, start_line: int, after: int, source: TableSource, text_end: int
) -> bool:
    token = state.push("drawn_table", "table", 0)
    token.map = [start_line, after]
    token.meta = {"table": source, "end": text_end}
    state.line = after
    return True


def _pipe_table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if not table(state, start_line, end_line, True):
        return False
    if silent:
        return True
    # A token for every cell, as the original rule makes them, costs more than the rest of
    # the parsing, and says less than the row: how many cells there really were.
    ends = state.md.block.ruler.getRules("blockquote")
    parent, state.parentType = state.parentType, "table"
    line = start_line + 2
    while line < end_line and not (
        state.sCount[line] < state.blkIndent
        or state.isEmpty(line)
        or _indented(state, line)
        or any(rule(state, line, end_line, True) for rule in ends)
    ):
        line += 1
    state.parentType = parent
    rows = [start_line, *range(start_line + 2, line)]
    token = state.push("pipe_table", "table", 0)
    token.map = [start_line, line]
    token.meta = {
        "rows": [(state.bMarks[row] + state.tShift[row], state.eMarks[row]) for row in rows]
    }
    state.line = line
    return True


# Grid tables


def _grid_table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    at = state.bMarks[start_line] + state.tShift[start_line]
    if state.src[at : at + 1] != "+" or _indented(state, start_line):
        return False
    if not GRID_BORDER.match(_line(state, start_line)):
        return False
    after = start_line
    while (
        after < end_line
        and after - start_line < _MOST_LINES
        and _line(state, after)[:1] in {"+", "|"}
    ):
        after += 1
    lines = [_line(state, line) for line in range(start_line, after)]
    while len(lines) > 2 and not GRID_BORDER.match(lines[-1]):
        lines.pop()
    after = start_line + len(lines)
    if len(lines) < 3 or silent:
        return len(lines) >= 3
    starts = [state.bMarks[line] + state.tShift[line] for line in range(start_line, after)]
    grid = read_grid(lines)
    return grid is not None and _push(
        state, start_line, after, _drawn(grid, starts), state.eMarks[after - 1]
    )


def _drawn(grid: Grid, starts: Sequence[int]) -> TableSource:
    cells = [
        CellSource(
            cell.row,
            cell.col,
            tuple((starts[line] + first, starts[line] + end) for line, first, end in cell.lines),
            cell.row_span,
            cell.col_span,
        )
        for cell in grid.cells
    ]
    return TableSource(tuple(cells), (grid.n_cols,) * grid.n_rows, grid.header_rows, blocks=True)


# Simple and multiline tables


def _dashed_table(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    if _indented(state, start_line) or start_line + 2 >= end_line:
        return False
    first = _line(state, start_line).rstrip()
    second = _line(state, start_line + 1).rstrip()
    if _is_ruler(second) and not first.startswith("-") and not _is_ruler(first):
        return _simple(state, start_line, start_line + 1, end_line, silent)
    if not first.startswith("--") or not _DASHES.match(first):
        return False
    if _is_ruler(first):
        return _headless(state, start_line, end_line, silent)
    return _multiline(state, start_line, end_line, silent)


def _is_ruler(text: str) -> bool:
    """Whether a line is two or more runs of dashes, which mark columns."""
    return (
        text.startswith("-")
        and " " in text
        and not text.strip("- ")
        and all(len(run) > 1 for run in text.split())
    )


def _columns(state: StateBlock, ruler: int) -> list[int]:
    """Where the columns begin, counted from the beginning of the ruler's line."""
    text = state.src[state.bMarks[ruler] : state.eMarks[ruler]]
    return [run.start() for run in _RUN.finditer(text)]


def _simple(state: StateBlock, header: int, ruler: int, end_line: int, silent: bool) -> bool:
    if not _header_fits(state, header, ruler):
        return False
    rows: list[list[int]] = [[header]]
    line = ruler + 1
    closed = False
    while line < end_line and not state.isEmpty(line):
        if _is_ruler(_line(state, line).rstrip()):
            closed = True
            break
        if state.sCount[line] < state.blkIndent:
            break
        rows.append([line])
        line += 1
    if len(rows) < 2:
        return False
    if silent:
        return True
    after = line + 1 if closed else line
    return _push_rows(state, header, after, rows, _columns(state, ruler), 1)


def _header_fits(state: StateBlock, header: int, ruler: int) -> bool:
    """Whether no word of the header runs across the gap between two columns."""
    text = state.src[state.bMarks[header] : state.eMarks[header]]
    dashes = state.src[state.bMarks[ruler] : state.eMarks[ruler]]
    gaps = [n for n, char in enumerate(dashes) if char == " " and n > state.tShift[ruler]]
    return all(text[n : n + 1] in {"", " ", "\t"} for n in gaps)


def _headless(state: StateBlock, ruler: int, end_line: int, silent: bool) -> bool:
    rows: list[list[int]] = [[]]
    line = ruler + 1
    blank_seen = False
    limit = min(end_line, ruler + _MOST_LINES)
    while line < limit and not _is_ruler(_line(state, line).rstrip()):
        if state.isEmpty(line):
            # A simple table ends here unless it is a multiline one, which goes on.
            blank_seen = True
            rows.append([])
        else:
            if state.sCount[line] < state.blkIndent or (
                blank_seen and _line(state, line)[:1] == "#"
            ):
                return False
            rows[-1].append(line)
        line += 1
    if line >= limit or not any(rows):
        return False
    if silent:
        return True
    if not blank_seen:
        rows = [[each] for each in rows[0]]
    return _push_rows(
        state, ruler, line + 1, [row for row in rows if row], _columns(state, ruler), 0
    )


def _multiline(state: StateBlock, start_line: int, end_line: int, silent: bool) -> bool:
    line = start_line + 1
    header: list[int] = []
    while line < end_line and not state.isEmpty(line) and len(header) < 20:
        if _is_ruler(_line(state, line).rstrip()):
            break
        header.append(line)
        line += 1
    if not header or line >= end_line or not _is_ruler(_line(state, line).rstrip()):
        return False
    ruler = line
    rows: list[list[int]] = [[]]
    line += 1
    limit = min(end_line, ruler + _MOST_LINES)
    while line < limit:
        text = _line(state, line).rstrip()
        if text.startswith("---") and not text.strip("-"):
            break
        if state.isEmpty(line):
            rows.append([])
        else:
            rows[-1].append(line)
        line += 1
    if line >= limit or not any(rows):
        return False
    if silent:
        return True
    rows = [header, *(row for row in rows if row)]
    return _push_rows(state, start_line, line + 1, rows, _columns(state, ruler), 1)


def _push_rows(
    state: StateBlock,
    start_line: int,
    after: int,
    rows: Sequence[Sequence[int]],
    columns: Sequence[int],
    header_rows: int,
) -> bool:
    cells: list[CellSource] = []
    for row, lines in enumerate(rows):
        for col, first in enumerate(columns):
            parts: list[tuple[int, int]] = []
            for line in lines:
                begin, end = state.bMarks[line], state.eMarks[line]
                left = begin if col == 0 else min(begin + first, end)
                right = min(begin + columns[col + 1], end) if col + 1 < len(columns) else end
                start, stop = _stripped(state.src, left, right)
                if start < stop:
                    parts.append((start, stop))
            cells.append(CellSource(row, col, tuple(parts)))
    drawn = TableSource(tuple(cells), (len(columns),) * len(rows), header_rows)
    return _push(state, start_line, after, drawn, state.eMarks[after - 1])
