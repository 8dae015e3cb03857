"""Tables: from cells with text to typed cells and columns, whatever the format was."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

import attrs

from eventdocs.extraction._draft import Draft, Place
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._units import unit_of_header
from eventdocs.extraction._values import Value, column_type, read_value
from eventdocs.ir import Cell, Column

__all__ = ["RawCell", "RawTable", "add_table", "column_headers", "declared_count"]

_FORMULA = Value("formula")


@attrs.frozen
class RawCell:
    """A cell as a format gives it.

    Attributes:
        row: From 0.
        col: From 0.
        prose: What it says, with its marks.
        place: Where its text stands; None if it has none.
        row_span: How many rows it covers.
        col_span: How many columns it covers.
    """

    row: int
    col: int
    prose: Prose
    place: Place | None
    row_span: int = 1
    col_span: int = 1


@attrs.frozen
class RawTable:
    """A table as a format gives it.

    Attributes:
        place: Where it stands.
        cells: Sorted by row and column.
        widths: How many columns each row of the source had.
        header_rows: Rows at the top that head columns.
        header_cols: Columns at the left that head rows.
    """

    place: Place
    cells: Sequence[RawCell]
    widths: Sequence[int]
    header_rows: int
    header_cols: int = 0


def add_table(
    draft: Draft,
    raw: RawTable,
    *,
    caption: str | None = None,
    number: str | None = None,
    anchor: str | None = None,
) -> int:
    """Type the cells and columns of a table and add it; returns its index."""
    n_cols = max([*(cell.col + cell.col_span for cell in raw.cells), *raw.widths], default=0)
    typed = [(cell, _value(cell)) for cell in raw.cells]
    by_column: defaultdict[int, list[tuple[RawCell, Value]]] = defaultdict(list)
    for cell, value in typed:
        if not _heads(cell, raw):
            by_column[cell.col].append((cell, value))
    headers = column_headers(raw, n_cols)
    return draft.table(
        raw.place,
        cells=[_cell(draft, cell, value, raw) for cell, value in typed],
        columns=[_column(headers[col], by_column[col]) for col in range(n_cols)],
        declared_widths=raw.widths,
        header_rows=raw.header_rows,
        header_cols=raw.header_cols,
        layout=_is_layout(raw, n_cols),
        caption=caption,
        number=number,
        anchor=anchor,
    )


def column_headers(raw: RawTable, n_cols: int) -> list[tuple[str, ...]]:
    """The texts that head each column, from the top level down, each level once."""
    headers: list[list[str]] = [[] for _ in range(n_cols)]
    for cell in raw.cells:
        if cell.row < raw.header_rows:
            text = " ".join(cell.prose.text.split())
            for path in headers[cell.col : cell.col + cell.col_span]:
                if text and text not in path:
                    path.append(text)
    return [tuple(path) for path in headers]


def _heads(cell: RawCell, raw: RawTable) -> bool:
    return cell.row < raw.header_rows or cell.col < raw.header_cols


def _cell(draft: Draft, cell: RawCell, value: Value, raw: RawTable) -> Cell:
    in_row, in_column = cell.col < raw.header_cols, cell.row < raw.header_rows
    is_data = not (in_row or in_column)
    return Cell(
        row=cell.row,
        col=cell.col,
        row_span=cell.row_span,
        col_span=cell.col_span,
        text=" ".join(cell.prose.text.split()),
        header="both"
        if in_row and in_column
        else "row"
        if in_row
        else "column"
        if in_column
        else "none",
        value=value.value if is_data else None,
        unit=value.unit if is_data else None,
        span=draft.source.span(*cell.place) if cell.place else None,
        formulas=tuple(mark.entity for mark in cell.prose.marks if mark.entity is not None),
    )


def _value(cell: RawCell) -> Value:
    value = read_value(cell.prose.text)
    if value.dtype == "text":
        text = cell.prose.text.strip()
        if any(m.kind == "formula" and m.end - m.start >= len(text) for m in cell.prose.marks):
            return _FORMULA
    return value


def _column(path: tuple[str, ...], cells: Sequence[tuple[RawCell, Value]]) -> Column:
    dtype, deviants = column_type([(cell.row, value.dtype) for cell, value in cells])
    units = {value.unit for _, value in cells if value.value is not None}
    unit = next((unit for header in reversed(path) if (unit := unit_of_header(header))), None)
    if unit is None and len(units) == 1:
        unit = next(iter(units))
    return Column(path=path, dtype=dtype, unit=unit, deviants=deviants)


def _is_layout(raw: RawTable, n_cols: int) -> bool:
    """Whether it arranges text rather than holding data: one cell wide or high, or no text."""
    if len(raw.widths) <= 1 or n_cols <= 1:
        return True
    return not any(cell.prose.text.strip() for cell in raw.cells)


def declared_count(options: Mapping[str, str], name: str) -> int:
    """Give how many header rows or columns a directive declares; 0 if that is no number."""
    value = options.get(name, "")
    return int(value) if value.isdecimal() and len(value) < 6 else 0
