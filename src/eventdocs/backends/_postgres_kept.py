"""A connection that is kept between calls, so that each need not fetch one from the pool."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager

from eventdocs.backends._postgres_engine import Driver


class KeptConnection:
    """Gives the same connection to one call after another, and lets go of it when idle.

    A call that comes while another one is under way has a connection of its own. After an
    error of any kind the connection is given up: the next call has a fresh one.

    Args:
        opening: Gives a connection that is alive, for the length of a block.
        seconds: How long an idle connection is kept; 0 keeps none.
    """

    def __init__(
        self, opening: Callable[[], AbstractAsyncContextManager[Driver]], *, seconds: float
    ) -> None:
        self._opening = opening
        self._seconds = seconds
        self._kept: tuple[Driver, AsyncExitStack] | None = None
        self._is_busy = False
        self._is_wanted = False
        self._keeper: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    @asynccontextmanager
    async def driver(self) -> AsyncGenerator[Driver]:
        """Give the connection for one call."""
        if self._is_busy or not self._seconds or self._closing.is_set():
            async with self._opening() as driver:
                yield driver
            return
        self._is_busy = self._is_wanted = True
        try:
            driver, stack = await self._living()
            try:
                yield driver
            except BaseException:
                self._kept = None
                await stack.__aexit__(*sys.exc_info())
                raise
        finally:
            self._is_busy = False
            if self._closing.is_set():
                await self._let_go()

    async def close(self) -> None:
        """Let go of the connection, at the end of the call that is under way if there is one.

        What comes has connections of its own.
        """
        self._closing.set()
        if self._keeper is not None:
            await self._keeper

    async def _living(self) -> tuple[Driver, AsyncExitStack]:
        if self._kept is not None and self._kept[0].is_closed():
            await self._let_go()
        if self._kept is None:
            async with AsyncExitStack() as stack:
                self._kept = await stack.enter_async_context(self._opening()), stack.pop_all()
        if self._keeper is None:
            self._keeper = asyncio.create_task(
                self._keep(), name="eventdocs-keeping", context=contextvars.Context()
            )
        return self._kept

    async def _keep(self) -> None:
        try:
            while self._kept is not None:
                self._is_wanted = False
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._seconds):
                        await self._closing.wait()
                if self._is_busy:
                    if self._closing.is_set():
                        return
                elif not self._is_wanted or self._closing.is_set():
                    await self._let_go()
        finally:
            self._keeper = None

    async def _let_go(self) -> None:
        kept, self._kept = self._kept, None
        if kept is not None:
            await kept[1].aclose()
