"""Transactions of a projection: how many events each takes, and how long."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs import EventStore, RecordedEvent, open_store
from eventdocs.errors import ProjectionStoppedError
from eventdocs.observability import NullInstrumentation
from eventdocs.projections import ProjectionRunner, Projector, handles
from eventdocs.projections._projection import Conditions, Projection
from tests.projections.trails import EVENTS, Marked, Noted, Passed


class Meter(NullInstrumentation):
    """Counts the events of each transaction."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    @override
    def projected(
        self, projection: str, *, events: int, seconds: float, traces: Iterable[str] = ()
    ) -> None:
        self.batches.append(events)


class Slow(Projector):
    """Takes 0.4 seconds for a note, on a clock of its own, and as long for any number of marks."""

    name = "slow"
    version = 1

    def __init__(self) -> None:
        self.now = 0.0
        self.seen: list[str] = []
        self.refuses: str | None = None

    @handles(Noted)
    async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Take one."""
        self.now += 0.4
        if event.data.text == self.refuses:
            raise ValueError(self.refuses)
        self.seen.append(event.data.text)

    @handles(Marked, batch=True)
    async def mark(self, events: Sequence[RecordedEvent[Marked]], tx: AsyncConnection) -> None:
        """Take many."""
        self.now += 0.4
        self.seen.extend(each.data.text for each in events)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


async def project(store: EventStore, slow: Slow) -> tuple[list[int], Projection]:
    """Apply the whole log, and tell how many events each transaction took."""
    meter = Meter()
    conditions = Conditions(
        instrumentation=meter, batch_size=100, patience=None, clock=lambda: slow.now
    )
    async with ProjectionRunner(store, [slow]):
        projection = Projection(store, slow, begin=store.begin, conditions=conditions)
        while await projection.advance(1000):
            pass
    return meter.batches, projection


class TestSlowHandlers:
    async def test_end_a_transaction_after_a_second(self, store: EventStore) -> None:
        """Other writers get their turn, and every event is applied once, in order."""
        texts = [str(number) for number in range(8)]
        await store.append("a-1", [Noted(text=each) for each in texts])
        slow = Slow()

        batches, projection = await project(store, slow)

        assert batches == [3, 3, 2]
        assert slow.seen == texts
        assert projection.at is not None
        assert projection.at.sequence == 8

    async def test_take_events_without_effect_along(self, store: EventStore) -> None:
        """What nobody handles costs nothing, so it ends no transaction."""
        events = [Passed(), Noted(text="1"), Passed(), Noted(text="2"), Noted(text="3"), Passed()]
        await store.append("a-1", [*events, Noted(text="4"), Passed()])

        batches, _ = await project(store, Slow())

        assert batches == [6, 2]

    async def test_of_many_events_take_them_together(self, store: EventStore) -> None:
        """What a handler wants as a whole is not divided by time."""
        await store.append("a-1", [Noted(text="n")] * 3)
        await store.append("a-1", [Marked(text="m")] * 20)
        slow = Slow()

        batches, _ = await project(store, slow)

        assert batches == [3, 20]
        assert slow.now == pytest.approx(4 * 0.4)

    async def test_stop_at_the_event_that_failed(self, store: EventStore) -> None:
        """What was done before it stays done, in whichever transaction it was."""
        await store.append("a-1", [Noted(text=str(number)) for number in range(8)])
        slow = Slow()
        slow.refuses = "5"

        with pytest.raises(ProjectionStoppedError) as stopped:
            await project(store, slow)

        assert stopped.value.sequence == 6
        async with ProjectionRunner(store, [slow]) as runner:
            [status] = await runner.status()
        assert status.sequence == 5
