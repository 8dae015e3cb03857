"""Arrival: who has appended reads what was written, from this process or from another."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import update

from eventdocs import EventStore, NewEvent, open_store
from eventdocs.errors import (
    EventLostError,
    ProjectionStoppedError,
    ProjectionTimeoutError,
    StoreRewoundError,
)
from eventdocs.projections import FailurePolicy, ProjectionRunner
from eventdocs.projections._tables import projections
from eventdocs.store import Appended
from tests.projections.leading_process import Effects, read_effects
from tests.projections.trails import EVENTS, Noted, Passed, make_trails, read_trails

POLL = 0.25


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


@asynccontextmanager
async def running(runner: ProjectionRunner) -> AsyncGenerator[None]:
    """Let *runner* run for the length of the block."""
    async with runner, asyncio.TaskGroup() as tasks:
        tasks.create_task(runner.run())
        yield
        runner.stop()


@contextmanager
def _away(path: Path) -> Generator[None]:
    """Take a file away for the length of the block."""
    away = path.rename(path.with_name("away.db"))
    yield
    away.rename(path)


class TestArrival:
    async def test_is_for_events_too_that_nothing_handles(self, store: EventStore) -> None:
        """The checkpoint passes them, alone and at the end of a batch."""
        trails = make_trails()
        runner = ProjectionRunner(store, [trails], poll_interval=0.01)
        async with running(runner):
            await runner.wait_for(await store.append("a", [Passed(text="1")]), trails.name)
            mixed = await store.append("a", [Noted(text="2"), Passed(text="3")])
            await runner.wait_for(mixed, type(trails))
            found = await read_trails(store, trails)

        assert found == {"a": (1, "2")}

    async def test_of_nothing_is_at_once(self, store: EventStore) -> None:
        """An append of no events leaves nothing to wait for."""
        trails = make_trails()
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.wait_for(Appended(stream="a", places=(), version=0), trails.name)

    async def test_of_a_repeated_append_is_that_of_the_first(self, store: EventStore) -> None:
        """Its places are the first ones."""
        trails = make_trails()
        event = NewEvent(data=Noted(text="1"))
        async with ProjectionRunner(store, [trails]) as runner:
            await store.append("a", [event])
            await store.append("b", [Noted(text="2")])
            await runner.catch_up()
            repeated = await store.append("a", [event])
            await runner.wait_for(repeated, trails.name)

        assert repeated.repeated

    @pytest.mark.once
    @pytest.mark.parametrize("where", ["here", "there"])
    async def test_takes_two_polls_at_most(
        self, store: EventStore, database_url: str, where: str
    ) -> None:
        """Of a hundred, one may be late, from the runner at work and from one that only asks."""
        trails = make_trails(name="shared")
        leader = ProjectionRunner(store, [trails], poll_interval=POLL)
        polls: list[float] = []
        async with (
            open_store(database_url, events=EVENTS) as other,
            running(leader),
            ProjectionRunner(other, [make_trails(name="shared")], poll_interval=POLL) as asking,
        ):
            runner = leader if where == "here" else asking
            clock = asyncio.get_running_loop().time
            for number in range(100):
                began = clock()
                appended = await other.append("a", [Noted(text=str(number))])
                await runner.wait_for(appended, "shared")
                polls.append((clock() - began) / POLL)

        assert sorted(polls)[98] <= 2

    @pytest.mark.once
    async def test_is_seen_from_another_process(self, database_url: str) -> None:
        """The projection is led there, and what it shows is read here."""
        async with open_store(database_url, events=EVENTS) as store:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tests.projections.leading_process",
                database_url,
                "5",
                stdout=asyncio.subprocess.DEVNULL,
            )
            try:
                async with ProjectionRunner(store, [Effects()]) as runner:
                    for number in range(5):
                        appended = await store.append("a", [Noted(text=str(number))])
                        await runner.wait_for(appended, Effects, timeout=30)
                        assert len(await read_effects(store)) == number + 1
                effects = await read_effects(store)
            finally:
                process.kill()
                await process.wait()

        assert effects == [(str(number), process.pid) for number in range(5)]


class TestDeadline:
    async def test_names_projection_lag_and_that_nobody_leads(self, store: EventStore) -> None:
        """As facts and in words."""
        trails = make_trails()
        await store.append("a", [Noted(text="1")])
        appended = await store.append("b", [Noted(text="2")])
        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionTimeoutError) as caught:
                await runner.wait_for(appended, trails.name, timeout=0.02)

        error = caught.value
        assert (error.projection, error.sequence, error.at, error.lag) == (trails.name, 2, 0, 2)
        assert "stood at event 0, 2 behind the log" in str(error)
        assert error.blocked_by == "no runner leads it; is a runner at work?"

    async def test_names_the_projection_ahead(self, store: EventStore) -> None:
        """That one is stopped, and its reason is told."""
        first, second = make_trails(name="first"), make_trails(name="second")
        type(second).depends_on = (type(first),)
        await store.append("a", [Noted(text="poison")])
        appended = await store.append("b", [Noted(text="2")])
        runner = ProjectionRunner(store, [first, second], poll_interval=0.01)
        async with running(runner):
            with pytest.raises(ProjectionStoppedError):
                await runner.wait_for(appended, "first")
            with pytest.raises(ProjectionTimeoutError) as caught:
                await runner.wait_for(appended, "second", timeout=0.3)

        assert caught.value.blocked_by.startswith("it waits for projection 'first', which is at")
        assert "poison" in caught.value.blocked_by

    async def test_names_what_keeps_a_parked_event(self, store: EventStore) -> None:
        """The event has been passed, but has had no effect; others of the log have."""
        trails = make_trails(policy=FailurePolicy.PARK)
        await store.append("a", [Noted(text="poison")])
        parked = await store.append("a", [Noted(text="2")])
        applied = await store.append("b", [Noted(text="3")])
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await runner.wait_for(applied, trails.name)
            with pytest.raises(ProjectionTimeoutError, match="event 1 failed and keeps"):
                await runner.wait_for(parked, trails.name, timeout=0.02)

    async def test_names_a_database_that_does_not_answer(self, sqlite_url: str) -> None:
        """A transient error of the database is waited out, and no driver's error gets through."""
        trails = make_trails()
        async with (
            open_store(sqlite_url, events=EVENTS) as store,
            ProjectionRunner(store, [trails]) as runner,
        ):
            appended = await store.append("a", [Noted(text="1")])
            path = Path(sqlite_url.removeprefix("sqlite:///"))
            with _away(path), pytest.raises(ProjectionTimeoutError) as caught:
                await runner.wait_for(appended, trails.name, timeout=0.2)

        assert (caught.value.at, caught.value.lag) == (None, None)
        assert "sqlite:///" in caught.value.blocked_by


class TestOfALogThatWentBack:
    async def test_a_checkpoint_of_another_past_proves_nothing(self, store: EventStore) -> None:
        """Its number is greater, but it counts events that the log has lost."""
        trails = make_trails()
        await store.append("a", [Noted(text="1"), Noted(text="2"), Noted(text="3")])
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            async with store.begin() as tx:
                name = projections.c.name == trails.name
                await tx.execute(
                    update(projections).where(name).values(sequence=60, event_id=uuid4())
                )
            appended = await store.append("a", [Noted(text="4")])

            with pytest.raises(StoreRewoundError, match="was at event 60"):
                await runner.wait_for(appended, trails.name, timeout=5)

    async def test_an_event_that_was_rolled_back_never_arrives(self, store: EventStore) -> None:
        """Its place is passed by the events after it; waiting for it ends with an error."""
        trails = make_trails()
        with pytest.raises(LookupError):
            await self._append_and_fail(store)
        async with ProjectionRunner(store, [trails]) as runner:
            await store.append("b", [Noted(text="2"), Noted(text="3")])
            await runner.catch_up()
            with pytest.raises(EventLostError) as caught:
                await runner.wait_for(self._lost, trails.name, timeout=5)

        assert caught.value.sequence == self._lost.sequence
        assert caught.value.event_id == self._lost.places[-1].id

    async def _append_and_fail(self, store: EventStore) -> None:
        async with store.begin() as tx:
            self._lost = await store.using(tx).append("a", [Noted(text="1")])
            raise LookupError
