"""What a symbol means at some place of a document, in one index."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias
from uuid import UUID

import attrs

from eventdocs.ir._entities import (
    MOST_CANDIDATES,
    Definition,
    Entity,
    Formula,
    Resolution,
    Symbol,
    Table,
    Variable,
)
from eventdocs.ir._outline import Outline
from eventdocs.ir._parameters import Parameter, parameters_of
from eventdocs.ir._scopes import Groups, Meaning, MeaningKind, Scopes
from eventdocs.ir._symbols import (
    Pattern,
    Sameness,
    expanded,
    index_letters,
    is_index,
    is_known,
    pattern_of,
    possible_patterns,
    sameness,
    without_estimate,
)
from eventdocs.ir._terms import normalise_term

How: TypeAlias = Sameness | Literal["part", "term", "estimate", ""]
_Family: TypeAlias = tuple[str, tuple[str, ...]]


@attrs.frozen(kw_only=True)
class Found:
    """What a symbol means at some place, by the surest rule that finds anything.

    Attributes:
        groups: The nearest meanings of each kind; empty if nothing says what it is.
        how: `exact`, `renamed` and `shifted` indices, `part` of an indexed quantity,
            `term`, `estimate` of a quantity, or empty.
    """

    groups: Groups
    how: How = ""


class Meanings:
    """Everything that says what a symbol or term is.

    Args:
        entities: In reading order, with their final ids.
    """

    def __init__(self, entities: Sequence[Entity]) -> None:
        self.indices = index_letters(entities)
        self.outline = Outline(entities)
        self._symbols: dict[str, Scopes] = defaultdict(Scopes)
        self._terms: dict[str, Scopes] = defaultdict(Scopes)
        self._patterns: dict[Pattern, dict[str, Symbol]] = defaultdict(dict)
        self._indexed: dict[tuple[str, tuple[str, ...]], dict[str, Symbol]] = defaultdict(dict)
        self._bases: dict[str, dict[str, Symbol]] = defaultdict(dict)
        self._families = self._indexed_families(entities)
        self._known_fits: dict[str, tuple[Scopes, How]] = {}
        self._known_finds: dict[tuple[str, UUID | None], Found] = {}
        self._speaking: set[UUID] = set()
        self._known_circles: dict[UUID | None, list[UUID | None]] = {}
        by_id = {each.id.entity_id: each for each in entities}
        for each in entities:
            match each:
                case Formula() if each.defines is not None:
                    # `a = 1` is one number; whatever `a_i` is, it is no part of that.
                    number = each.relation == "=" and not each.variables
                    self._add(self.at_formula(each), (), has_parts=not number)
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

    def _indexed_families(self, entities: Iterable[Entity]) -> set[_Family]:
        """Collect what bears a running index somewhere, or is spelled out as `(y_1, …, y_n)`."""
        families: set[_Family] = set()
        for each in entities:
            symbols: list[Symbol] = []
            if isinstance(each, Definition) and each.symbol is not None:
                symbols = [each.symbol]
            elif isinstance(each, Formula):
                symbols = [variable.symbol for variable in each.variables]
                own = each.defines
                if own is not None:
                    symbols.append(own)
                    family = own.base, own.decoration
                    if not own.subscript and any(
                        (other.base, other.decoration) == family for other in symbols[:-1]
                    ):
                        families.add(family)
            families.update(
                (symbol.base, symbol.decoration)
                for symbol in symbols
                if any(
                    is_index(part, self.indices) and not part.isdigit()
                    for part in expanded(symbol, self.indices)
                )
            )
        return families

    def _add(self, meaning: Meaning, terms: Iterable[str], *, has_parts: bool = True) -> None:
        symbol = meaning.symbol
        self._speaking.add(meaning.entity)
        if symbol is not None:
            self._symbols[symbol.key].add(meaning)
            self._bases[symbol.base][symbol.key] = symbol
            self._patterns[pattern_of(symbol, self.indices)][symbol.key] = symbol
            if has_parts and self._has_only_indices(symbol, digits=False):
                self._indexed[symbol.base, symbol.decoration][symbol.key] = symbol
        for term in dict.fromkeys(terms):
            self._terms[term].add(meaning)

    def find(self, symbol: Symbol, at: UUID, *, besides: UUID | None = None) -> Found:
        """Find what *symbol* means in the entity *at*.

        Args:
            symbol: As it is used.
            at: The entity that uses it.
            besides: An entity whose own word does not count.
        """
        if besides in self._speaking:
            return self._find(symbol, at, besides)
        place = symbol.key, self.outline.home(at)
        known = self._known_finds.get(place)
        if known is None:
            known = self._known_finds[place] = self._find(symbol, at, None)
        return known

    def _find(self, symbol: Symbol, at: UUID, besides: UUID | None) -> Found:
        around = self._around(at)
        scopes, how = self._fitting(symbol)
        if how not in ("", "part"):
            return Found(groups=scopes.nearest(around, besides), how=how)
        named = self._named(symbol)
        if named is not None:
            return Found(groups=named.nearest(around, besides), how="term")
        if how == "part":
            return Found(groups=scopes.nearest(around, besides), how=how)
        plain = without_estimate(symbol)
        if plain != symbol:
            estimated = self.find(plain, at, besides=besides).groups
            if estimated:
                return Found(groups=estimated, how="estimate")
        return Found(groups={})

    def find_term(self, key: str, at: UUID, *, besides: UUID | None = None) -> Groups:
        """Find what says what a term is, seen from the entity *at*."""
        scopes = self._terms.get(key)
        return scopes.nearest(self._around(at), besides) if scopes else {}

    def of_symbol(self, key: str) -> Sequence[Meaning]:
        """List everything that defines exactly this symbol, in reading order."""
        return self._symbols[key].meanings if key in self._symbols else ()

    def of_term(self, key: str) -> Sequence[Meaning]:
        """List the definitions and table rows for a term, in reading order."""
        return self._terms[key].meanings if key in self._terms else ()

    def symbols_with_base(self, base: str) -> Iterable[Symbol]:
        """List the defined symbols with this letter or word."""
        return self._bases[base].values() if base in self._bases else ()

    def _around(self, at: UUID) -> list[UUID | None]:
        home = self.outline.home(at)
        around = self._known_circles.get(home)
        if around is None:
            around = list(self.outline.around(at))
            # What stands before the first heading is near to its like, and to nothing else.
            around = around if len(around) == 1 else around[:-1]
            self._known_circles[home] = around
        return around

    def _named(self, symbol: Symbol) -> Scopes | None:
        """Find the term that *symbol* spells out, such as `Score`."""
        if len(symbol.base) < 2 or symbol.decoration:
            return None
        spelled = " ".join((symbol.base, *symbol.subscript)).replace("_", " ")
        return self._terms.get(normalise_term(spelled)) or self._terms.get(
            normalise_term(symbol.base)
        )

    def _fitting(self, symbol: Symbol) -> tuple[Scopes, How]:
        """Find what fits *symbol* anywhere; remembered, for symbols occur often."""
        known = self._known_fits.get(symbol.key)
        if known is None:
            known = self._known_fits[symbol.key] = self._look_up(symbol)
        return known

    def _look_up(self, symbol: Symbol) -> tuple[Scopes, How]:
        exact = self._symbols.get(symbol.key)
        if exact is not None:
            return exact, "exact"
        fits: dict[How, list[str]] = {"exact": [], "renamed": [], "shifted": [], "part": []}
        for pattern in possible_patterns(symbol, self.indices):
            for key, defined in self._patterns.get(pattern, {}).items():
                fit = sameness(defined, symbol, self.indices)
                if fit is not None:
                    fits[fit].append(key)
        if self._is_part(symbol):
            whole = self._indexed.get((symbol.base, symbol.decoration), {})
            fits["part"] = [
                key for key, each in whole.items() if len(each.subscript) != len(symbol.subscript)
            ]
        for how, keys in fits.items():
            if keys:
                return Scopes(each for key in keys for each in self._symbols[key].meanings), how
        return Scopes(), ""

    def _is_part(self, symbol: Symbol) -> bool:
        """Say whether *symbol* can be a part of something: `w_2` is, only where `w_i` is."""
        family = symbol.base, symbol.decoration
        return self._has_only_indices(symbol, digits=family in self._families)

    def _has_only_indices(self, symbol: Symbol, *, digits: bool) -> bool:
        return all(
            is_index(each, self.indices) and (digits or not each.isdigit())
            for each in expanded(symbol, self.indices)
        )


def resolve_variable(variable: Variable, at: UUID, meanings: Meanings) -> Resolution:
    """Find the definition, formula or table that says what *variable* is in the formula *at*."""
    if variable.role in ("bound", "index", "operator"):
        return Resolution(state="ignored", by=variable.role)
    others = meanings.find(variable.symbol, at, besides=at).groups
    groups = others or meanings.find(variable.symbol, at).groups
    for group in (*(each for each in groups.values() if len(each) == 1), *groups.values()):
        candidates = tuple(dict.fromkeys(each.entity for each in group))
        if len(candidates) == 1:
            return Resolution(state="resolved", target=candidates[0], by=group[0].by)
        listed = candidates[:MOST_CANDIDATES]
        return Resolution(state="ambiguous", candidates=listed, by=group[0].by)
    if variable.role == "constant" or is_known(variable.symbol):
        return Resolution(state="ignored", by="constant")
    return Resolution(state="dangling")
