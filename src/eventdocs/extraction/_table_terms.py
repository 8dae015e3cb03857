"""Terms in tables: rows that say what a symbol, term or parameter is."""

from __future__ import annotations

import re

import attrs

from eventdocs.extraction._draft import Draft, Place
from eventdocs.extraction._formulas import read_symbol
from eventdocs.extraction._tables import RawCell, RawTable, column_headers
from eventdocs.extraction._units import known_unit, unit_in_text, unit_of_header
from eventdocs.extraction._values import read_value
from eventdocs.ir import Symbol

__all__ = ["define_rows"]

_SYMBOLS = {"symbol", "notation", "variable"}
_NAMES = {
    "term", "defined term", "parameter", "parameter name", "variable", "quantity", "constant", "name",
    "abbreviation", "acronym", "coefficient", "short form",
}  # fmt: skip
_BODIES = ("definition", "meaning", "description", "explanation", "interpretation", "stands for")
_VALUES = ("value", "default", "default value", "setting", "threshold", "limit", "amount", "level")
_UNITS = {"unit", "units", "unit of measure", "dimension"}
_BRACKETS = re.compile(r"\s*[(\[].*?[)\]]\s*$")
_PLAIN_SYMBOL = re.compile(r"[^\W\d_]'?(?:_(?:\w{1,8}|\{[^{}]{1,12}\}))?")


@attrs.frozen
class _Roles:
    """Which column says what."""

    symbol: int | None
    name: int | None
    body: int | None
    value: int | None
    unit: int | None
    unit_of_values: str | None


def define_rows(draft: Draft, raw: RawTable) -> None:
    """Add a definition for each row, if the header says that rows define something."""
    if raw.header_rows == 0 or len(raw.widths) <= raw.header_rows:
        return
    n_cols = max(cell.col + cell.col_span for cell in raw.cells)
    roles = _roles(column_headers(raw, n_cols))
    if roles is None:
        return
    rows: dict[int, dict[int, RawCell]] = {}
    for cell in raw.cells:
        if cell.row >= raw.header_rows and cell.col_span == 1:
            rows.setdefault(cell.row, {})[cell.col] = cell
    for row in rows.values():
        _define(draft, row, roles)


def _roles(headers: list[tuple[str, ...]]) -> _Roles | None:
    names = [_BRACKETS.sub("", path[-1] if path else "").strip(" *.:").lower() for path in headers]
    symbol = _first(names, _SYMBOLS)
    body = next((names.index(each) for each in _BODIES if each in names), None)
    value = next((names.index(each) for each in _VALUES if each in names), None)
    unit = _first(names, _UNITS)
    name = next((n for n, each in enumerate(names) if each in _NAMES and n != symbol), None)
    if name is None and symbol is not None:
        # Whatever stands before the symbol is what it is called.
        name = next((n for n in range(symbol) if n not in {body, value, unit}), None)
    defines = symbol is not None or (name is not None and names[name] != "name")
    if not defines or (body is None and value is None and unit is None and None in {symbol, name}):
        return None
    header = headers[value][-1] if value is not None and headers[value] else ""
    return _Roles(symbol, name, body, value, unit, unit_of_header(header))


def _first(names: list[str], wanted: set[str]) -> int | None:
    return next((n for n, each in enumerate(names) if each in wanted), None)


def _define(draft: Draft, row: dict[int, RawCell], roles: _Roles) -> None:
    symbol_cell, name_cell = _at(row, roles.symbol), _at(row, roles.name)
    body_cell, value_cell = _at(row, roles.body), _at(row, roles.value)
    told = body_cell or value_cell
    term_cell = name_cell or symbol_cell
    if told is None and symbol_cell is not None:
        # Nothing but a symbol and its name: the name is what the symbol means.
        term_cell, told = symbol_cell, name_cell or _at(row, roles.unit)
    if term_cell is None or told is None or not (term_cell.place and told.place):
        return
    symbol = _symbol(symbol_cell) or _symbol(term_cell)
    body = told.prose.text
    if body_cell is not None and value_cell is not None and value_cell.prose.text.strip():
        body = f"{body} ({value_cell.prose.text.strip()})"
    place: Place = (min(term_cell.place[0], told.place[0]), max(term_cell.place[1], told.place[1]))
    if symbol_cell is not None and symbol_cell.place is not None:
        place = (min(place[0], symbol_cell.place[0]), max(place[1], symbol_cell.place[1]))
    aliases = (
        [symbol_cell.prose.text] if symbol_cell is not None and symbol_cell is not term_cell else []
    )
    draft.definition(
        place,
        term=term_cell.prose.text,
        body=body,
        body_place=told.place,
        form="table_row",
        symbol=symbol,
        aliases=aliases,
        unit=_unit(row, roles, value_cell, body_cell),
        method="markup",
        confidence=0.9,
    )


def _at(row: dict[int, RawCell], col: int | None) -> RawCell | None:
    cell = row.get(col) if col is not None else None
    return cell if cell is not None and cell.prose.text.strip() else None


def _symbol(cell: RawCell | None) -> Symbol | None:
    if cell is None:
        return None
    formulas = [mark for mark in cell.prose.marks if mark.kind == "formula"]
    text = cell.prose.text.strip()
    if len(formulas) == 1 and formulas[0].end - formulas[0].start >= len(text):
        return read_symbol(formulas[0].content)
    return read_symbol(text) if not formulas and _PLAIN_SYMBOL.fullmatch(text) else None


def _unit(
    row: dict[int, RawCell], roles: _Roles, value: RawCell | None, body: RawCell | None
) -> str | None:
    cell = _at(row, roles.unit)
    if cell is not None:
        text = cell.prose.text.strip()
        return known_unit(text) or (text if len(text) <= 40 else None)
    if value is not None:
        found = read_value(value.prose.text).unit
        if found:
            return found
    return roles.unit_of_values or (unit_in_text(body.prose.text) if body is not None else None)
