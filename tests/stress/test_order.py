"""Under stress: whoever follows the log sees every committed event once, in order."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from eventdocs.backends import open_store
from tests.stress.harness import (
    SCALE,
    Follower,
    Tail,
    Truth,
    terminate_backends,
    write_everything,
)
from tests.stress.readers import settled_reader
from tests.stress.writers import Ticked

EVENTS = 60_000
_PROCESSES, _WRITERS = 2, 12


@pytest.mark.once
async def test_a_follower_sees_every_committed_event_once_and_in_order(
    postgres_url: str, tmp_path: Path
) -> None:
    """Races, pauses, savepoints, rollbacks, two phases and killed connections lose nothing.

    The port is read as fast as it answers, and a subscription follows beside it.
    """
    async with open_store(postgres_url, events=[Ticked]) as store:
        tail, follower = Tail(settled_reader(store)), Follower(store)
        writing_is_over = asyncio.Event()

        async with asyncio.TaskGroup() as group:
            killer = group.create_task(terminate_backends(postgres_url, every=0.4))
            following = group.create_task(follower.run())
            group.create_task(tail.run(writing_is_over))
            report = await write_everything(
                postgres_url,
                tmp_path,
                processes=_PROCESSES,
                writers=_WRITERS,
                events=int(1.6 * EVENTS * SCALE / _PROCESSES / _WRITERS),
            )
            killer.cancel()
            writing_is_over.set()
            await follower.has_reached(await store.head())
            following.cancel()

    truth = await Truth.of(postgres_url)
    assert truth.violations(tail.seen, report) == []
    assert truth.missed(follower.seen) == []
    assert len(truth.events) >= EVENTS * SCALE, "too little was recorded to tell"
    assert report.rolled_back
