"""Where cross-references point: anchors, numbers, headings and terms."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from uuid import UUID

from eventdocs.ir._canonical import EntityKind, collapse, kind_of
from eventdocs.ir._entities import (
    MOST_CANDIDATES,
    CrossReference,
    Definition,
    Entity,
    Formula,
    ReferenceType,
    Resolution,
    Section,
    Table,
)
from eventdocs.ir._numbers import NumberedPlace, heading_number, parse_number, phrase_in
from eventdocs.ir._terms import normalise_term

_SCHEME = re.compile(
    r"[a-z][a-z0-9+.-]*://|(?:mailto|tel|doi|urn|data|javascript|news):", re.IGNORECASE
)
_FILE = re.compile(
    r"[^\s#]+\.(?:md|markdown|html?|rst|tex|pdf|docx?|xlsx?|pptx?|txt|ipynb|csv|json|xml|ya?ml"
    r"|py|png|jpe?g|gif|svg)(?:[#?].*)?|\.{0,2}/\S*",
    re.IGNORECASE,
)
_KIND_WANTED: dict[ReferenceType, EntityKind] = {
    "section": "section",
    "formula": "formula",
    "table": "table",
    "definition": "definition",
}
_LEAVES_THE_DOCUMENT: frozenset[ReferenceType] = frozenset({"citation", "footnote", "document"})


class Targets:
    """Everything in a document that can be referred to, by every name it goes by.

    Args:
        entities: In reading order, with their final ids.
    """

    def __init__(self, entities: Sequence[Entity]) -> None:
        self._kinds = {each.id.entity_id: kind_of(each) for each in entities}
        self._anchors: dict[str, list[UUID]] = defaultdict(list)
        self._slugs: dict[str, UUID] = {}
        self._titles: dict[str, list[UUID]] = defaultdict(list)
        self._terms: dict[str, list[UUID]] = defaultdict(list)
        self._numbers: dict[str, list[NumberedPlace]] = defaultdict(list)
        self._known: dict[tuple[str, ReferenceType, str | None], Resolution] = {}
        repeats: Counter[str] = Counter()
        for each in entities:
            if each.id.anchor:
                self._anchors[each.id.anchor].append(each.id.entity_id)
            match each:
                case Section():
                    self._add_section(each, repeats)
                case Definition():
                    for key in (each.term_key, *each.aliases):
                        self._terms[key].append(each.id.entity_id)
                case Table() | Formula():
                    self._add_number(each)
                case CrossReference():
                    pass

    def _add_section(self, section: Section, repeats: Counter[str]) -> None:
        entity_id = section.id.entity_id
        for slug in sorted(slugs_of(section.title)):
            count = repeats[slug]
            repeats[slug] += 1
            self._slugs.setdefault(f"{slug}-{count}" if count else slug, entity_id)
        self._titles[normalise_term(section.title)].append(entity_id)
        label, number = heading_number(section.title)
        if section.number is not None:
            number = parse_number(section.number)
        if number:
            place = NumberedPlace(kind="section", label=label, entity_id=entity_id)
            self._numbers[number].append(place)

    def _add_number(self, entity: Table | Formula) -> None:
        number = parse_number(entity.number) if entity.number else ""
        kind = kind_of(entity)
        if not number and isinstance(entity, Table):
            label, number = heading_number(entity.caption or "")
            number = number if label == "table" else ""
        if number:
            place = NumberedPlace(kind=kind, label=kind, entity_id=entity.id.entity_id)
            self._numbers[number].append(place)

    def numbered(self, kind: EntityKind) -> bool:
        """Say whether anything of *kind* bears a number at all."""
        return any(place.kind == kind for places in self._numbers.values() for place in places)

    def resolve(self, reference: CrossReference) -> Resolution:
        """Find what *reference* points at, or say why that is not known."""
        wanted = reference.raw_target, reference.reference_type, reference.target_document
        # Equal references mean the same; many of them may fit many things.
        known = self._known.get(wanted)
        if known is None:
            known = self._known[wanted] = self._resolve(reference)
        return known

    def _resolve(self, reference: CrossReference) -> Resolution:
        target = reference.raw_target.strip()
        if reference.target_document is not None:
            return Resolution(state="external", by="document")
        if reference.reference_type == "url" or _SCHEME.match(target):
            return Resolution(state="external", by="url")
        name = target.removeprefix("#")
        found = self._of_kind(reference.reference_type, self._anchors.get(name, ()))
        if found:
            return _resolution(found, "anchor")
        if reference.reference_type in _LEAVES_THE_DOCUMENT:
            return Resolution(state="external", by=reference.reference_type)
        if _FILE.fullmatch(target):
            return Resolution(state="external", by="document")
        if target == "#":
            return Resolution(state="ignored", by="top")
        return (
            self._by_number(reference)
            or self._by_heading(name)
            or self._by_term(reference, name)
            or self._unresolved(reference)
        )

    def _of_kind(self, wanted: ReferenceType, ids: Sequence[UUID]) -> Sequence[UUID]:
        kind = _KIND_WANTED.get(wanted)
        fitting = [each for each in ids if self._kinds[each] == kind]
        return fitting or ids

    def _by_number(self, reference: CrossReference) -> Resolution | None:
        phrase = phrase_in(reference.raw_target)
        if phrase is None:
            return None
        if phrase.kind == "figure":
            return Resolution(state="ignored", by="figure")
        places = [each for each in self._numbers.get(phrase.number, ()) if each.kind == phrase.kind]
        if phrase.kind == "section":
            places = _best_labelled(places, phrase.label, phrase.number)
        return _resolution([each.entity_id for each in places], "number")

    def _by_heading(self, name: str) -> Resolution | None:
        slug = self._slugs.get(name.casefold())
        if slug is not None:
            return _resolution([slug], "heading")
        found = self._titles.get(normalise_term(name)) if name else None
        return _resolution(found, "heading") if found else None

    def _by_term(self, reference: CrossReference, name: str) -> Resolution | None:
        if reference.reference_type not in ("definition", "unknown"):
            return None
        found = self._terms.get(normalise_term(name))
        return _resolution(found, "term") if found else None

    def _unresolved(self, reference: CrossReference) -> Resolution:
        # Figures are no entities, so that nothing is known about the missing ones.
        if reference.reference_type == "figure":
            return Resolution(state="ignored", by="figure")
        return Resolution(state="dangling", by="anchor")


def slugs_of(title: str) -> set[str]:
    """Spell *title* as GitHub, pandoc and docutils make an id of it."""
    lower = collapse(title).casefold()
    github = re.sub(r"[^\w\- ]", "", lower).replace(" ", "-")
    kept = re.sub(r"[^\w\-. ]", "", lower).replace(" ", "-")
    pandoc = re.sub(r"^[^a-z\u00c0-\U0010ffff]+", "", kept)
    docutils = re.sub(r"[^a-z0-9]+", "-", lower).strip("-")
    return {github, pandoc, docutils} - {""}


def _best_labelled(places: Iterable[NumberedPlace], label: str, number: str) -> list[NumberedPlace]:
    """Prefer headings with the same word; an appendix is never meant by "Section 2"."""
    by_label: dict[str, list[NumberedPlace]] = defaultdict(list)
    for each in places:
        by_label[each.label].append(each)
    if label in by_label:
        return by_label[label]
    if label == "appendix":
        return by_label.get("", []) if number[:1].isalpha() else []
    by_label.pop("appendix", None)
    return by_label.get("") or [each for group in by_label.values() for each in group]


def _resolution(found: Sequence[UUID], by: str) -> Resolution:
    match list(dict.fromkeys(found)):
        case []:
            return Resolution(state="dangling", by=by)
        case [target]:
            return Resolution(state="resolved", target=target, by=by)
        case candidates:
            listed = tuple(candidates[:MOST_CANDIDATES])
            return Resolution(state="ambiguous", candidates=listed, by=by)
