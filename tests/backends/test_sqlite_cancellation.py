"""Transactions on SQLite that are cancelled: they end, and the write lock with them."""

from __future__ import annotations

import asyncio
import itertools

from sqlalchemy import text

from eventdocs import EventStore, open_store
from eventdocs.testing import Interruption

_WRITE = text("INSERT INTO host (id) VALUES (1), (2) RETURNING id")


async def _write(store: EventStore) -> None:
    async with store.begin() as tx:
        await tx.execute(_WRITE)


async def _cancelled(store: EventStore, at: int) -> asyncio.Task[None]:
    interruption = Interruption(at, lambda: work.cancel(), in_flight=True)
    work = asyncio.create_task(interruption.of(_write(store)))
    await asyncio.wait([work])
    return work


async def test_a_task_that_was_cancelled_holds_no_lock() -> None:
    """Cancelled at any await, a transaction is over, also while its task is kept."""
    async with open_store("sqlite:///:memory:", events=[]) as store:
        async with store.begin() as tx:
            await tx.execute(text("CREATE TABLE host (id INTEGER)"))
        kept: list[asyncio.Task[None]] = []
        for at in itertools.count():
            kept.append(await _cancelled(store, at))
            if not kept[-1].cancelled():
                break

            await _write(store)

    assert len(kept) > 5
