"""Exactly once, whatever happens at whichever await of the runner."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable

import attrs
import pytest
from typing_extensions import override

from eventdocs import EventStore, open_store
from eventdocs.errors import ProjectionStoppedError
from eventdocs.projections import ProjectionRunner
from eventdocs.projections import _patience as patience_module
from eventdocs.projections import _runner as runner_module
from eventdocs.projections._batch import Events
from eventdocs.projections._checkpoints import Checkpoint, write_checkpoint
from eventdocs.projections._projection import Projection
from eventdocs.testing import Interruption
from tests.projections.ledger import (
    EVENTS,
    Happened,
    append_all,
    fold,
    make_ledger,
    some_history,
)

pytestmark = pytest.mark.once


@pytest.fixture
async def store(request: pytest.FixtureRequest, database: str) -> AsyncIterator[EventStore]:
    # On SQLite, a file that need not reach the disk: it is no power cut that is tried here.
    in_memory = database == "sqlite"
    url = "sqlite:///:memory:" if in_memory else request.getfixturevalue("postgres_url")
    async with open_store(url, events=EVENTS) as opened:
        yield opened


@pytest.fixture(autouse=True)
def patience_without_naps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else is there for whom a further attempt would have to wait."""
    monkeypatch.setattr(patience_module, "_FIRST", 0.0)


class Crash(BaseException):
    """The work ends here, as far as the code under test can tell."""


async def _crash(runner: ProjectionRunner, at: int) -> bool:
    """End as if there were no one left, when what was asked for has happened."""

    def crash() -> None:
        raise Crash

    interruption = Interruption(at, crash)
    with contextlib.suppress(Crash):
        await interruption.of(runner.catch_up())
    return interruption.has_struck


async def _cancel(runner: ProjectionRunner, at: int) -> bool:
    """Cancel when the request is on its way."""
    interruption = Interruption(at, lambda: work.cancel(), in_flight=True)
    work = asyncio.create_task(interruption.of(runner.catch_up()))
    await asyncio.wait([work])
    if not work.cancelled():
        work.result()
    return interruption.has_struck


async def _lose_the_answer(runner: ProjectionRunner, at: int) -> bool:
    """Let the await fail, although what was asked for has happened."""

    def lose() -> None:
        raise ConnectionResetError

    interruption = Interruption(at, lose)
    # It comes through where tasks are waited for, not the database; that cannot fail so.
    with contextlib.suppress(ConnectionResetError):
        await interruption.of(runner.catch_up())
    return interruption.has_struck


Attempt = Callable[[ProjectionRunner, int], Awaitable[bool]]


async def _interrupt_everywhere(attempt: Attempt, store: EventStore) -> int:
    """For each await in turn, let as much happen anew, interrupt there, go on, and compare.

    Returns:
        How many awaits there are.
    """
    ledger = make_ledger()
    history: list[Happened] = []
    runner = ProjectionRunner(store, ledger.projectors)
    async with runner:
        for at in itertools.count():
            more = some_history(at)
            history += more
            await append_all(store, more)

            is_struck = await attempt(runner, at)
            await runner.catch_up()

            assert await ledger.rows(store) == fold(history), f"interrupted at await {at}"
            if not is_struck:
                return at
    raise AssertionError("it counts for ever")


class TestEveryAwait:
    @pytest.mark.parametrize(
        ("database", "attempt"),
        [
            ("sqlite", _crash),
            ("sqlite", _cancel),
            ("sqlite", _lose_the_answer),
            ("postgresql", _cancel),
        ],
    )
    async def test_may_be_the_last(self, store: EventStore, attempt: Attempt) -> None:
        """Whatever was interrupted where: each event has had its effect once, in every table."""
        assert await _interrupt_everywhere(attempt, store) > 50


class _Apart(Projection):
    """A planted bug: effects in one transaction, the checkpoint in another."""

    @override
    async def _commit(self, at: Checkpoint, events: Events) -> tuple[Checkpoint, int]:
        async with self._begin() as tx:
            before = await self._lock(tx, at)
            after, count = await self._apply_in(tx, before, self._plan(events), events)
        async with self._begin() as tx:
            await write_checkpoint(tx, after)
        return after, count


class _CheckpointFirst(Projection):
    """A planted bug: the checkpoint is moved before there are effects."""

    @override
    async def _commit(self, at: Checkpoint, events: Events) -> tuple[Checkpoint, int]:
        last = events[-1]
        async with self._begin() as tx:
            before = await self._lock(tx, at)
            after = attrs.evolve(before, sequence=last.sequence, event_id=last.id)
            await write_checkpoint(tx, after)
        async with self._begin() as tx:
            await self._apply_in(tx, before, self._plan(events), events)
        return after, len(events)


class TestPlantedBugs:
    @pytest.mark.parametrize("database", ["sqlite"])
    @pytest.mark.parametrize(
        ("bug", "attempt"),
        [
            (_Apart, _crash),
            # Here the handlers are called again because the bookkeeping is.
            (_Apart, _lose_the_answer),
            (_CheckpointFirst, _crash),
        ],
    )
    async def test_is_caught(
        self,
        store: EventStore,
        bug: type[Projection],
        attempt: Attempt,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A runner that commits effects and checkpoint apart is seen to lose or repeat some."""
        monkeypatch.setattr(runner_module, "Projection", bug)

        with pytest.raises((ProjectionStoppedError, AssertionError)):
            await _interrupt_everywhere(attempt, store)
