"""Group commit: what arrives while one flush is under way goes together into the next."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import attrs

from eventdocs.errors import StoreClosedError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


@attrs.define
class _Waiting(Generic[Item, Outcome]):
    item: Item
    weight: int
    future: asyncio.Future[Outcome]


class GroupCommit(Generic[Item, Outcome]):
    """Lets concurrent callers share a flush; each gets its own outcome.

    An idle caller is flushed at once: there is no timer. A caller that is cancelled
    while it waits in the queue is taken out of it; one whose item is already being
    flushed leaves the flush and its neighbours alone.

    Args:
        flush: Carries out many items; returns one outcome, or one exception, for
            each. If it raises, every item of that flush ends in that exception.
        weigh: How much an item counts towards the limits, such as its events.
        max_batch: The most weight of one flush, unless a single item has more.
        max_waiting: The most weight in the queue; callers beyond it wait their turn.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Exception]]],
        *,
        weigh: Callable[[Item], int] = lambda _: 1,
        max_batch: int = 1_000,
        max_waiting: int = 20_000,
    ) -> None:
        self._flush = flush
        self._weigh = weigh
        self._max_batch = max_batch
        self._max_waiting = max_waiting
        self._queue: deque[_Waiting[Item, Outcome]] = deque()
        self._queued = 0
        self._room = asyncio.Condition()
        self._worker: asyncio.Task[None] | None = None
        self._closed = False

    async def submit(self, item: Item) -> Outcome:
        """Have *item* flushed and return its outcome.

        Raises:
            StoreClosedError: `close` was called before.
        """
        if self._closed:
            raise StoreClosedError
        weight = self._weigh(item)
        if self._queued and self._queued + weight > self._max_waiting:
            async with self._room:
                await self._room.wait_for(
                    lambda: not self._queued or self._queued + weight <= self._max_waiting
                )
            if self._closed:
                raise StoreClosedError
        waiting: _Waiting[Item, Outcome] = _Waiting(
            item, weight, asyncio.get_running_loop().create_future()
        )
        self._queue.append(waiting)
        self._queued += weight
        if self._worker is None:
            self._worker = asyncio.create_task(self._work(), name="eventdocs-group-commit")
        return await waiting.future

    async def close(self) -> None:
        """Flush what is waiting, then refuse what comes."""
        self._closed = True
        if self._worker is not None:
            await asyncio.shield(self._worker)

    async def _work(self) -> None:
        try:
            while batch := self._take():
                if self._room.locked() or self._queued < self._max_waiting:
                    async with self._room:
                        self._room.notify_all()
                try:
                    outcomes = await self._flush([waiting.item for waiting in batch])
                except Exception as error:  # noqa: BLE001 - handed to the callers, who raise it
                    outcomes = [error] * len(batch)
                for waiting, outcome in zip(batch, outcomes, strict=True):
                    if waiting.future.done():
                        continue
                    if isinstance(outcome, Exception):
                        waiting.future.set_exception(outcome)
                    else:
                        waiting.future.set_result(outcome)
        finally:
            self._worker = None

    def _take(self) -> list[_Waiting[Item, Outcome]]:
        batch: list[_Waiting[Item, Outcome]] = []
        weight = 0
        while self._queue:
            first = self._queue[0]
            if first.future.cancelled():
                self._queued -= self._queue.popleft().weight
                continue
            if batch and weight + first.weight > self._max_batch:
                break
            self._queue.popleft()
            self._queued -= first.weight
            weight += first.weight
            batch.append(first)
        return batch
