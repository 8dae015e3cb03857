from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import attrs
import pytest

from eventdocs import correlate, event, open_store
from eventdocs.store import EventStore
from tests.cli.conftest import Eventdocs, command, environment


@event("HostNoted")
@attrs.frozen(kw_only=True)
class HostNoted:
    text: str


@event("HostErased")
@attrs.frozen(kw_only=True)
class HostErased:
    reason: str


async def record(url: str) -> None:
    """Fill a log with events of classes that the program does not know."""
    async with open_store(url, events=[HostNoted, HostErased]) as store:
        await append(store)


async def append(store: EventStore) -> None:
    await store.append("note-1", [HostNoted(text="one"), HostNoted(text="two")])
    with correlate("request-1", actor="ann", metadata={"tenant": 7}):
        await store.append("note-2", [HostNoted(text="three"), HostErased(reason="asked")])
    with correlate(metadata={"tenant": "7", "place": "at=home"}):
        await store.append("letter-1", [HostNoted(text="four")])


@pytest.fixture
def log(folder: Path) -> Path:
    path = folder / "eventdocs.db"
    asyncio.run(record(f"sqlite:///{path}"))
    return path


def events_of(out: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.splitlines()]


class TestTheLog:
    @pytest.fixture(autouse=True)
    def _filled(self, log: Path) -> None: ...

    def test_is_shown_in_its_order(self, in_process: Eventdocs) -> None:
        """Events of any class can be read, decoded or not."""
        ended = in_process("events", "--json")

        found = events_of(ended.out)
        assert [each["sequence"] for each in found] == [1, 2, 3, 4, 5]
        assert found[3]["type"] == "HostErased"
        assert found[3]["data"] == {"reason": "asked"}
        assert (found[3]["stream"], found[3]["version"]) == ("note-2", 2)
        assert set(found[0]) == {
            "sequence",
            "stream",
            "version",
            "id",
            "type",
            "schema_version",
            "data",
            "metadata",
            "correlation_id",
            "causation_id",
            "recorded_at",
        }

    @pytest.mark.parametrize(
        ("filters", "expected"),
        [
            (("--stream", "note-1"), [1, 2]),
            (("--stream", "note-2", "--after", "1"), [4]),
            (("--stream", "nobody-1"), []),
            (("--category", "note"), [1, 2, 3, 4]),
            (("--type", "HostErased"), [4]),
            (("--type", "HostErased", "--type", "HostNoted", "--after", "3"), [4, 5]),
            (("--after", "1", "--until", "3"), [2, 3]),
            (("--limit", "2"), [1, 2]),
            (("--limit", "0"), []),
            (("--backward",), [5, 4, 3, 2, 1]),
            (("--backward", "--limit", "2"), [5, 4]),
            (("--category", "note", "--backward", "--until", "3", "--limit", "1"), [3]),
            (("--since", "2020-01-01T00:00Z", "--before", "2020-01-02"), None),
            (
                ("--since", "2020-01-01T00:00Z", "--before", "2999-01-02T00:00+01:00"),
                [1, 2, 3, 4, 5],
            ),
            (("--before", "2020-01-01T00:00:00Z"), []),
            (("--correlation", "request-1"), [3, 4]),
            (("--actor", "ann"), [3, 4]),
            (("--actor", "ann", "--type", "HostErased"), [4]),
            (("--metadata", "tenant=7"), [3, 4]),
            (("--metadata", 'tenant="7"'), [5]),
            (("--metadata", "tenant=7", "--metadata", "place=at=home"), []),
            (("--metadata", "place=at=home"), [5]),
            (("--metadata", "place"), None),
            (("--metadata", "a\\b=1"), None),
        ],
        ids=str,
    )
    def test_is_narrowed_by_filters(
        self, in_process: Eventdocs, filters: tuple[str, ...], expected: list[int] | None
    ) -> None:
        """Every filter means what it says, alone and together with others."""
        ended = in_process("events", *filters, "--json")

        if expected is None:
            assert ended.status == 2
            return
        assert [each["sequence"] for each in events_of(ended.out)] == expected

    def test_is_readable_for_people(self, in_process: Eventdocs) -> None:
        """Place, type, stream and facts of an event stand together."""
        ended = in_process("events", "--stream", "note-2")

        assert "HostErased" in ended.out
        assert "note-2@2" in ended.out
        assert "reason=asked" in ended.out

    def test_refuses_a_name_that_no_stream_can_have(self, folder: Path) -> None:
        """Bytes that are no text are told as such."""
        ended = subprocess.run(
            [*command("events", "--stream"), b"\xff"],
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )

        assert ended.returncode == 1
        assert ended.stderr.startswith("error: invalid stream name")


class TestFollowing:
    @pytest.fixture
    def follower(self, folder: Path, log: Path) -> Iterator[subprocess.Popen[str]]:
        """A process that shows the log as it grows."""
        started = subprocess.Popen(
            command("events", "--follow", "--json"),
            cwd=folder,
            env=environment({"PYTHONUNBUFFERED": "1"}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with started:
            yield started
            started.kill()

    def test_shows_what_is_there_and_then_what_comes(
        self, follower: subprocess.Popen[str], log: Path
    ) -> None:
        """New events of other processes appear; Ctrl-C ends it with status 130."""
        assert follower.stdout is not None
        assert follower.stderr is not None
        there = [json.loads(follower.stdout.readline())["sequence"] for _ in range(5)]
        text = f"later {uuid4()}"

        async def append_one() -> None:
            async with open_store(f"sqlite:///{log}", events=[HostNoted]) as store:
                await store.append("note-3", [HostNoted(text=text)])

        asyncio.run(append_one())
        come = json.loads(follower.stdout.readline())
        os.kill(follower.pid, signal.SIGINT)
        _, said = follower.communicate(timeout=30)

        assert there == [1, 2, 3, 4, 5]
        assert come["data"] == {"text": text}
        assert follower.returncode == 130
        assert "Traceback" not in said
