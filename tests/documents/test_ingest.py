"""Documents come in: kept first, understood then, never twice and never halfway."""

from __future__ import annotations

import asyncio
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Literal
from uuid import UUID

import attrs
import pytest
from sqlalchemy import Connection, event, func, select
from typing_extensions import override

from eventdocs.backends import open_store
from eventdocs.backends.sqlite import SqliteEventStore
from eventdocs.documents import (
    DOCUMENT_EVENTS,
    ArchiveDocument,
    Documents,
    DocumentUploaded,
    contents,
    document_id_of,
)
from eventdocs.errors import (
    CommandRefusedError,
    ConfigurationError,
    ExtractionLimitError,
    ExtractorFailedError,
    RevisionUnavailableError,
    StoreFullError,
    UnreadableDocumentError,
    UnregisteredEventError,
)
from eventdocs.extraction import (
    Extracted,
    ExtractorRegistry,
    Finder,
    FoundDefinition,
    Limits,
    RawDocument,
    default_extractors,
)
from eventdocs.ir import Definition, kind_of
from eventdocs.observability import NullInstrumentation
from eventdocs.store import EventStore
from tests.documents.conftest import Library
from tests.documents.methodology import FIRST, SECOND

ARRIVAL = ["DocumentUploaded", "DocumentConverted", "SemanticsExtracted"]
SOURCE = "/papers/methodology.md"


async def _stored_contents(store: EventStore) -> int:
    async with store.connect() as connection:
        return await connection.scalar(select(func.count()).select_from(contents)) or 0


class TestIngest:
    async def test_records_the_bytes_and_then_their_meaning(self, library: Library) -> None:
        """A new document is uploaded, converted and understood, in this order."""
        ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)

        assert (ingested.outcome, ingested.revision, ingested.error) == ("uploaded", 1, None)
        assert ingested.document_id == document_id_of(SOURCE)
        assert await library.types() == ARRIVAL
        documents = library.documents
        assert await documents.original(ingested.document_id) == FIRST.encode()
        assert await documents.text(ingested.document_id) == FIRST
        ir = await documents.ir(ingested.document_id)
        assert (ir.document_id, ir.version) == (ingested.document_id, 1)
        assert {"section", "definition", "formula", "table", "reference"} <= {
            kind_of(each) for each in ir.entities
        }

    async def test_the_same_bytes_again_change_nothing(self, library: Library) -> None:
        """Ingesting is idempotent: no event, no content, the same document."""
        first = await library.documents.ingest(FIRST.encode(), source=SOURCE)
        stored = await _stored_contents(library.store)

        again = await library.documents.ingest(FIRST.encode(), source=SOURCE)

        assert (again.document_id, again.outcome) == (first.document_id, "unchanged")
        assert again.appended is None
        assert await library.types() == ARRIVAL
        assert await _stored_contents(library.store) == stored

    async def test_other_bytes_are_a_revision_that_keeps_entity_ids(self, library: Library) -> None:
        """What is still there keeps its id although everything has moved."""
        first = await library.documents.ingest(FIRST.encode(), source=SOURCE)
        before = await library.documents.ir(first.document_id)

        revised = await library.documents.ingest(SECOND.encode(), source=SOURCE)

        assert (revised.outcome, revised.revision) == ("revised", 2)
        after = await library.documents.ir(first.document_id)
        level_before, level_after = (
            next(
                each
                for each in ir.entities
                if isinstance(each, Definition) and each.term == "Level"
            )
            for ir in (before, after)
        )
        assert level_before.id.entity_id == level_after.id.entity_id
        assert level_before.body != level_after.body
        kept = {each.id.entity_id for each in before.entities} & {
            each.id.entity_id for each in after.entities
        }
        assert len(kept) == len(before.entities) - 1  # the reference is gone
        assert (await library.documents.ir(first.document_id, 1)) == before

    async def test_a_title_can_be_given_changed_and_kept(self, library: Library) -> None:
        """Only a title that is given changes the title, and only then is there an event."""
        documents = library.documents
        ingested = await documents.ingest(FIRST.encode(), source=SOURCE, title="Indices")
        kept = await documents.ingest(FIRST.encode(), source=SOURCE)
        changed = await documents.ingest(FIRST.encode(), source=SOURCE, title="All indices")

        assert (kept.outcome, changed.outcome) == ("unchanged", "relabelled")
        assert (await documents.label(ingested.document_id)).title == "All indices"
        assert await library.types() == [*ARRIVAL, "DocumentRelabelled"]

    async def test_a_document_can_come_from_another_source(self, library: Library) -> None:
        """With its id given, a document is revised from wherever the bytes come."""
        ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)

        moved = await library.documents.ingest(
            SECOND.encode(), source="/elsewhere/new.md", document_id=ingested.document_id
        )

        assert (moved.document_id, moved.revision) == (ingested.document_id, 2)
        assert (await library.documents.label(moved.document_id)).source == "/elsewhere/new.md"

    @pytest.mark.parametrize(
        ("content", "source", "error"),
        [
            (b"\x89PNG\r\n\x1a\n\0\0", "image.md", UnreadableDocumentError),
            (b"PK\x03\x04mimetype", "paper.odt", UnreadableDocumentError),
            (b"caf\xe9", "latin1.md", UnreadableDocumentError),
            (b"# a\0b", "nul.md", UnreadableDocumentError),
        ],
    )
    async def test_what_cannot_be_read_leaves_no_trace(
        self, library: Library, content: bytes, source: str, error: type[Exception]
    ) -> None:
        """Foreign formats and junk are refused before anything is recorded."""
        with pytest.raises(error):
            await library.documents.ingest(content, source=source)

        assert await library.types() == []
        assert await _stored_contents(library.store) == 0

    async def test_what_is_too_big_leaves_no_trace(self, library: Library) -> None:
        """A document beyond the limit is not even kept."""
        documents = Documents(library.store, limits=Limits(max_bytes=10))

        with pytest.raises(ExtractionLimitError):
            await documents.ingest(FIRST.encode(), source=SOURCE)

        assert await library.types() == []

    @pytest.mark.parametrize("source", ["", "a\0b.md", "caf\udce9.md"])
    async def test_a_source_that_no_database_can_store_is_refused(
        self, library: Library, source: str
    ) -> None:
        """Names with U+0000 or undecodable bytes get a clear error."""
        with pytest.raises(ConfigurationError):
            await library.documents.ingest(FIRST.encode(), source=source)

    async def test_an_archived_document_is_not_revised(self, library: Library) -> None:
        """The same bytes are no trouble; other bytes are refused."""
        ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)
        await library.documents.execute(ingested.document_id, ArchiveDocument())

        again = await library.documents.ingest(FIRST.encode(), source=SOURCE)
        with pytest.raises(CommandRefusedError, match="archived"):
            await library.documents.ingest(SECOND.encode(), source=SOURCE)

        assert again.outcome == "unchanged"

    async def test_a_refused_event_takes_the_contents_along(self, database_url: str) -> None:
        """Contents and events are one transaction: neither is there without the other."""
        events = [each for each in DOCUMENT_EVENTS if each is not DocumentUploaded]
        async with open_store(database_url, events=events) as store:
            with pytest.raises(UnregisteredEventError):
                await Documents(store).ingest(FIRST.encode(), source=SOURCE)

            assert await _stored_contents(store) == 0


class TestFailingExtraction:
    async def test_is_recorded_and_returned(self, library: Library) -> None:
        """The bytes are kept, the failure is an event, and the caller gets the error."""
        few = Documents(library.store, limits=Limits(max_entities=2))

        ingested = await few.ingest(FIRST.encode(), source=SOURCE)

        assert (ingested.outcome, ingested.revision) == ("uploaded", 1)
        assert isinstance(ingested.error, ExtractionLimitError)
        assert await library.types() == ["DocumentUploaded", "ExtractionFailed"]
        assert await few.original(ingested.document_id) == FIRST.encode()
        failed = [each.data async for each in library.store.read_all()][-1]
        assert "max_entities is 2" in failed.reason
        assert SOURCE not in failed.reason

    async def test_can_be_tried_again(self, library: Library) -> None:
        """The same failure is not recorded twice; a success ends it."""
        few = Documents(library.store, limits=Limits(max_entities=2))
        await few.ingest(FIRST.encode(), source=SOURCE)

        still = await few.ingest(FIRST.encode(), source=SOURCE)
        better = await library.documents.ingest(FIRST.encode(), source=SOURCE)

        assert (still.outcome, better.outcome) == ("resumed", "resumed")
        assert still.error is not None
        assert better.error is None
        assert await library.types() == ["DocumentUploaded", "ExtractionFailed", *ARRIVAL[1:]]


async def _ingest_many(library: Library, contents: list[str]) -> list[str]:
    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(library.documents.ingest(each.encode(), source=SOURCE))
            for each in contents
        ]
    return [task.result().outcome for task in tasks]


class TestConcurrentIngest:
    async def test_of_the_same_bytes_records_them_once(self, library: Library) -> None:
        """However many bring in the same document at once, it happens once."""
        outcomes = await _ingest_many(library, [FIRST] * 6)

        assert await library.types() == ARRIVAL
        assert outcomes.count("uploaded") == 1
        assert set(outcomes) <= {"uploaded", "resumed", "unchanged"}

    async def test_of_other_bytes_loses_none_of_them(self, library: Library) -> None:
        """Every content becomes a revision, and the last one is understood."""
        variants = [f"{FIRST}\nVariant {n}.\n" for n in range(4)]

        outcomes = await _ingest_many(library, variants)

        document_id = document_id_of(SOURCE)
        state = await library.documents.state(document_id)
        assert [each.number for each in state.revisions] == [1, 2, 3, 4]
        originals = [
            (await library.documents.original(document_id, each.number)).decode()
            for each in state.revisions
        ]
        assert sorted(originals) == sorted(variants)
        assert state.current.stage == "extracted"
        assert outcomes.count("uploaded") == 1
        assert set(outcomes) <= {"uploaded", "revised", "superseded"}


_KILLED_DURING_EXTRACTION = """
import asyncio, os, signal, sys
from eventdocs.backends import open_store
from eventdocs.documents import DOCUMENT_EVENTS, Documents
from eventdocs.extraction import ExtractorRegistry

class Killer:
    name = version = library = "killer"
    media_types = ("text/markdown",)

    def extract(self, document, limits):
        os.kill(os.getpid(), signal.SIGKILL)

async def main(url, source, content):
    async with open_store(url, events=DOCUMENT_EVENTS) as store:
        documents = Documents(store, extractors=ExtractorRegistry([Killer()]))
        await documents.ingest(content.encode(), source=source)

asyncio.run(main(*sys.argv[1:]))
"""


async def test_a_killed_ingest_goes_on_where_it_was(database_url: str, tmp_path: Path) -> None:
    """Killed between keeping and understanding: the bytes are there, the rest is done next time."""
    script = tmp_path / "killed.py"
    script.write_text(_KILLED_DURING_EXTRACTION)
    killed = await asyncio.to_thread(
        subprocess.run, [sys.executable, str(script), database_url, SOURCE, FIRST], check=False
    )
    assert killed.returncode == -signal.SIGKILL

    async with open_store(database_url, events=DOCUMENT_EVENTS) as store:
        documents = Documents(store)
        document_id: UUID = document_id_of(SOURCE)
        assert [each.type for each in await documents.history(document_id)] == ARRIVAL[:1]
        assert await documents.original(document_id) == FIRST.encode()

        resumed = await documents.ingest(FIRST.encode(), source=SOURCE)

        assert (resumed.outcome, resumed.revision) == ("resumed", 1)
        assert [each.type for each in await documents.history(document_id)] == ARRIVAL


async def test_a_full_disk_leaves_nothing_half_done(sqlite_url: str) -> None:
    """A database without room gives a clear error; with room again, the ingest succeeds."""
    async with open_store(sqlite_url, events=DOCUMENT_EVENTS) as store:
        assert isinstance(store, SqliteEventStore)
        room = [1]

        @event.listens_for(store.engine.sync_engine, "begin")
        def limit(connection: Connection) -> None:
            connection.exec_driver_sql(f"PRAGMA max_page_count = {room[0]}")

        documents = Documents(store)
        big = FIRST + "More and more text. " * 100_000
        with pytest.raises(StoreFullError):
            await documents.ingest(big.encode(), source=SOURCE)
        assert await store.head() == 0
        assert await _stored_contents(store) == 0

        room[0] = 1_000_000
        ingested = await documents.ingest(big.encode(), source=SOURCE)

        assert (ingested.outcome, ingested.error) == ("uploaded", None)


class TestInTheHostsTransaction:
    async def test_a_rollback_takes_the_whole_document_along(self, library: Library) -> None:
        """Brought in through the host's transaction, a document is gone when that is undone."""

        async def fail() -> None:
            async with library.store.begin() as tx:
                documents = Documents(library.store.using(tx))
                ingested = await documents.ingest(FIRST.encode(), source=SOURCE)
                assert ingested.error is None
                assert (await documents.ir(ingested.document_id)).version == 1
                raise RuntimeError("on purpose")

        with pytest.raises(RuntimeError, match="on purpose"):
            await fail()

        assert await library.types() == []
        assert await _stored_contents(library.store) == 0

    async def test_a_commit_keeps_it(self, library: Library) -> None:
        """The same way, committed."""
        async with library.store.begin() as tx:
            await Documents(library.store.using(tx)).ingest(FIRST.encode(), source=SOURCE)

        assert await library.types() == ARRIVAL
        assert await library.documents.text(document_id_of(SOURCE)) == FIRST


class _Renamed:
    """The Markdown extractor under another version, as after an upgrade."""

    def __init__(self, version: str) -> None:
        self._inner = default_extractors().extractor_for("text/markdown", source_name="")
        self.name, self.library = self._inner.name, self._inner.library
        self.media_types = self._inner.media_types
        self.version = version

    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        found = self._inner.extract(document, limits)
        entities = tuple(
            attrs.evolve(each, prov=attrs.evolve(each.prov, extractor_version=self.version))
            for each in found.entities
        )
        return attrs.evolve(found, entities=entities)


class TestReextract:
    async def test_changes_nothing_with_the_same_extractors(self, library: Library) -> None:
        """The same bytes and extractors give the same meaning, so nothing happened."""
        ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)

        again = await library.documents.reextract(ingested.document_id)

        assert again.appended is None
        assert await library.types() == ARRIVAL

    async def test_keeps_entity_ids_with_newer_extractors(self, library: Library) -> None:
        """An upgrade of the extractor gives a new meaning of the same entities."""
        ingested = await library.documents.ingest(FIRST.encode(), source=SOURCE)
        before = await library.documents.ir(ingested.document_id)
        newer = Documents(library.store, extractors=ExtractorRegistry([_Renamed("99")]))

        again = await newer.reextract(ingested.document_id)

        assert (again.revision, again.error) == (1, None)
        after = await library.documents.ir(ingested.document_id)
        assert [each.id for each in after.entities] == [each.id for each in before.entities]
        assert {each.prov.extractor_version for each in after.entities} == {"99"}
        await library.runner.catch_up()
        entities = await library.documents.entities(ingested.document_id)
        assert {each.version_from for each in entities} == {1}
        assert len(entities) == len(after.entities)


class _Held(_Renamed):
    """An extractor that waits for a sign in the middle of its work."""

    def __init__(self) -> None:
        super().__init__("1")
        self.begun, self.go_on = threading.Event(), threading.Event()

    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        self.begun.set()
        assert self.go_on.wait(timeout=60)
        return super().extract(document, limits)


class TestWhileTheMeaningIsBeingExtracted:
    async def test_another_revision_supersedes_it(self, library: Library) -> None:
        """The slower extraction is of a revision that is not current any more: it is dropped."""
        held = _Held()
        slow = Documents(library.store, extractors=ExtractorRegistry([held]))
        async with asyncio.TaskGroup() as group:
            first = group.create_task(slow.ingest(FIRST.encode(), source=SOURCE))
            await asyncio.to_thread(held.begun.wait)
            second = await library.documents.ingest(SECOND.encode(), source=SOURCE)
            held.go_on.set()

        assert (second.outcome, second.revision) == ("revised", 2)
        assert (first.result().outcome, first.result().revision) == ("superseded", 1)
        assert await library.types() == [
            "DocumentUploaded",
            "DocumentRevised",
            "DocumentConverted",
            "SemanticsExtracted",
        ]
        assert (await library.documents.ir(second.document_id)).version == 2
        with pytest.raises(RevisionUnavailableError, match="uploaded so far"):
            await library.documents.ir(second.document_id, 1)

    async def test_an_erasure_is_not_undone_by_it(self, library: Library) -> None:
        """What was erased meanwhile stays erased: no text and no meaning comes after it."""
        held = _Held()
        slow = Documents(library.store, extractors=ExtractorRegistry([held]))

        async def ingest() -> None:
            with pytest.raises(CommandRefusedError, match="erased"):
                await slow.ingest(FIRST.encode(), source=SOURCE)

        async with asyncio.TaskGroup() as group:
            group.create_task(ingest())
            await asyncio.to_thread(held.begun.wait)
            await library.documents.erase(document_id_of(SOURCE))
            held.go_on.set()

        assert await library.types() == ["DocumentUploaded", "DocumentErased"]
        assert await _stored_contents(library.store) == 0


class _Crashing(_Renamed):
    """An extractor with a defect."""

    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        raise KeyError("a secret of the document")


async def test_a_defect_of_an_extractor_is_a_failure_like_others(library: Library) -> None:
    """Whatever an extractor raises is recorded by its kind, without the document's words."""
    documents = Documents(library.store, extractors=ExtractorRegistry([_Crashing("1")]))

    ingested = await documents.ingest(FIRST.encode(), source=SOURCE)

    assert isinstance(ingested.error, ExtractorFailedError)
    assert isinstance(ingested.error.__cause__, KeyError)
    failed = [each async for each in library.store.read_all()][-1]
    assert failed.data.reason == "the extractor failed with KeyError"
    assert b"secret" not in failed.raw.payload


class _Counting(NullInstrumentation):
    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def extracted(self, media_type: str, *, outcome: str, seconds: float) -> None:
        assert seconds > 0
        self.seen.append((media_type, outcome))


async def test_extractions_are_counted_by_outcome(sqlite_url: str) -> None:
    """Instrumentation hears of every extraction, after its outcome is known."""
    counting = _Counting()
    async with open_store(sqlite_url, events=DOCUMENT_EVENTS, instrumentation=counting) as store:
        await Documents(store, limits=Limits(max_entities=1)).ingest(b"# A\n# B\n", source="a.md")
        await Documents(store).ingest(b"# A\n# B\n", source="a.md")

    assert counting.seen == [("text/markdown", "failed"), ("text/markdown", "extracted")]


@attrs.frozen
class _Cautious(Finder):
    """Takes every “we understand” for a definition, and is unlucky with headings."""

    name: str = "cautious"
    version: str = "1"
    library: str = "none"
    method: Literal["model", "pattern"] = "model"

    @override
    def find(self, document: Extracted) -> Iterable[FoundDefinition]:
        for each in re.finditer(r"By (\w+) we understand ([^.]+)\.", document.text):
            yield FoundDefinition(
                place=each.span(), term=each[1], body_place=each.span(2), confidence=0.6
            )
        for each in re.finditer(r"itle\n\n\w", document.text):
            yield FoundDefinition(
                place=each.span(), term="x", body_place=each.span(), confidence=0.6
            )


class TestFinders:
    async def test_add_to_what_is_recorded(self, library: Library) -> None:
        """Their definitions are part of the meaning, and what was in vain is told."""
        documents = Documents(library.store, finders=[_Cautious()])

        ingested = await documents.ingest(
            b"# Title\n\nBy cap we understand the largest weight.\n", source="a.md"
        )

        meaning = await documents.ir(ingested.document_id)
        [cap] = [each for each in meaning.entities if isinstance(each, Definition)]
        assert (cap.term, cap.prov.extractor, cap.prov.confidence) == ("cap", "cautious", 0.6)
        [discarded] = ingested.discarded
        assert discarded.reason.startswith("cuts through the section at")
        extracted = [e async for e in library.store.read_all() if e.type == "SemanticsExtracted"]
        assert extracted[0].data.extractor_version.endswith(" cautious/1")

    async def test_that_do_not_say_who_they_are_are_an_error(self, library: Library) -> None:
        """The document is not blamed for it: no failure is recorded."""
        documents = Documents(library.store, finders=[_Cautious(name="")])

        with pytest.raises(ConfigurationError, match="its name is ''"):
            await documents.ingest(b"# Title\n", source="a.md")

        assert "ExtractionFailed" not in await library.types()
