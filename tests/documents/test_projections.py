"""The read models of documents, built anew: the same rows, whatever has been erased since."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from eventdocs.documents import (
    ArchiveDocument,
    ChangeEntity,
    DocumentContents,
    DocumentViews,
    Findings,
    GroupDocument,
    RestoreDocument,
    SemanticIR,
    document_contents,
    document_id_of,
)
from eventdocs.ir import Definition
from eventdocs.projections import Projector
from tests.documents.conftest import Library
from tests.documents.methodology import FIRST, SECOND

pytestmark = pytest.mark.once

PROJECTORS = (DocumentViews, DocumentContents, SemanticIR, Findings)


async def _eventful(library: Library) -> tuple[UUID, UUID]:
    """Let everything happen to one document, and erase another one."""
    documents = library.documents
    ingested = await documents.ingest(FIRST.encode(), source="/papers/one.md")
    document_id = ingested.document_id
    await library.runner.catch_up()
    level = next(
        each
        for each in (await documents.ir(document_id)).entities
        if isinstance(each, Definition) and each.term == "Level"
    )
    change = ChangeEntity(entity_id=level.id.entity_id, changes={"body": "worth"}, by="Ada")
    curation = await documents.curate(document_id, change)
    await documents.ingest(SECOND.encode(), source="/papers/one.md")
    await library.runner.catch_up()
    await documents.undo_curation(document_id, curation)
    await documents.execute(
        document_id, GroupDocument(group="g"), ArchiveDocument(), RestoreDocument()
    )
    await documents.ingest(FIRST.encode(), source="/papers/one.md", title="One")
    erased = await documents.ingest(FIRST.encode(), source="/papers/two.md")
    await library.runner.catch_up()
    await documents.erase(erased.document_id)
    await library.runner.catch_up()
    return document_id, erased.document_id


async def _rows(library: Library) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    async with library.store.connect() as connection:
        for projector in PROJECTORS:
            for table in projector.tables:
                query = select(table).order_by(*table.primary_key.columns)
                found = await connection.execute(query)
                rows[table.name] = [dict(row) for row in found.mappings()]
    return rows


@pytest.mark.parametrize("projector", PROJECTORS)
async def test_a_rebuild_gives_the_same_rows(library: Library, projector: type[Projector]) -> None:
    """What was followed step by step and what is built at once are the same."""
    await _eventful(library)
    before = await _rows(library)
    assert all(before.values()), "every table has rows"

    await library.runner.rebuild(projector)

    assert await _rows(library) == before


@pytest.mark.parametrize("projector", PROJECTORS)
async def test_verification_finds_no_difference(
    library: Library, projector: type[Projector]
) -> None:
    """The read models agree with the log, row by row."""
    await _eventful(library)

    report = await library.runner.verify(projector)

    assert report.is_equal


@pytest.mark.parametrize("seed", range(4))
async def test_every_revision_can_be_read_from_the_rows(library: Library, seed: int) -> None:
    """However a document changes, the rows say of each revision what its meaning says."""
    chance = random.Random(seed)
    document_id = document_id_of("terms.md")
    documents = library.documents
    terms = [f"Term {letter}" for letter in "abcdefgh"]
    for _ in range(5):
        lines = [
            f"{term}\n: meaning {chance.randrange(3)} of {term.lower()}\n"
            for term in chance.sample(terms, chance.randrange(2, len(terms)))
        ]
        text = "# Terms\n\n" + "\n".join(lines)
        await documents.ingest(text.encode(), source="terms.md")
        ir = await documents.ir(document_id)
        found = chance.choice([each for each in ir.entities if isinstance(each, Definition)])
        corrected = f"corrected {chance.randrange(3)}"
        await documents.curate(
            document_id,
            ChangeEntity(entity_id=found.id.entity_id, changes={"body": corrected}, by="Ada"),
        )
        if chance.random() < 0.5:
            await library.runner.catch_up()

    await library.runner.catch_up()

    revisions = (await documents.state(document_id)).revisions
    assert len(revisions) >= 3, "the document has a history"
    for revision in revisions:
        said = {
            each.id.entity_id: each.body
            for each in (await documents.ir(document_id, revision.number)).entities
            if isinstance(each, Definition)
        }
        rows = await documents.entities(document_id, ir_type="definition", revision=revision.number)
        assert {each.entity_id: each.definition for each in rows} == said
        assert len(rows) == len(said)


async def test_contents_are_listed_by_revision(library: Library) -> None:
    """Every revision's digests and sizes are those of its contents."""
    document_id, erased = await _eventful(library)

    async with library.store.connect() as connection:
        found = await connection.execute(
            select(document_contents).order_by(document_contents.c.revision)
        )
        rows = found.mappings().all()

    assert {row["document_id"] for row in rows} == {document_id}
    assert erased != document_id
    revisions = (await library.documents.state(document_id)).revisions
    assert [
        (row["revision"], row["original_digest"], row["text_digest"], row["ir_digest"])
        for row in rows
    ] == [(each.number, each.original, each.text, each.ir) for each in revisions]
    assert [row["original_size"] for row in rows] == [
        len(text.encode()) for text in (FIRST, SECOND, FIRST)
    ]
    assert {row["extractor"] for row in rows} == {"markdown"}


async def test_many_documents_are_followed_in_one_batch(library: Library) -> None:
    """Documents that come in together are projected together, each on its own."""
    texts = {f"/papers/{n}.md": FIRST.replace("methodology", f"paper {n}") for n in range(7)}
    for source, text in texts.items():
        await library.documents.ingest(text.encode(), source=source)

    await library.runner.catch_up()

    views = await library.documents.list_documents()
    assert [each.title for each in views] == [f"Index paper {n}" for n in range(7)]
    assert {each.definitions for each in views} == {views[0].definitions}
    for view in views:
        assert len(await library.documents.entities(view.document_id)) == len(
            (await library.documents.ir(view.document_id)).entities
        )
