from __future__ import annotations

import asyncio
import gzip
import io
import json
import random
import sys
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.event import listens_for

from eventdocs import (
    DocumentContents,
    Documents,
    DocumentViews,
    EventStore,
    Expect,
    ProjectionRunner,
    SemanticIR,
    open_store,
)
from eventdocs.archive import ArchiveProgress, Imported, export_log, import_log
from eventdocs.documents import DocumentUploaded, Findings
from eventdocs.errors import (
    ArchiveMismatchError,
    RevisionUnavailableError,
    StoreRewoundError,
    UnknownEventTypeError,
    WrongExpectedVersionError,
)
from eventdocs.testing import CONTRACT_EVENTS
from eventdocs.testing._contract_events import Noted
from tests.archive.logs import EVENTS, SOURCE, body_of, fill, lines_of
from tests.backends.postgres_hosts import Connection, host_engine

PROJECTORS = (DocumentViews, DocumentContents, SemanticIR, Findings)


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[EventStore]:
    """A log to be exported, on SQLite."""
    async with open_store(f"sqlite:///{tmp_path}/source.db", events=EVENTS) as opened:
        await fill(opened)
        yield opened


@pytest.fixture
async def archive(source: EventStore, tmp_path: Path) -> Path:
    """Its archive."""
    await export_log(source, tmp_path / "log.jsonl")
    return tmp_path / "log.jsonl"


@pytest.fixture
async def target(database_url: str) -> AsyncIterator[EventStore]:
    """An empty log, on each backend in turn."""
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


class TestAnEmptyLog:
    @pytest.mark.parametrize("batch_size", [1, 7, 5_000])
    async def test_becomes_equal_to_the_exported_one(
        self, source: EventStore, target: EventStore, archive: Path, batch_size: int
    ) -> None:
        """Its own archive has the same lines, byte for byte, and it goes by the same name."""
        imported = await import_log(target, archive, batch_size=batch_size)

        assert await body_of(target) == await body_of(source)
        assert target.store_id == source.store_id
        assert imported.events == len([event async for event in target.read_all()])
        assert (imported.through, imported.found) == (await source.head(), 0)

    async def test_goes_on_after_the_last_event(
        self, source: EventStore, target: EventStore, archive: Path
    ) -> None:
        """Sequences and versions continue, expectations hold, and ids are known."""
        await import_log(target, archive)
        stream = "note-0\\"
        version, head = await source.stream_version(stream), await source.head()

        with pytest.raises(WrongExpectedVersionError):
            await target.append(stream, [Noted("late")], expected=version - 1)
        appended = await target.append(stream, [Noted("next")], expected=version)

        assert appended.version == version + 1
        assert appended.sequence > head
        assert (await target.append("new-1", [Noted("x")], expected=Expect.NO_STREAM)).version == 1

    async def test_stays_that_log_when_it_is_opened_again(
        self, source: EventStore, database_url: str, archive: Path
    ) -> None:
        """Identity and sequences are in the database and not only in the store."""
        async with open_store(database_url, events=EVENTS) as target:
            await import_log(target, archive)

        async with open_store(database_url, events=EVENTS) as reopened:
            assert reopened.store_id == source.store_id
            assert await reopened.head() == await source.head()

    async def test_gets_the_documents_with_what_they_contain(
        self, target: EventStore, archive: Path
    ) -> None:
        """Read models are built from it, and each document can be erased on its own."""
        await import_log(target, archive)
        documents = Documents(target)
        async with ProjectionRunner(target, [each() for each in PROJECTORS]) as runner:
            await runner.catch_up()
        ids = [event.data.document_id async for event in target.read_all(types=[DocumentUploaded])]

        before = await documents.original(ids[1])
        await documents.erase(ids[0])

        assert len(ids) == 2
        assert before == await documents.original(ids[1]) == SOURCE
        with pytest.raises(RevisionUnavailableError):
            await documents.original(ids[0])

    async def test_keeps_projections_that_had_nothing_to_do_yet(
        self, target: EventStore, archive: Path
    ) -> None:
        """A runner that was there before the events follows them."""
        async with ProjectionRunner(target, [DocumentViews()]) as runner:
            await runner.catch_up()
            await import_log(target, archive)
            await runner.catch_up()
            (status,) = await runner.status()

        assert status.lag == 0
        assert status.sequence > 0

    async def test_stops_projections_of_those_who_still_know_it_by_its_old_name(
        self, database_url: str, archive: Path
    ) -> None:
        """A store that another process had opened before cannot take part under a wrong name."""
        async with (
            open_store(database_url, events=EVENTS) as target,
            open_store(database_url, events=EVENTS) as elsewhere,
            ProjectionRunner(elsewhere, [DocumentViews()]) as runner,
        ):
            await import_log(target, archive)

            with pytest.raises(StoreRewoundError):
                await runner.catch_up()

    async def test_takes_events_of_types_it_was_not_opened_with(
        self, source: EventStore, database_url: str, archive: Path
    ) -> None:
        """They are there, raw, for those who know them."""
        async with open_store(database_url, events=()) as target:
            await import_log(target, archive)
            (event,) = [event async for event in target.read_all(limit=1)]

            with pytest.raises(UnknownEventTypeError):
                _ = event.data
            assert await body_of(target) == await body_of(source)

    async def test_is_filled_from_whatever_gives_bytes(
        self, source: EventStore, target: EventStore, archive: Path
    ) -> None:
        """Compressed or not, whatever it is called."""
        await import_log(target, io.BytesIO(gzip.compress(b"\n".join([*lines_of(archive), b""]))))

        assert await body_of(target) == await body_of(source)

    async def test_is_filled_from_an_archive_without_contents(
        self, source: EventStore, target: EventStore, tmp_path: Path
    ) -> None:
        """All events, and none of the words."""
        await export_log(source, tmp_path / "facts.jsonl", contents=False)

        imported = await import_log(target, tmp_path / "facts.jsonl")

        assert imported.contents == 0
        assert await target.head() == await source.head()

    async def test_takes_the_name_of_an_empty_log(
        self, empty: EventStore, target: EventStore, tmp_path: Path
    ) -> None:
        """Nothing to record is no reason to differ."""
        await export_log(empty, tmp_path / "empty.jsonl")

        assert await import_log(target, tmp_path / "empty.jsonl") == Imported(
            through=0, events=0, contents=0, found=0
        )
        assert target.store_id == empty.store_id


class TestALogThatHoldsEvents:
    async def test_is_left_alone_if_it_holds_the_whole_archive(
        self, target: EventStore, archive: Path
    ) -> None:
        """Repeating an import does no harm, also after the log has grown."""
        first = await import_log(target, archive)
        await target.append("note-1", [Noted("later")])
        before = await body_of(target)

        again = await import_log(target, archive)

        assert (again.events, again.found) == (0, first.events)
        assert await body_of(target) == before

    async def test_refuses_another_log(self, target: EventStore, archive: Path) -> None:
        """Two histories cannot become one."""
        await target.append("note-1", [Noted("mine")])
        before, name = await body_of(target), target.store_id

        with pytest.raises(ArchiveMismatchError, match="holds another log's events"):
            await import_log(target, archive)

        assert await body_of(target) == before
        assert target.store_id == name

    async def test_refuses_the_same_log_when_it_has_gone_another_way(
        self, source: EventStore, target: EventStore, tmp_path: Path
    ) -> None:
        """A copy that was written to has a history of its own."""
        await export_log(source, tmp_path / "first.jsonl")
        await import_log(target, tmp_path / "first.jsonl")
        await target.append("note-1", [Noted("here")])
        await source.append("note-1", [Noted("there")])
        await source.append("note-1", [Noted("there, later")])
        await export_log(source, tmp_path / "second.jsonl")
        before = await body_of(target)

        with pytest.raises(ArchiveMismatchError, match="does not hold the event"):
            await import_log(target, tmp_path / "second.jsonl")

        assert await body_of(target) == before

    async def test_goes_on_with_an_archive_that_follows(
        self, source: EventStore, target: EventStore, tmp_path: Path
    ) -> None:
        """A whole archive and those after it make the log again, in their order only."""
        whole = await export_log(source, tmp_path / "whole.jsonl")
        await fill(source, notes=5, documents=1)
        part = await export_log(source, tmp_path / "part.jsonl", after=whole.through)
        await fill(source, notes=2, documents=1)
        await export_log(source, tmp_path / "rest.jsonl", after=part.through)

        with pytest.raises(ArchiveMismatchError, match="import first the archive"):
            await import_log(target, tmp_path / "part.jsonl")
        await import_log(target, tmp_path / "whole.jsonl")
        with pytest.raises(ArchiveMismatchError, match="import first the archive"):
            await import_log(target, tmp_path / "rest.jsonl")
        await import_log(target, tmp_path / "part.jsonl")
        await import_log(target, tmp_path / "rest.jsonl")

        assert await body_of(target) == await body_of(source)


class TestAnInterruptedImport:
    async def test_goes_on_where_it_was_killed(
        self, source: EventStore, database_url: str, archive: Path
    ) -> None:
        """Whenever it is killed, what is there is a beginning, and repeating it completes it."""
        whole = await body_of(source)
        heads: list[int] = []
        async with open_store(database_url, events=EVENTS) as watching:
            for said in (0, 1, 3, 5):
                process = await asyncio.create_subprocess_exec(
                    *(sys.executable, "-m", "tests.archive.importing_process"),
                    *(database_url, str(archive)),
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                )
                assert process.stdin is not None
                assert process.stdout is not None
                for _ in range(said):
                    await process.stdout.readline()
                    process.stdin.write(b"\n")
                    await process.stdin.drain()
                process.kill()
                await process.wait()
                recorded = [line for line in await body_of(watching) if b'"sequence"' in line]
                heads.append(len(recorded))

        async with open_store(database_url, events=EVENTS) as target:
            done = await import_log(target, archive)

            assert heads == sorted(heads)
            assert 0 < heads[-1] < done.events + done.found
            assert done.found >= heads[-1]
            assert await body_of(target) == whole

    async def test_goes_on_where_its_caller_broke_off(
        self, source: EventStore, target: EventStore, archive: Path
    ) -> None:
        """Cancelled at any moment, it leaves whole batches."""
        moods = random.Random(7)
        for _ in range(15):
            task = asyncio.create_task(import_log(target, archive, batch_size=2))
            await asyncio.wait([task], timeout=moods.random() * 0.15)
            task.cancel()
            await asyncio.wait([task])
        await import_log(target, archive)

        assert await body_of(target) == await body_of(source)


class TestOthers:
    async def test_read_every_event_once_and_in_order(
        self, target: EventStore, archive: Path
    ) -> None:
        """Whoever follows the log meanwhile misses nothing."""
        ended, seen = asyncio.Event(), list[int]()

        async def follow() -> None:
            while True:
                last_round = ended.is_set()
                after = seen[-1] if seen else 0
                seen.extend([event.sequence async for event in target.read_all(after=after)])
                if last_round:
                    return

        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(follow())
            await import_log(target, archive, batch_size=1)
            ended.set()

        assert seen == [event.sequence async for event in target.read_all()]

    async def test_end_the_import_by_appending(
        self, target: EventStore, database_url: str, archive: Path
    ) -> None:
        """Their event stays, the import refuses to go on, and the log is sound."""

        async def append_elsewhere() -> None:
            async with open_store(database_url, events=EVENTS) as elsewhere:
                await elsewhere.append("intruder-1", [Noted("hello")])

        def intrude(progress: ArchiveProgress) -> None:
            # In a thread of its own, while the import waits for it between two batches.
            if progress.sequence == 4:
                with ThreadPoolExecutor(max_workers=1) as thread:
                    thread.submit(asyncio.run, append_elsewhere()).result()

        with pytest.raises(ArchiveMismatchError, match="somebody else has appended"):
            await import_log(target, archive, batch_size=2, on_progress=intrude)

        recorded = [event async for event in target.read_all()]
        assert [event.sequence for event in recorded] == [1, 2, 3, 4, 5]
        assert recorded[-1].stream == "intruder-1"
        with pytest.raises(ArchiveMismatchError, match="does not hold the event 5"):
            await import_log(target, archive)

    async def test_are_waited_for_while_they_append(
        self, target: EventStore, archive: Path
    ) -> None:
        """An append that was under way is in the log before the import looks at it."""
        async with asyncio.TaskGroup() as tasks, target.begin() as tx:
            await target.using(tx).append("host-1", [Noted("mine")])
            importing = tasks.create_task(_refused(target, archive))
            await asyncio.wait([importing], timeout=0.2)
            assert not importing.done()

        assert "another log's events" in importing.result()

    async def test_have_burned_numbers(
        self, source: EventStore, target: EventStore, archive: Path
    ) -> None:
        """Appends that were rolled back before leave the imported places as they are."""

        async def roll_back() -> None:
            async with target.begin() as tx:
                await target.using(tx).append("host-1", [Noted(str(at)) for at in range(200)])
                raise RuntimeError("changed its mind")

        with pytest.raises(RuntimeError):
            await roll_back()
        await import_log(target, archive)
        whole = await body_of(source)

        assert await body_of(target) == whole
        assert (await target.append("new-1", [Noted("x")])).sequence > await source.head()


async def _refused(store: EventStore, archive: Path) -> str:
    with pytest.raises(ArchiveMismatchError) as caught:
        await import_log(store, archive)
    return str(caught.value)


async def _decode_json(driver: Connection) -> None:
    await driver.set_type_codec("json", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)


class TestOnPostgres:
    async def test_a_schema_of_its_own_is_filled(
        self, source: EventStore, postgres_url: str, archive: Path
    ) -> None:
        """Beside it, the search path's log stays empty."""
        async with (
            open_store(postgres_url, events=EVENTS, schema="mine", migrate=True) as target,
            open_store(postgres_url, events=EVENTS) as beside,
        ):
            await import_log(target, archive)

            assert await body_of(target) == await body_of(source)
            assert await beside.head() == 0
            assert beside.store_id != target.store_id

    async def test_a_hosts_codecs_change_nothing(
        self, source: EventStore, postgres_url: str, archive: Path
    ) -> None:
        """Whatever a host's connections make of JSON."""
        async with host_engine(postgres_url) as engine:

            @listens_for(engine.sync_engine, "connect")
            def teach(connection: Any, _: object) -> None:
                connection.run_async(_decode_json)

            async with open_store(engine, events=CONTRACT_EVENTS) as target:
                await import_log(target, archive)

        async with open_store(postgres_url, events=EVENTS) as target:
            assert await body_of(target) == await body_of(source)
