"""What changed in meaning between two revisions, and nothing that is only layout."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast
from uuid import UUID

import attrs

from eventdocs.ir._canonical import EntityKind, canonical_json, collapse, kind_of, plain_latex
from eventdocs.ir._codec import codec_of
from eventdocs.ir._entities import DocumentIR, Edge, Entity, Issue
from eventdocs.ir._json import entity_to_dict, read
from eventdocs.ir._names import name_of
from eventdocs.ir._order import edge_order
from eventdocs.ir._outline import Outline
from eventdocs.types import JSONObject, JSONValue

_MEANING: Mapping[EntityKind, tuple[str, ...]] = {
    "section": ("title", "level", "number"),
    "definition": (
        "term", "term_key", "aliases", "symbol", "body", "unit", "form", "scope", "uses",
    ),
    "formula": ("latex", "display", "number", "defines", "relation", "variables", "unit"),
    "table": (
        "caption", "number", "n_rows", "n_cols", "header_rows", "header_cols", "cells",
        "columns", "layout", "declared_widths",
    ),
    "reference": ("text", "raw_target", "target_document", "reference_type", "resolution"),
}  # fmt: skip
"""The fields in which an entity's meaning lies; the rest is place, origin, or derived."""

_DOCUMENT_FIELDS = ("document_id", "version", "source", "media_type", "title", "schema")


@attrs.frozen(kw_only=True)
class FieldChange:
    """One field, before and after, as JSON says it.

    Attributes:
        field: Name of the field; `anchor` is the author's label.
        old: Before.
        new: After.
    """

    field: str
    old: JSONValue
    new: JSONValue


@attrs.frozen(kw_only=True)
class Added:
    """An entity that is new.

    Attributes:
        entity: The entity.
        after: The entity before it in the new reading order; None if it is the first.
    """

    entity: Entity
    after: UUID | None


@attrs.frozen(kw_only=True)
class Removed:
    """An entity that is gone."""

    entity: Entity


@attrs.frozen(kw_only=True)
class Changed:
    """An entity that says something else now.

    Attributes:
        entity_id: The entity, in both revisions.
        kind: Its kind.
        name: Its name in the new revision.
        fields: What changed, and how.
    """

    entity_id: UUID
    kind: EntityKind
    name: str
    fields: tuple[FieldChange, ...]


@attrs.frozen(kw_only=True)
class Moved:
    """An entity that stands in another section or in another order.

    Attributes:
        entity_id: The entity, in both revisions.
        kind: Its kind.
        name: Its name in the new revision.
        old_section: Titles of the sections around it before.
        new_section: Titles of the sections around it now.
        after: The entity before it in the new reading order; None if it is the first.
        reordered: Its place among what did not move is another.
        along: Its section moved, and it only went along.
    """

    entity_id: UUID
    kind: EntityKind
    name: str
    old_section: tuple[str, ...]
    new_section: tuple[str, ...]
    after: UUID | None
    reordered: bool
    along: bool


@attrs.frozen(kw_only=True)
class Relaid:
    """An entity that says the same in another layout: no change for readers.

    Attributes:
        entity_id: The entity, in both revisions.
        fields: The fields that are needed to restore it exactly.
    """

    entity_id: UUID
    fields: tuple[FieldChange, ...]


@attrs.frozen(kw_only=True)
class IRDiff:
    """The way from one IR to another; `apply` walks it.

    Attributes:
        document: Changed facts about the document itself.
        added: New entities, in reading order.
        removed: Entities that are gone, in reading order.
        changed: Entities that say something else now, in reading order.
        moved: Entities that stand elsewhere now, in reading order.
        relaid: Entities of which only place, origin or spelling changed.
        edges_added: Edges that are new.
        edges_removed: Edges that are gone.
        issues_added: Findings that are new.
        issues_removed: Findings that are gone.
        issues_updated: Findings that were there and read differently now.
    """

    document: tuple[FieldChange, ...] = ()
    added: tuple[Added, ...] = ()
    removed: tuple[Removed, ...] = ()
    changed: tuple[Changed, ...] = ()
    moved: tuple[Moved, ...] = ()
    relaid: tuple[Relaid, ...] = ()
    edges_added: tuple[Edge, ...] = ()
    edges_removed: tuple[Edge, ...] = ()
    issues_added: tuple[Issue, ...] = ()
    issues_removed: tuple[Issue, ...] = ()
    issues_updated: tuple[Issue, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the meaning is the same; layout and origin may differ."""
        return not (self.added or self.removed or self.changed or self.moved)


def diff(old: DocumentIR, new: DocumentIR) -> IRDiff:
    """Compare two IRs, entity by entity, by their ids.

    Assemble the new revision with `previous=old`, so that its entities carry the ids they
    had. Places, white space, line breaks, provenance and headings renamed around an
    entity are no changes of it. Both IRs keep the rules that `check` knows.
    """
    before = {(each.id.entity_id, kind_of(each)): each for each in old.entities}
    after = {(each.id.entity_id, kind_of(each)): each for each in new.entities}
    comparison = _Comparison(old, new)
    pairs = [(before[key], each) for key, each in after.items() if key in before]
    changed, relaid = _content_changes(pairs)
    old_findings = {each.fingerprint: each for each in old.issues}
    new_findings = {each.fingerprint: each for each in new.issues}
    return IRDiff(
        document=tuple(_field_changes(_header(old), _header(new), _DOCUMENT_FIELDS)),
        added=tuple(
            Added(entity=each, after=comparison.before_in_new[each.id.entity_id])
            for key, each in after.items()
            if key not in before
        ),
        removed=tuple(Removed(entity=each) for key, each in before.items() if key not in after),
        changed=changed,
        moved=comparison.moves(pairs),
        relaid=relaid,
        edges_added=tuple(sorted(set(new.edges) - set(old.edges), key=edge_order)),
        edges_removed=tuple(sorted(set(old.edges) - set(new.edges), key=edge_order)),
        issues_added=tuple(new_findings[key] for key in new_findings if key not in old_findings),
        issues_removed=tuple(old_findings[key] for key in old_findings if key not in new_findings),
        issues_updated=tuple(
            issue
            for key, issue in new_findings.items()
            if key in old_findings and old_findings[key] != issue
        ),
    )


def diff_to_dict(change: IRDiff) -> JSONObject:
    """Write a diff as plain JSON values."""
    return cast("JSONObject", codec_of(IRDiff).write(change))


def diff_from_dict(fields: JSONObject) -> IRDiff:
    """Read what `diff_to_dict` wrote.

    Raises:
        InvalidIRError: It is not a diff; each problem has its path.
    """
    return cast("IRDiff", read(codec_of(IRDiff), fields, "diff"))


class _Comparison:
    """Order and sections of two revisions side by side."""

    def __init__(self, old: DocumentIR, new: DocumentIR) -> None:
        self.outlines = Outline(old.entities), Outline(new.entities)
        ids = [each.id.entity_id for each in new.entities]
        self.before_in_new: dict[UUID, UUID | None] = dict(zip(ids, [None, *ids], strict=False))
        places = {each.id.entity_id: place for place, each in enumerate(old.entities)}
        kept = [each for each in ids if each in places]
        steady = _longest_rise([places[each] for each in kept])
        self.reordered = {each for n, each in enumerate(kept) if n not in steady}

    def moves(self, pairs: Iterable[tuple[Entity, Entity]]) -> tuple[Moved, ...]:
        """List what stands in another section, or in another order, in reading order."""
        moves: dict[UUID, Moved] = {}
        for old, new in pairs:
            key = new.id.entity_id
            before, after = (outline.home(key) for outline in self.outlines)
            if before == after and key not in self.reordered:
                continue
            moves[key] = Moved(
                entity_id=key,
                kind=kind_of(new),
                name=name_of(new),
                old_section=old.section,
                new_section=new.section,
                after=self.before_in_new[key],
                reordered=key in self.reordered,
                along=before == after and after in moves,
            )
        return tuple(moves.values())


def _header(ir: DocumentIR) -> JSONObject:
    return {
        name: str(value) if isinstance(value, UUID) else value
        for name in _DOCUMENT_FIELDS
        for value in [getattr(ir, name)]
    }


def _content_changes(
    pairs: Iterable[tuple[Entity, Entity]],
) -> tuple[tuple[Changed, ...], tuple[Relaid, ...]]:
    """Tell changes of meaning from changes of layout, field by field."""
    changed: list[Changed] = []
    relaid: list[Relaid] = []
    for old, new in pairs:
        if old is new:
            continue
        meaning: list[FieldChange] = []
        layout: list[FieldChange] = []
        one, other = entity_to_dict(old), entity_to_dict(new)
        for change in _field_changes(one, other, one):
            means = change.field in _MEANING[kind_of(new)]
            plain = _plain if change.field != "latex" else _plain_latex
            differs = means and not _same(plain(change.old), plain(change.new))
            (meaning if differs else layout).append(change)
        if old.id.anchor != new.id.anchor:
            meaning.append(FieldChange(field="anchor", old=old.id.anchor, new=new.id.anchor))
        entity_id = new.id.entity_id
        if meaning:
            kind, name = kind_of(new), name_of(new)
            changed.append(
                Changed(entity_id=entity_id, kind=kind, name=name, fields=tuple(meaning))
            )
        if layout:
            relaid.append(Relaid(entity_id=entity_id, fields=tuple(layout)))
    return tuple(changed), tuple(relaid)


def _field_changes(
    old: JSONObject, new: JSONObject, fields: Iterable[str]
) -> Iterator[FieldChange]:
    for field in fields:
        if not _same(old[field], new[field]):
            yield FieldChange(field=field, old=old[field], new=new[field])


def _same(old: JSONValue, new: JSONValue) -> bool:
    """Compare as JSON: `true` is not 1."""
    return old == new and canonical_json(old) == canonical_json(new)


def _plain_latex(value: JSONValue) -> JSONValue:
    return plain_latex(str(value))


def _plain(value: JSONValue) -> JSONValue:
    """Take places and white space out of a field, so that layout is no change."""
    if isinstance(value, str):
        return collapse(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items() if key != "span"}
    if isinstance(value, Sequence):
        return [_plain(each) for each in value]
    return value


def _longest_rise(numbers: Sequence[int]) -> set[int]:
    """Find the places of a longest increasing subsequence, in O(n log n)."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for place, number in enumerate(numbers):
        length = bisect_left(tails, number)
        before.append(ends[length - 1] if length else -1)
        tails[length : length + 1] = [number]
        ends[length : length + 1] = [place]
    steady: set[int] = set()
    place = ends[-1] if ends else -1
    while place >= 0:
        steady.add(place)
        place = before[place]
    return steady
