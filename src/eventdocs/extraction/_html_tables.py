"""Tables in HTML: rows, and cells that reach over several of them, as a grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import attrs

from eventdocs.extraction._draft import Draft, Place
from eventdocs.extraction._html_tree import Element
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._tables import RawCell, RawTable

__all__ = ["arranges_blocks", "read_table", "rows_of"]

_MOST_COLUMNS = 1000
"""As browsers have it: https://html.spec.whatwg.org/multipage/tables.html#dom-tdth-colspan."""

ReadCell = Callable[[Element], tuple[Prose, Place | None]]
"""Reads the text of a cell, adds what is in it, and says where it stands."""


@attrs.frozen
class _Row:
    element: Element
    group: Element
    in_head: bool

    @property
    def cells(self) -> list[Element]:
        return [each for each in self.element.elements if each.tag in {"td", "th"}]


def rows_of(table: Element) -> Iterator[Element]:
    """The rows of a table, in the order in which they are shown."""
    return (row.element for row in _rows(table))


def arranges_blocks(table: Element) -> bool:
    """Whether a table only puts parts of the page in their places, as pages once were made."""
    if table.get("role") in {"presentation", "none"}:
        return True
    rows = _rows(table)
    parts = {row.group.tag for row in rows}
    if parts == {"thead", "tfoot"}:
        # The head and the foot of nothing are those of the page.
        return True
    if any(cell.tag == "th" for row in rows for cell in row.cells):
        return False
    return any(
        each.holds_blocks and any(inner.tag in _ARRANGED for inner in each.walk())
        for row in rows
        for each in row.cells
    )


_ARRANGED = frozenset({"table", "h1", "h2", "h3", "h4", "h5", "h6"})


def read_table(table: Element, draft: Draft, read: ReadCell) -> RawTable | None:
    """Read a table; None if it has no cells."""
    rows = _filled(_rows(table))
    if not rows:
        return None
    ends = _group_ends(rows)
    cells: list[RawCell] = []
    tags: list[tuple[RawCell, Element]] = []
    widths: list[int] = []
    reaching: dict[int, int] = {}
    for number, row in enumerate(rows):
        col = 0
        taken = {at for at, end in reaching.items() if end > number}
        own: list[RawCell] = []
        for element in row.cells:
            while col in taken:
                col += 1
            wide = min(_count(element, "colspan") or 1, _MOST_COLUMNS)
            # Where a cell reaches into one from above, the one from above was first.
            wide = next((at for at in range(wide) if col + at in taken), wide)
            high = _count(element, "rowspan")
            left = ends[number] - number
            # Zero reaches down to the end of the group.
            high = left if high == 0 else min(high or 1, left)
            draft.count_cells(wide * high)
            prose, place = read(element)
            cell = RawCell(number, col, prose, place, high, wide)
            own.append(cell)
            tags.append((cell, element))
            col += wide
        widths.append(len(own))
        cells.extend(own)
        reaching = {at: end for at, end in reaching.items() if end > number + 1}
        for cell in own:
            if cell.row_span > 1:
                for at in range(cell.col, cell.col + cell.col_span):
                    reaching[at] = number + cell.row_span
    header_rows = _header_rows(rows, tags)
    return RawTable(
        (table.start, table.end), cells, widths, header_rows, _header_cols(rows, tags, header_rows)
    )


def _rows(table: Element) -> list[_Row]:
    rows: list[_Row] = []
    last: list[_Row] = []
    for part in table.elements:
        if part.tag == "tr":
            rows.append(_Row(part, table, in_head=False))
        elif part.tag in {"thead", "tbody", "tfoot"}:
            of_part = [
                _Row(row, part, in_head=part.tag == "thead")
                for row in part.elements
                if row.tag == "tr"
            ]
            (last if part.tag == "tfoot" else rows).extend(of_part)
    return rows + last


def _filled(rows: list[_Row]) -> list[_Row]:
    """Leave out rows that have no cells and that no cell reaches into."""
    filled: list[_Row] = []
    reach = 0
    for at, row in enumerate(rows):
        cells = row.cells
        if cells or at < reach:
            filled.append(row)
        reach = max([reach, *(at + (_count(cell, "rowspan") or 1) for cell in cells)])
    return filled


def _group_ends(rows: list[_Row]) -> list[int]:
    """For each row, the row behind the last one of its group: no cell reaches farther."""
    ends = [len(rows)] * len(rows)
    for at in range(len(rows) - 2, -1, -1):
        ends[at] = ends[at + 1] if rows[at].group is rows[at + 1].group else at + 1
    return ends


def _count(element: Element, attribute: str) -> int | None:
    value = (element.get(attribute) or "").strip()
    return int(value) if value.isascii() and value.isdecimal() and len(value) < 6 else None


def _header_rows(rows: list[_Row], tags: list[tuple[RawCell, Element]]) -> int:
    in_head = next((at for at, row in enumerate(rows) if not row.in_head), len(rows))
    if in_head:
        return in_head
    heading = 0
    for row in rows:
        if not all(cell.tag == "th" and cell.get("scope") not in _OF_ROWS for cell in row.cells):
            break
        heading += 1
    # A table of nothing but headers has columns of headers.
    reach = max((c.row + c.row_span for c, _ in tags if c.row < heading), default=0)
    return max(heading, min(reach, len(rows))) if heading < len(rows) else min(1, heading)


_OF_ROWS = frozenset({"row", "rowgroup"})


def _header_cols(rows: list[_Row], tags: list[tuple[RawCell, Element]], header_rows: int) -> int:
    """Count the columns at the left that hold headers in every row below the header."""
    below = len(rows) - header_rows
    if below <= 0:
        return 0
    heads: dict[int, int] = {}
    for cell, element in tags:
        if cell.row >= header_rows and (element.tag == "th" or element.get("scope") in _OF_ROWS):
            for col in range(cell.col, cell.col + cell.col_span):
                heads[col] = heads.get(col, 0) + cell.row_span
    cols = 0
    while heads.get(cols, 0) == below:
        cols += 1
    return cols
