"""What happens to documents: facts and digests, never contents.

Bytes that an event names by a digest lie in the content store; that way erasing a
document takes its words away and leaves the history of what was done to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import attrs

from eventdocs.store import event
from eventdocs.types import Digest


@attrs.frozen(kw_only=True)
class DocumentEvent:
    """What all of them tell.

    Attributes:
        document_id: The document; its stream is `document-<document_id>`.
    """

    document_id: UUID


# ---- the original


@event("DocumentUploaded", version=1)
@attrs.frozen(kw_only=True)
class DocumentUploaded(DocumentEvent):
    """The first revision of a document came in.

    Attributes:
        revision: Always 1.
        label: Content that holds the document's source and title.
        original: Content: the bytes as they came in.
        size: Of the original, in bytes.
        media_type: What kind of document the bytes are.
    """

    revision: int
    label: Digest
    original: Digest
    size: int
    media_type: str


@event("DocumentRevised", version=1)
@attrs.frozen(kw_only=True)
class DocumentRevised(DocumentEvent):
    """Other bytes came in for a document that was there.

    Attributes:
        revision: The new revision, one more than the last.
        original: Content: the bytes as they came in.
        size: Of the original, in bytes.
        media_type: What kind of document the bytes are.
    """

    revision: int
    original: Digest
    size: int
    media_type: str


@event("DocumentRelabelled", version=1)
@attrs.frozen(kw_only=True)
class DocumentRelabelled(DocumentEvent):
    """The document was given another title, or comes from another source now.

    Attributes:
        label: Content that holds the document's source and title as they are now.
    """

    label: Digest


@event("DocumentConverted", version=1)
@attrs.frozen(kw_only=True)
class DocumentConverted(DocumentEvent):
    """A revision's bytes were turned into text.

    Attributes:
        revision: The revision.
        text: Content: the decoded, normalised text in UTF-8 that all offsets refer to.
        size: Of the text, in bytes.
    """

    revision: int
    text: Digest
    size: int


@event("ConversionFailed", version=1)
@attrs.frozen(kw_only=True)
class ConversionFailed(DocumentEvent):
    """A revision's bytes could not be turned into text.

    Attributes:
        revision: The revision.
        error: The kind of error.
        reason: What was wrong, without the document's name and words.
    """

    revision: int
    error: str
    reason: str


# ---- its meaning


@attrs.frozen(kw_only=True)
class Meaning:
    """What a revision means: what was extracted, with the corrections of it.

    Attributes:
        ir: Content: the canonical JSON of the semantic IR, as it was extracted.
        patches: Contents: the corrections in force, in the order they are applied.
        entities: How many entities of each kind there are, corrections applied.
        severities: How many findings of each severity.
        codes: How many findings of each code.
    """

    ir: Digest
    patches: tuple[Digest, ...] = ()
    entities: Mapping[str, int]
    severities: Mapping[str, int]
    codes: Mapping[str, int]


@event("SemanticsExtracted", version=1)
@attrs.frozen(kw_only=True)
class SemanticsExtracted(DocumentEvent):
    """A revision's meaning was extracted.

    Attributes:
        revision: The revision.
        title: Content: the title the document gives itself, in UTF-8; None without one.
        meaning: What it means, earlier corrections applied.
        size: Of the extracted IR's JSON, in bytes.
        ir_schema: Version of the IR's model.
        extractor: Who extracted it.
        extractor_version: In which version.
    """

    revision: int
    title: Digest | None
    meaning: Meaning
    size: int
    ir_schema: int
    extractor: str
    extractor_version: str


@event("ExtractionFailed", version=1)
@attrs.frozen(kw_only=True)
class ExtractionFailed(DocumentEvent):
    """A revision's meaning could not be extracted.

    Attributes:
        revision: The revision.
        error: The kind of error.
        reason: What was wrong, without the document's name and words.
    """

    revision: int
    error: str
    reason: str


@event("SemanticsCurated", version=1)
@attrs.frozen(kw_only=True)
class SemanticsCurated(DocumentEvent):
    """Somebody corrected what was extracted; the correction outlives later extractions.

    Attributes:
        curation_id: The correction.
        revision: The first revision it applies to.
        patch: Content: the proposals, as JSON.
        proposals: How many there are.
        meaning: What the revision means with this correction.
    """

    curation_id: UUID
    revision: int
    patch: Digest
    proposals: int
    meaning: Meaning


@event("CurationUndone", version=1)
@attrs.frozen(kw_only=True)
class CurationUndone(DocumentEvent):
    """A correction was taken back.

    Attributes:
        curation_id: The correction.
        revision: The newest revision that it no longer applies to.
        meaning: What that revision means without this correction.
    """

    curation_id: UUID
    revision: int
    meaning: Meaning


# ---- work on it


@event("AnalysisRequested", version=1)
@attrs.frozen(kw_only=True)
class AnalysisRequested(DocumentEvent):
    """Somebody wants an analysis of the document.

    Attributes:
        analysis_id: The analysis.
        revision: The revision to be analysed.
        kind: What kind of analysis, in the host's words.
    """

    analysis_id: UUID
    revision: int
    kind: str


@event("AnalysisCompleted", version=1)
@attrs.frozen(kw_only=True)
class AnalysisCompleted(DocumentEvent):
    """An analysis came to a result.

    Attributes:
        analysis_id: The analysis.
        result: Content: the result, in the host's form.
        size: Of the result, in bytes.
    """

    analysis_id: UUID
    result: Digest
    size: int


@event("AnalysisFailed", version=1)
@attrs.frozen(kw_only=True)
class AnalysisFailed(DocumentEvent):
    """An analysis came to no result.

    Attributes:
        analysis_id: The analysis.
        reason: Why, without the document's words: it cannot be erased.
    """

    analysis_id: UUID
    reason: str


@event("AnalysisReset", version=1)
@attrs.frozen(kw_only=True)
class AnalysisReset(DocumentEvent):
    """An analysis was set back; what came of it no longer counts.

    Attributes:
        analysis_id: The analysis.
    """

    analysis_id: UUID


@event("FeedbackGenerated", version=1)
@attrs.frozen(kw_only=True)
class FeedbackGenerated(DocumentEvent):
    """Feedback on the document was written.

    Attributes:
        feedback_id: The feedback.
        revision: The revision it is about.
        text: Content: the feedback, in UTF-8.
        analysis_id: The analysis it came from, if it came from one.
        entities: The entities it is about.
    """

    feedback_id: UUID
    revision: int
    text: Digest
    analysis_id: UUID | None = None
    entities: tuple[UUID, ...] = ()


@event("FeedbackAccepted", version=1)
@attrs.frozen(kw_only=True)
class FeedbackAccepted(DocumentEvent):
    """Feedback was found right.

    Attributes:
        feedback_id: The feedback.
    """

    feedback_id: UUID


@event("FeedbackRejected", version=1)
@attrs.frozen(kw_only=True)
class FeedbackRejected(DocumentEvent):
    """Feedback was found wrong.

    Attributes:
        feedback_id: The feedback.
        reason: Content: why, in UTF-8; None if nothing was said.
    """

    feedback_id: UUID
    reason: Digest | None = None


@event("FeedbackModified", version=1)
@attrs.frozen(kw_only=True)
class FeedbackModified(DocumentEvent):
    """Feedback was reworded.

    Attributes:
        feedback_id: The feedback.
        text: Content: the new wording, in UTF-8.
    """

    feedback_id: UUID
    text: Digest


@event("DocumentExported", version=1)
@attrs.frozen(kw_only=True)
class DocumentExported(DocumentEvent):
    """The document, or its meaning, left in some form.

    Attributes:
        revision: The revision that left.
        form: In which form, such as a media type.
    """

    revision: int
    form: str


# ---- its place and its end


@event("DocumentGrouped", version=1)
@attrs.frozen(kw_only=True)
class DocumentGrouped(DocumentEvent):
    """The document joined a group.

    Attributes:
        group: The group, in the host's words.
    """

    group: str


@event("DocumentUngrouped", version=1)
@attrs.frozen(kw_only=True)
class DocumentUngrouped(DocumentEvent):
    """The document left a group.

    Attributes:
        group: The group, in the host's words.
    """

    group: str


@event("DocumentArchived", version=1)
@attrs.frozen(kw_only=True)
class DocumentArchived(DocumentEvent):
    """The document was put away; it can be read and changes no more."""


@event("DocumentRestored", version=1)
@attrs.frozen(kw_only=True)
class DocumentRestored(DocumentEvent):
    """The document was taken out of the archive."""


@event("DocumentErased", version=1)
@attrs.frozen(kw_only=True)
class DocumentErased(DocumentEvent):
    """The document's contents are gone for good: this is the receipt.

    Attributes:
        revision: How many revisions it had.
        removed: How many contents were deleted.
        removed_size: What they held, in bytes.
        kept: How many contents stay because another document refers to the same bytes.
    """

    revision: int
    removed: int
    removed_size: int
    kept: int


DOCUMENT_EVENTS: Final = (
    DocumentUploaded,
    DocumentRevised,
    DocumentRelabelled,
    DocumentConverted,
    ConversionFailed,
    SemanticsExtracted,
    ExtractionFailed,
    SemanticsCurated,
    CurationUndone,
    AnalysisRequested,
    AnalysisCompleted,
    AnalysisFailed,
    AnalysisReset,
    FeedbackGenerated,
    FeedbackAccepted,
    FeedbackRejected,
    FeedbackModified,
    DocumentExported,
    DocumentGrouped,
    DocumentUngrouped,
    DocumentArchived,
    DocumentRestored,
    DocumentErased,
)
"""All of them: open a store with these to keep documents in it."""
