"""The draft of plain text: what its entities say about how sure they are."""

from __future__ import annotations

import attrs
from typing_extensions import override

from eventdocs.extraction._layout_draft import LayoutDraft
from eventdocs.ir import CrossReference, Entity

__all__ = ["PlainTextDraft"]


class PlainTextDraft(LayoutDraft):
    """Collects entities that were told by their layout and their words; nothing is marked up."""

    @override
    def _add(self, entity: Entity) -> None:
        if isinstance(entity, CrossReference) and entity.prov.method == "layout":
            # Addresses and keys in brackets look like nothing else.
            entity = attrs.evolve(entity, prov=self.provenance("pattern", 0.9))
        super()._add(entity)
