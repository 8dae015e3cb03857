"""The rules that every IR keeps, whoever made it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from itertools import pairwise
from uuid import UUID

import attrs
import orjson

from eventdocs.errors import InvalidIRError
from eventdocs.ir._canonical import canonical_json, content_key
from eventdocs.ir._entities import (
    IR_SCHEMA,
    Cell,
    Column,
    CrossReference,
    Definition,
    DocumentIR,
    Edge,
    Entity,
    Formula,
    Identity,
    Issue,
    Provenance,
    Resolution,
    Section,
    SourceSpan,
    Symbol,
    Table,
    Variable,
)
from eventdocs.ir._json import entity_to_dict, to_dict
from eventdocs.ir._order import edge_order, issue_order
from eventdocs.ir._terms import normalise_term
from eventdocs.types import JSONObject

_DIGEST = re.compile(r"[0-9a-f]{64}")
_NULL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
"""The character as JSON spells it; a text about it has one more backslash."""

_FIELDS: dict[type, tuple[str, ...]] = {
    cls: tuple(field.name for field in attrs.fields(cls))
    for cls in (
        *(DocumentIR, Section, Definition, Formula, Table, CrossReference, Edge, Issue, Identity),
        *(SourceSpan, Provenance, Symbol, Resolution, Variable, Cell, Column),
    )
}


def check(ir: DocumentIR) -> None:
    """Make sure that *ir* keeps the model's rules.

    Spans lie within bounds, ids are unique, what is referred to exists, states agree
    with their targets, cells stand in order inside their grid, keys are what their
    content says, and everything can be written as JSON.

    Raises:
        InvalidIRError: All problems at once, each with its path.
    """
    problems = list(_problems(ir))
    if not problems:
        problems = list(_unwritable(ir))
    if problems:
        raise InvalidIRError(problems)


def _problems(ir: DocumentIR) -> Iterator[str]:
    if ir.schema != IR_SCHEMA:
        yield f"ir.schema: {ir.schema} is not {IR_SCHEMA}"
    if ir.version < 1:
        yield f"ir.version: {ir.version} is less than 1"
    if not _DIGEST.fullmatch(ir.source):
        yield "ir.source: not 64 lower-case hexadecimal digits"
    by_id = {each.id.entity_id: each for each in ir.entities}
    yield from _uniqueness(ir)
    for n, entity in enumerate(ir.entities):
        path = f"ir.entities[{n}]"
        for part, span in _spans(entity):
            yield from _span(span, f"{path}.{part}")
        yield from _provenance(entity.prov, f"{path}.prov")
        yield from _entity(entity, path, by_id)
    for n, edge in enumerate(ir.edges):
        for end, entity_id in (("source", edge.source), ("target", edge.target)):
            if entity_id not in by_id:
                yield f"ir.edges[{n}].{end}: no entity has the id {entity_id}"
    for n, issue in enumerate(ir.issues):
        yield from _span(issue.span, f"ir.issues[{n}].span")
        yield from _known(issue.entities, by_id, f"ir.issues[{n}].entities")


def _uniqueness(ir: DocumentIR) -> Iterator[str]:
    ids: dict[UUID, int] = {}
    contents: dict[tuple[str, int], int] = {}
    for n, entity in enumerate(ir.entities):
        first = ids.setdefault(entity.id.entity_id, n)
        if first != n:
            yield f"ir.entities[{n}].id.entity_id: also the id of ir.entities[{first}]"
        first = contents.setdefault((entity.id.content_key, entity.id.ordinal), n)
        if first != n:
            yield f"ir.entities[{n}].id: same content key and ordinal as ir.entities[{first}]"
    if any(first >= second for first, second in pairwise(map(edge_order, ir.edges))):
        yield "ir.edges: not sorted, or one of them twice"
    if list(ir.issues) != sorted(ir.issues, key=issue_order):
        yield "ir.issues: not sorted by place"
    if len({each.fingerprint for each in ir.issues}) != len(ir.issues):
        yield "ir.issues: two of them share a fingerprint"


def _spans(entity: Entity) -> Iterator[tuple[str, SourceSpan]]:
    yield "span", entity.span
    if isinstance(entity, Definition):
        yield "body_span", entity.body_span
    if isinstance(entity, Table):
        for n, cell in enumerate(entity.cells):
            if cell.span is not None:
                yield f"cells[{n}].span", cell.span


def _span(span: SourceSpan, path: str) -> Iterator[str]:
    if not _DIGEST.fullmatch(span.source):
        yield f"{path}.source: not 64 lower-case hexadecimal digits"
    if (span.start is None) != (span.end is None):
        yield f"{path}: start and end are given together or not at all"
    elif span.start is not None and span.end is not None and not 0 <= span.start <= span.end:
        yield f"{path}: {span.start} to {span.end} is no range of characters"
    if span.line is not None and span.line < 1:
        yield f"{path}.line: {span.line} is less than 1"
    if span.page is not None and span.page < 1:
        yield f"{path}.page: {span.page} is less than 1"
    if span.bbox is not None and not all(map(math.isfinite, span.bbox)):
        yield f"{path}.bbox: {span.bbox} holds a number that is not finite"
    on_page = span.page is not None and span.bbox is not None
    if span.start is None and span.path is None and not on_page:
        yield f"{path}: neither characters nor a path nor a box on a page"


def _provenance(prov: Provenance, path: str) -> Iterator[str]:
    if not 0.0 <= prov.confidence <= 1.0:
        yield f"{path}.confidence: {prov.confidence} is not from 0 to 1"


def _entity(entity: Entity, path: str, by_id: dict[UUID, Entity]) -> Iterator[str]:
    if entity.id.ordinal < 0:
        yield f"{path}.id.ordinal: {entity.id.ordinal} is less than 0"
    if entity.id.content_key != content_key(entity):
        yield f"{path}.id.content_key: not the key of its content"
    match entity:
        case Section():
            yield from _section(entity, path, by_id)
        case Definition():
            yield from _definition(entity, path)
        case Formula():
            yield from _formula(entity, path, by_id)
        case Table():
            yield from _table(entity, path, by_id)
        case CrossReference():
            yield from _resolution(entity.resolution, by_id, f"{path}.resolution")


def _section(section: Section, path: str, by_id: dict[UUID, Entity]) -> Iterator[str]:
    if section.level < 1:
        yield f"{path}.level: {section.level} is less than 1"
    if section.parent is not None and not isinstance(by_id.get(section.parent), Section):
        yield f"{path}.parent: no section has the id {section.parent}"


def _definition(definition: Definition, path: str) -> Iterator[str]:
    if not definition.term_key:
        yield f"{path}.term_key: empty"
    elif definition.term_key != normalise_term(definition.term):
        yield f"{path}.term_key: not the normal form of {definition.term!r}"
    if definition.term_key in definition.aliases:
        yield f"{path}.aliases: the term's own key is among them"


def _formula(formula: Formula, path: str, by_id: dict[UUID, Entity]) -> Iterator[str]:
    if (formula.parsed == "opaque") != (formula.mathml is None):
        yield f"{path}: opaque formulas, and only those, have no MathML"
    if formula.defines is not None and formula.relation is None:
        yield f"{path}.relation: missing, though it defines {formula.defines.key}"
    seen: set[str] = set()
    for n, variable in enumerate(formula.variables):
        yield from _variable(variable, f"{path}.variables[{n}]", seen, by_id)


def _variable(
    variable: Variable, path: str, seen: set[str], by_id: dict[UUID, Entity]
) -> Iterator[str]:
    if variable.count < 1:
        yield f"{path}.count: {variable.count} is less than 1"
    if variable.symbol.key in seen:
        yield f"{path}.symbol: {variable.symbol.key} is there twice"
    seen.add(variable.symbol.key)
    yield from _resolution(variable.resolution, by_id, f"{path}.resolution")


def _table(table: Table, path: str, by_id: dict[UUID, Entity]) -> Iterator[str]:
    if len(table.columns) != table.n_cols:
        yield f"{path}.columns: {len(table.columns)} for {table.n_cols} columns"
    if len(table.declared_widths) != table.n_rows:
        yield f"{path}.declared_widths: {len(table.declared_widths)} for {table.n_rows} rows"
    if not 0 <= table.header_rows <= table.n_rows or not 0 <= table.header_cols <= table.n_cols:
        yield f"{path}: more header rows or columns than there are rows or columns"
    places = [(cell.row, cell.col) for cell in table.cells]
    if places != sorted(places):
        yield f"{path}.cells: not sorted by row and column"
    taken: dict[tuple[int, int], int] = {}
    for n, cell in enumerate(table.cells):
        at = f"{path}.cells[{n}]"
        bottom, right = cell.row + cell.row_span, cell.col + cell.col_span
        if cell.row_span < 1 or cell.col_span < 1:
            yield f"{at}: spans no row or no column"
        elif cell.row < 0 or cell.col < 0 or bottom > table.n_rows or right > table.n_cols:
            yield f"{at}: outside the grid of {table.n_rows} x {table.n_cols}"
        else:
            grid = [(row, col) for row in range(cell.row, bottom) for col in range(cell.col, right)]
            clashes = {taken.setdefault(place, n) for place in grid} - {n}
            yield from (f"{at}: overlaps cells[{other}]" for other in sorted(clashes))
        yield from _value(cell.value, f"{at}.value")
        for formula_id in cell.formulas:
            if not isinstance(by_id.get(formula_id), Formula):
                yield f"{at}.formulas: no formula has the id {formula_id}"


def _value(value: object, path: str) -> Iterator[str]:
    if value is not None and type(value) not in (int, bool, Decimal, date):
        yield f"{path}: a {type(value).__name__} is not a cell's value"
    if isinstance(value, Decimal) and not value.is_finite():
        yield f"{path}: {value} is not a finite number"


def _resolution(resolution: Resolution, by_id: dict[UUID, Entity], path: str) -> Iterator[str]:
    if (resolution.state == "resolved") != (resolution.target is not None):
        yield f"{path}.target: set for what is resolved, and only for that"
    count = len(resolution.candidates)
    if (count < 2) if resolution.state == "ambiguous" else (count > 0):
        yield f"{path}.candidates: several for what is ambiguous, none otherwise"
    if resolution.target is not None:
        yield from _known([resolution.target], by_id, f"{path}.target")
    yield from _known(resolution.candidates, by_id, f"{path}.candidates")


def _known(ids: Iterable[UUID], by_id: dict[UUID, Entity], path: str) -> Iterator[str]:
    yield from (f"{path}: no entity has the id {each}" for each in ids if each not in by_id)


def _unwritable(ir: DocumentIR) -> Iterator[str]:
    """Find text and numbers that JSON, or a database, refuses."""
    # Bit by bit: as JSON values, a long document is many times what it is as entities.
    suspects = [each for each in (attrs.evolve(ir, entities=()), *ir.entities) if _is_suspect(each)]
    try:
        holds_null = any(_NULL.search(canonical_json(_written(each))) for each in suspects)
    except InvalidIRError:
        yield from _problems_of_all(ir)
        return
    if holds_null:
        yield "ir: text holds the character U+0000, which databases refuse"


def _is_suspect(value: DocumentIR | Entity) -> bool:
    """Whether JSON may refuse something in *value*; a look that is quick, as nearly nothing is."""
    try:
        return rb"\u0000" in orjson.dumps(value, default=_plain)
    except orjson.JSONEncodeError:
        return True


def _plain(value: object) -> list[object] | str:
    if isinstance(value, Decimal):
        return str(value)
    return [getattr(value, name) for name in _FIELDS[type(value)]]


def _written(value: DocumentIR | Entity) -> JSONObject:
    return to_dict(value) if isinstance(value, DocumentIR) else entity_to_dict(value)


def _problems_of_all(ir: DocumentIR) -> Sequence[str]:
    """Name the places as paths into the whole."""
    try:
        canonical_json(to_dict(ir))
    except InvalidIRError as error:
        return error.problems
    return ()
