"""Appends that share calls end as if they had been made one after the other."""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias
from uuid import UUID, uuid4

import attrs
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eventdocs.backends import open_store
from eventdocs.errors import (
    EventIdConflictError,
    UnencodableEventError,
    WrongExpectedVersionError,
)
from eventdocs.store import EventStore, NewEvent, StreamEvents, event
from eventdocs.testing import LogModel, Refusal
from eventdocs.types import Expect, ExpectedVersion


@event("Valued")
@attrs.frozen
class Valued:
    """An event with a number in it, which may be none that can be recorded."""

    value: float


@attrs.frozen
class Call:
    """One call of `append_many` in an example.

    Attributes:
        appends: Stream, number and value of each event, and what is expected.
        is_malformed: It holds a value that the log refuses.
        pause: How many turns of the event loop it comes after the call before.
    """

    appends: Sequence[tuple[str, Sequence[tuple[int, float]], ExpectedVersion]]
    is_malformed: bool
    pause: int


Outcome: TypeAlias = list[list[tuple[int, UUID]]] | Refusal | None
"""Versions and ids of each stream's events, or why there are none; None: malformed."""

# Few ids, so that they meet again: in one append, in another stream, with another value.
_EVENTS = st.lists(
    st.tuples(st.integers(0, 7), st.sampled_from([0.0, 0.0, 0.0, 1.0])), min_size=1, max_size=2
)
_EXPECTED = st.sampled_from([*Expect, Expect.ANY, Expect.ANY, 0, 1, 2, 3])
_CALLS = st.lists(
    st.builds(
        Call,
        st.lists(
            st.tuples(st.sampled_from(["one-1", "one-2", "two-1"]), _EVENTS, _EXPECTED),
            min_size=1,
            max_size=3,
            unique_by=lambda each: each[0],
        ),
        st.sampled_from([False] * 7 + [True]),
        st.sampled_from([0, 0, 0, 1, 9]),
    ),
    min_size=2,
    max_size=12,
)

# The third is no repeat, as the second was refused, and the fourth counts on it.
_REPEATED_WITH_ANOTHER_BELIEF = [
    Call([(stream, [(number, 0.0)], expected)], is_malformed=False, pause=0)
    for stream, number, expected in (
        ("two-1", 0, Expect.ANY),
        ("one-1", 1, 7),
        ("one-1", 1, Expect.ANY),
        ("one-1", 2, 1),
    )
]

# A stream of a single event is one that exists.
_ONE_EVENT_AND_ANOTHER = [
    Call([("one-1", [(number, 0.0)], expected)], is_malformed=False, pause=9)
    for number, expected in enumerate((Expect.NO_STREAM, Expect.STREAM_EXISTS))
]


def test_outcomes_are_those_of_the_same_appends_one_at_a_time(database_url: str) -> None:
    """Expectations, repeats, conflicts and malformed ones: each as the model says, in turn."""
    names = itertools.count()
    seen: set[str] = set()

    with asyncio.Runner() as runner:
        store = runner.run(_open(database_url))

        @settings(max_examples=60, deadline=None)
        @given(_CALLS)
        @example(_REPEATED_WITH_ANOTHER_BELIEF)
        @example(_ONE_EVENT_AND_ANOTHER)
        def check(calls: Sequence[Call]) -> None:
            asked = list(_asked(calls, prefix=f"example{next(names)}x"))
            outcomes = runner.run(_at_once(store, asked, [call.pause for call in calls]))
            wanted = [_of_model(model, unit) for model in [LogModel()] for unit in asked]

            assert outcomes == wanted
            seen.update(type(each).__name__ for each in outcomes)

        check()
        runner.run(store.close())
    assert seen == {"list", "Refusal", "NoneType"}


async def _open(url: str) -> EventStore:
    return await open_store(url, events=[Valued])


def _asked(calls: Sequence[Call], prefix: str) -> Iterator[list[StreamEvents]]:
    ids = [uuid4() for _ in range(8)]
    for call in calls:
        yield [
            StreamEvents(
                stream=prefix + stream,
                events=[
                    NewEvent(data=Valued(math.nan if call.is_malformed else value), id=ids[number])
                    for number, value in events
                ],
                expected=expected,
            )
            for stream, events, expected in call.appends
        ]


async def _at_once(
    store: EventStore, asked: Sequence[list[StreamEvents]], pauses: Sequence[int]
) -> list[Outcome]:
    async with asyncio.TaskGroup() as group:
        tasks: list[asyncio.Task[Outcome]] = []
        for unit, pause in zip(asked, pauses, strict=True):
            for _ in range(pause):
                await asyncio.sleep(0)
            tasks.append(group.create_task(_of_store(store, unit)))
    return [task.result() for task in tasks]


async def _of_store(store: EventStore, unit: list[StreamEvents]) -> Outcome:
    try:
        appended = await store.append_many(unit)
    except WrongExpectedVersionError:
        return Refusal.VERSION
    except EventIdConflictError:
        return Refusal.IDENTITY
    except UnencodableEventError:
        return None
    return [[(place.version, place.id) for place in each.places] for each in appended]


def _of_model(model: LogModel, unit: list[StreamEvents]) -> Outcome:
    events: list[Any] = [new for each in unit for new in each.events]
    if len({new.id for new in events}) < len(events) or math.isnan(events[0].data.value):
        return None
    facts = model.append_many(unit)
    if isinstance(facts, Refusal):
        return facts
    return [[(fact.version, fact.id) for fact in each] for each in facts]
