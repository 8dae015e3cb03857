"""TeX tables: rows and cells of `tabular` and its kin, with their spans and rules."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from eventdocs.extraction._prose import Prose
from eventdocs.extraction._tables import RawCell, RawTable

__all__ = ["TABLE_ENVIRONMENTS", "TableRows"]

TABLE_ENVIRONMENTS = {
    "tabular": "om", "tabular*": "mom", "tabularx": "mom", "tabulary": "mm", "tabu": "m", "longtable": "om",
    "longtabu": "m", "supertabular": "m", "xltabular": "omm", "tblr": "om", "longtblr": "om", "NiceTabular": "omo",
    "array": "om", "deluxetable": "m", "mpsupertabular": "m", "tabularray": "m", "xtabular": "m",
    "supertabular*": "mm", "tabularew": "m",
}  # fmt: skip
"""Environments that are tables, and the arguments they take."""

_WIDEST = 1_000


@attrs.define
class _Cell:
    prose: Prose
    col: int
    col_span: int
    row_span: int


class TableRows:
    """Collects the cells of a table row by row."""

    def __init__(self) -> None:
        self._rows: list[list[_Cell]] = [[]]
        self._ruled: list[bool] = [False]
        self._header: list[list[_Cell]] | None = None

    @property
    def is_fresh(self) -> bool:
        """Whether a row begins."""
        return not self._rows[-1]

    def cell(self, prose: Prose, *, col_span: int, row_span: int) -> None:
        """Add a cell to the row."""
        row = self._rows[-1]
        col = row[-1].col + row[-1].col_span if row else 0
        row.append(
            _Cell(prose, col, min(max(col_span, 1), _WIDEST), min(max(row_span, 1), _WIDEST))
        )

    def rule(self) -> None:
        """A line is drawn above the row that begins."""
        self._ruled[-1] = True

    def end_row(self) -> None:
        """End a row."""
        self._rows.append([])
        self._ruled.append(False)

    def end_part(self, name: str) -> None:
        """What stands above is the head or the foot of each page of a long table."""
        rows = [row for row in self._rows if _says_something(row)]
        first = name == "endfirsthead"
        if name in {"endfirsthead", "endhead"} and (first or self._header is None):
            self._header = rows
        self._rows, self._ruled = [[]], [False]

    def finished(self, place: tuple[int, int]) -> RawTable | None:
        """The table; nothing if it has no cells."""
        rows, ruled = self._trimmed()
        header_rows = self._header_rows(rows, ruled)
        if self._header is not None:
            header_rows = len(self._header) if rows else 0
            rows = [*self._header, *rows]
        if not rows:
            return None
        widths = [len(row) for row in rows]
        taken: dict[tuple[int, int], int] = {}
        cells: list[RawCell] = []
        for at, row in enumerate(rows):
            for cell in row:
                above = taken.get((at, cell.col))
                if above is not None:
                    if not cell.prose.text.strip():
                        # A blank cell under one that reaches down is none.
                        widths[at] -= 1
                        continue
                    # Something stands where the cell above would reach: so it does not.
                    cells[above] = _cut(cells[above], at)
                row_span = min(cell.row_span, len(rows) - at)
                for below in range(at + 1, at + row_span):
                    for col in range(cell.col, cell.col + cell.col_span):
                        taken[below, col] = len(cells)
                there = cell.prose.whole() if len(cell.prose) else None
                cells.append(RawCell(at, cell.col, cell.prose, there, row_span, cell.col_span))
        return RawTable(place, cells, widths, min(header_rows, len(rows)))

    def _trimmed(self) -> tuple[list[list[_Cell]], list[bool]]:
        """Leave out rows that only draw lines or make room."""
        rows: list[list[_Cell]] = []
        ruled: list[bool] = []
        line = False
        for row, rule in zip(self._rows, self._ruled, strict=True):
            line = line or rule
            if not row or (len(row) == 1 and not _says_something(row)):
                continue
            rows.append(row)
            ruled.append(line)
            line = False
        return rows, ruled

    def _header_rows(self, rows: Sequence[Sequence[_Cell]], ruled: Sequence[bool]) -> int:
        """A rule parts the head from the body; without one, a head is set in bold type."""
        if len(rows) < 2:
            return 0
        head = next((at for at in range(1, len(rows)) if ruled[at]), 0)
        if head and head <= max(3, len(rows) // 2) and head < len(rows):
            # A rule above the last row only is drawn above its sums.
            if head == len(rows) - 1 and len(rows) > 2:
                head = 0
        else:
            head = 0
        if not head and all(_is_bold(cell.prose) for cell in rows[0]) and _says_something(rows[0]):
            head = 1
        return head


def _says_something(row: Sequence[_Cell]) -> bool:
    return any(cell.prose.text.strip() for cell in row)


def _is_bold(prose: Prose) -> bool:
    text = prose.text.strip()
    return not text or any(
        mark.kind == "strong" and mark.end - mark.start >= len(text) for mark in prose.marks
    )


def _cut(cell: RawCell, row: int) -> RawCell:
    """End a cell above a row."""
    return attrs.evolve(cell, row_span=max(1, min(cell.row_span, row - cell.row)))
