"""A process that projects until it is killed: `python -m tests.projections.counting_process URL`.

It says what it does, line by line, so that it can be killed in the midst of it.
"""

from __future__ import annotations

import asyncio
import sys

from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs import open_store
from eventdocs.projections import ProjectionRunner
from tests.projections.trails import EVENTS, Trails, make_trails


def talking_trails() -> Trails:
    """Make the projector of this process; its table has the same name every time."""
    trails = make_trails(name="talking")
    trails.__class__ = type("Talking", (_Talking, type(trails)), {})
    return trails


class _Talking(Trails):
    @override
    async def _add(self, tx: AsyncConnection, stream: str, text: str) -> None:
        await super()._add(tx, stream, text)
        print("applied", text, flush=True)  # noqa: T201 - the parent reads it


async def _main(url: str) -> None:
    async with (
        open_store(url, events=EVENTS) as store,
        ProjectionRunner(store, [talking_trails()], batch_size=5, lease_seconds=0.5) as runner,
    ):
        await runner.catch_up()


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1]))
