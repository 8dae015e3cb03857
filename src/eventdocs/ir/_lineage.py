"""Lineage: where a quantity comes from, step by step, down to tables and constants."""

from __future__ import annotations

from collections import defaultdict, deque
from typing import Literal, TypeAlias
from uuid import UUID

import attrs

from eventdocs.ir._entities import Definition, DocumentIR, Formula, Symbol, Table
from eventdocs.ir._meanings import Meanings
from eventdocs.ir._names import name_of
from eventdocs.ir._parameters import Parameter
from eventdocs.ir._scopes import Groups, Meaning, MeaningKind
from eventdocs.ir._subjects import subject_of
from eventdocs.ir._symbols import is_known, spell

OriginKind: TypeAlias = Literal["formula", "definition", "table", "constant", "undefined"]


@attrs.frozen(kw_only=True)
class Origin:
    """One place that a quantity comes from.

    Attributes:
        name: The quantity, as it is spelled where it is used.
        kind: What says what it is; `undefined` if nothing does.
        entity: The formula, definition or table; None for constants and the undefined.
        parameter: For a table, the row or column, with its value.
        path: Names from the subject down to this one.
    """

    name: str
    kind: OriginKind
    entity: UUID | None
    parameter: Parameter | None = None
    path: tuple[str, ...]


@attrs.frozen(kw_only=True)
class Lineage:
    """Everything that a quantity comes from.

    Attributes:
        subject: The quantity.
        origins: Nearest first, each place once; empty if nothing bears that name.
    """

    subject: str
    origins: tuple[Origin, ...]


def lineage(ir: DocumentIR, subject: UUID | Symbol | str) -> Lineage:
    r"""Trace where a quantity comes from: definitions, formulas, rows of tables, constants.

    What a formula or a definition uses is traced further, in whichever section it stands.

    Args:
        ir: An IR as `assemble` makes it.
        subject: The id of a formula, definition or table, an anchor, a symbol (`W_{i,t}`,
            `λ`, `\lambda`, `lambda`) or a term.
    """
    return _Tracer(ir).trace(subject)


class _Tracer:
    """One walk; what waits are meanings and unexplained symbols, with their names and ways."""

    def __init__(self, ir: DocumentIR) -> None:
        self.meanings = Meanings(ir.entities)
        self.by_id = {each.id.entity_id: each for each in ir.entities}
        self.ir = ir
        self.waiting: deque[tuple[Meaning | Symbol, str, tuple[str, ...]]] = deque()
        self.origins: dict[tuple[UUID | None, str], Origin] = {}
        self.feeding: dict[UUID, list[UUID]] = defaultdict(list)
        for edge in ir.edges:
            if edge.kind == "defines":
                self.feeding[edge.target].append(edge.source)
            elif edge.kind == "uses" and isinstance(self.by_id[edge.target], Formula):
                self.feeding[edge.source].append(edge.target)

    def trace(self, name: UUID | Symbol | str) -> Lineage:
        subject = subject_of(self.ir, self.meanings, name)
        path = (subject.name,)
        if subject.entity is not None:
            self.expand(subject.entity, path)
        elif subject.meanings:
            self.waiting.extend((each, subject.name, path) for each in subject.meanings)
        elif subject.symbols:
            self.unexplained(subject.symbols[0], path)
        while self.waiting:
            origin, its_name, way = self.waiting.popleft()
            if isinstance(origin, Meaning):
                self.visit(origin, its_name, way)
            else:
                self.unexplained(origin, way)
        return Lineage(subject=subject.name, origins=tuple(self.origins.values()))

    def visit(self, meaning: Meaning, name: str, path: tuple[str, ...]) -> None:
        key = (meaning.entity, meaning.parameter.label if meaning.parameter else "")
        if key in self.origins:
            return
        self.origins[key] = Origin(
            name=name,
            kind=_KINDS[meaning.kind],
            entity=meaning.entity,
            parameter=meaning.parameter,
            path=path,
        )
        if meaning.parameter is None:
            self.expand(meaning.entity, path)

    def expand(self, entity_id: UUID, path: tuple[str, ...]) -> None:
        """Queue what an entity uses."""
        match self.by_id[entity_id]:
            case Formula() as formula:
                for variable in formula.variables:
                    if variable.role not in ("index", "bound", "operator"):
                        self.use(variable.symbol, entity_id, path)
            case Definition() as definition:
                for key in definition.uses:
                    self.enqueue(self.meanings.find_term(key, entity_id), key, (*path, key))
                self.feed(entity_id, path)
            case Table():
                self.feed(entity_id, path)
            case _:
                pass

    def feed(self, entity_id: UUID, path: tuple[str, ...]) -> None:
        """Queue the formulas that stand in an entity or compute what it defines."""
        for formula_id in self.feeding[entity_id]:
            formula = self.by_id[formula_id]
            if isinstance(formula, Formula):
                name = name_of(formula)
                way = path if path[-1] == name else (*path, name)
                self.waiting.append((self.meanings.at_formula(formula), name, way))

    def use(self, symbol: Symbol, at: UUID, path: tuple[str, ...]) -> None:
        """Queue what explains *symbol* in the entity *at*."""
        name = spell(symbol)
        way = (*path, name)
        self.enqueue(self.meanings.find(symbol, at, besides=at).groups, name, way)
        if not self.meanings.find(symbol, at).groups:
            self.waiting.append((symbol, name, way))

    def enqueue(self, groups: Groups, name: str, path: tuple[str, ...]) -> None:
        for group in groups.values():
            self.waiting.extend((meaning, name, path) for meaning in group)

    def unexplained(self, symbol: Symbol, path: tuple[str, ...]) -> None:
        name = spell(symbol)
        kind: OriginKind = "constant" if is_known(symbol) else "undefined"
        origin = Origin(name=name, kind=kind, entity=None, path=path)
        self.origins.setdefault((None, name), origin)


_KINDS: dict[MeaningKind, OriginKind] = {
    "formula": "formula",
    "inline": "formula",
    "definition": "definition",
    "table": "table",
    "column": "table",
}
