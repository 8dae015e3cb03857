from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import EventStore, RecordedEvent, open_store
from eventdocs.errors import RebuildFailedError
from eventdocs.projections import (
    FailurePolicy,
    ProjectionRunner,
    ProjectionState,
    Projector,
    handles,
)
from tests.projections.trails import EVENTS, Marked, Noted, append_all

kept = Table("kept", MetaData(), Column("sequence", Integer, primary_key=True))


class Letters(Projector):
    """Keeps a row for every note and sends a letter for every mark."""

    name = "letters"
    version = 1
    tables = (kept,)
    on_failure = FailurePolicy.PARK

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.is_post_open = True

    @handles(Noted)
    async def keep(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Add a row."""
        await tx.execute(insert(kept).values(sequence=event.sequence))

    @handles(Marked, side_effects=True)
    async def send(self, event: RecordedEvent[Marked], tx: AsyncConnection) -> None:
        """Send what cannot be called back."""
        if not self.is_post_open:
            raise RuntimeError("the post is closed")
        self.sent.append(event.data.text)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


async def rows(store: EventStore) -> list[int]:
    async with store.connect() as connection:
        return list((await connection.scalars(select(kept).order_by(kept.c.sequence))).all())


class TestSideEffects:
    async def test_do_not_happen_again(self, store: EventStore) -> None:
        """Neither a rebuild nor a verification repeats them, and the rows are right."""
        letters = Letters()
        await append_all(store, [("a", Marked(text="1")), ("a", Noted(text="2"))])

        async with ProjectionRunner(store, [letters]) as runner:
            await runner.catch_up()
            await runner.rebuild("letters")
            report = await runner.verify("letters")

        assert report.is_equal
        assert letters.sent == ["1"]
        assert await rows(store) == [2]

    async def test_of_later_events_are_still_to_come_after_a_rebuild(
        self, store: EventStore
    ) -> None:
        """A rebuild ends where the live projection stands, which then goes on."""
        letters = Letters()
        await append_all(store, [("a", Marked(text="1")), ("a", Noted(text="2"))])

        async with ProjectionRunner(store, [letters]) as runner:
            await runner.catch_up()
            await append_all(store, [("a", Marked(text="3")), ("a", Noted(text="4"))])
            reached = await runner.rebuild("letters")
            before = list(letters.sent)
            await runner.catch_up()

        assert (reached, before) == (2, ["1"])
        assert letters.sent == ["1", "3"]
        assert await rows(store) == [2, 4]

    async def test_that_wait_are_not_forgotten_by_a_rebuild(self, store: EventStore) -> None:
        """It is refused until they have happened or were given up."""
        letters = Letters()
        letters.is_post_open = False
        await append_all(store, [("a", Marked(text="1")), ("b", Noted(text="2"))])

        async with ProjectionRunner(store, [letters]) as runner:
            await runner.catch_up()
            with pytest.raises(RebuildFailedError, match="1 of its events wait as dead letters"):
                await runner.rebuild("letters")
            (refused,) = await runner.status()
            letters.is_post_open = True
            left = await runner.retry("letters")
            await runner.rebuild("letters")

        assert (refused.state, refused.dead_letters) == (ProjectionState.PARKED, 1)
        assert left == []
        assert letters.sent == ["1"]
        assert await rows(store) == [2]
