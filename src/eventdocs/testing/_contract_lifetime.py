"""The contract's promises about opening, closing and being cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from eventdocs.errors import StoreClosedError
from eventdocs.store import Appended, EventStore, Selection
from eventdocs.testing._contract_events import CONTRACT_EVENTS, Counted, Opening, all_texts, texts

STREAM = "note-1"


class LifetimeContract:
    """A store loses nothing when it is closed, opened again or left in a hurry."""

    async def test_keeps_the_log_when_it_is_closed(self, opening: Opening) -> None:
        """A store opened again is the same log: same identity, same events, same versions."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append(STREAM, texts("a", "b"))
            before = [each.raw async for each in store.read_all()]
            identity = store.store_id

        async with opening(CONTRACT_EVENTS) as store:
            assert [each.raw async for each in store.read_all()] == before
            assert store.store_id == identity
            appended = await store.append(STREAM, texts("c"), expected=2)
        assert appended.sequence > before[-1].sequence

    async def test_shares_the_log_between_stores(self, opening: Opening) -> None:
        """What one store has appended, another one on the same database reads at once."""
        async with opening(CONTRACT_EVENTS) as one, opening(CONTRACT_EVENTS) as other:
            for turn in range(4):
                writer, reader = (one, other) if turn % 2 else (other, one)
                appended = await writer.append(STREAM, texts(f"{turn}"), expected=turn)

                assert await reader.head() == appended.sequence
                assert await all_texts(reader) == [f"{each}" for each in range(turn + 1)]
            assert one.store_id == other.store_id

    async def test_refuses_every_call_after_it_was_closed(self, opening: Opening) -> None:
        """A closed store says so; closing it again is harmless."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append(STREAM, texts("a"))
        await store.close()

        async def begin() -> None:
            async with store.begin():
                pass

        async def connect() -> None:
            async with store.connect():
                pass

        calls: list[Callable[[], Awaitable[object]]] = [
            lambda: store.append(STREAM, texts("b")),
            lambda: store.read_page(Selection()),
            lambda: anext(store.read_all()),
            lambda: store.stream_version(STREAM),
            store.head,
            begin,
            connect,
        ]
        for call in calls:
            with pytest.raises(StoreClosedError):
                await call()

    async def test_closing_finishes_what_was_begun(self, opening: Opening) -> None:
        """An append under way when the store closes is recorded, or told that it was not."""
        async with opening(CONTRACT_EVENTS) as store:
            appends = [
                asyncio.create_task(store.append(f"note-{n}", texts(f"{n}"))) for n in range(40)
            ]
            await asyncio.sleep(0)
            await store.close()
            outcomes = await asyncio.gather(*appends, return_exceptions=True)

        async with opening(CONTRACT_EVENTS) as store:
            recorded = {each.stream async for each in store.read_all()}
        acknowledged = {each.stream for each in outcomes if isinstance(each, Appended)}
        assert recorded == acknowledged
        assert {type(each) for each in outcomes} <= {Appended, StoreClosedError}

    async def test_a_cancelled_caller_leaves_the_others_alone(self, opening: Opening) -> None:
        """Cancelling some of many appends takes nothing from the rest, and halves nothing."""
        async with opening(CONTRACT_EVENTS) as store:
            appends = [
                asyncio.create_task(
                    store.append(f"count-{n % 5}", [Counted(2 * n), Counted(2 * n + 1)])
                )
                for n in range(60)
            ]
            for steps, append in enumerate(appends[::3]):
                if steps % 2:
                    await asyncio.sleep(0)
                append.cancel()
            outcomes = await asyncio.gather(*appends, return_exceptions=True)

            recorded = [each.data.number async for each in store.read_all()]
        for number, outcome in enumerate(outcomes):
            if number % 3:
                assert isinstance(outcome, Appended)
            pair = [2 * number, 2 * number + 1]
            assert [each for each in recorded if each in pair] in ([], pair)
            if isinstance(outcome, Appended):
                assert 2 * number in recorded

    async def test_a_reader_may_leave_early(self, opening: Opening) -> None:
        """A read that is abandoned or cancelled holds nothing back from anyone."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append("count-1", [Counted(n) for n in range(600)])
            abandoned: list[AsyncIterator[Any]] = []
            for _ in range(30):
                reading = store.read_all()
                await anext(reading)
                abandoned.append(reading)
                cancelled = asyncio.create_task(read_everything(store))
                await asyncio.sleep(0)
                cancelled.cancel()
                await asyncio.wait([cancelled])

            await store.append("count-1", [Counted(600)], expected=600)

            assert await read_everything(store) == 601


async def read_everything(store: EventStore) -> int:
    """Read the whole log and count it."""
    return len([each async for each in store.read_all()])
