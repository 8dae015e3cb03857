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

# ---- the original


@event("DocumentUploaded", version=1)
@attrs.frozen(kw_only=True)
class DocumentUploaded:
    """The first revision of a document came in.

    Attributes:
        document_id: The document; its stream is `document-<document_id>`.
        revision: Always 1.
        label: Content that holds the document's source and title.
        original: Content: the bytes as they came in.
        size: Of the original, in bytes.
        media_type: What kind of document the bytes are.
    """

    document_id: UUID
    revision: int
    label: Digest
    original: Digest
    size: int
    media_type: str


@event("DocumentRevised", version=1)
@attrs.frozen(kw_only=True)
class DocumentRevised:
    """Other bytes came in for a document that was there.

    Attributes:
        document_id: The document.
        revision: The new revision, one more than the last.
        original: Content: the bytes as they came in.
        size: Of the original, in bytes.
        media_type: What kind of document the bytes are.
    """

    document_id: UUID
    revision: int
    original: Digest
    size: int
    media_type: str


@event("DocumentRelabelled", version=1)
@attrs.frozen(kw_only=True)
class DocumentRelabelled:
    """The document was given another title, or comes from another source now.

    Attributes:
        document_id: The document.
        label: Content that holds the document's source and title as they are now.
    """

    document_id: UUID
    label: Digest


@event("DocumentConverted", version=1)
@attrs.frozen(kw_only=True)
class DocumentConverted:
    """A revision's bytes were turned into text.

    Attributes:
        document_id: The document.
        revision: The revision.
        text: Content: the decoded, normalised text in UTF-8 that all offsets refer to.
        size: Of the text, in bytes.
    """

    document_id: UUID
    revision: int
    text: Digest
    size: int


@event("ConversionFailed", version=1)
@attrs.frozen(kw_only=True)
class ConversionFailed:
    """A revision's bytes could not be turned into text.

    Attributes:
        document_id: The document.
        revision: The revision.
        error: The kind of error.
        reason: What was wrong, without the document's name and words.
    """

    document_id: UUID
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
class SemanticsExtracted:
    """A revision's meaning was extracted.

    Attributes:
        document_id: The document.
        revision: The revision.
        title: Content: the title the document gives itself, in UTF-8; None without one.
        meaning: What it means, earlier corrections applied.
        size: Of the extracted IR's JSON, in bytes.
        ir_schema: Version of the IR's model.
        extractor: Who extracted it.
        extractor_version: In which version.
    """

    document_id: UUID
    revision: int
    title: Digest | None
    meaning: Meaning
    size: int
    ir_schema: int
    extractor: str
    extractor_version: str


@event("ExtractionFailed", version=1)
@attrs.frozen(kw_only=True)
class ExtractionFailed:
    """A revision's meaning could not be extracted.

    Attributes:
        document_id: The document.
        revision: The revision.
        error: The kind of error.
        reason: What was wrong, without the document's name and words.
    """

    document_id: UUID
    revision: int
    error: str
    reason: str


@event("SemanticsCurated", version=1)
@attrs.frozen(kw_only=True)
class SemanticsCurated:
    """Somebody corrected what was extracted; the correction outlives later extractions.

    Attributes:
        document_id: The document.
        curation_id: The correction.
        revision: The first revision it applies to.
        patch: Content: the proposals, as JSON.
        proposals: How many there are.
        meaning: What the revision means with this correction.
    """

    document_id: UUID
    curation_id: UUID
    revision: int
    patch: Digest
    proposals: int
    meaning: Meaning


@event("CurationUndone", version=1)
@attrs.frozen(kw_only=True)
class CurationUndone:
    """A correction was taken back.

    Attributes:
        document_id: The document.
        curation_id: The correction.
        revision: The newest revision that it no longer applies to.
        meaning: What that revision means without this correction.
    """

    document_id: UUID
    curation_id: UUID
    revision: int
    meaning: Meaning


# ---- work on it


@event("AnalysisRequested", version=1)
@attrs.frozen(kw_only=True)
class AnalysisRequested:
    """Somebody wants an analysis of the document.

    Attributes:
        document_id: The document.
        analysis_id: The analysis.
        revision: The revision to be analysed.
        kind: What kind of analysis, in the host's words.
    """

    document_id: UUID
    analysis_id: UUID
    revision: int
    kind: str


@event("AnalysisCompleted", version=1)
@attrs.frozen(kw_only=True)
class AnalysisCompleted:
    """An analysis came to a result.

    Attributes:
        document_id: The document.
        analysis_id: The analysis.
        result: Content: the result, in the host's form.
        size: Of the result, in bytes.
    """

    document_id: UUID
    analysis_id: UUID
    result: Digest
    size: int


@event("AnalysisFailed", version=1)
@attrs.frozen(kw_only=True)
class AnalysisFailed:
    """An analysis came to no result.

    Attributes:
        document_id: The document.
        analysis_id: The analysis.
        reason: Why, without the document's words: it cannot be erased.
    """

    document_id: UUID
    analysis_id: UUID
    reason: str


@event("AnalysisReset", version=1)
@attrs.frozen(kw_only=True)
class AnalysisReset:
    """An analysis was set back; what came of it no longer counts.

    Attributes:
        document_id: The document.
        analysis_id: The analysis.
    """

    document_id: UUID
    analysis_id: UUID


@event("FeedbackGenerated", version=1)
@attrs.frozen(kw_only=True)
class FeedbackGenerated:
    """Feedback on the document was written.

    Attributes:
        document_id: The document.
        feedback_id: The feedback.
        revision: The revision it is about.
        text: Content: the feedback, in UTF-8.
        analysis_id: The analysis it came from, if it came from one.
        entities: The entities it is about.
    """

    document_id: UUID
    feedback_id: UUID
    revision: int
    text: Digest
    analysis_id: UUID | None = None
    entities: tuple[UUID, ...] = ()


@event("FeedbackAccepted", version=1)
@attrs.frozen(kw_only=True)
class FeedbackAccepted:
    """Feedback was found right.

    Attributes:
        document_id: The document.
        feedback_id: The feedback.
    """

    document_id: UUID
    feedback_id: UUID


@event("FeedbackRejected", version=1)
@attrs.frozen(kw_only=True)
class FeedbackRejected:
    """Feedback was found wrong.

    Attributes:
        document_id: The document.
        feedback_id: The feedback.
        reason: Content: why, in UTF-8; None if nothing was said.
    """

    document_id: UUID
    feedback_id: UUID
    reason: Digest | None = None


@event("FeedbackModified", version=1)
@attrs.frozen(kw_only=True)
class FeedbackModified:
    """Feedback was reworded.

    Attributes:
        document_id: The document.
        feedback_id: The feedback.
        text: Content: the new wording, in UTF-8.
    """

    document_id: UUID
    feedback_id: UUID
    text: Digest


@event("DocumentExported", version=1)
@attrs.frozen(kw_only=True)
class DocumentExported:
    """The document, or its meaning, left in some form.

    Attributes:
        document_id: The document.
        revision: The revision that left.
        form: In which form, such as a media type.
    """

    document_id: UUID
    revision: int
    form: str


# ---- its place and its end


@event("DocumentGrouped", version=1)
@attrs.frozen(kw_only=True)
class DocumentGrouped:
    """The document joined a group.

    Attributes:
        document_id: The document.
        group: The group, in the host's words.
    """

    document_id: UUID
    group: str


@event("DocumentUngrouped", version=1)
@attrs.frozen(kw_only=True)
class DocumentUngrouped:
    """The document left a group.

    Attributes:
        document_id: The document.
        group: The group, in the host's words.
    """

    document_id: UUID
    group: str


@event("DocumentArchived", version=1)
@attrs.frozen(kw_only=True)
class DocumentArchived:
    """The document was put away; it can be read and changes no more.

    Attributes:
        document_id: The document.
    """

    document_id: UUID


@event("DocumentRestored", version=1)
@attrs.frozen(kw_only=True)
class DocumentRestored:
    """The document was taken out of the archive.

    Attributes:
        document_id: The document.
    """

    document_id: UUID


@event("DocumentErased", version=1)
@attrs.frozen(kw_only=True)
class DocumentErased:
    """The document's contents are gone for good: this is the receipt.

    Attributes:
        document_id: The document.
        revision: How many revisions it had.
        removed: How many contents were deleted.
        removed_size: What they held, in bytes.
        kept: How many contents stay because another document refers to the same bytes.
    """

    document_id: UUID
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
