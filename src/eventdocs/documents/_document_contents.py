"""The read model of contents: which bytes, text and meaning every revision has."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, ForeignKey, Integer, Table, Text, Uuid, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.documents._column_types import BIG, UtcTime
from eventdocs.documents._document_views import DocumentViews, read_model_metadata
from eventdocs.documents._events import (
    DocumentConverted,
    DocumentErased,
    DocumentRevised,
    DocumentUploaded,
    SemanticsExtracted,
)
from eventdocs.projections import Projector, handles
from eventdocs.store import RecordedEvent

document_contents: Final = Table(
    "eventdocs_document_contents",
    read_model_metadata,
    Column(
        "document_id",
        Uuid,
        ForeignKey("eventdocs_document_views.document_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("revision", Integer, primary_key=True),
    Column("media_type", Text, nullable=False),
    Column("original_digest", Text, nullable=False),
    Column("original_size", BIG, nullable=False),
    Column("text_digest", Text),
    Column("text_size", BIG),
    Column("ir_digest", Text),
    Column("ir_size", BIG),
    Column("ir_schema", Integer),
    Column("extractor", Text),
    Column("extractor_version", Text),
    Column("uploaded_at", UtcTime, nullable=False),
    Column("converted_at", UtcTime),
    Column("extracted_at", UtcTime),
)
"""One row for every revision; the digests are keys of eventdocs_contents."""


class DocumentContents(Projector):
    """One row for every revision of every document that was not erased."""

    name = "document-contents"
    version = 1
    tables = (document_contents,)
    depends_on = (DocumentViews,)
    is_per_stream = True

    @handles(DocumentUploaded, DocumentRevised)
    async def add(
        self, event: RecordedEvent[DocumentUploaded | DocumentRevised], tx: AsyncConnection
    ) -> None:
        """A revision came in."""
        data = event.data
        await tx.execute(
            insert(document_contents).values(
                document_id=data.document_id,
                revision=data.revision,
                media_type=data.media_type,
                original_digest=data.original,
                original_size=data.size,
                uploaded_at=event.recorded_at,
            )
        )

    @handles(DocumentConverted)
    async def add_text(self, event: RecordedEvent[DocumentConverted], tx: AsyncConnection) -> None:
        """Its text is known."""
        data = event.data
        await tx.execute(
            update(document_contents)
            .where(
                document_contents.c.document_id == data.document_id,
                document_contents.c.revision == data.revision,
            )
            .values(text_digest=data.text, text_size=data.size, converted_at=event.recorded_at)
        )

    @handles(SemanticsExtracted)
    async def add_meaning(
        self, event: RecordedEvent[SemanticsExtracted], tx: AsyncConnection
    ) -> None:
        """Its meaning is known."""
        data = event.data
        await tx.execute(
            update(document_contents)
            .where(
                document_contents.c.document_id == data.document_id,
                document_contents.c.revision == data.revision,
            )
            .values(
                ir_digest=data.meaning.ir,
                ir_size=data.size,
                ir_schema=data.ir_schema,
                extractor=data.extractor,
                extractor_version=data.extractor_version,
                extracted_at=event.recorded_at,
            )
        )

    @handles(DocumentErased)
    async def forget(self, event: RecordedEvent[DocumentErased], tx: AsyncConnection) -> None:
        """Its contents are gone."""
        await tx.execute(
            delete(document_contents).where(
                document_contents.c.document_id == event.data.document_id
            )
        )
