from __future__ import annotations

import gzip
import json
import random
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson
import pytest
import zstandard

from eventdocs import EventStore, open_store
from eventdocs.archive import export_log, import_log
from eventdocs.archive._lines import Chain, header_line, read_header
from eventdocs.errors import EventdocsError, InvalidArchiveError, StoreDamagedError
from tests.archive.logs import EVENTS, body_of, fill, lines_of

Fields = dict[str, Any]


@pytest.fixture
async def lines(tmp_path: Path) -> list[bytes]:
    """An archive's lines: the header, twelve events in two streams, the end."""
    async with open_store(f"sqlite:///{tmp_path}/source.db", events=EVENTS) as source:
        await fill(source, notes=6, documents=0)
        await export_log(source, tmp_path / "log.jsonl")
    return lines_of(tmp_path / "log.jsonl")


@pytest.fixture
async def target(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


def written(path: Path, lines: Sequence[bytes]) -> Path:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def forged(lines: Sequence[bytes], change: Callable[[list[Fields]], object]) -> list[bytes]:
    """Change an archive's fields, and seal its lines anew, as a forger would."""
    fields = [json.loads(line) for line in lines]
    for each in fields[1:]:
        del each["hash"]
    change(fields)
    header = read_header(orjson.dumps(fields[0]))
    chain = Chain(header)
    return [header_line(header), *(chain.seal(orjson.dumps(each)) for each in fields[1:])]


async def refusal(store: EventStore, archive: Path) -> InvalidArchiveError:
    with pytest.raises(InvalidArchiveError) as caught:
        await import_log(store, archive)
    return caught.value


DAMAGES: Sequence[tuple[Callable[[list[bytes]], list[bytes]], int, str]] = [
    (lambda lines: lines[:3] + lines[4:], 4, "a line before it is missing"),
    (lambda lines: [*lines[:3], lines[4], lines[3], *lines[5:]], 4, "hash"),
    (lambda lines: [*lines[:4], lines[3], *lines[4:]], 5, "hash"),
    (lambda lines: [*lines[:2], b'{"half":', *lines[3:]], 3, "it is no JSON"),
    (lambda lines: [*lines[:2], b"[1]", *lines[3:]], 3, "no JSON object"),
    (lambda lines: [*lines[:2], b"{}", *lines[3:]], 3, "hash"),
    (lambda lines: lines[:-1], 14, "ends before its last line"),
    (lambda lines: [*lines, b"{}"], 15, "behind the last line"),
    (lambda lines: lines[1:], 1, "no archive of a log"),
    (lambda lines: [], 1, "the file is empty"),
    (lambda lines: [b"x" * 1_000_000], 1, "no archive of a log"),
    (lambda lines: [lines[0].replace(b'"version":1', b'"version":2')], 1, "version 2"),
    (lambda lines: [lines[0].replace(b'"through":12', b'"through":"x"')], 1, "through"),
    (lambda lines: [lines[0].replace(b'"after"', b'"behind"')], 1, "lacks 'after'"),
    (lambda lines: [lines[0].replace(b'"after":0', b'"after":13')], 1, "after 13"),
]
"""How lines are damaged, and what is said of which line."""

FORGERIES: Sequence[tuple[Callable[[list[Fields]], object], int, str]] = [
    (lambda lines: lines[5].update(version=7), 6, "goes on with version 1, not 7"),
    (lambda lines: lines[5].update(sequence=4), 6, "sequence 4 does not lie after 4"),
    (lambda lines: lines[5].update(sequence=99), 6, "sequence 99 does not lie"),
    (lambda lines: lines[5].update(sequence="5"), 6, "sequence is '5'"),
    (lambda lines: lines[5].update(version=0), 6, "version is 0"),
    (lambda lines: lines[5].update(schema_version=True), 6, "schema_version is True"),
    (lambda lines: lines[5].update(stream=""), 6, "at least one character"),
    (lambda lines: lines[5].update(stream=5), 6, "one of its values cannot be"),
    (lambda lines: lines[5].update(id="me"), 6, "one of its values cannot be"),
    (lambda lines: lines[5].update(type="a\0b"), 6, "no text that the log keeps"),
    (lambda lines: lines[5].update(correlation_id=5), 6, "no text that the log keeps"),
    (lambda lines: lines[5].update(metadata=[]), 6, "metadata is no JSON object"),
    (lambda lines: lines[5].update(recorded_at="2026-01-01T00:00:00"), 6, "no time in UTC"),
    (lambda lines: lines[5].update(more=1), 6, "an event has 12 fields"),
    (lambda lines: lines[-1].update(more=1), 14, "not spelled as"),
    (lambda lines: lines[5].pop("stream"), 6, "an event has 12 fields"),
    (lambda lines: lines[5].pop("sequence"), 6, "neither an event nor a content"),
    (lambda lines: lines[-1].update(events=11), 14, "it counts 11 events"),
    (
        lambda lines: lines.insert(
            5, {"document_id": str(uuid4()), "digest": "0" * 64, "content": "eA=="}
        ),
        6,
        "not the one of that digest",
    ),
]
"""How fields are forged, and what is said of which line."""


class TestADamagedArchive:
    @pytest.mark.parametrize(("damage", "line", "reason"), DAMAGES)
    async def test_is_refused_with_the_line(
        self,
        empty: EventStore,
        tmp_path: Path,
        lines: list[bytes],
        damage: Callable[[list[bytes]], list[bytes]],
        line: int,
        reason: str,
    ) -> None:
        """Where it is damaged is said, and nothing of it is recorded."""
        archive = written(tmp_path / "damaged.jsonl", damage(lines))

        error = await refusal(empty, archive)

        assert (error.archive, error.line) == (str(archive), line)
        assert reason in error.reason
        assert await empty.head() == 0

    @pytest.mark.parametrize(("change", "line", "reason"), FORGERIES)
    async def test_is_refused_though_its_hashes_are_right(
        self,
        empty: EventStore,
        tmp_path: Path,
        lines: list[bytes],
        change: Callable[[list[Fields]], object],
        line: int,
        reason: str,
    ) -> None:
        """What another program has written is checked as well."""
        archive = written(tmp_path / "forged.jsonl", forged(lines, change))

        error = await refusal(empty, archive)

        assert error.line == line
        assert reason in error.reason
        assert await empty.head() == 0

    async def test_keeps_the_batches_before(
        self, target: EventStore, tmp_path: Path, lines: list[bytes]
    ) -> None:
        """What was right is recorded; the mended archive goes on there."""
        damaged = written(tmp_path / "damaged.jsonl", [*lines[:10], b"?", *lines[11:]])

        with pytest.raises(InvalidArchiveError):
            await import_log(target, damaged, batch_size=4)

        assert await target.head() == 8
        assert (await import_log(target, tmp_path / "log.jsonl")).events == 4
        assert await body_of(target) == [*lines[1:], b""]

    async def test_cannot_hold_an_event_twice(
        self, target: EventStore, tmp_path: Path, lines: list[bytes]
    ) -> None:
        """An id names one fact, also where a forger says otherwise; the database watches it."""

        def repeat(fields: list[Fields]) -> None:
            fields[6]["id"] = fields[5]["id"]

        archive = written(tmp_path / "forged.jsonl", forged(lines, repeat))

        with pytest.raises(InvalidArchiveError, match="recorded already"):
            await import_log(target, archive)

        assert await target.head() == 0

    @pytest.mark.parametrize("compress", [gzip.compress, zstandard.compress])
    async def test_is_refused_if_its_compression_is_broken(
        self,
        target: EventStore,
        tmp_path: Path,
        lines: list[bytes],
        compress: Callable[[bytes], bytes],
    ) -> None:
        """A frame that ends too early, and one whose first block is of a kind that is not."""
        whole = compress(b"".join(line + b"\n" for line in lines))
        archive = tmp_path / "log.bin"

        for broken in (whole[:-20], whole[:7] + b"\xff" * 8 + whole[15:]):
            archive.write_bytes(broken)
            assert "compressed" in (await refusal(target, archive)).reason

        assert await target.head() == 0

    async def test_never_harms_and_is_never_taken_for_right(
        self, sqlite_url: str, tmp_path: Path, lines: list[bytes]
    ) -> None:
        """Any byte changed, anywhere behind the time in the first line, is noticed."""
        data = b"".join(line + b"\n" for line in lines)
        moods, archive = random.Random(11), tmp_path / "changed.jsonl"
        time_at = data.index(b"exported_at")
        async with open_store(sqlite_url, events=EVENTS) as target:
            for _ in range(300):
                at = moods.randrange(len(data))
                if time_at <= at < time_at + 60:
                    continue
                changed = bytes([data[at] ^ (1 << moods.randrange(8))])
                archive.write_bytes(data[:at] + changed + data[at + 1 :])
                with pytest.raises(EventdocsError) as caught:
                    await import_log(target, archive)
                assert not isinstance(caught.value, StoreDamagedError)
                assert await target.head() == 0
