from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs import EventStore, open_store
from eventdocs.projections import ProjectionCheck, ProjectionRunner
from tests.projections.trails import EVENTS, Trails, append_all, make_trails, some_history


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


def make_changed(name: str) -> Trails:
    """Make trails whose code is another and whose version is not."""
    before = make_trails(name=name)

    class Changed(type(before)):  # type: ignore[misc]  # a base made by a call
        @override
        async def _add(self, tx: AsyncConnection, stream: str, text: str) -> None:
            await super()._add(tx, stream, text.upper())

    changed: Trails = Changed()
    return changed


async def build(store: EventStore, *projectors: Trails) -> None:
    async with ProjectionRunner(store, projectors) as runner:
        await runner.catch_up()


async def check(store: EventStore, projector: Trails) -> ProjectionCheck:
    async with ProjectionRunner(store, [projector]) as runner:
        (found,) = await runner.check()
    return found


def reports(caplog: pytest.LogCaptureFixture) -> list[tuple[str, int, int, tuple[str, ...]]]:
    """List what was logged of stale read models."""
    return [
        (facts["projection"], facts["built"], facts["version"], facts["changed"])
        for facts in (vars(record) for record in caplog.records)
        if facts["message"] == "eventdocs.projection.stale"
    ]


class TestCheck:
    async def test_finds_nothing_where_nothing_has_changed(
        self, store: EventStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Neither of what is built nor of what was never begun."""
        await append_all(store, some_history(4))
        await build(store, make_trails(name="same"))

        built = await check(store, make_trails(name="same"))
        unbegun = await check(store, make_trails(name="unbegun"))

        assert built == ProjectionCheck(
            projection="same", built=1, version=1, changed=(), problem=None
        )
        assert built.is_current
        assert unbegun.is_current
        assert reports(caplog) == []

    async def test_finds_changed_code_of_the_same_version(
        self, store: EventStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        """It is logged at the start and ends with a rebuild."""
        await append_all(store, some_history(4))
        await build(store, make_trails(name="changed"))

        async with ProjectionRunner(store, [make_changed("changed")]) as runner:
            logged = reports(caplog)
            (before,) = await runner.check()
            await runner.rebuild("changed")
            (after,) = await runner.check()

        assert logged == [("changed", 1, 1, ("handlers",))]
        assert (before.is_current, before.changed, before.problem) == (False, ("handlers",), None)
        assert after.is_current

    async def test_finds_a_new_version(
        self, store: EventStore, caplog: pytest.LogCaptureFixture
    ) -> None:
        """That one says what to do."""
        await append_all(store, some_history(4))
        await build(store, make_trails(name="aged"))

        found = await check(store, make_trails(name="aged", version=2))

        assert not found.is_current
        assert (found.built, found.version) == (1, 2)
        assert "projections rebuild aged" in str(found.problem)
        assert [each[:3] for each in reports(caplog)] == [("aged", 1, 2)]

    async def test_finds_a_table_that_is_gone(self, store: EventStore) -> None:
        """Only a rebuild can mend that."""
        trails = make_trails(name="gone")
        await append_all(store, some_history(4))
        await build(store, trails)
        async with store.begin() as tx:
            await tx.execute(text(f"DROP TABLE {trails.table.name}"))

        found = await check(store, trails)

        assert not found.is_current
        assert "table gone is missing" in str(found.problem)
