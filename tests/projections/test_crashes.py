from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sys
from collections.abc import AsyncIterator

import pytest
from typing_extensions import override

from eventdocs import EventStore, open_store
from eventdocs.errors import StoreUnavailableError
from eventdocs.projections import ProjectionRunner
from eventdocs.projections import _runner as runner_module
from eventdocs.projections._batch import Events
from eventdocs.projections._checkpoints import Checkpoint, write_checkpoint
from eventdocs.projections._projection import Conditions, Projection
from tests.projections.counting_process import talking_trails
from tests.projections.faults import Crash, Faults, injected
from tests.projections.trails import (
    EVENTS,
    Trails,
    append_all,
    fold,
    make_trails,
    read_trails,
    some_history,
)

HISTORY = some_history(12)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        await append_all(opened, HISTORY)
        yield opened


async def _results_of_crashes(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[dict[str, tuple[int, str]]]:
    """Crash at each point in turn, resume, and tell what the read model holds then."""
    faults = Faults(Crash)
    for point in range(1_000):
        trails = make_trails()
        async with ProjectionRunner(store, [trails], batch_size=5, lease_seconds=0.2) as runner:
            async with injected(store, monkeypatch, faults):
                faults.arm(point)
                with contextlib.suppress(Crash):
                    await runner.catch_up()
            if not faults.has_struck:
                return
        async with ProjectionRunner(store, [trails], batch_size=5, lease_seconds=0.2) as resumed:
            await resumed.catch_up()
        yield dict(await read_trails(store, trails))


@pytest.mark.once
class TestCrash:
    async def test_at_any_point_leaves_every_effect_once(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whatever statement was the last: what follows resumes without loss or repetition."""
        results = [result async for result in _results_of_crashes(store, monkeypatch)]

        assert len(results) > 40
        assert all(result == fold(HISTORY) for result in results)

    async def test_between_effect_and_checkpoint_is_seen_by_these_tests(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A runner that commits the checkpoint on its own doubles effects, and that shows."""
        monkeypatch.setattr(runner_module, "Projection", _CommitsTwice)

        results = [result async for result in _results_of_crashes(store, monkeypatch)]

        assert any(result != fold(HISTORY) for result in results)

    async def test_transient_trouble_at_any_point_is_sat_out(
        self, store: EventStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A lost connection, even one lost at the commit, costs a repetition and no effect."""
        faults = Faults(lambda: StoreUnavailableError("the database", "connection lost"))
        point, struck = 0, True
        while struck:
            trails = make_trails()
            async with ProjectionRunner(store, [trails], batch_size=5, lease_seconds=0.2) as runner:
                async with injected(store, monkeypatch, faults):
                    faults.arm(point)
                    await runner.catch_up()
                struck = faults.has_struck
                (status,) = await runner.status()

            assert await read_trails(store, trails) == fold(HISTORY), f"fault at point {point}"
            assert status.dead_letters == 0
            point += 1
        assert point > 40


class _CommitsTwice(Projection):
    """A planted bug: effects in one transaction, the checkpoint in another."""

    @override
    async def _commit(self, at: Checkpoint, events: Events) -> tuple[Checkpoint, int]:
        async with self._begin() as tx:
            before = await self._lock(tx, at)
            steps = self._plan(events)
            after, count = await self._apply_in(tx, before, steps, events)
        async with self._begin() as tx:
            await write_checkpoint(tx, after)
        return after, count


@pytest.mark.once
class TestKill:
    async def test_in_the_midst_of_a_batch_leaves_every_effect_once(
        self, database_url: str
    ) -> None:
        """A process that is killed again and again loses nothing and repeats nothing."""
        history = some_history(120)
        chance = random.Random(20_261)
        trails = talking_trails()
        async with open_store(database_url, events=EVENTS) as store:
            await append_all(store, history)
            kills = 0
            while await _project_for(chance.randint(2, 25), database_url):
                kills += 1

            found = await read_trails(store, trails)

        assert kills >= 3
        assert found == fold(history)


async def _project_for(lines: int, url: str) -> bool:
    """Run the process for so many effects, then kill it; tell whether there was anything to kill."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.projections.counting_process",
        url,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    for _ in range(lines):
        if not await process.stdout.readline():
            assert await process.wait() == 0
            return False
    process.kill()
    await process.communicate()
    return True


class TestCompetition:
    async def test_two_runners_take_turns_without_repeating_anything(
        self, database_url: str
    ) -> None:
        """Runners that meet on one projection give way to each other, and both catch up."""
        history = some_history(60)
        trails, twin = make_trails(name="shared"), make_trails(name="shared")
        async with (
            open_store(database_url, events=EVENTS) as one,
            open_store(database_url, events=EVENTS) as two,
        ):
            await append_all(one, history)
            async with (
                ProjectionRunner(one, [trails], batch_size=2, poll_interval=0.01) as first,
                ProjectionRunner(two, [twin], batch_size=3, poll_interval=0.01) as second,
            ):
                await asyncio.gather(first.catch_up(), second.catch_up())
                (status,) = await second.status()

            assert status.lag == 0
            assert await read_trails(one, trails) == fold(history)

    async def test_without_leases_the_lock_of_the_checkpoint_still_keeps_effects_single(
        self, database_url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Whoever finds the checkpoint moved throws its work away: the last line of defence."""
        history = some_history(60)
        trails, twin = make_trails(name="shared"), make_trails(name="shared")
        caplog.set_level(logging.INFO, logger="eventdocs.projections")
        async with (
            open_store(database_url, events=EVENTS) as one,
            open_store(database_url, events=EVENTS) as two,
            ProjectionRunner(one, [trails]),
        ):
            until = (await append_all(one, history)).sequence

            def moving(store: EventStore, projector: Trails, size: int) -> Projection:
                conditions = Conditions(
                    instrumentation=store.instrumentation, batch_size=size, patience=30.0
                )
                return Projection(store, projector, begin=store.begin, conditions=conditions)

            async def catch_up(projection: Projection) -> None:
                while await projection.advance(until):
                    pass

            first, second = moving(one, trails, 2), moving(two, twin, 3)
            await first.advance(until)
            await second.advance(until)  # so that the first believes in a place that is past
            await asyncio.gather(catch_up(first), catch_up(second))

            assert await read_trails(one, trails) == fold(history)
        assert "eventdocs.projection.superseded" in {record.message for record in caplog.records}

    async def test_one_runner_may_be_asked_twice_at_once(self, store: EventStore) -> None:
        """Catching up while running live repeats nothing either."""
        trails = make_trails()

        async with (
            ProjectionRunner(store, [trails], batch_size=1) as runner,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(runner.run())
            await asyncio.gather(*(runner.catch_up() for _ in range(3)))
            runner.stop()

        assert await read_trails(store, trails) == fold(HISTORY)

    async def test_runners_that_begin_at_once_make_the_tables_once(self, database_url: str) -> None:
        """Whoever comes second finds what the first has made."""
        async with contextlib.AsyncExitStack() as stack:
            stores = [
                await stack.enter_async_context(open_store(database_url, events=EVENTS))
                for _ in range(4)
            ]
            await append_all(stores[0], HISTORY)

            async def catch_up(store: EventStore) -> None:
                async with ProjectionRunner(store, [make_trails(name="shared")]) as runner:
                    await runner.catch_up()

            await asyncio.gather(*(catch_up(store) for store in stores))

            trails = make_trails(name="shared")
            assert await read_trails(stores[0], trails) == fold(HISTORY)
