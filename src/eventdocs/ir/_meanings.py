"""What a symbol means at some place of a document: the scope rules, in one index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias
from uuid import UUID

import attrs

from eventdocs.ir._entities import Definition, Entity, Formula, Resolution, Symbol, Table, Variable
from eventdocs.ir._outline import Outline
from eventdocs.ir._parameters import Parameter, parameters_of
from eventdocs.ir._symbols import (
    Sameness,
    index_letters,
    is_known,
    only_indices,
    sameness,
    without_estimate,
)
from eventdocs.ir._terms import normalise_term

MeaningKind: TypeAlias = Literal["formula", "definition", "table", "inline", "column"]
_PREFERENCE: tuple[MeaningKind, ...] = ("formula", "definition", "table", "inline", "column")
_FAR = 1_000


@attrs.frozen(kw_only=True)
class Meaning:
    """One place that says what a symbol is.

    Attributes:
        symbol: The symbol as it is defined there; None if only a term is.
        entity: The formula, definition or table.
        kind: A displayed or inline formula, a definition, a table's row or column.
        by: The rule's name in a resolution.
        content: Content key; two places that say the same are no contradiction.
        section: Where it stands; None outside of all sections.
        local: Valid in that section only.
        parameter: The row or column of a table.
    """

    symbol: Symbol | None
    entity: UUID
    kind: MeaningKind
    by: str
    content: str
    section: UUID | None
    local: bool
    parameter: Parameter | None = None


@attrs.frozen(kw_only=True)
class Found:
    """The meanings of a symbol at some place, the surest rule's only.

    Attributes:
        meanings: Nearest first; empty if nothing in the document says what it is.
        how: `exact`, `renamed` and `shifted` indices, `part` of an indexed quantity,
            `term`, `estimate` of a quantity, or empty.
    """

    meanings: tuple[Meaning, ...] = ()
    how: Sameness | Literal["part", "term", "estimate", ""] = ""


class Meanings:
    """Everything that says what a symbol or term is.

    Args:
        entities: In reading order, with their final ids.
    """

    def __init__(self, entities: Sequence[Entity]) -> None:
        self.indices = index_letters(entities)
        self.outline = Outline(entities)
        self._by_base: dict[str, list[Meaning]] = defaultdict(list)
        self._by_term: dict[str, list[Meaning]] = defaultdict(list)
        self._fits: dict[str, tuple[list[Meaning], Sameness | Literal["part", ""]]] = {}
        by_id = {each.id.entity_id: each for each in entities}
        for each in entities:
            match each:
                case Formula() if each.defines is not None:
                    self._add(self.at_formula(each), ())
                case Definition():
                    by = each.form if each.form in ("where", "formula") else "definition"
                    meaning = self._meaning(each, each.symbol, "definition", by)
                    self._add(meaning, (each.term_key, *each.aliases))
                case Table():
                    for parameter in parameters_of(each, by_id):
                        self._add_parameter(each, parameter)
                case _:
                    pass

    def at_formula(self, formula: Formula) -> Meaning:
        """Describe what *formula* itself says about the symbol that it defines."""
        kind: MeaningKind = "formula" if formula.display else "inline"
        return self._meaning(formula, formula.defines, kind, "formula")

    def _meaning(
        self, entity: Entity, symbol: Symbol | None, kind: MeaningKind, by: str
    ) -> Meaning:
        return Meaning(
            symbol=symbol,
            entity=entity.id.entity_id,
            kind=kind,
            by=by,
            content=entity.id.content_key,
            section=self.outline.home(entity.id.entity_id),
            local=isinstance(entity, Definition) and entity.scope == "section",
        )

    def _add_parameter(self, table: Table, parameter: Parameter) -> None:
        kind: MeaningKind = "table" if parameter.row is not None else "column"
        for symbol in parameter.symbols or (None,):
            meaning = self._meaning(table, symbol, kind, kind)
            content = f"{meaning.content}:{parameter.row}:{parameter.column}"
            meaning = attrs.evolve(meaning, parameter=parameter, content=content)
            self._add(meaning, parameter.term_keys)

    def _add(self, meaning: Meaning, terms: Iterable[str]) -> None:
        if meaning.symbol is not None:
            self._by_base[meaning.symbol.base].append(meaning)
        for term in terms:
            self._by_term[term].append(meaning)

    def find(self, symbol: Symbol, at: UUID) -> Found:
        """Find what *symbol* means in the entity *at*, by the surest rule that finds anything."""
        fitting, how = self._fitting(symbol)
        if how and how != "part":
            return Found(meanings=self._nearest_first(fitting, at), how=how)
        named = self.named(symbol, at)
        if named:
            return Found(meanings=named, how="term")
        if fitting:
            return Found(meanings=self._nearest_first(fitting, at), how="part")
        plain = without_estimate(symbol)
        estimated = self.find(plain, at).meanings if plain != symbol else ()
        return Found(meanings=estimated, how="estimate") if estimated else Found()

    def _fitting(self, symbol: Symbol) -> tuple[list[Meaning], Sameness | Literal["part", ""]]:
        """Find what fits *symbol* anywhere; remembered, for symbols occur often."""
        known = self._fits.get(symbol.key)
        if known is None:
            known = self._fits[symbol.key] = self._look_up(symbol)
        return known

    def _look_up(self, symbol: Symbol) -> tuple[list[Meaning], Sameness | Literal["part", ""]]:
        candidates = self._by_base.get(symbol.base, [])
        fits: dict[Sameness, list[Meaning]] = {"exact": [], "renamed": [], "shifted": []}
        for each in candidates:
            fit = sameness(each.symbol, symbol, self.indices) if each.symbol else None
            if fit is not None:
                fits[fit].append(each)
        for how, meanings in fits.items():
            if meanings:
                return meanings, how
        parts = [each for each in candidates if self._is_part(each.symbol, symbol)]
        return parts, "part" if parts else ""

    def named(self, symbol: Symbol, at: UUID) -> tuple[Meaning, ...]:
        """Find what is defined by a term that *symbol* spells out, such as `Score`."""
        if len(symbol.base) < 2 or symbol.decoration:
            return ()
        spelled = " ".join((symbol.base, *symbol.subscript)).replace("_", " ")
        keys = dict.fromkeys((normalise_term(spelled), normalise_term(symbol.base)))
        for key in keys:
            found = self._by_term.get(key)
            if found:
                return self._nearest_first(found, at)
        return ()

    def of_term(self, term_key: str) -> Sequence[Meaning]:
        """List the definitions and table rows for a term, in reading order."""
        return self._by_term.get(term_key, ())

    def of_base(self, base: str) -> Sequence[Meaning]:
        """List everything that defines a symbol with this letter or word, in reading order."""
        return self._by_base.get(base, ())

    def _is_part(self, defined: Symbol | None, used: Symbol) -> bool:
        return (
            defined is not None
            and defined.decoration == used.decoration
            and len(defined.subscript) != len(used.subscript)
            and only_indices(defined, self.indices)
            and only_indices(used, self.indices)
        )

    def _nearest_first(self, meanings: Iterable[Meaning], at: UUID) -> tuple[Meaning, ...]:
        """Sort by distance; what is valid only elsewhere comes last, or is all there is."""
        return tuple(sorted(meanings, key=lambda each: self._distance(each, at)))

    def _distance(self, meaning: Meaning, at: UUID) -> int:
        steps = self.outline.distance(at, meaning.section)
        if meaning.section is None:
            steps = 0 if self.outline.home(at) is None else _FAR
        if steps is None or steps == _FAR:
            return 2 * _FAR if meaning.local else _FAR
        return steps

    def nearest(self, found: Found, at: UUID) -> dict[MeaningKind, list[Meaning]]:
        """Keep, of each kind, the nearest meanings; those that say the same count once."""
        groups: dict[MeaningKind, list[Meaning]] = {}
        for kind in _PREFERENCE:
            of_kind = [each for each in found.meanings if each.kind == kind]
            if of_kind:
                least = min(self._distance(each, at) for each in of_kind)
                nearest = [each for each in of_kind if self._distance(each, at) == least]
                groups[kind] = list({each.content: each for each in reversed(nearest)}.values())
                groups[kind].reverse()
        return groups


def resolve_variable(variable: Variable, at: UUID, meanings: Meanings) -> Resolution:
    """Find the definition, formula or table that says what *variable* is in the formula *at*."""
    if variable.role in ("bound", "index", "operator"):
        return Resolution(state="ignored", by=variable.role)
    found = meanings.find(variable.symbol, at)
    groups = meanings.nearest(without(found, at), at) or meanings.nearest(found, at)
    single = next((group for group in groups.values() if len(group) == 1), None)
    if single is not None:
        return Resolution(state="resolved", target=single[0].entity, by=single[0].by)
    several = next(iter(groups.values()), list[Meaning]())
    candidates = tuple(dict.fromkeys(each.entity for each in several))
    if len(candidates) == 1:
        return Resolution(state="resolved", target=candidates[0], by=several[0].by)
    if candidates:
        return Resolution(state="ambiguous", candidates=candidates, by=several[0].by)
    if variable.role == "constant" or is_known(variable.symbol):
        return Resolution(state="ignored", by="constant")
    return Resolution(state="dangling")


def without(found: Found, entity: UUID) -> Found:
    """Leave out what *entity* itself says."""
    return attrs.evolve(
        found, meanings=tuple(each for each in found.meanings if each.entity != entity)
    )
