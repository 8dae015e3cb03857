"""Erasure: what a document says is gone from every table; that it was there is not."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlalchemy import MetaData, select

from eventdocs.documents import (
    AddEntity,
    ArchiveDocument,
    CompleteAnalysis,
    Content,
    GenerateFeedback,
    GroupDocument,
    RejectFeedback,
    RequestAnalysis,
)
from eventdocs.errors import CommandRefusedError, RevisionUnavailableError
from eventdocs.ir import Definition, Identity
from eventdocs.store import EventStore
from tests.documents.conftest import Library
from tests.documents.methodology import FIRST, SECOND

# Every table is read here as SQLAlchemy finds it; which indexes it has does not matter.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Skipped unsupported reflection of expression-based index:sqlalchemy.exc.SAWarning"
)

MARK = "xylophone"
SOURCE = f"/papers/{MARK}.md"
MARKED = FIRST.replace("Divisor", f"{MARK.title()} divisor").replace("Cap ", f"{MARK} ")
MARKED_SECOND = SECOND.replace("Level", f"{MARK.title()} level")


async def _tables_that_hold(store: EventStore, mark: str) -> set[str]:
    """Search every column of every row of every table, binary ones included."""
    found: set[str] = set()
    metadata = MetaData()
    async with store.connect() as connection:
        await connection.run_sync(metadata.reflect)
        for table in metadata.sorted_tables:
            for row in await connection.execute(select(table)):
                if any(mark in _readable(value).casefold() for value in row):
                    found.add(table.name)
    return found


def _readable(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


async def _rich_document(library: Library) -> UUID:
    """Make a document that says the mark everywhere it can."""
    documents = library.documents
    ingested = await documents.ingest(
        MARKED.encode(), source=SOURCE, title=f"The {MARK} methodology"
    )
    document_id, analysis, feedback = ingested.document_id, uuid4(), uuid4()
    await documents.ingest(MARKED_SECOND.encode(), source=SOURCE)
    note = Content(f"{MARK} is no index".encode())
    await documents.execute(
        document_id,
        GroupDocument(group="indices"),
        RequestAnalysis(analysis_id=analysis, kind="review"),
        CompleteAnalysis(analysis_id=analysis, result=note),
        GenerateFeedback(feedback_id=feedback, text=note, analysis_id=analysis),
        RejectFeedback(feedback_id=feedback, reason=note),
    )
    example = next(
        each for each in (await documents.ir(document_id)).entities if isinstance(each, Definition)
    )
    added = Definition(
        id=Identity(entity_id=uuid4(), content_key=""),
        span=example.span,
        prov=example.prov,
        section=example.section,
        term=f"{MARK} ratio",
        term_key=f"{MARK} ratio",
        body=f"what {MARK}s are counted by",
        body_span=example.body_span,
        form="glossary",
    )
    await documents.curate(document_id, AddEntity(entity=added, by=f"{MARK} team"))
    return document_id


async def test_erasure_leaves_no_word_of_the_document(library: Library) -> None:
    """Contents, titles, sources, entities, findings, feedback: no table holds any of it."""
    document_id = await _rich_document(library)
    await library.runner.catch_up()
    before = await _tables_that_hold(library.store, MARK)
    assert before >= {
        "eventdocs_contents",
        "eventdocs_document_views",
        "eventdocs_semantic_ir",
    }, "the search finds what is there"

    await library.documents.erase(document_id)
    await library.runner.catch_up()

    assert await _tables_that_hold(library.store, MARK) == set()


async def test_erasure_before_the_read_models_have_followed(library: Library) -> None:
    """Read models that come late record nothing of what is gone, and go on."""
    document_id = await _rich_document(library)
    other = await library.documents.ingest(FIRST.encode(), source="/papers/other.md")
    await library.documents.erase(document_id)

    await library.runner.catch_up()

    assert await _tables_that_hold(library.store, MARK) == set()
    views = {
        each.document_id: each
        for each in await library.documents.list_documents(include_erased=True)
    }
    erased = views[document_id]
    assert (erased.status, erased.title, erased.source) == ("erased", "", "")
    assert erased.erased_at is not None
    assert views[other.document_id].definitions > 0


async def test_erasure_leaves_a_receipt(library: Library) -> None:
    """The last event says how much was deleted; the history stays."""
    ingested = await library.documents.ingest(MARKED.encode(), source=SOURCE)
    before = await library.documents.history(ingested.document_id)

    appended = await library.documents.erase(ingested.document_id)

    *earlier, receipt = await library.documents.history(ingested.document_id)
    assert earlier == list(before)
    assert appended is not None
    assert appended.sequence == receipt.sequence
    assert receipt.type == "DocumentErased"
    assert (receipt.data.revision, receipt.data.kept) == (1, 0)
    assert receipt.data.removed >= 4  # label, original, text, meaning
    assert receipt.data.removed_size > len(MARKED.encode())


async def test_what_another_document_holds_as_well_stays(library: Library) -> None:
    """Equal bytes are stored once, and deleted only with the last who refers to them."""
    one = await library.documents.ingest(FIRST.encode(), source="/papers/one.md")
    two = await library.documents.ingest(FIRST.encode(), source="/papers/two.md")

    await library.documents.erase(one.document_id)

    assert await library.documents.original(two.document_id) == FIRST.encode()
    assert await library.documents.text(two.document_id) == FIRST
    receipt = (await library.documents.history(one.document_id))[-1].data
    assert receipt.kept == 2, "the bytes, which are the text as well, and the title"


async def test_an_erased_document_is_gone_for_good(library: Library) -> None:
    """It cannot be read or brought in again by accident; erasing it again is nothing."""
    documents = library.documents
    ingested = await documents.ingest(FIRST.encode(), source=SOURCE)
    await documents.execute(ingested.document_id, ArchiveDocument())
    await documents.erase(ingested.document_id)

    assert await documents.erase(ingested.document_id) is None
    with pytest.raises(RevisionUnavailableError, match="erased"):
        await documents.ir(ingested.document_id)
    with pytest.raises(RevisionUnavailableError, match="erased"):
        await documents.original(ingested.document_id)
    with pytest.raises(CommandRefusedError, match="id of its own"):
        await documents.ingest(FIRST.encode(), source=SOURCE)

    anew = await documents.ingest(FIRST.encode(), source=SOURCE, document_id=uuid4())
    assert anew.outcome == "uploaded"


async def test_nobody_erases_what_is_not_there(library: Library) -> None:
    """A document without events cannot be erased."""
    with pytest.raises(CommandRefusedError, match="no such document"):
        await library.documents.erase(uuid4())
