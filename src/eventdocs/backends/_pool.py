"""Pools: how many connections of an engine there are."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.pool import QueuePool

from eventdocs.observability import Instrumentation
from eventdocs.store import StoreStatistics


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


class PoolMeter:
    """Tells how a store's connections are used whenever that changes.

    Args:
        statistics: Counts them.
        instrumentation: Is told.
    """

    def __init__(
        self, statistics: Callable[[], StoreStatistics], instrumentation: Instrumentation
    ) -> None:
        self._statistics = statistics
        self._instrumentation = instrumentation
        self._waiting = 0

    @asynccontextmanager
    async def measured(
        self, opening: AbstractAsyncContextManager[AsyncConnection]
    ) -> AsyncGenerator[AsyncConnection]:
        """Give the connection that *opening* gives, for the length of the block."""
        try:
            async with AsyncExitStack() as stack:
                self._waiting += 1
                self._tell()
                try:
                    connection = await stack.enter_async_context(opening)
                finally:
                    self._waiting -= 1
                self._tell()
                yield connection
        finally:
            self._tell()

    def _tell(self) -> None:
        counted = self._statistics()
        self._instrumentation.pooled(
            in_use=counted.connections_in_use,
            open=counted.connections_open,
            limit=counted.connections_limit,
            waiting=self._waiting,
        )
