"""The read models of documents keep the contract of every projector."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from typing_extensions import override

from eventdocs.backends import open_store
from eventdocs.documents import (
    DOCUMENT_EVENTS,
    ArchiveDocument,
    DocumentContents,
    DocumentConverted,
    DocumentErased,
    DocumentGrouped,
    DocumentRevised,
    Documents,
    DocumentUploaded,
    DocumentViews,
    Findings,
    GroupDocument,
    SemanticIR,
    SemanticsExtracted,
    document_id_of,
)
from eventdocs.projections import Projector
from eventdocs.store import EventStore, RecordedEvent
from eventdocs.testing import History, Opening, ProjectorContract, Rows
from tests.documents.methodology import FIRST, SECOND

pytestmark = pytest.mark.once

GIVEN: History = [
    ("one.md", FIRST),
    ("two.md", SECOND),
    ("one.md", GroupDocument(group="g")),
    ("two.md", None),
    ("one.md", ArchiveDocument()),
]
"""Documents by their sources, and their texts, commands to them, or None for their erasure."""


class TestReadModels(ProjectorContract):
    @pytest.fixture
    @override
    def opening(self) -> Opening:
        return lambda _: open_store("sqlite:///:memory:", events=DOCUMENT_EVENTS)

    @override
    def projectors(self) -> Sequence[Projector]:
        return [DocumentViews(), DocumentContents(), SemanticIR(), Findings()]

    @override
    def history(self) -> History:
        return GIVEN

    @override
    async def record(self, store: EventStore, history: History) -> None:
        documents = Documents(store)
        for source, what in history:
            match what:
                case str():
                    await documents.ingest(what.encode(), source=source)
                case None:
                    await documents.erase(document_id_of(source))
                case GroupDocument() | ArchiveDocument() as command:
                    await documents.execute(document_id_of(source), command)
                case _:
                    raise TypeError(what)

    @override
    def fold(self, events: Sequence[RecordedEvent[Any]]) -> Rows:
        contents: dict[tuple[Any, int], dict[str, Any]] = {}
        groups: set[tuple[Any, str]] = set()
        for event in events:
            match event.data:
                case DocumentUploaded() | DocumentRevised() as data:
                    contents[data.document_id, data.revision] = {
                        "document_id": data.document_id,
                        "revision": data.revision,
                        "media_type": data.media_type,
                        "original_digest": data.original,
                        "original_size": data.size,
                        "uploaded_at": event.recorded_at,
                    }
                case DocumentConverted() as data:
                    contents[data.document_id, data.revision] |= {
                        "text_digest": data.text,
                        "text_size": data.size,
                        "converted_at": event.recorded_at,
                    }
                case SemanticsExtracted() as data:
                    contents[data.document_id, data.revision] |= {
                        "ir_digest": data.meaning.ir,
                        "ir_size": data.size,
                        "ir_schema": data.ir_schema,
                        "extractor": data.extractor,
                        "extractor_version": data.extractor_version,
                        "extracted_at": event.recorded_at,
                    }
                case DocumentGrouped() as data:
                    groups.add((data.document_id, data.group))
                case DocumentErased(document_id=erased):
                    contents = {key: row for key, row in contents.items() if key[0] != erased}
                    groups = {key for key in groups if key[0] != erased}
                case _:
                    pass
        return {
            "eventdocs_document_contents": contents.values(),
            "eventdocs_document_groups": [
                {"document_id": document_id, "name": name} for document_id, name in groups
            ],
        }
