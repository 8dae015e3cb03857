"""How fast a rebuild goes and what it says of that, by a clock that the tests turn."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import pairwise

import attrs
import pytest

from eventdocs import EventStore, open_store
from eventdocs.errors import ConfigurationError
from eventdocs.projections import ProjectionRunner, RebuildProgress
from eventdocs.projections._leases import Leases
from eventdocs.projections._projection import Conditions
from eventdocs.projections._rebuild import Rebuild
from tests.projections.faults import Crash
from tests.projections.trails import (
    EVENTS,
    Trails,
    append_all,
    fold,
    make_trails,
    read_trails,
    some_history,
)

pytestmark = pytest.mark.once


@attrs.define
class Clock:
    """Goes on while somebody waits, and by a little with every look at it."""

    now: float = 1000.0
    step: float = 0.0

    def __call__(self) -> float:
        """Tell the time."""
        self.now += self.step
        return self.now

    async def nap(self, seconds: float) -> None:
        """Let the time pass."""
        self.now += seconds


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


@attrs.define
class Rebuilding:
    """A rebuild by the tests' clock, and when it said what."""

    store: EventStore
    trails: Trails
    clock: Clock
    batch_size: int = 500
    rate: float | None = None
    seen: list[tuple[float, RebuildProgress]] = attrs.field(
        factory=list[tuple[float, RebuildProgress]]
    )
    ends_at: int | None = None
    slow_at: int | None = None

    async def run(self) -> int:
        """Rebuild from where the last one was left."""
        rebuild = Rebuild(
            self.store,
            self.trails,
            leases=Leases(self.store, seconds=5),
            conditions=Conditions(
                instrumentation=self.store.instrumentation,
                batch_size=self.batch_size,
                patience=5,
                nap=self.clock.nap,
                clock=self.clock,
            ),
            bound=self.store.head,
            on_progress=self._see,
            events_per_second=self.rate,
        )
        return await rebuild.run(from_zero=False)

    def _see(self, progress: RebuildProgress) -> None:
        if progress.sequence == self.slow_at:
            self.clock.now += 100
        self.seen.append((self.clock.now, progress))
        if progress.sequence == self.ends_at:
            raise Crash


@pytest.fixture
async def rebuilding(store: EventStore) -> Rebuilding:
    trails = make_trails()
    await append_all(store, some_history(60))
    async with ProjectionRunner(store, [trails]) as runner:
        await runner.catch_up()
    return Rebuilding(store=store, trails=trails, clock=Clock())


class TestThrottle:
    async def test_holds_a_rebuild_to_so_many_events_a_second(self, rebuilding: Rebuilding) -> None:
        """Second by second, not on the average; nothing is left out."""
        rebuilding.rate = 20
        began = rebuilding.clock.now

        assert await rebuilding.run() == 60

        applied = [(began, 0), *((at, each.sequence) for at, each in rebuilding.seen)]
        assert rebuilding.clock.now - began == pytest.approx(3.0)
        assert all(to - since <= 20 for (_, since), (_, to) in pairwise(applied))
        assert all(to <= 20 * (at - began) + 20 for at, to in applied)
        assert await read_trails(rebuilding.store, rebuilding.trails) == fold(some_history(60))

    async def test_allows_less_than_one_event_a_second(self, rebuilding: Rebuilding) -> None:
        """One event at a time then."""
        rebuilding.rate = 0.5
        began = rebuilding.clock.now

        await rebuilding.run()

        assert [each.sequence for _, each in rebuilding.seen] == [*range(1, 61)]
        assert rebuilding.clock.now - began == pytest.approx(120.0)

    async def test_does_not_make_up_for_what_was_slow(self, rebuilding: Rebuilding) -> None:
        """A pause of the database is no reason for haste."""
        rebuilding.rate, rebuilding.batch_size = 60.0, 15
        rebuilding.slow_at = 15

        await rebuilding.run()

        (_, slow), *others = rebuilding.seen
        assert slow.sequence == 15
        assert all(
            later - earlier == pytest.approx(15 / 60)
            for (earlier, _), (later, _) in pairwise(others)
        )

    @pytest.mark.parametrize("rate", [0, -1.0, float("nan")])
    async def test_refuses_a_rate_that_is_none(self, rebuilding: Rebuilding, rate: float) -> None:
        """Such a rebuild would never end."""
        async with ProjectionRunner(rebuilding.store, [rebuilding.trails]) as runner:
            with pytest.raises(ConfigurationError, match="events_per_second must be above 0"):
                await runner.rebuild(rebuilding.trails.name, events_per_second=rate)


class TestProgress:
    async def test_tells_how_long_the_rest_takes_at_the_speed_so_far(
        self, rebuilding: Rebuilding
    ) -> None:
        """By the events that are left and the seconds that were needed."""
        rebuilding.batch_size, rebuilding.clock.step = 12, 0.5
        began = rebuilding.clock.now + 0.5

        await rebuilding.run()

        assert [each.sequence for _, each in rebuilding.seen] == [12, 24, 36, 48, 60]
        for at, each in rebuilding.seen:
            per_event = (at - began) / each.sequence
            assert each.seconds_left == pytest.approx(per_event * (60 - each.sequence))
        assert rebuilding.clock.now > began + 5 * 0.5

    async def test_counts_only_what_this_attempt_has_done(self, rebuilding: Rebuilding) -> None:
        """What an interrupted one had done before says nothing about the speed."""
        rebuilding.batch_size, rebuilding.ends_at = 15, 45
        with pytest.raises(Crash):
            await rebuilding.run()
        rebuilding.clock.step, rebuilding.batch_size = 1.0, 5
        rebuilding.seen.clear()
        began = rebuilding.clock.now + 1.0

        rebuilding.ends_at = None
        await rebuilding.run()

        at, first = rebuilding.seen[0]
        assert first.sequence == 50
        assert first.seconds_left == pytest.approx((at - began) / 5 * 10)

    async def test_knows_the_throttle(self, rebuilding: Rebuilding) -> None:
        """The first batch is quick; that the next has to wait is known already."""
        rebuilding.rate = 10

        await rebuilding.run()

        assert [each.seconds_left for _, each in rebuilding.seen] == pytest.approx(
            [5.0, 4.0, 3.0, 2.0, 1.0, 0.0]
        )
