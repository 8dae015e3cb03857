"""Rules about symbols: undefined variables, drifting notation, circular formulas."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

import attrs

from eventdocs.ir._entities import Definition, Formula, Severity, Symbol
from eventdocs.ir._findings import Evidence, Finding, listed
from eventdocs.ir._graph import Graph, dependency_graph
from eventdocs.ir._names import name_of
from eventdocs.ir._scopes import Meaning
from eventdocs.ir._symbols import is_index, sameness, spell

_CONSISTENT = 0.65
_RIGOROUS = 0.8
_MANY = 5
_DRIFTING = frozenset({"prime", "∘"})


@attrs.define(kw_only=True)
class _Family:
    """A symbol with all its indices: `w_i`, `w_j` and `w_{i,t-1}` are one family."""

    symbol: Symbol
    formulas: list[Formula] = attrs.field(factory=list[Formula])
    count: int = 0


def undefined_variables(document: Evidence) -> Iterator[Finding]:
    """Report symbols that nothing defines, in documents that define what they use.

    A document in which many symbols are not defined anywhere explains them to its readers
    in other ways; there, only a letter that occurs a single time is worth a note.
    """
    undefined, defined = _families(document)
    if not defined or not undefined:
        return
    consistency = len(defined) / (len(defined) + len(undefined))
    mentioned = _mentioned_families(document)
    occurrences = _occurrences(document)
    for key, family in undefined.items():
        if consistency >= _CONSISTENT:
            variant = _variant(family.symbol, document)
            rigorous = consistency >= _RIGOROUS and len(defined) >= _MANY
            certain = rigorous and key not in mentioned
            if variant is not None:
                yield _drift(family, variant, document)
            else:
                yield _undefined(family, "error" if certain else "warning")
        elif len(defined) >= _MANY and occurrences[family.symbol.base] == 1:
            yield _undefined(family, "info")


def _families(document: Evidence) -> tuple[dict[str, _Family], dict[str, _Family]]:
    """Group the symbols of formulas that compute something: the undefined, the defined."""
    undefined: dict[str, _Family] = {}
    defined: dict[str, _Family] = {}
    for formula in document.all(Formula):
        if formula.id.entity_id in document.mentions:
            continue
        for variable in formula.variables:
            if variable.role not in ("free", "function") or _is_other_index(
                variable.symbol, document
            ):
                continue
            state = variable.resolution.state
            if state in ("dangling", "resolved", "ambiguous"):
                key = _family_key(variable.symbol, document)
                families = undefined if state == "dangling" else defined
                family = families.setdefault(key, _Family(symbol=variable.symbol))
                family.formulas.append(formula)
                family.count += variable.count
    return {key: each for key, each in undefined.items() if key not in defined}, defined


def _occurrences(document: Evidence) -> Counter[str]:
    """Count how often each letter or word occurs, with whatever marks and indices."""
    count: Counter[str] = Counter()
    for formula in document.all(Formula):
        for variable in formula.variables:
            count[variable.symbol.base] += variable.count
        if formula.defines is not None:
            count[formula.defines.base] += 1
    return count


def _mentioned_families(document: Evidence) -> set[str]:
    return {
        _family_key(variable.symbol, document)
        for formula in document.all(Formula)
        if formula.id.entity_id in document.mentions
        for variable in formula.variables
    }


def _family_key(symbol: Symbol, document: Evidence) -> str:
    indices = document.meanings.indices
    labels = tuple(each for each in symbol.subscript if not is_index(each, indices))
    return attrs.evolve(symbol, subscript=labels).key


def _is_other_index(symbol: Symbol, document: Evidence) -> bool:
    """Recognise `t'` and `i^*` beside the indices `t` and `i`."""
    return bool(symbol.decoration) and symbol.base in document.meanings.indices


def _undefined(family: _Family, severity: Severity) -> Finding:
    name = spell(family.symbol)
    used = listed(list(dict.fromkeys(name_of(each) for each in family.formulas))[:3])
    return Finding(
        code="undefined-variable",
        severity=severity,
        entities=tuple(dict.fromkeys(family.formulas)),
        message=f"{name} is used in {used}, but nothing in the document says what it is.",
        suggestion=f"Define {name} where it is used (“where {name} is …”), or in a table of "
        "parameters.",
        data={"symbol": family.symbol.key, "occurrences": family.count},
        subject=(family.symbol.key,),
    )


def _variant(symbol: Symbol, document: Evidence) -> Meaning | None:
    """Find something defined whose name differs in writing only."""
    for other in document.meanings.symbols_with_base(symbol.base):
        if {*symbol.decoration, *other.decoration} - _DRIFTING:
            continue
        same_place = _letters(symbol) == _letters(other)
        same_marks = symbol.decoration == other.decoration
        plain = attrs.evolve(symbol, decoration=other.decoration)
        fits = sameness(other, plain, document.meanings.indices) is not None
        if (same_marks and same_place and symbol.subscript) or (not same_marks and fits):
            return document.meanings.of_symbol(other.key)[0]
    return None


def _letters(symbol: Symbol) -> list[str]:
    return sorted("".join(symbol.subscript))


def _drift(family: _Family, variant: Meaning, document: Evidence) -> Finding:
    name = spell(family.symbol)
    other = spell(variant.symbol) if variant.symbol else ""
    defined_by = document.by_id[variant.entity]
    return Finding(
        code="notation-drift",
        severity="warning",
        entities=(*dict.fromkeys(family.formulas), defined_by),
        message=f"{name} is not defined, but {other} is; they seem to be one quantity.",
        suggestion=f"Write {other} everywhere, or define {name} if it is something else.",
        data={"symbol": family.symbol.key, "variant": variant.symbol.key if variant.symbol else ""},
        subject=(family.symbol.key, other),
    )


def circular_formulas(document: Evidence) -> Iterator[Finding]:
    """Report quantities that are computed from themselves, with the way round.

    References to another index (`L_{t-1}`) are recursions, no circles. Two equations can
    also say the same thing solved for different symbols, so that only names spelled out
    in words make an error.
    """
    graph = dependency_graph(document.ir, {"depends_on"})
    for cycle in graph.cycles:
        formulas = [document.by_id[each] for each in cycle[:-1]]
        equations = [
            each for each in formulas if isinstance(each, Formula) and each.relation == "="
        ]
        if len(equations) < len(formulas):
            continue
        names = [name_of(each) for each in equations]
        words = all(each.defines and len(each.defines.base) > 1 for each in equations)
        yield Finding(
            code="circular-definition",
            severity="error" if words else "warning",
            entities=tuple(equations),
            message=f"{names[0]} is computed from itself: {' ← '.join([*names, names[0]])}.",
            suggestion="Compute one of them from something else."
            if len(names) > 1
            else "Give the earlier and the later value different names or indices.",
            data={"path": [*names, names[0]]},
            subject=tuple(sorted(names)),
        )


def circular_terms(document: Evidence) -> Iterator[Finding]:
    """Report terms that explain each other; readers may or may not mind."""
    if document.lists_items:
        return
    uses: dict[str, set[str]] = defaultdict(set)
    first: dict[str, Definition] = {}
    aliases: dict[str, str] = {}
    for each in document.all(Definition):
        first.setdefault(each.term_key, each)
        for key in (each.term_key, *each.aliases):
            aliases.setdefault(key, each.term_key)
    for each in document.all(Definition):
        uses[each.term_key].update(aliases[key] for key in each.uses if key in aliases)
    graph = Graph(
        first,
        (
            (key, other)
            for key, others in uses.items()
            for other in sorted(others)
            if other != key and other in first
        ),
    )
    for cycle in graph.cycles:
        terms = [first[key].term for key in cycle]
        yield Finding(
            code="circular-definition",
            severity="info",
            entities=tuple(first[key] for key in cycle[:-1]),
            message=f"“{terms[0]}” is explained by itself: {' ← '.join(terms)}.",
            suggestion="Explain one of the terms without the others.",
            data={"path": [*terms]},
            subject=tuple(sorted(set(cycle))),
        )
