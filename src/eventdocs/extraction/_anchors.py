"""Anchors: every name that a document gives to a place, and what stands there."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import attrs

from eventdocs.ir import CrossReference, Entity, Resolution

__all__ = ["Anchors"]


class Anchors:
    """The names under which parts of a document can be referred to.

    An entity carries one anchor of its own. Other names of it, and names of things that
    are no entities, such as figures and footnotes, are known here alone, so references
    to them are settled here.

    Args:
        spell: Spells a name as the format compares names; by default as it is written.
    """

    def __init__(self, spell: Callable[[str], str] = str) -> None:
        self._spell = spell
        self._entities: dict[str, UUID] = {}
        self._things: dict[str, str] = {}

    def entity(self, name: str, local: UUID) -> None:
        """Know *name* as one of an entity; the first entity of a name keeps it."""
        self._entities.setdefault(self._spell(name), local)

    def thing(self, name: str, kind: str) -> None:
        """Know *name* as one of something that is no entity, such as a `figure`."""
        self._things.setdefault(self._spell(name), kind)

    def knows(self, name: str) -> bool:
        """Whether anything in the document has that name."""
        name = self._spell(name)
        return name in self._entities or name in self._things

    def settle(self, entities: list[Entity]) -> None:
        """Resolve the references to names that no entity carries itself."""
        own = {entity.id.anchor for entity in entities if entity.id.anchor is not None}
        for index, entity in enumerate(entities):
            if not isinstance(entity, CrossReference) or entity.resolution.state != "unchecked":
                continue
            name = entity.raw_target.removeprefix("#")
            if name in own or entity.target_document is not None:
                continue
            name = self._spell(name)
            if name in self._entities:
                settled = Resolution(state="resolved", target=self._entities[name], by="anchor")
            elif name in self._things:
                settled = Resolution(state="ignored", by=self._things[name])
            elif entity.reference_type == "footnote":
                # A footnote stands in the document that refers to it, or nowhere.
                settled = Resolution(state="dangling", by="footnote")
            else:
                continue
            entities[index] = attrs.evolve(entity, resolution=settled)
