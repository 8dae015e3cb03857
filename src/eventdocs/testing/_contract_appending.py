"""The contract's promises about appending."""

from __future__ import annotations

import asyncio
import math
from datetime import datetime
from decimal import Decimal
from typing import Any

import attrs
import pytest

from eventdocs.errors import (
    EventdocsError,
    InvalidStreamNameError,
    UnencodableEventError,
    UnregisteredEventError,
    WrongExpectedVersionError,
)
from eventdocs.store import Appended, EventStore, event
from eventdocs.testing._contract_events import (
    CONTRACT_EVENTS,
    MEASURED,
    Counted,
    Noted,
    Opening,
    all_texts,
    texts,
)
from eventdocs.types import Expect, ExpectedVersion

STREAM = "note-1"


@event("eventdocs.testing.Free")
@attrs.frozen
class Free:
    """An event whose value may be anything."""

    value: Any


class AppendingContract:
    """What `EventStore.append` promises."""

    async def test_tells_where_the_events_stand(self, opening: Opening) -> None:
        """Versions count from 1 in each stream; sequences grow over all of them."""
        async with opening(CONTRACT_EVENTS) as store:
            first = await store.append(STREAM, texts("a", "b"))
            second = await store.append("note-2", texts("c"))
            third = await store.append(STREAM, texts("d"))
            recorded = [each async for each in store.read_all()]

        assert [place.version for place in first.places] == [1, 2]
        assert [place.version for place in second.places] == [1]
        assert [place.version for place in third.places] == [3]
        assert (first.stream, first.version, first.repeated) == (STREAM, 2, False)
        places = [*first.places, *second.places, *third.places]
        sequences = [place.sequence for place in places]
        assert sequences == sorted(set(sequences))
        assert first.sequence == sequences[1]
        assert [(e.sequence, e.version, e.id) for e in recorded] == [
            (place.sequence, place.version, place.id) for place in places
        ]
        assert [e.data.text for e in recorded] == ["a", "b", "c", "d"]

    async def test_judges_every_expectation(self, opening: Opening) -> None:
        """An append is recorded if the stream is as its writer expects, and only then."""
        cases: list[tuple[int, ExpectedVersion, bool]] = [
            (0, Expect.ANY, True),
            (0, Expect.NO_STREAM, True),
            (0, Expect.STREAM_EXISTS, False),
            (0, 0, True),
            (0, 1, False),
            (2, Expect.ANY, True),
            (2, Expect.NO_STREAM, False),
            (2, Expect.STREAM_EXISTS, True),
            (2, 0, False),
            (2, 1, False),
            (2, 2, True),
            (2, 3, False),
        ]
        async with opening(CONTRACT_EVENTS) as store:
            for number, (before, expected, accepted) in enumerate(cases):
                stream = f"case-{number}"
                if before:
                    await store.append(stream, texts(*["old"] * before))

                outcome = await attempt(store, stream, expected=expected)

                assert isinstance(outcome, Appended) == accepted, cases[number]
                assert await store.stream_version(stream) == before + accepted

    async def test_refuses_an_outdated_writer(self, opening: Opening) -> None:
        """A writer with an outdated version is told so in full, and nothing is written."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append(STREAM, texts("first"), expected=Expect.NO_STREAM)

            with pytest.raises(WrongExpectedVersionError) as caught:
                await store.append(STREAM, texts("lost", "too"), expected=0)

            assert await all_texts(store) == ["first"]
        assert (caught.value.stream, caught.value.expected, caught.value.actual) == (STREAM, 0, 1)

    async def test_lets_one_of_many_racing_writers_win(self, opening: Opening) -> None:
        """Of writers who expect the same version one is recorded; the others get a typed error."""
        async with opening(CONTRACT_EVENTS) as one, opening(CONTRACT_EVENTS) as other:
            for version in range(5):
                outcomes = await asyncio.gather(
                    *(
                        attempt(store, STREAM, expected=version, text=f"{version}/{writer}")
                        for writer, store in enumerate([one, other] * 8)
                    )
                )

                won = [each for each in outcomes if isinstance(each, Appended)]
                refused = [each for each in outcomes if not isinstance(each, Appended)]
                assert len(won) == 1
                assert {type(each) for each in refused} == {WrongExpectedVersionError}
            assert [e.version async for e in one.read_stream(STREAM)] == [1, 2, 3, 4, 5]

    async def test_records_all_of_many_concurrent_appends(self, opening: Opening) -> None:
        """Appends to many streams and to one hot stream at once are all recorded, in order."""
        async with opening(CONTRACT_EVENTS) as one, opening(CONTRACT_EVENTS) as other:

            async def write(writer: int, store: EventStore) -> None:
                for turn in range(6):
                    await store.append(f"own-{writer}", texts(f"{writer}/{turn}"))
                    await store.append("hot-1", texts(f"{writer}/{turn}a", f"{writer}/{turn}b"))

            async with asyncio.TaskGroup() as writers:
                for writer in range(12):
                    writers.create_task(write(writer, one if writer % 3 else other))

            recorded = [e async for e in one.read_all()]

        sequences = [e.sequence for e in recorded]
        assert sequences == sorted(set(sequences))
        for writer in range(12):
            own = [e.data.text for e in recorded if e.stream == f"own-{writer}"]
            assert own == [f"{writer}/{turn}" for turn in range(6)]
        hot = [e for e in recorded if e.stream == "hot-1"]
        assert [e.version for e in hot] == list(range(1, 12 * 6 * 2 + 1))
        for first, second in zip(hot[::2], hot[1::2], strict=True):
            # Both events of one append stand together.
            assert first.data.text.removesuffix("a") == second.data.text.removesuffix("b")

    async def test_records_all_or_none(self, opening: Opening) -> None:
        """If one event of an append is refused, none of its events is recorded."""
        async with opening([*CONTRACT_EVENTS, Free]) as store:
            with pytest.raises(UnencodableEventError):
                await store.append(STREAM, [Noted("good"), Free(math.nan), Noted("good")])

            assert await store.stream_version(STREAM) == 0
            assert [e async for e in store.read_all()] == []

    async def test_one_refused_append_leaves_its_neighbours_alone(self, opening: Opening) -> None:
        """Of appends made at the same time, each one succeeds or fails for itself."""
        async with opening([*CONTRACT_EVENTS, Free]) as store:
            outcomes = await asyncio.gather(
                attempt(store, "a-1", expected=Expect.NO_STREAM),
                attempt(store, "b-1", expected=7),
                attempt(store, "c-1", data=Free(math.inf)),
                attempt(store, "d-1", expected=0),
            )

            streams = [e.stream async for e in store.read_all()]
        assert [isinstance(each, Appended) for each in outcomes] == [True, False, False, True]
        assert isinstance(outcomes[1], WrongExpectedVersionError)
        assert isinstance(outcomes[2], UnencodableEventError)
        assert sorted(streams) == ["a-1", "d-1"]

    async def test_refuses_what_no_database_keeps(self, opening: Opening) -> None:
        """Values that would not come back as they are never reach the database."""
        refused: list[tuple[object, str]] = [
            (math.nan, "data.value"),
            ({"a": [1, -math.inf]}, "data.value.a[1]"),
            ("nul \0", "data.value"),
            ({"nul \0": 1}, "data.value.nul \0"),
            ("lone \ud800", "data.value"),
            (2**63, "data.value"),
            (-(2**63) - 1, "data.value"),
            (datetime(2024, 1, 1), "data.value"),  # noqa: DTZ001 - naive on purpose
            ([Decimal("NaN")], "data.value[0]"),
            ({1: "a"}, "data.value.1"),
            (object(), "data.value"),
        ]
        async with opening([Free]) as store:
            for value, path in refused:
                with pytest.raises(UnencodableEventError) as caught:
                    await store.append("free-1", [Free(value)])

                assert caught.value.path == path
                assert caught.value.event_type == "eventdocs.testing.Free"
            assert await store.head() == 0

    async def test_refuses_an_event_that_does_not_fit_its_class(self, opening: Opening) -> None:
        """What could be written and not be read again is not written."""
        async with opening(CONTRACT_EVENTS) as store:
            for wrong in (Noted(7), Counted("7"), Counted(True)):  # type: ignore[arg-type]  # wrong on purpose
                with pytest.raises(UnencodableEventError):
                    await store.append(STREAM, [wrong])

            assert await store.head() == 0

    async def test_refuses_classes_it_was_not_opened_with(self, opening: Opening) -> None:
        """A store writes only what it can read: registered classes, not their subclasses."""

        class NotedWell(Noted):
            pass

        async with opening([Noted]) as store:
            for unknown in (Counted(1), NotedWell("x"), "no event at all"):
                with pytest.raises(UnregisteredEventError):
                    await store.append(STREAM, [unknown])

            assert await store.head() == 0

    async def test_refuses_names_that_no_stream_can_have(self, opening: Opening) -> None:
        """A stream's name is 1 to 255 characters that every database can store."""
        async with opening(CONTRACT_EVENTS) as store:
            for name in ("", "x" * 256, "a\0b", "a\nb", "\ud800"):
                with pytest.raises(InvalidStreamNameError):
                    await store.append(name, texts("x"))
                with pytest.raises(InvalidStreamNameError):
                    await store.stream_version(name)
                with pytest.raises(InvalidStreamNameError):
                    await anext(store.read_stream(name))
            for name in ("x" * 255, "a b", "größe-1", "-", "a'b\"c\\d%_-1", "𝔘-1"):
                await store.append(name, texts(name))

                assert [e.data.text async for e in store.read_stream(name)] == [name]

    async def test_refuses_arguments_without_meaning(self, opening: Opening) -> None:
        """An empty append and a version that no stream can have are errors of the caller."""
        async with opening(CONTRACT_EVENTS) as store:
            with pytest.raises(ValueError, match="at least one"):
                await store.append(STREAM, [])
            for version in (-1, 2**63):
                with pytest.raises(ValueError, match="version"):
                    await store.append(STREAM, texts("x"), expected=version)

            assert await store.head() == 0

    async def test_takes_many_events_and_large_ones(self, opening: Opening) -> None:
        """An append may hold thousands of events, and an event a megabyte of text."""
        large = "ß" * 500_000
        async with opening(CONTRACT_EVENTS) as store:
            appended = await store.append("many-1", [Counted(n) for n in range(3_000)])
            await store.append("large-1", texts(large))

            numbers = [e.data.number async for e in store.read_stream("many-1")]
            (read,) = [e.data.text async for e in store.read_stream("large-1")]
        assert appended.version == 3_000
        assert numbers == list(range(3_000))
        assert read == large

    async def test_gives_values_back_as_they_were(self, opening: Opening) -> None:
        """Every kind of value comes back equal, and of the same type."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append("measured-1", [MEASURED])

            (recorded,) = [e async for e in store.read_all()]
        assert recorded.data == MEASURED
        assert repr(recorded.data.readings) == repr(MEASURED.readings)
        assert (recorded.data.price.as_tuple(), recorded.data.count) == (
            MEASURED.price.as_tuple(),
            MEASURED.count,
        )


async def attempt(
    store: EventStore,
    stream: str,
    *,
    expected: ExpectedVersion = Expect.ANY,
    text: str = "new",
    data: object = None,
) -> Appended | EventdocsError:
    """Append one event; give back what came of it, a typed refusal included."""
    try:
        return await store.append(stream, [data or Noted(text)], expected=expected)
    except EventdocsError as error:
        return error
