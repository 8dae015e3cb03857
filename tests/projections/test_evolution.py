"""Evolution: projections apply old events as what they mean today, exactly once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import attrs
import pytest
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import (
    EventStore,
    ProjectionRunner,
    Projector,
    RecordedEvent,
    event,
    handles,
    open_store,
)
from eventdocs.errors import NewerSchemaVersionError, ProjectionStoppedError
from eventdocs.projections import DeadLetterState, FailurePolicy, ProjectionState
from eventdocs.store import Retired, Split
from tests.projections.trails import Marked, Noted, Passed, make_trails, read_trails


@event("Both")
@attrs.frozen
class Both:
    """What older code recorded: a note and a mark in one event."""

    note: str
    mark: str


@event("Gone")
@attrs.frozen
class Gone:
    """What older code recorded and nobody reads any more."""


@event("Scribbled")
@attrs.frozen
class Scribbled:
    """What a jotting was called before."""

    text: str


@event("Jotted", renamed_from=["Scribbled"])
@attrs.frozen
class Jotted:
    """What a scribble is called now."""

    text: str


@event("Marked", version=2, upcasters={1: dict})
@attrs.frozen(kw_only=True)
class MarkedLater:
    """What a mark will be."""

    text: str
    colour: str


def _apart(payload: dict[str, Any]) -> Sequence[object]:
    return [Marked(text=payload["mark"]), Passed(), Noted(text=payload["note"])]


class Jottings(Projector):
    """Keeps the texts of jottings, and knows nothing of other events."""

    name = "jottings"
    version = 1
    table = Table(
        "jottings", MetaData(), Column("sequence", Integer, primary_key=True), Column("text", Text)
    )
    tables = (table,)

    @handles(Jotted)
    async def jot(self, event: RecordedEvent[Jotted], tx: AsyncConnection) -> None:
        """Keep one."""
        await tx.execute(
            insert(self.table).values(
                sequence=event.sequence, text=f"{event.type} {event.data.text}"
            )
        )


async def jottings(store: EventStore) -> list[str]:
    """Read what the projector has kept."""
    async with store.connect() as connection:
        found = await connection.scalars(
            select(Jottings.table.c.text).order_by(Jottings.table.c.sequence)
        )
        return [str(text) for text in found]


TODAY = (
    Noted,
    Marked,
    Passed,
    Jotted,
    Split(name="Both", into=[Marked, Passed, Noted], by=_apart),
    Retired("Gone"),
)


@pytest.fixture
async def before(database_url: str) -> AsyncIterator[EventStore]:
    """The log as older code opens it."""
    async with open_store(
        database_url, events=[Noted, Marked, Passed, Both, Gone, Scribbled]
    ) as opened:
        yield opened


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=TODAY) as opened:
        yield opened


class TestASplitEvent:
    async def test_is_applied_part_by_part_at_its_place(
        self, before: EventStore, store: EventStore
    ) -> None:
        """Single and bulk handlers get the parts they handle, in order, and nothing twice."""
        trails = make_trails()
        await before.append("a", [Marked(text="0"), Both("2", "1"), Gone(), Marked(text="3")])
        await before.append("b", [Both("5", "4"), Both("7", "6")])

        async with ProjectionRunner(store, [trails], batch_size=2) as runner:
            await runner.catch_up()
            await runner.catch_up()
            report = await runner.verify(trails.name)
            await runner.rebuild(trails.name)
            (status,) = await runner.status()

        assert await read_trails(store, trails) == {"a": (4, "0/1/2/3"), "b": (4, "4/5/6/7")}
        assert report.is_equal
        assert status.sequence == 6

    async def test_leaves_no_part_when_another_fails(
        self, before: EventStore, store: EventStore
    ) -> None:
        """The projection stands before the whole event; mended, it applies all of it."""
        trails = make_trails()
        await before.append("a", [Noted(text="0"), Both("poison", "1"), Noted(text="2")])

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionStoppedError) as caught:
                await runner.catch_up()
            stopped_at = await read_trails(store, trails)
            trails.refuses = frozenset()
            await runner.retry(trails.name)
            await runner.catch_up()

        assert (caught.value.sequence, caught.value.event_type) == (2, "Both")
        assert stopped_at == {"a": (1, "0")}
        assert await read_trails(store, trails) == {"a": (4, "0/1/poison/2")}

    async def test_waits_as_a_whole_behind_a_parked_one(
        self, before: EventStore, store: EventStore
    ) -> None:
        """One dead letter for each event, however many parts; replayed in order."""
        trails = make_trails(policy=FailurePolicy.PARK)
        await before.append("a", [Noted(text="poison"), Both("2", "1"), Both("4", "3")])
        await before.append("b", [Both("6", "5")])

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            letters = await runner.dead_letters(trails.name)
            parked = await read_trails(store, trails)
            trails.refuses = frozenset()
            await runner.retry(trails.name)
            (status,) = await runner.status()

        assert [(each.sequence, each.type, each.state) for each in letters] == [
            (1, "Noted", DeadLetterState.FAILED),
            (2, "Both", DeadLetterState.WAITING),
            (3, "Both", DeadLetterState.WAITING),
        ]
        assert parked == {"b": (2, "5/6")}
        assert await read_trails(store, trails) == {"a": (5, "poison/1/2/3/4"), "b": (2, "5/6")}
        assert status.state is ProjectionState.RUNNING


class TestARenamedEvent:
    async def test_is_handled_under_either_name(
        self, before: EventStore, store: EventStore
    ) -> None:
        """The handler is declared for the class and knows nothing of the older name."""
        await before.append("a", [Scribbled("1")])
        await store.append("a", [Jotted("2")])

        async with ProjectionRunner(store, [Jottings()]) as runner:
            await runner.catch_up()

        assert await jottings(store) == ["Jotted 1", "Jotted 2"]


class TestANewerEvent:
    async def test_stops_only_the_projection_that_handles_it(
        self, before: EventStore, store: EventStore, database_url: str
    ) -> None:
        """The others go on to the end of the log."""
        trails = make_trails()
        await before.append("a", [Noted(text="1"), Scribbled("1")])
        async with open_store(database_url, events=[MarkedLater]) as later:
            await later.append("a", [MarkedLater(text="2", colour="red")])
        await before.append("a", [Noted(text="3"), Scribbled("3")])

        async with ProjectionRunner(store, [trails, Jottings()]) as runner:
            with pytest.raises(ProjectionStoppedError) as caught:
                await runner.catch_up()
            status = {each.name: (each.state, each.sequence) for each in await runner.status()}

        assert (caught.value.projection, caught.value.sequence) == (trails.name, 3)
        assert isinstance(caught.value.__cause__, NewerSchemaVersionError)
        assert await read_trails(store, trails) == {"a": (1, "1")}
        assert await jottings(store) == ["Jotted 1", "Jotted 3"]
        assert status == {
            trails.name: (ProjectionState.STOPPED, 2),
            "jottings": (ProjectionState.RUNNING, 5),
        }
