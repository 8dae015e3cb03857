"""Rules about definitions: duplicates, contradictions, definitions of nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from uuid import UUID

from eventdocs.ir._entities import Definition, Formula, Severity
from eventdocs.ir._findings import Evidence, Finding, is_sure, listed
from eventdocs.ir._symbols import Pattern, pattern_of, possible_patterns, spell
from eventdocs.ir._terms import normalise_term

_ENOUGH = 16


def duplicate_definitions(document: Evidence) -> Iterator[Finding]:
    """Report terms that are defined more than once where both definitions hold."""
    for group in _rivals(document):
        first, term = group[0], group[0].term
        bodies = {normalise_term(each.body) for each in group}
        spellings = {each.term for each in group}
        severity: Severity
        if len(bodies) == 1:
            severity, message = "info", f"“{term}” is defined {len(group)} times in the same words."
            suggestion = "Keep one of the definitions and refer to it."
        elif len(spellings) > 1 and len({each.casefold() for each in spellings}) == 1:
            severity = "info"
            message = f"{listed(_quoted(sorted(spellings)))} differ only in case, and in meaning."
            suggestion = "Use two names that readers can tell apart, or merge the definitions."
        else:
            severity = _severity(group, document)
            message = f"“{term}” is defined {len(group)} times, in different words."
            suggestion = "Keep one definition, or limit each to its section and say so."
        yield Finding(
            code="duplicate-definition",
            severity=severity,
            entities=(*group[1:], first),
            message=message,
            suggestion=suggestion,
            data={"term": term, "sections": [" / ".join(each.section) for each in group]},
            subject=(first.term_key,),
        )


def _rivals(document: Evidence) -> Iterator[list[Definition]]:
    """Group definitions of one term that hold at the same place."""
    groups: dict[tuple[str, bool, UUID | None], list[Definition]] = defaultdict(list)
    for each in document.all(Definition):
        local = each.scope == "section"
        section = document.home(each) if local else None
        acronym = each.form == "acronym"
        if each.form == "formula":
            continue
        if each.form == "deflist" and document.lists_items:
            local, section = True, document.home(each)
        groups[each.term_key, acronym, section if local else None].append(each)
    yield from (group for group in groups.values() if len(group) > 1)


def _severity(group: Sequence[Definition], document: Evidence) -> Severity:
    """Decide how sure a contradiction is: lists of items look like definitions, too."""
    if any(each.form == "where" for each in group):
        return "info"
    certain = all(is_sure(each) and each.form != "table_row" for each in group)
    lists = all(each.form == "deflist" for each in group)
    together = len({document.home(each) for each in group}) == 1
    return "error" if certain and (together or not lists) else "warning"


def ambiguous_definitions(document: Evidence) -> Iterator[Finding]:
    """Report names that mean different things where both meanings hold."""
    yield from _shared_aliases(document)
    yield from _shadowed(document)


def _shared_aliases(document: Evidence) -> Iterator[Finding]:
    meant: dict[str, dict[str, Definition]] = defaultdict(dict)
    for each in document.all(Definition):
        if each.scope != "section":
            for alias in each.aliases:
                meant[alias].setdefault(each.term_key, each)
            if each.form == "acronym":
                meant[each.term_key].setdefault(normalise_term(each.body), each)
    for alias, definitions in meant.items():
        if len(definitions) > 1:
            entities = tuple(dict.fromkeys(definitions.values()))
            terms = [
                each.body if each.form == "acronym" else each.term for each in definitions.values()
            ]
            yield Finding(
                code="ambiguous-definition",
                severity="warning",
                entities=entities[::-1],
                message=f"“{alias}” stands for {listed(_quoted(terms))}.",
                suggestion="Give each its own short name.",
                data={"name": alias, "terms": [*terms]},
                subject=(alias,),
            )


def _shadowed(document: Evidence) -> Iterator[Finding]:
    """Find symbols that a section defines otherwise than the whole document does."""
    everywhere: dict[str, Definition] = {}
    for each in document.all(Definition):
        if each.symbol is not None and each.scope != "section":
            everywhere.setdefault(each.symbol.key, each)
    for each in document.all(Definition):
        other = everywhere.get(each.symbol.key) if each.symbol else None
        if other is None or each.symbol is None or each.scope != "section":
            continue
        words = {normalise_term(text) for text in (each.body, each.term)}
        if words.isdisjoint(
            {normalise_term(other.body), normalise_term(other.term)} - {each.term_key}
        ):
            name = spell(each.symbol)
            yield Finding(
                code="ambiguous-definition",
                severity="info",
                entities=(each, other),
                message=f"{name} has a meaning of its own in this section.",
                suggestion=f"Use another symbol, or drop the repetition if {name} is the same.",
                data={"name": name, "here": each.body, "elsewhere": other.body},
                subject=(each.symbol.key, *each.section),
            )


def unused_definitions(document: Evidence) -> Iterator[Finding]:
    """Report symbols that are defined and occur in no formula.

    Terms can be used in running text, which is no part of an IR, so nothing is said
    about those.
    """
    if all(each.id.entity_id in document.mentions for each in document.all(Formula)):
        return
    uses = _uses(document)
    indices = document.meanings.indices
    for each in document.all(Definition):
        if each.symbol is None or each.form == "formula":
            continue
        # Comparing all symbols with all would take time square in the document.
        symbols = uses.get(pattern_of(each.symbol, indices), {})
        fits = any(
            not _inside(formula, each) for formulas in symbols.values() for formula in formulas
        )
        if not fits:
            name = spell(each.symbol)
            yield Finding(
                code="unused-definition",
                severity="info",
                entities=(each,),
                message=f"{name} is defined, but no formula uses it.",
                suggestion=f"Remove the definition, or check how {name} is spelled in formulas.",
                data={"symbol": each.symbol.key},
                subject=(each.symbol.key, *each.section),
            )


def _uses(document: Evidence) -> dict[Pattern, dict[str, list[Formula]]]:
    """Index formulas by what their symbols can mean; a few for each symbol are enough."""
    uses: dict[Pattern, dict[str, list[Formula]]] = defaultdict(dict)
    indices = document.meanings.indices
    for formula in document.all(Formula):
        symbols = [each.symbol for each in formula.variables]
        symbols += [formula.defines] if formula.defines is not None else []
        for symbol in symbols:
            for pattern in possible_patterns(symbol, indices):
                formulas = uses[pattern].setdefault(symbol.key, [])
                if len(formulas) < _ENOUGH:
                    formulas.append(formula)
    return uses


def _inside(formula: Formula, definition: Definition) -> bool:
    inner, outer = formula.span, definition.span
    if inner.start is None or inner.end is None or outer.start is None or outer.end is None:
        return False
    return outer.start <= inner.start and inner.end <= outer.end


def _quoted(names: Sequence[str]) -> list[str]:
    return [f"“{each}”" for each in names]
