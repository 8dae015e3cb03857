"""Leading: one projection brought to a place in the log, by this runner or by another."""

from __future__ import annotations

import asyncio
import time

from eventdocs.projections._checkpoints import (
    Checkpoint,
    FencedError,
    check_checkpoint,
    read_checkpoint,
)
from eventdocs.projections._leases import Lease, LeaseHolder
from eventdocs.projections._projection import Conditions, Projection
from eventdocs.store import EventStore


async def lead(
    store: EventStore,
    projection: Projection,
    until: int,
    *,
    lease: Lease,
    conditions: Conditions,
    poll_interval: float,
) -> None:
    """Bring *projection* to *until* under its lease, or see its holder bring it there.

    Raises:
        ProjectionError: It cannot go on, or its holder does not move it.
        StoreError: The database's trouble did not pass in time.
    """
    is_taken_here = lease.token is None  # else `run` has taken it, and gives it back
    patience = conditions.patience_of(projection.name, store)
    waiting = _Waiting(lease, seconds=conditions.patience)
    try:
        while True:
            holder = await patience.call(lease.take)
            if holder is None:
                try:
                    projection.at = None
                    while await projection.advance(until):
                        pass
                except FencedError:
                    lease.lose()
                    continue
                return
            projection.at = at = await patience.call(lambda: _read(store, projection))
            if at.sequence >= until:
                return
            waiting.check(at, holder)
            await asyncio.sleep(min(poll_interval, holder.seconds_left))
    finally:
        if is_taken_here:
            await lease.give_back()


async def _read(store: EventStore, projection: Projection) -> Checkpoint:
    async with store.connect() as connection:
        found = await read_checkpoint(connection, projection.name)
    return check_checkpoint(found, projection.projector, store.store_id)


class _Waiting:
    """Ends when another runner has not moved the projection for too long."""

    def __init__(self, lease: Lease, *, seconds: float | None) -> None:
        self._lease = lease
        self._seconds = seconds
        self._at: Checkpoint | None = None
        self._since = time.monotonic()

    def check(self, at: Checkpoint, holder: LeaseHolder) -> None:
        if at != self._at:
            self._at, self._since = at, time.monotonic()
        elif self._seconds is not None and time.monotonic() - self._since > self._seconds:
            raise self._lease.held_error(holder)
