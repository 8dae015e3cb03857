from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs import EventStore, RecordedEvent, open_store
from eventdocs.errors import (
    ProjectorDefinitionError,
    StaleProjectionError,
    StoreFailedError,
    StoreRewoundError,
)
from eventdocs.projections import ProjectionRunner, ProjectionState, Projector, handles
from eventdocs.projections._tables import projections
from tests.projections.trails import (
    EVENTS,
    Noted,
    append_all,
    fold,
    make_trails,
    read_trails,
    some_history,
)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


class TestStale:
    async def test_a_new_version_does_not_go_on_with_the_old_rows(self, store: EventStore) -> None:
        """The error says what to do; a rebuild does it."""
        history = some_history(6)
        await append_all(store, history)
        async with ProjectionRunner(store, [make_trails(name="aged")]) as runner:
            await runner.catch_up()

        renewed = make_trails(name="aged", version=2)
        async with ProjectionRunner(store, [renewed]) as runner:
            with pytest.raises(StaleProjectionError, match="projections rebuild aged") as caught:
                await runner.catch_up()
            (before,) = await runner.status()
            await runner.rebuild("aged")
            await runner.catch_up()
            (after,) = await runner.status()

        assert (caught.value.built, caught.value.wanted) == (1, 2)
        assert (before.state, before.stale) == (ProjectionState.STALE, True)
        assert (after.state, after.stale) == (ProjectionState.RUNNING, False)
        assert await read_trails(store, renewed) == fold(history)

    async def test_changed_code_is_reported_and_goes_on(self, store: EventStore) -> None:
        """A changed fingerprint is a hint, no error."""
        await append_all(store, some_history(4))
        trails = make_trails(name="changed")
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()

        class Changed(type(trails)):  # type: ignore[misc]  # a base made by a call
            @override
            async def _add(self, tx: AsyncConnection, stream: str, text: str) -> None:
                await super()._add(tx, stream, text.upper())

        async with ProjectionRunner(store, [Changed()]) as runner:
            await runner.catch_up()
            (before,) = await runner.status()
            await runner.rebuild("changed")
            (after,) = await runner.status()

        assert (before.state, before.stale) == (ProjectionState.RUNNING, True)
        assert not after.stale

    async def test_an_unbegun_projection_takes_over_the_new_version(
        self, store: EventStore
    ) -> None:
        """Where nothing was built, nothing is stale."""
        async with ProjectionRunner(store, [make_trails(name="fresh")]) as runner:
            await runner.catch_up()
        async with ProjectionRunner(store, [make_trails(name="fresh", version=2)]) as runner:
            await runner.catch_up()
            (status,) = await runner.status()

        assert (status.state, status.stale) == (ProjectionState.RUNNING, False)

    async def test_rows_of_unknown_origin_are_not_built_upon(self, store: EventStore) -> None:
        """A renamed projector would apply everything a second time to the same table."""
        history = some_history(6)
        await append_all(store, history)
        trails = make_trails()
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()

        renamed = type("Renamed", (type(trails),), {"name": "renamed"})()
        async with ProjectionRunner(store, [renamed]) as runner:
            with pytest.raises(StaleProjectionError, match="has rows, and no record"):
                await runner.catch_up()
            assert await read_trails(store, trails) == fold(history)
            await runner.rebuild("renamed")
            await runner.catch_up()

        assert await read_trails(store, renamed) == fold(history)

    async def test_a_table_that_is_gone_is_not_filled_from_the_middle(
        self, store: EventStore
    ) -> None:
        """Going on would leave out everything before the checkpoint."""
        history = some_history(6)
        await append_all(store, history)
        trails = make_trails()
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
        async with store.begin() as tx:
            await tx.run_sync(trails.table.drop)

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(StaleProjectionError, match="is missing"):
                await runner.catch_up()
            await runner.rebuild(trails.name)
            await runner.catch_up()

        assert await read_trails(store, trails) == fold(history)


class TestTables:
    async def test_are_not_created_when_told_so(self, store: EventStore) -> None:
        """A host that makes its own tables is told which is missing."""
        trails = make_trails()
        await append_all(store, some_history(3))

        async with ProjectionRunner(store, [trails], create_tables=False) as runner:
            with pytest.raises(StaleProjectionError, match=f"{trails.table.name} is missing"):
                await runner.catch_up()
        async with store.begin() as tx:
            await tx.run_sync(trails.table.create)
        async with ProjectionRunner(store, [trails], create_tables=False) as runner:
            await runner.catch_up()

        assert await read_trails(store, trails) == fold(some_history(3))

    async def test_that_cannot_be_created_are_reported(self, store: EventStore) -> None:
        """The error names the projector and what the database says."""
        trails = make_trails()
        async with store.begin() as tx:
            await tx.execute(text(f"CREATE VIEW {trails.table.name} AS SELECT 1 AS n"))

        with pytest.raises((ProjectorDefinitionError, StaleProjectionError)):
            async with ProjectionRunner(store, [trails]) as runner:
                await runner.catch_up()


class TestBookkeeping:
    async def test_that_is_gone_is_reported_in_words_of_ours(self, store: EventStore) -> None:
        """No driver's error reaches the host raw, and no event is blamed."""
        trails = make_trails()
        await append_all(store, some_history(3))

        async with ProjectionRunner(store, [trails]) as runner:
            async with store.begin() as tx:
                await tx.execute(text("DROP TABLE eventdocs_dead_letters"))
                await tx.execute(text("DROP TABLE eventdocs_projections"))
            with pytest.raises(StoreFailedError, match="eventdocs_projections"):
                await runner.catch_up()
            with pytest.raises(StoreFailedError, match="eventdocs_projections"):
                await runner.status()


class TestRewound:
    async def test_another_event_at_the_checkpoint_stops_it(self, store: EventStore) -> None:
        """A log that was restored and written to again is not the one that was projected."""
        trails = make_trails()
        await append_all(store, some_history(6))
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
        await self._set_checkpoint(store, trails, event_id=uuid4())
        await store.append("a", [Noted(text="new")])

        async with ProjectionRunner(store, [trails]) as runner:
            before = await read_trails(store, trails)
            with pytest.raises(StoreRewoundError):
                await runner.catch_up()
            (status,) = await runner.status()

            assert await read_trails(store, trails) == before
            assert status.state is ProjectionState.REWOUND
            await runner.rebuild(trails.name)
            await runner.catch_up()
        assert await read_trails(store, trails) == fold(
            [*some_history(6), ("a", Noted(text="new"))]
        )

    async def test_a_log_that_ends_before_the_checkpoint_stops_it(self, store: EventStore) -> None:
        """A log that lost its end would otherwise never reach the projection again."""
        trails = make_trails()
        await append_all(store, some_history(6))
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await self._set_checkpoint(store, trails, sequence=60)

            with pytest.raises(StoreRewoundError, match="was at event 60"):
                await runner.catch_up()

    async def test_another_log_stops_it(self, store: EventStore) -> None:
        """A checkpoint that was copied from another database means nothing here."""
        trails = make_trails()
        await append_all(store, some_history(6))
        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await self._set_checkpoint(store, trails, store_id=uuid4())

            with pytest.raises(StoreRewoundError, match="another one"):
                await runner.catch_up()

    async def _set_checkpoint(self, store: EventStore, trails: Projector, **values: object) -> None:
        async with store.begin() as tx:
            await tx.execute(
                update(projections).where(projections.c.name == trails.name).values(**values)
            )

    async def test_read_models_that_were_not_restored_with_the_log_stop(
        self, tmp_path: Path
    ) -> None:
        """The log's file is an older backup, the bookkeeping and the rows are newer."""
        now, backup = tmp_path / "now.db", tmp_path / "backup.db"
        trails, history = make_trails(), some_history(9)
        async with (
            open_store(f"sqlite:///{now}", events=EVENTS) as store,
            ProjectionRunner(store, [trails]) as runner,
        ):
            await append_all(store, history[:4])
            await runner.catch_up()
        shutil.copy(now, backup)
        async with (
            open_store(f"sqlite:///{now}", events=EVENTS) as store,
            ProjectionRunner(store, [trails]) as runner,
        ):
            await append_all(store, history[4:])
            await runner.catch_up()
        async with open_store(f"sqlite:///{backup}", events=EVENTS) as store:
            # Restored as a whole, it simply is where it was.
            async with ProjectionRunner(store, [trails]) as runner:
                await runner.catch_up()
            assert await read_trails(store, trails) == fold(history[:4])

            async with store.connect() as connection:
                await connection.execute(text("ATTACH :now AS newer"), {"now": str(now)})
                for name in ("eventdocs_projections", trails.table.name):
                    await connection.execute(text(f"DELETE FROM main.{name}"))
                    await connection.execute(
                        text(f"INSERT INTO main.{name} SELECT * FROM newer.{name}")
                    )
                await connection.commit()
            async with ProjectionRunner(store, [trails]) as runner:
                with pytest.raises(StoreRewoundError):
                    await runner.catch_up()
                await runner.rebuild(trails.name)
            assert await read_trails(store, trails) == fold(history[:4])


class TestStatus:
    async def test_tells_how_far_behind_a_projection_is(self, store: EventStore) -> None:
        """In events, and since when the first of them waits."""
        trails = make_trails()

        class Silent(Projector):
            name = "silent"
            version = 3

            @handles(Noted)
            async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
                """Do nothing."""

        async with ProjectionRunner(store, [trails, Silent()]) as runner:
            await append_all(store, some_history(4))
            await runner.catch_up()
            await append_all(store, some_history(3))
            statuses = {status.name: status for status in await runner.status()}

        status = statuses["silent"]
        assert (status.version, status.sequence, status.head, status.lag) == (3, 4, 7, 3)
        assert 0 < status.lag_seconds < 60
        assert (status.dead_letters, status.error, status.rebuilt_to) == (0, None, None)
