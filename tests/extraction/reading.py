"""Readers for the tests of extraction: a text in, the entities of one kind out."""

from __future__ import annotations

from typing import TypeVar

from eventdocs.extraction import Extraction, Limits, extract
from eventdocs.ir import CrossReference, Definition, Entity, Formula, Section, Table

EntityT = TypeVar("EntityT", Section, Definition, Formula, Table, CrossReference)


def read(text: str, *, limits: Limits | None = None) -> Extraction:
    return extract(text.encode(), source_name="document.md", limits=limits or Limits())


def find(text: str, kind: type[EntityT]) -> list[EntityT]:
    return [each for each in read(text).ir.entities if isinstance(each, kind)]


def only(text: str, kind: type[EntityT]) -> EntityT:
    [entity] = find(text, kind)
    return entity


def raw(extraction: Extraction, entity: Entity) -> str:
    assert entity.span.start is not None
    return extraction.text[entity.span.start : entity.span.end]
