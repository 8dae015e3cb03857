"""Pools: how many connections of an engine there are."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool


class PoolUse(NamedTuple):
    """How an engine's connections are used.

    Attributes:
        in_use: Handed out.
        open: In all.
        limit: At most; None if there is no limit.
    """

    in_use: int
    open: int
    limit: int | None


def pool_use(engine: AsyncEngine) -> PoolUse:
    """Ask the pool of *engine*; one of a host's that keeps no count tells nothing."""
    pool = engine.sync_engine.pool
    if not isinstance(pool, QueuePool):
        return PoolUse(0, 0, None)
    in_use = pool.checkedout()
    overflow: int = pool._max_overflow  # pyright: ignore[reportPrivateUsage]  # told by nothing else
    return PoolUse(
        in_use, in_use + pool.checkedin(), None if overflow < 0 else pool.size() + overflow
    )
