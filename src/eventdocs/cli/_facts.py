"""What a person wants to know of a document's meaning, gathered from its IR."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from eventdocs.ir import (
    CrossReference,
    Definition,
    Entity,
    Formula,
    Section,
    Table,
    name_of,
    spell,
)

if TYPE_CHECKING:
    from eventdocs.ir import DocumentIR, Issue, Resolution

_THINGS = {
    "bibliography": "its entry in the bibliography",
    "footnote": "its note",
    "top": "the beginning of the document",
}
"""What is no entity and can be pointed at all the same."""

SAID_BY_NATURE = frozenset({"index", "bound", "operator", "constant"})
"""Roles of symbols that nobody looks up."""


@attrs.frozen(kw_only=True)
class DefinitionFacts:
    """A term and what it means."""

    id: UUID
    term: str
    symbol: str | None
    body: str
    form: str
    unit: str | None
    section: str
    line: int | None


@attrs.frozen(kw_only=True)
class VariableFacts:
    """A symbol in a formula, and where it comes from.

    Attributes:
        symbol: As it is spelled.
        role: What it does in the formula.
        state: Whether its origin was found.
        origin: That place, named for people; empty if there is none.
        target: The entity there.
        value: The value that a table gives it.
        unit: Unit of that value.
    """

    symbol: str
    role: str
    state: str
    origin: str
    target: UUID | None
    value: str | None = None
    unit: str | None = None


@attrs.frozen(kw_only=True)
class FormulaFacts:
    """A formula and its variables; indices and constants are left out."""

    id: UUID
    number: str | None
    anchor: str | None
    latex: str
    text: str
    display: bool
    defines: str | None
    section: str
    line: int | None
    variables: tuple[VariableFacts, ...]


@attrs.frozen(kw_only=True)
class TableFacts:
    """A table, its rows as texts in a full grid."""

    id: UUID
    number: str | None
    caption: str | None
    section: str
    line: int | None
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    is_numeric: tuple[bool, ...]


@attrs.frozen(kw_only=True)
class ReferenceFacts:
    """A cross-reference and whether it leads anywhere."""

    id: UUID
    text: str
    raw_target: str
    type: str
    state: str
    target: UUID | None
    points_at: str
    section: str
    line: int | None


@attrs.frozen(kw_only=True)
class FindingFacts:
    """Something wrong with the document, and where."""

    code: str
    severity: str
    message: str
    suggestion: str
    section: str
    line: int | None
    fingerprint: str


@attrs.frozen(kw_only=True)
class Facts:
    """Everything about one revision, each kind in reading order."""

    definitions: tuple[DefinitionFacts, ...]
    formulas: tuple[FormulaFacts, ...]
    tables: tuple[TableFacts, ...]
    references: tuple[ReferenceFacts, ...]
    findings: tuple[FindingFacts, ...]


def facts_of(ir: DocumentIR) -> Facts:
    """Gather the facts of *ir*."""
    return _Gathering(ir).facts()


class _Gathering:
    def __init__(self, ir: DocumentIR) -> None:
        self.ir = ir
        self.by_id: dict[UUID, Entity] = {each.id.entity_id: each for each in ir.entities}
        self.tables = [each for each in ir.entities if isinstance(each, Table) and not each.layout]
        self.placed_tables = sorted(
            (each for each in self.tables if each.span.start is not None), key=_start
        )
        self.table_starts = [_start(each) for each in self.placed_tables]
        self.undefined = {
            entity
            for issue in ir.issues
            if issue.code == "undefined-variable"
            for entity in issue.entities
        }

    def facts(self) -> Facts:
        return Facts(
            definitions=tuple(self.definitions()),
            formulas=tuple(self.formulas()),
            tables=tuple(map(_table, self.tables)),
            references=tuple(self.references()),
            findings=tuple(self.findings()),
        )

    def definitions(self) -> Iterator[DefinitionFacts]:
        for each in self.ir.entities:
            if isinstance(each, Definition):
                yield DefinitionFacts(
                    id=each.id.entity_id,
                    term=each.term,
                    symbol=spell(each.symbol) if each.symbol else None,
                    body=each.body,
                    form=each.form,
                    unit=each.unit,
                    section=section_of(each),
                    line=each.span.line,
                )

    def formulas(self) -> Iterator[FormulaFacts]:
        for each in self.ir.entities:
            if isinstance(each, Formula):
                yield FormulaFacts(
                    id=each.id.entity_id,
                    number=each.number,
                    anchor=each.id.anchor,
                    latex=each.latex,
                    text=each.text or each.raw,
                    display=each.display,
                    defines=spell(each.defines) if each.defines else None,
                    section=section_of(each),
                    line=each.span.line,
                    variables=tuple(self.variables(each)),
                )

    def variables(self, formula: Formula) -> Iterator[VariableFacts]:
        for each in formula.variables:
            resolution = each.resolution
            if each.role in SAID_BY_NATURE and resolution.target is None:
                continue
            if resolution.state == "ignored":
                continue
            state: str = resolution.state
            if state == "dangling":
                state = "undefined" if formula.id.entity_id in self.undefined else "unknown"
            target = self.by_id[resolution.target] if resolution.target else None
            given = target if isinstance(target, Definition) else None
            if given is not None and given.form != "table_row":
                given = None
            yield VariableFacts(
                symbol=spell(each.symbol),
                role=each.role,
                state=state,
                origin=self.origin(resolution),
                target=resolution.target,
                value=given.body if given else None,
                unit=given.unit if given else None,
            )

    def origin(self, resolution: Resolution) -> str:
        if resolution.target is not None:
            return self.named(resolution.target)
        return " or ".join(self.each_once(resolution.candidates))

    def each_once(self, candidates: Sequence[UUID]) -> Iterator[str]:
        """Name what goes by one name once, with its number and places."""
        names = {each: self.named(each) for each in candidates}
        for name, count in Counter(names.values()).items():
            lines = [
                str(line)
                for each in candidates
                if names[each] == name and (line := self.by_id[each].span.line) is not None
            ]
            places = f", lines {', '.join(lines)}" if lines else ""
            yield name if count == 1 else f"{name} ({count} of them{places})"

    def named(self, entity_id: UUID) -> str:
        """Name an entity as a text would refer to it."""
        entity = self.by_id[entity_id]
        if isinstance(entity, Definition) and entity.form == "table_row":
            table = self.table_around(entity)
            place = f"{referred(table)}, " if table else ""
            unit = f" {entity.unit}" if entity.unit else ""
            return f"{place}{entity.term} = {entity.body}{unit}"
        return referred(entity)

    def table_around(self, definition: Definition) -> Table | None:
        """Find the table that gives *definition*, the last to begin before it."""
        start = definition.span.start
        if start is None:
            return None
        at = bisect_right(self.table_starts, start) - 1
        table = self.placed_tables[at] if at >= 0 else None
        return table if table is not None and _is_inside(definition, table) else None

    def references(self) -> Iterator[ReferenceFacts]:
        for each in self.ir.entities:
            if isinstance(each, CrossReference):
                resolution = each.resolution
                yield ReferenceFacts(
                    id=each.id.entity_id,
                    text=each.text,
                    raw_target=each.raw_target,
                    type=each.reference_type,
                    state=resolution.state,
                    target=resolution.target,
                    points_at=self.pointed_at(each),
                    section=section_of(each),
                    line=each.span.line,
                )

    def pointed_at(self, reference: CrossReference) -> str:
        """Name what a reference points at, as far as that is known."""
        resolution = reference.resolution
        match resolution.state:
            case "ignored":
                return _THINGS.get(resolution.by, f"a {resolution.by}")
            case "external" if reference.reference_type in ("citation", "footnote"):
                return f"{reference.raw_target}, outside the document"
            case "external":
                return reference.target_document or reference.raw_target
            case _:
                return self.origin(resolution)

    def findings(self) -> Iterator[FindingFacts]:
        for each in self.ir.issues:
            about = self.by_id.get(each.entities[0]) if each.entities else None
            yield finding_facts(each, about)


def finding_facts(issue: Issue, about: Entity | None) -> FindingFacts:
    """Gather the facts of one finding; *about* is the entity most to blame."""
    return FindingFacts(
        code=issue.code,
        severity=issue.severity,
        message=issue.message,
        suggestion=issue.suggestion,
        section=section_of(about) if about else "",
        line=issue.span.line,
        fingerprint=issue.fingerprint,
    )


def section_of(entity: Entity) -> str:
    """Name the section that *entity* stands in."""
    return entity.section[-1] if entity.section else ""


def referred(entity: Entity) -> str:
    """Name *entity* with its kind, as a text would refer to it."""
    name = name_of(entity)
    match entity:
        case Section():
            return name
        case Formula():
            return f"equation ({entity.number})" if entity.number else f"formula {name}"
        case Table():
            return f"Table {entity.number}" if entity.number else f"table {name}"
        case Definition():
            is_symbol = entity.symbol is not None and entity.symbol.base in entity.term
            return entity.body if is_symbol else f"{name}: {entity.body}"
        case CrossReference():
            return f"reference {name}"


def _table(table: Table) -> TableFacts:
    texts = {(cell.row, cell.col): cell.text for cell in table.cells}
    return TableFacts(
        id=table.id.entity_id,
        number=table.number,
        caption=table.caption,
        section=section_of(table),
        line=table.span.line,
        columns=tuple(" / ".join(column.path) for column in table.columns),
        rows=tuple(
            tuple(texts.get((row, col), "") for col in range(table.n_cols))
            for row in range(table.header_rows, table.n_rows)
        ),
        is_numeric=tuple(
            column.dtype in ("integer", "decimal", "percent") for column in table.columns
        ),
    )


def _start(table: Table) -> int:
    return table.span.start or 0


def _is_inside(definition: Definition, table: Table) -> bool:
    inner, outer = definition.span, table.span
    if inner.start is None or outer.start is None or outer.end is None:
        return False
    return outer.start <= inner.start < outer.end
