"""Ids that are found, not drawn: the same document gets the same ids on every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID, uuid5

import attrs

from eventdocs.ir._canonical import EntityKind, content_key, kind_of
from eventdocs.ir._entities import (
    CrossReference,
    DocumentIR,
    Entity,
    Formula,
    Identity,
    Resolution,
    Section,
    Table,
    Variable,
)
from eventdocs.ir._match import match_entities


def keyed(entities: Iterable[Entity]) -> list[Entity]:
    """Give every entity its content key, and its ordinal among equal contents."""
    seen: Counter[str] = Counter()
    return [attrs.evolve(entity, id=_keyed(entity, seen)) for entity in entities]


def _keyed(entity: Entity, seen: Counter[str]) -> Identity:
    key = content_key(entity)
    ordinal = seen[key]
    seen[key] += 1
    return Identity(
        entity_id=entity.id.entity_id, content_key=key, anchor=entity.id.anchor, ordinal=ordinal
    )


def identified(
    document_id: UUID, entities: Sequence[Entity], previous: DocumentIR | None
) -> list[Entity]:
    """Give *entities* content keys, ordinals and, instead of local ids, lasting ones.

    An entity that was in *previous* keeps its id. A new one gets a UUIDv5 of the
    document, its kind, its content key and its ordinal.
    """
    known: dict[UUID, UUID] = {}
    taken: set[UUID] = set()
    if previous is not None:
        entities = keyed(entities)
        known = {link.new: link.old for link in match_entities(previous.entities, entities).links}
        taken = {each.id.entity_id for each in previous.entities}
    seen: Counter[str] = Counter()
    identities = [_keyed(each, seen) for each in entities]
    for entity, identity in zip(entities, identities, strict=True):
        if identity.entity_id not in known:
            lasting = _mint(document_id, kind_of(entity), identity, taken)
            known[identity.entity_id] = lasting
            taken.add(lasting)
    return [
        _renamed(entity, identity, known)
        for entity, identity in zip(entities, identities, strict=True)
    ]


def _mint(document_id: UUID, kind: EntityKind, identity: Identity, taken: set[UUID]) -> UUID:
    name = f"{kind}:{identity.content_key}:{identity.ordinal}"
    minted = uuid5(document_id, name)
    attempt = 0
    # An edited entity keeps the id that its first content gave it, so another entity
    # with that content needs one of its own.
    while minted in taken:
        attempt += 1
        minted = uuid5(document_id, f"{name}:{attempt}")
    return minted


def _renamed(entity: Entity, keyed_: Identity, known: dict[UUID, UUID]) -> Entity:
    identity = Identity(
        entity_id=known[keyed_.entity_id],
        content_key=keyed_.content_key,
        anchor=keyed_.anchor,
        ordinal=keyed_.ordinal,
    )
    match entity:
        case Section():
            parent = known.get(entity.parent, entity.parent) if entity.parent else None
            return attrs.evolve(entity, id=identity, parent=parent)
        case Table():
            cells = tuple(
                attrs.evolve(cell, formulas=tuple(known.get(each, each) for each in cell.formulas))
                if cell.formulas
                else cell
                for cell in entity.cells
            )
            return attrs.evolve(entity, id=identity, cells=cells)
        case CrossReference():
            resolution = _renamed_resolution(entity.resolution, known)
            return attrs.evolve(entity, id=identity, resolution=resolution)
        case Formula():
            variables = tuple(_renamed_variable(each, known) for each in entity.variables)
            return attrs.evolve(entity, id=identity, variables=variables)
        case _:
            return attrs.evolve(entity, id=identity)


def _renamed_variable(variable: Variable, known: dict[UUID, UUID]) -> Variable:
    resolution = _renamed_resolution(variable.resolution, known)
    if resolution is variable.resolution:
        return variable
    return attrs.evolve(variable, resolution=resolution)


def _renamed_resolution(resolution: Resolution, known: dict[UUID, UUID]) -> Resolution:
    if resolution.target is None and not resolution.candidates:
        return resolution
    return attrs.evolve(
        resolution,
        target=known.get(resolution.target, resolution.target) if resolution.target else None,
        candidates=tuple(known.get(each, each) for each in resolution.candidates),
    )
