from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import attrs
import pytest
from sqlalchemy import BigInteger, Column, ForeignKey, MetaData, Table, Text, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import EventStore, NewEvent, RecordedEvent, open_store
from eventdocs.errors import NewerSchemaVersionError, ProjectionStoppedError
from eventdocs.observability import current_correlation
from eventdocs.projections import ProjectionRunner, ProjectionState, Projector, handles
from eventdocs.store import event
from tests.projections.trails import (
    EVENTS,
    Marked,
    Noted,
    Passed,
    append_all,
    fold,
    make_trails,
    read_trails,
    some_history,
)

metadata = MetaData()
parents = Table("parents", metadata, Column("stream", Text, primary_key=True))
children = Table(
    "children",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", Text, ForeignKey("parents.stream", ondelete="CASCADE"), nullable=False),
)


class Parents(Projector):
    name = "parents"
    version = 1
    tables = (parents,)

    @handles(Noted)
    async def add(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Add the stream where it is not known."""
        known = await tx.scalar(select(parents).where(parents.c.stream == event.stream))
        if known is None:
            await tx.execute(insert(parents).values(stream=event.stream))


class Children(Projector):
    name = "children"
    version = 1
    tables = (children,)
    depends_on = (Parents,)

    @handles(Noted, batch=True)
    async def add(self, events: Sequence[RecordedEvent[Noted]], tx: AsyncConnection) -> None:
        """Add rows that refer to the stream's."""
        rows = [{"sequence": each.sequence, "stream": each.stream} for each in events]
        await tx.execute(insert(children), rows)


class Calls(Projector):
    """Remembers how it was called."""

    name = "calls"
    version = 1

    def __init__(self) -> None:
        self.calls: list[str | list[str]] = []
        self.causes: list[tuple[str | None, UUID | None]] = []

    @handles(Noted)
    async def one(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Remember the text."""
        self.calls.append(event.data.text)
        self._remember_cause()

    @handles(Marked, batch=True)
    async def many(self, events: Sequence[RecordedEvent[Marked]], tx: AsyncConnection) -> None:
        """Remember the texts, together."""
        self.calls.append([each.data.text for each in events])
        self._remember_cause()

    def _remember_cause(self) -> None:
        current = current_correlation()
        self.causes.append((current.correlation_id, current.causation_id))


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


class TestCatchUp:
    async def test_applies_every_event_once(self, store: EventStore) -> None:
        """The read model equals the fold of the log, whatever the size of a batch."""
        history = some_history(40)
        await append_all(store, history)

        for batch_size in (1, 7, 500):
            trails = make_trails()
            async with ProjectionRunner(store, [trails], batch_size=batch_size) as runner:
                await runner.catch_up()

            assert await read_trails(store, trails) == fold(history)

    async def test_goes_on_where_it_was(self, store: EventStore) -> None:
        """A second runner applies only what came since."""
        trails, history = make_trails(), some_history(10)
        await append_all(store, history[:6])
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()

        await append_all(store, history[6:])
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await runner.catch_up()

        assert await read_trails(store, trails) == fold(history)

    async def test_keeps_the_order_between_single_and_bulk_handlers(
        self, store: EventStore
    ) -> None:
        """A run of bulk events ends where another handler's event comes; others do not end it."""
        calls = Calls()
        for data in (
            Marked(text="1"),
            Marked(text="2"),
            Noted(text="3"),
            Marked(text="4"),
            Passed(),
            Marked(text="5"),
            Noted(text="6"),
        ):
            await store.append("stream", [data])

        async with ProjectionRunner(store, [calls]) as runner:
            await runner.catch_up()

        assert calls.calls == [["1", "2"], "3", ["4", "5"], "6"]

    async def test_moves_over_what_it_does_not_handle(self, store: EventStore) -> None:
        """The checkpoint names the last event delivered, handled or not."""
        await store.append("stream", [Noted(text="1"), Passed(), Passed()])

        async with ProjectionRunner(store, [make_trails()]) as runner:
            await runner.catch_up()
            (status,) = await runner.status()

        assert (status.sequence, status.lag, status.state) == (3, 0, ProjectionState.RUNNING)

    async def test_links_what_handlers_cause_to_the_event(self, store: EventStore) -> None:
        """In a handler, the event is the cause; a bulk of many events has no single one."""
        calls = Calls()
        first = NewEvent(data=Noted(text="1"), correlation_id="request-1")
        marks = [NewEvent(data=Marked(text="2"), correlation_id="request-2") for _ in range(2)]
        await store.append("stream", [first, *marks])

        async with ProjectionRunner(store, [calls]) as runner:
            await runner.catch_up()

        assert calls.causes == [("request-1", first.id), ("request-2", None)]


class TestDependencies:
    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    async def test_a_child_row_always_finds_its_parent(
        self, store: EventStore, order: tuple[int, int]
    ) -> None:
        """A projection stays behind the one it refers to, in whatever order they are given."""
        await append_all(store, [(f"stream-{n}", Noted(text=str(n))) for n in range(25)])
        projectors = [Parents(), Children()]

        async with ProjectionRunner(
            store, [projectors[at] for at in order], batch_size=4
        ) as runner:
            await runner.catch_up()

        async with store.connect() as connection:
            found = await connection.scalar(select(func.count()).select_from(children))
        assert found == 25

    async def test_a_projection_waits_behind_one_that_stands(self, store: EventStore) -> None:
        """It goes exactly as far as the one it depends on, and the error names the culprit."""
        trails = make_trails()
        behind = type(
            "Behind",
            (Calls,),
            {"name": "behind", "depends_on": (type(trails),)},
        )()
        await append_all(
            store, [("a", Noted(text="1")), ("a", Noted(text="poison")), ("b", Noted(text="2"))]
        )

        async with ProjectionRunner(store, [behind, trails]) as runner:
            with pytest.raises(ProjectionStoppedError) as caught:
                await runner.catch_up()
            statuses = {status.name: status for status in await runner.status()}

        assert caught.value.projection == trails.name
        assert statuses["behind"].sequence == statuses[trails.name].sequence == 1
        assert behind.calls == ["1"]


class TestTypesOfOtherVersions:
    async def test_a_newer_shape_stops_only_the_projection_that_needs_it(
        self, database_url: str
    ) -> None:
        """Others pass over it without decoding it; nothing is skipped."""

        @event("Grown", version=2, upcasters={1: lambda data: data})
        @attrs.frozen(kw_only=True)
        class Grown2:
            text: str

        @event("Grown", version=1)
        @attrs.frozen(kw_only=True)
        class Grown1:
            text: str

        class Needs(Projector):
            name = "needs"
            version = 1

            @handles(Grown1)
            async def see(self, event: RecordedEvent[Grown1], tx: AsyncConnection) -> None: ...

        async with open_store(database_url, events=[Grown2, *EVENTS]) as newer:
            await newer.append("a", [Noted(text="1"), Grown2(text="2"), Noted(text="3")])
        trails = make_trails()

        async with (
            open_store(database_url, events=[Grown1, *EVENTS]) as older,
            ProjectionRunner(older, [Needs(), trails]) as runner,
        ):
            with pytest.raises(ProjectionStoppedError) as caught:
                await runner.catch_up()

            assert (caught.value.projection, caught.value.sequence) == ("needs", 2)
            assert isinstance(caught.value.__cause__, NewerSchemaVersionError)
            assert await read_trails(older, trails) == {"a": (2, "1/3")}
