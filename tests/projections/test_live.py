from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import asyncpg
import pytest

from eventdocs import EventStore, open_store
from eventdocs.errors import (
    ProjectionStoppedError,
    ProjectionTimeoutError,
    UnknownProjectionError,
)
from eventdocs.projections import FailurePolicy, ProjectionRunner, ProjectionState
from tests.projections.trails import (
    EVENTS,
    Noted,
    append_all,
    fold,
    make_trails,
    read_trails,
    some_history,
)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


class TestRun:
    async def test_follows_the_log_until_it_is_stopped(self, store: EventStore) -> None:
        """Events are applied as they come; afterwards no task is left."""
        trails, history = make_trails(), some_history(30)

        async with ProjectionRunner(store, [trails], poll_interval=0.01) as runner:
            running = asyncio.create_task(runner.run())
            appended = await append_all(store, history)
            await runner.wait_for(appended, trails.name)
            runner.stop()
            await running

        assert await read_trails(store, trails) == fold(history)
        assert _tasks_at_work() == []

    async def test_ends_when_it_is_cancelled(self, store: EventStore) -> None:
        """Cancelling ends every task before `run` returns; the next run resumes."""
        trails, history = make_trails(), some_history(30)
        async with ProjectionRunner(store, [trails], batch_size=1) as runner:
            running = asyncio.create_task(runner.run())
            appended = await store.append(*_first(history))
            await runner.wait_for(appended, trails.name)
            await append_all(store, history[1:])

            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            left = _tasks_at_work()
            await runner.catch_up()

        assert left == []
        assert await read_trails(store, trails) == fold(history)

    async def test_stops_at_the_end_of_the_block(self, store: EventStore) -> None:
        """Leaving the runner waits for what is at work."""
        async with ProjectionRunner(store, [make_trails()]) as runner:
            running = asyncio.create_task(runner.run())
            await asyncio.sleep(0)

        assert _tasks_at_work() == []
        await running

    async def test_a_stop_before_the_run_is_not_lost(self, store: EventStore) -> None:
        """A run that begins after `stop` returns at once, until the runner is entered anew."""
        runner = ProjectionRunner(store, [make_trails()])
        async with runner:
            runner.stop()
            await asyncio.wait_for(runner.run(), timeout=5)

    async def test_runs_once_at_a_time(self, store: EventStore) -> None:
        """A second `run` of one runner is a mistake."""
        async with ProjectionRunner(store, [make_trails()]) as runner:
            running = asyncio.create_task(runner.run())
            await asyncio.sleep(0)
            with pytest.raises(RuntimeError, match="already"):
                await runner.run()
            runner.stop()
            await running

    async def test_a_failing_projection_disturbs_no_other(
        self, store: EventStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It pauses, says why, and goes on as soon as what stopped it is mended."""
        poisoned, healthy = make_trails(), make_trails()
        healthy.refuses = frozenset()
        history = [("a", Noted(text="poison")), ("a", Noted(text="2"))]

        async with ProjectionRunner(store, [poisoned, healthy], poll_interval=0.01) as runner:
            running = asyncio.create_task(runner.run())
            await append_all(store, history[:1])
            appended = await store.append(*_first(history[1:]))
            await runner.wait_for(appended, healthy.name)
            with pytest.raises(ProjectionStoppedError):
                await runner.wait_for(appended, poisoned.name)
            states = {status.name: status.state for status in await runner.status()}
            poisoned.refuses = frozenset()
            await runner.retry(poisoned.name)
            await runner.wait_for(appended, poisoned.name)
            runner.stop()
            await running

        assert states == {
            poisoned.name: ProjectionState.STOPPED,
            healthy.name: ProjectionState.RUNNING,
        }
        assert await read_trails(store, poisoned) == fold(history)
        failures = [r for r in caplog.records if r.message == "eventdocs.projection.event_failed"]
        assert {vars(record)["projection"] for record in failures} == {poisoned.name}
        assert all(record.levelno == logging.ERROR for record in failures)

    async def test_dependents_follow(self, store: EventStore) -> None:
        """A projection behind another moves as soon as that one has."""
        first = make_trails()
        second = make_trails()
        type(second).depends_on = (type(first),)
        history = some_history(20)

        async with ProjectionRunner(
            store, [second, first], poll_interval=0.01, batch_size=3
        ) as runner:
            running = asyncio.create_task(runner.run())
            appended = await append_all(store, history)
            await runner.wait_for(appended, type(second))
            runner.stop()
            await running

        assert await read_trails(store, second) == fold(history)

    async def test_survives_the_loss_of_its_connections(self, postgres_url: str) -> None:
        """A server that ends every connection costs repetitions and no effect."""
        trails, history = make_trails(), some_history(60)
        async with (
            open_store(postgres_url, events=EVENTS) as store,
            open_store(postgres_url, events=EVENTS) as other,
            ProjectionRunner(store, [trails], poll_interval=0.01, batch_size=2) as runner,
        ):
            running = asyncio.create_task(runner.run())
            for first in range(0, 60, 15):
                await append_all(other, history[first : first + 15])
                # On a connection of its own: those of the stores may be ended already.
                connection = await asyncpg.connect(postgres_url)
                await connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                await connection.close()
            appended = await append_all(other, [("a", Noted(text="last"))])
            history.append(("a", Noted(text="last")))
            async with ProjectionRunner(other, [trails]) as observer:
                await observer.wait_for(appended, trails.name, timeout=60)
            (status,) = await runner.status()
            runner.stop()
            await running

            assert await read_trails(other, trails) == fold(history)
            assert status.dead_letters == 0


class TestWaitFor:
    async def test_says_that_nobody_is_at_work(self, store: EventStore) -> None:
        """The error names the projection, where it stands, and what was waited for."""
        trails = make_trails()
        appended = await store.append("a", [Noted(text="1"), Noted(text="2")])

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionTimeoutError, match="is a runner at work") as caught:
                await runner.wait_for(appended, trails.name, timeout=0.05)

        assert (caught.value.projection, caught.value.sequence, caught.value.at) == (
            trails.name,
            2,
            0,
        )

    async def test_names_the_event_that_parks_the_stream(self, store: EventStore) -> None:
        """A checkpoint beyond the event is not enough while the event itself waits."""
        trails = make_trails(policy=FailurePolicy.PARK)
        await store.append("a", [Noted(text="poison")])
        appended = await store.append("a", [Noted(text="2")])
        other = await store.append("b", [Noted(text="3")])

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await runner.wait_for(other, trails.name)
            with pytest.raises(
                ProjectionTimeoutError, match="event 1 failed and keeps its followers"
            ):
                await runner.wait_for(appended, trails.name, timeout=0.05)

    async def test_refuses_an_unknown_name(self, store: EventStore) -> None:
        """The error lists the names there are."""
        async with ProjectionRunner(store, [make_trails(name="known")]) as runner:
            with pytest.raises(UnknownProjectionError, match="known: known"):
                await runner.verify("unknown")


def _tasks_at_work() -> list[str]:
    names = [task.get_name() for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith(("eventdocs-log", "eventdocs-projection"))]


def _first(history: list[tuple[str, Noted]] | list[tuple[str, object]]) -> tuple[str, list[object]]:
    stream, data = history[0]
    return stream, [data]
