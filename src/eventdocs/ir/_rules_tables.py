"""Rules about tables: their shape, the types of their columns, their units."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from eventdocs.ir._entities import Cell, Definition, Formula, Table
from eventdocs.ir._findings import Evidence, Finding
from eventdocs.ir._names import name_of, shorten
from eventdocs.ir._parameters import parameters_of

_NOTHING = frozenset({"", "-", "–", "—", "n/a", "na", "n.a.", "none", "nil", "*", "…", "..."})
_FEW = 4
_ONE_UNIT = {
    "%": "%", "percent": "%", "per cent": "%", "pct": "%", "bp": "bps", "basis points": "bps",
}  # fmt: skip


def ragged_rows(document: Evidence) -> Iterator[Finding]:
    """Report rows with more or fewer cells than the table has columns."""
    for table in document.all(Table):
        widths = _widths(table)
        if table.layout or len(widths) < 2:
            continue
        expected = _expected(table, widths)
        if _header_differs(table, widths):
            continue
        first: dict[int, Cell] = {}
        for cell in table.cells:
            first.setdefault(cell.row, cell)
        for row, width in enumerate(widths):
            if width != expected:
                at = first.get(row)
                yield Finding(
                    code="ragged-row",
                    severity="error" if width > expected else "warning",
                    entities=(table,),
                    message=f"Row {row + 1} of table {name_of(table)} has {width} cells "
                    f"instead of {expected}.",
                    suggestion="Add the missing cells, or join or escape the surplus ones.",
                    data={"row": row, "cells": width, "columns": expected},
                    span=None if at is None else at.span,
                    subject=(*_subject(table), "" if at is None else shorten(at.text)),
                )


def header_mismatch(document: Evidence) -> Iterator[Finding]:
    """Report tables whose rows agree with each other and not with the header."""
    for table in document.all(Table):
        widths = _widths(table)
        if not table.layout and _header_differs(table, widths):
            body = widths[table.header_rows]
            yield Finding(
                code="header-mismatch",
                severity="warning",
                entities=(table,),
                message=f"The header of table {name_of(table)} has {widths[0]} cells, "
                f"its rows have {body}.",
                suggestion="Name every column, and only those.",
                data={"header": widths[0], "rows": body},
                subject=_subject(table),
            )


def overlapping_cells(document: Evidence) -> Iterator[Finding]:
    """Report cells whose spans claim the same place."""
    for table in document.all(Table):
        taken: dict[tuple[int, int], Cell] = {}
        clashes: dict[tuple[str, str], tuple[int, int]] = {}
        for cell in table.cells:
            for row in range(cell.row, cell.row + cell.row_span):
                for col in range(cell.col, cell.col + cell.col_span):
                    other = taken.setdefault((row, col), cell)
                    if other is not cell:
                        clashes.setdefault((shorten(other.text), shorten(cell.text)), (row, col))
        for (one, other_text), (row, col) in clashes.items():
            yield Finding(
                code="overlapping-cells",
                severity="error",
                entities=(table,),
                message=f"The cells {one!r} and {other_text!r} of table {name_of(table)} overlap.",
                suggestion="Correct the row or column spans.",
                data={"row": row, "column": col},
                subject=(*_subject(table), one, other_text),
            )


def mixed_columns(document: Evidence) -> Iterator[Finding]:
    """Report the few cells whose type differs from the rest of their column."""
    for table in document.all(Table):
        by_place = {(cell.row, cell.col): cell for cell in table.cells}
        for col, column in enumerate(table.columns):
            deviants = [
                row
                for row in column.deviants
                if (cell := by_place.get((row, col))) is not None
                and cell.text.strip().casefold() not in _NOTHING
            ]
            rows = table.n_rows - table.header_rows
            if table.layout or not deviants or len(deviants) * _FEW > max(rows, _FEW):
                continue
            texts = [by_place[row, col].text for row in deviants]
            heading = " / ".join(column.path) or f"column {col + 1}"
            yield Finding(
                code="mixed-column",
                severity="warning",
                entities=(table,),
                message=f"{heading!r} in table {name_of(table)} holds {_type_name(column.dtype)}, "
                f"but {shorten(texts[0])!r} is none.",
                suggestion="Correct the value, or move the remark out of the column.",
                data={"column": col, "rows": [*deviants], "type": column.dtype},
                span=by_place[deviants[0], col].span,
                subject=(*_subject(table), heading, *texts),
            )


def unit_mismatch(document: Evidence) -> Iterator[Finding]:
    """Report quantities that have one unit here and another there."""
    for table in document.all(Table):
        by_column: dict[int, list[Cell]] = defaultdict(list)
        for cell in table.cells:
            by_column[cell.col].append(cell)
        for col, column in enumerate(table.columns):
            for cell in by_column[col]:
                if _differ(cell.unit, column.unit):
                    heading = " / ".join(column.path) or f"column {col + 1}"
                    yield Finding(
                        code="unit-mismatch",
                        severity="warning",
                        entities=(table,),
                        message=f"{shorten(cell.text)!r} in table {name_of(table)} is in "
                        f"{cell.unit}, its column {heading!r} in {column.unit}.",
                        suggestion="Convert the value, or state the unit in every cell.",
                        data={"row": cell.row, "column": col, "units": [cell.unit, column.unit]},
                        span=cell.span,
                        subject=(*_subject(table), heading, cell.text),
                    )
        yield from _against_definitions(table, document)
    yield from _formulas(document)


def _against_definitions(table: Table, document: Evidence) -> Iterator[Finding]:
    for parameter in parameters_of(table, document.by_id):
        if parameter.unit is None:
            continue
        keys = {each.key for each in parameter.symbols}
        meanings = [each for key in parameter.term_keys for each in document.meanings.of_term(key)]
        for symbol in parameter.symbols:
            meanings.extend(document.meanings.of_symbol(symbol.key))
        for meaning in dict.fromkeys(meanings):
            definition = document.by_id[meaning.entity]
            same = definition if isinstance(definition, Definition) else None
            if same is None or (same.symbol is not None and keys and same.symbol.key not in keys):
                continue
            if _differ(parameter.unit, same.unit):
                yield Finding(
                    code="unit-mismatch",
                    severity="warning",
                    entities=(table, same),
                    message=f"{shorten(parameter.label)!r} is in {parameter.unit} in table "
                    f"{name_of(table)}, but defined in {same.unit}.",
                    suggestion="Use one unit, or say how to convert.",
                    data={"name": parameter.label, "units": [parameter.unit, same.unit]},
                    subject=(*_subject(table), parameter.label),
                )


def _formulas(document: Evidence) -> Iterator[Finding]:
    for edge in document.ir.edges:
        formula, definition = document.by_id[edge.source], document.by_id[edge.target]
        if edge.kind != "defines" or not isinstance(formula, Formula):
            continue
        if isinstance(definition, Definition) and _differ(formula.unit, definition.unit):
            yield Finding(
                code="unit-mismatch",
                severity="warning",
                entities=(formula, definition),
                message=f"{name_of(formula)} is computed in {formula.unit}, but defined in "
                f"{definition.unit}.",
                suggestion="Use one unit, or say how to convert.",
                data={"name": name_of(formula), "units": [formula.unit, definition.unit]},
                subject=(edge.via,),
            )


def _widths(table: Table) -> list[int]:
    """Count the columns that each row fills, with what spans into it."""
    widths = list(table.declared_widths)
    for cell in table.cells:
        if cell.row < len(widths):
            widths[cell.row] += cell.col_span - 1
        for row in range(cell.row + 1, min(cell.row + cell.row_span, len(widths))):
            widths[row] += cell.col_span
    return widths


def _expected(table: Table, widths: list[int]) -> int:
    if table.header_rows:
        return widths[0]
    (common, _), *_ = Counter(widths).most_common(1)
    return common


def _header_differs(table: Table, widths: list[int]) -> bool:
    body = widths[table.header_rows :]
    return (
        table.header_rows > 0
        and len(body) > 1
        and len(set(body)) == 1
        and set(widths[: table.header_rows]).isdisjoint(body)
    )


def _subject(table: Table) -> tuple[str, ...]:
    """Name a table by what hardly ever changes: label, caption, first header row, section."""
    header = [cell.text for cell in table.cells if cell.row == 0 and table.header_rows]
    return (table.id.anchor or table.caption or " | ".join(header), *table.section)


def _differ(one: str | None, other: str | None) -> bool:
    return one is not None and other is not None and _unit(one) != _unit(other)


def _unit(text: str) -> str:
    plain = text.strip().casefold()
    return _ONE_UNIT.get(plain, plain)


def _type_name(dtype: str) -> str:
    names = {"integer": "whole numbers", "decimal": "numbers", "percent": "percentages"}
    return names.get(dtype, f"{dtype}s")
