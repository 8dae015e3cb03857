"""The projectors' contract: a good projector keeps it, and every planted bug breaks it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs import open_store
from eventdocs.errors import ProjectionStoppedError
from eventdocs.projections import Projector, handles
from eventdocs.store import RecordedEvent
from eventdocs.testing import History, Opening, ProjectorContract, Rows, scenario, strategies
from eventdocs.testing._contract_events import Noted
from tests.projections import ledger

pytestmark = pytest.mark.once

table = Table(
    "notes",
    MetaData(),
    Column("stream", Text, primary_key=True),
    Column("notes", Integer, nullable=False),
)


class Notes(Projector):
    """Counts the notes of each stream."""

    name = "notes"
    version = 1
    tables = (table,)

    @handles(Noted, batch=True)
    async def count(self, events: Sequence[RecordedEvent[Noted]], tx: AsyncConnection) -> None:
        """Add them up."""
        for each in events:
            await self.add(each.stream, 1, tx)

    async def add(self, stream: str, notes: int, tx: AsyncConnection) -> None:
        """Add to the stream's row, which may have to be made."""
        changed = await tx.execute(
            update(table).where(table.c.stream == stream).values(notes=table.c.notes + notes)
        )
        if not changed.rowcount:
            await tx.execute(insert(table).values(stream=stream, notes=notes))


class TestNotes(ProjectorContract):
    @override
    def projectors(self) -> Sequence[Projector]:
        return [Notes()]

    @override
    def history(self) -> SearchStrategy[History]:
        return st.lists(st.tuples(strategies.streams(), strategies.noted()), max_size=6)

    @override
    def fold(self, events: Sequence[RecordedEvent[Any]]) -> Rows:
        streams = [each.stream for each in events]
        return {
            "notes": [{"stream": each, "notes": streams.count(each)} for each in {*streams}],
        }


class TestLedgerOnPostgres(ProjectorContract):
    """Two projectors and a foreign key, on a real server."""

    @pytest.fixture
    @override
    def opening(self, postgres_url: str) -> Opening:
        return lambda events: open_store(postgres_url, events=events)

    @override
    def projectors(self) -> Sequence[Projector]:
        return ledger.make_ledger().projectors

    @override
    def history(self) -> History:
        return [("accounts", each) for each in ledger.some_history()[:5]]

    @override
    def fold(self, events: Sequence[RecordedEvent[Any]]) -> Rows:
        rows = ledger.fold(each.data for each in events)
        return {
            "accounts": [
                dict(zip(("account", "owner", "openings"), row, strict=True))
                for row in rows["accounts"]
            ],
            "balances": [
                dict(zip(("account", "balance"), row, strict=True)) for row in rows["balances"]
            ],
        }


class ForgetsTheLast(Notes):
    """A planted bug: of a batch, the last event is left out."""

    @override
    @handles(Noted, batch=True)
    async def count(self, events: Sequence[RecordedEvent[Noted]], tx: AsyncConnection) -> None:
        await super().count(events[:-1], tx)


class CountsBatches(Notes):
    """A planted bug: many events of a batch are counted as one."""

    @override
    @handles(Noted, batch=True)
    async def count(self, events: Sequence[RecordedEvent[Noted]], tx: AsyncConnection) -> None:
        for stream in {each.stream for each in events}:
            await self.add(stream, 1, tx)


class CountsInMemory(Notes):
    """A planted bug: what was counted is kept outside of the transaction."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}

    @override
    @handles(Noted, batch=True)
    async def count(self, events: Sequence[RecordedEvent[Noted]], tx: AsyncConnection) -> None:
        for each in events:
            count = self.counts[each.stream] = self.counts.get(each.stream, 0) + 1
            known = await tx.scalar(select(table.c.notes).where(table.c.stream == each.stream))
            await self.add(each.stream, count - (known or 0), tx)


@pytest.mark.parametrize(
    ("bug", "check"),
    [
        (ForgetsTheLast, TestNotes.test_holds_what_the_events_say),
        (CountsBatches, TestNotes.test_batches_of_every_size_come_to_the_same),
        (CountsInMemory, TestNotes.test_what_is_handed_over_again_counts_once),
        (CountsInMemory, TestNotes.test_is_cancelled_at_every_step_and_goes_on),
    ],
)
def test_planted_bugs_are_caught(
    bug: type[Notes], check: Callable[[TestNotes, Opening], None]
) -> None:
    """A projector that breaks a promise fails the test of it."""

    class OfBuggy(TestNotes):
        @override
        def projectors(self) -> Sequence[Projector]:
            return [bug()]

        @override
        def history(self) -> History:  # type: ignore[override]  # of its base's alternatives, one
            return [("a-1", Noted("one")), ("a-1", Noted("two")), ("b-1", Noted("three"))]

    with pytest.raises((AssertionError, ProjectionStoppedError)):
        check(OfBuggy(), lambda events: open_store("sqlite:///:memory:", events=events))


class TestScenario:
    async def test_expects_the_rows_that_are_there(self) -> None:
        """What was given counts, and what happened then; rows come in any order."""
        await (
            scenario(Notes())
            .given("a-1", Noted("one"), Noted("two"))
            .when("b-1", Noted("three"))
            .when("a-1", Noted("four"))
            .then({"notes": [{"stream": "b-1", "notes": 1}, {"stream": "a-1", "notes": 3}]})
        )

    async def test_a_column_that_is_not_named_may_hold_anything(self) -> None:
        """Rows say what matters; how many there are always matters."""
        given = scenario(Notes()).given("a-1", Noted("one")).given("b-1", Noted("two"))

        await given.then({"notes": [{"stream": "a-1"}, {"stream": "b-1"}]})
        with pytest.raises(AssertionError):
            await given.then({"notes": [{"stream": "a-1"}]})

    @pytest.mark.parametrize("rows", [[], [{"stream": "a-1", "notes": 2}], [{"stream": "b-1"}]])
    async def test_fails_where_the_rows_are_others(self, rows: list[dict[str, Any]]) -> None:
        """None at all is an expectation, too."""
        with pytest.raises(AssertionError):
            await scenario(Notes()).when("a-1", Noted("one")).then({"notes": rows})

    async def test_nothing_is_expected_of_nothing(self) -> None:
        """A projector that has seen nothing has written nothing."""
        await scenario(Notes()).then({"notes": []})
