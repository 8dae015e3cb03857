"""Impact: what changes if a parameter does."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import attrs

from eventdocs.ir._canonical import EntityKind, kind_of
from eventdocs.ir._entities import Definition, DocumentIR, Formula, Symbol
from eventdocs.ir._graph import dependency_graph, reach
from eventdocs.ir._meanings import Meanings
from eventdocs.ir._names import name_of
from eventdocs.ir._parameters import is_mention
from eventdocs.ir._subjects import Subject, subject_of


@attrs.frozen(kw_only=True)
class Affected:
    """An entity that changes with a parameter.

    Attributes:
        entity: Its id.
        kind: A formula, definition or table.
        name: Its name.
        path: Ids from the first entity that uses the parameter to this one, both included.
        distance: Entities on that path.
    """

    entity: UUID
    kind: EntityKind
    name: str
    path: tuple[UUID, ...]
    distance: int


@attrs.frozen(kw_only=True)
class Impact:
    """What changes if a parameter does.

    Attributes:
        subject: The parameter.
        sources: Where the document says what it is; the places to edit.
        affected: In the order in which to work the change through: every entity after
            those it depends on.
    """

    subject: str
    sources: tuple[UUID, ...]
    affected: tuple[Affected, ...]


def impact(ir: DocumentIR, subject: UUID | Symbol | str) -> Impact:
    r"""Find the formulas, definitions and tables that change if a parameter does.

    Of a table that gives many parameters, only what uses this one is affected.

    Args:
        ir: An IR as `assemble` makes it.
        subject: The id of a formula, definition or table, an anchor, a symbol (`W_{i,t}`,
            `λ`, `\lambda`, `lambda`) or a term.
    """
    meanings = Meanings(ir.entities)
    graph = dependency_graph(ir)
    known = subject_of(ir, meanings, subject)
    if known.entity is not None:
        sources = [known.entity]
        first = list(graph.children(known.entity)) if known.entity in graph.nodes else []
    else:
        sources = list(dict.fromkeys(each.entity for each in known.meanings))
        first = list(dict.fromkeys(_users(ir, meanings, known)))
    came_from = reach(first, graph.children)
    by_id = {each.id.entity_id: each for each in ir.entities}
    reached = {*first, *came_from} - set(sources)
    affected: list[Affected] = []
    for entity_id in graph.topological_order:
        if entity_id in reached:
            path = _path(entity_id, set(first), came_from)
            affected.append(
                Affected(
                    entity=entity_id,
                    kind=kind_of(by_id[entity_id]),
                    name=name_of(by_id[entity_id]),
                    path=path,
                    distance=len(path),
                )
            )
    return Impact(subject=known.name, sources=tuple(sources), affected=tuple(affected))


def _users(ir: DocumentIR, meanings: Meanings, subject: Subject) -> Iterator[UUID]:
    """Find what uses the subject itself, rather than something else from the same place."""
    keys = {each.key for each in subject.symbols}
    places = {(each.entity, each.parameter) for each in subject.meanings}
    terms = {key for each in subject.meanings if each.parameter for key in each.parameter.term_keys}
    for each in ir.entities:
        if isinstance(each, Definition) and (each.id.entity_id, None) in places:
            terms.update((each.term_key, *each.aliases))
    for each in ir.entities:
        own = each.id.entity_id
        if isinstance(each, Formula) and not is_mention(each):
            for variable in each.variables:
                if variable.role in ("index", "bound", "operator"):
                    continue
                groups = meanings.find(variable.symbol, own).groups
                found = {
                    (meaning.entity, meaning.parameter)
                    for group in groups.values()
                    for meaning in group
                }
                if variable.symbol.key in keys or found & places:
                    yield own
        elif isinstance(each, Definition) and terms.intersection(each.uses):
            yield own


def _path(node: UUID, first: set[UUID], came_from: dict[UUID, UUID]) -> tuple[UUID, ...]:
    path = [node]
    while path[-1] not in first:
        path.append(came_from[path[-1]])
    return tuple(reversed(path))
