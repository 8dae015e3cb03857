"""Commands on a document's meaning: what extraction came to, and corrections of it."""

from __future__ import annotations

from uuid import UUID

import attrs
from typing_extensions import override

from eventdocs.documents import _events as happened
from eventdocs.documents._contents import Content
from eventdocs.documents._decider import Command
from eventdocs.documents._state import Document, Revision


@attrs.frozen(kw_only=True)
class _OfRevision(Command):
    """Says what came of work on one revision, which must still be the current one.

    Attributes:
        revision: The revision that was worked on.
    """

    revision: int

    def current(self, state: Document) -> Revision:
        if self.revision != state.current.number:
            raise self.refuse(
                state,
                f"revision {self.revision} is not the current one, {state.current.number} is",
            )
        return state.current


@attrs.frozen(kw_only=True)
class RecordConversion(_OfRevision):
    """Record the text that a revision's bytes were turned into.

    Attributes:
        text: The text, in UTF-8.
    """

    text: Content

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        if self.current(state).text == self.text.digest:
            return ()
        return (
            happened.DocumentConverted(
                document_id=state.document_id,
                revision=self.revision,
                text=self.text.digest,
                size=self.text.size,
            ),
        )


@attrs.frozen(kw_only=True)
class RecordExtraction(_OfRevision):
    """Record a revision's meaning.

    Attributes:
        title: The title the document gives itself, in UTF-8; None without one.
        ir: The semantic IR as canonical JSON.
        meaning: What it amounts to with the corrections in force.
        ir_schema: Version of the IR's model.
        extractor: Who extracted it.
        extractor_version: In which version.
    """

    title: Content | None
    ir: Content
    meaning: happened.Meaning
    ir_schema: int
    extractor: str
    extractor_version: str

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        revision = self.current(state)
        if revision.text is None:
            raise self.refuse(state, "the revision has not been converted to text")
        if revision.ir == self.ir.digest and revision.stage == "extracted":
            return ()
        return (
            happened.SemanticsExtracted(
                document_id=state.document_id,
                revision=self.revision,
                title=None if self.title is None else self.title.digest,
                meaning=self.meaning,
                size=self.ir.size,
                ir_schema=self.ir_schema,
                extractor=self.extractor,
                extractor_version=self.extractor_version,
            ),
        )


@attrs.frozen(kw_only=True)
class RecordConversionFailure(_OfRevision):
    """Record that a revision's bytes could not be turned into text.

    Attributes:
        error: The kind of error.
        reason: What was wrong, without the document's name and words.
    """

    error: str
    reason: str

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        failed = happened.ConversionFailed(
            document_id=state.document_id,
            revision=self.revision,
            error=self.error,
            reason=self.reason,
        )
        return _unless_known(self.current(state), failed)


@attrs.frozen(kw_only=True)
class RecordExtractionFailure(_OfRevision):
    """Record that a revision's meaning could not be extracted.

    Attributes:
        error: The kind of error.
        reason: What was wrong, without the document's name and words.
    """

    error: str
    reason: str

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        failed = happened.ExtractionFailed(
            document_id=state.document_id,
            revision=self.revision,
            error=self.error,
            reason=self.reason,
        )
        return _unless_known(self.current(state), failed)


def _unless_known(
    revision: Revision, failed: happened.ConversionFailed | happened.ExtractionFailed
) -> tuple[happened.DocumentEvent, ...]:
    # A meaning that is there already is not made worse by a later attempt.
    return () if revision.stage == "extracted" or revision.failure == failed else (failed,)


@attrs.frozen(kw_only=True)
class CurateSemantics(Command):
    """Correct the newest extracted meaning.

    Attributes:
        curation_id: Identity of the correction.
        patch: Its proposals as JSON.
        proposals: How many there are.
        meaning: What comes of it.
    """

    curation_id: UUID
    patch: Content
    proposals: int
    meaning: happened.Meaning

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        known = state.curations.get(self.curation_id)
        if known is not None:
            if known.patch == self.patch.digest and not known.undone:
                return ()
            raise self.refuse(state, f"curation {self.curation_id} was made before")
        if state.extracted is None:
            raise self.refuse(state, "its meaning has not been extracted")
        return (
            happened.SemanticsCurated(
                document_id=state.document_id,
                curation_id=self.curation_id,
                revision=state.extracted.number,
                patch=self.patch.digest,
                proposals=self.proposals,
                meaning=self.meaning,
            ),
        )


@attrs.frozen(kw_only=True)
class UndoCuration(Command):
    """Take a correction back.

    Attributes:
        curation_id: The correction.
        meaning: What comes of it.
    """

    curation_id: UUID
    meaning: happened.Meaning

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        known = state.curations.get(self.curation_id)
        if known is None or state.extracted is None:
            raise self.refuse(state, f"there is no curation {self.curation_id}")
        if known.undone:
            return ()
        return (
            happened.CurationUndone(
                document_id=state.document_id,
                curation_id=self.curation_id,
                revision=state.extracted.number,
                meaning=self.meaning,
            ),
        )
