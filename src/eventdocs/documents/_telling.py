"""Telling: what the instrumentation hears of the events of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from eventdocs.documents import _events as happened
from eventdocs.observability import Instrumentation

_STAGES: Final[Mapping[type[happened.DocumentEvent], tuple[str, str]]] = {
    happened.DocumentUploaded: ("intake", "uploaded"),
    happened.DocumentRevised: ("intake", "revised"),
    happened.DocumentRelabelled: ("intake", "relabelled"),
    happened.DocumentConverted: ("conversion", "converted"),
    happened.ConversionFailed: ("conversion", "failed"),
    happened.SemanticsExtracted: ("extraction", "extracted"),
    happened.ExtractionFailed: ("extraction", "failed"),
    happened.SemanticsCurated: ("curation", "curated"),
    happened.CurationUndone: ("curation", "undone"),
    happened.AnalysisRequested: ("analysis", "requested"),
    happened.AnalysisCompleted: ("analysis", "completed"),
    happened.AnalysisFailed: ("analysis", "failed"),
    happened.AnalysisReset: ("analysis", "reset"),
    happened.FeedbackGenerated: ("feedback", "generated"),
    happened.FeedbackAccepted: ("feedback", "accepted"),
    happened.FeedbackRejected: ("feedback", "rejected"),
    happened.FeedbackModified: ("feedback", "modified"),
    happened.DocumentExported: ("export", "exported"),
    happened.DocumentGrouped: ("grouping", "grouped"),
    happened.DocumentUngrouped: ("grouping", "ungrouped"),
    happened.DocumentArchived: ("archive", "archived"),
    happened.DocumentRestored: ("archive", "restored"),
    happened.DocumentErased: ("erasure", "erased"),
}


def tell(instrumentation: Instrumentation, events: Sequence[happened.DocumentEvent]) -> None:
    """Tell *instrumentation* of events that have been committed."""
    for event in events:
        stage, outcome = _STAGES[type(event)]
        instrumentation.documented(stage, outcome=outcome)
        if isinstance(event, happened.SemanticsExtracted):
            for code, findings in event.meaning.codes.items():
                instrumentation.found(code, findings=findings)
