"""Readers for the tests of extraction: a text in, the entities of one kind out."""

from __future__ import annotations

from typing import TypeVar

import attrs

from eventdocs.extraction import Extraction, Limits, extract
from eventdocs.ir import CrossReference, Definition, Entity, Formula, Section, Table

EntityT = TypeVar("EntityT", Section, Definition, Formula, Table, CrossReference)


@attrs.frozen
class Reading:
    """Reads documents under one file name, whose suffix tells the format."""

    source_name: str

    def read(self, content: str | bytes, *, limits: Limits | None = None) -> Extraction:
        """Extract the meaning of *content*, which is UTF-8 where it is text."""
        data = content.encode() if isinstance(content, str) else content
        return extract(data, source_name=self.source_name, limits=limits or Limits())

    def find(self, content: str | bytes, kind: type[EntityT]) -> list[EntityT]:
        """Give the entities of one kind, in the order of the document."""
        return [each for each in self.read(content).ir.entities if isinstance(each, kind)]

    def only(self, content: str | bytes, kind: type[EntityT]) -> EntityT:
        """Give the one entity of a kind; there must be no second."""
        [entity] = self.find(content, kind)
        return entity


_MARKDOWN = Reading("document.md")
read, find, only = _MARKDOWN.read, _MARKDOWN.find, _MARKDOWN.only


def raw(extraction: Extraction, entity: Entity) -> str:
    assert entity.span.start is not None
    return extraction.text[entity.span.start : entity.span.end]
