"""Queries: what is known about documents, found by what people call them."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from eventdocs.backends import open_store
from eventdocs.documents import (
    DOCUMENT_EVENTS,
    ArchiveDocument,
    Documents,
    GroupDocument,
    RestoreDocument,
    UngroupDocument,
)
from eventdocs.errors import RevisionUnavailableError, StaleProjectionError, UnknownDocumentError
from eventdocs.extraction import Limits
from tests.documents.conftest import Library
from tests.documents.methodology import FIRST, SECOND

pytestmark = pytest.mark.once

SOURCE = "/papers/methodology.md"
ONE = UUID(int=1)


class TestFind:
    @pytest.mark.parametrize(
        "wanted", [SOURCE, "methodology.md", "papers/methodology.md", "Index methodology"]
    )
    async def test_by_source_title_or_tail(self, library: Library, wanted: str) -> None:
        """A document is found by all that people know of it."""
        ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)
        await library.documents.ingest(SECOND.encode(), source="/papers/xmethodology.mdx.md")
        await library.documents.ingest(b"# Other\n", source="/other/paper.md")
        await library.runner.catch_up()

        if wanted == "Index methodology":
            with pytest.raises(UnknownDocumentError) as caught:
                await library.documents.find(wanted)
            assert len(caught.value.candidates) == 2
        else:
            assert (await library.documents.find(wanted)).document_id == ingested.document_id

    async def test_by_id_or_its_first_digits(self, library: Library) -> None:
        """Ids can be written in full, without hyphens, or as their beginning."""
        ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)
        await library.runner.catch_up()
        full = str(ingested.document_id)

        for wanted in (full, full.upper(), full.replace("-", ""), full[:4], full[:10], full[:-1]):
            assert (await library.documents.find(wanted)).document_id == ingested.document_id

    @pytest.mark.parametrize("wanted", ["", "%", "_", "nothing", "ffff", "methodology"])
    async def test_finds_nothing_where_nothing_fits(self, library: Library, wanted: str) -> None:
        """Patterns are no wildcards, and parts of names are no names."""
        await library.documents.ingest(FIRST.encode(), source=SOURCE)
        await library.runner.catch_up()

        with pytest.raises(UnknownDocumentError):
            await library.documents.find(wanted)


class TestDocuments:
    async def test_are_listed_by_title_with_what_they_hold(self, library: Library) -> None:
        """The list shows title, place in life, and counts that agree with the meaning."""
        ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)
        await library.documents.ingest(b"# A note\n", source="/papers/note.md")
        await library.runner.catch_up()

        note, methodology = await library.documents.list_documents()

        assert (note.title, methodology.title) == ("A note", "Index methodology")
        ir = await library.documents.ir(ingested.document_id)
        kinds = [type(each).__name__ for each in ir.entities]
        assert methodology.definitions == kinds.count("Definition")
        assert methodology.formulas == kinds.count("Formula")
        assert methodology.tables == kinds.count("Table") == 1
        assert methodology.cross_references == kinds.count("CrossReference")
        assert methodology.sections == kinds.count("Section")
        severities = [each.severity for each in ir.issues]
        assert methodology.errors == severities.count("error")
        assert methodology.warnings == severities.count("warning")
        assert (methodology.status, methodology.stage, methodology.revision) == (
            "live",
            "extracted",
            1,
        )
        assert methodology.uploaded_at.utcoffset() is not None
        assert methodology.size == len(FIRST.encode())
        assert methodology.version == 3

    async def test_are_called_by_the_best_title_there_is(self, library: Library) -> None:
        """A given title first, then the document's own, then the last part of its source."""
        documents = library.documents

        async def title_after(text: str, title: str | None, source: str = SOURCE) -> str:
            await documents.ingest(text.encode(), source=source, title=title, document_id=ONE)
            await library.runner.catch_up()
            return (await documents.find(ONE)).title

        assert await title_after("No heading.\n", None) == "methodology.md"
        assert await title_after(FIRST, None) == "Index methodology"
        assert await title_after(FIRST, "Given") == "Given"
        assert await title_after(SECOND, None) == "Given"
        assert await title_after(SECOND, None, "/moved/paper.md") == "Given"
        assert await title_after(SECOND, "") == "Index methodology"
        assert await title_after("No heading.\n", None, r"C:\moved\paper.md") == "paper.md"

    async def test_follow_their_life(self, library: Library) -> None:
        """Archiving, restoring, grouping and failing show in the view."""
        documents = library.documents
        ingested = await documents.ingest(FIRST.encode(), source=SOURCE)
        key = ingested.document_id
        await documents.execute(
            key,
            GroupDocument(group="b"),
            GroupDocument(group="a"),
            GroupDocument(group="c"),
            UngroupDocument(group="c"),
            ArchiveDocument(),
        )
        await library.runner.catch_up()
        archived = await documents.find(key)
        in_group = await documents.list_documents(group="a")
        nowhere = await documents.list_documents(group="c")

        await documents.execute(key, RestoreDocument())
        few = Documents(library.store, limits=Limits(max_entities=1))
        failed = await few.ingest(SECOND.encode(), source=SOURCE)
        await library.runner.catch_up()
        now = await documents.find(key)

        assert (archived.status, archived.groups) == ("archived", ("a", "b"))
        assert archived.archived_at is not None
        assert [each.document_id for each in in_group] == [key]
        assert nowhere == ()
        assert failed.error is not None
        assert (now.status, now.stage, now.revision, now.archived_at) == ("live", "failed", 2, None)
        assert now.error is not None
        assert "max_entities" in now.error
        assert now.definitions == archived.definitions, "the counts are of the last known meaning"


class TestEntities:
    async def test_are_rows_in_reading_order(self, library: Library) -> None:
        """The read model says what the meaning says, column by column."""
        ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)
        await library.runner.catch_up()
        ir = await library.documents.ir(ingested.document_id)

        entities = await library.documents.entities(ingested.document_id)

        assert [each.entity_id for each in entities] == [each.id.entity_id for each in ir.entities]
        by_kind = {each.ir_type: each for each in reversed(entities)}
        (table,) = await library.documents.entities(ingested.document_id, ir_type="table")
        assert (table.row_count, table.column_count) == (3, 2)
        assert "Review" in str(table.table_data)
        definition = by_kind["definition"]
        assert (definition.term, definition.name) == ("Divisor", "Divisor")
        assert definition.definition is not None
        assert definition.definition.startswith("the number that keeps")
        assert definition.section_path[-1] == "Definitions"
        formula = by_kind["formula"]
        assert formula.expression is not None
        assert "frac" in formula.expression
        assert set(formula.variables) <= set(formula.symbols)
        assert formula.symbols
        reference = by_kind["reference"]
        assert (reference.state, reference.target_id) == ("dangling", None)
        start, end = reference.location["start"], reference.location["end"]
        assert isinstance(start, int)
        assert isinstance(end, int)
        assert "Section 9" in FIRST[start:end]

    async def test_are_found_by_words(self, library: Library) -> None:
        """All words must occur, in any case; wildcards are only characters."""
        ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)
        await library.runner.catch_up()

        async def found(search: str) -> set[str | None]:
            entities = await library.documents.entities(
                ingested.document_id, ir_type="definition", search=search
            )
            return {each.term for each in entities}

        assert await found("NUMBER comparable") == {"Divisor"}
        assert "Level" in await found("index")
        assert await found("number absent") == set()
        assert await found("num%comp") == set()

    async def test_keep_the_history_of_what_they_said(self, library: Library) -> None:
        """A row holds as long as the entity says the same, wherever it moves."""
        documents = library.documents
        ingested = await documents.ingest(FIRST.encode(), source=SOURCE)
        await library.runner.catch_up()
        before = await documents.entities(ingested.document_id)
        await documents.ingest(SECOND.encode(), source=SOURCE)
        await library.runner.catch_up()

        now = await documents.entities(ingested.document_id)
        then = await documents.entities(ingested.document_id, revision=1)

        assert {each.entity_id: each.definition for each in then} == {
            each.entity_id: each.definition for each in before
        }
        since = {each.name: each.version_from for each in now if each.ir_type == "definition"}
        assert (since["Divisor"], since["Level"]) == (1, 2)
        divisor_then, divisor_now = (
            next(each for each in rows if each.name == "Divisor") for rows in (before, now)
        )
        assert divisor_then.entity_id == divisor_now.entity_id
        assert divisor_now.location != divisor_then.location, "it has moved"
        gone = next(each for each in then if each.ir_type == "reference")
        assert (gone.version_from, gone.version_to) == (1, 1)
        ir = await documents.ir(ingested.document_id)
        assert [each.entity_id for each in now] == [each.id.entity_id for each in ir.entities]


class TestFindings:
    async def test_say_since_when_and_until_when(self, library: Library) -> None:
        """A finding is introduced in one revision and fixed in another."""
        documents = library.documents
        ingested = await documents.ingest(FIRST.encode(), source=SOURCE)
        await library.runner.catch_up()
        (open_finding,) = await documents.findings(ingested.document_id, code="dangling-reference")
        await documents.ingest(SECOND.encode(), source=SOURCE)
        await library.runner.catch_up()

        assert (open_finding.introduced_in, open_finding.fixed_in) == (1, None)
        assert open_finding.line == 1 + FIRST[: FIRST.index("See Section 9")].count("\n")
        assert await documents.findings(ingested.document_id, code="dangling-reference") == ()
        (fixed,) = await documents.findings(
            ingested.document_id, code="dangling-reference", include_fixed=True
        )
        assert (fixed.introduced_in, fixed.fixed_in, fixed.revision) == (1, 2, 1)

    async def test_come_back(self, library: Library) -> None:
        """What is broken again is a finding again, with a history of its own."""
        documents = library.documents
        for text in (FIRST, SECOND, FIRST):
            ingested = await documents.ingest(text.encode(), source=SOURCE)
        await library.runner.catch_up()

        found = await documents.findings(
            ingested.document_id, code="dangling-reference", include_fixed=True
        )

        assert [(each.introduced_in, each.fixed_in) for each in found] == [(1, 2), (3, None)]

    async def test_agree_with_the_meaning(self, library: Library) -> None:
        """The open findings are those of the newest meaning, in the order of their places."""
        ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)
        await library.runner.catch_up()
        ir = await library.documents.ir(ingested.document_id)

        found = await library.documents.findings(ingested.document_id)
        errors = await library.documents.findings(severity="error")

        assert [each.fingerprint for each in found] == [each.fingerprint for each in ir.issues]
        assert [each.entities for each in found] == [each.entities for each in ir.issues]
        assert [each.fingerprint for each in errors] == [
            each.fingerprint for each in ir.issues if each.severity == "error"
        ]


class TestRevisions:
    async def test_are_compared(self, library: Library) -> None:
        """The difference of two revisions names what changed and what went."""
        ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)
        await library.documents.ingest(SECOND.encode(), source=SOURCE)

        diff = await library.documents.diff(ingested.document_id, 1, 2)

        assert diff

    async def test_that_are_not_there_have_an_error_that_says_why(self, library: Library) -> None:
        """Unknown documents, unknown revisions and failed ones are told apart."""
        few = Documents(library.store, limits=Limits(max_entities=1))
        ingested = await few.ingest(FIRST.encode(), source=SOURCE)

        with pytest.raises(UnknownDocumentError):
            await few.ir(uuid4())
        with pytest.raises(UnknownDocumentError):
            await few.history(uuid4())
        with pytest.raises(RevisionUnavailableError, match="revisions 1 to 1"):
            await few.original(ingested.document_id, 2)
        with pytest.raises(RevisionUnavailableError, match="max_entities"):
            await few.ir(ingested.document_id)
        with pytest.raises(RevisionUnavailableError, match="max_entities"):
            await few.text(ingested.document_id)


async def test_read_models_that_were_never_built_have_an_error_of_their_own(
    database_url: str,
) -> None:
    """Nobody who asks too early sees the driver's words, and the error says what to do."""
    async with open_store(database_url, events=DOCUMENT_EVENTS) as store:
        documents = Documents(store)
        await documents.ingest(FIRST.encode(), source=SOURCE)

        for question in (
            documents.list_documents(),
            documents.find(SOURCE),
            documents.entities(),
            documents.findings(),
        ):
            with pytest.raises(StaleProjectionError, match="never built"):
                await question
