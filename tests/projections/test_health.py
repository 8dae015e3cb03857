"""Health: what is wrong with projections is seen from here and from elsewhere, and said in words."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import text, update
from typing_extensions import override

from eventdocs import EventStore, open_store
from eventdocs.backends.sqlite import SqliteEventStore
from eventdocs.errors import ConfigurationError
from eventdocs.projections import (
    FailurePolicy,
    FeedHealth,
    HealthLimits,
    ProjectionRunner,
    ProjectionState,
    ProjectionStatus,
    RunnerHealth,
)
from eventdocs.projections._health import judge
from eventdocs.projections._leases import LeaseHolder, Leases
from eventdocs.projections._tables import projections
from eventdocs.store import EventRegistry
from tests.projections.leading_process import Effects
from tests.projections.test_leases import leader
from tests.projections.trails import EVENTS, Noted, append_all, make_trails, some_history

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ON_DEMAND = HealthLimits(must_be_led=False)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


@asynccontextmanager
async def at_work(runner: ProjectionRunner) -> AsyncGenerator[asyncio.Task[None]]:
    """Let *runner* run for the length of the block."""
    running = asyncio.create_task(runner.run())
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.wait([running])


async def until_healthy(
    runner: ProjectionRunner, *, is_healthy: bool = True, limits: HealthLimits | None = None
) -> RunnerHealth:
    """Ask again and again until the health is as wanted."""
    async with asyncio.timeout(20):
        while (health := await runner.health(limits)).is_healthy is not is_healthy:  # noqa: ASYNC110 - health rings no bell
            await asyncio.sleep(0.005)
    return health


class TestHealthy:
    async def test_is_what_a_runner_keeps_up_to_date(self, store: EventStore) -> None:
        """It is seen from the runner itself and from another one that does nothing."""
        trails = make_trails(name="shared")
        async with (
            ProjectionRunner(store, [trails], poll_interval=0.01) as runner,
            ProjectionRunner(store, [make_trails(name="shared")]) as observer,
            at_work(runner),
        ):
            appended = await append_all(store, some_history(5))
            await runner.wait_for(appended, "shared")
            here = await until_healthy(runner)
            there = await until_healthy(observer)

        (mine,) = here.projections
        assert (here.head, mine.status.sequence, mine.status.lag) == (5, 5, 0)
        assert mine.status.holder is not None
        assert here.head_seconds is not None
        assert 0 <= here.head_seconds < 60
        assert here.feed is not None
        assert here.feed.is_running
        assert (here.reasons, there.reasons) == ((), ())
        assert there.feed is None

    async def test_is_an_empty_log_that_somebody_watches(self, store: EventStore) -> None:
        """There is no last event, and nothing is wrong."""
        async with ProjectionRunner(store, [make_trails()]) as runner, at_work(runner):
            health = await until_healthy(runner)

        assert (health.head, health.head_seconds) == (0, None)

    async def test_is_a_read_model_that_is_brought_up_to_date_on_demand(
        self, store: EventStore
    ) -> None:
        """Nobody leads it, and nobody has to."""
        await append_all(store, some_history(3))
        async with ProjectionRunner(store, [make_trails()]) as runner:
            await runner.catch_up()
            health = await runner.health(ON_DEMAND)
            led = await runner.health()

        assert health.is_healthy
        assert [each.problems for each in led.projections] == [("no runner leads it",)]


class _Faulty(SqliteEventStore):
    """A log whose feed can be made to hang or to fail; everything else of it works."""

    trouble: str = ""

    @classmethod
    async def at(cls, path: Path) -> _Faulty:
        return await cls.open(path, EventRegistry(EVENTS))

    @override
    async def head(self) -> int:
        task = asyncio.current_task()
        if self.trouble and task is not None and task.get_name() == "eventdocs-log-watch":
            if self.trouble == "hang":
                await asyncio.Event().wait()
            raise LookupError(self.trouble)
        return await super().head()


class TestDeadFeed:
    async def test_that_hangs_is_seen_within_two_intervals(self, tmp_path: Path) -> None:
        """Though the lag is 0 and the lease is held: nothing new would be heard of."""
        async with await _Faulty.at(tmp_path / "log.db") as store:
            runner = ProjectionRunner(store, [make_trails()], poll_interval=0.3)
            async with runner, at_work(runner):
                await until_healthy(runner)
                store.trouble = "hang"
                began = asyncio.get_running_loop().time()
                health = await until_healthy(
                    runner, is_healthy=False, limits=HealthLimits(feed_seconds=0.6)
                )
                seconds = asyncio.get_running_loop().time() - began

        assert [each.status.lag for each in health.projections] == [0]
        assert [each.problems for each in health.projections] == [()]
        assert health.feed is not None
        assert health.feed.is_running
        assert "the feed hangs" in health.reasons[0]
        assert seconds < 0.6 + 0.3 + 1.0  # a busy machine may be late, but the intervals count

    async def test_that_was_cancelled_is_seen_at_once(self, store: EventStore) -> None:
        """Its siblings go on, and no error was raised: the task itself is looked at."""
        async with ProjectionRunner(store, [make_trails()]) as runner, at_work(runner):
            await until_healthy(runner)
            (feed,) = (
                each for each in asyncio.all_tasks() if each.get_name() == "eventdocs-log-watch"
            )
            feed.cancel()
            await asyncio.wait([feed])
            health = await runner.health()

        assert health.reasons == ("the task that watches the log has ended, though `run` goes on",)

    async def test_that_failed_ends_the_run_and_is_remembered(self, tmp_path: Path) -> None:
        """Also if nobody waits for the task of `run`; the next run forgets it."""
        async with await _Faulty.at(tmp_path / "log.db") as store:
            runner = ProjectionRunner(store, [make_trails()], poll_interval=0.01)
            async with runner:
                running = asyncio.create_task(runner.run())
                await until_healthy(runner)
                store.trouble = "no way"
                await asyncio.wait([running])
                broken = await runner.health(ON_DEMAND)
                store.trouble = ""
                async with at_work(runner):
                    mended = await until_healthy(runner)

        assert isinstance(running.exception(), ExceptionGroup)
        assert broken.reasons == ("`run` has ended: LookupError: no way",)
        assert mended.is_healthy

    async def test_gives_its_projections_to_others(self, tmp_path: Path) -> None:
        """Its leases are not renewed, so that a runner that hears of news takes over."""
        async with (
            await _Faulty.at(tmp_path / "log.db") as store,
            open_store(f"sqlite:///{tmp_path / 'log.db'}", events=EVENTS) as other,
            ProjectionRunner(
                store, [make_trails(name="shared")], poll_interval=0.01, lease_seconds=0.3
            ) as deaf,
            ProjectionRunner(
                other, [make_trails(name="shared")], poll_interval=0.01, lease_seconds=0.3
            ) as hearing,
            at_work(deaf),
        ):
            before = (await until_healthy(deaf)).projections[0].status.holder
            store.trouble = "hang"
            async with at_work(hearing):
                appended = await other.append("a", [Noted(text="1")])
                await hearing.wait_for(appended, "shared")
                after = (await until_healthy(hearing)).projections[0].status.holder

        assert before is not None
        assert after is not None
        assert before.owner != after.owner


@pytest.mark.once
class TestDeadProcess:
    async def test_is_missed_once_its_lease_has_lapsed(self, database_url: str) -> None:
        """It cannot say so itself, and the lag is 0 all the time."""
        seconds = 0.5
        clock = asyncio.get_running_loop().time
        async with (
            open_store(database_url, events=EVENTS) as store,
            ProjectionRunner(store, [Effects()]) as observer,
            leader(database_url) as process,
        ):
            appended = await store.append("a", [Noted(text="1")])
            await observer.wait_for(appended, Effects, timeout=30)
            await until_healthy(observer)
            await process.end()
            killed = clock()
            health = await until_healthy(observer, is_healthy=False)
            after = clock() - killed

        assert health.reasons == ("effects: no runner leads it",)
        assert [each.status.lag for each in health.projections] == [0]
        assert after < 3 * seconds


class TestAilingProjection:
    async def test_that_stopped_names_the_event(self, store: EventStore) -> None:
        """From here, with what the runner has met, and from elsewhere."""
        trails = make_trails(name="shared")
        async with (
            ProjectionRunner(store, [trails], poll_interval=0.01) as runner,
            ProjectionRunner(store, [make_trails(name="shared")]) as observer,
            at_work(runner),
        ):
            await store.append("a", [Noted(text="poison")])
            async with asyncio.timeout(10):
                while (await observer.status())[0].state is not ProjectionState.STOPPED:  # noqa: ASYNC110 - the database rings no bell
                    await asyncio.sleep(0.005)
            here, there = await runner.health(), await observer.health()
            trails.refuses = frozenset()
            await runner.retry("shared")
            await until_healthy(runner)

        for health in (here, there):
            assert not health.is_healthy
            assert "shared: event 1 (Noted): ValueError: no place for 'poison'" in health.reasons
            assert "shared: 1 event set aside, to be retried or skipped" in health.reasons

    async def test_that_parked_a_stream_is_healthy_once_the_queue_is_empty(
        self, store: EventStore
    ) -> None:
        """It moves, but what it shows is not all."""
        trails = make_trails(policy=FailurePolicy.PARK)
        async with ProjectionRunner(store, [trails]) as runner:
            await store.append("a", [Noted(text="poison"), Noted(text="2")])
            await runner.catch_up()
            parked = await runner.health(ON_DEMAND)
            trails.refuses = frozenset()
            await runner.retry(trails.name)
            mended = await runner.health(ON_DEMAND)

        assert parked.projections[0].problems == (
            "event 1 (Noted): ValueError: no place for 'poison'",
            "2 events set aside, to be retried or skipped",
        )
        assert mended.is_healthy

    async def test_that_must_be_rebuilt_says_so(self, store: EventStore) -> None:
        """What only a rebuild mends comes with the command that does it."""
        await append_all(store, some_history(3))
        async with ProjectionRunner(store, [make_trails(name="aged")]) as runner:
            await runner.catch_up()
        async with ProjectionRunner(store, [make_trails(name="aged", version=2)]) as runner:
            health = await runner.health(ON_DEMAND)

        (problem,) = health.reasons
        assert "eventdocs projections rebuild aged" in problem

    async def test_that_hangs_in_a_handler_is_stalled(self, store: EventStore) -> None:
        """Its lease is renewed all the time, so that is no sign of life."""
        hanging, entered = make_trails(), asyncio.Event()

        class Hanging(type(hanging)):  # type: ignore[misc]  # a base made by a call
            @override
            async def _add(self, tx: Any, stream: str, text: str) -> None:
                entered.set()
                await asyncio.Event().wait()

        limits = HealthLimits(stalled_seconds=0.05)
        async with (
            ProjectionRunner(store, [Hanging()], poll_interval=0.01) as runner,
            at_work(runner),
        ):
            await until_healthy(runner)
            await store.append("a", [Noted(text="1")])
            await entered.wait()
            health = await until_healthy(runner, is_healthy=False, limits=limits)
            patient = await runner.health()

        assert [each.is_stalled for each in health.projections] == [True]
        assert "1 event to apply, and it has not moved for 0 seconds" in health.reasons[0]
        assert "its handlers are slow, or hang" in health.reasons[0]
        assert patient.is_healthy

    async def test_behind_another_says_which(self, store: EventStore) -> None:
        """The cause is found where it is."""
        first, second = make_trails(name="first"), make_trails(name="second")
        type(second).depends_on = (type(first),)
        await store.append("a", [Noted(text="poison")])
        async with ProjectionRunner(store, [first, second]) as runner:
            with contextlib.suppress(Exception):
                await runner.catch_up()
            await self._age(store)
            health = await runner.health(HealthLimits(must_be_led=False, stalled_seconds=1e-6))

        assert health.projections[1].status.name == "second"
        assert (
            "it waits for projection 'first', which is at event 0 (event 1 (Noted)"
            in (health.projections[1].problems[0])
        )

    async def _age(self, store: EventStore) -> None:
        async with store.begin() as tx:
            await tx.execute(update(projections).values(updated_at=NOW))

    async def test_that_is_being_rebuilt_says_by_whom(self, store: EventStore) -> None:
        """That is no illness."""
        trails = make_trails(name="shared")
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await Leases(store, seconds=60).of("shared", is_rebuild=True).take()
            health = await runner.health(ON_DEMAND)

        assert health.is_healthy
        assert health.projections[0].status.rebuilder is not None


class TestLog:
    async def test_that_one_transaction_holds_back_is_no_lag_of_0(self, postgres_url: str) -> None:
        """What was appended behind it cannot be read yet: nobody lags, and nothing arrives."""
        async with (
            open_store(postgres_url, events=EVENTS) as store,
            ProjectionRunner(store, [make_trails()]) as runner,
        ):
            async with store.begin() as tx:
                await store.using(tx).append("a", [Noted(text="open")])
                await store.append("b", [Noted(text="behind")])
                held = await runner.health(attrs.evolve(ON_DEMAND, held_seconds=1e-6))
                patient = await runner.health(ON_DEMAND)
            await runner.catch_up()
            released = await runner.health(attrs.evolve(ON_DEMAND, held_seconds=1e-6))

        assert [each.status.lag for each in held.projections] == [0]
        assert "held back at event 0 by backend" in held.reasons[0]
        assert "pg_terminate_backend" in held.reasons[0]
        assert patient.is_healthy
        assert released.is_healthy

    async def test_whose_database_does_not_answer_is_ill_in_time(self, postgres_url: str) -> None:
        """Whoever probes has a deadline as well."""
        async with (
            open_store(postgres_url, events=EVENTS) as store,
            ProjectionRunner(store, [make_trails()]) as runner,
        ):
            async with store.begin() as tx:
                await tx.execute(text("LOCK TABLE eventdocs_projections IN ACCESS EXCLUSIVE MODE"))
                health = await runner.health(HealthLimits(answer_seconds=0.1))
            answered = await runner.health(ON_DEMAND)

        assert health.reasons == ("the database has not answered within 0.1 seconds",)
        assert answered.is_healthy

    async def test_whose_database_is_gone_is_ill_and_no_error(self, sqlite_url: str) -> None:
        """Whoever asks for health wants an answer."""
        async with (
            open_store(sqlite_url, events=EVENTS) as store,
            ProjectionRunner(store, [make_trails()]) as runner,
        ):
            await store.close()
            health = await runner.health()

        assert (health.head, health.projections) == (None, ())
        assert not health.is_healthy
        assert len(health.reasons) == 1


def status_of(**facts: Any) -> ProjectionStatus:
    """Make the status of a projection that is well, but for *facts*."""
    holder = LeaseHolder(owner="me", since=NOW, until=NOW, seconds_left=5.0)
    well = ProjectionStatus(
        name="it",
        version=1,
        sequence=7,
        head=7,
        lag=0,
        lag_seconds=0.0,
        moved_at=NOW - timedelta(days=1),
        state=ProjectionState.RUNNING,
        dead_letters=0,
        stale=False,
        error=None,
        rebuilt_to=None,
        holder=holder,
        rebuilder=None,
    )
    return attrs.evolve(well, **facts)


class TestLimits:
    @pytest.mark.parametrize(
        ("facts", "is_stalled", "is_healthy"),
        [
            ({}, False, True),
            ({"lag": 1, "lag_seconds": 29.9}, False, True),
            ({"lag": 1, "lag_seconds": 30.0}, True, False),
            ({"lag": 9, "lag_seconds": 99.0, "moved_at": NOW - timedelta(seconds=29)}, False, True),
            ({"lag": 9, "lag_seconds": 301.0, "moved_at": NOW}, False, False),
            ({"lag": 9, "lag_seconds": 31.0, "moved_at": None}, True, False),
            ({"state": ProjectionState.PARKED, "dead_letters": 1}, False, False),
            ({"error": "no connection"}, False, False),
            ({"holder": None}, False, False),
            ({"stale": True}, False, True),
        ],
    )
    def test_say_what_is_ill(
        self, facts: dict[str, Any], is_stalled: bool, is_healthy: bool
    ) -> None:
        """An idle projection is no stalled one, and one that moves is not either, but it may lag."""
        found = judge(status_of(**facts), [], now=NOW, limits=HealthLimits())

        assert (found.is_stalled, found.is_healthy) == (is_stalled, is_healthy)

    def test_of_the_feed_follow_the_poll_interval(self) -> None:
        """But a busy event loop is not a dead one."""
        assert HealthLimits().feed_seconds_at(0.1) == 1.0
        assert HealthLimits().feed_seconds_at(2.0) == 4.0
        assert HealthLimits(feed_seconds=0.2).feed_seconds_at(2.0) == 0.2

    @pytest.mark.parametrize(
        "name",
        ["stalled_seconds", "lag_seconds", "held_seconds", "feed_seconds", "answer_seconds"],
    )
    def test_are_above_0(self, name: str) -> None:
        """The error names the one that is not."""
        with pytest.raises(ConfigurationError, match=name):
            HealthLimits(**{name: 0})  # type: ignore[arg-type]  # the name is a parameter

    def test_any_lag_is_allowed_where_nobody_minds(self) -> None:
        """As long as it moves."""
        limits = HealthLimits(lag_seconds=None)
        moving = status_of(lag=1, lag_seconds=1e9, moved_at=NOW)

        assert judge(moving, [], now=NOW, limits=limits).is_healthy


def test_a_feed_tells_all_that_is_known_of_it() -> None:
    """For whoever shows it."""
    assert attrs.asdict(FeedHealth(is_running=True, seconds=0.1)) == {
        "is_running": True,
        "seconds": 0.1,
        "error": None,
    }
