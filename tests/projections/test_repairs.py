from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import EventStore, NewEvent, RecordedEvent, correlate, open_store
from eventdocs.errors import ProjectionStoppedError, StoreBusyError, UnknownDeadLetterError
from eventdocs.projections import (
    DeadLetter,
    DeadLetterState,
    FailurePolicy,
    ProjectionRunner,
    ProjectionState,
    Projector,
    RepairAction,
    handles,
)
from tests.projections.trails import (
    EVENTS,
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
    ("a", Noted(text="poison")),
    ("b", Noted(text="3")),
    ("a", Noted(text="4")),
]
WITHOUT_POISON = [each for each in POISONED if each[1].text != "poison"]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        await append_all(opened, POISONED)
        yield opened


def mend(trails: Trails) -> None:
    """Deploy a handler that can apply everything."""
    trails.refuses = frozenset()


async def all_letters(runner: ProjectionRunner, trails: Trails) -> list[DeadLetter]:
    return await runner.dead_letters(trails.name, states=list(DeadLetterState))


def repairs(letters: Sequence[DeadLetter]) -> list[tuple[object, ...]]:
    return [
        (
            each.sequence,
            each.state,
            each.repair and (each.repair.action, each.repair.by, each.repair.reason),
        )
        for each in letters
    ]


async def add_by_hand(store: EventStore, trails: Trails, stream: str, text: str) -> None:
    """Do what the handler does for one event."""
    table = trails.table
    async with store.begin() as tx:
        await tx.execute(
            update(table)
            .where(table.c.stream == stream)
            .values(n=table.c.n + 1, trail=table.c.trail + "/" + text)
        )


class TestRetry:
    async def test_is_recorded_with_everything_it_applies(self, store: EventStore) -> None:
        """A repaired letter stays readable: who, why, when, and what it was about."""
        trails = make_trails(policy=FailurePolicy.PARK)
        before = datetime.now(UTC)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            mend(trails)
            left = await runner.retry(trails.name, by="ada", reason="release 7 reads it")
            letters = await all_letters(runner, trails)

        done = (RepairAction.RETRY, "ada", "release 7 reads it")
        assert left == []
        assert repairs(letters) == [
            (2, DeadLetterState.APPLIED, done),
            (4, DeadLetterState.APPLIED, done),
        ]
        assert letters[0].message == "ValueError: no place for 'poison'"
        assert letters[0].repair is not None
        assert before <= letters[0].repair.at <= datetime.now(UTC)

    async def test_in_vain_is_recorded_too(
        self, store: EventStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        """The letter stays open, and tells who tried last; log lines tell who did before."""
        trails = make_trails(policy=FailurePolicy.PARK)
        caplog.set_level(logging.INFO, logger="eventdocs.projections")

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await runner.retry(trails.name, by="ada")
            left = await runner.retry(trails.name, by="bob", reason="who knows")

        assert repairs(left) == [
            (2, DeadLetterState.FAILED, (RepairAction.RETRY, "bob", "who knows")),
            (4, DeadLetterState.WAITING, None),
        ]
        assert [each.attempts for each in left] == [3, 0]
        lines = [each for each in caplog.records if each.message.endswith("event_failed_again")]
        assert [vars(each)["by"] for each in lines] == ["ada", "bob"]

    async def test_of_what_a_projection_stands_before_is_recorded(self, store: EventStore) -> None:
        """Where the policy is to stop, as where it is to park."""
        trails = make_trails()

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            left = await runner.retry(trails.name, by="ada")
            mend(trails)
            await runner.retry(trails.name, by="bob", reason="mended")
            letters = await all_letters(runner, trails)

        assert repairs(left) == [(2, DeadLetterState.FAILED, (RepairAction.RETRY, "ada", None))]
        assert repairs(letters) == [
            (2, DeadLetterState.APPLIED, (RepairAction.RETRY, "bob", "mended"))
        ]

    async def test_sits_out_a_busy_database(self, store: EventStore) -> None:
        """What passes by itself is no failure of the event, and no further attempt."""
        trails = make_trails(policy=FailurePolicy.PARK)
        busy = [StoreBusyError("here", "somebody else writes")]

        class Sieve(frozenset[str]):
            """Refuses nothing, but meets a busy database once."""

            def __contains__(self, text: object) -> bool:
                if busy:
                    raise busy.pop()
                return False

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            trails.refuses = Sieve()
            left = await runner.retry(trails.name)
            letters = await all_letters(runner, trails)

        assert left == []
        assert busy == []
        assert [each.attempts for each in letters] == [1, 0]
        assert await read_trails(store, trails) == fold(POISONED)

    async def test_that_nobody_asked_for_names_nobody(self, store: EventStore) -> None:
        """A projection that tries again by itself is not a repair."""
        trails = make_trails()

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            mend(trails)
            await runner.catch_up()
            letters = await all_letters(runner, trails)

        assert repairs(letters) == [(2, DeadLetterState.APPLIED, None)]


class TestWho:
    async def test_is_the_actor_of_the_surrounding_block(self, store: EventStore) -> None:
        """A host that says who acts need not say it again."""
        trails = make_trails(policy=FailurePolicy.PARK)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            with correlate(actor="clerk"):
                await runner.skip(trails.name, 2)
            first, second = await all_letters(runner, trails)

        assert repairs([first]) == [
            (2, DeadLetterState.SKIPPED, (RepairAction.SKIP, "clerk", None))
        ]
        assert second.repair is not None
        assert second.repair.by == "clerk"

    async def test_and_why_may_be_any_text(self, store: EventStore) -> None:
        """What no database stores is replaced, what is too long is cut."""
        trails = make_trails(policy=FailurePolicy.PARK)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await runner.skip(trails.name, 2, by="a\0\ud800", reason="long " * 1_000)
            letter = (await all_letters(runner, trails))[0]

        assert letter.repair is not None
        assert letter.repair.by == "a\N{REPLACEMENT CHARACTER}?"
        assert len(letter.repair.reason or "") == 2_000


class TestResolve:
    async def test_closes_the_letter_and_applies_only_what_waited(self, store: EventStore) -> None:
        """The event's effect was made by hand; what waited behind it follows it."""
        trails = make_trails(policy=FailurePolicy.PARK)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await add_by_hand(store, trails, "a", "poison")
            left = await runner.resolve(trails.name, 2, by="ada", reason="added the row")
            letters = await all_letters(runner, trails)
            (status,) = await runner.status()

        assert left == []
        assert repairs(letters) == [
            (2, DeadLetterState.RESOLVED, (RepairAction.RESOLVE, "ada", "added the row")),
            (4, DeadLetterState.APPLIED, (RepairAction.RETRY, "ada", "added the row")),
        ]
        assert letters[0].resolution == "mended by hand"
        assert await read_trails(store, trails) == fold(POISONED)
        assert (status.state, status.dead_letters) == (ProjectionState.RUNNING, 0)

    async def test_lets_a_stopped_projection_go_on(self, store: EventStore) -> None:
        """It goes on behind the event."""
        trails = make_trails()

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            await runner.resolve(trails.name, 2)
            await runner.catch_up()
            with pytest.raises(UnknownDeadLetterError):
                await runner.resolve(trails.name, 2)

        assert await read_trails(store, trails) == fold(WITHOUT_POISON)

    async def test_is_verified_once_a_handler_can_do_it_as_well(self, store: EventStore) -> None:
        """Until then the rows made by hand are a difference, as they are not in the log."""
        trails = make_trails(policy=FailurePolicy.PARK)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await add_by_hand(store, trails, "a", "poison")
            await runner.resolve(trails.name, 2)
            before = await runner.verify(trails.name)
            mend(trails)
            after = await runner.verify(trails.name)

        assert not before.is_equal
        assert after.is_equal


class TestARebuild:
    async def test_keeps_the_history_of_repairs(self, store: EventStore) -> None:
        """What it could apply is on record as applied, with what had been done about it."""
        trails = make_trails(policy=FailurePolicy.PARK)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await runner.skip(trails.name, 2, by="ada", reason="for now")
            mend(trails)
            await runner.rebuild(trails.name)
            letters = await all_letters(runner, trails)
            report = await runner.verify(trails.name)

        assert repairs(letters) == [
            (2, DeadLetterState.APPLIED, (RepairAction.SKIP, "ada", "for now")),
            (4, DeadLetterState.APPLIED, (RepairAction.RETRY, "ada", "for now")),
        ]
        assert [each.resolution for each in letters] == ["applied by a rebuild", "applied on retry"]
        assert report.is_equal
        assert await read_trails(store, trails) == fold(POISONED)

    async def test_skips_again_what_it_cannot_apply_either(self, store: EventStore) -> None:
        """Who skipped it first stays on record."""
        trails = make_trails()

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            await runner.skip(trails.name, 2, by="ada")
            await runner.catch_up()
            await runner.rebuild(trails.name)
            letters = await all_letters(runner, trails)

        assert repairs(letters) == [(2, DeadLetterState.SKIPPED, (RepairAction.SKIP, "ada", None))]
        assert (letters[0].attempts, letters[0].resolution) == (2, "skipped on purpose")

    async def test_asks_anew_for_what_was_made_by_hand(self, store: EventStore) -> None:
        """The new tables lack it: the event is open again, even where the policy is to stop."""
        trails = make_trails()

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            await runner.resolve(trails.name, 2, by="ada")
            await runner.catch_up()
            await runner.rebuild(trails.name)
            letters = await all_letters(runner, trails)
            (status,) = await runner.status()

        assert repairs(letters) == [
            (2, DeadLetterState.FAILED, (RepairAction.RESOLVE, "ada", None)),
            (4, DeadLetterState.WAITING, None),
        ]
        assert status.state is ProjectionState.PARKED

    async def test_closes_what_was_open(self, store: EventStore) -> None:
        """What had failed stays on record; what had only waited is forgotten."""
        trails = make_trails(policy=FailurePolicy.PARK)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            mend(trails)
            await runner.rebuild(trails.name)
            letters = await all_letters(runner, trails)
            (status,) = await runner.status()

        assert repairs(letters) == [(2, DeadLetterState.APPLIED, None)]
        assert (status.state, status.dead_letters) == (ProjectionState.RUNNING, 0)


class TestADeadLetter:
    async def test_holds_all_that_is_known_of_the_failure(self, store: EventStore) -> None:
        """The event, the error's type and words, where it was raised, how often, for whom."""
        trails = make_trails(policy=FailurePolicy.PARK)
        event = NewEvent(data=Noted(text="poison"), correlation_id="request-7")
        before = datetime.now(UTC)
        appended = await store.append("c", [event])

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await runner.retry(trails.name)
            letter = (await runner.dead_letters(trails.name))[-1]

        assert (
            letter.projection,
            letter.sequence,
            letter.event_id,
            letter.stream,
            letter.type,
        ) == (
            trails.name,
            appended.sequence,
            event.id,
            "c",
            "Noted",
        )
        assert letter.error_type == "builtins.ValueError"
        assert letter.message == "ValueError: no place for 'poison'"
        assert letter.attempts == 2
        assert letter.correlation_id == "request-7"
        assert before <= letter.recorded_at <= datetime.now(UTC)
        assert "in _add" in (letter.traceback or "")

    async def test_shortens_a_long_way_in_its_middle(self, store: EventStore) -> None:
        """How it began and where it was raised is kept."""

        class Deep(Projector):
            name = "deep"
            version = 1
            on_failure = FailurePolicy.SKIP

            @handles(Noted)
            async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
                """Fail far down."""
                dig(400)

        def dig(deep: int) -> None:
            # Two that call each other: what calls itself is told in one line already.
            dig_on(deep)

        def dig_on(deep: int) -> None:
            if deep:
                dig(deep - 1)
            raise RuntimeError("at the bottom")

        async with ProjectionRunner(store, [Deep()]) as runner:
            await runner.catch_up()
            letter = (await runner.dead_letters("deep", states=[DeadLetterState.SKIPPED]))[0]

        lines = (letter.traceback or "").splitlines()
        assert any("in note" in line for line in lines)
        assert "more frames" in "".join(lines)
        assert 'raise RuntimeError("at the bottom")' in lines[-2] + lines[-1]
        assert len(lines) < 150
