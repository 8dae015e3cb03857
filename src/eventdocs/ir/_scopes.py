"""Where a meaning holds: nearby first, in the whole document next, elsewhere at last."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, TypeAlias
from uuid import UUID

import attrs

from eventdocs.ir._entities import Symbol
from eventdocs.ir._parameters import Parameter

MeaningKind: TypeAlias = Literal["formula", "definition", "table", "inline", "column"]
PREFERENCE: tuple[MeaningKind, ...] = ("formula", "definition", "table", "inline", "column")
"""Which kind of meaning says most, if all are there."""

_ENOUGH = 16
"""More candidates than this help nobody, and would cost time in long documents."""


@attrs.frozen(kw_only=True)
class Meaning:
    """One place that says what a symbol or term is.

    Attributes:
        symbol: The symbol as it is defined there; None if only a term is.
        entity: The formula, definition or table.
        kind: A displayed or inline formula, a definition, a table's row or column.
        by: The rule's name in a resolution.
        content: Content key; two places that say the same are no contradiction.
        section: Where it stands; None outside of all sections.
        local: Valid in that section only.
        parameter: The row or column of a table.
    """

    symbol: Symbol | None
    entity: UUID
    kind: MeaningKind
    by: str
    content: str
    section: UUID | None
    local: bool
    parameter: Parameter | None = None


Groups: TypeAlias = Mapping[MeaningKind, tuple[Meaning, ...]]
"""The nearest meanings of each kind, the kinds that say most first."""


@attrs.define
class _Circles:
    """Meanings of one kind by content, from the nearest to the farthest."""

    near: dict[UUID | None, dict[str, Meaning]] = attrs.field(
        factory=dict[UUID | None, dict[str, Meaning]]
    )
    everywhere: dict[str, Meaning] = attrs.field(factory=dict[str, Meaning])
    elsewhere: dict[str, Meaning] = attrs.field(factory=dict[str, Meaning])


class Scopes:
    """The meanings of one name, found from any place in time that does not grow with them.

    Args:
        meanings: In reading order.
    """

    def __init__(self, meanings: Iterable[Meaning] = ()) -> None:
        self._all: list[Meaning] = []
        self._entities: set[UUID] = set()
        self._circles: dict[MeaningKind, _Circles] = {}
        for each in meanings:
            self.add(each)

    def add(self, meaning: Meaning) -> None:
        """Add a meaning; what says the same in the same scope counts once."""
        self._all.append(meaning)
        self._entities.add(meaning.entity)
        circles = self._circles.get(meaning.kind)
        if circles is None:
            circles = self._circles[meaning.kind] = _Circles()
        wide = circles.elsewhere if meaning.local else circles.everywhere
        for circle in (circles.near.setdefault(meaning.section, {}), wide):
            if len(circle) < _ENOUGH:
                circle.setdefault(meaning.content, meaning)

    @property
    def meanings(self) -> Sequence[Meaning]:
        """All of them, in reading order."""
        return self._all

    def nearest(self, around: Sequence[UUID | None], besides: UUID | None = None) -> Groups:
        """Find the nearest meanings of each kind.

        Args:
            around: The sections around the place that asks, innermost first.
            besides: An entity whose own word does not count.
        """
        speaks = besides is not None and besides in self._entities
        found: dict[MeaningKind, tuple[Meaning, ...]] = {}
        for kind in PREFERENCE:
            circles = self._circles.get(kind)
            if circles is None:
                continue
            near = (circles.near[section] for section in around if section in circles.near)
            for circle in (*near, circles.everywhere, circles.elsewhere):
                heard = tuple(circle.values())
                if speaks:
                    heard = tuple(each for each in heard if each.entity != besides)
                if heard:
                    found[kind] = heard
                    break
        return found
