"""Writers that cross: `python -m tests.backends.crossing_process URL WRITERS TURNS SEED`.

Each of them appends to the same few streams, several at once and in an order of its own,
alone or within a transaction of its host's.
"""

from __future__ import annotations

import asyncio
import random
import sys

from eventdocs import open_store
from eventdocs.store import EventStore, StreamEvents
from tests.backends.postgres_hosts import Noted, notes

STREAMS = [f"crossed-{number}" for number in range(6)]


async def _write(store: EventStore, turns: int, chance: random.Random) -> None:
    for turn in range(turns):
        streams = chance.sample(STREAMS, 3)
        unit = [StreamEvents(stream=stream, events=notes("x")) for stream in streams]
        if turn % 2:
            await store.append_many(unit)
        else:
            async with store.begin() as tx:
                await store.using(tx).append_many(unit)


async def _main(url: str, writers: int, turns: int, seed: int) -> None:
    async with open_store(url, events=[Noted]) as store, asyncio.TaskGroup() as group:
        for writer in range(writers):
            group.create_task(_write(store, turns, random.Random(seed * writers + writer)))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], *map(int, sys.argv[2:])))
