"""A process that leads a projection: `python -m tests.projections.leading_process URL SECONDS`.

It says when it is at work and what it applies, so that it can be stopped in the midst of
it. It lingers within a transaction at the text "linger", until it is told to go on.
"""

from __future__ import annotations

import asyncio
import os
import sys

from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs import open_store
from eventdocs.projections import ProjectionRunner, Projector, handles
from eventdocs.store import EventStore, RecordedEvent
from tests.projections.trails import EVENTS, Noted

_metadata = MetaData()

effects = Table(
    "effects",
    _metadata,
    Column("effect", Integer, primary_key=True, autoincrement=True),
    Column("text", Text, nullable=False),
    Column("process", Integer, nullable=False),
)
"""One row per effect: nothing in the table would refuse a second one of the same event."""


class Effects(Projector):
    """Writes down what took effect, and through which process."""

    name = "effects"
    version = 1
    tables = (effects,)

    @handles(Noted)
    async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Add one effect."""
        await tx.execute(insert(effects).values(text=event.data.text, process=os.getpid()))
        await self.applied(event.data.text)

    async def applied(self, text: str) -> None:
        """Do nothing more."""


class _Talking(Effects):
    name = "effects"

    @override
    async def applied(self, text: str) -> None:
        print("applied", text, flush=True)  # noqa: T201 - the parent reads it
        if text == "linger":
            await asyncio.to_thread(sys.stdin.readline)


async def read_effects(store: EventStore) -> list[tuple[str, int]]:
    """Read what took effect, in the order in which it did."""
    async with store.connect() as connection:
        rows = await connection.execute(select(effects).order_by(effects.c.effect))
        return [(row.text, row.process) for row in rows]


async def _main(url: str, seconds: float) -> None:
    async with (
        open_store(url, events=EVENTS) as store,
        ProjectionRunner(store, [_Talking()], lease_seconds=seconds, poll_interval=0.02) as runner,
    ):
        running = asyncio.create_task(runner.run())
        # Ready is who leads, or who knows that another does.
        while (await runner.status())[0].holder is None:  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.01)
        print("ready", flush=True)  # noqa: T201 - the parent reads it
        await running


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], float(sys.argv[2])))
