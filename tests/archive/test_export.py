from __future__ import annotations

import asyncio
import base64
import io
import shutil
import sys
from pathlib import Path

import pytest

from eventdocs import Documents, EventStore, open_store
from eventdocs.archive import ArchiveProgress, _export, export_log
from eventdocs.archive._compression import whole_size
from eventdocs.documents import DocumentUploaded
from eventdocs.errors import ArchiveMismatchError, ConfigurationError, InvalidArchiveError
from eventdocs.types import digest_of
from tests.archive.logs import EVENTS, SOURCE, cut_end, fields_of, fill, lines_of


class TestAnArchive:
    async def test_holds_every_event_as_it_was_recorded(
        self, store: EventStore, tmp_path: Path
    ) -> None:
        """Places, ids, times and the exact bytes of data and metadata."""
        exported = await export_log(store, tmp_path / "log.jsonl")

        lines = lines_of(tmp_path / "log.jsonl")
        events = [each for each in fields_of(tmp_path / "log.jsonl") if "sequence" in each]
        recorded = [event.raw async for event in store.read_all()]
        assert exported.events == len(events) == len(recorded)
        for told, raw in zip(events, recorded, strict=True):
            assert told["sequence"] == raw.sequence
            assert (told["stream"], told["version"]) == (raw.stream, raw.version)
            assert (told["id"], told["type"]) == (str(raw.id), raw.type)
            assert told["schema_version"] == raw.schema_version
            assert told["correlation_id"] == raw.correlation_id
            assert told["causation_id"] == (raw.causation_id and str(raw.causation_id))
            assert told["recorded_at"] == raw.recorded_at.isoformat(timespec="microseconds")
        for raw in recorded:
            assert any(
                b'"data":%b,"metadata":%b,' % (raw.payload, raw.metadata) in e for e in lines
            )

    async def test_says_which_log_it_holds_and_how_far(
        self, store: EventStore, tmp_path: Path
    ) -> None:
        """The first line names the log, the last one counts."""
        exported = await export_log(store, tmp_path / "log.jsonl")

        header, *_, end = fields_of(tmp_path / "log.jsonl")
        assert header["format"] == "eventdocs-log"
        assert header["store_id"] == str(store.store_id)
        assert header["through"] == exported.through == await store.head()
        assert (header["after"], header["follows"]) == (0, None)
        assert (end["events"], end["contents"]) == (exported.events, exported.contents)

    async def test_holds_each_content_before_the_first_event_that_names_it(
        self, store: EventStore, tmp_path: Path
    ) -> None:
        """Bytes that two documents share stand there for each of them, once."""
        await export_log(store, tmp_path / "log.jsonl")

        lines = fields_of(tmp_path / "log.jsonl")
        contents = [each for each in lines if "content" in each]
        sources = [each for each in contents if each["digest"] == digest_of(SOURCE)]
        assert all(base64.b64decode(each["content"]) == SOURCE for each in sources)
        assert len(sources) == len({each["document_id"] for each in sources}) == 2
        for content in contents:
            namers = [e for e in lines if content["digest"] in str(e.get("data"))]
            own = [e for e in namers if e["data"]["document_id"] == content["document_id"]]
            assert lines.index(content) < lines.index(own[0])

    async def test_leaves_contents_out_when_told_to(
        self, store: EventStore, tmp_path: Path
    ) -> None:
        """Only facts and digests remain."""
        exported = await export_log(store, tmp_path / "log.jsonl", contents=False)

        assert exported.contents == 0
        assert not [each for each in fields_of(tmp_path / "log.jsonl") if "content" in each]
        assert SOURCE[:20] not in (tmp_path / "log.jsonl").read_bytes()

    async def test_does_not_hold_what_was_erased(self, store: EventStore, tmp_path: Path) -> None:
        """The other document keeps the bytes that both shared."""
        first, second = [
            event.data.document_id
            async for event in store.read_all(types=[DocumentUploaded], limit=2)
        ]
        await Documents(store).erase(first)

        await export_log(store, tmp_path / "log.jsonl")

        contents = [each for each in fields_of(tmp_path / "log.jsonl") if "content" in each]
        assert {each["document_id"] for each in contents} == {str(second)}
        assert digest_of(SOURCE) in {each["digest"] for each in contents}

    async def test_of_an_empty_log_says_so(self, empty: EventStore, tmp_path: Path) -> None:
        """Two lines: whose log, and that it is whole."""
        exported = await export_log(empty, tmp_path / "log.jsonl")

        assert (exported.events, exported.through) == (0, 0)
        assert len(lines_of(tmp_path / "log.jsonl")) == 2

    @pytest.mark.parametrize("name", ["log.jsonl.gz", "log.jsonl.zst"])
    async def test_is_compressed_as_its_name_says(
        self, store: EventStore, tmp_path: Path, name: str
    ) -> None:
        """The tools of the trade read it, and it says the same."""
        await export_log(store, tmp_path / "log.jsonl")

        await export_log(store, tmp_path / name)

        assert lines_of(tmp_path / name)[1:] == lines_of(tmp_path / "log.jsonl")[1:]
        assert (tmp_path / name).stat().st_size < (tmp_path / "log.jsonl").stat().st_size / 2

    async def test_of_a_part_begins_behind_an_event(
        self, store: EventStore, tmp_path: Path
    ) -> None:
        """The header names the event that it follows."""
        await export_log(store, tmp_path / "part.jsonl", after=5)

        header, *lines = fields_of(tmp_path / "part.jsonl")
        recorded = [event async for event in store.read_all(limit=6)]
        assert header["after"] == 5
        assert header["follows"] == str(recorded[4].id)
        assert next(e["sequence"] for e in lines if "sequence" in e) == recorded[5].sequence

    async def test_is_not_begun_beyond_the_end_of_the_log(
        self, store: EventStore, tmp_path: Path
    ) -> None:
        """A mistyped place is no empty backup."""
        with pytest.raises(ArchiveMismatchError, match="the log ends at event"):
            await export_log(store, tmp_path / "log.jsonl", after=10_000)

        assert (await export_log(store, tmp_path / "log.jsonl")).resumed == 0

    async def test_goes_into_whatever_takes_bytes(self, store: EventStore, tmp_path: Path) -> None:
        """Such as a pipe."""
        pipe = io.BytesIO()

        await export_log(store, pipe)

        await export_log(store, tmp_path / "log.jsonl")
        assert pipe.getvalue().split(b"\n")[1:-1] == lines_of(tmp_path / "log.jsonl")[1:]

    async def test_is_written_while_others_append(
        self, store: EventStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It ends where the log stood when it was begun."""
        monkeypatch.setattr(_export, "_PAGE", 2)
        head, begun, seen = await store.head(), asyncio.Event(), list[ArchiveProgress]()

        def note(progress: ArchiveProgress) -> None:
            seen.append(progress)
            begun.set()

        async with asyncio.TaskGroup() as tasks:
            export = tasks.create_task(export_log(store, tmp_path / "log.jsonl", on_progress=note))
            await begun.wait()
            await fill(store, notes=3, documents=1)

        assert export.result().through == head < await store.head()
        assert [each.sequence for each in seen][-1] == seen[-1].through == head
        assert [e for e in fields_of(tmp_path / "log.jsonl") if e.get("sequence", 0) > head] == []

    async def test_needs_a_package_for_zstd(
        self, store: EventStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Without it, the error names what to install."""
        for module in ("zstandard", "compression.zstd"):
            monkeypatch.setitem(sys.modules, module, None)

        with pytest.raises(ConfigurationError, match=r"eventdocs\[zstd\]"):
            await export_log(store, tmp_path / "log.zst")


class TestAFileThatIsThere:
    @pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz", "log.jsonl.zst"])
    async def test_is_gone_on_with_wherever_it_was_cut(
        self, store: EventStore, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An interrupted export ends in the very lines of one that was not interrupted."""
        monkeypatch.setattr(_export, "_PAGE", 5)
        whole, cut = tmp_path / f"whole-{name}", tmp_path / name
        await export_log(store, whole)
        lines, data = lines_of(whole), whole.read_bytes()
        first = next(at for at in range(len(data)) if whole_size(io.BytesIO(data[:at])))

        resumed: set[int] = set()
        for size in {first, first + 1, *range(first, len(data), len(data) // 40), len(data) - 1}:
            cut.write_bytes(data[:size])
            resumed.add((await export_log(store, cut)).resumed)
            assert lines_of(cut) == lines

        assert len(resumed) > 4

    async def test_is_never_written_over(self, store: EventStore, tmp_path: Path) -> None:
        """Neither a whole archive nor a file of another kind."""
        archive, other = tmp_path / "log.jsonl", tmp_path / "notes.txt"
        await export_log(store, archive)
        other.write_text("remember\nthis\n")
        before = archive.read_bytes()

        with pytest.raises(ArchiveMismatchError, match="whole archive already"):
            await export_log(store, archive)
        with pytest.raises(InvalidArchiveError, match="no archive of a log"):
            await export_log(store, other)

        assert archive.read_bytes() == before
        assert other.read_text() == "remember\nthis\n"

    async def test_is_not_gone_on_with_by_another_log_or_otherwise(
        self, store: EventStore, empty: EventStore, tmp_path: Path
    ) -> None:
        """What was begun in one way is ended in the same way."""
        archive = tmp_path / "log.jsonl"
        await export_log(store, archive)
        before = cut_end(archive)

        with pytest.raises(ArchiveMismatchError, match="of another log"):
            await export_log(empty, archive)
        with pytest.raises(ArchiveMismatchError, match="begun after event 0 and with contents"):
            await export_log(store, archive, contents=False)
        with pytest.raises(ArchiveMismatchError, match="begun after event 0"):
            await export_log(store, archive, after=1)

        assert archive.read_bytes() == before

    async def test_is_not_gone_on_with_after_the_log_was_rewound(
        self, sqlite_url: str, tmp_path: Path
    ) -> None:
        """Half of one history and half of another are no backup."""
        file, backup = sqlite_url.removeprefix("sqlite:///"), str(tmp_path / "backup.db")
        async with open_store(sqlite_url, events=EVENTS) as store:
            await fill(store, notes=2, documents=0)
        shutil.copy(file, backup)
        async with open_store(sqlite_url, events=EVENTS) as store:
            await fill(store, notes=1, documents=0)
            await export_log(store, tmp_path / "log.jsonl")
        cut_end(tmp_path / "log.jsonl")
        shutil.copy(backup, file)

        async with open_store(sqlite_url, events=EVENTS) as store:
            await fill(store, notes=1, documents=0)
            with pytest.raises(ArchiveMismatchError, match="rewound"):
                await export_log(store, tmp_path / "log.jsonl")
