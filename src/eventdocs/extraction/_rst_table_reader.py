"""The tables of reStructuredText: their cells read, and added with their captions."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._rst_data_tables import csv_rows, listed_cells
from eventdocs.extraction._rst_nodes import Blocks, Directive, Paragraph, TableBlock, TableCell
from eventdocs.extraction._rst_text import RstText
from eventdocs.extraction._table_writer import TableWriter
from eventdocs.extraction._tables import RawCell, RawTable

__all__ = ["RstTables"]


class RstTables:
    """Reads the tables of a document, and adds them.

    Args:
        draft: Where they go.
        anchors: The names known in the document.
        text: Reads the text of cells.
        read_blocks: Reads the blocks of a cell.

    Attributes:
        writer: Knows the captions around them.
    """

    def __init__(
        self,
        draft: Draft,
        anchors: Anchors,
        text: RstText,
        read_blocks: Callable[[Blocks], Prose],
    ) -> None:
        self._draft = draft
        self._text = text
        self._read_blocks = read_blocks
        self.writer = TableWriter(draft, anchors)

    def drawn(self, table: TableBlock, names: Sequence[str]) -> Sequence[Prose]:
        """Add a grid or a simple table; returns what its cells say."""
        widths = [table.n_cols] * table.n_rows
        return self._add(table.place, table.cells, widths, (table.header_rows, 0), names)

    def listed(self, directive: Directive, names: Sequence[str]) -> Sequence[Prose]:
        """Add a table that is written as a list; returns what its cells say."""
        cells, widths = listed_cells(directive)
        if not cells:
            return ()
        header = _count(directive, "header-rows"), _count(directive, "stub-columns")
        return self._add(directive.place, cells, widths, header, names)

    def csv(self, directive: Directive, names: Sequence[str]) -> Sequence[Prose]:
        """Add a table of values between commas; returns what its cells say."""
        rows, header_rows = csv_rows(directive)
        if not rows:
            return ()
        raw: list[RawCell] = []
        for row, values in enumerate(rows):
            self._draft.count_cells(len(values))
            for col, value in enumerate(values):
                empty = not value.passage.content.strip()
                prose = Prose() if empty else self._text.cell(value.passage)
                raw.append(RawCell(row, col, prose, None if empty else value.place))
        widths = [len(values) for values in rows]
        header = header_rows, _count(directive, "stub-columns")
        return self._write(directive.place, raw, widths, header, names)

    def _add(
        self,
        place: tuple[int, int],
        cells: Sequence[TableCell],
        widths: Sequence[int],
        header: tuple[int, int],
        names: Sequence[str],
    ) -> Sequence[Prose]:
        self._draft.count_cells(len(cells))
        raw: list[RawCell] = []
        for cell in cells:
            prose = self._cell(cell.blocks)
            where = cell.place or (prose.whole() if len(prose) else None)
            raw.append(RawCell(cell.row, cell.col, prose, where, cell.row_span, cell.col_span))
        return self._write(place, raw, widths, header, names)

    def _cell(self, blocks: Blocks) -> Prose:
        if len(blocks) == 1 and isinstance(blocks[0], Paragraph):
            return self._text.cell(blocks[0].lines.passage())
        return self._read_blocks(blocks) if blocks else Prose()

    def _write(
        self,
        place: tuple[int, int],
        cells: Sequence[RawCell],
        widths: Sequence[int],
        header: tuple[int, int],
        names: Sequence[str],
    ) -> Sequence[Prose]:
        header_rows = min(header[0], len(widths))
        header_cols = min(header[1], max(widths))
        self.writer.add(RawTable(place, cells, widths, header_rows, header_cols), names)
        return [cell.prose for cell in cells]


def _count(directive: Directive, option: str) -> int:
    value = directive.options.get(option, "")
    return int(value) if value.isdecimal() and len(value) < 6 else 0
