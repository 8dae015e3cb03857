"""Listening: a watch over the log that lasts as long as somebody wants to know."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Final

from eventdocs.store import Bell


class Listening:
    """Keeps one task for all listeners of a store: the first starts it, the last ends it.

    Args:
        watch: Rings the bell when the log has grown elsewhere; goes on until cancelled.

    Attributes:
        bell: What all listeners hear.
    """

    def __init__(self, watch: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self.bell: Final = Bell()
        self._watch = watch
        self._listeners = 0
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[Bell]:
        """Listen for the length of the block."""
        self._listeners += 1
        if self._task is None:
            # In a context of its own: the watch belongs to no single listener's request.
            self._task = asyncio.create_task(
                self._watch(), name="eventdocs-listening", context=contextvars.Context()
            )
        try:
            yield self.bell
        finally:
            self._listeners -= 1
            if not self._listeners:
                await self._end()

    async def close(self) -> None:
        """End the watch, and wake everyone who still waits."""
        self.bell.ring()
        await self._end()

    async def _end(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait([task])
