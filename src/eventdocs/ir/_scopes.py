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


class Scopes:
    """The meanings of one name, found from any place in time that does not grow with them.

    Args:
        meanings: In reading order.
    """

    def __init__(self, meanings: Iterable[Meaning] = ()) -> None:
        self._all: list[Meaning] = []
        self._near: dict[tuple[MeaningKind, UUID | None], dict[str, Meaning]] = {}
        self._everywhere: dict[MeaningKind, dict[str, Meaning]] = {}
        self._elsewhere: dict[MeaningKind, dict[str, Meaning]] = {}
        for each in meanings:
            self.add(each)

    def add(self, meaning: Meaning) -> None:
        """Add a meaning; what says the same in the same scope counts once."""
        self._all.append(meaning)
        wide = self._elsewhere if meaning.local else self._everywhere
        for group in (
            self._near.setdefault((meaning.kind, meaning.section), {}),
            wide.setdefault(meaning.kind, {}),
        ):
            if len(group) < _ENOUGH:
                group.setdefault(meaning.content, meaning)

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
        found: dict[MeaningKind, tuple[Meaning, ...]] = {}
        for kind in PREFERENCE:
            circles = [
                *(self._near.get((kind, section), {}) for section in around),
                self._everywhere.get(kind, {}),
                self._elsewhere.get(kind, {}),
            ]
            for circle in circles:
                heard = tuple(each for each in circle.values() if each.entity != besides)
                if heard:
                    found[kind] = heard
                    break
        return found
