"""Identity over revisions: which entity of a new revision is which of the old one."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Literal, TypeAlias
from uuid import UUID

import attrs

from eventdocs.ir._canonical import kind_of
from eventdocs.ir._entities import DocumentIR, Entity, Section
from eventdocs.ir._outline import Outline
from eventdocs.ir._similarity import Features, features_of, name_of_content, similarity

MatchRule: TypeAlias = Literal["anchor", "content", "name", "similarity"]
"""Why two entities are taken for one, from the surest reason to the weakest."""

_ALIKE = 0.5
_NEIGHBOURS = 32


@attrs.frozen(kw_only=True)
class Link:
    """Two entities that are one.

    Attributes:
        old: Its id in the old revision.
        new: Its id in the new revision.
        by: Why they are taken for one.
        changed: Its content is another.
        moved: It stands in another section.
    """

    old: UUID
    new: UUID
    by: MatchRule
    changed: bool
    moved: bool


@attrs.frozen(kw_only=True)
class Matching:
    """What became of the entities of an old revision in a new one.

    Attributes:
        links: Entities in both, in the new reading order.
        added: Ids of new entities, in reading order.
        removed: Ids of entities that are gone, in reading order.
    """

    links: tuple[Link, ...]
    added: tuple[UUID, ...]
    removed: tuple[UUID, ...]


def match(old: DocumentIR, new: DocumentIR) -> Matching:
    """Link the entities of *old* with those of *new* by what they are, whatever their ids.

    By the author's anchor first, then by content (in context, where content repeats),
    then by name, then by similarity within the section.
    """
    return match_entities(old.entities, new.entities)


def match_entities(old: Sequence[Entity], new: Sequence[Entity]) -> Matching:
    """Link two sequences in reading order; content keys are set, ids are unique in each."""
    return _Matcher(old, new).run()


class _Matcher:
    """One run; entities are known by their places in the two sequences."""

    def __init__(self, old: Sequence[Entity], new: Sequence[Entity]) -> None:
        self.old, self.new = old, new
        self.old_outline, self.new_outline = Outline(old), Outline(new)
        self.new_place = {each.id.entity_id: place for place, each in enumerate(new)}
        self.old_place = {each.id.entity_id: place for place, each in enumerate(old)}
        self.forward: dict[int, int] = {}
        self.backward: dict[int, int] = {}
        self.by: dict[int, MatchRule] = {}

    def run(self) -> Matching:
        self.link_unique("anchor", _anchor)
        self.link_unique("content", _content)
        self.link_unique("name", _section_name)
        self.link_sections_by_what_they_hold()
        self.link_neighbours()
        self.link_in_section("content", _content)
        self.link_unique("content", _content)
        self.link_in_section("name", _name)
        self.link_unique("name", _term_or_result)
        self.link_alike()
        return self.result()

    def link(self, old: int, new: int, by: MatchRule) -> None:
        self.forward[old], self.backward[new], self.by[old] = new, old, by

    def link_unique(self, by: MatchRule, key: Callable[[Entity], Hashable | None]) -> None:
        """Link what has a key that occurs once on each side among what is left."""
        olds, news = self.left(key)
        for each, places in olds.items():
            others = news.get(each, ())
            if len(places) == 1 and len(others) == 1:
                self.link(places[0], others[0], by)

    def left(
        self, key: Callable[[Entity], Hashable | None]
    ) -> tuple[dict[Hashable, list[int]], dict[Hashable, list[int]]]:
        olds: dict[Hashable, list[int]] = defaultdict(list)
        news: dict[Hashable, list[int]] = defaultdict(list)
        for entities, linked, found in (
            (self.old, self.forward, olds),
            (self.new, self.backward, news),
        ):
            for place, entity in enumerate(entities):
                each = None if place in linked else key(entity)
                if each is not None:
                    found[each].append(place)
        return olds, news

    def link_sections_by_what_they_hold(self) -> None:
        """Link a section with the one that most of its linked entities stand in now."""
        votes: Counter[tuple[UUID, UUID]] = Counter()
        for old, new in self.forward.items():
            one = self.old_outline.home(self.old[old].id.entity_id)
            other = self.new_outline.home(self.new[new].id.entity_id)
            if one is not None and other is not None:
                votes[one, other] += 1
        for (one, other), _ in sorted(votes.items(), key=lambda each: (-each[1], each[0])):
            old, new = self.old_place[one], self.new_place[other]
            if old not in self.forward and new not in self.backward:
                self.link(old, new, "similarity" if self.differ(old, new) else "content")

    def link_neighbours(self) -> None:
        """Link equal content beside what is linked, outwards: context tells repeats apart."""
        for step in (1, -1):
            for old, new in sorted(self.forward.items(), reverse=step < 0):
                one, other = old + step, new + step
                while self.is_free(one, other) and not self.differ(one, other):
                    self.link(one, other, "content")
                    one, other = one + step, other + step

    def is_free(self, old: int, new: int) -> bool:
        return (
            0 <= old < len(self.old)
            and 0 <= new < len(self.new)
            and old not in self.forward
            and new not in self.backward
        )

    def differ(self, old: int, new: int) -> bool:
        return self.old[old].id.content_key != self.new[new].id.content_key

    def link_in_section(self, by: MatchRule, key: Callable[[Entity], Hashable | None]) -> None:
        """Link what has the same key in the same section, in order."""
        olds, news = self.by_section(key)
        for each, places in olds.items():
            for old, new in zip(places, news.get(each, ()), strict=False):
                self.link(old, new, by)

    def by_section(
        self, key: Callable[[Entity], Hashable | None]
    ) -> tuple[dict[Hashable, list[int]], dict[Hashable, list[int]]]:
        """Group what is left by section and key, the section as it is known in the new revision."""
        olds, news = self.left(key)
        return (
            _regroup(olds, lambda place: self.home_in_new(place)),
            _regroup(news, lambda place: self.new_outline.home(self.new[place].id.entity_id)),
        )

    def home_in_new(self, old: int) -> Hashable:
        home = self.old_outline.home(self.old[old].id.entity_id)
        if home is None:
            return None
        place = self.forward.get(self.old_place[home])
        return "gone" if place is None else self.new[place].id.entity_id

    def link_alike(self) -> None:
        """Link the most similar entities of one kind in one section, best pair first."""
        olds, news = self.by_section(kind_of)
        pairs: list[tuple[float, int, int, int]] = []
        for each, places in olds.items():
            others = news.get(each, [])
            features = {place: features_of(self.new[place]) for place in others}
            for rank, old in enumerate(places):
                pairs.extend(self.compare(old, rank, others, features))
        for _, _, old, new in sorted(pairs):
            if self.is_free(old, new):
                self.link(old, new, "similarity")

    def compare(
        self, old: int, rank: int, others: Sequence[int], features: dict[int, Features]
    ) -> Iterable[tuple[float, int, int, int]]:
        own = features_of(self.old[old])
        for other_rank in range(max(0, rank - _NEIGHBOURS), min(len(others), rank + _NEIGHBOURS)):
            new = others[other_rank]
            alike = similarity(own, features[new])
            if alike >= _ALIKE:
                yield -alike, abs(rank - other_rank), old, new

    def result(self) -> Matching:
        return Matching(
            links=tuple(
                Link(
                    old=self.old[old].id.entity_id,
                    new=self.new[new].id.entity_id,
                    by=self.by[old],
                    changed=self.differ(old, new),
                    moved=self.home_in_new(old)
                    != self.new_outline.home(self.new[new].id.entity_id),
                )
                for new, old in sorted(self.backward.items())
            ),
            added=tuple(
                each.id.entity_id for n, each in enumerate(self.new) if n not in self.backward
            ),
            removed=tuple(
                each.id.entity_id for n, each in enumerate(self.old) if n not in self.forward
            ),
        )


def _regroup(
    groups: dict[Hashable, list[int]], section: Callable[[int], Hashable]
) -> dict[Hashable, list[int]]:
    grouped: dict[Hashable, list[int]] = defaultdict(list)
    for key, places in groups.items():
        for place in places:
            grouped[section(place), key].append(place)
    return grouped


def _anchor(entity: Entity) -> Hashable | None:
    return (kind_of(entity), entity.id.anchor) if entity.id.anchor else None


def _content(entity: Entity) -> Hashable | None:
    return entity.id.content_key


def _name(entity: Entity) -> Hashable | None:
    name = name_of_content(entity)
    return (kind_of(entity), name) if name else None


def _section_name(entity: Entity) -> Hashable | None:
    return _name(entity) if isinstance(entity, Section) else None


def _term_or_result(entity: Entity) -> Hashable | None:
    return None if kind_of(entity) == "reference" else _name(entity)
