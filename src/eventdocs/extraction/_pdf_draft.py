"""The draft of a PDF: what its entities say about how sure they are."""

from __future__ import annotations

import attrs
from typing_extensions import override

from eventdocs.extraction._draft import Draft
from eventdocs.extraction._layout_draft import LayoutDraft
from eventdocs.ir import CrossReference, Definition, Entity, Formula, Table

__all__ = ["PdfDraft"]


class PdfDraft(LayoutDraft):
    """Collects entities that were told by how they look; only links are markup in a PDF."""

    @override
    def _add(self, entity: Entity) -> None:
        if entity.prov.method == "layout":
            match entity:
                case Formula() | Table():
                    entity = attrs.evolve(entity, prov=super().provenance("layout", 0.5))
                case Definition():
                    entity = attrs.evolve(entity, prov=super().provenance("layout", 0.6))
                case CrossReference() if entity.raw_target.startswith("Equation "):
                    entity = attrs.evolve(entity, prov=super().provenance("pattern", 0.7))
                case CrossReference():
                    entity = attrs.evolve(entity, prov=Draft.provenance(self, "markup"))
                case _:
                    pass
        super()._add(entity)
