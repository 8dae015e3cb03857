"""From one IR to the next along a diff."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import attrs

from eventdocs.errors import InvalidIRError
from eventdocs.ir._diff import Changed, FieldChange, IRDiff, Relaid
from eventdocs.ir._entities import DocumentIR, Entity
from eventdocs.ir._json import entity_from_dict, entity_to_dict, from_dict, to_dict
from eventdocs.ir._order import edge_order, issue_order


def apply(ir: DocumentIR, change: IRDiff) -> DocumentIR:
    """Walk a diff: `apply(a, diff(a, b)) == b`, layout, edges and findings included.

    Raises:
        InvalidIRError: The diff was made of another IR: something it starts from is missing.
    """
    edges = (set(ir.edges) - set(change.edges_removed)) | set(change.edges_added)
    replaced = {each.fingerprint for each in (*change.issues_removed, *change.issues_updated)}
    issues = [each for each in ir.issues if each.fingerprint not in replaced]
    issues += [*change.issues_added, *change.issues_updated]
    header = to_dict(attrs.evolve(ir, entities=(), edges=(), issues=()))
    return attrs.evolve(
        from_dict({**header, **{each.field: each.new for each in change.document}}),
        entities=_entities(ir, change),
        edges=tuple(sorted(edges, key=edge_order)),
        issues=tuple(sorted(issues, key=issue_order)),
    )


def _entities(ir: DocumentIR, change: IRDiff) -> tuple[Entity, ...]:
    removed = {each.entity.id.entity_id for each in change.removed}
    there = {each.id.entity_id: each for each in ir.entities if each.id.entity_id not in removed}
    edits: tuple[Relaid | Changed, ...] = (*change.relaid, *change.changed)
    for edit in edits:
        entity = there.get(edit.entity_id)
        if entity is None:
            raise InvalidIRError([f"diff: there is no entity {edit.entity_id} to change"])
        there[edit.entity_id] = _edited(entity, edit.fields)
    reordered = {each.entity_id: each.after for each in change.moved if each.reordered}
    order = [key for key in there if key not in reordered]
    there.update((each.entity.id.entity_id, each.entity) for each in change.added)
    after = {each.entity.id.entity_id: each.after for each in change.added} | reordered
    return tuple(there[key] for key in _inserted(order, after))


def _edited(entity: Entity, fields: Sequence[FieldChange]) -> Entity:
    # The label is a part of the identity, which is replaced as a whole.
    new = {each.field: each.new for each in fields if each.field != "anchor"}
    return entity_from_dict({**entity_to_dict(entity), **new})


def _inserted(order: Sequence[UUID], after: dict[UUID, UUID | None]) -> list[UUID]:
    """Put every key of *after* behind the one it names, in one pass."""
    following: dict[UUID | None, UUID] = {before: key for key, before in after.items()}
    result: list[UUID] = []
    for start in (None, *order):
        if start is not None:
            result.append(start)
        key = following.pop(start, None)
        while key is not None:
            result.append(key)
            key = following.pop(key, None)
    if following:
        raise InvalidIRError(
            [f"diff: there is no entity {each} to stand after" for each in following]
        )
    return result
