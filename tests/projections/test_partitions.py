"""Partitions: parts that are moved on their own, and together are what a serial one would be."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from types import SimpleNamespace
from typing import Any, cast

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import EventStore, RecordedEvent, open_store
from eventdocs.errors import (
    ProjectionStoppedError,
    ProjectionTimeoutError,
    ProjectorDefinitionError,
    RebuildFailedError,
    StaleProjectionError,
    StoreRewoundError,
    UnknownDeadLetterError,
)
from eventdocs.projections import (
    FailurePolicy,
    ProjectionRunner,
    ProjectionState,
    _division,
    handles,
)
from eventdocs.projections._batch import bind, plan
from eventdocs.projections._ordering_key import key_function
from eventdocs.projections._partitions import Partition, home_of, partition_named, partitions_of
from eventdocs.projections._tables import projections
from eventdocs.store import Selection
from tests.projections.divided import divided, places, streams_of
from tests.projections.keyed_trails import across, make_keyed_trails
from tests.projections.keyed_trails import fold as fold_keys
from tests.projections.keyed_trails import read as read_keys
from tests.projections.trails import (
    EVENTS,
    Marked,
    Noted,
    Passed,
    Trails,
    append_all,
    fold,
    make_trails,
    read_trails,
    some_history,
)

History = Sequence[tuple[str, object]]


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


def with_side_effects(trails: Trails, sent: list[str]) -> Trails:
    """Make a projector like this one that also does what can be done only once."""

    @handles(Passed, side_effects=True)
    async def send(_: Trails, event: RecordedEvent[Passed], tx: AsyncConnection) -> None:
        sent.append(event.data.text)

    sending: Trails = type("Sending", (type(trails),), {"send": send})()
    return sending


def in_two(*, policy: FailurePolicy = FailurePolicy.STOP) -> tuple[Trails, str, str]:
    """Make a projector with two partitions, and name a stream of each."""
    trails = divided(make_trails(policy=policy), 2)
    (first,), (second,) = (streams_of(trails, number, 1) for number in (1, 2))
    return trails, first, second


async def leave_first_behind(store: EventStore, trails: Trails, first: str, second: str) -> History:
    """Stop the first partition before its second event, while the second goes on to the end."""
    history = [
        (first, Noted(text="1")),
        (second, Noted(text="2")),
        (first, Noted(text="poison")),
        (second, Noted(text="4")),
        (first, Noted(text="5")),
        (second, Noted(text="6")),
    ]
    await append_all(store, history)
    async with ProjectionRunner(store, [trails]) as runner:
        with pytest.raises(ProjectionStoppedError):
            await runner.catch_up()
    return history


class TestPartition:
    @given(st.text(min_size=1), st.integers(1, 9))
    def test_is_one_for_each_key(self, key: str, count: int) -> None:
        """A key belongs to exactly one of the partitions, however many there are."""
        parts = [
            Partition(projection="p", number=number, count=count) for number in range(1, count + 1)
        ]

        assert sum(part.includes(key) for part in parts) == 1

    def test_is_the_same_in_every_process(self) -> None:
        """Where a key belongs is settled for ever: a change would repeat and lose events."""
        trails = divided(make_trails(), 7)

        homes = [home_of(f"document-{n}", trails).number for n in range(8)]

        assert homes == [5, 6, 2, 6, 4, 1, 6, 4]

    def test_spreads_keys_evenly(self) -> None:
        """No partition has much more to do than another."""
        trails = divided(make_trails(), 8)

        homes = [home_of(f"document-{n}", trails).number for n in range(1_000)]

        assert {homes.count(number) for number in range(1, 9)} <= set(range(100, 151))

    @pytest.mark.parametrize("count", [1, 2, 12])
    def test_is_known_by_its_name(self, count: int) -> None:
        """What the bookkeeping calls a partition names it wholly."""
        for part in partitions_of(divided(make_trails(), count)):
            assert partition_named(part.name) == part

    @pytest.mark.parametrize("count", [0, -1, 1.0, True, "2", 1_001])
    def test_is_refused_if_there_is_no_such_number(self, count: Any) -> None:
        """A projector that says nonsense is refused where it is defined."""
        with pytest.raises(ProjectorDefinitionError, match="partitions must be a number from 1"):
            divided(make_trails(), count)


class TestCatchingUp:
    async def test_gives_what_a_serial_projection_gives(self, store: EventStore) -> None:
        """Each event takes effect once, in the order of its stream, and all partitions arrive."""
        trails = divided(make_trails(), 3)
        history = some_history(40)
        last = await append_all(store, history)

        async with ProjectionRunner(store, [trails], batch_size=7) as runner:
            await runner.catch_up()
            (status,) = await runner.status()

        assert await read_trails(store, trails) == fold(history)
        names = [f"{trails.name}#{number}/3" for number in (1, 2, 3)]
        assert await places(store, trails) == dict.fromkeys(names, last.sequence)
        assert (status.sequence, status.lag, status.state) == (
            last.sequence,
            0,
            ProjectionState.RUNNING,
        )
        assert [each.number for each in status.partitions] == [1, 2, 3]

    async def test_does_not_decode_what_is_others(self, store: EventStore) -> None:
        """A partition passes over the others' events without reading what is in them."""
        trails, first, second = in_two()
        await store.append(first, [Noted(text="a")])
        (mine,) = (await store.read_page(Selection(), limit=1)).events
        # Of this one, nothing can be known but what the log says of it.
        sealed = cast("RecordedEvent[Any]", SimpleNamespace(types=("Noted",), stream=second))

        steps = plan(
            [mine, sealed],
            bind(trails),
            key_function(trails),
            counts=lambda key, _: partitions_of(trails)[0].includes(key),
        )

        assert [(key, error) for _, key, _, _, error in steps] == [(first, None)]

    async def test_leaves_one_that_stands_still_alone(self, store: EventStore) -> None:
        """Where one partition cannot go on, the others do, and status tells them apart."""
        trails, first, second = in_two()
        history = await leave_first_behind(store, trails, first, second)

        async with ProjectionRunner(store, [trails]) as runner:
            (status,) = await runner.status()
            one, two = status.partitions

        assert (status.sequence, status.state, status.dead_letters) == (
            one.sequence,
            ProjectionState.STOPPED,
            1,
        )
        assert status.error is not None
        assert "poison" in status.error
        assert (one.state, one.dead_letters) == (ProjectionState.STOPPED, 1)
        assert (two.state, two.dead_letters, two.lag) == (ProjectionState.RUNNING, 0, 0)
        assert one.lag == status.lag > 0
        assert (await read_trails(store, trails))[second] == fold(history)[second]

    async def test_goes_on_where_each_partition_was(self, store: EventStore) -> None:
        """Once its handler is mended, the one behind applies what the others have passed."""
        trails, first, second = in_two()
        history = await leave_first_behind(store, trails, first, second)

        trails.refuses = frozenset()
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()

        assert await read_trails(store, trails) == fold(history)

    async def test_knows_when_each_partition_was_left_behind(self, store: EventStore) -> None:
        """A partition whose event the log has lost is refused, though another's is there."""
        trails, first, second = in_two()
        await append_all(store, [(first, Noted(text="1")), (second, Noted(text="2"))])
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            async with store.begin() as tx:
                await tx.execute(
                    update(projections)
                    .where(projections.c.name == f"{trails.name}#2/2")
                    .values(sequence=projections.c.sequence + 7)
                )

            with pytest.raises(StoreRewoundError):
                await runner.catch_up()
            (status,) = await runner.status()

        assert status.state is ProjectionState.REWOUND


class TestDependencies:
    async def test_hold_behind_the_last_partition(self, store: EventStore) -> None:
        """What depends on a divided projection goes no further than its last partition."""
        trails, first, second = in_two()
        await leave_first_behind(store, trails, first, second)
        base = make_trails()
        behind = type("Behind", (type(base),), {"depends_on": (type(trails),)})()

        async with ProjectionRunner(store, [behind, trails]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            (ahead, after) = await runner.status()

        assert after.sequence == ahead.sequence < ahead.head
        assert set(await read_trails(store, behind)) == {first, second}

    async def test_hold_each_partition_of_a_divided_one(self, store: EventStore) -> None:
        """No partition goes further than what the projection depends on."""
        ahead = make_trails()
        base = divided(make_trails(), 3)
        behind = type("Behind", (type(base),), {"depends_on": (type(ahead),)})()
        await append_all(store, [*some_history(5), ("s", Noted(text="poison"))])
        await append_all(store, some_history(5))
        behind.refuses = frozenset()

        async with ProjectionRunner(store, [behind, ahead]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            first, _ = await runner.status()

        assert set((await places(store, behind)).values()) == {first.sequence}


class TestWaiting:
    async def test_is_for_the_event_s_own_partition(self, store: EventStore) -> None:
        """Whoever waits for an event is not kept by a partition that it does not belong to."""
        trails, first, second = in_two()
        await leave_first_behind(store, trails, first, second)
        mine = await store.append(second, [Noted(text="mine")])
        other = await store.append(first, [Noted(text="other")])

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            await runner.wait_for(mine, trails.name)
            with pytest.raises(ProjectionStoppedError):
                await runner.wait_for(other, trails.name)

    async def test_heeds_the_keys_that_a_projector_names(self, store: EventStore) -> None:
        """Where keys are not streams, the event itself tells its partition."""
        keyed = divided(make_keyed_trails("waited-keys", across), 4)
        appended = await store.append(
            "s", [Noted(text="a.1"), Noted(text="b.2"), Passed(text="c.3")]
        )

        async with ProjectionRunner(store, [keyed]) as runner:
            with pytest.raises(ProjectionTimeoutError):
                await runner.wait_for(appended, keyed.name, timeout=0.05)
            await runner.catch_up()
            await runner.wait_for(appended, keyed.name)

        assert await read_keys(store, keyed) == fold_keys([("s", "a.1"), ("s", "b.2")])


class TestDeadLetters:
    async def test_wait_in_their_partition_and_are_replayed_there(self, store: EventStore) -> None:
        """What a failure sets aside is listed for the projection, and mended as ever."""
        trails, first, second = in_two(policy=FailurePolicy.PARK)
        history = [
            (first, Noted(text="poison")),
            (second, Noted(text="poison")),
            (first, Noted(text="3")),
            (second, Noted(text="4")),
        ]
        await append_all(store, history)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            letters = await runner.dead_letters(trails.name)
            trails.refuses = frozenset()
            left = await runner.retry(trails.name, letters[0].sequence, by="ann")
            nothing = await runner.retry(trails.name)
            (status,) = await runner.status()
            with pytest.raises(UnknownDeadLetterError):
                await runner.skip(trails.name, letters[0].sequence)

        assert [(each.projection, each.partition, each.stream) for each in letters] == [
            (trails.name, 1, first),
            (trails.name, 2, second),
            (trails.name, 1, first),
            (trails.name, 2, second),
        ]
        assert {each.stream for each in left} == {second}
        assert nothing == []
        assert status.state is ProjectionState.RUNNING
        assert await read_trails(store, trails) == fold(history)


class TestRebuilding:
    async def test_brings_all_partitions_to_one_place(self, store: EventStore) -> None:
        """The fresh tables hold everything up to the furthest partition, and all go on there."""
        trails, first, second = in_two()
        history = await leave_first_behind(store, trails, first, second)
        trails.refuses = frozenset()

        async with ProjectionRunner(store, [trails]) as runner:
            reached = await runner.rebuild(trails.name)
            assert set((await places(store, trails)).values()) == {reached}
            later = [(first, Noted(text="7")), (second, Marked(text="8"))]
            await append_all(store, later)
            await runner.catch_up()
            report = await runner.verify(trails.name)
            (status,) = await runner.status()

        assert await read_trails(store, trails) == fold([*history, *later])
        assert report.is_equal
        assert status.state is ProjectionState.RUNNING

    async def test_keeps_what_is_parked_where_it_belongs(self, store: EventStore) -> None:
        """After a rebuild that meets the same failure, its partition alone is not well."""
        trails, first, second = in_two(policy=FailurePolicy.PARK)
        await append_all(store, [(first, Noted(text="poison")), (second, Noted(text="2"))])

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await runner.rebuild(trails.name)
            (status,) = await runner.status()
            (letter,) = await runner.dead_letters(trails.name)

        assert [each.state for each in status.partitions] == [
            ProjectionState.PARKED,
            ProjectionState.RUNNING,
        ]
        assert (letter.partition, letter.attempts) == (1, 2)

    async def test_repeats_no_side_effect_and_leaves_none_out(self, store: EventStore) -> None:
        """With side effects, each partition is rebuilt as far as it has come itself."""
        trails, first, second = in_two()
        sent: list[str] = []
        sending = with_side_effects(trails, sent)
        history = await leave_first_behind(store, sending, first, second)
        await append_all(store, [(first, Passed(text="a")), (second, Passed(text="b"))])
        async with ProjectionRunner(store, [sending]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            assert sent == ["b"]
            before = await places(store, sending)

            # The failed event is one that the live partition has not applied.
            await runner.rebuild(sending.name)
            after = await places(store, sending)
            sending.refuses = frozenset()
            await runner.catch_up()
            report = await runner.verify(sending.name)

        assert after == before
        assert sorted(sent) == ["a", "b"]
        assert await read_trails(store, sending) == fold(history)
        assert report.is_equal


class TestVerifying:
    async def test_counts_what_each_partition_has_applied(self, store: EventStore) -> None:
        """Partitions at different places are compared with what each has applied, and no more."""
        trails, first, second = in_two()
        await leave_first_behind(store, trails, first, second)
        trails.refuses = frozenset()

        async with ProjectionRunner(store, [trails]) as runner:
            well = await runner.verify(trails.name)
            async with store.begin() as tx:
                await tx.execute(
                    update(trails.table).where(trails.table.c.stream == second).values(n=9)
                )
            ill = await runner.verify(trails.name)

        assert well.is_equal
        assert well.rows == 2
        assert not ill.is_equal


class TestDividingAnew:
    @pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (2, 5), (5, 2)])
    async def test_is_done_at_once_where_all_stand_at_one_place(
        self, store: EventStore, before: int, after: int
    ) -> None:
        """Another number of partitions goes on where the former ones were, dead letters too."""
        trails = divided(make_trails(policy=FailurePolicy.PARK), before)
        history = [*some_history(9), ("p", Noted(text="poison")), ("p", Noted(text="more"))]
        await append_all(store, history)
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            letters = await runner.dead_letters(trails.name)

        other = divided(trails, after)
        other.refuses = frozenset()
        later = some_history(9)
        await append_all(store, later)
        async with ProjectionRunner(store, [other]) as runner:
            moved = await runner.dead_letters(other.name)
            (check,) = await runner.check()
            await runner.catch_up()
            left = await runner.retry(other.name)
            report = await runner.verify(other.name)

        assert [each.sequence for each in moved] == [each.sequence for each in letters]
        assert check.is_current
        assert left == []
        assert report.is_equal
        assert await read_trails(store, other) == fold([*history, *later])
        assert len(await places(store, other)) == after

    async def test_takes_the_former_partitions_away_from_their_runner(
        self, store: EventStore
    ) -> None:
        """A process that still has the former code applies nothing any more, and says why."""
        former = make_trails()
        await append_all(store, some_history(6))
        async with ProjectionRunner(store, [former]) as old:
            await old.catch_up()
            async with ProjectionRunner(store, [divided(former, 3)]) as new:
                later = await append_all(store, some_history(6))
                with pytest.raises(StaleProjectionError):
                    await old.catch_up()
                (status,) = await old.status()
                await new.catch_up()

        assert status.state is ProjectionState.STALE
        assert status.error is not None
        assert "divided into 3, and the code says partitions = 1" in status.error
        assert (await read_trails(store, former)) == fold([*some_history(6)] * 2)
        assert set((await places(store, former)).values()) == {later.sequence}

    async def test_is_refused_where_they_stand_at_different_places(self, store: EventStore) -> None:
        """It says what to do; a rebuild does it, and nothing happens before."""
        trails, first, second = in_two()
        history = await leave_first_behind(store, trails, first, second)
        before = await places(store, trails)

        other = divided(trails, 3)
        other.refuses = frozenset()
        async with ProjectionRunner(store, [other]) as runner:
            with pytest.raises(StaleProjectionError, match="the former code catches up") as caught:
                await runner.catch_up()
            assert await places(store, trails) == before
            await runner.rebuild(other.name)
            await runner.catch_up()

        assert "different places, from" in str(caught.value)
        assert await read_trails(store, other) == fold(history)
        assert len(await places(store, other)) == 3

    async def test_with_side_effects_is_not_done_by_a_rebuild(self, store: EventStore) -> None:
        """Which of them have happened, no place could tell: the former code has to catch up."""
        trails, first, second = in_two()
        sending = with_side_effects(trails, [])
        await leave_first_behind(store, sending, first, second)

        async with ProjectionRunner(store, [divided(sending, 3)]) as runner:
            with pytest.raises(RebuildFailedError, match="let the former code catch up"):
                await runner.rebuild(trails.name)

    async def test_is_needed_when_the_ordering_key_changes(self, store: EventStore) -> None:
        """Another key spreads events in another way, which is as another number."""
        trails, first, second = in_two()

        def by_text_of(_: Trails, event: RecordedEvent[Any]) -> str:
            return str(event.data.text)

        changed = {"ordering_key": by_text_of}
        by_text: Trails = type("ByText", (type(trails),), changed)()
        history = await leave_first_behind(store, trails, first, second)
        by_text.refuses = frozenset()
        async with ProjectionRunner(store, [by_text]) as runner:
            with pytest.raises(StaleProjectionError, match="ordering_key"):
                await runner.catch_up()
        trails.refuses = frozenset()
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            async with ProjectionRunner(store, [by_text]) as other:
                # All stand at one place now; who has the former key is kept out.
                await append_all(store, [("s", Noted(text="7"))])
                with pytest.raises(StaleProjectionError, match="ordering_key"):
                    await runner.catch_up()
                await other.catch_up()

        assert await read_trails(store, by_text) == fold([*history, ("s", Noted(text="7"))])


@attrs.frozen(kw_only=True)
class _Work:
    """Appends, then perhaps a change of the number of partitions, then catching up."""

    history: History
    partitions: int
    batch_size: int


def _event(stream: int, kind: Callable[..., object], text: str) -> tuple[str, object]:
    return f"s{stream}", kind(text=text)


_kinds: list[Callable[..., object]] = [Noted, Noted, Marked, Passed]
_events = st.builds(
    _event,
    st.integers(0, 5),
    st.sampled_from(_kinds),
    st.sampled_from(["a.1", "b.2", "c.3", "d.4", "e.5"]),
)
_works = st.lists(
    st.builds(
        _Work,
        history=st.lists(_events, max_size=12),
        partitions=st.integers(1, 6),
        batch_size=st.integers(1, 9),
    ),
    min_size=1,
    max_size=4,
)


async def check_works(store: EventStore, works: Sequence[_Work]) -> None:
    """Do the work with partitions, and compare with plain Python."""
    trails, keyed = make_trails(), make_keyed_trails(f"keyed-{id(works)}", across)
    history: list[tuple[str, object]] = []
    for work in works:
        history += work.history
        await append_all(store, work.history)
        own = [divided(trails, work.partitions), divided(keyed, work.partitions)]
        async with ProjectionRunner(store, own, batch_size=work.batch_size) as runner:
            await runner.catch_up()
    placed = [(s, each.text) for s, each in history if isinstance(each, Noted | Marked)]
    assert await read_trails(store, trails) == fold(history)
    # Across streams, the order of a key is that of the log.
    assert await read_keys(store, keyed) == fold_keys(placed)


class TestAnyDivision:
    @given(works=_works)
    @settings(max_examples=5, deadline=None)
    async def test_equals_the_serial_projection_on_sqlite(
        self, works: list[_Work], tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        """Whatever happens in whatever portions, the rows are those of a plain fold."""
        path = tmp_path_factory.mktemp("divided") / "library.db"
        async with open_store(f"sqlite:///{path}", events=EVENTS) as store:
            await check_works(store, works)

    async def test_equals_the_serial_projection_on_postgres(self, postgres_url: str) -> None:
        """As on SQLite: the partitions write beside one another here."""
        histories = [some_history(9), [*some_history(7), ("t", Noted(text="b.2"))]]
        works = [
            _Work(history=history, partitions=partitions, batch_size=4)
            for history in histories
            for partitions in (3, 1, 4)
        ]
        async with open_store(postgres_url, events=EVENTS) as store:
            await check_works(store, works)


def _yes(*_: object) -> bool:
    return True


class TestWhatWouldGoWrong:
    """Planted faults, each of which the tests above have to notice."""

    async def test_if_partitions_overlapped(
        self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Events that belong to two partitions take effect twice."""
        monkeypatch.setattr(Partition, "includes", _yes)

        async with open_store(sqlite_url, events=EVENTS) as store:
            with pytest.raises(AssertionError):
                await check_works(
                    store, [_Work(history=some_history(6), partitions=2, batch_size=4)]
                )

    async def test_if_any_places_could_be_divided(
        self, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """What the one ahead has applied is applied again, or what the one behind has not is lost."""
        monkeypatch.setattr(_division, "is_level", _yes)
        trails, first, second = in_two()

        async with open_store(sqlite_url, events=EVENTS) as store:
            history = await leave_first_behind(store, trails, first, second)
            other = divided(trails, 3)
            other.refuses = frozenset()
            async with ProjectionRunner(store, [other]) as runner:
                await runner.catch_up()

            assert await read_trails(store, other) != fold(history)
