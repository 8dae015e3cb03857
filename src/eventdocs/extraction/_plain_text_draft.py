"""The draft of plain text: what its entities say about how sure they are."""

from __future__ import annotations

import attrs
from typing_extensions import override

from eventdocs.extraction._draft import Draft
from eventdocs.ir import CrossReference, Entity, Method, Provenance

__all__ = ["PlainTextDraft"]


class PlainTextDraft(Draft):
    """Collects entities that were told by their layout and their words; nothing is marked up."""

    @override
    def provenance(self, method: Method, confidence: float = 1.0) -> Provenance:
        if method == "markup":
            return super().provenance("layout", 0.8)
        return super().provenance(method, confidence)

    @override
    def _add(self, entity: Entity) -> None:
        if isinstance(entity, CrossReference) and entity.prov.method == "layout":
            # Addresses and keys in brackets look like nothing else.
            entity = attrs.evolve(entity, prov=self.provenance("pattern", 0.9))
        super()._add(entity)
