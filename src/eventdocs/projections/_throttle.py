"""Throttle: work held to so many events a second, so that others get their share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from eventdocs.errors import ConfigurationError

_LONGEST_NAP: Final = 0.5  # seconds after which somebody may have cancelled


class Throttle:
    """Lets each batch take as long as its events may.

    A batch that took longer by itself is no credit for the next one.

    Args:
        rate: The most events a second; None lets work go as fast as it can.
        clock: Counts the seconds.
        nap: Waits so many seconds.

    Raises:
        ConfigurationError: The rate is not above 0.
    """

    def __init__(
        self,
        rate: float | None,
        *,
        clock: Callable[[], float],
        nap: Callable[[float], Awaitable[None]],
    ) -> None:
        if rate is not None and not rate > 0:
            raise ConfigurationError([f"events_per_second must be above 0, not {rate!r}"])
        self._rate = rate
        self._clock = clock
        self._nap = nap

    def bounded(self, batch_size: int) -> int:
        """Make batches small enough that a second has one at least."""
        return batch_size if self._rate is None else min(batch_size, max(1, int(self._rate)))

    def seconds_for(self, events: int) -> float:
        """Tell how long so many events take at least."""
        return 0.0 if self._rate is None else events / self._rate

    async def hold(
        self, events: int, *, since: float, between: Callable[[], Awaitable[None]]
    ) -> None:
        """Wait until so many *events* may have been applied.

        Args:
            events: How many were.
            since: When the first of them began.
            between: Is called at least once, and at least once a second while waiting.
        """
        await between()
        until = since + self.seconds_for(events)
        while (left := until - self._clock()) > 0:
            await self._nap(min(left, _LONGEST_NAP))
            await between()
