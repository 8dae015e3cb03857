"""The state of one document: what its events amount to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias
from uuid import UUID

import attrs

from eventdocs.documents import _events as happened
from eventdocs.types import Digest

Lifecycle: TypeAlias = Literal["absent", "live", "archived", "erased"]
"""Where a document stands in its life."""

Stage: TypeAlias = Literal["uploaded", "converted", "extracted", "failed"]
"""How far a revision has come on its way from bytes to meaning."""


@attrs.frozen(kw_only=True)
class Revision:
    """One revision of a document.

    Attributes:
        number: From 1.
        original: Content: its bytes.
        media_type: What kind of document they are.
        stage: How far it has come.
        text: Content: its text, once converted.
        ir: Content: its semantic IR, once extracted.
        failure: What went wrong when stage is failed.
    """

    number: int
    original: Digest
    media_type: str
    stage: Stage = "uploaded"
    text: Digest | None = None
    ir: Digest | None = None
    failure: happened.ConversionFailed | happened.ExtractionFailed | None = None


@attrs.frozen(kw_only=True)
class Curation:
    """A correction of the extracted meaning.

    Attributes:
        curation_id: The correction.
        revision: The first revision it applies to.
        patch: Content: its proposals.
        undone: It was taken back.
    """

    curation_id: UUID
    revision: int
    patch: Digest
    undone: bool = False


@attrs.frozen(kw_only=True)
class Analysis:
    """An analysis of the document.

    Attributes:
        analysis_id: The analysis.
        kind: In the host's words.
        revision: The revision that was to be analysed.
        status: How it stands.
        result: Content: its result, once completed.
        reason: Why it failed.
    """

    analysis_id: UUID
    kind: str
    revision: int
    status: Literal["requested", "completed", "failed", "reset"] = "requested"
    result: Digest | None = None
    reason: str = ""


@attrs.frozen(kw_only=True)
class Feedback:
    """Feedback on the document.

    Attributes:
        feedback_id: The feedback.
        text: Content: its wording now.
        status: What people made of it.
        reason: Content: why it was rejected, if that was said.
    """

    feedback_id: UUID
    text: Digest
    status: Literal["generated", "modified", "accepted", "rejected"] = "generated"
    reason: Digest | None = None


@attrs.frozen(kw_only=True)
class Document:
    """A document as its events tell it; without any events it is absent.

    Attributes:
        document_id: Which document.
        lifecycle: Where it stands in its life.
        label: Content: its source and title.
        revisions: In their order; the last one is current.
        curations: By id, in the order they were made.
        analyses: By id.
        feedback: By id.
        groups: The groups it is in.
    """

    document_id: UUID
    lifecycle: Lifecycle = "absent"
    label: Digest | None = None
    revisions: tuple[Revision, ...] = ()
    curations: Mapping[UUID, Curation] = attrs.field(factory=dict[UUID, Curation])
    analyses: Mapping[UUID, Analysis] = attrs.field(factory=dict[UUID, Analysis])
    feedback: Mapping[UUID, Feedback] = attrs.field(factory=dict[UUID, Feedback])
    groups: frozenset[str] = frozenset()

    @property
    def current(self) -> Revision:
        """The newest revision; only an absent document has none."""
        return self.revisions[-1]

    @property
    def extracted(self) -> Revision | None:
        """The newest revision whose meaning is known."""
        return next((each for each in reversed(self.revisions) if each.ir is not None), None)

    def revision(self, number: int | None) -> Revision | None:
        """Find a revision; the current one without a *number*."""
        if number is None:
            return self.current if self.revisions else None
        return next((each for each in self.revisions if each.number == number), None)

    def curations_of(self, revision: int) -> tuple[Curation, ...]:
        """List the corrections that hold for a revision, in the order they were made."""
        return tuple(
            each
            for each in self.curations.values()
            if not each.undone and each.revision <= revision
        )


def fold(state: Document, events: Iterable[object]) -> Document:
    """Apply events in their order."""
    for event in events:
        state = evolve(state, event)
    return state


def evolve(state: Document, event: object) -> Document:
    """Apply one event to the state before it; events of other kinds change nothing."""
    match event:
        case (
            happened.DocumentUploaded()
            | happened.DocumentRevised()
            | happened.DocumentConverted()
            | happened.ConversionFailed()
            | happened.SemanticsExtracted()
            | happened.ExtractionFailed()
        ):
            return _with_revision(state, event)
        case happened.SemanticsCurated() | happened.CurationUndone():
            return _with_curation(state, event)
        case (
            happened.AnalysisRequested()
            | happened.AnalysisCompleted()
            | happened.AnalysisFailed()
            | happened.AnalysisReset()
        ):
            return _with_analysis(state, event)
        case (
            happened.FeedbackGenerated()
            | happened.FeedbackAccepted()
            | happened.FeedbackRejected()
            | happened.FeedbackModified()
        ):
            return _with_feedback(state, event)
        case happened.DocumentRelabelled(label=label):
            return attrs.evolve(state, label=label)
        case happened.DocumentGrouped(group=group):
            return attrs.evolve(state, groups=state.groups | {group})
        case happened.DocumentUngrouped(group=group):
            return attrs.evolve(state, groups=state.groups - {group})
        case happened.DocumentArchived():
            return attrs.evolve(state, lifecycle="archived")
        case happened.DocumentRestored():
            return attrs.evolve(state, lifecycle="live")
        case happened.DocumentErased():
            return attrs.evolve(state, lifecycle="erased")
        case _:
            return state


def _with_revision(
    state: Document,
    event: happened.DocumentUploaded
    | happened.DocumentRevised
    | happened.DocumentConverted
    | happened.ConversionFailed
    | happened.SemanticsExtracted
    | happened.ExtractionFailed,
) -> Document:
    if isinstance(event, happened.DocumentUploaded | happened.DocumentRevised):
        fresh = Revision(
            number=event.revision, original=event.original, media_type=event.media_type
        )
        label = event.label if isinstance(event, happened.DocumentUploaded) else state.label
        return attrs.evolve(
            state, lifecycle="live", label=label, revisions=(*state.revisions, fresh)
        )
    match event:
        case happened.DocumentConverted():
            now = attrs.evolve(state.current, stage="converted", text=event.text, failure=None)
        case happened.SemanticsExtracted():
            now = attrs.evolve(state.current, stage="extracted", ir=event.meaning.ir, failure=None)
        case _:
            now = attrs.evolve(state.current, stage="failed", failure=event)
    return attrs.evolve(state, revisions=(*state.revisions[:-1], now))


def _with_curation(
    state: Document, event: happened.SemanticsCurated | happened.CurationUndone
) -> Document:
    if isinstance(event, happened.SemanticsCurated):
        made = Curation(curation_id=event.curation_id, revision=event.revision, patch=event.patch)
    else:
        made = attrs.evolve(state.curations[event.curation_id], undone=True)
    return attrs.evolve(state, curations={**state.curations, event.curation_id: made})


def _with_analysis(
    state: Document,
    event: happened.AnalysisRequested
    | happened.AnalysisCompleted
    | happened.AnalysisFailed
    | happened.AnalysisReset,
) -> Document:
    match event:
        case happened.AnalysisRequested():
            now = Analysis(analysis_id=event.analysis_id, kind=event.kind, revision=event.revision)
        case happened.AnalysisCompleted():
            now = attrs.evolve(
                state.analyses[event.analysis_id], status="completed", result=event.result
            )
        case happened.AnalysisFailed():
            now = attrs.evolve(
                state.analyses[event.analysis_id], status="failed", reason=event.reason
            )
        case happened.AnalysisReset():
            now = attrs.evolve(
                state.analyses[event.analysis_id], status="reset", result=None, reason=""
            )
    return attrs.evolve(state, analyses={**state.analyses, event.analysis_id: now})


def _with_feedback(
    state: Document,
    event: happened.FeedbackGenerated
    | happened.FeedbackAccepted
    | happened.FeedbackRejected
    | happened.FeedbackModified,
) -> Document:
    match event:
        case happened.FeedbackGenerated():
            now = Feedback(feedback_id=event.feedback_id, text=event.text)
        case happened.FeedbackAccepted():
            now = attrs.evolve(state.feedback[event.feedback_id], status="accepted")
        case happened.FeedbackRejected():
            now = attrs.evolve(
                state.feedback[event.feedback_id], status="rejected", reason=event.reason
            )
        case happened.FeedbackModified():
            now = attrs.evolve(
                state.feedback[event.feedback_id], status="modified", text=event.text
            )
    return attrs.evolve(state, feedback={**state.feedback, event.feedback_id: now})
