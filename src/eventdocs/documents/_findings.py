"""The read model of findings: since which revision, and until which."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
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

from eventdocs.documents._column_types import JSON_VALUE
from eventdocs.documents._document_views import DocumentViews, read_model_metadata
from eventdocs.documents._events import (
    CurationUndone,
    DocumentErased,
    SemanticsCurated,
    SemanticsExtracted,
)
from eventdocs.documents._meaning import read_meaning
from eventdocs.ir import Issue
from eventdocs.projections import Projector, handles
from eventdocs.store import RecordedEvent

findings: Final = Table(
    "eventdocs_findings",
    read_model_metadata,
    Column(
        "document_id",
        Uuid,
        ForeignKey("eventdocs_document_views.document_id", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("fingerprint", Text, primary_key=True),
    Column("introduced_in", Integer, primary_key=True, autoincrement=False),
    Column("fixed_in", Integer),
    Column("revision", Integer, nullable=False),
    Column("position", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("suggestion", Text, nullable=False),
    Column("line", Integer),
    Column("span_start", Integer),
    Column("span_end", Integer),
    Column("page", Integer),
    Column("path", Text),
    Column("entities", JSON_VALUE, nullable=False),
    Column("data", JSON_VALUE, nullable=False),
    Index("eventdocs_findings_code", "code"),
    Index("eventdocs_findings_severity", "severity"),
)
"""Findings over the revisions of their documents.

A finding was first seen in revision `introduced_in` and is gone in revision `fixed_in`,
NULL while it is open. Its place and its words are those of `revision`, the newest that
had it; `position` counts in the order of places.
"""


class Findings(Projector):
    """What is wrong with every document, and what was."""

    name = "findings"
    version = 1
    tables = (findings,)
    depends_on = (DocumentViews,)
    is_per_stream = True

    @handles(SemanticsExtracted, SemanticsCurated, CurationUndone)
    async def follow(
        self,
        event: RecordedEvent[SemanticsExtracted | SemanticsCurated | CurationUndone],
        tx: AsyncConnection,
    ) -> None:
        """Open, keep and close findings."""
        data = event.data
        ir = await read_meaning(tx, data.document_id, data.meaning)
        if ir is None:
            return  # erased since; the event that says so takes the rows away
        mine = findings.c.document_id == data.document_id
        found = await tx.execute(
            select(findings.c.fingerprint, findings.c.introduced_in, findings.c.fixed_in).where(
                mine,
                findings.c.fixed_in.is_(None) | (findings.c.introduced_in == data.revision),
            )
        )
        known = {row.fingerprint: (row.introduced_in, row.fixed_in) for row in found}
        rows = await asyncio.to_thread(
            lambda: {each.fingerprint: _row(each, n) for n, each in enumerate(ir.issues)}
        )
        kept: list[dict[str, Any]] = []
        begun: list[dict[str, Any]] = []
        for fingerprint, row in rows.items():
            row |= {"revision": data.revision, "fixed_in": None}
            if fingerprint in known:
                kept.append({"key": fingerprint, "since": known[fingerprint][0], **row})
            else:
                begun.append(
                    {
                        "document_id": data.document_id,
                        "fingerprint": fingerprint,
                        "introduced_in": data.revision,
                        **row,
                    }
                )
        ended = [
            {"key": fingerprint, "since": since}
            for fingerprint, (since, fixed_in) in known.items()
            if fingerprint not in rows and fixed_in is None
        ]
        this = (
            mine
            & (findings.c.fingerprint == bindparam("key"))
            & (findings.c.introduced_in == bindparam("since"))
        )
        if ended:
            await tx.execute(update(findings).where(this).values(fixed_in=data.revision), ended)
        if kept:
            await tx.execute(update(findings).where(this), kept)
        if begun:
            await tx.execute(insert(findings), begun)

    @handles(DocumentErased)
    async def forget(self, event: RecordedEvent[DocumentErased], tx: AsyncConnection) -> None:
        """Take all rows of the document away."""
        await tx.execute(delete(findings).where(findings.c.document_id == event.data.document_id))


def _row(issue: Issue, position: int) -> dict[str, Any]:
    span = issue.span
    return {
        "position": position,
        "code": issue.code,
        "severity": issue.severity,
        "message": issue.message,
        "suggestion": issue.suggestion,
        "line": span.line,
        "span_start": span.start,
        "span_end": span.end,
        "page": span.page,
        "path": span.path,
        "entities": [str(each) for each in issue.entities],
        "data": dict(issue.data),
    }
