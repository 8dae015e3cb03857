from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs import EventStore, RecordedEvent, open_store
from eventdocs.errors import ProjectionStoppedError, ProjectorDefinitionError
from eventdocs.projections import (
    DeadLetterState,
    FailurePolicy,
    ProjectionRunner,
    ProjectionState,
    Projector,
    handles,
)
from tests.projections.keyed_trails import KeyedTrails, Placed, fold, read
from tests.projections.trails import EVENTS, Noted, append_all

History = Sequence[tuple[str, object]]


def told(texts: Iterable[str]) -> dict[str, str]:
    """Say what the trails of these texts must be, whatever their streams."""
    return fold(("", text) for text in texts)


async def trails_in(store: EventStore) -> Mapping[str, str]:
    return await read(store, KeyedTrails())


def notes(*placed: Placed) -> History:
    return [(stream, Noted(text=text)) for stream, text in placed]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


class TestOrder:
    async def test_is_that_of_the_stream_unless_a_projector_says_otherwise(
        self, store: EventStore
    ) -> None:
        """A projector that says nothing has one queue for each stream."""

        class ByStream(KeyedTrails):
            poison = frozenset({"a.1"})

            @override
            def ordering_key(self, event: RecordedEvent[Any]) -> str:
                return Projector.ordering_key(self, event)

        await append_all(store, notes(("s", "a.1"), ("t", "a.2"), ("s", "b.1")))

        async with ProjectionRunner(store, [ByStream()]) as runner:
            await runner.catch_up()
            letters = await runner.dead_letters("keyed-trails")

        assert [(each.sequence, each.ordering_key) for each in letters] == [(1, "s"), (3, "s")]

    async def test_is_kept_within_a_key_across_streams(self, store: EventStore) -> None:
        """What has the failed event's key waits, in other streams too; all else goes on."""
        projector = KeyedTrails()
        projector.poison = frozenset({"a.1"})
        placed = [("s", "a.1"), ("s", "b.1"), ("t", "a.2"), ("t", "b.2"), ("u", "a.3")]
        await append_all(store, notes(*placed))

        async with ProjectionRunner(store, [projector], batch_size=2) as runner:
            await runner.catch_up()
            parked = await runner.dead_letters("keyed-trails")
            before = await trails_in(store)
            projector.poison = frozenset()
            left = await runner.retry("keyed-trails", 3)
            (status,) = await runner.status()

        assert before == told(["b.1", "b.2"])
        assert [(each.sequence, each.ordering_key, each.state) for each in parked] == [
            (1, "a", DeadLetterState.FAILED),
            (3, "a", DeadLetterState.WAITING),
            (5, "a", DeadLetterState.WAITING),
        ]
        assert left == []
        assert await trails_in(store) == told(text for _, text in placed)
        assert status.state is ProjectionState.RUNNING

    async def test_of_one_key_is_replayed_without_the_others(self, store: EventStore) -> None:
        """A retry of one event tries its own key's queue, from its first on."""
        projector = KeyedTrails()
        projector.poison = frozenset({"a.1", "b.1"})
        await append_all(store, notes(("s", "a.1"), ("s", "b.1"), ("s", "a.2"), ("s", "b.2")))

        async with ProjectionRunner(store, [projector]) as runner:
            await runner.catch_up()
            projector.poison = frozenset()
            left = await runner.retry("keyed-trails", 4)

        assert [(each.sequence, each.attempts) for each in left] == [(1, 1), (3, 0)]
        assert await trails_in(store) == told(["b.1", "b.2"])


class TestAKeyThatCannotBeTold:
    async def test_is_the_events_failure(self, store: EventStore) -> None:
        """A projection whose policy is to stop stands before the event."""

        class Stops(KeyedTrails):
            on_failure = FailurePolicy.STOP
            keyless = frozenset({"a.1"})

        await append_all(store, notes(("s", "b.1"), ("s", "a.1")))

        async with ProjectionRunner(store, [Stops()]) as runner:
            with pytest.raises(ProjectionStoppedError, match=r"no key in 'a\.1'"):
                await runner.catch_up()

        assert await trails_in(store) == told(["b.1"])

    async def test_keeps_the_rest_of_its_stream_waiting(self, store: EventStore) -> None:
        """Later ones of the stream could be of its key; what is behind them waits with them."""
        projector = KeyedTrails()
        projector.keyless = frozenset({"a.1"})
        placed = [("s", "a.1"), ("t", "b.1"), ("s", "a.2"), ("s", "b.2"), ("t", "b.3")]
        await append_all(store, notes(*placed, ("u", "c.1")))

        async with ProjectionRunner(store, [projector]) as runner:
            await runner.catch_up()
            parked = await runner.dead_letters("keyed-trails")
            before = await trails_in(store)
            projector.keyless = frozenset()
            left = await runner.retry("keyed-trails", 5)

        assert before == told(["b.1", "c.1"])
        assert [(each.sequence, each.ordering_key) for each in parked] == [
            (1, "s"),
            (3, "a"),
            (4, "b"),
            (5, "b"),
        ]
        assert left == []
        assert await trails_in(store) == told([*(text for _, text in placed), "c.1"])

    async def test_that_is_told_by_now_waits_behind_its_own(self, store: EventStore) -> None:
        """Once its key is known, the event is no longer ahead of an older one of that key."""
        projector = KeyedTrails()
        projector.poison = frozenset({"a.1"})
        projector.keyless = frozenset({"a.2"})
        await append_all(store, notes(("s", "a.1"), ("t", "a.2")))

        async with ProjectionRunner(store, [projector]) as runner:
            await runner.catch_up()
            projector.keyless = frozenset()
            early = await runner.retry("keyed-trails", 2)
            projector.poison = frozenset()
            left = await runner.retry("keyed-trails")

        assert [each.sequence for each in early] == [1, 2]
        assert left == []
        assert await trails_in(store) == told(["a.1", "a.2"])

    async def test_of_an_event_that_was_stood_before_lets_it_wait(self, store: EventStore) -> None:
        """A projection that stopped there goes on, and the event queues behind its key's first."""
        projector = KeyedTrails()
        projector.poison = frozenset({"a.1"})
        projector.keyless = frozenset({"a.2"})

        class Stops(KeyedTrails):
            on_failure = FailurePolicy.STOP
            poison = projector.poison
            keyless = projector.keyless

        stops = Stops()
        await append_all(store, notes(("s", "a.1")))
        async with ProjectionRunner(store, [projector]) as runner:
            await runner.catch_up()
        await append_all(store, notes(("t", "a.2"), ("t", "b.1")))

        async with ProjectionRunner(store, [stops]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            stops.keyless = frozenset()
            await runner.catch_up()
            parked = await runner.dead_letters("keyed-trails")
            stops.poison = frozenset()
            left = await runner.retry("keyed-trails")

        assert [(each.sequence, each.ordering_key, each.state) for each in parked] == [
            (1, "a", DeadLetterState.FAILED),
            (2, "a", DeadLetterState.WAITING),
        ]
        assert left == []
        assert await trails_in(store) == told(["a.1", "a.2", "b.1"])


class TestAKeyThatCannotBeStored:
    @pytest.mark.parametrize(
        ("key", "told"),
        [(7, "must return a string, not int"), ("", "at least one"), ("x" * 256, "at most 255")],
    )
    async def test_is_the_events_failure(self, sqlite_url: str, key: object, told: str) -> None:
        """And says what is wrong with it."""

        class Odd(KeyedTrails):
            on_failure = FailurePolicy.STOP

            @override
            def ordering_key(self, event: RecordedEvent[Any]) -> str:
                return key  # type: ignore[return-value]  # what hosts do, whatever the type says

        async with open_store(sqlite_url, events=EVENTS) as store:
            await append_all(store, notes(("s", "a.1")))
            async with ProjectionRunner(store, [Odd()]) as runner:
                with pytest.raises(ProjectionStoppedError, match=told):
                    await runner.catch_up()

    def test_is_refused_when_it_would_have_to_be_awaited(self) -> None:
        """Nothing but the event may be asked."""
        with pytest.raises(ProjectorDefinitionError, match="not be an async method"):

            class Asks(Projector):  # pyright: ignore[reportUnusedClass]  # declaring it is refused
                name = "asks"
                version = 1

                async def ordering_key(self, event: RecordedEvent[Any]) -> str:  # type: ignore[override]  # what is refused
                    """Ask somebody."""
                    return ""

                @handles(Noted)
                async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
                    """Do nothing."""
