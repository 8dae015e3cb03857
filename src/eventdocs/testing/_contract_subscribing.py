"""The contract's promises about following the log."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Sequence
from typing import Any

import pytest

from eventdocs.errors import StoreClosedError, UnregisteredEventError
from eventdocs.store import Appended, EventStore, RecordedEvent, Selection, Subscription
from eventdocs.testing._contract_events import (
    CONTRACT_EVENTS,
    Counted,
    Measured,
    Noted,
    Opening,
    texts,
)

PATIENCE = 30.0
"""Seconds after which an event that has not come will not come any more."""

EVENTUALLY = 0.05
"""A poll interval with which a test that relies on polling alone is still quick."""


class SubscribingContract:
    """What `subscribe` promises: everything once and in order, then as it comes."""

    async def test_catches_up_and_goes_live_without_gap_or_repeat(self, opening: Opening) -> None:
        """Whatever is appended before, during and after the catching up comes once, in order."""
        async with opening(CONTRACT_EVENTS) as store, opening(CONTRACT_EVENTS) as other:
            await store.append("count-0", [Counted(n) for n in range(300)])
            seen: list[int] = []
            async with store.subscribe(page_size=7, poll_interval=EVENTUALLY) as subscription:
                async with asyncio.TaskGroup() as writers:
                    for number in range(4):
                        writer = (store, other)[number % 2]
                        writers.create_task(_append_many(writer, f"count-{number}", turns=25))
                    while len(seen) < 150:
                        seen += [await _next_sequence(subscription)]
                last = await other.append("note-last", texts("last"))
                while not seen or seen[-1] < last.sequence:
                    seen += [await _next_sequence(subscription)]

            assert seen == [each.sequence async for each in store.read_all()]

    async def test_hears_of_appends_through_other_stores_and_transactions(
        self, opening: Opening
    ) -> None:
        """An idle follower gets what others record, by whatever way, one after the other."""
        async with (
            opening(CONTRACT_EVENTS) as store,
            opening(CONTRACT_EVENTS) as other,
            store.subscribe(poll_interval=EVENTUALLY) as subscription,
        ):
            for turn in range(3):
                for writer in (store, other):
                    appended = await writer.append("note-1", texts(f"{turn}"))
                    assert await _next_sequence(subscription) == appended.sequence
                    async with writer.begin() as tx:
                        bound = await writer.using(tx).append("note-2", texts(f"{turn}"))
                    assert await _next_sequence(subscription) == bound.sequence

    async def test_tells_how_far_the_log_is_settled(self, opening: Opening) -> None:
        """When nobody has an append open, all that was given out can be read."""
        async with opening(CONTRACT_EVENTS) as store:
            before = await store.feed()
            appended = await store.append("note-1", texts("one", "two"))
            after = await store.feed()

        assert (before.settled, before.last, before.is_held) == (0, 0, False)
        assert (after.settled, after.last, after.is_held) == (appended.sequence,) * 2 + (False,)
        assert before.holders == after.holders == ()

    async def test_gives_nothing_that_was_rolled_back(self, opening: Opening) -> None:
        """What a host takes back was never there."""
        async with (
            opening(CONTRACT_EVENTS) as store,
            store.subscribe(poll_interval=EVENTUALLY) as subscription,
        ):
            with contextlib.suppress(LookupError):
                async with store.begin() as tx:
                    await store.using(tx).append("note-1", texts("gone"))
                    raise LookupError
            kept = await store.append("note-1", texts("kept"))

            assert await _next_sequence(subscription) == kept.sequence

    async def test_follows_categories_and_types_from_any_place(self, opening: Opening) -> None:
        """Every filter gives what reading with it gives, of the past and of what comes."""
        async with opening(CONTRACT_EVENTS) as store:
            first = await _append_mixed(store)
            filters: list[dict[str, Any]] = [
                {},
                {"after": first.sequence},
                {"category": "note"},
                {"types": [Counted]},
                {"types": ["eventdocs.testing.Noted", Measured]},
                {"category": "count", "types": [Noted], "after": first.sequence},
            ]
            async with contextlib.AsyncExitStack() as stack:
                subscriptions = [
                    await stack.enter_async_context(
                        store.subscribe(**each, page_size=3, poll_interval=EVENTUALLY)
                    )
                    for each in filters
                ]
                found: list[list[int]] = [[] for _ in filters]
                for _ in range(3):
                    await _append_mixed(store)
                    expected = [
                        [event.sequence async for event in store.read_all(**each)]
                        for each in filters
                    ]
                    for subscription, sequences, wanted in zip(
                        subscriptions, found, expected, strict=True
                    ):
                        assert len(wanted) > len(sequences)
                        while len(sequences) < len(wanted):
                            sequences.append(await _next_sequence(subscription))
                    assert found == expected

    async def test_gives_pages_to_those_who_want_many_at_once(self, opening: Opening) -> None:
        """Pages hold the same events, at least one and no more than was asked for."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append("count-1", [Counted(n) for n in range(23)])
            pages: list[Sequence[RecordedEvent[Any]]] = []
            async with store.subscribe(page_size=10, poll_interval=EVENTUALLY) as subscription:
                first = await _next(subscription)
                async for page in subscription.pages():
                    pages.append(page)
                    if page[-1].version == 23:
                        break
                later = await store.append("count-1", [Counted(23)])
                last = await anext(subscription.pages())

            assert [first.version, *(each.version for page in pages for each in page)] == [
                *range(1, 24)
            ]
            assert [len(page) for page in pages] == [9, 10, 3]
            assert [each.sequence for each in last] == [later.sequence]

    async def test_reads_no_further_ahead_than_a_page(self, opening: Opening) -> None:
        """A slow consumer sets the pace: what it has not asked for is not read."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append("count-1", [Counted(n) for n in range(50)])
            read: list[Selection] = []
            reading = store.read_page

            async def counting(selection: Selection, *, limit: int = 500) -> Any:
                read.append(selection)
                return await reading(selection, limit=limit)

            store.read_page = counting  # type: ignore[method-assign]  # watched, not replaced
            async with store.subscribe(page_size=10) as subscription:
                for _ in range(10):
                    await _next(subscription)
                for _ in range(100):
                    await asyncio.sleep(0)

            assert len(read) == 1

    async def test_a_call_that_is_cancelled_has_taken_nothing(self, opening: Opening) -> None:
        """Cancelled at any await, while reading or waiting, it goes on where it was."""
        dice = random.Random(7)  # noqa: S311 - chance with a seed, no secret
        async with opening(CONTRACT_EVENTS) as store:
            before = set(asyncio.all_tasks())
            seen: list[int] = []
            async with store.subscribe(page_size=3, poll_interval=EVENTUALLY) as subscription:
                writer = asyncio.create_task(_append_many(store, "count-1", turns=40))
                cancelled = 0
                while len(seen) < 120:
                    step = asyncio.ensure_future(_next_sequence(subscription))
                    await asyncio.wait([step], timeout=dice.choice([0, 0.001, 0.003, 0.01]))
                    if dice.random() < 0.5:
                        step.cancel()
                    try:
                        seen.append(await step)
                    except asyncio.CancelledError:
                        cancelled += 1
                await writer

            assert cancelled > 0
            assert seen == [each.sequence async for each in store.read_all()]
            await _ended(set(asyncio.all_tasks()) - before)

    async def test_a_follower_that_is_cancelled_leaves_nothing_behind(
        self, opening: Opening
    ) -> None:
        """Entered, iterating, waiting or leaving: no task and no connection stays."""
        dice = random.Random(11)  # noqa: S311 - chance with a seed, no secret
        async with opening(CONTRACT_EVENTS) as store:
            await store.append("count-1", [Counted(n) for n in range(20)])
            before = set(asyncio.all_tasks())
            for _ in range(30):
                followers = [asyncio.create_task(_follow(store)) for _ in range(4)]
                for follower in followers:
                    await asyncio.wait([follower], timeout=dice.choice([0, 0.001, 0.003, 0.01]))
                    follower.cancel()
                await asyncio.wait(followers)
                assert all(follower.cancelled() for follower in followers)

            await _ended(set(asyncio.all_tasks()) - before)
            async with store.subscribe() as subscription:
                assert (await _next(subscription)).version == 1

    async def test_ends_when_the_store_is_closed(self, opening: Opening) -> None:
        """A follower that waits is told, and does not wait for ever."""
        async with (
            opening(CONTRACT_EVENTS) as store,
            store.subscribe(poll_interval=EVENTUALLY) as subscription,
        ):
            waiting = asyncio.create_task(_next(subscription))
            await asyncio.sleep(0)
            await store.close()

            with pytest.raises(StoreClosedError):
                await waiting

    async def test_refuses_subscriptions_that_make_no_sense(self, opening: Opening) -> None:
        """They are refused at once, and not when the first event would come."""
        async with opening(CONTRACT_EVENTS) as store:
            with pytest.raises(ValueError, match="after"):
                store.subscribe(after=-1)
            with pytest.raises(ValueError, match="page"):
                store.subscribe(page_size=0)
            with pytest.raises(ValueError, match="interval"):
                store.subscribe(poll_interval=0)
            with pytest.raises(UnregisteredEventError):
                store.subscribe(types=[int])
            for selection in (Selection(backward=True), Selection(until=3)):
                with pytest.raises(ValueError, match="forward"):
                    Subscription(store, selection)
            with pytest.raises(RuntimeError, match="async with"):
                await anext(store.subscribe())


async def _next(subscription: Subscription) -> RecordedEvent[Any]:
    async with asyncio.timeout(PATIENCE):
        return await anext(subscription)


async def _next_sequence(subscription: Subscription) -> int:
    return (await _next(subscription)).sequence


async def _append_many(store: EventStore, stream: str, *, turns: int) -> None:
    for turn in range(turns):
        await store.append(stream, [Counted(turn) for _ in range(3)])


async def _append_mixed(store: EventStore) -> Appended:
    for turn in range(5):
        for stream in ("note-1", "count-1", "note"):
            await store.append(stream, [Noted(f"{turn}"), Counted(turn)])
    return await store.append("count-2", [Noted("last"), Counted(0)])


async def _follow(store: EventStore) -> None:
    async with store.subscribe(page_size=7) as subscription:
        async for _ in subscription:
            pass


async def _ended(tasks: set[asyncio.Task[Any]]) -> None:
    """Wait until the tasks that were at work for a moment have ended."""
    if tasks:
        _, left = await asyncio.wait(tasks, timeout=PATIENCE)
        assert not left
