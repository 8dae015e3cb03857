"""Rebuilds that end before they are finished: cancelled, or killed and gone on with."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncGenerator, AsyncIterator

import pytest

from eventdocs import EventStore, open_store
from eventdocs.errors import ProjectionHeldError, RebuildCancelledError
from eventdocs.projections import ProjectionRunner, RebuildProgress
from eventdocs.projections._leases import Leases
from tests.projections.faults import Crash
from tests.projections.rebuilding_process import LEASE_SECONDS, NAME
from tests.projections.test_rebuild import what_is_left
from tests.projections.trails import (
    EVENTS,
    append_all,
    fold,
    make_trails,
    read_trails,
    some_history,
)

HISTORY = some_history(40)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        await append_all(opened, HISTORY)
        yield opened


@contextlib.asynccontextmanager
async def a_process_that_rebuilds(
    url: str, *, rate: float
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Start one, and let it come as far as its first batch."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.projections.rebuilding_process",
        url,
        str(rate),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        assert (await process.stdout.readline()).startswith(b"at ")
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def rebuild_when_the_lease_has_lapsed(
    runner: ProjectionRunner, seen: list[RebuildProgress]
) -> None:
    while True:
        try:
            await runner.rebuild(NAME, on_progress=seen.append)
        except ProjectionHeldError:
            await asyncio.sleep(0.02)
        else:
            return


class TestKilled:
    @pytest.mark.once
    async def test_it_is_gone_on_with(self, store: EventStore, database_url: str) -> None:
        """What a killed process has committed is not computed again, and nothing remains of it."""
        trails = make_trails(name=NAME)
        seen: list[RebuildProgress] = []

        async with a_process_that_rebuilds(database_url, rate=2) as process:
            process.kill()
            await process.wait()
        async with ProjectionRunner(
            store, [trails], batch_size=10, lease_seconds=LEASE_SECONDS
        ) as runner:
            (status,) = await runner.status()
            await rebuild_when_the_lease_has_lapsed(runner, seen)

        assert status.rebuilt_to is not None
        assert status.rebuilt_to >= 2
        assert seen[0].sequence == status.rebuilt_to + 10
        assert await read_trails(store, trails) == fold(HISTORY)
        assert await what_is_left(store, database_url) == []


class TestCancelled:
    @pytest.mark.once
    async def test_in_another_process_it_ends_and_leaves_nothing(
        self, store: EventStore, database_url: str
    ) -> None:
        """It is told who has cancelled it; the live rows are as they were."""
        trails = make_trails(name=NAME)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            async with a_process_that_rebuilds(database_url, rate=2) as process:
                was_there = await runner.cancel_rebuild(NAME)
                assert process.stdout is not None
                told = await process.stdout.read()
                status = await process.wait()
            left = await what_is_left(store, database_url)

        assert (was_there, status, left) == (True, 0, [])
        assert b"cancelled the rebuild of projection 'rebuilt' was cancelled by" in told
        assert await read_trails(store, trails) == fold(HISTORY)

    async def test_in_the_same_runner_it_ends_too(
        self, store: EventStore, database_url: str
    ) -> None:
        """Also while it waits because of a throttle; a later one begins from the start."""
        trails = make_trails()
        at_work = asyncio.Event()
        seen: list[int] = []

        async with ProjectionRunner(store, [trails], batch_size=15) as runner:
            rebuilding = asyncio.create_task(
                runner.rebuild(
                    trails.name, on_progress=lambda _: at_work.set(), events_per_second=0.1
                )
            )
            await at_work.wait()
            was_there = await runner.cancel_rebuild(trails.name)
            with pytest.raises(RebuildCancelledError, match="its tables are unchanged"):
                await rebuilding
            left = await what_is_left(store, database_url)
            await runner.rebuild(trails.name, on_progress=lambda each: seen.append(each.sequence))

        assert (was_there, left, seen) == (True, [], [15, 30, 40])
        assert await read_trails(store, trails) == fold(HISTORY)

    async def test_what_an_interrupted_one_has_left_is_thrown_away(
        self, store: EventStore, database_url: str
    ) -> None:
        """Nobody is at work; the next rebuild begins from the start."""
        trails = make_trails()

        def interrupt(progress: RebuildProgress) -> None:
            raise Crash

        async with ProjectionRunner(store, [trails], batch_size=15) as runner:
            with pytest.raises(Crash):
                await runner.rebuild(trails.name, on_progress=interrupt)
            assert await what_is_left(store, database_url) != []
            first = await runner.cancel_rebuild(trails.name)
            (status,) = await runner.status()
            second = await runner.cancel_rebuild(trails.name)

        assert (first, second, status.rebuilt_to) == (True, False, None)
        assert await what_is_left(store, database_url) == []

    async def test_a_wish_concerns_no_later_rebuild(self, store: EventStore) -> None:
        """It names the one that it is about."""
        trails = make_trails()

        async with ProjectionRunner(store, [trails], batch_size=15) as runner:
            assert not await runner.cancel_rebuild(trails.name)
            for _ in range(2):
                await runner.rebuild(trails.name)

        assert await read_trails(store, trails) == fold(HISTORY)

    async def test_one_that_does_not_end_is_named(self, store: EventStore) -> None:
        """Whoever cancels does not wait for ever, and throws nothing away that is in use."""
        trails = make_trails()
        other = Leases(store, seconds=60)
        await other.of(trails.name, is_rebuild=True).take()

        async with ProjectionRunner(store, [trails], patience=0) as runner:
            with pytest.raises(ProjectionHeldError, match=other.owner):
                await runner.cancel_rebuild(trails.name)
