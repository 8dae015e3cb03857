"""Grids: the cells of tables whose borders are drawn with `+`, `-` and `|`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

__all__ = ["GRID_BORDER", "Grid", "GridCell", "read_grid"]

GRID_BORDER = re.compile(r"\+(?:[-=:]{1,}\+)+[ \t]*$")
"""A line that begins or ends a grid."""

_INNER_BORDER = re.compile(r"\+[-=:]+\+")
_MOST_CELLS = 100_000


@attrs.frozen
class GridCell:
    """A cell, and which columns of which lines it covers, without blanks at their ends.

    Attributes:
        row: From 0.
        col: From 0.
        lines: Line, first column and the column after the last one.
        row_span: How many rows it covers.
        col_span: How many columns it covers.
    """

    row: int
    col: int
    lines: tuple[tuple[int, int, int], ...]
    row_span: int = 1
    col_span: int = 1


@attrs.frozen
class Grid:
    """A grid: its cells by row and column, its size, and how many rows head it."""

    cells: tuple[GridCell, ...]
    n_rows: int
    n_cols: int
    header_rows: int


def read_grid(lines: Sequence[str]) -> Grid | None:
    """Find the cells of a grid; None if its borders do not fit together."""
    return _Borders(lines).grid()


class _Borders:
    """Finds the cells of a grid: unit cells without a border between them are one."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._borders = [n for n, text in enumerate(lines) if _INNER_BORDER.search(text)]
        columns = {n for row in self._borders for n, char in enumerate(lines[row]) if char == "+"}
        self._columns = sorted(columns)

    def grid(self) -> Grid | None:
        rows, cols = len(self._borders) - 1, len(self._columns) - 1
        if rows < 1 or cols < 1 or rows * cols > _MOST_CELLS:
            return None
        taken: set[tuple[int, int]] = set()
        cells: list[GridCell] = []
        for row in range(rows):
            for col in range(cols):
                if (row, col) in taken:
                    continue
                cell = self._cell(row, col, rows, cols)
                covered = [
                    (row + down, col + right)
                    for down in range(cell.row_span)
                    for right in range(cell.col_span)
                ]
                if any(place in taken for place in covered):
                    return None
                taken.update(covered)
                cells.append(cell)
        header = next(
            (n for n, line in enumerate(self._borders[1:-1], 1) if "=" in self._lines[line]), 0
        )
        return Grid(tuple(cells), rows, cols, header)

    def _cell(self, row: int, col: int, rows: int, cols: int) -> GridCell:
        right = 1
        while col + right < cols and not self._border_after(row, col + right - 1):
            right += 1
        down = 1
        while row + down < rows and not any(
            self._border_below(row + down - 1, each) for each in range(col, col + right)
        ):
            down += 1
        first, last = self._columns[col] + 1, self._columns[col + right]
        lines = [
            self._slice(line, first, last)
            for line in range(self._borders[row] + 1, self._borders[row + down])
        ]
        return GridCell(row, col, tuple(_dedented(self._lines, lines)), down, right)

    def _border_after(self, row: int, col: int) -> bool:
        at = self._columns[col + 1]
        inner = range(self._borders[row] + 1, self._borders[row + 1])
        return all(self._lines[line][at : at + 1] in {"|", "+"} for line in inner)

    def _border_below(self, row: int, col: int) -> bool:
        between = self._lines[self._borders[row + 1]][
            self._columns[col] + 1 : self._columns[col + 1]
        ]
        return bool(between) and set(between) <= set("-=:+")

    def _slice(self, line: int, first: int, last: int) -> tuple[int, int, int]:
        length = len(self._lines[line])
        return line, min(first, length), min(last, length)


def _dedented(
    texts: Sequence[str], lines: Sequence[tuple[int, int, int]]
) -> list[tuple[int, int, int]]:
    """Cut off the indent that all lines of a cell share, and what trails."""
    parts = [(line, first, texts[line][first:last]) for line, first, last in lines]
    indents = [len(part) - len(part.lstrip()) for _, _, part in parts if part.strip()]
    indent = min(indents, default=0)
    result: list[tuple[int, int, int]] = []
    for line, first, part in parts:
        begin = first + min(indent, len(part))
        result.append((line, begin, max(begin, first + len(part.rstrip()))))
    while result and result[-1][1] == result[-1][2]:
        result.pop()
    while result and result[0][1] == result[0][2]:
        result.pop(0)
    return result
