"""What a rule finds, and the document as the rules look at it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TypeVar, cast
from uuid import UUID

import attrs

from eventdocs.ir._entities import (
    CrossReference,
    Definition,
    DocumentIR,
    Entity,
    Formula,
    Section,
    Severity,
    SourceSpan,
    Table,
)
from eventdocs.ir._meanings import Meanings
from eventdocs.ir._parameters import is_mention
from eventdocs.types import JSONValue

_MANY_REPEATED = 3

EntityT = TypeVar("EntityT", Section, Definition, Formula, Table, CrossReference)

SURE = 0.8
"""From this confidence on, an extractor counts as right."""


@attrs.frozen(kw_only=True)
class Finding:
    """A finding before it has a fingerprint.

    Attributes:
        code: The rule.
        severity: How bad it is.
        entities: What it is about, most to blame first; the first says where to look.
        message: One sentence for people.
        suggestion: What to do about it.
        data: Facts behind the message.
        span: Where to look, if that is not where the first entity is.
        subject: What the finding is about in words that survive unrelated edits.
    """

    code: str
    severity: Severity
    entities: tuple[Entity, ...]
    message: str
    suggestion: str = ""
    data: Mapping[str, JSONValue] = attrs.field(factory=dict[str, JSONValue])
    span: SourceSpan | None = None
    subject: tuple[str, ...]


class Evidence:
    """A document as the rules look at it; everything is computed once.

    Args:
        ir: The document.
        meanings: What its symbols and terms mean, where that is known already.
    """

    def __init__(self, ir: DocumentIR, meanings: Meanings | None = None) -> None:
        self.ir = ir
        self._meanings = meanings
        self._by_kind: dict[type[Entity], list[Entity]] = defaultdict(list)
        for each in ir.entities:
            self._by_kind[type(each)].append(each)

    @cached_property
    def by_id(self) -> dict[UUID, Entity]:
        """Every entity by its id."""
        return {each.id.entity_id: each for each in self.ir.entities}

    @cached_property
    def meanings(self) -> Meanings:
        """What symbols and terms mean."""
        return self._meanings or Meanings(self.ir.entities)

    def all(self, kind: type[EntityT]) -> Sequence[EntityT]:
        """List the entities of one kind in reading order."""
        return cast("Sequence[EntityT]", self._by_kind[kind])

    @cached_property
    def mentions(self) -> frozenset[UUID]:
        """Formulas that are nothing but one symbol in running text."""
        return frozenset(each.id.entity_id for each in self.all(Formula) if is_mention(each))

    @cached_property
    def lists_items(self) -> bool:
        """Whether definition lists describe the items of their sections, as manuals do.

        The same names then occur in several lists, and are no terms of the document.
        """
        homes: dict[str, set[UUID | None]] = defaultdict(set)
        for each in self.all(Definition):
            if each.form == "deflist":
                homes[each.term_key].add(self.home(each))
        return sum(len(sections) > 1 for sections in homes.values()) >= _MANY_REPEATED

    def home(self, entity: Entity) -> UUID | None:
        """Find the section that an entity stands in."""
        return self.meanings.outline.home(entity.id.entity_id)


def is_sure(entity: Entity) -> bool:
    """Say whether the extractor was sure enough of an entity for an error."""
    return entity.prov.confidence >= SURE


def listed(names: list[str]) -> str:
    """Join names for a sentence."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
