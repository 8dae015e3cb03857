from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, Float, Integer, MetaData, Table, Text, delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import EventStore, RecordedEvent, open_store
from eventdocs.errors import ProjectionStoppedError, StaleProjectionError
from eventdocs.projections import (
    DifferenceKind,
    FailurePolicy,
    ProjectionRunner,
    Projector,
    handles,
)
from tests.projections.test_rebuild import what_is_left
from tests.projections.trails import (
    EVENTS,
    Noted,
    append_all,
    fold,
    make_trails,
    read_trails,
    some_history,
)

pytestmark = pytest.mark.once

keyless = Table(
    "keyless", MetaData(), Column("n", Integer), Column("text", Text), Column("number", Float)
)


class Keyless(Projector):
    """Rows without a key, with nothing and with what is not a number in them."""

    name = "keyless"
    version = 1
    tables = (keyless,)

    @handles(Noted)
    async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Add a row."""
        number = math.nan if tx.dialect.name == "postgresql" else None
        await tx.execute(insert(keyless).values(n=event.sequence, text=None, number=number))


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


class TestVerify:
    async def test_finds_nothing_where_nothing_is_wrong(
        self, store: EventStore, database_url: str
    ) -> None:
        """It compares every row up to the checkpoint, and leaves nothing behind."""
        trails, history = make_trails(), some_history(40)
        await append_all(store, history)

        async with ProjectionRunner(store, [trails], batch_size=7) as runner:
            await runner.catch_up()
            await append_all(store, some_history(5))
            report = await runner.verify(trails.name)

        assert report.is_equal
        assert (report.projection, report.sequence, report.rows) == (trails.name, 40, 3)
        assert await what_is_left(store, database_url) == []
        assert await read_trails(store, trails) == fold(history)

    async def test_finds_a_changed_value(self, store: EventStore) -> None:
        """The report names row and column, and both values."""
        trails = make_trails()
        await append_all(store, some_history(9))

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            async with store.begin() as tx:
                here = trails.table.c.stream == "stream-1"
                await tx.execute(update(trails.table).where(here).values(n=7))
            difference = (await runner.verify(trails.name)).difference

        assert difference is not None
        assert (difference.kind, difference.key, difference.column) == (
            DifferenceKind.CHANGED,
            {"stream": "stream-1"},
            "n",
        )
        assert (difference.live, difference.recomputed) == (7, fold(some_history(9))["stream-1"][0])
        assert "column n: 7 instead of 2" in str(difference)

    @pytest.mark.parametrize("gone", ["stream-0", "stream-1", "stream-2"])
    async def test_finds_a_missing_row(self, store: EventStore, gone: str) -> None:
        """Wherever it was in the order of keys."""
        trails = make_trails()
        await append_all(store, some_history(9))

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            async with store.begin() as tx:
                await tx.execute(delete(trails.table).where(trails.table.c.stream == gone))
            difference = (await runner.verify(trails.name)).difference

        assert difference is not None
        assert (difference.kind, difference.key) == (DifferenceKind.MISSING, {"stream": gone})

    @pytest.mark.parametrize("added", ["a", "stream-11", "z"])
    async def test_finds_a_row_too_many(self, store: EventStore, added: str) -> None:
        """Wherever it comes in the order of keys."""
        trails = make_trails()
        await append_all(store, some_history(9))

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            async with store.begin() as tx:
                await tx.execute(insert(trails.table).values(stream=added, n=1, trail=""))
            difference = (await runner.verify(trails.name)).difference

        assert difference is not None
        assert (difference.kind, difference.key) == (DifferenceKind.EXTRA, {"stream": added})

    async def test_compares_tables_without_keys(self, store: EventStore) -> None:
        """Rows are told apart by all their values; nothing equals nothing, and NaN itself."""
        await append_all(store, [("a", Noted(text=each)) for each in "123"])

        async with ProjectionRunner(store, [Keyless()]) as runner:
            await runner.catch_up()
            before = await runner.verify("keyless")
            async with store.begin() as tx:
                await tx.execute(update(keyless).where(keyless.c.n == 2).values(text="x"))
            after = await runner.verify("keyless")

        assert before.is_equal
        assert after.difference is not None

    async def test_leaves_out_what_was_set_aside(self, store: EventStore) -> None:
        """Parked and skipped events have no effect in the read model either."""
        parked = make_trails(policy=FailurePolicy.PARK)
        skipped = make_trails(policy=FailurePolicy.SKIP)
        await append_all(store, [("a", Noted(text=each)) for each in ("1", "poison", "3")])

        async with ProjectionRunner(store, [parked, skipped]) as runner:
            await runner.catch_up()
            for trails in (parked, skipped):
                trails.refuses = frozenset()
                assert (await runner.verify(trails.name)).is_equal

    async def test_goes_on_beside_a_live_projection(self, store: EventStore) -> None:
        """Both work on the same tables at once, and the snapshot is exact."""
        trails, history = make_trails(), some_history(60)
        await append_all(store, history[:20])

        async with ProjectionRunner(store, [trails], batch_size=1, poll_interval=0.005) as runner:
            running = asyncio.create_task(runner.run())
            appending = asyncio.create_task(append_all(store, history[20:]))
            reports = [await runner.verify(trails.name) for _ in range(5)]
            await runner.wait_for(await appending, trails.name)
            runner.stop()
            await running

        assert [str(report.difference) for report in reports if not report.is_equal] == []
        assert await read_trails(store, trails) == fold(history)

    async def test_an_event_that_fails_now_is_named(
        self, store: EventStore, database_url: str
    ) -> None:
        """A handler that cannot do again what it did is no reason to leave anything behind."""
        trails = make_trails()
        await append_all(store, some_history(9))

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            trails.refuses = frozenset({"4"})
            with pytest.raises(ProjectionStoppedError) as caught:
                await runner.verify(trails.name)
            (status,) = await runner.status()

        assert caught.value.sequence == 5
        assert status.dead_letters == 0
        assert await what_is_left(store, database_url) == []

    async def test_refuses_a_stale_read_model(self, store: EventStore) -> None:
        """Rows of another version differ without being wrong."""
        await append_all(store, some_history(3))
        async with ProjectionRunner(store, [make_trails(name="aged")]) as runner:
            await runner.catch_up()

        async with ProjectionRunner(store, [make_trails(name="aged", version=2)]) as runner:
            with pytest.raises(StaleProjectionError):
                await runner.verify("aged")
