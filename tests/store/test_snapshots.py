"""Snapshots: they save time and change nothing, whatever happens to them."""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, text, update

from eventdocs import event, open_store
from eventdocs.store import Decider, EventStore, Snapshots, snapshot_metadata

STREAM = "meter-1"
TABLE = snapshot_metadata.tables["eventdocs_snapshots"]


@event("Metered")
@attrs.frozen
class Metered:
    amount: int


@attrs.frozen
class Total:
    amount: int = 0
    readings: int = 0
    largest: int | None = None


def decide(state: Total, amounts: Sequence[int]) -> Sequence[object]:
    return [Metered(each) for each in amounts]


def evolve(state: Total, happened: Metered) -> Total:
    return Total(
        amount=state.amount + happened.amount,
        readings=state.readings + 1,
        largest=max(happened.amount, happened.amount if state.largest is None else state.largest),
    )


def total_of(amounts: Sequence[int]) -> Total:
    """Say what a meter's state is, without folding."""
    return Total(sum(amounts), len(amounts), max(amounts, default=None))


METER: Decider[Sequence[int], Total] = Decider(initial=Total(), decide=decide, evolve=evolve)


def kept(every: int, *, version: int = 1, name: str = "meter") -> Decider[Sequence[int], Total]:
    policy = Snapshots(name=name, state=Total, every=every, version=version)
    return attrs.evolve(METER, snapshots=policy)


def counted(
    decider: Decider[Sequence[int], Total],
) -> tuple[Decider[Sequence[int], Total], list[Metered]]:
    """Make the same decider, and a list of the events that it evolves by."""
    seen: list[Metered] = []

    def counting(state: Total, happened: Metered) -> Total:
        seen.append(happened)
        return evolve(state, happened)

    return attrs.evolve(decider, evolve=counting), seen


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=[Metered]) as opened:
        yield opened


async def rows(store: EventStore) -> list[tuple[str, str, int, int]]:
    """List the snapshots that are kept."""
    columns = TABLE.c.stream, TABLE.c.name, TABLE.c.schema_version, TABLE.c.version
    async with store.connect() as connection:
        found = await connection.execute(select(*columns).order_by(*columns))
    return [(row[0], row[1], row[2], row[3]) for row in found]


class TestTaking:
    async def test_one_is_taken_whenever_so_many_events_were_decided(
        self, store: EventStore
    ) -> None:
        """It stands for the whole stream, and replaces the one before."""
        meter = kept(3)
        taken: list[list[int]] = []
        for amounts in ([1, 2], [3], [4], [5, 6, 7], [8]):
            await store.decide(STREAM, meter, amounts)
            taken.append([version for _, _, _, version in await rows(store)])

        assert taken == [[], [3], [3], [7], [7]]

    async def test_none_is_taken_without_a_policy(self, store: EventStore) -> None:
        """Snapshots are never required."""
        await store.decide(STREAM, METER, range(500))

        assert await rows(store) == []

    async def test_a_fold_begins_with_it(self, store: EventStore) -> None:
        """Only what stands behind it is folded, by decisions and by queries."""
        meter, seen = counted(kept(100))
        await store.decide(STREAM, meter, range(100))
        await store.append(STREAM, [Metered(7)])
        seen.clear()

        folded = await store.fold(STREAM, meter)
        decided = await store.decide(STREAM, meter, [8])

        assert seen == [Metered(7), Metered(7), Metered(8)]
        assert folded.state == total_of([*range(100), 7])
        assert (decided.state, decided.version) == (total_of([*range(100), 7, 8]), 102)

    async def test_a_long_stream_gets_one_with_the_next_decision(self, store: EventStore) -> None:
        """Also when it was written by others, or before there was a policy."""
        await store.append(STREAM, [Metered(each) for each in range(50)])

        await store.decide(STREAM, kept(20), [1])

        assert await rows(store) == [(STREAM, "meter", 1, 51)]

    async def test_deciders_of_one_stream_keep_their_own(self, store: EventStore) -> None:
        """Their names tell their states apart."""
        await store.decide(STREAM, kept(2, name="one"), [1, 2])
        await store.decide(STREAM, kept(2, name="two"), [3, 4])

        assert await rows(store) == [(STREAM, "one", 1, 2), (STREAM, "two", 1, 4)]

    @pytest.mark.parametrize(
        "wrong", [{"every": 0}, {"version": 0}, {"name": ""}, {"name": "x" * 256}, {"name": "a\0"}]
    )
    def test_a_policy_that_cannot_work_is_refused(self, wrong: dict[str, Any]) -> None:
        """When it is made, not when the first snapshot is due."""
        arguments: dict[str, Any] = {"name": "meter", "state": Total, **wrong}

        with pytest.raises(ValueError, match=r"'every' must|'version' must|name"):
            Snapshots(**arguments)


class TestASnapshotThatCannotBeTaken:
    @pytest.fixture(autouse=True)
    def _log(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.WARNING, "eventdocs.store")

    async def test_does_not_keep_events_from_being_recorded(
        self, store: EventStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        """What was decided stands; that there is no snapshot is told to the log."""
        async with store.begin() as tx:
            await tx.execute(text("DROP TABLE eventdocs_snapshots"))

        decided = await store.decide(STREAM, kept(1), [1, 2])

        assert decided.state == total_of([1, 2])
        assert await store.stream_version(STREAM) == 2
        assert [each.message for each in caplog.records] == [
            "eventdocs.snapshot.ignored",
            "eventdocs.snapshot.not_taken",
        ]

    @pytest.mark.parametrize(
        ("initial", "state", "reason"),
        [
            (math.nan, float, "state: nan is not a JSON number"),
            ("a\0", str, "state: text holds U+0000"),
            (b"no text", str, "it is another str when it is read again"),
            ({"a": {1: 2}}, dict, "state.a.1: the key 1 is not text"),
        ],
        ids=["nan", "zero", "another type", "keys"],
    )
    async def test_because_its_state_would_not_survive_is_not_kept(
        self,
        store: EventStore,
        caplog: pytest.LogCaptureFixture,
        initial: Any,
        state: type[Any],
        reason: str,
    ) -> None:
        """The codec's refusals hold for states too."""
        odd: Decider[int, Any] = Decider(
            initial=initial,
            decide=lambda _, amount: [Metered(amount)],
            evolve=lambda state, _: state,
            snapshots=Snapshots(name="odd", state=state, every=1),
        )

        decided = await store.decide(STREAM, odd, 1)

        assert decided.version == 1
        assert await rows(store) == []
        (record,) = caplog.records
        assert record.message == "eventdocs.snapshot.not_taken"
        assert vars(record)["reason"] == reason


class TestASnapshotThatCannotBeUsed:
    async def test_because_its_version_is_another_is_passed_over(self, store: EventStore) -> None:
        """Old and new code run side by side; what the old one left is removed by the new one."""
        await store.decide(STREAM, kept(2), [1, 2])

        newer, seen = counted(kept(2, version=2))
        first = await store.decide(STREAM, newer, [3])
        after_newer = await rows(store)
        second = await store.decide(STREAM, kept(2), [4])

        assert seen == [Metered(1), Metered(2), Metered(3)]
        assert after_newer == [(STREAM, "meter", 2, 3)]
        assert (first.state, second.state) == (total_of([1, 2, 3]), total_of([1, 2, 3, 4]))
        assert await rows(store) == [(STREAM, "meter", 1, 4), (STREAM, "meter", 2, 3)]

    async def test_because_its_class_has_changed_is_passed_over(self, store: EventStore) -> None:
        """Even if nobody raised the version."""

        @attrs.frozen
        class Sum:
            sum: int = 0

        await store.decide(STREAM, kept(1), [1, 2])
        other: Decider[int, Sum] = Decider(
            initial=Sum(),
            decide=lambda _, amount: [Metered(amount)],
            evolve=lambda state, happened: Sum(state.sum + happened.amount),
            snapshots=Snapshots(name="meter", state=Sum),
        )

        assert (await store.fold(STREAM, other)).state == Sum(3)

    async def test_because_the_log_was_restored_is_passed_over(self, store: EventStore) -> None:
        """Beyond the stream's end, and when the stream has grown another way since."""
        await store.decide(STREAM, kept(4), [1, 2, 3, 4])
        async with store.begin() as tx:
            for statement in (
                "DELETE FROM eventdocs_events WHERE version > 2",
                "UPDATE eventdocs_streams SET version = 2",
            ):
                await tx.execute(text(statement))

        shorter = await store.fold(STREAM, kept(4))
        await store.append(STREAM, [Metered(5), Metered(6), Metered(7)])
        longer = await store.fold(STREAM, kept(4))
        await store.decide(STREAM, kept(4), [8])
        healed, seen = counted(kept(4))
        again = await store.fold(STREAM, healed)

        assert (shorter.state, shorter.version) == (total_of([1, 2]), 2)
        assert (longer.state, longer.version) == (total_of([1, 2, 5, 6, 7]), 5)
        assert again.state == total_of([1, 2, 5, 6, 7, 8])
        assert seen == []

    async def test_because_no_database_should_hold_such_values_is_passed_over(
        self, sqlite_url: str
    ) -> None:
        """SQLite keeps whatever it is given; none of it reaches a decision."""
        async with open_store(sqlite_url, events=[Metered]) as store:
            for junk in (
                "state = x'ff'",
                "state = 7",
                "version = 'x'",
                "event_id = 'x'",
                "digest = 'x'",
            ):
                await store.decide(STREAM, kept(1), [1])
                async with store.begin() as tx:
                    await tx.execute(text(f"UPDATE eventdocs_snapshots SET {junk}"))

                folded = await store.fold(STREAM, kept(1))

                assert folded.state == total_of([1] * folded.version)


class TestATransaction:
    async def test_that_is_rolled_back_leaves_no_snapshot(self, store: EventStore) -> None:
        """A snapshot of what never happened would be foreign."""
        async with store.connect() as connection:
            await store.using(connection).decide(STREAM, kept(1), [1, 2])
            await connection.rollback()

        assert await rows(store) == []

    async def test_that_commits_leaves_its_snapshots(self, store: EventStore) -> None:
        """And reads its own."""
        meter, seen = counted(kept(2))
        async with store.begin() as tx:
            await store.using(tx).decide(STREAM, meter, [1, 2])
            seen.clear()
            await store.using(tx).decide(STREAM, meter, [3])

        assert seen == [Metered(3)]
        assert await rows(store) == [(STREAM, "meter", 1, 2)]

    async def test_works_with_the_tables_of_a_chosen_schema(self, empty_postgres_url: str) -> None:
        """In a transaction of the host's, whose own tables stand elsewhere."""
        async with open_store(
            empty_postgres_url, events=[Metered], schema="archive", migrate=True
        ) as store:
            async with store.begin() as tx:
                await store.using(tx).decide(STREAM, kept(1), [1])
            decided = await store.decide(STREAM, kept(1), [2])
            kept_rows = await rows(store)

        assert decided.state == total_of([1, 2])
        assert kept_rows == [(STREAM, "meter", 1, 2)]


CORRUPTIONS: st.SearchStrategy[dict[str, Any] | None] = st.one_of(
    st.none(),  # the row goes
    st.fixed_dictionaries({"version": st.integers(-1, 30) | st.just(2**63 - 1)}),
    st.fixed_dictionaries({"event_id": st.uuids()}),
    st.fixed_dictionaries({"digest": st.binary(max_size=20)}),
    st.fixed_dictionaries({"schema_version": st.integers(0, 9)}),
    st.fixed_dictionaries(
        {
            "state": st.sampled_from(
                [
                    "",
                    "{",
                    "null",
                    "[]",
                    '{"amount":0,"largest":null,"readings":0}',
                    '{"amount":1,"largest":1,"readings":1,"more":1}',
                ]
            )
        }
    ),
)


@settings(
    max_examples=30,
    deadline=None,
    # Each example has a stream of its own on the database of the test.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    every=st.integers(1, 8),
    batches=st.lists(
        st.tuples(st.lists(st.integers(-9, 9), max_size=5), st.none() | st.tuples(CORRUPTIONS)),
        max_size=8,
    ),
)
async def test_states_are_those_of_a_full_fold_whatever_happens_to_snapshots(
    database_url: str,
    every: int,
    batches: list[tuple[list[int], tuple[dict[str, Any] | None] | None]],
) -> None:
    """For any number of events between two snapshots, and any damage to them."""
    stream, amounts = f"meter-{uuid4()}", list[int]()
    async with open_store(database_url, events=[Metered]) as store:
        for batch, corruption in batches:
            amounts += batch

            decided = await store.decide(stream, kept(every), batch)
            if corruption is not None:
                await corrupt(store, stream, corruption[0])

            assert (decided.state, decided.version) == (total_of(amounts), len(amounts))
            assert (await store.fold(stream, kept(every))).state == total_of(amounts)
            assert (await store.fold(stream, METER)).state == total_of(amounts)


async def corrupt(store: EventStore, stream: str, values: dict[str, Any] | None) -> None:
    mine = TABLE.c.stream == stream
    change = delete(TABLE) if values is None else update(TABLE).values(values)
    async with store.begin() as tx:
        # What an earlier corruption has moved away is no longer in the way of this one.
        await tx.execute(delete(TABLE).where(mine, TABLE.c.schema_version != 1))
        await tx.execute(change.where(mine))
