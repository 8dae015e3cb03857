"""What queries return: rows of the read models as values."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import attrs

from eventdocs.documents._state import Stage
from eventdocs.ir import EntityKind, Severity
from eventdocs.types import Digest, JSONObject, JSONValue


@attrs.frozen(kw_only=True)
class DocumentView:
    """A document as it stands.

    Attributes:
        document_id: The document.
        title: Given by people, or the document's own, or the last part of its source.
        source: Where it comes from; empty once erased.
        media_type: What kind of document it is.
        status: Where it stands in its life.
        stage: How far the newest revision has come.
        error: Why that failed.
        revision: The newest revision.
        digest: Of its bytes.
        size: In bytes.
        sections: How many of them its newest known meaning has.
        definitions: Likewise.
        formulas: Likewise.
        tables: Likewise.
        cross_references: Likewise.
        errors: How many findings of that severity it has.
        warnings: Likewise.
        infos: Likewise.
        groups: The groups it is in, sorted.
        uploaded_at: When the first revision came in.
        updated_at: When something last happened to it.
        archived_at: When it was put away.
        erased_at: When its contents were deleted.
        version: Of its stream, as far as the read model has followed.
    """

    document_id: UUID
    title: str
    source: str
    media_type: str
    status: Literal["live", "archived", "erased"]
    stage: Stage
    error: str | None
    revision: int
    digest: Digest
    size: int
    sections: int
    definitions: int
    formulas: int
    tables: int
    cross_references: int
    errors: int
    warnings: int
    infos: int
    groups: tuple[str, ...]
    uploaded_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    erased_at: datetime | None
    version: int


@attrs.frozen(kw_only=True)
class EntityView:
    """An entity as long as it says the same.

    Attributes:
        entity_id: The entity, the same over all revisions.
        document_id: The document it stands in.
        version_from: The first revision this row holds for.
        version_to: The last one; None while it is current.
        ir_type: Its kind.
        name: What it is called, shortened if very long.
        expression: A formula's LaTeX.
        variables: Keys of the symbols that a formula names.
        symbols: Keys of all symbols in it.
        definition: What a definition says.
        term: What it defines.
        number: The number it is referred to by.
        anchor: The author's own name for it.
        section_path: The sections around it, from the outside in.
        table_data: A table's cells.
        row_count: How many rows a table has.
        column_count: How many columns.
        target: What a reference points at, as written.
        reference_type: What kind of thing that is.
        state: Whether the reference was resolved.
        target_id: The entity it was resolved to.
        location: Its source span.
        metadata: Everything else that is known of it.
        confidence: How sure its extractor is.
    """

    entity_id: UUID
    document_id: UUID
    version_from: int
    version_to: int | None
    ir_type: EntityKind
    name: str | None
    expression: str | None
    variables: tuple[str, ...]
    symbols: tuple[str, ...]
    definition: str | None
    term: str | None
    number: str | None
    anchor: str | None
    section_path: tuple[str, ...]
    table_data: JSONValue
    row_count: int | None
    column_count: int | None
    target: str | None
    reference_type: str | None
    state: str | None
    target_id: UUID | None
    location: JSONObject
    metadata: JSONObject
    confidence: float


@attrs.frozen(kw_only=True)
class FindingView:
    """A finding over the revisions of its document.

    Attributes:
        document_id: The document.
        fingerprint: Identity of the finding; it survives unrelated edits.
        introduced_in: The first revision that has it.
        fixed_in: The first one that has it no more; None while it is open.
        revision: The newest revision that has it; place and words are that one's.
        code: The rule.
        severity: How bad it is.
        message: One sentence.
        suggestion: What to do about it; may be empty.
        line: Where it is, from 1.
        span_start: First character.
        span_end: The character after the last one.
        page: The page, from 1.
        path: The place inside a structured format.
        entities: What it is about, most to blame first.
        data: Facts behind the message.
    """

    document_id: UUID
    fingerprint: str
    introduced_in: int
    fixed_in: int | None
    revision: int
    code: str
    severity: Severity
    message: str
    suggestion: str
    line: int | None
    span_start: int | None
    span_end: int | None
    page: int | None
    path: str | None
    entities: tuple[UUID, ...]
    data: JSONObject
