"""A process that appends until it is killed: `python -m tests.backends.appending_process URL`.

It writes a line for every append that was acknowledged.
"""

from __future__ import annotations

import asyncio
import itertools
import sys

from eventdocs import open_store
from tests.backends.sqlite_hosts import Noted, notes


async def _main(url: str) -> None:
    async with open_store(url, events=[Noted]) as store, asyncio.TaskGroup() as writers:

        async def write(writer: int) -> None:
            for turn in itertools.count():
                pair = notes(f"{writer}/{turn}a", f"{writer}/{turn}b")
                await store.append(f"writer-{writer}", pair, expected=2 * turn)
                print(writer, turn, flush=True)  # noqa: T201 - the parent reads it

        for writer in range(4):
            writers.create_task(write(writer))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
