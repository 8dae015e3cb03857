"""A bell: wakes everyone who listens, once."""

from __future__ import annotations

import asyncio


class Bell:
    """Lets tasks wait for news without missing any.

    Take what `listen` returns before looking at the state; if there is nothing to do,
    wait for it: it is set by the next ring after it was taken. A ring says that there may
    be news, and silence says nothing: look now and then all the same.
    """

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def listen(self) -> asyncio.Event:
        """Give the event that the next ring sets."""
        return self._next

    def ring(self) -> None:
        """Wake everyone who listens now."""
        self._next.set()
        self._next = asyncio.Event()
