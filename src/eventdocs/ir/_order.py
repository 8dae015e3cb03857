"""Orders: in which entities, edges and findings stand in an IR."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from eventdocs.ir._entities import (
    CrossReference,
    Definition,
    Edge,
    Entity,
    Formula,
    Issue,
    Section,
    SourceSpan,
    Table,
)

Place: TypeAlias = tuple[int, int, int, str]

_OUTER_FIRST: dict[type, int] = {
    Section: 0,
    Definition: 1,
    Table: 2,
    Formula: 3,
    CrossReference: 4,
}


def place_of(span: SourceSpan) -> Place:
    """Order spans by where they are, as far as that is known."""
    start = -1 if span.start is None else span.start
    return (start, span.page or 0, span.line or 0, span.path or "")


def reading_order(entities: Iterable[Entity]) -> list[Entity]:
    """Sort by first character where all have one; otherwise trust the order given.

    What stands at the same place comes from the outside in: a heading before the
    formula in it, a table before its first cell's formula.
    """
    given = list(entities)
    if any(each.span.start is None for each in given):
        return given
    return sorted(given, key=lambda each: (each.span.start, _OUTER_FIRST[type(each)]))


def edge_order(edge: Edge) -> tuple[int, int, str, str]:
    """Order edges by their ends, kind and link, as edges compare, only faster."""
    return (edge.source.int, edge.target.int, edge.kind, edge.via)


def issue_order(issue: Issue) -> tuple[Place, str, str]:
    """Order findings by place, then by code and fingerprint."""
    return (place_of(issue.span), issue.code, issue.fingerprint)
