"""Queries: documents, their contents and their meaning, as values."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import ColumnElement, RowMapping, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.documents._connections import reading, reading_from
from eventdocs.documents._contents import Contents
from eventdocs.documents._document_views import DocumentViews, document_groups, document_views
from eventdocs.documents._findings import Findings, findings
from eventdocs.documents._history import history, load, load_existing
from eventdocs.documents._label import Label
from eventdocs.documents._meaning import curated, read_patches
from eventdocs.documents._semantic_ir import SemanticIR, semantic_ir
from eventdocs.documents._semantic_rows import searchable
from eventdocs.documents._state import Document, Revision
from eventdocs.documents._views import DocumentView, EntityView, FindingView
from eventdocs.errors import RevisionUnavailableError, UnknownDocumentError
from eventdocs.ir import DocumentIR, EntityKind, IRDiff, Severity, diff, from_json
from eventdocs.store import EventStore, RecordedEvent

_SHORTEST_PREFIX = 4
_DOCUMENT_FIELDS = [each.name for each in attrs.fields(DocumentView) if each.name != "groups"]
_ENTITY_FIELDS = [each.name for each in attrs.fields(EntityView)]
_FINDING_FIELDS = [each.name for each in attrs.fields(FindingView)]
_TUPLES = frozenset({"variables", "symbols", "section_path"})


class DocumentQueries:
    """What is known about documents.

    States, contents and meanings are read from the log, so they are never behind it.
    `list_documents`, `find`, `entities` and `findings` are read from the read models:
    catch the projections up first where that matters. Where a projector never ran, they
    raise `StaleProjectionError`.
    """

    def __init__(self, store: EventStore) -> None:
        self.store = store
        self.contents = Contents()

    # ---- from the log

    async def state(self, document_id: UUID) -> Document:
        """Tell the state of a document; it is absent if nothing ever happened to it."""
        return (await load(self.store, document_id)).state

    async def history(self, document_id: UUID) -> tuple[RecordedEvent[Any], ...]:
        """List everything that happened to a document, the host's own events included.

        Raises:
            UnknownDocumentError: There is no such document.
        """
        return await history(self.store, document_id)

    async def label(self, document_id: UUID) -> Label:
        """Tell where a document comes from and which title it was given.

        Raises:
            UnknownDocumentError: There is no such document.
            RevisionUnavailableError: It was erased.
        """
        state = await load_existing(self.store, document_id)
        return await self._label_of(state)

    async def original(self, document_id: UUID, revision: int | None = None) -> bytes:
        """Read the bytes of a revision, the current one unless told otherwise.

        Raises:
            UnknownDocumentError: There is no such document.
            RevisionUnavailableError: There is no such revision, or it was erased.
        """
        _, found = await self._revision(document_id, revision)
        async with reading(self.store) as connection:
            return await self.contents.get(connection, found.original)

    async def text(self, document_id: UUID, revision: int | None = None) -> str:
        """Read the text of a revision, which all offsets refer to.

        Raises:
            UnknownDocumentError: There is no such document.
            RevisionUnavailableError: There is no such revision, it was not converted
                yet or could not be, or it was erased.
        """
        _, found = await self._revision(document_id, revision)
        if found.text is None:
            raise unavailable(document_id, found)
        async with reading(self.store) as connection:
            return (await self.contents.get(connection, found.text)).decode()

    async def ir(
        self, document_id: UUID, revision: int | None = None, *, corrected: bool = True
    ) -> DocumentIR:
        """Read the meaning of a revision.

        Args:
            document_id: The document.
            revision: The current one unless told otherwise.
            corrected: Apply the corrections in force; else return what was extracted.

        Raises:
            UnknownDocumentError: There is no such document.
            RevisionUnavailableError: There is no such revision, it was not extracted
                yet or could not be, or it was erased.
        """
        state, found = await self._revision(document_id, revision)
        if found.ir is None:
            raise unavailable(document_id, found)
        in_force = state.curations_of(found.number) if corrected else ()
        async with reading(self.store) as connection:
            content = await self.contents.get(connection, found.ir)
            patches = await read_patches(connection, [each.patch for each in in_force])
        return await asyncio.to_thread(lambda: curated(from_json(content), patches))

    async def diff(self, document_id: UUID, before: int, after: int) -> IRDiff:
        """Compare the meanings of two revisions of a document.

        Raises:
            UnknownDocumentError: There is no such document.
            RevisionUnavailableError: One of the revisions is not to be had.
        """
        old, new = await self.ir(document_id, before), await self.ir(document_id, after)
        return await asyncio.to_thread(diff, old, new)

    async def _label_of(self, state: Document) -> Label:
        if state.label is None:
            raise UnknownDocumentError(str(state.document_id))
        async with reading(self.store) as connection:
            return Label.from_json(await self.contents.get(connection, state.label))

    async def _revision(self, document_id: UUID, number: int | None) -> tuple[Document, Revision]:
        state = await load_existing(self.store, document_id)
        found = state.revision(number)
        if found is None:
            raise RevisionUnavailableError(
                document_id, number or 0, f"there are revisions 1 to {state.current.number}"
            )
        return state, found

    # ---- from the read models

    async def list_documents(
        self, *, group: str | None = None, include_erased: bool = False
    ) -> tuple[DocumentView, ...]:
        """List documents by title.

        Args:
            group: Only those in this group.
            include_erased: List what is left of erased documents, too.
        """
        query = select(document_views).order_by(
            document_views.c.title, document_views.c.document_id
        )
        if not include_erased:
            query = query.where(document_views.c.status != "erased")
        if group is not None:
            members = select(document_groups.c.document_id).where(document_groups.c.name == group)
            query = query.where(document_views.c.document_id.in_(members))
        async with reading_from(self.store, DocumentViews) as connection:
            return await _document_views(connection, query)

    async def find(self, wanted: str | UUID) -> DocumentView:
        """Find one document by what people call it.

        Args:
            wanted: An id; or a source; or a title, or the last parts of a source; or the
                first four or more digits of an id. The first of these that fits decides.

        Raises:
            UnknownDocumentError: Nothing fits, or several documents do.
        """
        async with reading_from(self.store, DocumentViews) as connection:
            for condition in _conditions(str(wanted)):
                query = select(document_views).where(condition)
                found = await _document_views(connection, query)
                if len(found) == 1:
                    return found[0]
                if found:
                    raise UnknownDocumentError(
                        str(wanted),
                        sorted(f"{each.source} ({each.document_id})" for each in found),
                    )
        raise UnknownDocumentError(str(wanted))

    async def entities(
        self,
        document_id: UUID | None = None,
        *,
        ir_type: EntityKind | None = None,
        search: str | None = None,
        revision: int | None = None,
    ) -> tuple[EntityView, ...]:
        """List entities in reading order.

        Args:
            document_id: Only this document's; else those of all documents.
            ir_type: Only of this kind.
            search: Only those that hold every one of these words.
            revision: What they said in this revision; else the current ones. Places and
                order are those of the newest revision in which they said the same.
        """
        rows = semantic_ir.c
        query = select(semantic_ir).order_by(rows.document_id, rows.position, rows.entity_id)
        if document_id is not None:
            query = query.where(rows.document_id == document_id)
        if ir_type is not None:
            query = query.where(rows.ir_type == ir_type)
        for word in searchable(search).split():
            query = query.where(rows.search_text.contains(word, autoescape=True))
        if revision is None:
            query = query.where(rows.version_to.is_(None))
        else:
            query = query.where(
                rows.version_from <= revision,
                rows.version_to.is_(None) | (rows.version_to >= revision),
            )
        async with reading_from(self.store, SemanticIR) as connection:
            found = await connection.execute(query)
            return tuple(_entity_view(row) for row in found.mappings())

    async def findings(
        self,
        document_id: UUID | None = None,
        *,
        severity: Severity | None = None,
        code: str | None = None,
        include_fixed: bool = False,
    ) -> tuple[FindingView, ...]:
        """List findings in the order of their places.

        Args:
            document_id: Only this document's; else those of all documents.
            severity: Only of this severity.
            code: Only of this rule.
            include_fixed: Also those that newer revisions have no more.
        """
        rows = findings.c
        query = select(findings).order_by(
            rows.document_id, rows.position, rows.introduced_in, rows.fingerprint
        )
        wanted = ((rows.document_id, document_id), (rows.severity, severity), (rows.code, code))
        for column, value in wanted:
            if value is not None:
                query = query.where(column == value)
        if not include_fixed:
            query = query.where(rows.fixed_in.is_(None))
        async with reading_from(self.store, Findings) as connection:
            found = await connection.execute(query)
            return tuple(_finding_view(row) for row in found.mappings())


def unavailable(document_id: UUID, revision: Revision) -> RevisionUnavailableError:
    """Make the error that says why a revision has no text or no meaning."""
    if revision.failure is not None:
        reason = f"{revision.failure.error}: {revision.failure.reason}"
    else:
        reason = f"it is {revision.stage} so far; ingest it again to go on"
    return RevisionUnavailableError(document_id, revision.number, reason)


def _conditions(wanted: str) -> Iterable[ColumnElement[bool]]:
    rows = document_views.c
    digits = wanted.replace("-", "").lower()
    is_hex = bool(digits) and not digits.strip("0123456789abcdef")
    if is_hex and len(digits) == 32:
        yield rows.document_id == UUID(digits)
    is_there = rows.status != "erased"
    yield and_(is_there, rows.source == wanted)
    tails = (rows.source.endswith(f"{mark}{wanted}", autoescape=True) for mark in "/\\")
    yield and_(is_there, or_(rows.title == wanted, *tails))
    if is_hex and _SHORTEST_PREFIX <= len(digits) < 32:
        yield rows.document_id.between(UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "f")))


async def _document_views(
    connection: AsyncConnection, query: Select[Any]
) -> tuple[DocumentView, ...]:
    rows = (await connection.execute(query)).mappings().all()
    groups: dict[UUID, list[str]] = {row["document_id"]: [] for row in rows}
    memberships = await connection.execute(
        select(document_groups)
        .where(
            document_groups.c.document_id.in_(
                query.with_only_columns(document_views.c.document_id).order_by(None)
            )
        )
        .order_by(document_groups.c.name)
    )
    for document_id, name in memberships:
        groups[document_id].append(name)
    views: list[DocumentView] = []
    for row in rows:
        values: dict[str, Any] = {name: row[name] for name in _DOCUMENT_FIELDS}
        views.append(DocumentView(**values, groups=tuple(groups[row["document_id"]])))
    return tuple(views)


def _entity_view(row: RowMapping) -> EntityView:
    values: dict[str, Any] = {name: row[name] for name in _ENTITY_FIELDS}
    for name in _TUPLES:
        values[name] = tuple(values[name] or ())
    return EntityView(**values)


def _finding_view(row: RowMapping) -> FindingView:
    values: dict[str, Any] = {name: row[name] for name in _FINDING_FIELDS}
    values["entities"] = tuple(UUID(each) for each in values["entities"])
    return FindingView(**values)
