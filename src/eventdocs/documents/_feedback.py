"""Commands on the feedback to a document."""

from __future__ import annotations

from uuid import UUID

import attrs
from typing_extensions import override

from eventdocs.documents import _events as happened
from eventdocs.documents._contents import Content
from eventdocs.documents._decider import Command
from eventdocs.documents._state import Document


@attrs.frozen(kw_only=True)
class GenerateFeedback(Command):
    """Record feedback on the current revision.

    Attributes:
        feedback_id: Identity of the feedback.
        text: Its wording, in UTF-8.
        analysis_id: The analysis it came from, if it came from one.
        entities: The entities it is about.
    """

    feedback_id: UUID
    text: Content
    analysis_id: UUID | None = None
    entities: tuple[UUID, ...] = ()

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        known = state.feedback.get(self.feedback_id)
        if known is not None:
            if known.status == "generated" and known.text == self.text.digest:
                return ()
            raise self.refuse(state, f"feedback {self.feedback_id} was generated before")
        if self.analysis_id is not None and self.analysis_id not in state.analyses:
            raise self.refuse(state, f"there is no analysis {self.analysis_id}")
        return (
            happened.FeedbackGenerated(
                document_id=state.document_id,
                feedback_id=self.feedback_id,
                revision=state.current.number,
                text=self.text.digest,
                analysis_id=self.analysis_id,
                entities=self.entities,
            ),
        )


@attrs.frozen(kw_only=True)
class _OfFeedback(Command):
    """Says something about feedback that was generated and not judged yet.

    Attributes:
        feedback_id: The feedback.
    """

    feedback_id: UUID

    def status(self, state: Document) -> str:
        known = state.feedback.get(self.feedback_id)
        if known is None:
            raise self.refuse(state, f"there is no feedback {self.feedback_id}")
        return known.status

    def must_be_open(self, state: Document) -> None:
        if (status := self.status(state)) in {"accepted", "rejected"}:
            raise self.refuse(state, f"feedback {self.feedback_id} is {status}")


@attrs.frozen(kw_only=True)
class AcceptFeedback(_OfFeedback):
    """Find feedback right."""

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        if self.status(state) == "accepted":
            return ()
        self.must_be_open(state)
        return (
            happened.FeedbackAccepted(document_id=state.document_id, feedback_id=self.feedback_id),
        )


@attrs.frozen(kw_only=True)
class RejectFeedback(_OfFeedback):
    """Find feedback wrong.

    Attributes:
        reason: Why, in UTF-8; None if nothing is to be said.
    """

    reason: Content | None = None

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        reason = None if self.reason is None else self.reason.digest
        if self.status(state) == "rejected" and state.feedback[self.feedback_id].reason == reason:
            return ()
        self.must_be_open(state)
        return (
            happened.FeedbackRejected(
                document_id=state.document_id, feedback_id=self.feedback_id, reason=reason
            ),
        )


@attrs.frozen(kw_only=True)
class ModifyFeedback(_OfFeedback):
    """Reword feedback.

    Attributes:
        text: The new wording, in UTF-8.
    """

    text: Content

    @override
    def lead_to(self, state: Document) -> tuple[happened.DocumentEvent, ...]:
        self.must_be_open(state)
        if state.feedback[self.feedback_id].text == self.text.digest:
            return ()
        return (
            happened.FeedbackModified(
                document_id=state.document_id,
                feedback_id=self.feedback_id,
                text=self.text.digest,
            ),
        )
