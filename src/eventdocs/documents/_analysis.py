"""Commands on the analyses of a document."""

from __future__ import annotations

from uuid import UUID

import attrs
from typing_extensions import override

from eventdocs.documents import _events as happened
from eventdocs.documents._contents import Content
from eventdocs.documents._decider import Command
from eventdocs.documents._state import Document


@attrs.frozen(kw_only=True)
class RequestAnalysis(Command):
    """Ask for an analysis of the current revision.

    Attributes:
        analysis_id: Identity of the analysis.
        kind: What kind of analysis, in the host's words.
    """

    analysis_id: UUID
    kind: str

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        known = state.analyses.get(self.analysis_id)
        if known is not None and known.status == "requested" and known.kind == self.kind:
            return ()
        if known is not None and known.status != "reset":
            raise self.refuse(
                state, f"analysis {self.analysis_id} is {known.status}; reset it first"
            )
        return (
            happened.AnalysisRequested(
                document_id=state.document_id,
                analysis_id=self.analysis_id,
                revision=state.current.number,
                kind=self.kind,
            ),
        )


@attrs.frozen(kw_only=True)
class _OfAnalysis(Command):
    """Says something about an analysis that was requested.

    Attributes:
        analysis_id: The analysis.
    """

    analysis_id: UUID

    def status(self, state: Document) -> str:
        known = state.analyses.get(self.analysis_id)
        if known is None:
            raise self.refuse(state, f"there is no analysis {self.analysis_id}")
        return known.status

    def must_be_requested(self, state: Document) -> None:
        if (status := self.status(state)) != "requested":
            raise self.refuse(state, f"analysis {self.analysis_id} is {status}, not requested")


@attrs.frozen(kw_only=True)
class CompleteAnalysis(_OfAnalysis):
    """Record what an analysis came to.

    Attributes:
        result: In the host's form.
    """

    result: Content

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        known = state.analyses.get(self.analysis_id)
        if known is not None and known.result == self.result.digest:
            return ()
        self.must_be_requested(state)
        return (
            happened.AnalysisCompleted(
                document_id=state.document_id,
                analysis_id=self.analysis_id,
                result=self.result.digest,
                size=self.result.size,
            ),
        )


@attrs.frozen(kw_only=True)
class FailAnalysis(_OfAnalysis):
    """Record that an analysis came to nothing.

    Attributes:
        reason: Why, without the document's words: it cannot be erased.
    """

    reason: str

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        known = state.analyses.get(self.analysis_id)
        if known is not None and known.status == "failed" and known.reason == self.reason:
            return ()
        self.must_be_requested(state)
        return (
            happened.AnalysisFailed(
                document_id=state.document_id,
                analysis_id=self.analysis_id,
                reason=self.reason,
            ),
        )


@attrs.frozen(kw_only=True)
class ResetAnalysis(_OfAnalysis):
    """Set an analysis back, so that it can be requested again."""

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        if self.status(state) == "reset":
            return ()
        return (
            happened.AnalysisReset(document_id=state.document_id, analysis_id=self.analysis_id),
        )
