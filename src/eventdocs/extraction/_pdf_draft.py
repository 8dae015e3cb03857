"""The draft of a PDF: what its entities say about how sure they are."""

from __future__ import annotations

import attrs
from typing_extensions import override

from eventdocs.extraction._draft import Draft
from eventdocs.ir import CrossReference, Definition, Entity, Formula, Section, Table

__all__ = ["LayoutDraft"]


class LayoutDraft(Draft):
    """Collects entities that were told by how they look; only links are markup in a PDF."""

    @override
    def _add(self, entity: Entity) -> None:
        if entity.prov.method == "markup":
            match entity:
                case Section():
                    entity = attrs.evolve(entity, prov=self.provenance("layout", 0.8))
                case Formula():
                    entity = attrs.evolve(entity, prov=self.provenance("layout", 0.5))
                case Definition():
                    entity = attrs.evolve(entity, prov=self.provenance("layout", 0.6))
                case Table():
                    entity = attrs.evolve(entity, prov=self.provenance("layout", 0.5))
                case CrossReference() if entity.raw_target.startswith("Equation "):
                    entity = attrs.evolve(entity, prov=self.provenance("pattern", 0.7))
                case _:
                    pass
        super()._add(entity)
