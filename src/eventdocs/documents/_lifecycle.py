"""Commands on a document's place and end: export, groups, archive, erasure."""

from __future__ import annotations

import attrs
from typing_extensions import override

from eventdocs.documents import _events as happened
from eventdocs.documents._decider import Command
from eventdocs.documents._state import Document


@attrs.frozen(kw_only=True)
class ExportDocument(Command):
    """Record that the current revision left in some form; every export is a fact of its own.

    Attributes:
        form: In which form, such as a media type.
    """

    form: str

    possible = frozenset({"live", "archived"})

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        return (
            happened.DocumentExported(
                document_id=state.document_id, revision=state.current.number, form=self.form
            ),
        )


@attrs.frozen(kw_only=True)
class GroupDocument(Command):
    """Have the document join a group.

    Attributes:
        group: In the host's words.
    """

    group: str

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        if self.group in state.groups:
            return ()
        return (happened.DocumentGrouped(document_id=state.document_id, group=self.group),)


@attrs.frozen(kw_only=True)
class UngroupDocument(Command):
    """Have the document leave a group.

    Attributes:
        group: In the host's words.
    """

    group: str

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        if self.group not in state.groups:
            return ()
        return (happened.DocumentUngrouped(document_id=state.document_id, group=self.group),)


@attrs.frozen(kw_only=True)
class ArchiveDocument(Command):
    """Put the document away: it can be read, exported, restored or erased, and changes no more."""

    possible = frozenset({"live", "archived"})

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        if state.lifecycle == "archived":
            return ()
        return (happened.DocumentArchived(document_id=state.document_id),)


@attrs.frozen(kw_only=True)
class RestoreDocument(Command):
    """Take the document out of the archive."""

    possible = frozenset({"live", "archived"})

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        if state.lifecycle == "live":
            return ()
        return (happened.DocumentRestored(document_id=state.document_id),)


@attrs.frozen(kw_only=True)
class RecordErasure(Command):
    """Record that the document's contents were deleted, in the transaction that deletes them.

    Attributes:
        removed: How many contents were deleted.
        removed_size: What they held, in bytes.
        kept: How many contents stay for the sake of other documents.
    """

    removed: int
    removed_size: int
    kept: int

    possible = frozenset({"live", "archived", "erased"})

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        if state.lifecycle == "erased":
            return ()
        return (
            happened.DocumentErased(
                document_id=state.document_id,
                revision=state.current.number,
                removed=self.removed,
                removed_size=self.removed_size,
                kept=self.kept,
            ),
        )
