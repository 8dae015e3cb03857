"""Writing: appends share calls, and none waits for another one's stream."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeAlias

from tenacity import (
    AsyncRetrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from eventdocs.backends._postgres_batch import (
    Call,
    Outcome,
    busy,
    call_for,
    outcomes_of,
    without_common_ids,
)
from eventdocs.backends._postgres_sql import Row
from eventdocs.errors import (
    EventdocsError,
    StoreBusyError,
    StoreClosedError,
    StoreUnavailableError,
    TransientStoreError,
)
from eventdocs.observability import Instrumentation
from eventdocs.store import Appended, GroupCommit, Together

Carry: TypeAlias = Callable[[Call], Awaitable[Sequence[Row]]]
"""Carries a call out and raises errors of eventdocs."""

_Group: TypeAlias = GroupCommit[Together, tuple[Appended, ...] | None]
_Flush: TypeAlias = Callable[[Sequence[Together]], Awaitable[list[Outcome]]]

# In a shared call hardly anything is waited for (milliseconds): others would wait along.
_SHARED_PATIENCE: Final = 250
_OWN_PATIENCE: Final = 10_000
_OWN_CALLS: Final = 8
_RETRY_SECONDS: Final = 15.0


class PostgresWriter:
    """Records the appends of one process.

    Those that arrive together go into one call. A unit, appends that stand or fall
    together, leaves that call if a transaction elsewhere holds one of its streams, and
    waits in another, with units of the same streams only.

    Args:
        carry: Carries calls out.
        database: What errors call the database.
        instrumentation: Is told of every call.

    Attributes:
        flushes: How many calls were given to the database, before any was repeated.
        flushed: How many units were in them.
    """

    def __init__(self, carry: Carry, database: str, instrumentation: Instrumentation) -> None:
        self._carry = carry
        self._database = database
        self._instrumentation = instrumentation
        self._shared = self._group(self._flush_shared)
        self._own: dict[tuple[str, ...], _Group] = {}
        self._own_calls = asyncio.Semaphore(_OWN_CALLS)
        self.flushes = 0
        self.flushed = 0
        self._under_way = 0
        self._closed = False
        self._finished = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many units are not in a call yet."""
        return sum(group.waiting for group in (self._shared, *self._own.values()))

    async def record(self, unit: Together) -> tuple[Appended, ...]:
        """Record *unit*, all of it or nothing.

        Raises:
            EventdocsError: Why nothing was recorded, or that it is unknown whether it was.
        """
        if self._closed:
            raise StoreClosedError
        self._under_way += 1
        try:
            appended = await self._shared.submit(unit)
            return appended or await self._record_in_own_call(unit)
        finally:
            self._under_way -= 1
            if self._closed and not self._under_way:
                self._finished.set()

    async def close(self) -> None:
        """Finish what was begun, then refuse what comes."""
        self._closed = True
        if self._under_way:
            await self._finished.wait()
        # What is left are flushes whose callers were cancelled.
        for group in (self._shared, *self._own.values()):
            await group.close()

    async def _record_in_own_call(self, unit: Together) -> tuple[Appended, ...]:
        streams = tuple(sorted(append.stream for append in unit))
        group = self._own.setdefault(streams, self._group(self._flush_own))
        try:
            appended = await group.submit(unit)
        finally:
            if group.is_idle:
                self._own.pop(streams, None)
        if appended is None:
            raise busy(self._database, unit)
        return appended

    def _group(self, flush: _Flush) -> _Group:
        return GroupCommit(flush, weigh=_weight)

    async def _flush_shared(self, units: Sequence[Together]) -> list[Outcome]:
        try:
            return await self._flush(units, skip_locked=True, patience=_SHARED_PATIENCE)
        except StoreBusyError:
            return [None] * len(units)

    async def _flush_own(self, units: Sequence[Together]) -> list[Outcome]:
        async with self._own_calls:
            return await self._flush(units, skip_locked=False, patience=_OWN_PATIENCE)

    async def _flush(
        self, units: Sequence[Together], *, skip_locked: bool, patience: int
    ) -> list[Outcome]:
        started = time.perf_counter()
        self.flushes += 1
        self.flushed += len(units)
        outcomes: list[Outcome] = [None] * len(units)
        for group in without_common_ids(units):
            part = [units[at] for at in group]
            found = await self._record_alike(part, skip_locked=skip_locked, patience=patience)
            for at, outcome in zip(group, found, strict=True):
                outcomes[at] = outcome
        self._instrumentation.flushed(
            appends=sum(len(unit) for unit in units),
            events=sum(len(append.events) for unit in units for append in unit),
            seconds=time.perf_counter() - started,
        )
        return outcomes

    async def _record_alike(
        self, units: Sequence[Together], *, skip_locked: bool, patience: int
    ) -> Sequence[Outcome]:
        call = call_for(units, skip_locked=skip_locked, patience=patience)
        try:
            rows = await self._persistently(call, busy_passes=not skip_locked)
        except TransientStoreError:
            raise
        except EventdocsError as error:
            if len(units) == 1:
                return [error]
            # The database refuses one of them and does not say which.
            return [
                outcome
                for unit in units
                for outcome in await self._record_alike(
                    [unit], skip_locked=skip_locked, patience=patience
                )
            ]
        return outcomes_of(units, rows)

    async def _persistently(self, call: Call, *, busy_passes: bool) -> Sequence[Row]:
        """Call, and call again while that can help: the ids settle what had happened already."""
        try:
            return await self._carry(call)
        except StoreUnavailableError:
            pass
        except StoreBusyError:
            if not busy_passes:
                raise
        return await AsyncRetrying(
            retry=retry_if_exception_type(TransientStoreError),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            stop=stop_after_delay(_RETRY_SECONDS),
            reraise=True,
        )(self._carry, call)


def _weight(unit: Together) -> int:
    return sum(1 + len(event.payload) // 1024 for append in unit for event in append.events)
