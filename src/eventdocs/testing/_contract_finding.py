"""The contract's promises about finding events: by time, ids, actor and metadata."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from eventdocs.observability import correlate
from eventdocs.store import EventStore, NewEvent, RecordedEvent, Selection
from eventdocs.testing._contract_events import CONTRACT_EVENTS, Counted, Noted, Opening

PATIENCE = 30.0
"""Seconds after which an event that has not come will not come any more."""

_VALUES: Final = (
    None,
    "a",
    "b",
    "1",
    "true",
    "ü \\ 'x' \n",
    1,
    1.0,
    0.1,
    5e-324,
    -(2**63),
    True,
    False,
)
_STREAMS: Final = ("note-1", "note-2", "count-1", "x")

Filters = Mapping[str, Any]


async def fill_variously(store: EventStore, *, turns: int = 40) -> None:
    """Record events of all combinations that matter, in an order that repeats itself."""
    dice = random.Random(5)  # noqa: S311 - chance with a seed, no secret
    for number in range(turns):
        tenant = _VALUES[number % len(_VALUES)]
        metadata: dict[str, Any] = {} if tenant is None else {"tenant": tenant}
        if number % 3 == 0:
            metadata["größe $.[0] %s:x"] = number % 2 == 0
        with correlate(
            dice.choice([None, "request-1", "request-2"]),
            actor=dice.choice([None, "ann", "bob", "1"]),
        ):
            await store.append(
                dice.choice(_STREAMS),
                [
                    NewEvent(data=each, metadata=metadata)
                    for each in [Noted(f"{number}"), Counted(number)][: dice.randint(1, 2)]
                ],
            )


def is_in(event: RecordedEvent[Any], filters: Filters) -> bool:
    """Say in plain Python whether *event* meets the *filters*."""
    for name, wanted in filters.items():
        match name:
            case "since":
                fits = event.recorded_at >= wanted
            case "before":
                fits = event.recorded_at < wanted
            case "actor":
                fits = event.metadata.get("actor") == wanted
            case "metadata":
                fits = all(_is_same(event.metadata.get(key), wanted[key]) for key in wanted)
            case "types":
                fits = type(event.data) in wanted
            case "category":
                fits = event.stream.split("-")[0] == wanted
            case _:
                fits = getattr(event, name) == wanted
        if not fits:
            return False
    return True


def _is_same(value: object, wanted: object) -> bool:
    return type(value) is type(wanted) and value == wanted


class FindingContract:
    """What the filters of `read_stream`, `read_all`, `subscribe` and `Selection` promise."""

    async def test_every_filter_gives_what_it_says(self, opening: Opening) -> None:
        """Alone, events are in that meet it: no others, none missing, in the log's order."""
        async with opening(CONTRACT_EVENTS) as store:
            await fill_variously(store)
            everything = [each async for each in store.read_all()]
            times = sorted({each.recorded_at for each in everything})
            moments = [times[0], times[len(times) // 2], times[-1], times[-1] + timedelta(days=1)]
            alone: list[Filters] = [
                *({"since": each} for each in moments),
                *({"before": each} for each in moments),
                *({"correlation_id": each} for each in ("request-1", "request-2", "nobody's")),
                *({"actor": each} for each in ("ann", "bob", "1", "nobody", "")),
                *({"metadata": {"tenant": each}} for each in _VALUES if each is not None),
                {"metadata": {"tenant": "nobody"}},
                {"metadata": {"größe $.[0] %s:x": True}},
                {"metadata": {"actor": "ann"}},
                {"metadata": {"unknown": 1}},
            ]

            for filters, backward in itertools.product(alone, (False, True)):
                read = [each async for each in store.read_all(**filters, backward=backward)]

                expected = [each for each in everything if is_in(each, filters)]
                assert read == expected[:: -1 if backward else 1], filters
                through = await read_by_pages(store, Selection(**filters, backward=backward), 7)
                assert through == read, filters

    async def test_filters_combine_with_everything(self, opening: Opening) -> None:
        """Whatever is asked for at once, an event is in if it meets all of it."""
        dice = random.Random(13)  # noqa: S311 - chance with a seed, no secret
        async with opening(CONTRACT_EVENTS) as store:
            await fill_variously(store)
            everything = [each async for each in store.read_all()]
            found = 0

            for _ in range(150):
                one = dice.choice(everything)
                filters = _some(dice, _facts_of(one, dice), least=1)
                stream = dice.choice([None, None, one.stream])
                if stream is not None:
                    filters.pop("category", None)
                after, until, limit, backward = (
                    dice.choice([0, 0, 10]),
                    dice.choice([None, None, 60]),
                    dice.choice([None, 0, 1, 3]),
                    dice.choice([False, True]),
                )
                page: dict[str, Any] = {
                    "after": after,
                    "until": until,
                    "limit": limit,
                    "backward": backward,
                }
                reading = (
                    store.read_all(**filters, **page)
                    if stream is None
                    else store.read_stream(stream, **filters, **page)
                )
                read = [each async for each in reading]

                place = "sequence" if stream is None else "version"
                expected = [
                    each
                    for each in everything
                    if is_in(each, filters)
                    and (stream is None or each.stream == stream)
                    and after < getattr(each, place) <= (until or 2**62)
                ]
                assert read == (expected[::-1] if backward else expected)[:limit], filters
                found += len(read)
        assert found > 150

    async def test_followers_hear_only_of_what_they_asked_for(self, opening: Opening) -> None:
        """A filtered subscription gives what reading with the filter gives, past and to come."""
        async with opening(CONTRACT_EVENTS) as store:
            await fill_variously(store, turns=20)
            middle = [each async for each in store.read_all()][10].recorded_at
            asked: list[dict[str, Any]] = [
                {"actor": "ann"},
                {"correlation_id": "request-1", "types": [Noted]},
                {"metadata": {"tenant": "a"}, "since": middle},
                {"category": "note", "since": middle},
            ]
            for filters in asked:
                subscription = store.subscribe(**filters, page_size=3, poll_interval=0.05)
                async with subscription as events:
                    heard: list[int] = []
                    for _ in range(2):
                        expected = [each.sequence async for each in store.read_all(**filters)]
                        while len(heard) < len(expected):
                            heard.append((await asyncio.wait_for(anext(events), PATIENCE)).sequence)
                        assert heard == expected, filters
                        await fill_variously(store, turns=20)

    async def test_an_idle_follower_does_not_look_through_the_log_again(
        self, opening: Opening
    ) -> None:
        """It goes on after what it has looked through, though nothing of it was for it."""
        async with opening(CONTRACT_EVENTS) as store:
            await fill_variously(store, turns=10)
            looks: list[int] = []
            looked = asyncio.Event()
            reading = store.read_page

            async def noting(selection: Selection, *, limit: int = 500) -> Any:
                looks.append(selection.after)
                looked.set()
                return await reading(selection, limit=limit)

            store.read_page = noting  # type: ignore[method-assign]  # watched, not replaced
            waiting_for = {"metadata": {"tenant": "nobody yet"}}
            async with store.subscribe(**waiting_for, poll_interval=0.02) as events:  # type: ignore[arg-type]  # a literal's values
                coming = asyncio.ensure_future(anext(events))
                for _ in range(2):
                    head = await store.head()
                    async with asyncio.timeout(PATIENCE):
                        while looks[-1:] != [head]:
                            looked.clear()
                            await looked.wait()
                    await fill_variously(store, turns=3)
                last = await store.append(
                    "x", [NewEvent(data=Noted("x"), metadata=waiting_for["metadata"])]
                )

                event = await asyncio.wait_for(coming, PATIENCE)

            assert event.sequence == last.sequence
            assert looks == sorted(looks)

    async def test_refuses_filters_that_no_event_can_meet(self, opening: Opening) -> None:
        """They are refused when they are given, with what is wrong."""
        refused: list[tuple[Filters, str]] = [
            ({"since": datetime(2024, 1, 1)}, "naive"),  # noqa: DTZ001 - on purpose
            ({"before": datetime(2024, 1, 1)}, "naive"),  # noqa: DTZ001 - on purpose
            ({"actor": "a\0b"}, "actor"),
            ({"correlation_id": "\ud800"}, "correlation_id"),
            ({"metadata": {"it's": 1}}, "quotation"),
            ({"metadata": {"": 1}}, "1 to 128"),
            ({"metadata": {"tenant": None}}, "NoneType"),
            ({"metadata": {"tenant": [1]}}, "list"),
            ({"metadata": {"tenant": float("nan")}}, "nan"),
        ]
        async with opening(CONTRACT_EVENTS) as store:
            for filters, told in refused:
                with pytest.raises(ValueError, match=told):
                    store.read_all(**filters)
                with pytest.raises(ValueError, match=told):
                    store.subscribe(**filters)
            future = datetime.now(UTC) + timedelta(days=300)
            assert [each async for each in store.read_all(since=future)] == []


def _facts_of(event: RecordedEvent[Any], dice: random.Random) -> dict[str, Any]:
    day = timedelta(days=1)
    facts: dict[str, Any] = {
        "category": event.stream.split("-")[0],
        "types": dice.choice([[type(event.data)], [Noted, Counted]]),
        "correlation_id": event.correlation_id,
        "actor": event.metadata.get("actor"),
        "since": dice.choice([event.recorded_at, event.recorded_at - day]),
        "before": dice.choice([event.recorded_at, event.recorded_at + day]),
        "metadata": {key: event.metadata[key] for key in event.metadata if key != "actor"},
    }
    return {name: fact for name, fact in facts.items() if fact}


def _some(dice: random.Random, facts: dict[str, Any], *, least: int) -> dict[str, Any]:
    chosen = dice.sample(sorted(facts), dice.randint(least, len(facts)))
    return {name: facts[name] for name in chosen}


async def read_by_pages(
    store: EventStore, selection: Selection, size: int
) -> Sequence[RecordedEvent[Any]]:
    """Read *selection* page by page, each one where the one before ended."""
    read: list[RecordedEvent[Any]] = []
    while True:
        page = await store.read_page(selection, limit=size)
        read += page.events
        if page.is_last:
            return read
        selection = selection.beyond(page.through)
