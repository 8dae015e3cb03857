"""Group commit: what arrives while one flush is under way goes together into the next."""

from __future__ import annotations

import asyncio
import contextvars
import copy
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

import attrs

from eventdocs.errors import StoreClosedError

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")


@attrs.define(eq=False)
class _Waiting(Generic[Item, Outcome]):
    item: Item
    weight: int
    future: asyncio.Future[Outcome]


class GroupCommit(Generic[Item, Outcome]):
    """Lets concurrent callers share a flush; each gets its own outcome.

    An idle caller is flushed at once: there is no timer. There is one flush at a time,
    and callers are taken in the order in which they came. A caller that is cancelled
    while it waits is taken out of the queue; one whose item is already being flushed
    leaves the flush and its neighbours alone. Who finds the queue full waits for room
    before, in the order of arrival.

    Args:
        flush: Carries out many items; returns one outcome, or one exception, for
            each. If it raises, every item of that flush ends in that exception.
        weigh: How much an item counts towards the limit, such as its events.
        max_batch: The most weight of one flush, unless a single item has more.
        max_waiting: The most items that wait or are being flushed.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Exception]]],
        *,
        weigh: Callable[[Item], int] = lambda _: 1,
        max_batch: int = 1_000,
        max_waiting: int = 10_000,
    ) -> None:
        self._flush = flush
        self._weigh = weigh
        self._max_batch = max_batch
        self._room = asyncio.Semaphore(max_waiting)
        self._queue: deque[_Waiting[Item, Outcome]] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._at_the_door = 0
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many items are not being flushed yet, with those that wait for room."""
        return self._at_the_door + len(self._queue)

    @property
    def is_idle(self) -> bool:
        """Nothing is being flushed and nothing waits."""
        return self._worker is None

    async def submit(self, item: Item) -> Outcome:
        """Have *item* flushed and return its outcome.

        Raises:
            StoreClosedError: `close` was called, before or while there was no room.
        """
        self._at_the_door += 1
        try:
            await self._room.acquire()
        finally:
            self._at_the_door -= 1
        try:
            if self._closed:
                raise StoreClosedError
            return await self._wait_for(item)
        finally:
            self._room.release()

    async def _wait_for(self, item: Item) -> Outcome:
        waiting: _Waiting[Item, Outcome] = _Waiting(
            item, self._weigh(item), asyncio.get_running_loop().create_future()
        )
        self._queue.append(waiting)
        if self._worker is None:
            # In a context of its own: a flush belongs to no single caller's request.
            self._worker = asyncio.create_task(
                self._work(), name="eventdocs-group-commit", context=contextvars.Context()
            )
        try:
            return await waiting.future
        finally:
            if waiting.future.cancelled() and waiting in self._queue:
                self._queue.remove(waiting)

    async def close(self) -> None:
        """Flush what is waiting, then refuse what comes. Closing twice is harmless."""
        self._closed = True
        if self._worker is not None:
            await asyncio.shield(self._worker)

    async def _work(self) -> None:
        batch: list[_Waiting[Item, Outcome]] = []
        try:
            while batch := self._take():
                for waiting, outcome in zip(batch, await self._outcomes(batch), strict=True):
                    if waiting.future.done():
                        continue
                    if isinstance(outcome, Exception):
                        waiting.future.set_exception(outcome)
                    else:
                        waiting.future.set_result(outcome)
        finally:
            self._worker = None
            # Left over only if the event loop is being shut down under the flush.
            for waiting in (*batch, *self._queue):
                if not waiting.future.done():
                    waiting.future.set_exception(StoreClosedError())

    async def _outcomes(
        self, batch: Sequence[_Waiting[Item, Outcome]]
    ) -> Sequence[Outcome | Exception]:
        try:
            outcomes = await self._flush([waiting.item for waiting in batch])
            if len(outcomes) != len(batch):
                raise RuntimeError(f"{len(batch)} items were flushed to {len(outcomes)} outcomes")
        except Exception as error:  # noqa: BLE001 - handed to the callers, who raise it
            return [_own(error) for _ in batch]
        return outcomes

    def _take(self) -> list[_Waiting[Item, Outcome]]:
        batch: list[_Waiting[Item, Outcome]] = []
        weight = 0
        while self._queue and (not batch or weight + self._queue[0].weight <= self._max_batch):
            waiting = self._queue.popleft()
            if not waiting.future.done():
                weight += waiting.weight
                batch.append(waiting)
        return batch


def _own(error: Exception) -> Exception:
    """Copy *error* for one caller: raised by many, a shared one would gather their tracebacks."""
    try:
        own = copy.copy(error)
    except Exception:  # noqa: BLE001 - an exception that cannot be copied can still be raised
        return error
    own.__cause__ = error.__cause__
    own.__traceback__ = error.__traceback__
    return own
