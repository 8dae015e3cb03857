"""Parameters: what tables say about the quantities that formulas use."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from uuid import UUID

import attrs

from eventdocs.ir._entities import Cell, Entity, Formula, Symbol, Table
from eventdocs.ir._symbols import read_symbol
from eventdocs.ir._terms import normalise_term

_NAMES = """
    symbol parameter parameters variable variables notation name term quantity constant
    coefficient input item
"""
_NAMING = frozenset(_NAMES.split())
_COMPUTES = frozenset("()=<>≤≥≠+*/^|√∑∏∫[]")
_VALUING = frozenset({"value", "values", "default", "amount", "setting", "threshold", "limit"})
_UNITS = frozenset({"unit", "units"})


@attrs.frozen(kw_only=True)
class Parameter:
    """A quantity that a table gives a value, or a column of values.

    Attributes:
        table: The table.
        row: Its row, from 0; None if a whole column is meant.
        label: What the table calls it.
        symbols: Mathematical names that its row gives, or its heading.
        term_keys: Normal forms of what stands in its naming cells.
        column: Column of the value, from 0; None if the row has no value.
        text: The value as written.
        value: The value, typed; None if it is just text.
        unit: Unit of the value.
    """

    table: UUID
    row: int | None
    label: str
    symbols: tuple[Symbol, ...]
    term_keys: tuple[str, ...]
    column: int | None
    text: str
    value: int | Decimal | bool | date | None
    unit: str | None


def parameters_of(table: Table, by_id: Mapping[UUID, Entity]) -> Iterator[Parameter]:
    """Read the rows, then the columns, of *table* as parameters."""
    if table.layout or table.n_cols < 2:
        return
    headings = _headings(table)
    naming = sorted({0, *(col for col, key in headings.items() if key in _NAMING)})
    for row, cells in sorted(_body(table).items()):
        yield from _row(table, row, cells, naming, headings, by_id)
    for cell in table.cells:
        if cell.header == "column" and cell.row + cell.row_span == table.header_rows:
            yield from _column(table, cell, by_id)


def is_mention(formula: Formula) -> bool:
    """Say whether *formula* is nothing but one symbol, as in "the weight $W_i$"."""
    named = [each for each in formula.variables if each.role in ("free", "function", "constant")]
    if formula.defines is not None or formula.relation is not None or len(named) != 1:
        return False
    only = named[0]
    inside = "".join(only.symbol.subscript)
    written = unicodedata.normalize("NFD", formula.text)
    base = unicodedata.normalize("NFD", only.symbol.base.rpartition(":")[2])
    letters = [each for each in written if each.isalnum() and each not in inside]
    return (
        only.count == 1
        and not _COMPUTES.intersection(written)
        and letters == [each for each in base if each.isalnum() and each not in inside]
    )


def _headings(table: Table) -> dict[int, str]:
    return {
        col: normalise_term(column.path[-1]) if column.path else ""
        for col, column in enumerate(table.columns)
    }


def _body(table: Table) -> dict[int, dict[int, Cell]]:
    rows: dict[int, dict[int, Cell]] = {}
    for cell in table.cells:
        if cell.row >= table.header_rows and cell.header != "column":
            rows.setdefault(cell.row, {})[cell.col] = cell
    return rows


def _row(
    table: Table,
    row: int,
    cells: Mapping[int, Cell],
    naming: list[int],
    headings: Mapping[int, str],
    by_id: Mapping[UUID, Entity],
) -> Iterator[Parameter]:
    named_by = [cells[col] for col in naming if col in cells]
    labels = [each for each in named_by if each.text.strip() and each.value is None]
    if not labels:
        return
    value = _value_cell(cells, naming, headings)
    named = bool(set(naming) - {0}) or headings.get(0) in _NAMING
    symbols = tuple(symbol for label in labels for symbol in _symbols(label, by_id, plain=named))
    label = max(labels, key=lambda each: (not each.formulas, len(each.text)))
    unit = next((cell.text.strip() for col, cell in cells.items() if headings[col] in _UNITS), "")
    if symbols or (value is not None and value.value is not None) or named:
        yield Parameter(
            table=table.id.entity_id,
            row=row,
            label=label.text.strip(),
            symbols=symbols,
            term_keys=tuple(dict.fromkeys(normalise_term(each.text) for each in labels)),
            column=value.col if value else None,
            text=value.text.strip() if value else "",
            value=value.value if value else None,
            unit=(unit or value.unit or table.columns[value.col].unit) if value else None,
        )


def _value_cell(
    cells: Mapping[int, Cell], naming: list[int], headings: Mapping[int, str]
) -> Cell | None:
    others = [cell for col, cell in sorted(cells.items()) if col not in naming]
    valued = [cell for cell in others if headings.get(cell.col) in _VALUING]
    typed = [cell for cell in others if cell.value is not None]
    return next(iter([*valued, *typed, *others]), None)


def _column(table: Table, cell: Cell, by_id: Mapping[UUID, Entity]) -> Iterator[Parameter]:
    label = cell.text.strip()
    symbols = _symbols(cell, by_id, plain=False)
    if label and (symbols or len(label) > 1):
        yield Parameter(
            table=table.id.entity_id,
            row=None,
            label=label,
            symbols=symbols,
            term_keys=(normalise_term(label),),
            column=cell.col,
            text="",
            value=None,
            unit=cell.unit or table.columns[cell.col].unit,
        )


def _symbols(cell: Cell, by_id: Mapping[UUID, Entity], *, plain: bool) -> tuple[Symbol, ...]:
    """Find the symbols that a cell names: formulas that are one symbol, or plain letters."""
    found: list[Symbol] = []
    for formula_id in cell.formulas:
        formula = by_id.get(formula_id)
        if isinstance(formula, Formula) and is_mention(formula):
            found.extend(
                each.symbol for each in formula.variables if each.role not in ("index", "bound")
            )
    if not cell.formulas and (plain or not cell.text.isascii()):
        symbol = read_symbol(cell.text.strip())
        found.extend([symbol] if symbol is not None else [])
    return tuple(found)
