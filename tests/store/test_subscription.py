"""How subscriptions wait: for news, and for a database that is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import attrs
import pytest

from eventdocs.backends import open_store
from eventdocs.errors import StoreBusyError
from eventdocs.store import (
    EventStore,
    Page,
    RecordedEvent,
    Selection,
    Subscription,
    _subscription,
    event,
)


@event("Noted")
@attrs.frozen
class Noted:
    text: str


class Waits:
    """Waits that pass at once.

    Attributes:
        seconds: How long each was meant to be.
    """

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self._another = asyncio.Event()

    def timeout(self, seconds: float) -> asyncio.Timeout:
        """Stand in for `asyncio.timeout`."""
        self.seconds.append(seconds)
        self._another.set()
        return asyncio.timeout(0.001)

    async def growing(self, *, longest: float) -> None:
        """Wait until they have grown, from now on, from the shortest to the longest."""
        most = [0.01]
        while most[-1] < longest:
            most.append(min(2 * most[-1], longest))
        before = len(self.seconds)
        async with asyncio.timeout(10):
            while not _holds(self.seconds[before:], [*most, longest]):
                self._another.clear()
                await self._another.wait()


def _holds(waits: Sequence[float], most: Sequence[float]) -> bool:
    """Tell whether some that follow one another are as long as these, or a little shorter."""
    return any(
        all(0.75 * each <= wait <= each for each, wait in zip(most, waits[start:], strict=False))
        for start in range(len(waits) - len(most) + 1)
    )


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    """The waits of subscriptions."""
    waits = Waits()
    monkeypatch.setattr(_subscription, "asyncio", waits)
    return waits


def opened() -> AbstractAsyncContextManager[EventStore]:
    return open_store("sqlite:///:memory:", events=[Noted])


async def next_of(subscription: Subscription) -> RecordedEvent[Any]:
    async with asyncio.timeout(30):
        return await anext(subscription)


async def test_an_idle_log_is_looked_at_less_and_less_often(waits: Waits) -> None:
    """Up to the poll interval, and often again once something was heard or came."""
    async with (
        opened() as store,
        store.subscribe(category="note", poll_interval=0.3) as subscription,
    ):
        waiting = asyncio.create_task(next_of(subscription))
        await waits.growing(longest=0.3)
        await store.append("another-1", [Noted("none of ours")])
        await waits.growing(longest=0.3)
        await store.append("note-1", [Noted("ours")])
        await waiting
        waiting = asyncio.create_task(next_of(subscription))
        await waits.growing(longest=0.3)
        await store.append("note-1", [Noted("the last")])
        last = await waiting

    assert last.data == Noted("the last")
    assert max(waits.seconds) <= 0.3


async def test_catching_up_waits_for_nothing(waits: Waits) -> None:
    """Pages follow one another at once until the last event that there is."""
    async with opened() as store, store.subscribe(page_size=1) as subscription:
        await store.append("note-1", [Noted(str(number)) for number in range(20)])

        seen = [(await next_of(subscription)).version for _ in range(20)]

    assert seen == list(range(1, 21))
    assert not waits.seconds


async def test_an_absent_database_is_waited_for_and_told_of_once(
    waits: Waits, caplog: pytest.LogCaptureFixture
) -> None:
    """Each absence has one line at its beginning and one at its end, with the place."""
    caplog.set_level(logging.INFO, "eventdocs.store")
    async with opened() as store, store.subscribe(poll_interval=0.3) as subscription:
        reading = store.read_page
        is_away = False

        async def read(selection: Selection, *, limit: int = 500) -> Page:
            if is_away:
                raise StoreBusyError(store.database, "somebody is in the way")
            return await reading(selection, limit=limit)

        store.read_page = read  # type: ignore[method-assign]  # watched, not replaced
        for number in range(1, 3):
            await store.append("note-1", [Noted("before")])
            assert (await next_of(subscription)).sequence == 2 * number - 1
            is_away = True
            waiting = asyncio.create_task(next_of(subscription))
            await waits.growing(longest=5.0)
            is_away = False
            await store.append("note-1", [Noted("behind")])
            assert (await waiting).sequence == 2 * number

    assert max(waits.seconds) <= 5.0
    assert list(_lines(caplog)) == [
        ("WARNING", "eventdocs.subscription.interrupted", "StoreBusyError", 1),
        ("INFO", "eventdocs.subscription.resumed", None, 1),
        ("WARNING", "eventdocs.subscription.interrupted", "StoreBusyError", 3),
        ("INFO", "eventdocs.subscription.resumed", None, 3),
    ]


def _lines(caplog: pytest.LogCaptureFixture) -> Iterator[tuple[str, str, str | None, int]]:
    for record in caplog.records:
        facts = vars(record)
        yield record.levelname, record.getMessage(), facts.get("error_type"), facts["after"]
