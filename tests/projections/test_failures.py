from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, Text, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import EventStore, NewEvent, RecordedEvent, open_store
from eventdocs.errors import ProjectionStoppedError, UnknownDeadLetterError
from eventdocs.projections import (
    DeadLetterState,
    FailurePolicy,
    ProjectionRunner,
    ProjectionState,
    Projector,
    handles,
)
from tests.projections.trails import (
    EVENTS,
    Marked,
    Noted,
    Trails,
    append_all,
    fold,
    make_trails,
    read_trails,
)

pytestmark = pytest.mark.once

POISONED = [
    ("a", Noted(text="1")),
    ("b", Marked(text="2")),
    ("a", Noted(text="poison")),
    ("a", Marked(text="4")),
    ("b", Marked(text="5")),
    ("a", Noted(text="6")),
]
WITHOUT_POISON = [each for each in POISONED if each[1] != Noted(text="poison")]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


def mend(trails: Trails) -> None:
    """Deploy a handler that can apply everything."""
    trails.refuses = frozenset()


class TestStop:
    async def test_applies_what_came_before_and_nothing_after(self, store: EventStore) -> None:
        """The projection stands before the event, and says which and why."""
        trails = make_trails()
        await append_all(store, POISONED)

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionStoppedError) as caught:
                await runner.catch_up()
            (status,) = await runner.status()
            (letter,) = await runner.dead_letters(trails.name)

        stopped = caught.value
        assert (stopped.projection, stopped.sequence, stopped.event_type) == (
            trails.name,
            3,
            "Noted",
        )
        assert stopped.reason == "ValueError: no place for 'poison'"
        assert isinstance(stopped.__cause__, ValueError)
        assert await read_trails(store, trails) == fold(POISONED[:2])
        assert (status.state, status.sequence, status.dead_letters) == (
            ProjectionState.STOPPED,
            2,
            1,
        )
        assert status.error is not None
        assert "event 3 (Noted): ValueError" in status.error
        assert (letter.sequence, letter.stream, letter.attempts) == (3, "a", 1)
        assert "in note" in (letter.traceback or "")

    async def test_tries_again_and_goes_on_with_a_mended_handler(self, store: EventStore) -> None:
        """Catching up tries the event again; success closes the dead letter."""
        trails = make_trails()
        await append_all(store, POISONED)

        async with ProjectionRunner(store, [trails]) as runner:
            for _ in range(2):
                with pytest.raises(ProjectionStoppedError):
                    await runner.catch_up()
            mend(trails)
            await runner.catch_up()
            (status,) = await runner.status()
            (letter,) = await runner.dead_letters(trails.name, states=list(DeadLetterState))

        assert await read_trails(store, trails) == fold(POISONED)
        assert (status.state, status.lag, status.error) == (ProjectionState.RUNNING, 0, None)
        assert (letter.state, letter.attempts) == (DeadLetterState.APPLIED, 2)
        assert letter.resolved_at is not None

    async def test_retry_applies_the_event_alone(self, store: EventStore) -> None:
        """After a successful retry the projection runs again."""
        trails = make_trails()
        await append_all(store, POISONED)

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            still_open = await runner.retry(trails.name)
            mend(trails)
            left = await runner.retry(trails.name, 3)

        assert [letter.attempts for letter in still_open] == [2]
        assert left == []
        assert await read_trails(store, trails) == fold(POISONED[:3])

    async def test_skip_leaves_the_event_out_for_good(self, store: EventStore) -> None:
        """A skipped event is on record, and the projection goes on behind it."""
        trails = make_trails()
        await append_all(store, POISONED)

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            with pytest.raises(UnknownDeadLetterError):
                await runner.skip(trails.name, 4)
            await runner.skip(trails.name, 3)
            await runner.catch_up()
            (letter,) = await runner.dead_letters(trails.name, states=[DeadLetterState.SKIPPED])

        assert await read_trails(store, trails) == fold(WITHOUT_POISON)
        assert (letter.sequence, letter.resolution) == (3, "skipped on purpose")

    async def test_finds_the_culprit_in_a_bulk(self, store: EventStore) -> None:
        """Of many events that fail together, all before the one to blame are applied."""
        trails = make_trails()
        marks = [Marked(text="poison" if number == 37 else str(number)) for number in range(50)]
        await append_all(store, [("a", mark) for mark in marks])

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionStoppedError) as caught:
                await runner.catch_up()

        assert caught.value.sequence == 38
        assert await read_trails(store, trails) == fold([("a", mark) for mark in marks[:37]])

    async def test_keeps_its_projection_only(self, store: EventStore) -> None:
        """Other projections are caught up all the same."""
        poisoned, healthy = make_trails(), make_trails()
        mend(healthy)
        await append_all(store, POISONED)

        async with ProjectionRunner(store, [poisoned, healthy]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()

        assert await read_trails(store, healthy) == fold(POISONED)


class TestPark:
    async def test_holds_back_the_stream_and_no_other(self, store: EventStore) -> None:
        """Later events of the stream wait in order; other streams are applied."""
        trails = make_trails(policy=FailurePolicy.PARK)
        await append_all(store, POISONED)

        async with ProjectionRunner(store, [trails], batch_size=2) as runner:
            await runner.catch_up()
            (status,) = await runner.status()
            letters = await runner.dead_letters(trails.name)

        assert await read_trails(store, trails) == fold(
            [each for each in POISONED if each[0] == "b"] + POISONED[:1]
        )
        assert [(letter.sequence, letter.state) for letter in letters] == [
            (3, DeadLetterState.FAILED),
            (4, DeadLetterState.WAITING),
            (6, DeadLetterState.WAITING),
        ]
        assert (status.state, status.dead_letters, status.lag) == (ProjectionState.PARKED, 3, 0)

    async def test_retry_applies_the_queue_in_order(self, store: EventStore) -> None:
        """Once the handler is mended, the stream is as if nothing had happened."""
        trails = make_trails(policy=FailurePolicy.PARK)
        await append_all(store, POISONED)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            still_open = await runner.retry(trails.name)
            mend(trails)
            left = await runner.retry(trails.name)
            (status,) = await runner.status()

        assert [letter.attempts for letter in still_open] == [2, 0, 0]
        assert left == []
        assert await read_trails(store, trails) == fold(POISONED)
        assert (status.state, status.dead_letters) == (ProjectionState.RUNNING, 0)

    async def test_skip_releases_what_waits(self, store: EventStore) -> None:
        """Without the failed event, those behind it are applied."""
        trails = make_trails(policy=FailurePolicy.PARK)
        await append_all(store, POISONED)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            left = await runner.skip(trails.name, 3)

        assert left == []
        assert await read_trails(store, trails) == fold(WITHOUT_POISON)

    async def test_what_comes_after_a_change_of_policy_still_waits(self, store: EventStore) -> None:
        """The order within a parked stream holds, whatever the policy is by now."""
        name = "changed"
        await append_all(store, POISONED)
        async with ProjectionRunner(
            store, [make_trails(policy=FailurePolicy.PARK, name=name)]
        ) as runner:
            await runner.catch_up()
        await append_all(store, [("a", Noted(text="7"))])

        trails = make_trails(name=name)
        mend(trails)
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            assert "a" in {letter.stream for letter in await runner.dead_letters(name)}
            await runner.retry(name)

        assert await read_trails(store, trails) == fold([*POISONED, ("a", Noted(text="7"))])


class TestSkip:
    async def test_records_and_goes_on(self, store: EventStore) -> None:
        """The event is left out; its stream goes on at once."""
        trails = make_trails(policy=FailurePolicy.SKIP)
        await append_all(store, POISONED)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            (status,) = await runner.status()
            (letter,) = await runner.dead_letters(trails.name, states=[DeadLetterState.SKIPPED])

        assert await read_trails(store, trails) == fold(WITHOUT_POISON)
        assert (status.state, status.dead_letters) == (ProjectionState.RUNNING, 0)
        assert letter.sequence == 3


class TestAtCommit:
    async def test_an_event_refused_by_a_deferred_constraint_is_found(
        self, store: EventStore
    ) -> None:
        """What only the commit refuses is the event's fault as well."""
        metadata = MetaData()
        homes = Table("homes", metadata, Column("id", Integer, primary_key=True))
        guests = Table(
            "guests",
            metadata,
            Column("id", Integer, primary_key=True),
            Column("home", Integer, ForeignKey("homes.id", deferrable=True, initially="DEFERRED")),
        )

        class Guests(Projector):
            name = "guests"
            version = 1
            tables = (homes, guests)

            @handles(Noted)
            async def come(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
                """Move into home 1, which only the last one builds."""
                home = 99 if event.data.text == "poison" else 1
                await tx.execute(insert(guests).values(id=event.sequence, home=home))

            @handles(Marked)
            async def build(self, event: RecordedEvent[Marked], tx: AsyncConnection) -> None:
                """Build home 1."""
                await tx.execute(insert(homes).values(id=1))

        await append_all(store, [("a", Marked(text="1")), *(("a", Noted(text=t)) for t in "234")])
        await append_all(store, [("a", Noted(text="poison"))])

        async with ProjectionRunner(store, [Guests()]) as runner:
            with pytest.raises(ProjectionStoppedError) as caught:
                await runner.catch_up()

        assert caught.value.sequence == 5


class TestHandlersThatMisbehave:
    async def test_ending_the_transaction_is_refused(self, store: EventStore) -> None:
        """A handler that commits would tear its effect from the checkpoint."""

        class Commits(Projector):
            name = "commits"
            version = 1

            @handles(Noted)
            async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
                """Commit what is not its own."""
                await tx.commit()

        await append_all(store, [("a", Noted(text="1"))])

        async with ProjectionRunner(store, [Commits()]) as runner:
            with pytest.raises(ProjectionStoppedError, match="ended the transaction"):
                await runner.catch_up()

    async def test_a_dead_letter_shows_no_payload_of_statements(self, store: EventStore) -> None:
        """What a driver's error quotes of a statement's values stays out of messages."""

        class Leaks(Projector):
            name = "leaks"
            version = 1

            @handles(Noted)
            async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
                """Write to a table that is not there."""
                missing = Table("missing", MetaData(), Column("secret", Text))
                await tx.execute(insert(missing).values(secret=event.data.text))

        await append_all(store, [("a", Noted(text="hush"))])

        async with ProjectionRunner(store, [Leaks()]) as runner:
            with pytest.raises(ProjectionStoppedError) as caught:
                await runner.catch_up()
            (letter,) = await runner.dead_letters("leaks")

        assert "missing" in (letter.message or "")
        assert "hush" not in f"{caught.value}{letter.message}{letter.traceback}"

    async def test_text_that_no_database_stores_is_made_storable(self, store: EventStore) -> None:
        """An error's text may hold anything."""

        class Odd(Projector):
            name = "odd"
            version = 1

            @handles(Noted)
            async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
                """Say something odd."""
                raise ValueError("nul \0, half \ud800, " + "long " * 1_000)

        await store.append("a", [NewEvent(data=Noted(text="1"), correlation_id="request-7")])

        async with ProjectionRunner(store, [Odd()]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            (letter,) = await runner.dead_letters("odd")

        assert letter.correlation_id == "request-7"
        assert len(letter.message or "") < 2_100


@attrs.frozen
class Course:
    """What happens to a projection: events in batches, and a repair after some of them."""

    batches: Sequence[Sequence[tuple[str, Noted | Marked]]]
    repaired_after: int


def _entry(stream: str, kind: type[Noted | Marked], text: str) -> tuple[str, Noted | Marked]:
    return stream, kind(text=text)


def _courses() -> st.SearchStrategy[Course]:
    streams = st.sampled_from(["a", "b", "c"])
    texts = st.sampled_from(["x", "y", "poison"])
    kinds: st.SearchStrategy[type[Noted | Marked]] = st.sampled_from([Noted, Marked])
    batches = st.lists(
        st.lists(st.builds(_entry, streams, kinds, texts), max_size=8), min_size=1, max_size=4
    )
    return st.builds(Course, batches, st.integers(0, 3))


class TestRepair:
    @settings(
        max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(course=_courses(), batch_size=st.integers(1, 6))
    async def test_a_parked_projection_ends_up_as_if_nothing_had_failed(
        self, course: Course, batch_size: int
    ) -> None:
        """Wherever the poison was and whenever the repair came, the result is the fold."""
        trails = make_trails(policy=FailurePolicy.PARK)
        history = [each for batch in course.batches for each in batch]

        async with (
            open_store("sqlite:///:memory:", events=EVENTS) as store,
            ProjectionRunner(store, [trails], batch_size=batch_size) as runner,
        ):
            for number, batch in enumerate(course.batches):
                if number == course.repaired_after:
                    mend(trails)
                    assert await runner.retry(trails.name) == []
                await append_all(store, batch)
                await runner.catch_up()
            mend(trails)
            assert await runner.retry(trails.name) == []
            (status,) = await runner.status()

            assert await read_trails(store, trails) == fold(history)
            assert status.state is ProjectionState.RUNNING

    @settings(
        max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(course=_courses(), batch_size=st.integers(1, 6))
    async def test_a_stopped_projection_ends_up_as_if_nothing_had_failed(
        self, course: Course, batch_size: int
    ) -> None:
        """It stands before each poison until the repair, and misses nothing."""
        trails = make_trails()
        history = [each for batch in course.batches for each in batch]
        has_poison = any(data.text == "poison" for _, data in history)

        async with (
            open_store("sqlite:///:memory:", events=EVENTS) as store,
            ProjectionRunner(store, [trails], batch_size=batch_size) as runner,
        ):
            await append_all(store, history)
            if has_poison:
                with pytest.raises(ProjectionStoppedError) as caught:
                    await runner.catch_up()
                before = history[: caught.value.sequence - 1]
                assert await read_trails(store, trails) == fold(before)
            mend(trails)
            await runner.catch_up()

            assert await read_trails(store, trails) == fold(history)
