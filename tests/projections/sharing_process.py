"""A process that shares partitions: `python -m tests.projections.sharing_process URL SECONDS`.

It says what it applies, and lingers within a transaction at the text "linger", until it is
told to go on.
"""

from __future__ import annotations

import asyncio
import os
import sys

from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import open_store
from eventdocs.projections import ProjectionRunner, Projector, handles
from eventdocs.store import EventStore, RecordedEvent
from tests.projections.trails import EVENTS, Noted

PARTITIONS = 4

shared = Table(
    "shared_effects",
    MetaData(),
    Column("effect", Integer, primary_key=True, autoincrement=True),
    Column("stream", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("process", Integer, nullable=False),
)
"""One row per effect: nothing in the table would refuse a second one of the same event."""


class Shared(Projector):
    """Writes down what took effect, and through which process."""

    name = "shared"
    version = 1
    tables = (shared,)
    partitions = PARTITIONS

    @handles(Noted)
    async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Add one effect."""
        text = event.data.text
        await tx.execute(insert(shared).values(stream=event.stream, text=text, process=os.getpid()))
        print("applied", text, flush=True)  # noqa: T201 - the parent reads it
        if text == "linger":
            await asyncio.to_thread(sys.stdin.readline)


async def read_shared(store: EventStore) -> list[tuple[str, str, int]]:
    """Read what took effect, in the order in which it did: stream, text and process."""
    async with store.connect() as connection:
        rows = await connection.execute(select(shared).order_by(shared.c.effect))
        return [(row.stream, row.text, row.process) for row in rows]


async def _main(url: str, seconds: float) -> None:
    async with (
        open_store(url, events=EVENTS) as store,
        ProjectionRunner(
            store, [Shared()], lease_seconds=seconds, poll_interval=0.02, batch_size=10
        ) as runner,
    ):
        running = asyncio.create_task(runner.run())
        while (await runner.status())[0].holder is None:  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.01)
        print("ready", flush=True)  # noqa: T201 - the parent reads it
        await running


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], float(sys.argv[2])))
