"""The read model of documents: one row for each, also for those that were erased."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    bindparam,
    delete,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.documents import _events as happened
from eventdocs.documents._column_types import BIG, UtcTime
from eventdocs.documents._contents import Contents
from eventdocs.documents._label import Label
from eventdocs.projections import Projector, handles
from eventdocs.store import RecordedEvent
from eventdocs.types import Digest

read_model_metadata: Final = MetaData()

document_views: Final = Table(
    "eventdocs_document_views",
    read_model_metadata,
    Column("document_id", Uuid, primary_key=True),
    Column("title", Text, nullable=False),
    Column("given_title", Text, nullable=False),
    Column("own_title", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("error", Text),
    Column("revision", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("size", BIG, nullable=False),
    Column("sections", Integer, nullable=False),
    Column("definitions", Integer, nullable=False),
    Column("formulas", Integer, nullable=False),
    Column("tables", Integer, nullable=False),
    Column("cross_references", Integer, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("warnings", Integer, nullable=False),
    Column("infos", Integer, nullable=False),
    Column("uploaded_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("archived_at", UtcTime),
    Column("erased_at", UtcTime),
    Column("version", Integer, nullable=False),
    Index("eventdocs_document_views_status", "status"),
)
"""Documents as they stand.

`status` is live, archived or erased; `stage` is uploaded, converted, extracted or failed,
and says how far the newest revision has come; `version` is that of the stream. `title` is
the one that was given, or else the document's own, or else the last part of `source`. The
counts are those of the newest revision whose meaning is known.
"""

document_groups: Final = Table(
    "eventdocs_document_groups",
    read_model_metadata,
    Column(
        "document_id",
        Uuid,
        ForeignKey("eventdocs_document_views.document_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("name", Text, primary_key=True),
    Index("eventdocs_document_groups_name", "name"),
)
"""Which documents are in which group."""

_COUNTS: Final = {
    "section": "sections",
    "definition": "definitions",
    "formula": "formulas",
    "table": "tables",
    "reference": "cross_references",
}
_SEVERITIES: Final = {"error": "errors", "warning": "warnings", "info": "infos"}
_NOTHING_COUNTED: Final = dict.fromkeys((*_COUNTS.values(), *_SEVERITIES.values()), 0)


class DocumentViews(Projector):
    """One row for each document: what it is called, how far it has come, what it holds."""

    name = "document-views"
    version = 1
    tables = (document_views, document_groups)
    is_per_stream = True

    @handles(*happened.DOCUMENT_EVENTS, batch=True)
    async def follow(self, events: Sequence[RecordedEvent[Any]], tx: AsyncConnection) -> None:
        """Fold the events into the rows, and write each row once."""
        small = await Contents().get_all(tx, _contents_named_by(events))
        wanted = {event.data.document_id for event in events}
        found = await tx.execute(
            select(document_views).where(document_views.c.document_id.in_(wanted))
        )
        known = {row["document_id"]: dict(row) for row in found.mappings()}
        rows: dict[UUID, dict[str, Any]] = dict(known)
        for event in events:
            document_id: UUID = event.data.document_id
            row = {**rows.get(document_id, {}), **_change(event, small)}
            row |= {
                "title": row["given_title"] or row["own_title"] or _tail(row["source"]),
                "updated_at": event.recorded_at,
                "version": event.version,
            }
            rows[document_id] = row
        if created := [row for key, row in rows.items() if key not in known]:
            await tx.execute(insert(document_views), created)
        if changed := [row for key, row in rows.items() if key in known]:
            await tx.execute(
                update(document_views).where(document_views.c.document_id == bindparam("key")),
                [{"key": row.pop("document_id"), **row} for row in changed],
            )
        await _follow_groups(events, tx)


def _contents_named_by(events: Iterable[RecordedEvent[Any]]) -> Iterable[Digest]:
    for event in events:
        match event.data:
            case (
                happened.DocumentUploaded(label=digest) | happened.DocumentRelabelled(label=digest)
            ):
                yield digest
            case happened.SemanticsExtracted(title=str() as digest):
                yield digest
            case _:
                pass


def _change(event: RecordedEvent[Any], contents: Mapping[Digest, bytes]) -> dict[str, Any]:
    match event.data:
        case happened.DocumentUploaded() as data:
            return {
                "document_id": data.document_id,
                **_original(data),
                **_named(contents.get(data.label)),
                **_NOTHING_COUNTED,
                "own_title": "",
                "status": "live",
                "uploaded_at": event.recorded_at,
                "archived_at": None,
                "erased_at": None,
            }
        case happened.DocumentRevised() as data:
            return _original(data)
        case happened.DocumentRelabelled() as data:
            return _named(contents.get(data.label))
        case happened.DocumentConverted():
            return {"stage": "converted", "error": None}
        case happened.ConversionFailed() | happened.ExtractionFailed() as data:
            return {"stage": "failed", "error": f"{data.error}: {data.reason}"}
        case happened.SemanticsExtracted() as data:
            own_title = contents.get(data.title, b"").decode() if data.title else ""
            counted = _counted(data.meaning)
            return {"stage": "extracted", "error": None, "own_title": own_title, **counted}
        case happened.SemanticsCurated() | happened.CurationUndone() as data:
            return _counted(data.meaning)
        case happened.DocumentArchived():
            return {"status": "archived", "archived_at": event.recorded_at}
        case happened.DocumentRestored():
            return {"status": "live", "archived_at": None}
        case happened.DocumentErased():
            return {
                **_NOTHING_COUNTED,
                "status": "erased",
                "source": "",
                "given_title": "",
                "own_title": "",
                "error": None,
                "erased_at": event.recorded_at,
            }
        case _:
            return {}


def _original(data: happened.DocumentUploaded | happened.DocumentRevised) -> dict[str, Any]:
    return {
        "revision": data.revision,
        "digest": data.original,
        "size": data.size,
        "media_type": data.media_type,
        "stage": "uploaded",
        "error": None,
    }


def _named(content: bytes | None) -> dict[str, Any]:
    if content is None:
        # Erased since: the event that says so is on its way.
        return {"source": "", "given_title": ""}
    label = Label.from_json(content)
    return {"source": label.source, "given_title": label.title}


def _tail(source: str) -> str:
    return re.split(r"[/\\]", source.rstrip("/\\"))[-1]


def _counted(meaning: happened.Meaning) -> dict[str, Any]:
    return {
        **{column: meaning.entities.get(kind, 0) for kind, column in _COUNTS.items()},
        **{column: meaning.severities.get(each, 0) for each, column in _SEVERITIES.items()},
    }


async def _follow_groups(events: Iterable[RecordedEvent[Any]], tx: AsyncConnection) -> None:
    for event in events:
        match event.data:
            case happened.DocumentGrouped(document_id=document_id, group=group):
                await tx.execute(
                    insert(document_groups).values(document_id=document_id, name=group)
                )
            case happened.DocumentUngrouped(document_id=document_id, group=group):
                await tx.execute(
                    delete(document_groups).where(
                        document_groups.c.document_id == document_id,
                        document_groups.c.name == group,
                    )
                )
            case happened.DocumentErased(document_id=document_id):
                await tx.execute(
                    delete(document_groups).where(document_groups.c.document_id == document_id)
                )
            case _:
                pass
