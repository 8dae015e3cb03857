"""The contract's promises about event ids."""

from __future__ import annotations

import asyncio

import pytest

from eventdocs.errors import EventIdConflictError, UnencodableEventError
from eventdocs.store import Appended, NewEvent
from eventdocs.testing._contract_events import (
    CONTRACT_EVENTS,
    Counted,
    Noted,
    Opening,
    all_texts,
    texts,
)
from eventdocs.types import Expect, ExpectedVersion

STREAM = "note-1"


class IdentityContract:
    """Appending an event id twice records it once."""

    async def test_answers_a_repeat_with_the_first_places(self, opening: Opening) -> None:
        """A repeat returns what the first append returned, whatever it expects, and writes nothing."""
        events = [NewEvent(data=Noted("a")), NewEvent(data=Noted("b"))]
        async with opening(CONTRACT_EVENTS) as store:
            await store.append("other-1", texts("before"))
            first = await store.append(STREAM, events, expected=Expect.NO_STREAM)
            await store.append(STREAM, texts("after"))

            expectations: list[ExpectedVersion] = [*Expect, 0, 2, 99]
            repeats = [
                await store.append(STREAM, events, expected=expected) for expected in expectations
            ]

            assert await all_texts(store) == ["before", "a", "b", "after"]
        assert not first.repeated
        for repeat in repeats:
            assert repeat.repeated
            assert (repeat.stream, repeat.places, repeat.version) == (
                first.stream,
                first.places,
                first.version,
            )

    async def test_remembers_ids_for_ever(self, opening: Opening) -> None:
        """A repeat is known as one after the store was closed and opened again."""
        events = [NewEvent(data=Noted("a"))]
        async with opening(CONTRACT_EVENTS) as store:
            first = await store.append(STREAM, events)

        async with opening(CONTRACT_EVENTS) as store:
            repeat = await store.append(STREAM, events)

            assert await all_texts(store) == ["a"]
        assert (repeat.places, repeat.repeated) == (first.places, True)

    async def test_records_one_of_simultaneous_repeats(self, opening: Opening) -> None:
        """The same append made many times at once, through two stores, is recorded once."""
        events = [NewEvent(data=Noted("a")), NewEvent(data=Noted("b"))]
        async with opening(CONTRACT_EVENTS) as one, opening(CONTRACT_EVENTS) as other:
            outcomes = await asyncio.gather(
                *(store.append(STREAM, events, expected=0) for store in [one, other] * 6)
            )

            assert await all_texts(one) == ["a", "b"]
        assert len({each.places for each in outcomes}) == 1
        assert sorted(each.repeated for each in outcomes) == [False] + [True] * 11

    async def test_a_repeat_settles_a_lost_acknowledgement(self, opening: Opening) -> None:
        """Whoever never heard the answer repeats the append, and it is recorded exactly once."""
        async with opening(CONTRACT_EVENTS) as store:
            for steps in range(12):
                events = [NewEvent(data=Noted(f"{steps}"))]
                interrupted = asyncio.create_task(store.append(f"note-{steps}", events))
                for _ in range(steps):
                    await asyncio.sleep(0)
                interrupted.cancel()
                await asyncio.wait([interrupted])

                appended = await store.append(f"note-{steps}", events, expected=Expect.NO_STREAM)

                assert appended.version == 1
                assert await store.stream_version(f"note-{steps}") == 1
            assert sorted(await all_texts(store)) == sorted(map(str, range(12)))

    async def test_refuses_an_id_with_other_content(self, opening: Opening) -> None:
        """An id names one fact: other content, type or stream under it is a typed error."""
        known = NewEvent(data=Noted("a"))
        async with opening(CONTRACT_EVENTS) as store:
            await store.append(STREAM, [known])

            conflicts: list[tuple[str, list[object]]] = [
                (STREAM, [NewEvent(data=Noted("b"), id=known.id)]),
                (STREAM, [NewEvent(data=Counted(1), id=known.id)]),
                ("note-2", [known]),
                (STREAM, [known, Noted("new")]),
                (STREAM, [Noted("new"), known]),
            ]
            for stream, events in conflicts:
                with pytest.raises(EventIdConflictError) as caught:
                    await store.append(stream, events)

                assert caught.value.stream == stream
            assert await all_texts(store) == ["a"]
            assert await store.stream_version("note-2") == 0

    async def test_refuses_simultaneous_claims_to_one_id(self, opening: Opening) -> None:
        """Of different facts that claim one id at the same time, one is recorded."""
        id = NewEvent(data=Noted("")).id  # noqa: A001 - the attribute's own name
        async with opening(CONTRACT_EVENTS) as store:
            outcomes = await asyncio.gather(
                *(
                    store.append(f"note-{n}", [NewEvent(data=Noted(f"{n}"), id=id)])
                    for n in range(8)
                ),
                return_exceptions=True,
            )

            (recorded,) = await all_texts(store)
        won = [each for each in outcomes if isinstance(each, Appended)]
        lost = [each for each in outcomes if not isinstance(each, Appended)]
        assert [f"note-{recorded}"] == [each.stream for each in won]
        assert {type(each) for each in lost} == {EventIdConflictError}

    async def test_refuses_an_id_twice_in_one_append(self, opening: Opening) -> None:
        """Two events of one append cannot be the same fact."""
        event = NewEvent(data=Noted("a"))
        async with opening(CONTRACT_EVENTS) as store:
            with pytest.raises(UnencodableEventError, match="twice"):
                await store.append(STREAM, [event, event])

            assert await store.head() == 0
