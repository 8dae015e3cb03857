"""The contract's promises about reading."""

from __future__ import annotations

import itertools
from typing import Any

import attrs
import pytest

from eventdocs.errors import InvalidStreamNameError, UnregisteredEventError
from eventdocs.store import EventStore, RecordedEvent, Selection, event
from eventdocs.testing._contract_events import (
    CONTRACT_EVENTS,
    Counted,
    Measured,
    Noted,
    Opening,
    texts,
)

Events = list[RecordedEvent[Any]]


@event("eventdocs.testing.Forgotten")
@attrs.frozen
class Forgotten:
    """An event that no store of the contract is opened with."""


async def fill(store: EventStore) -> Events:
    """Record 24 events of two types in six streams of three categories, and read them."""
    for turn in range(4):
        for number, stream in enumerate(("note-1", "note-2", "count-1", "note", "count-", "x")):
            odd = (turn + number) % 2
            await store.append(stream, [Counted(turn) if odd else Noted(f"{turn}")])
    return [recorded async for recorded in store.read_all()]


def expected_of(
    everything: Events,
    *,
    place: str,
    after: int,
    until: int | None,
    limit: int | None,
    backward: bool,
) -> Events:
    """Say in plain Python what a reader of *everything* shall get."""
    found = [
        each
        for each in everything
        if getattr(each, place) > after and (until is None or getattr(each, place) <= until)
    ]
    return (found[::-1] if backward else found)[:limit]


class ReadingContract:
    """What `read_stream`, `read_all`, `read_page`, `head` and `stream_version` promise."""

    async def test_reads_a_stream_from_any_place_in_both_directions(self, opening: Opening) -> None:
        """Every bound, limit and direction gives exactly the events within, in order."""
        async with opening(CONTRACT_EVENTS) as store:
            everything = [each for each in await fill(store) if each.stream == "note-1"]

            for after, until, limit, backward in itertools.product(
                (0, 1, 3, 4, 9), (None, 0, 1, 3, 9), (None, 0, 1, 2, 9), (False, True)
            ):
                read = [
                    each
                    async for each in store.read_stream(
                        "note-1", after=after, until=until, limit=limit, backward=backward
                    )
                ]

                assert read == expected_of(
                    everything,
                    place="version",
                    after=after,
                    until=until,
                    limit=limit,
                    backward=backward,
                ), (after, until, limit, backward)
        assert [each.version for each in everything] == [1, 2, 3, 4]

    async def test_reads_the_whole_log_from_any_place_in_both_directions(
        self, opening: Opening
    ) -> None:
        """Every bound, limit and direction gives exactly the events within, in the log's order."""
        async with opening(CONTRACT_EVENTS) as store:
            everything = await fill(store)
            places = [each.sequence for each in everything]

            for after, until, limit, backward in itertools.product(
                (0, places[0], places[7], places[-1], places[-1] + 5),
                (None, 0, places[0], places[15], places[-1] + 5),
                (None, 0, 1, 5),
                (False, True),
            ):
                read = [
                    each
                    async for each in store.read_all(
                        after=after, until=until, limit=limit, backward=backward
                    )
                ]

                assert read == expected_of(
                    everything,
                    place="sequence",
                    after=after,
                    until=until,
                    limit=limit,
                    backward=backward,
                ), (after, until, limit, backward)
        assert len(everything) == 24

    async def test_reads_by_category_and_type(self, opening: Opening) -> None:
        """A category is what stands before the first hyphen; types are classes or names."""
        types: list[list[str | type] | None] = [
            None,
            [],
            [Noted],
            ["eventdocs.testing.Counted"],
            [Noted, Counted],
            [Noted, "eventdocs.testing.Noted", Measured],
            ["no such type"],
            [f"no such type {n}" for n in range(600)] + [Counted],
        ]
        async with opening(CONTRACT_EVENTS) as store:
            everything = await fill(store)
            middle = everything[11].sequence

            for category, wanted, after, limit, backward in itertools.product(
                (None, "note", "count", "x", "note-1", "nothing"),
                types,
                (0, middle),
                (None, 3),
                (False, True),
            ):
                read = [
                    each
                    async for each in store.read_all(
                        category=category,
                        types=wanted,
                        after=after,
                        limit=limit,
                        backward=backward,
                    )
                ]

                assert read == expected_of(
                    [
                        each
                        for each in everything
                        if (category is None or each.stream.split("-")[0] == category)
                        and (wanted is None or each.type in wanted or type(each.data) in wanted)
                    ],
                    place="sequence",
                    after=after,
                    until=None,
                    limit=limit,
                    backward=backward,
                ), (category, wanted, after, limit, backward)

    async def test_pages_join_without_gap_or_overlap(self, opening: Opening) -> None:
        """Continuing where a page ended gives every event once, whatever the page's size."""
        selections = [
            Selection(),
            Selection(backward=True),
            Selection(stream="note-1"),
            Selection(stream="note-1", backward=True),
            Selection(category="note"),
            Selection(types=("eventdocs.testing.Noted", "eventdocs.testing.Counted")),
            Selection(types=("eventdocs.testing.Noted",), backward=True),
            Selection(stream="unknown"),
        ]
        async with opening(CONTRACT_EVENTS) as store:
            await fill(store)

            for selection, size in itertools.product(selections, (1, 2, 3, 4, 23, 24, 25)):
                whole = await store.read_page(selection, limit=1_000)
                assert whole.is_last

                read = await read_in_pages(store, selection, size)

                assert read == list(whole.events), (selection, size)

    async def test_long_reads_cross_pages(self, opening: Opening) -> None:
        """A reader of more than one page gets all of it, in both directions."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append("count-1", [Counted(n) for n in range(1_000)])
            await store.append("note-1", texts("between"))
            await store.append("count-1", [Counted(n) for n in range(1_000, 1_201)])

            numbers = list(range(1_201))
            assert [e.data.number async for e in store.read_stream("count-1")] == numbers
            assert [e.data.number async for e in store.read_all(types=[Counted])] == numbers
            backward = [e.data.number async for e in store.read_stream("count-1", backward=True)]
            assert backward == numbers[::-1]
            limited = [e.sequence async for e in store.read_all(limit=777)]
            assert limited == [e.sequence async for e in store.read_all()][:777]

    async def test_a_reader_sees_what_is_appended_while_it_reads(self, opening: Opening) -> None:
        """A store's own appends may be interleaved with a read that is under way."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append("count-1", [Counted(n) for n in range(2_001)])

            seen: list[int] = []
            async for recorded in store.read_stream("count-1"):
                seen.append(recorded.data.number)
                if recorded.version == 250:
                    await store.append("count-1", [Counted(2_001)])

        assert seen == list(range(2_002))

    async def test_tells_the_head_and_the_versions(self, opening: Opening) -> None:
        """The head is the last event's sequence and a stream's version its last event's."""
        async with opening(CONTRACT_EVENTS) as store:
            assert await store.head() == 0
            assert [each async for each in store.read_all()] == []

            everything = await fill(store)

            assert await store.head() == everything[-1].sequence
            assert await store.stream_version("note-1") == 4
            assert await store.stream_version("note-3") == 0
            assert [each async for each in store.read_stream("note-3")] == []

    async def test_refuses_selections_without_meaning(self, opening: Opening) -> None:
        """What no log can hold is refused before the database is asked."""
        async with opening([Noted]) as store:
            with pytest.raises(UnregisteredEventError):
                await anext(store.read_all(types=[Forgotten]))
            with pytest.raises(TypeError):
                await anext(store.read_all(types="Noted"))
            with pytest.raises(InvalidStreamNameError):
                await anext(store.read_all(category="a\0b"))
            with pytest.raises(ValueError, match="named"):
                await anext(store.read_all(types=["a\0b"]))
            for place in (-1, 2**63):
                with pytest.raises(ValueError, match="after"):
                    await anext(store.read_all(after=place))
                with pytest.raises(ValueError, match="until"):
                    await anext(store.read_stream("a", until=place))
            with pytest.raises(ValueError, match="limit"):
                await anext(store.read_all(limit=-1))
            with pytest.raises(ValueError, match="at least one"):
                await store.read_page(Selection(), limit=0)


async def read_in_pages(store: EventStore, selection: Selection, size: int) -> Events:
    """Read *selection* by pages, each one where the one before ended."""
    read: Events = []
    while True:
        page = await store.read_page(selection, limit=size)
        assert len(page.events) <= size
        assert page.events or page.is_last
        assert not read or list(page.events[:1]) != read[-1:], "a page repeats the one before"
        read.extend(page.events)
        if page.is_last:
            return read
        selection = (
            attrs.evolve(selection, until=page.through - 1)
            if selection.backward
            else attrs.evolve(selection, after=page.through)
        )
