"""What may be asked of a document in which state, and what each asking leads to."""

from __future__ import annotations

import inspect
import itertools
from typing import Final
from uuid import UUID

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eventdocs import documents
from eventdocs.documents import (
    AcceptFeedback,
    ArchiveDocument,
    Command,
    CompleteAnalysis,
    Content,
    CurateSemantics,
    Document,
    DocumentErased,
    DocumentEvent,
    ExportDocument,
    FailAnalysis,
    GenerateFeedback,
    GroupDocument,
    Label,
    Meaning,
    ModifyFeedback,
    RecordConversion,
    RecordConversionFailure,
    RecordErasure,
    RecordExtraction,
    RecordExtractionFailure,
    RejectFeedback,
    RelabelDocument,
    RequestAnalysis,
    ResetAnalysis,
    RestoreDocument,
    ReviseDocument,
    UndoCuration,
    UngroupDocument,
    UploadDocument,
    decide,
    fold,
)
from eventdocs.errors import CommandRefusedError

DOCUMENT: Final = UUID(int=7)
ONE: Final = UUID(int=1)
TWO: Final = UUID(int=2)

FIRST: Final = Content(b"# First")
SECOND: Final = Content(b"# Second")
TEXT: Final = Content(b"text")
IR: Final = Content(b"{}")
LABEL: Final = Content(Label(source="a.md").to_json())
RENAMED: Final = Content(Label(source="a.md", title="A").to_json())

MEANING: Final = Meaning(
    ir=IR.digest,
    entities={"formula": 2},
    severities={"error": 1},
    codes={"dangling-reference": 1},
)

UPLOAD: Final = UploadDocument(label=LABEL, original=FIRST, media_type="text/markdown")
CONVERT: Final = RecordConversion(revision=1, text=TEXT)


def extraction(revision: int = 1, ir: Content = IR) -> RecordExtraction:
    return RecordExtraction(
        revision=revision,
        title=None,
        ir=ir,
        meaning=attrs.evolve(MEANING, ir=ir.digest),
        ir_schema=1,
        extractor="markdown",
        extractor_version="1",
    )


EXTRACT: Final = extraction()
UNDO: Final = UndoCuration(curation_id=ONE, meaning=MEANING)
ERASE: Final = RecordErasure(removed=3, removed_size=30, kept=0)
NO_TEXT: Final = RecordConversionFailure(revision=1, error="UnreadableDocumentError", reason="junk")
NO_MEANING: Final = RecordExtractionFailure(revision=1, error="ExtractionLimitError", reason="big")


def after(*commands: Command) -> Document:
    state = Document(document_id=DOCUMENT)
    for command in commands:
        state = fold(state, decide(state, command))
    return state


def outcome(state: Document, command: Command) -> str:
    try:
        events = decide(state, command)
    except CommandRefusedError:
        return "refused"
    return " ".join(type(event).__name__ for event in events) or "nothing"


STATES: Final = {
    "absent": after(),
    "uploaded": after(UPLOAD),
    "converted": after(UPLOAD, CONVERT),
    "extracted": after(UPLOAD, CONVERT, EXTRACT),
    "failed": after(UPLOAD, NO_TEXT),
    "archived": after(UPLOAD, CONVERT, EXTRACT, ArchiveDocument()),
    "erased": after(UPLOAD, CONVERT, EXTRACT, ERASE),
}

# For every command: what it leads to in each of the states above, in their order.
# `+` is the event named in the second column, `-` is nothing, `x` is a refusal.
MACHINE: Final[tuple[tuple[Command, str, str], ...]] = (
    (UPLOAD, "DocumentUploaded", "+----xx"),
    (
        UploadDocument(label=LABEL, original=SECOND, media_type="text/markdown"),
        "DocumentUploaded",
        "+xxxxxx",
    ),
    (ReviseDocument(original=FIRST, media_type="text/markdown"), "", "x----xx"),
    (ReviseDocument(original=SECOND, media_type="text/markdown"), "DocumentRevised", "x++++xx"),
    (RelabelDocument(label=LABEL), "", "x----xx"),
    (RelabelDocument(label=RENAMED), "DocumentRelabelled", "x++++xx"),
    (CONVERT, "DocumentConverted", "x+--+xx"),
    (RecordConversion(revision=2, text=TEXT), "", "xxxxxxx"),
    (EXTRACT, "SemanticsExtracted", "xx+-xxx"),
    (extraction(ir=Content(b"[]")), "SemanticsExtracted", "xx++xxx"),
    (extraction(revision=2), "", "xxxxxxx"),
    (NO_TEXT, "ConversionFailed", "x++--xx"),
    (NO_MEANING, "ExtractionFailed", "x++-+xx"),
    (
        CurateSemantics(curation_id=ONE, patch=Content(b"[]"), proposals=1, meaning=MEANING),
        "SemanticsCurated",
        "xxx+xxx",
    ),
    (UNDO, "", "xxxxxxx"),
    (RequestAnalysis(analysis_id=ONE, kind="review"), "AnalysisRequested", "x++++xx"),
    (CompleteAnalysis(analysis_id=ONE, result=TEXT), "", "xxxxxxx"),
    (FailAnalysis(analysis_id=ONE, reason="away"), "", "xxxxxxx"),
    (ResetAnalysis(analysis_id=ONE), "", "xxxxxxx"),
    (GenerateFeedback(feedback_id=ONE, text=TEXT), "FeedbackGenerated", "x++++xx"),
    (GenerateFeedback(feedback_id=ONE, text=TEXT, analysis_id=TWO), "", "xxxxxxx"),
    (AcceptFeedback(feedback_id=ONE), "", "xxxxxxx"),
    (RejectFeedback(feedback_id=ONE), "", "xxxxxxx"),
    (ModifyFeedback(feedback_id=ONE, text=TEXT), "", "xxxxxxx"),
    (ExportDocument(form="text/html"), "DocumentExported", "x+++++x"),
    (GroupDocument(group="indices"), "DocumentGrouped", "x++++xx"),
    (UngroupDocument(group="indices"), "", "x----xx"),
    (ArchiveDocument(), "DocumentArchived", "x++++-x"),
    (RestoreDocument(), "DocumentRestored", "x----+x"),
    (ERASE, "DocumentErased", "x+++++-"),
)


@pytest.mark.parametrize(("command", "event", "row"), MACHINE, ids=lambda value: str(value)[:60])
def test_the_state_machine(command: Command, event: str, row: str) -> None:
    """Every command, in every state of a document, leads to what the table says."""
    meaning = {"+": event, "-": "nothing", "x": "refused"}

    seen = {name: outcome(state, command) for name, state in STATES.items()}

    assert seen == {name: meaning[mark] for name, mark in zip(STATES, row, strict=True)}


def test_the_table_leaves_no_command_out() -> None:
    """A command that is added to the code must be added to the table."""
    commands = {
        kind
        for kind in vars(documents).values()
        if inspect.isclass(kind) and issubclass(kind, Command) and not inspect.isabstract(kind)
    }

    assert {type(command) for command, _, _ in MACHINE} == commands


def test_a_refusal_says_what_and_why() -> None:
    """The error names the document, the command and the reason."""
    with pytest.raises(CommandRefusedError) as caught:
        decide(STATES["archived"], RequestAnalysis(analysis_id=ONE, kind="review"))

    error = caught.value
    assert (error.document_id, error.command) == (DOCUMENT, "RequestAnalysis")
    assert "archived" in error.reason


FEEDBACK: Final = GenerateFeedback(feedback_id=ONE, text=TEXT)
ACCEPT: Final = AcceptFeedback(feedback_id=ONE)
REJECT: Final = RejectFeedback(feedback_id=ONE, reason=Content(b"no"))
MODIFY: Final = ModifyFeedback(feedback_id=ONE, text=Content(b"better"))


@pytest.mark.parametrize(
    ("history", "command", "expected"),
    [
        ((FEEDBACK,), ACCEPT, "FeedbackAccepted"),
        ((FEEDBACK,), REJECT, "FeedbackRejected"),
        ((FEEDBACK,), MODIFY, "FeedbackModified"),
        ((FEEDBACK,), FEEDBACK, "nothing"),
        ((FEEDBACK,), GenerateFeedback(feedback_id=ONE, text=SECOND), "refused"),
        ((FEEDBACK, MODIFY), MODIFY, "nothing"),
        ((FEEDBACK, MODIFY), ACCEPT, "FeedbackAccepted"),
        ((FEEDBACK, ACCEPT), ACCEPT, "nothing"),
        ((FEEDBACK, ACCEPT), REJECT, "refused"),
        ((FEEDBACK, ACCEPT), MODIFY, "refused"),
        ((FEEDBACK, REJECT), REJECT, "nothing"),
        ((FEEDBACK, REJECT), RejectFeedback(feedback_id=ONE), "refused"),
        ((FEEDBACK, REJECT), ACCEPT, "refused"),
    ],
)
def test_feedback_is_judged_once(
    history: tuple[Command, ...], command: Command, expected: str
) -> None:
    """Feedback can be reworded until it is accepted or rejected, and then no more."""
    assert outcome(after(UPLOAD, *history), command) == expected


REQUEST: Final = RequestAnalysis(analysis_id=ONE, kind="review")
COMPLETE: Final = CompleteAnalysis(analysis_id=ONE, result=TEXT)
FAIL: Final = FailAnalysis(analysis_id=ONE, reason="away")
RESET: Final = ResetAnalysis(analysis_id=ONE)


@pytest.mark.parametrize(
    ("history", "command", "expected"),
    [
        ((REQUEST,), REQUEST, "nothing"),
        ((REQUEST,), RequestAnalysis(analysis_id=ONE, kind="other"), "refused"),
        ((REQUEST,), COMPLETE, "AnalysisCompleted"),
        ((REQUEST,), FAIL, "AnalysisFailed"),
        ((REQUEST,), RESET, "AnalysisReset"),
        ((REQUEST, COMPLETE), COMPLETE, "nothing"),
        ((REQUEST, COMPLETE), CompleteAnalysis(analysis_id=ONE, result=SECOND), "refused"),
        ((REQUEST, COMPLETE), FAIL, "refused"),
        ((REQUEST, COMPLETE), REQUEST, "refused"),
        ((REQUEST, COMPLETE), RESET, "AnalysisReset"),
        ((REQUEST, FAIL), FAIL, "nothing"),
        ((REQUEST, FAIL), COMPLETE, "refused"),
        ((REQUEST, FAIL, RESET), RESET, "nothing"),
        ((REQUEST, FAIL, RESET), REQUEST, "AnalysisRequested"),
        ((REQUEST, COMPLETE, RESET), COMPLETE, "refused"),
        (
            (REQUEST,),
            GenerateFeedback(feedback_id=TWO, text=TEXT, analysis_id=ONE),
            "FeedbackGenerated",
        ),
    ],
)
def test_an_analysis_ends_once_unless_it_is_reset(
    history: tuple[Command, ...], command: Command, expected: str
) -> None:
    """An analysis is completed or failed once; only a reset lets it begin again."""
    assert outcome(after(UPLOAD, *history), command) == expected


CURATE: Final = CurateSemantics(
    curation_id=ONE, patch=Content(b"[1]"), proposals=1, meaning=MEANING
)


@pytest.mark.parametrize(
    ("history", "command", "expected"),
    [
        ((CURATE,), CURATE, "nothing"),
        (
            (CURATE,),
            CurateSemantics(curation_id=ONE, patch=Content(b"[2]"), proposals=1, meaning=MEANING),
            "refused",
        ),
        ((CURATE,), UNDO, "CurationUndone"),
        ((CURATE, UNDO), UNDO, "nothing"),
        ((CURATE, UNDO), CURATE, "refused"),
    ],
)
def test_a_correction_is_made_and_undone_once(
    history: tuple[Command, ...], command: Command, expected: str
) -> None:
    """Identities of corrections are not used twice, so undoing one is final."""
    assert outcome(after(UPLOAD, CONVERT, EXTRACT, *history), command) == expected


def test_a_correction_holds_from_its_revision_on() -> None:
    """A correction of revision 2 says nothing about revision 1, and survives revision 3."""
    state = after(
        UPLOAD,
        ReviseDocument(original=SECOND, media_type="text/markdown"),
        RecordConversion(revision=2, text=TEXT),
        extraction(revision=2),
        CURATE,
        ReviseDocument(original=FIRST, media_type="text/markdown"),
    )

    held = {number: len(state.curations_of(number)) for number in (1, 2, 3)}

    assert held == {1: 0, 2: 1, 3: 1}


def test_groups_are_joined_and_left() -> None:
    """Membership is a set: joining twice is once, leaving takes out."""
    state = after(UPLOAD, GroupDocument(group="a"), GroupDocument(group="b"))

    assert outcome(state, GroupDocument(group="a")) == "nothing"
    left = after(
        UPLOAD, GroupDocument(group="a"), GroupDocument(group="b"), UngroupDocument(group="a")
    )
    assert left.groups == {"b"}


_contents = st.sampled_from([Content(b"a"), Content(b"b"), Content(b"c")])
_ids = st.sampled_from([ONE, TWO])
_revisions = st.integers(min_value=1, max_value=3)
_words = st.sampled_from(["x", "y"])
_commands: st.SearchStrategy[Command] = st.one_of(
    st.builds(
        UploadDocument, label=st.just(LABEL), original=_contents, media_type=st.just("text/plain")
    ),
    st.builds(ReviseDocument, original=_contents, media_type=st.just("text/plain")),
    st.builds(RelabelDocument, label=st.sampled_from([LABEL, RENAMED])),
    st.builds(RecordConversion, revision=_revisions, text=_contents),
    st.builds(extraction, revision=_revisions, ir=_contents),
    st.builds(RecordConversionFailure, revision=_revisions, error=_words, reason=_words),
    st.builds(RecordExtractionFailure, revision=_revisions, error=_words, reason=_words),
    st.builds(
        CurateSemantics,
        curation_id=_ids,
        patch=_contents,
        proposals=st.just(1),
        meaning=st.just(MEANING),
    ),
    st.builds(UndoCuration, curation_id=_ids, meaning=st.just(MEANING)),
    st.builds(RequestAnalysis, analysis_id=_ids, kind=_words),
    st.builds(CompleteAnalysis, analysis_id=_ids, result=_contents),
    st.builds(FailAnalysis, analysis_id=_ids, reason=_words),
    st.builds(ResetAnalysis, analysis_id=_ids),
    st.builds(GenerateFeedback, feedback_id=_ids, text=_contents, analysis_id=st.none() | _ids),
    st.builds(AcceptFeedback, feedback_id=_ids),
    st.builds(RejectFeedback, feedback_id=_ids, reason=st.none() | _contents),
    st.builds(ModifyFeedback, feedback_id=_ids, text=_contents),
    st.builds(ExportDocument, form=_words),
    st.builds(GroupDocument, group=_words),
    st.builds(UngroupDocument, group=_words),
    st.just(ArchiveDocument()),
    st.just(RestoreDocument()),
    st.just(ERASE),
)


@given(st.lists(_commands, max_size=40))
def test_any_history_of_commands_holds_together(commands: list[Command]) -> None:
    """Whatever is asked: accepted commands fold, repeats do nothing, the end is the end."""
    state = Document(document_id=DOCUMENT)
    log: list[DocumentEvent] = []
    for command in [UPLOAD, *commands]:
        try:
            events = decide(state, command)
        except CommandRefusedError:
            continue
        assert not any(isinstance(event, DocumentErased) for event in log) or not events
        log += events
        state = fold(state, events)
        if events and not isinstance(command, ExportDocument):
            assert decide(state, command) == (), "a repeat must do nothing"

    assert fold(Document(document_id=DOCUMENT), log) == state
    assert [each.number for each in state.revisions] == list(range(1, len(state.revisions) + 1))
    originals = [each.original for each in state.revisions]
    assert all(old != new for old, new in itertools.pairwise(originals))
    assert all(each.text for each in state.revisions if each.stage == "extracted")
