"""What documents tell their store's instrumentation."""

from __future__ import annotations

from collections import Counter
from uuid import uuid4

import pytest

from eventdocs import DOCUMENT_EVENTS, Documents, open_store
from eventdocs.documents import CompleteAnalysis, Content, FailAnalysis, RequestAnalysis
from eventdocs.documents._telling import _STAGES  # pyright: ignore[reportPrivateUsage]  # the table is what is tested
from eventdocs.errors import CommandRefusedError
from eventdocs.observability import NullInstrumentation

FORMULAS = b"# Area\n\n$$A = w \\cdot h$$\n\n## Area\n\nSee [nothing](#nothing).\n"


class Recorder(NullInstrumentation):
    """Keeps what it is told of documents."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.findings: Counter[str] = Counter()

    def documented(self, stage: str, *, outcome: str) -> None:
        """Keep it."""
        self.stages.append(f"{stage} {outcome}")

    def found(self, code: str, *, findings: int) -> None:
        """Add it up."""
        self.findings[code] += findings


def test_every_event_of_documents_has_a_stage() -> None:
    """A new one cannot be forgotten."""
    assert set(_STAGES) == set(DOCUMENT_EVENTS)


async def test_each_stage_is_told_once_it_is_committed(database_url: str) -> None:
    """From the upload to the erasure, and nothing for what changes nothing or is refused."""
    told = Recorder()
    async with open_store(database_url, events=DOCUMENT_EVENTS, instrumentation=told) as store:
        documents = Documents(store)
        ingested = await documents.ingest(FORMULAS, source="area.md")
        await documents.ingest(FORMULAS, source="area.md")
        which = ingested.document_id
        first, second = uuid4(), uuid4()
        await documents.execute(which, RequestAnalysis(analysis_id=first, kind="review"))
        await documents.execute(which, CompleteAnalysis(analysis_id=first, result=Content(b"good")))
        await documents.execute(which, RequestAnalysis(analysis_id=second, kind="review"))
        await documents.execute(which, FailAnalysis(analysis_id=second, reason="no answer"))
        with pytest.raises(CommandRefusedError):
            await documents.execute(which, FailAnalysis(analysis_id=uuid4(), reason="never asked"))
        issues = (await documents.ir(which)).issues
        await documents.erase(which)
        await documents.erase(which)

    assert told.stages == [
        "intake uploaded",
        "conversion converted",
        "extraction extracted",
        "analysis requested",
        "analysis completed",
        "analysis requested",
        "analysis failed",
        "erasure erased",
    ]
    assert told.findings == Counter(each.code for each in issues)
    assert told.findings
