"""Under crashes: what was acknowledged is there, what was not is there wholly or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventdocs.backends import _postgres_writer, open_store
from eventdocs.errors import StoreUnavailableError
from eventdocs.migrations import upgrade
from eventdocs.store import NewEvent
from eventdocs.testing._postgres_server import PostgresServer, postgres_server
from tests.stress.harness import (
    SCALE,
    Tail,
    Truth,
    roll_back_prepared,
    write_everything,
    writer_process,
)
from tests.stress.readers import settled_reader
from tests.stress.writers import Report, Ticked

pytestmark = pytest.mark.once

EVENTS = 40_000


@pytest.fixture(scope="module")
def crashing_server() -> Iterator[PostgresServer]:
    """A server of our own, which may be killed."""
    with postgres_server(own=True) as server:
        yield server


async def test_a_crashed_server_has_every_acknowledged_event(
    crashing_server: PostgresServer, tmp_path: Path
) -> None:
    """Writers go on through immediate restarts, and a follower sees what there is, once."""
    url = crashing_server.create_database("crashed")
    await upgrade(url)
    async with open_store(url, events=[Ticked]) as store:
        tail = Tail(settled_reader(store))
        writing_is_over = asyncio.Event()

        async with asyncio.TaskGroup() as group:
            group.create_task(tail.run(writing_is_over))
            crashes = group.create_task(_crash_while_writing(crashing_server, tail))
            report = await write_everything(
                url, tmp_path, processes=2, writers=6, events=int(1.5 * EVENTS * SCALE / 12)
            )
            crashes.cancel()
            # A restart that has begun is carried through; the server is up afterwards.
            await asyncio.wait([crashes])
            writing_is_over.set()

    truth = await Truth.of(url)
    assert truth.violations(tail.seen, report) == []
    assert len(report.acknowledged) > EVENTS * SCALE / 2


async def _crash_while_writing(server: PostgresServer, tail: Tail) -> None:
    """Crash the server each time the log has grown by some events."""
    for part in (0.05, 0.3, 0.6):
        await tail.has_seen(int(part * EVENTS * SCALE))
        restart = asyncio.create_task(asyncio.to_thread(server.restart, "immediate"))
        try:
            await asyncio.shield(restart)
        finally:
            await restart


async def test_an_append_to_a_server_that_stays_away_ends_and_can_be_repeated(
    crashing_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again for a while, then the caller is told; repeated later, it stands once."""
    monkeypatch.setattr(_postgres_writer, "_RETRY_SECONDS", 0.5)
    url = crashing_server.create_database("away")
    await upgrade(url)
    ticked = NewEvent(data=Ticked(by="me"))
    async with open_store(url, events=[Ticked]) as store:
        with crashing_server.down():
            with pytest.raises(StoreUnavailableError):
                await store.append("ticks", [ticked])
            with pytest.raises(StoreUnavailableError):
                await store.head()

        assert (await store.append("ticks", [ticked])).version == 1
        assert (await store.append("ticks", [ticked])).repeated


async def test_a_killed_writer_leaves_whole_appends_and_no_obstacle(
    postgres_url: str, tmp_path: Path
) -> None:
    """Kill -9 in the middle of appending: the log stays right and readable to its end."""
    output = tmp_path / "killed.jsonl"
    async with open_store(postgres_url, events=[Ticked]) as store:
        tail = Tail(settled_reader(store))
        writing_is_over = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            following = group.create_task(tail.run(writing_is_over))
            async with writer_process(postgres_url, output, writers=8, events=1_000_000) as process:
                await tail.has_seen(1_000)
                process.kill()
                await process.wait()
            await roll_back_prepared(postgres_url)
            writing_is_over.set()
            await following

        appended = await store.append("own-after", [Ticked(by="survivor")])
        assert await store.head() == appended.sequence

    report = Report()
    report.read(output)
    truth = await Truth.of(postgres_url)
    there = {event_id: sequence for sequence, event_id, _, _ in truth.events}
    assert report.acknowledged.keys() <= there.keys()
    assert not report.rolled_back & there.keys()
    assert truth.inverted_streams() == []
