"""Subscriptions: the log as it stands, then as it grows, for as long as somebody reads."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self

import attrs

from eventdocs.errors import TransientStoreError
from eventdocs.store._bell import Bell
from eventdocs.store._events import Page, RecordedEvent
from eventdocs.store._selection import Selection

if TYPE_CHECKING:
    from eventdocs.store._port import EventStore

_logger: Final = logging.getLogger("eventdocs.store")

_FIRST_PAUSE: Final = 0.01
_LONGEST_ABSENCE: Final = 5.0


class Subscription(AsyncIterator[RecordedEvent[Any]]):
    """Gives every event of a selection once and in order: those recorded, then those to come.

    Enter it, then iterate over events, or over `pages` to handle many at once. It never
    ends by itself. A call that is cancelled, by a timeout for example, has taken nothing:
    the next one goes on where it was. Between two events it holds no connection, and it
    reads no further ahead than one page.

    While the database is busy or away it waits, and then goes on after the last event
    that it gave. Only one task at a time may iterate.

    Args:
        store: The log.
        selection: Which events, forward and without an end.
        page_size: The most events that are read at once.
        poll_interval: Seconds between two looks at an idle log, at most. Wake-ups come
            sooner where the database has them; nothing is missed where it has none.

    Raises:
        ValueError: The selection has an end or goes backward, or a number is too small.
    """

    def __init__(
        self,
        store: EventStore,
        selection: Selection,
        *,
        page_size: int = 500,
        poll_interval: float = 0.5,
    ) -> None:
        if selection.backward or selection.until is not None:
            raise ValueError("a subscription goes forward without end")
        if page_size < 1:
            raise ValueError(f"a page has at least one event, not {page_size}")
        if poll_interval <= 0:
            raise ValueError(f"a poll interval is longer than 0 seconds, not {poll_interval}")
        self._store = store
        self._selection: Selection = selection
        self._page_size = page_size
        self._poll_interval = poll_interval
        self._entered = AsyncExitStack()
        self._bell: Bell | None = None
        self._ready: deque[RecordedEvent[Any]] = deque()
        # What to wait for before the next look; None if there may be more at once.
        self._heard: asyncio.Event | None = None
        self._pause = _FIRST_PAUSE
        self._is_absent = False
        self._is_narrowed = False

    async def __aenter__(self) -> Self:
        self._bell = await self._entered.enter_async_context(self._store.listening())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._bell = None
        await self._entered.aclose()

    async def __anext__(self) -> RecordedEvent[Any]:
        if not self._ready:
            self._ready.extend(await self._next_page())
        return self._ready.popleft()

    def pages(self) -> AsyncIterator[Sequence[RecordedEvent[Any]]]:
        """Give the same events many at a time: never none, and at most a page."""
        return _Pages(self)

    async def _next_page(self) -> Sequence[RecordedEvent[Any]]:
        if self._ready:
            rest = tuple(self._ready)
            self._ready.clear()
            return rest
        if self._bell is None:
            raise RuntimeError("enter the subscription with `async with` before iterating")
        while True:
            if self._heard is not None:
                await self._wait_for_news(self._heard)
            # Taken before the log is looked at, so that no ring after the look is missed.
            heard = self._bell.listen()
            page = await self._look()
            self._heard = None if page is not None and not page.is_last else heard
            if page is not None:
                self._advance(max(page.through, page.searched))
            if page is not None and page.events:
                self._pause = _FIRST_PAUSE
                return page.events

    def _advance(self, through: int) -> None:
        if through > self._selection.after:
            self._selection = attrs.evolve(self._selection, after=through)

    async def _look(self) -> Page | None:
        """Read the next page; nothing while the database is busy or away."""
        try:
            if not self._is_narrowed:
                self._advance((await self._store.narrowed(self._selection)).after)
                self._is_narrowed = True
            page = await self._store.read_page(self._selection, limit=self._page_size)
        except TransientStoreError as error:
            if not self._is_absent:
                self._is_absent = True
                _logger.warning(
                    "eventdocs.subscription.interrupted",
                    extra={"error_type": type(error).__qualname__, "after": self._selection.after},
                )
            return None
        if self._is_absent:
            self._is_absent = False
            self._pause = _FIRST_PAUSE
            _logger.info("eventdocs.subscription.resumed", extra={"after": self._selection.after})
        return page

    async def _wait_for_news(self, heard: asyncio.Event) -> None:
        """Wait for a ring, but not for long: the pauses grow while nothing happens."""
        longest = _LONGEST_ABSENCE if self._is_absent else self._poll_interval
        pause = min(self._pause, longest)
        with contextlib.suppress(TimeoutError):
            # Not all at the same moment: many may wait for one server that comes back.
            async with asyncio.timeout(pause * random.uniform(0.75, 1.0)):  # noqa: S311 - no secret
                await heard.wait()
        self._pause = _FIRST_PAUSE if heard.is_set() else 2 * pause
        self._heard = None


class _Pages(AsyncIterator[Sequence[RecordedEvent[Any]]]):
    """The pages of a subscription. Leaving them early leaves nothing open."""

    def __init__(self, subscription: Subscription) -> None:
        self._subscription = subscription

    async def __anext__(self) -> Sequence[RecordedEvent[Any]]:
        return await self._subscription._next_page()  # pyright: ignore[reportPrivateUsage]  # its other half
