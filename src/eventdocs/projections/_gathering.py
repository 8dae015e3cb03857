"""Gathering: tasks whose failure is raised as if there were no tasks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager


@asynccontextmanager
async def gathering() -> AsyncGenerator[asyncio.TaskGroup]:
    """Give a group of tasks that ends with the block, and raise the first failure itself."""
    try:
        async with asyncio.TaskGroup() as tasks:
            yield tasks
    except BaseExceptionGroup as group:
        # What the block's own code would have raised without tasks.
        raise group.exceptions[0] from group.exceptions[0].__cause__
