"""The tables of reStructuredText: their cells read, and added with their captions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eventdocs.extraction._blocks import Blocks
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._rst_data_tables import csv_rows, listed_cells
from eventdocs.extraction._rst_nodes import Directive, Nodes, Paragraph, TableBlock, TableCell
from eventdocs.extraction._rst_text import RstText
from eventdocs.extraction._tables import RawCell, RawTable, declared_count

__all__ = ["RstTables"]


class RstTables:
    """Reads the tables of a document, and adds them.

    Args:
        draft: Counts their cells.
        blocks: Where they go, under the names that wait there.
        text: Reads the text of cells.
        read_blocks: Reads the blocks of a cell.
    """

    def __init__(
        self,
        draft: Draft,
        blocks: Blocks,
        text: RstText,
        read_blocks: Callable[[Nodes], Prose],
    ) -> None:
        self._draft = draft
        self._blocks = blocks
        self._text = text
        self._read_blocks = read_blocks

    def drawn(self, table: TableBlock) -> None:
        """Add a grid or a simple table."""
        widths = [table.n_cols] * table.n_rows
        self._add(table.place, table.cells, widths, (table.header_rows, 0))

    def listed(self, directive: Directive) -> None:
        """Add a table that is written as a list."""
        cells, widths = listed_cells(directive)
        if not cells:
            self._pass_over()
            return
        header = (
            declared_count(directive.options, "header-rows"),
            declared_count(directive.options, "stub-columns"),
        )
        self._add(directive.place, cells, widths, header)

    def csv(self, directive: Directive) -> None:
        """Add a table of values between commas."""
        rows, header_rows = csv_rows(directive)
        if not rows:
            self._pass_over()
            return
        raw: list[RawCell] = []
        for row, values in enumerate(rows):
            self._draft.count_cells(len(values))
            for col, value in enumerate(values):
                empty = not value.passage.content.strip()
                prose = Prose() if empty else self._text.cell(value.passage)
                raw.append(RawCell(row, col, prose, None if empty else value.place))
        widths = [len(values) for values in rows]
        header = header_rows, declared_count(directive.options, "stub-columns")
        self._write(directive.place, raw, widths, header)

    def _add(
        self,
        place: tuple[int, int],
        cells: Sequence[TableCell],
        widths: Sequence[int],
        header: tuple[int, int],
    ) -> None:
        self._draft.count_cells(len(cells))
        raw: list[RawCell] = []
        for cell in cells:
            prose = self._cell(cell.blocks)
            where = cell.place or (prose.whole() if len(prose) else None)
            raw.append(RawCell(cell.row, cell.col, prose, where, cell.row_span, cell.col_span))
        self._write(place, raw, widths, header)

    def _cell(self, blocks: Nodes) -> Prose:
        if len(blocks) == 1 and isinstance(blocks[0], Paragraph):
            return self._text.cell(blocks[0].lines.passage())
        return self._read_blocks(blocks) if blocks else Prose()

    def _write(
        self,
        place: tuple[int, int],
        cells: Sequence[RawCell],
        widths: Sequence[int],
        header: tuple[int, int],
    ) -> None:
        header_rows = min(header[0], len(widths))
        header_cols = min(header[1], max(widths))
        raw = RawTable(place, cells, widths, header_rows, header_cols)
        self._blocks.table(raw, names=self._blocks.take_names())

    def _pass_over(self) -> None:
        """There is nothing in a table; it still parts what stands around it."""
        self._blocks.take_names()
        self._text.leave()
