"""What a runner tells its instrumentation about the feed, leadership, lag and rebuilds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator

import pytest
from typing_extensions import override

from eventdocs import EventStore, ProjectionRunner, open_store
from eventdocs.errors import ProjectionStoppedError, RebuildFailedError
from eventdocs.observability import NullInstrumentation
from eventdocs.projections import FailurePolicy
from tests.projections.trails import EVENTS, Noted, make_trails


class Recorder(NullInstrumentation):
    """Keeps what it is told, and rings."""

    def __init__(self) -> None:
        self.feed: list[int | None] = []
        self.leads: dict[str, bool] = {}
        self.lags: list[tuple[int, float]] = []
        self.letters: list[int] = []
        self.rebuilds: list[tuple[int, int] | str] = []
        self._news = asyncio.Event()

    @override
    def feed_seen(self, *, head: int) -> None:
        self.feed.append(head)
        self._news.set()

    @override
    def feed_stopped(self) -> None:
        self.feed.append(None)

    @override
    def led(self, projection: str, *, is_here: bool) -> None:
        self.leads[projection] = is_here
        self._news.set()

    @override
    def lagged(self, projection: str, *, events: int, seconds: float) -> None:
        self.lags.append((events, seconds))
        self._news.set()

    @override
    def waiting(self, projection: str, *, dead_letters: int) -> None:
        self.letters.append(dead_letters)

    @override
    def rebuilding(self, projection: str, *, sequence: int, head: int) -> None:
        self.rebuilds.append((sequence, head))

    @override
    def rebuilt(self, projection: str, *, outcome: str) -> None:
        self.rebuilds.append(outcome)

    async def news(self) -> None:
        """Wait until something was told."""
        self._news.clear()
        async with asyncio.timeout(10):
            await self._news.wait()


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


@contextlib.asynccontextmanager
async def running(runner: ProjectionRunner) -> AsyncGenerator[None]:
    """Let *runner* run for the length of the block."""
    task = asyncio.create_task(runner.run())
    try:
        yield
    finally:
        runner.stop()
        await task


async def test_a_feed_is_seen_until_it_is_stopped(store: EventStore) -> None:
    """What was asked to stop is told apart from what has died."""
    told = Recorder()
    trails = make_trails()
    async with (
        ProjectionRunner(store, [trails], instrumentation=told) as runner,
        running(runner),
    ):
        appended = await store.append("a-1", [Noted(text="one")])
        await runner.wait_for(appended, trails.name)
        while appended.sequence not in told.feed:
            await told.news()

    assert told.feed[-1] is None
    assert None not in told.feed[:-1]


async def test_a_feed_that_dies_says_nothing(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time of its last look stands still, which is what the alert sees."""
    told = Recorder()

    async def break_down() -> int:
        raise LookupError("nobody foresaw this")

    async with ProjectionRunner(store, [make_trails()], instrumentation=told) as runner:
        task = asyncio.create_task(runner.run())
        while not told.feed:
            await told.news()
        monkeypatch.setattr(store, "head", break_down)
        with pytest.raises(ExceptionGroup):
            await task

    assert None not in told.feed


async def test_one_runner_leads_and_says_when_it_does_not_any_more(store: EventStore) -> None:
    """The other says that it does not lead."""
    first, second = Recorder(), Recorder()
    trails = make_trails()
    async with (
        ProjectionRunner(store, [trails], instrumentation=first) as leader,
        ProjectionRunner(store, [trails], instrumentation=second) as other,
        running(leader),
    ):
        while not first.leads.get(trails.name):
            await first.news()
        async with running(other):
            while trails.name not in second.leads:
                await second.news()
            seen = dict(first.leads), dict(second.leads)

    assert seen == ({trails.name: True}, {trails.name: False})
    assert first.leads == {trails.name: False}


async def test_a_projection_that_stands_still_falls_behind(store: EventStore) -> None:
    """Its lag grows although no batch is committed, and although it never applied anything."""
    told = Recorder()
    trails = make_trails(policy=FailurePolicy.STOP)
    await store.append("a-1", [Noted(text="poison")])
    async with (
        ProjectionRunner(store, [trails], instrumentation=told) as runner,
        running(runner),
    ):
        while len([events for events, _ in told.lags if events]) < 2:
            await told.news()

    late = [seconds for events, seconds in told.lags if events]
    assert late[-1] > late[0] >= 0


async def test_dead_letters_are_told_when_somebody_asks(store: EventStore) -> None:
    """`status()` and `health()` count what waits, and what was mended is gone."""
    told = Recorder()
    trails = make_trails(policy=FailurePolicy.PARK)
    await store.append("a-1", [Noted(text="poison"), Noted(text="behind it")])
    async with ProjectionRunner(store, [trails], instrumentation=told) as runner:
        await runner.catch_up()
        await runner.status()
        trails.refuses = frozenset()
        await runner.retry(trails.name)
        await runner.health()

    assert told.letters[0] == 2
    assert told.letters[-1] == 0


async def test_a_rebuild_tells_its_progress_and_how_it_ended(store: EventStore) -> None:
    """Step by step up to the head, then its outcome."""
    told = Recorder()
    trails = make_trails()
    appended = await store.append("a-1", [Noted(text=str(n)) for n in range(5)])
    async with ProjectionRunner(store, [trails], instrumentation=told, batch_size=2) as runner:
        await runner.catch_up()
        await runner.rebuild(trails.name)
        await store.append("a-1", [Noted(text="poison")])
        with contextlib.suppress(ProjectionStoppedError, RebuildFailedError):
            await runner.rebuild(trails.name)

    head = appended.sequence
    steps = told.rebuilds[: told.rebuilds.index("completed")]
    assert steps[-1] == (head, head)
    assert len(steps) == 3
    assert told.rebuilds[-1] == "failed"
