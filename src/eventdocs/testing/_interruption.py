"""Interruptions: faults at one await of a piece of work, so that every await can be tried."""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar, cast

T = TypeVar("T")


class Interruption:
    """Strikes at one await, counted from 0 over everything that is watched.

    Count up until nothing is struck any more, and the work has been interrupted at every
    await at which it gives way to others:

    ```python
    for at in itertools.count():
        interruption = Interruption(at, crash)
        with contextlib.suppress(Crash):
            await interruption.of(work())
        if not interruption.has_struck:
            break
    ```

    Args:
        at: The number of the await.
        strike: What happens there. If it raises, that is raised at the await.
        in_flight: Strike when the await has begun, as a cancellation does, and not in the
            place of its answer. What was asked for may happen all the same, so do not
            raise then: a driver is not ready for an error that it cannot have seen.
    """

    def __init__(self, at: int, strike: Callable[[], object], *, in_flight: bool = False) -> None:
        self._left = at
        self._strike = strike
        self._in_flight = in_flight

    @property
    def has_struck(self) -> bool:
        """Whether the work has come as far as that await."""
        return self._left < 0

    async def of(self, work: Coroutine[Any, Any, T]) -> T:
        """Do *work*, whose awaits are watched, those of other tasks excepted."""
        return await self._steps(work)

    @contextlib.contextmanager
    def of_new_tasks(self) -> Generator[None]:
        """Watch the awaits of all tasks that are begun in the block on the running loop."""
        loop = asyncio.get_running_loop()
        known = loop.get_task_factory()

        def make(
            loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, Any], **options: Any
        ) -> asyncio.Task[Any]:
            return asyncio.Task(self.of(work), loop=loop, **options)

        loop.set_task_factory(cast("Any", make))
        try:
            yield
        finally:
            loop.set_task_factory(known)

    @types.coroutine
    def _steps(self, work: Coroutine[Any, Any, T]) -> Generator[Any, Any, T]:
        go_on: Callable[[Any], Any] = work.send
        answer: Any = None
        while True:
            try:
                question = go_on(answer)
            except StopIteration as end:
                return cast("T", end.value)
            go_on = work.send
            try:
                if self._in_flight:
                    self._pass()
                answer = yield question
                if not self._in_flight:
                    self._pass()
            except BaseException as error:  # noqa: BLE001 - whatever it is belongs to the work
                go_on, answer = work.throw, error

    def _pass(self) -> None:
        self._left -= 1
        if self._left == -1:
            self._strike()
