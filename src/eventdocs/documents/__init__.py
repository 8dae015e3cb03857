"""DOCUMENTS: what happens to them, what may happen next, and what is known about them."""

from eventdocs.documents._tables import content_metadata, content_references, contents

__all__ = ["content_metadata", "content_references", "contents"]
