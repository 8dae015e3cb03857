"""Tables of Word documents: rows with merged cells as cells with spans."""

from __future__ import annotations

from collections.abc import Callable

from eventdocs.extraction._docx_blocks import Block, TableBlock
from eventdocs.extraction._draft import Draft, Place
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._tables import RawCell, RawTable
from eventdocs.extraction._values import read_value

__all__ = ["raw_table"]

ReadBlocks = Callable[[list[Block]], Prose]
"""Reads what is in a cell, and adds what is in that."""


def raw_table(table: TableBlock, draft: Draft, read: ReadBlocks) -> RawTable:
    """Put the cells of a table into its grid."""
    cells: list[RawCell] = []
    widths: list[int] = []
    above: dict[int, int] = {}
    for row_number, row in enumerate(table.rows):
        draft.count_cells(len(row.cells))
        col = row.before
        # A cell goes on only from the row directly above, so that no two can overlap.
        here: dict[int, int] = {}
        for cell in row.cells:
            origin = above.get(col) if cell.continues else None
            if origin is not None and cells[origin].col_span == cell.span:
                cells[origin] = _longer(cells[origin], row_number)
                here[col] = origin
                col += cell.span
                continue
            prose = read(cell.blocks)
            place: Place | None = prose.whole() if len(prose) else None
            here[col] = len(cells)
            cells.append(RawCell(row_number, col, prose, place, 1, cell.span))
            col += cell.span
        widths.append(col + row.after)
        above = here
    header_rows = _header_rows(table, cells)
    return RawTable(table.place, cells, widths, header_rows, _header_cols(cells, header_rows))


def _longer(cell: RawCell, row: int) -> RawCell:
    return RawCell(cell.row, cell.col, cell.prose, cell.place, row - cell.row + 1, cell.col_span)


def _header_rows(table: TableBlock, cells: list[RawCell]) -> int:
    declared = 0
    for row in table.rows:
        if not row.header:
            break
        declared += 1
    if declared:
        return declared if declared < len(table.rows) else 1
    if len(table.rows) < 2:
        return 0
    first = [cell for cell in cells if cell.row == 0]
    filled = [cell for cell in first if cell.prose.text.strip()]
    if not filled or any(_is_data(cell) for cell in filled):
        return 0
    bold = all(_is_bold(cell) for cell in filled)
    if not (bold or (table.first_row and len(filled) >= len(first) - 1)):
        return 0
    # Where its cells reach down over several rows, all of these are its header.
    height = max(cell.row_span for cell in first)
    return height if height < len(table.rows) and any(c.row_span == 1 for c in first) else 1


def _header_cols(cells: list[RawCell], header_rows: int) -> int:
    """Whether the first column heads its rows: it alone is bold."""
    body = [cell for cell in cells if cell.row >= header_rows and cell.prose.text.strip()]
    first = [cell for cell in body if cell.col == 0]
    others = [cell for cell in body if cell.col > 0]
    heads = len(first) > 1 and bool(others) and all(map(_is_bold, first))
    return 1 if heads and not any(map(_is_bold, others)) else 0


def _is_data(cell: RawCell) -> bool:
    return read_value(cell.prose.text).dtype not in {"text", "empty"}


def _is_bold(cell: RawCell) -> bool:
    """Whether all letters of a cell are bold."""
    length = len(cell.prose.text.strip())
    bold = sum(mark.end - mark.start for mark in cell.prose.marks if mark.kind == "strong")
    return 0 < length <= bold + 1
