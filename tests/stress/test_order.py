"""Under stress: whoever follows the log sees every committed event once, in order."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg

from eventdocs.backends import open_store
from tests.stress.harness import (
    SCALE,
    Tail,
    Truth,
    hasty_reader,
    naive_reader,
    settled_reader,
    terminate_backends,
    write_everything,
)
from tests.stress.writers import Ticked


async def test_a_follower_sees_every_committed_event_once_and_in_order(
    postgres_url: str, tmp_path: Path
) -> None:
    """Races, pauses, savepoints, rollbacks, repeats and killed connections lose nothing.

    Two planted readers follow the same log: one without a watermark, one that reads it
    in the statement that reads the events. The comparison must catch both.
    """
    async with open_store(postgres_url, events=[Ticked]) as store:
        naive, hasty = [
            await asyncpg.connect(postgres_url, server_settings={"application_name": "planted"})
            for _ in range(2)
        ]
        tails = {
            "settled": Tail(settled_reader(store)),
            "naive": Tail(naive_reader(naive)),
            "hasty": Tail(hasty_reader(hasty)),
        }
        writing_is_over = asyncio.Event()

        async with asyncio.TaskGroup() as group:
            killer = group.create_task(terminate_backends(postgres_url, every=0.2))
            for tail in tails.values():
                group.create_task(tail.run(writing_is_over))
            report = await write_everything(
                postgres_url, tmp_path, processes=2, writers=12, events=int(700 * SCALE)
            )
            killer.cancel()
            writing_is_over.set()
        await naive.close()
        await hasty.close()

    truth = await Truth.of(postgres_url)
    assert truth.violations(tails["settled"].seen, report) == []
    assert truth.missed(tails["naive"].seen), "the comparison does not catch a naive reader"
    assert truth.missed(tails["hasty"].seen), "the comparison does not catch a hasty reader"
    assert report.rolled_back
