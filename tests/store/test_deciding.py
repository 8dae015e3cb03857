"""Deciding: the state a stream amounts to, and what commands lead to in it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import attrs
import pytest

from eventdocs import Expect, NewEvent, event, open_store
from eventdocs.errors import UnencodableEventError, WrongExpectedVersionError
from eventdocs.store import Decider, EventStore

STREAM = "account-1"


@event("Deposited")
@attrs.frozen
class Deposited:
    amount: int


@event("Withdrawn")
@attrs.frozen
class Withdrawn:
    amount: int


@event("Commented")
@attrs.frozen
class Commented:
    text: str


class OverdrawnError(Exception):
    pass


def decide(balance: int, change: int) -> Sequence[object]:
    if balance + change < 0:
        raise OverdrawnError
    if change == 0:
        return ()
    return [Deposited(change)] if change > 0 else [Withdrawn(-change)]


def evolve(balance: int, happened: Deposited | Withdrawn) -> int:
    if isinstance(happened, Deposited):
        return balance + happened.amount
    return balance - happened.amount


ACCOUNT = Decider(initial=0, decide=decide, evolve=evolve, events=(Deposited, Withdrawn))


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=[Deposited, Withdrawn, Commented]) as opened:
        yield opened


def interrupted(url: str, amounts: list[int], seen: list[int]) -> Decider[int, int]:
    """An account whose every decision is overtaken by another process's deposit.

    Args:
        url: The database.
        amounts: What is deposited, a decision each.
        seen: Is told the balance at each decision.
    """
    left = iter(amounts)

    async def deposit(amount: int) -> None:
        async with open_store(url, events=[Deposited]) as other:
            await other.append(STREAM, [Deposited(amount)])

    def decide_too_late(balance: int, change: int) -> Sequence[object]:
        seen.append(balance)
        amount = next(left, None)
        if amount is not None:
            with ThreadPoolExecutor(max_workers=1) as thread:
                thread.submit(asyncio.run, deposit(amount)).result()
        return decide(balance, change)

    return attrs.evolve(ACCOUNT, decide=decide_too_late)


async def changes_in(store: EventStore) -> list[int]:
    """Read what the stream holds, by a sum of our own."""
    return [
        event.data.amount if event.type == "Deposited" else -event.data.amount
        async for event in store.read_stream(STREAM)
        if event.type != "Commented"
    ]


class TestACommand:
    async def test_leads_to_events_in_the_state_that_the_stream_amounts_to(
        self, store: EventStore
    ) -> None:
        """State, events and their places come back."""
        await store.decide(STREAM, ACCOUNT, 10)

        decided = await store.decide(STREAM, ACCOUNT, -4)

        assert (decided.state, decided.version) == (6, 2)
        assert decided.events == (Withdrawn(4),)
        assert decided.appended is not None
        assert decided.appended.version == 2
        assert await changes_in(store) == [10, -4]

    async def test_that_asks_for_nothing_new_appends_nothing(self, store: EventStore) -> None:
        """Neither does it bring a stream into being."""
        decided = await store.decide(STREAM, ACCOUNT, 0)

        assert (decided.state, decided.version) == (0, 0)
        assert (decided.events, decided.appended) == ((), None)
        assert await store.stream_version(STREAM) == 0

    async def test_that_is_refused_appends_nothing(self, store: EventStore) -> None:
        """What the host's function raises arrives unchanged."""
        await store.decide(STREAM, ACCOUNT, 3)

        with pytest.raises(OverdrawnError):
            await store.decide(STREAM, ACCOUNT, -4)

        assert await changes_in(store) == [3]

    async def test_that_leads_to_what_cannot_be_written_is_told_so(self, store: EventStore) -> None:
        """The codec's refusals are the append's."""
        with pytest.raises(UnencodableEventError):
            await store.decide(STREAM, ACCOUNT, 2**63)

    async def test_passes_over_events_that_do_not_concern_the_decider(
        self, store: EventStore, database_url: str
    ) -> None:
        """They count in the version, and their classes need not even be known."""
        await store.decide(STREAM, ACCOUNT, 5)
        await store.append(STREAM, [Commented("noted")])

        async with open_store(database_url, events=[Deposited, Withdrawn]) as narrow:
            decided = await narrow.decide(STREAM, ACCOUNT, -5)

        assert (decided.state, decided.version) == (0, 3)

    async def test_takes_at_least_one_attempt(self, store: EventStore) -> None:
        """None would be no decision."""
        with pytest.raises(ValueError, match="at least one"):
            await store.decide(STREAM, ACCOUNT, 1, attempts=0)


class TestAConflict:
    async def test_is_decided_again_in_the_state_that_others_made(
        self, store: EventStore, database_url: str
    ) -> None:
        """The next decision sees what was appended between fold and append."""
        seen: list[int] = []
        account = interrupted(database_url, [7, 9], seen)

        decided = await store.decide(STREAM, account, 10)

        assert seen == [0, 7, 16]
        assert (decided.state, decided.version) == (26, 3)
        assert await changes_in(store) == [7, 9, 10]

    async def test_is_given_up_after_so_many_attempts(
        self, store: EventStore, database_url: str
    ) -> None:
        """The error says where the stream stands."""
        seen: list[int] = []
        account = interrupted(database_url, [1] * 9, seen)

        with pytest.raises(WrongExpectedVersionError) as caught:
            await store.decide(STREAM, account, 10, attempts=3)

        assert seen == [0, 1, 2]
        assert (caught.value.expected, caught.value.actual) == (2, 3)
        assert await changes_in(store) == [1, 1, 1]

    async def test_of_many_writers_leaves_exactly_the_successful_commands(
        self, store: EventStore, database_url: str
    ) -> None:
        """Deciders of several stores on one stream lose nothing and double nothing."""
        async with open_store(database_url, events=[Deposited, Withdrawn]) as other:
            results = await asyncio.gather(
                *(each.decide(STREAM, ACCOUNT, 1, attempts=3) for each in [store, other] * 20),
                return_exceptions=True,
            )

        lost = [each for each in results if isinstance(each, BaseException)]
        won = [each for each in results if not isinstance(each, BaseException)]
        assert all(isinstance(each, WrongExpectedVersionError) for each in lost)
        assert won
        assert sorted(each.state for each in won) == list(range(1, len(won) + 1))
        assert await changes_in(store) == [1] * len(won)

    async def test_does_not_arise_among_the_deciders_of_one_store(self, store: EventStore) -> None:
        """They take turns, so that one attempt is enough for each."""
        results = await asyncio.gather(
            *(store.decide(STREAM, ACCOUNT, 1, attempts=1) for _ in range(50))
        )

        assert sorted(each.state for each in results) == list(range(1, 51))

    async def test_does_not_arise_after_a_decider_was_cancelled(self, store: EventStore) -> None:
        """Whoever waits for a turn and goes away leaves the queue as it was."""
        deciding = [
            asyncio.create_task(store.decide(STREAM, ACCOUNT, 1, attempts=1)) for _ in range(9)
        ]
        await asyncio.sleep(0)
        for task in deciding[::2]:
            task.cancel()
        await asyncio.gather(*deciding, return_exceptions=True)

        decided = await store.decide(STREAM, ACCOUNT, 1, attempts=1)

        assert decided.state == len(await changes_in(store))
        assert not any(task.cancelled() for task in deciding[1::2])


class TestIdentity:
    async def test_of_the_events_makes_a_decision_repeatable(self, store: EventStore) -> None:
        """A decider that names its facts can be asked twice; the first places come back."""
        known = UUID(int=7)

        def decide_by_name(_: int, change: int) -> Sequence[object]:
            return [NewEvent(data=Deposited(change), id=known)]

        naming = attrs.evolve(ACCOUNT, decide=decide_by_name)
        first = await store.decide(STREAM, naming, 5)
        await store.decide(STREAM, ACCOUNT, 1)

        again = await store.decide(STREAM, naming, 5)

        assert again.appended is not None
        assert first.appended is not None
        assert again.appended.repeated
        assert again.appended.places == first.appended.places
        assert (again.state, again.version) == (6, 2)
        assert await changes_in(store) == [5, 1]


class TestATransaction:
    async def test_takes_what_was_decided_with_it(self, store: EventStore) -> None:
        """Decisions in it see one another; what the host rolls back was never decided."""
        await store.decide(STREAM, ACCOUNT, 1)

        async def transact() -> None:
            async with store.begin() as tx:
                await store.using(tx).decide(STREAM, ACCOUNT, 2)
                inside = await store.using(tx).decide(STREAM, ACCOUNT, 3)
                assert inside.state == 6
                await store.using(tx).decide(STREAM, ACCOUNT, -100)

        with pytest.raises(OverdrawnError):
            await transact()

        assert (await store.fold(STREAM, ACCOUNT)).state == 1

    async def test_commits_what_was_decided(self, store: EventStore) -> None:
        """Together with everything else in it."""
        async with store.begin() as tx:
            await store.using(tx).append("other-1", [Commented("x")], expected=Expect.NO_STREAM)
            await store.using(tx).decide(STREAM, ACCOUNT, 2)

        assert (await store.fold(STREAM, ACCOUNT)).state == 2
        assert await store.stream_version("other-1") == 1


class TestAFold:
    async def test_of_no_stream_is_the_initial_state(self, store: EventStore) -> None:
        """At version 0."""
        folded = await store.fold("account-2", ACCOUNT)

        assert (folded.state, folded.version) == (0, 0)

    async def test_goes_through_all_pages(self, store: EventStore) -> None:
        """A stream longer than a page is folded to its end."""
        await store.append(STREAM, [Deposited(each) for each in range(1201)])

        folded = await store.fold(STREAM, ACCOUNT)

        assert (folded.state, folded.version) == (sum(range(1201)), 1201)
