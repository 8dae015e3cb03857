"""A process that rebuilds until it is killed: `python -m tests.projections.rebuilding_process URL RATE`.

It says how far it is, batch by batch, and whether it was cancelled.
"""

from __future__ import annotations

import asyncio
import sys

from eventdocs import open_store
from eventdocs.errors import RebuildCancelledError
from eventdocs.projections import ProjectionRunner, RebuildProgress
from tests.projections.trails import EVENTS, make_trails

NAME = "rebuilt"
LEASE_SECONDS = 0.5


def _tell(progress: RebuildProgress) -> None:
    print("at", progress.sequence, flush=True)  # noqa: T201 - the parent reads it


async def _main(url: str, events_per_second: float) -> None:
    async with (
        open_store(url, events=EVENTS) as store,
        ProjectionRunner(
            store, [make_trails(name=NAME)], batch_size=10, lease_seconds=LEASE_SECONDS
        ) as runner,
    ):
        try:
            await runner.rebuild(NAME, on_progress=_tell, events_per_second=events_per_second)
        except RebuildCancelledError as error:
            print("cancelled", error, flush=True)  # noqa: T201 - the parent reads it


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], float(sys.argv[2])))
