"""Shares: the partitions of a projection spread over the runners there are."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update

from eventdocs import EventStore, open_store
from eventdocs.projections import ProjectionRunner
from eventdocs.projections._leases import Leases
from eventdocs.projections._partitions import partitions_of
from eventdocs.projections._share import Share
from eventdocs.projections._tables import leases
from tests.projections.divided import divided
from tests.projections.sharing_process import PARTITIONS, Shared, read_shared
from tests.projections.trails import (
    EVENTS,
    Noted,
    Trails,
    append_all,
    fold,
    make_trails,
    read_trails,
    some_history,
)

SECONDS = 0.6
PAST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


def share_of(store: EventStore, trails: Trails, *, seconds: float = 60.0) -> tuple[Share, Leases]:
    """Make the share of one more runner."""
    own = Leases(store, seconds=seconds)
    parts = [own.of(part.name) for part in partitions_of(trails)]
    return Share(store, trails.name, owner=own.owner, parts=parts, seconds=seconds), own


class TestShare:
    @pytest.mark.parametrize(("count", "runners"), [(4, 1), (4, 3), (5, 2), (2, 3)])
    async def test_is_as_large_as_any_other_give_or_take_one(
        self, store: EventStore, count: int, runners: int
    ) -> None:
        """All runners come to the same reckoning, by which nothing is left and nothing doubled."""
        trails = divided(make_trails(), count)
        shares = [share_of(store, trails)[0] for _ in range(runners)]

        for share in (*shares, *shares):
            await share.attend()

        sizes = [share.size for share in shares]
        assert sum(sizes) == count
        assert max(sizes) - min(sizes) <= 1

    async def test_leaves_to_others_what_is_theirs(self, store: EventStore) -> None:
        """A runner takes no more than its share, and sees who has what it did not get."""
        trails = divided(make_trails(), 2)
        (mine, own), (others, their) = share_of(store, trails), share_of(store, trails)
        await others.attend()
        await mine.attend()
        first, second = (part.name for part in partitions_of(trails))

        assert await mine.take(own.of(first)) == (True, None)
        assert await mine.take(own.of(second)) == (False, None)
        is_taken, holder = await others.take(their.of(first))
        assert not is_taken
        assert holder is not None
        assert holder.owner == own.owner
        assert await others.take(their.of(second)) == (True, None)

    async def test_is_exceeded_when_somebody_comes(self, store: EventStore) -> None:
        """Who led all of it learns of the newcomer, and has to give something back."""
        trails = divided(make_trails(), 2)
        mine, own = share_of(store, trails)
        for part in partitions_of(trails):
            assert await mine.take(own.of(part.name)) == (True, None)
        assert not mine.is_exceeded

        other, _ = share_of(store, trails)
        await other.attend()
        await mine.attend()
        assert mine.is_exceeded
        await own.of(partitions_of(trails)[0].name).give_back()
        assert not mine.is_exceeded

    async def test_grows_when_somebody_goes(self, store: EventStore) -> None:
        """What a runner has led that says goodbye is to be had at once, and its row is gone."""
        trails = divided(make_trails(), 2)
        (mine, own), (other, _) = share_of(store, trails), share_of(store, trails)
        await other.attend()
        assert await mine.take(own.of(partitions_of(trails)[0].name)) == (True, None)
        assert mine.size == 1

        await other.leave()

        assert await mine.take(own.of(partitions_of(trails)[1].name)) == (True, None)
        async with store.connect() as connection:
            names = (await connection.scalars(select(leases.c.name))).all()
        assert sum("/runner/" in name for name in names) == 1

    async def test_grows_when_somebody_has_been_silent_for_a_lease(self, store: EventStore) -> None:
        """A killed runner's due is anybody's as soon as its row has lapsed."""
        trails = divided(make_trails(), 2)
        (mine, own), (dead, _) = share_of(store, trails), share_of(store, trails)
        await dead.attend()
        await mine.attend()
        async with store.begin() as tx:
            gone = leases.c.name.endswith(dead.owner)
            await tx.execute(update(leases).where(gone).values(expires_at=PAST))

        for part in partitions_of(trails):
            assert await mine.take(own.of(part.name)) == (True, None)

    async def test_is_gone_beyond_where_a_due_is_not_taken(self, store: EventStore) -> None:
        """A partition that its runner cannot lead is led by another, until runners change."""
        trails = divided(make_trails(), 2)
        (mine, own), (sick, _) = share_of(store, trails, seconds=0.05), share_of(store, trails)
        await sick.attend()
        for part in partitions_of(trails):
            while not (await mine.take(own.of(part.name)))[0]:  # noqa: ASYNC110 - only time helps
                await asyncio.sleep(0)

        assert not mine.is_exceeded
        await sick.leave()
        newcomer, _ = share_of(store, trails)
        await newcomer.attend()
        await mine.attend()
        assert mine.is_exceeded


async def holders(runner: ProjectionRunner) -> Counter[str]:
    """Count what each runner leads."""
    (status,) = await runner.status()
    return Counter(each.holder.owner for each in status.partitions if each.holder is not None)


async def shared_by(runner: ProjectionRunner, *counts: int) -> None:
    """Wait until so many runners lead so many partitions."""
    async with asyncio.timeout(20):
        while sorted((await holders(runner)).values()) != sorted(counts):  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.02)


async def all_applied(runner: ProjectionRunner) -> None:
    """Wait until all partitions are at the head of the log."""
    async with asyncio.timeout(20):
        while (await runner.status())[0].lag:  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(store: EventStore, trails: Trails) -> AsyncGenerator[ProjectionRunner]:
    """Let one more runner follow the log."""
    async with (
        ProjectionRunner(store, [trails], lease_seconds=SECONDS, poll_interval=0.02) as runner,
        asyncio.TaskGroup() as tasks,
    ):
        tasks.create_task(runner.run())
        yield runner
        runner.stop()


class TestRunners:
    async def test_share_what_there_is_as_they_come_and_go(self, store: EventStore) -> None:
        """Whoever comes gets a share, whoever goes leaves it, and every event has one effect."""
        trails = divided(make_trails(), 4)
        history = some_history(10)
        await append_all(store, history)

        async with running(store, trails) as first:
            await shared_by(first, 4)
            async with running(store, trails):
                await shared_by(first, 2, 2)
                async with running(store, trails):
                    await shared_by(first, 1, 1, 2)
                    last = await append_all(store, history)
                    await first.wait_for(last, trails.name)
            await shared_by(first, 4)
            last = await append_all(store, history)
            await first.wait_for(last, trails.name)
            health = await first.health()

        assert health.is_healthy
        assert await read_trails(store, trails) == fold([*history] * 3)


@contextlib.asynccontextmanager
async def sharing(url: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Let one more process take part, and kill it at the end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.projections.sharing_process",
        url,
        str(SECONDS),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def told(process: asyncio.subprocess.Process, *words: str) -> str:
    """Wait until *process* has said something that begins with one of these words."""
    assert process.stdout is not None
    async with asyncio.timeout(20):
        while line := (await process.stdout.readline()).decode().strip():
            if line.startswith(words):
                return line
    raise AssertionError("the process has ended")


def texts(effects: Sequence[tuple[str, str, int]], stream: str) -> list[str]:
    return [text for each, text, _ in effects if each == stream]


@pytest.mark.once
class TestProcesses:
    async def test_may_be_killed_and_join_while_events_flow(self, postgres_url: str) -> None:
        """No event is lost, doubled or out of its stream's order, whoever dies and comes."""
        async with open_store(postgres_url, events=EVENTS) as store:
            runner = ProjectionRunner(store, [Shared()], lease_seconds=SECONDS)
            async with runner, contextlib.AsyncExitStack() as stack:
                processes = [await stack.enter_async_context(sharing(postgres_url)) for _ in "ab"]
                await shared_by(runner, PARTITIONS // 2, PARTITIONS // 2)
                for number in range(100):
                    await store.append(f"s{number % 10}", [Noted(text=str(number))])
                    if number == 30:
                        await all_applied(runner)
                    if number == 60:
                        processes.pop(0).kill()
                        processes.append(await stack.enter_async_context(sharing(postgres_url)))
                last = await store.append("s0", [Noted(text="last")])
                await runner.wait_for(last, "shared", timeout=20)
                await all_applied(runner)
                effects = await read_shared(store)

        for stream in range(10):
            wanted = [str(number) for number in range(stream, 100, 10)]
            wanted += ["last"] if stream == 0 else []
            assert texts(effects, f"s{stream}") == wanted
        assert len({process for *_, process in effects}) >= 2

    async def test_that_were_stopped_come_back_to_nothing(self, postgres_url: str) -> None:
        """A stopped process' partitions go to another, and when it goes on it writes nothing."""
        async with open_store(postgres_url, events=EVENTS) as store:
            runner = ProjectionRunner(store, [Shared()], lease_seconds=SECONDS)
            async with runner, sharing(postgres_url) as first:
                await shared_by(runner, PARTITIONS)
                appended = await store.append("s1", [Noted(text="linger")])
                await told(first, "applied")
                assert first.stdin is not None
                first.send_signal(signal.SIGSTOP)
                async with sharing(postgres_url) as second:
                    others = [await store.append(f"s{n}", [Noted(text=str(n))]) for n in range(9)]
                    assert await told(second, "applied linger")
                    second_in = second.stdin
                    assert second_in is not None
                    second_in.write(b"\n")
                    await runner.wait_for(appended, "shared", timeout=20)
                    for each in others:
                        await runner.wait_for(each, "shared", timeout=20)
                    first.send_signal(signal.SIGCONT)
                    first.stdin.write(b"\n")
                    await shared_by(runner, PARTITIONS // 2, PARTITIONS // 2)
                    effects = await read_shared(store)

        assert sorted(text for _, text, _ in effects) == sorted(["linger", *map(str, range(9))])
        assert {process for *_, process in effects} == {second.pid}
