"""From what an extractor found to an IR: identities, resolutions, edges, findings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import attrs

from eventdocs.ir._edges import edges_of
from eventdocs.ir._entities import (
    UNCHECKED,
    CrossReference,
    Definition,
    DocumentIR,
    Entity,
    Formula,
    Issue,
    Resolution,
    Section,
    Table,
    Variable,
)
from eventdocs.ir._findings import Evidence
from eventdocs.ir._identity import identified, keyed
from eventdocs.ir._invariants import check
from eventdocs.ir._meanings import Meanings, resolve_variable
from eventdocs.ir._order import issue_order, reading_order
from eventdocs.ir._references import Targets
from eventdocs.ir._terms import TermFinder
from eventdocs.ir._validate import judged
from eventdocs.types import Digest


def assemble(
    *,
    document_id: UUID,
    version: int,
    source: Digest,
    media_type: str,
    title: str,
    entities: Iterable[Entity],
    previous: DocumentIR | None = None,
) -> DocumentIR:
    """Make an IR of the entities that an extractor found; a pure function of its arguments.

    Entities come with local ids, unique in this call, and are connected by those. They
    leave with content keys, ordinals and lasting ids, in reading order. References and
    variables whose state is `unchecked` are resolved; a state that the extractor has
    settled stays. The terms that a definition's body mentions are found if none are given.

    Args:
        document_id: The document; the same entities get other ids in another document.
        version: The revision, from 1.
        source: Digest of the original bytes.
        media_type: Of the original.
        title: The document's title; empty if it has none.
        entities: In reading order. They are sorted by first character where all have one.
        previous: An earlier revision, whose ids are carried over to what is still there.

    Raises:
        InvalidIRError: The entities break the model's rules; each problem has its path.
    """
    ir = DocumentIR(
        document_id=document_id,
        version=version,
        source=source,
        media_type=media_type,
        title=title,
        entities=tuple(identified(document_id, reading_order(entities), previous)),
    )
    return _connected(ir, findings=())


def amend(
    ir: DocumentIR, entities: Iterable[Entity], *, findings: Iterable[Issue] = ()
) -> DocumentIR:
    """Connect *ir* anew after some of its entities were added, changed or taken away.

    Ids stay. What was resolved, dangling or ambiguous is resolved again, unless a human
    or a model has settled it and its target is still there; what points at entities that
    are gone lets go of them.

    Args:
        ir: The IR to start from.
        entities: All entities it shall have, with lasting ids.
        findings: To be listed beside those of the rules.

    Raises:
        InvalidIRError: The entities break the model's rules; each problem has its path.
    """
    given = reading_order(entities)
    there = {each.id.entity_id for each in given}
    loose = keyed(_let_go(each, there) for each in given)
    return _connected(attrs.evolve(ir, entities=tuple(loose)), findings=findings)


def _connected(ir: DocumentIR, *, findings: Iterable[Issue]) -> DocumentIR:
    entities = _with_uses(ir.entities)
    meanings = Meanings(entities)
    resolved = _resolved(entities, meanings)
    edges = edges_of(resolved, meanings)
    connected = attrs.evolve(ir, entities=tuple(resolved), edges=edges, issues=())
    # What is resolved changes no meaning, so that those found before still hold.
    issues = sorted([*judged(Evidence(connected, meanings)), *findings], key=issue_order)
    result = attrs.evolve(connected, issues=tuple(issues))
    check(result)
    return result


def _let_go(entity: Entity, there: set[UUID]) -> Entity:
    """Forget resolutions that have to be found again, and everything that is gone."""
    settled = entity.prov.method in ("human", "model")
    match entity:
        case Section():
            parent = entity.parent if entity.parent in there else None
            return attrs.evolve(entity, parent=parent)
        case Table():
            cells = tuple(
                attrs.evolve(cell, formulas=tuple(each for each in cell.formulas if each in there))
                for cell in entity.cells
            )
            return attrs.evolve(entity, cells=cells)
        case CrossReference():
            loose = _reopened(entity.resolution, there, settled=settled)
            return attrs.evolve(entity, resolution=loose)
        case Formula():
            variables = tuple(
                attrs.evolve(each, resolution=_reopened(each.resolution, there, settled=settled))
                for each in entity.variables
            )
            return attrs.evolve(entity, variables=variables)
        case Definition():
            return entity if settled else attrs.evolve(entity, uses=())


def _reopened(resolution: Resolution, there: set[UUID], *, settled: bool) -> Resolution:
    if resolution.state in ("external", "ignored"):
        return resolution
    if settled and resolution.target in there:
        return resolution
    return UNCHECKED


def _with_uses(entities: Sequence[Entity]) -> list[Entity]:
    """Find the defined terms in the bodies of definitions."""
    definitions = [each for each in entities if isinstance(each, Definition)]
    terms = [each for each in definitions if each.form != "where"]
    finder = TermFinder(key for each in terms for key in (each.term_key, *each.aliases))
    return [
        attrs.evolve(each, uses=_mentions(each, finder))
        if isinstance(each, Definition) and not each.uses
        else each
        for each in entities
    ]


def _mentions(definition: Definition, finder: TermFinder) -> tuple[str, ...]:
    own = {definition.term_key, *definition.aliases}
    return tuple(key for key in finder.find(definition.body) if key not in own)


def _resolved(entities: Sequence[Entity], meanings: Meanings) -> list[Entity]:
    targets = Targets(entities)
    resolved: list[Entity] = []
    for each in entities:
        match each:
            case CrossReference() if each.resolution.state == "unchecked":
                resolved.append(attrs.evolve(each, resolution=targets.resolve(each)))
            case Formula():
                variables = tuple(
                    Variable(
                        symbol=variable.symbol,
                        role=variable.role,
                        count=variable.count,
                        resolution=resolve_variable(variable, each.id.entity_id, meanings),
                    )
                    if variable.resolution.state == "unchecked"
                    else variable
                    for variable in each.variables
                )
                resolved.append(attrs.evolve(each, variables=variables))
            case _:
                resolved.append(each)
    return resolved
