"""Commands on a document's original: bring it in, revise it, name it."""

from __future__ import annotations

import attrs
from typing_extensions import override

from eventdocs.documents import _events as happened
from eventdocs.documents._contents import Content
from eventdocs.documents._decider import STANDS, Command
from eventdocs.documents._state import Document


@attrs.frozen(kw_only=True)
class UploadDocument(Command):
    """Bring in a document's first revision.

    Attributes:
        label: Content: the `Label` as JSON.
        original: Its bytes.
        media_type: What kind of document they are.
    """

    label: Content
    original: Content
    media_type: str

    possible = frozenset({"absent", "live"})

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        if state.lifecycle == "absent":
            return (
                happened.DocumentUploaded(
                    document_id=state.document_id,
                    revision=1,
                    label=self.label.digest,
                    original=self.original.digest,
                    size=self.original.size,
                    media_type=self.media_type,
                ),
            )
        if (state.label, state.current.original) == (self.label.digest, self.original.digest):
            return ()
        raise self.refuse(state, STANDS["live"])


@attrs.frozen(kw_only=True)
class ReviseDocument(Command):
    """Bring in other bytes for a document that is there.

    Attributes:
        original: The bytes.
        media_type: What kind of document they are.
    """

    original: Content
    media_type: str

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        if state.current.original == self.original.digest:
            return ()
        return (
            happened.DocumentRevised(
                document_id=state.document_id,
                revision=state.current.number + 1,
                original=self.original.digest,
                size=self.original.size,
                media_type=self.media_type,
            ),
        )


@attrs.frozen(kw_only=True)
class RelabelDocument(Command):
    """Give the document another title, or another source.

    Attributes:
        label: Content: the new `Label` as JSON.
    """

    label: Content

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        if state.label == self.label.digest:
            return ()
        return (
            happened.DocumentRelabelled(document_id=state.document_id, label=self.label.digest),
        )
