"""The edges of an IR: what uses, defines, refers to and depends on what."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from uuid import UUID

from eventdocs.ir._entities import (
    CrossReference,
    Definition,
    Edge,
    EdgeKind,
    Entity,
    Formula,
    Table,
)
from eventdocs.ir._meanings import Meanings
from eventdocs.ir._order import edge_order
from eventdocs.ir._parameters import is_mention
from eventdocs.ir._scopes import Meaning
from eventdocs.ir._terms import normalise_term


def edges_of(entities: Sequence[Entity], meanings: Meanings) -> tuple[Edge, ...]:
    """Draw all edges between resolved *entities*, sorted, each once."""
    formulas = {each.id.entity_id: each for each in entities if isinstance(each, Formula)}
    edges: set[Edge] = set()
    for entity in entities:
        match entity:
            case Formula():
                edges.update(_of_formula(entity, meanings))
            case Definition():
                edges.update(_of_definition(entity, meanings))
            case Table():
                edges.update(_of_table(entity, formulas))
            case CrossReference() if entity.resolution.target is not None:
                edges.add(
                    Edge(
                        source=entity.id.entity_id,
                        target=entity.resolution.target,
                        kind="refers_to",
                        via=entity.raw_target,
                    )
                )
            case _:
                pass
    edges.update(_of_bodies(entities, formulas.values()))
    return tuple(sorted(edges, key=edge_order))


def _of_formula(formula: Formula, meanings: Meanings) -> Iterator[Edge]:
    own = formula.id.entity_id
    if is_mention(formula):
        for each in formula.variables:
            if each.resolution.target is not None:
                target = each.resolution.target
                yield Edge(source=own, target=target, kind="refers_to", via=each.symbol.key)
        return
    for variable in formula.variables:
        if variable.resolution.state not in ("resolved", "ambiguous"):
            continue
        key = variable.symbol.key
        if formula.defines is not None and formula.defines.key == key:
            yield Edge(source=own, target=own, kind="depends_on", via=key)
        found = meanings.find(variable.symbol, own, besides=own)
        settled = variable.resolution.target
        said = {each.entity for group in found.groups.values() for each in group}
        if settled is not None and settled not in said | {own}:
            yield Edge(source=own, target=settled, kind="uses", via=key)
            continue
        for group in found.groups.values():
            computed = found.how in ("exact", "renamed", "part", "term") and len(group) == 1
            for meaning in group:
                kind = _kind(meaning, computed=computed)
                yield Edge(source=own, target=meaning.entity, kind=kind, via=key)
    if formula.defines is not None:
        found = meanings.find(formula.defines, own)
        if found.how in ("exact", "term"):
            for meaning in found.groups.get("definition", ()):
                key = formula.defines.key
                yield Edge(source=own, target=meaning.entity, kind="defines", via=key)


def _kind(meaning: Meaning, *, computed: bool) -> EdgeKind:
    match meaning.kind:
        case "formula" | "inline":
            # An earlier index (`L_{t-1}`) or one of several definitions is used, but
            # does not make a cycle.
            return "depends_on" if computed else "uses"
        case "definition":
            return "uses"
        case "table" | "column":
            return "cell_value"


def _of_definition(definition: Definition, meanings: Meanings) -> Iterator[Edge]:
    own = definition.id.entity_id
    for key in definition.uses:
        for target in _definitions_of(key, own, meanings):
            yield Edge(source=own, target=target, kind="uses", via=key)
    if definition.form == "acronym":
        for key in dict.fromkeys((normalise_term(definition.body), *definition.aliases)):
            for target in _definitions_of(key, own, meanings):
                yield Edge(source=own, target=target, kind="abbreviates", via=key)


def _definitions_of(key: str, own: UUID, meanings: Meanings) -> Iterable[UUID]:
    found = meanings.find_term(key, own, besides=own).get("definition", ())
    return dict.fromkeys(each.entity for each in found)


def _of_table(table: Table, formulas: Mapping[UUID, Formula]) -> Iterator[Edge]:
    for cell in table.cells:
        for target in cell.formulas:
            if target in formulas and not is_mention(formulas[target]):
                yield Edge(source=table.id.entity_id, target=target, kind="uses")


def _of_bodies(entities: Iterable[Entity], formulas: Iterable[Formula]) -> Iterator[Edge]:
    """Connect a definition with the formulas that stand in its body."""
    placed = sorted(
        (each.span.start, n, each)
        for n, each in enumerate(formulas)
        if each.span.start is not None and each.variables and not is_mention(each)
    )
    starts = [start for start, _, _ in placed]
    for each in entities:
        if not isinstance(each, Definition):
            continue
        start, end = each.body_span.start, each.body_span.end
        if start is None or end is None:
            continue
        for _, _, formula in placed[bisect_left(starts, start) : bisect_left(starts, end)]:
            target = formula.id.entity_id
            yield Edge(source=each.id.entity_id, target=target, kind="uses")
