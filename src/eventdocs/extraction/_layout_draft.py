"""The draft of a format without markup: what its entities say about how sure they are."""

from __future__ import annotations

from typing_extensions import override

from eventdocs.extraction._draft import Draft
from eventdocs.ir import Method, Provenance

__all__ = ["LayoutDraft"]


class LayoutDraft(Draft):
    """Collects entities that were told by how they look: what would be markup is layout."""

    @override
    def provenance(self, method: Method, confidence: float = 1.0) -> Provenance:
        if method == "markup":
            return super().provenance("layout", 0.8)
        return super().provenance(method, confidence)
