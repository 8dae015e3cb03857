"""Cancellation: ending a rebuild, in whatever process it is, and leaving nothing of it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from sqlalchemy import literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.projections._leases import LeaseHolder, Leases, moment
from eventdocs.projections._patience import Patience
from eventdocs.projections._projector import Projector
from eventdocs.projections._shadow import Shadow
from eventdocs.projections._tables import leases
from eventdocs.store import EventStore

_LONGEST_PAUSE = 0.2


class Cancellation:
    """Ends the rebuild of one projection.

    The wish is a row beside the rebuild's lease, which names its token; whoever rebuilds
    looks for it between batches, and gives the lease back. Then what was built is discarded
    under the same lease, so that no other rebuild can be in the midst of it.

    Args:
        store: The log.
        projector: Whose rebuild.
        shadow_of: Finds what was built.
        patience: Sits out the database's trouble.
        lease_seconds: How long a lease lasts that is not renewed.
        limit: Seconds for which a rebuild may go on after the wish.
    """

    def __init__(
        self,
        store: EventStore,
        projector: Projector,
        *,
        shadow_of: Callable[[EventStore, Projector], Awaitable[Shadow]],
        patience: Patience,
        lease_seconds: float,
        limit: float,
    ) -> None:
        self._store = store
        self._projector = projector
        self._shadow_of = shadow_of
        self._patience = patience
        # Of its own: the runner that cancels may be the one that rebuilds.
        self._owner = Leases(store, seconds=lease_seconds)
        self._lease = self._owner.of(projector.name, is_rebuild=True)
        self._limit = limit

    async def run(self) -> bool:
        """Cancel, and tell whether there was anything to discard.

        Raises:
            ProjectionHeldError: The rebuild does not end in time.
            StoreError: The database's trouble did not pass in time.
        """
        until = time.monotonic() + self._limit
        while (holder := await self._patience.call(self._lease.take)) is not None:
            await self._patience.call(self._wish)
            if time.monotonic() > until:
                raise self._lease.held_error(holder)
            await asyncio.sleep(_pause(holder))
        try:
            async with self._owner.kept():
                return await self._patience.call(self._discard)
        finally:
            await self._lease.give_back()

    async def _wish(self) -> None:
        async with self._store.begin() as tx:
            insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
            values = {
                "owner": self._owner.owner,
                "token": select(leases.c.token)
                .where(leases.c.name == self._lease.name)
                .scalar_subquery(),
                "acquired_at": moment(tx),
                "expires_at": moment(tx),
            }
            await tx.execute(
                insert(leases)
                .values(name=_row(self._projector), **values)
                .on_conflict_do_update(index_elements=[leases.c.name], set_=values)
            )

    async def _discard(self) -> bool:
        shadow = await self._shadow_of(self._store, self._projector)
        try:
            is_there = bool(await shadow.progress())
            await shadow.discard()
        finally:
            await shadow.close()
        return is_there


async def canceller(connection: AsyncConnection, projector: Projector, token: int) -> str | None:
    """Name who wants the rebuild under *token* to end; None if nobody does."""
    wish = select(leases.c.owner).where(
        leases.c.name == _row(projector), leases.c.token == literal(token)
    )
    found: str | None = await connection.scalar(wish)
    return found


def _row(projector: Projector) -> str:
    return f"{projector.name}/cancel"


def _pause(holder: LeaseHolder) -> float:
    return max(0.01, min(_LONGEST_PAUSE, holder.seconds_left))
