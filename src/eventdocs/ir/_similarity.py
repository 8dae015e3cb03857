"""How alike two entities of one kind are, from 0 to 1."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TypeAlias

from eventdocs.ir._entities import (
    CrossReference,
    Definition,
    Entity,
    Formula,
    Section,
    Table,
)

Features: TypeAlias = Counter[str]

_TOKENS = re.compile(r"\\[a-zA-Z]+|\w+|[^\w\s{}]")


def features_of(entity: Entity) -> Features:
    """Count the words and pairs of neighbouring words of an entity's content."""
    match entity:
        case Section():
            return _count(entity.title)
        case Definition():
            return _count(f"{entity.term} {entity.term} {entity.body}")
        case Formula():
            return _count(entity.latex or entity.raw)
        case Table():
            cells = Counter(f"{each.col}:{each.text}" for each in entity.cells)
            return _count(entity.caption or "") + cells
        case CrossReference():
            return _count(f"{entity.raw_target} {entity.text}")


def similarity(one: Features, other: Features) -> float:
    """Compare two counts by Dice's coefficient."""
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0


def name_of_content(entity: Entity) -> str | None:
    """Give the name by which an author knows an entity whatever it says now."""
    match entity:
        case Section():
            return entity.title.casefold() or None
        case Definition():
            return entity.term_key
        case Formula():
            return entity.defines.key if entity.defines else None
        case Table():
            return entity.caption.casefold() if entity.caption else None
        case CrossReference():
            return entity.raw_target or None


def _count(text: str) -> Features:
    words: list[str] = _TOKENS.findall(text)
    return Counter(words) + Counter(f"{one} {other}" for one, other in pairwise(words))
