"""A process that imports until it is killed: `python -m tests.archive.importing_process URL FILE`.

It says how far it is after each batch, and goes on when it is told to, so that it can be
killed in the midst of the next one.
"""

from __future__ import annotations

import asyncio
import sys

from eventdocs import open_store
from eventdocs.archive import ArchiveProgress, import_log


def _talk(progress: ArchiveProgress) -> None:
    print(progress.sequence, flush=True)  # noqa: T201 - the parent reads it
    sys.stdin.readline()


async def _main(url: str, archive: str) -> None:
    async with open_store(url, events=()) as store:
        await import_log(store, archive, batch_size=3, on_progress=_talk)


if __name__ == "__main__":
    asyncio.run(_main(*sys.argv[1:]))
