"""Patience: calls that meet a busy or absent database are made again."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import attrs
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    stop_after_delay,
    stop_never,
    wait_exponential,
    wait_random,
)

from eventdocs.errors import StoreUnavailableError, TransientStoreError
from eventdocs.observability import Instrumentation
from eventdocs.projections._trouble import trouble_behind

R = TypeVar("R")

_logger: Final = logging.getLogger("eventdocs.projections")

_FIRST: Final = 0.05
# Those who stood in each other's way must not come back at the same moment.
_LATER: Final = wait_exponential(multiplier=2 * _FIRST, max=5.0) + wait_random(0, 0.1)


@attrs.frozen(kw_only=True)
class Patience:
    """How transient trouble is sat out.

    Attributes:
        projection: Who waits.
        database: What errors call the database.
        instrumentation: Is told of every further attempt.
        limit: Give up after so many seconds; None never does.
        nap: Waits between two attempts.
    """

    projection: str
    database: str
    instrumentation: Instrumentation
    limit: float | None = None
    nap: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def call(self, work: Callable[[], Awaitable[R]]) -> R:
        """Do *work*, again and again while the database is busy or away.

        Raises:
            StoreError: The database's trouble did not pass, or is not of the passing kind.
        """
        try:
            return await self._attempt(work)
        except TransientStoreError as error:
            self._report(1, error)
        await self.nap(_FIRST + random.uniform(0, _FIRST))  # noqa: S311 - chance, no secret
        retrying = AsyncRetrying(
            retry=retry_if_exception_type(TransientStoreError),
            wait=_LATER,
            stop=stop_never if self.limit is None else stop_after_delay(self.limit),
            sleep=self.nap,
            before_sleep=self._before_sleep,
            reraise=True,
        )
        return await retrying(self._attempt, work)

    async def _attempt(self, work: Callable[[], Awaitable[R]]) -> R:
        try:
            return await work()
        except Exception as error:
            trouble = trouble_behind(error, self.database)
            if trouble is None and isinstance(error, OSError):
                trouble = StoreUnavailableError(self.database, str(error))
            if trouble is None or trouble is error:
                raise
            raise trouble from error

    def _before_sleep(self, state: RetryCallState) -> None:
        error = None if state.outcome is None else state.outcome.exception()
        if error is not None:
            self._report(state.attempt_number + 1, error)

    def _report(self, attempt: int, error: BaseException) -> None:
        kind = type(error).__qualname__
        _logger.warning(
            "eventdocs.projection.retried",
            extra={"projection": self.projection, "attempt": attempt, "error_type": kind},
        )
        self.instrumentation.retried(self.projection, attempt=attempt, error=kind)
