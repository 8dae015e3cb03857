"""The read model of meaning: one row for every entity, as long as it says the same."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs
from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.documents._column_types import BIG, JSON_VALUE, TEXTS, UtcTime
from eventdocs.documents._document_views import DocumentViews, read_model_metadata
from eventdocs.documents._events import (
    CurationUndone,
    DocumentErased,
    SemanticsCurated,
    SemanticsExtracted,
)
from eventdocs.documents._meaning import read_meaning
from eventdocs.documents._semantic_rows import EntityRow, rows_of
from eventdocs.projections import Projector, handles
from eventdocs.store import RecordedEvent

semantic_ir: Final = Table(
    "eventdocs_semantic_ir",
    read_model_metadata,
    Column("id", Uuid, primary_key=True),
    Column(
        "document_id",
        Uuid,
        ForeignKey("eventdocs_document_views.document_id", ondelete="CASCADE"),
        nullable=False,
    ),
    Column("entity_id", Uuid, nullable=False),
    Column("version_from", Integer, nullable=False),
    Column("version_to", Integer),
    Column("ir_type", Text, nullable=False),
    Column("name", Text),
    Column("expression", Text),
    Column("variables", TEXTS),
    Column("definition", Text),
    Column("term", Text),
    Column("context", Text),
    Column("table_data", JSON_VALUE),
    Column("row_count", Integer),
    Column("column_count", Integer),
    Column("target", Text),
    Column("reference_type", Text),
    Column("location", JSON_VALUE, nullable=False),
    Column("metadata", JSON_VALUE, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("content_key", Text, nullable=False),
    Column("anchor", Text),
    Column("ordinal", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("number", Text),
    Column("section_path", TEXTS, nullable=False),
    Column("span_start", Integer),
    Column("span_end", Integer),
    Column("page", Integer),
    Column("bbox", JSON_VALUE),
    Column("mathml", Text),
    Column("symbols", TEXTS),
    Column("search_text", Text, nullable=False),
    Column("state", Text),
    Column("target_id", Uuid),
    Column("confidence", Float, nullable=False),
    Column("extractor", Text, nullable=False),
    Column("extractor_version", Text, nullable=False),
    Column("event_position", BIG, nullable=False),
    Column("meaning_digest", Text, nullable=False),
    Column("row_digest", Text, nullable=False),
    UniqueConstraint("document_id", "entity_id", "version_from", name="eventdocs_semantic_ir_once"),
    Index("eventdocs_semantic_ir_document_id", "document_id", "version_to"),
    Index("eventdocs_semantic_ir_ir_type", "ir_type"),
    Index("eventdocs_semantic_ir_name", "name"),
)
"""Entities over the revisions of their documents.

A row holds from revision `version_from` up to and including `version_to`, NULL while it
is current. Where an entity stands may change meanwhile: `location`, `position` and the
span columns tell its place in the newest revision the row holds for. `position` counts
in reading order. `event_position` is the sequence of the event that made the row.
"""


class SemanticIR(Projector):
    """The entities of every document, corrections applied, over all revisions."""

    name = "semantic-ir"
    version = 1
    tables = (semantic_ir,)
    depends_on = (DocumentViews,)
    is_per_stream = True

    @handles(SemanticsExtracted, SemanticsCurated, CurationUndone)
    async def follow(
        self,
        event: RecordedEvent[SemanticsExtracted | SemanticsCurated | CurationUndone],
        tx: AsyncConnection,
    ) -> None:
        """Close the rows that hold no longer, open new ones, move the others."""
        data = event.data
        ir = await read_meaning(tx, data.document_id, data.meaning)
        if ir is None:
            return  # erased since; the event that says so takes the rows away
        fresh = await asyncio.to_thread(rows_of, ir)
        changes = _compare(await _current(data.document_id, tx), fresh, data.revision)
        await _close(changes.ended, data.revision, tx)
        await _move(changes.moved, tx)
        await _open(changes.begun, event, data.revision, tx)

    @handles(DocumentErased)
    async def forget(self, event: RecordedEvent[DocumentErased], tx: AsyncConnection) -> None:
        """Take all rows of the document away."""
        await tx.execute(
            delete(semantic_ir).where(semantic_ir.c.document_id == event.data.document_id)
        )


@attrs.frozen(kw_only=True)
class _Current:
    """A current row, as far as it is compared."""

    id: UUID
    entity_id: UUID
    version_from: int
    meaning_digest: str
    row_digest: str


@attrs.frozen(kw_only=True)
class _Changes:
    """What is to be done to the current rows.

    Attributes:
        ended: Rows that hold no longer.
        moved: Rows that hold on, but elsewhere, by their id.
        begun: Entities that are new, or say something new.
    """

    ended: list[_Current]
    moved: list[tuple[UUID, EntityRow]]
    begun: list[EntityRow]


async def _current(document_id: UUID, tx: AsyncConnection) -> dict[UUID, _Current]:
    columns = semantic_ir.c
    found = await tx.execute(
        select(
            columns.id,
            columns.entity_id,
            columns.version_from,
            columns.meaning_digest,
            columns.row_digest,
        ).where(columns.document_id == document_id, columns.version_to.is_(None))
    )
    return {row["entity_id"]: _Current(**row) for row in found.mappings()}


def _compare(known: dict[UUID, _Current], fresh: Iterable[EntityRow], revision: int) -> _Changes:
    changes = _Changes(ended=[], moved=[], begun=[])
    left = dict(known)
    for row in fresh:
        before = left.pop(row.entity_id, None)
        if before is None:
            changes.begun.append(row)
        elif before.meaning_digest != row.meaning_digest and before.version_from < revision:
            changes.ended.append(before)
            changes.begun.append(row)
        elif before.row_digest != row.row_digest:
            changes.moved.append((before.id, row))
    changes.ended.extend(left.values())
    return changes


async def _close(ended: Iterable[_Current], revision: int, tx: AsyncConnection) -> None:
    never_held: list[dict[str, Any]] = []
    held: list[dict[str, Any]] = []
    for each in ended:
        (held if each.version_from < revision else never_held).append({"key": each.id})
    this = semantic_ir.c.id == bindparam("key")
    if never_held:
        await tx.execute(delete(semantic_ir).where(this), never_held)
    if held:
        await tx.execute(update(semantic_ir).where(this).values(version_to=revision - 1), held)


async def _move(moved: Iterable[tuple[UUID, EntityRow]], tx: AsyncConnection) -> None:
    if rows := [{"key": key, **row.columns()} for key, row in moved]:
        await tx.execute(update(semantic_ir).where(semantic_ir.c.id == bindparam("key")), rows)


async def _open(
    begun: Iterable[EntityRow],
    event: RecordedEvent[SemanticsExtracted | SemanticsCurated | CurationUndone],
    revision: int,
    tx: AsyncConnection,
) -> None:
    document_id: UUID = event.data.document_id
    created_at: datetime = event.recorded_at
    rows = [
        {
            "id": uuid.uuid5(row.entity_id, str(revision)),
            "document_id": document_id,
            "version_from": revision,
            "version_to": None,
            "created_at": created_at,
            "event_position": event.sequence,
            **row.columns(),
        }
        for row in begun
    ]
    if rows:
        await tx.execute(insert(semantic_ir), rows)
