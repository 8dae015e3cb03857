"""Dependencies: whatever order things are started, stopped and rebuilt in, rows find their parents."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator

import pytest

from eventdocs import EventStore, open_store
from eventdocs.projections import ProjectionRunner, ProjectionState
from tests.projections.ledger import EVENTS, Happened, append_all, fold, make_ledger, some_history

pytestmark = pytest.mark.once

STEPS = ("catch up", "run and stop", "rebuild parents", "rebuild children", "rebuild both")


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


async def _run_and_stop(runner: ProjectionRunner) -> None:
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(0)
    runner.stop()
    await running


@pytest.mark.parametrize("seed", range(2))
async def test_a_row_finds_its_parent_in_any_order(store: EventStore, seed: int) -> None:
    """Start, stop and rebuild follow one another by chance; no foreign key is violated."""
    pairs = list(itertools.permutations(STEPS, 2))
    random.Random(seed).shuffle(pairs)
    ledger = make_ledger()
    parents, children = (each.name for each in ledger.projectors)
    history: list[Happened] = []

    for number, step in enumerate(itertools.chain.from_iterable(pairs[:8])):
        projectors = ledger.projectors[:: -1 if number % 2 else 1]
        async with ProjectionRunner(store, projectors, batch_size=3) as runner:
            more = some_history(number)
            history += more
            await append_all(store, more)
            match step:
                case "catch up":
                    await runner.catch_up()
                case "run and stop":
                    await _run_and_stop(runner)
                case "rebuild parents":
                    await runner.rebuild(parents)
                case "rebuild children":
                    await runner.rebuild(children)
                case _:
                    await asyncio.gather(runner.rebuild(children), runner.rebuild(parents))
            states = {status.state for status in await runner.status()}

        assert states == {ProjectionState.RUNNING}, step
    async with ProjectionRunner(store, ledger.projectors) as runner:
        await runner.catch_up()

    assert await ledger.rows(store) == fold(history)
