"""The contract's promises about appending to several streams at once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from eventdocs.errors import (
    EventdocsError,
    EventIdConflictError,
    InvalidStreamNameError,
    UnencodableEventError,
    WrongExpectedVersionError,
)
from eventdocs.store import Appended, EventStore, NewEvent, StreamEvents
from eventdocs.testing._contract_events import CONTRACT_EVENTS, Noted, Opening, all_texts, texts
from eventdocs.types import Expect, ExpectedVersion


class TogetherContract:
    """What `EventStore.append_many` promises."""

    async def test_tells_where_the_events_of_every_stream_stand(self, opening: Opening) -> None:
        """One answer for each stream, in the order given; versions count in each stream."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append("b-1", texts("old"))

            appended = await store.append_many(
                [on("b-1", "b", "c", expected=1), on("a-1", "a", expected=Expect.NO_STREAM)]
            )

            recorded = [each async for each in store.read_all()]
        assert [each.data.text for each in recorded] == ["old", "b", "c", "a"]
        assert [each.stream for each in appended] == ["b-1", "a-1"]
        assert [each.version for each in appended] == [3, 1]
        assert not any(each.repeated for each in appended)
        assert [
            (place.sequence, place.version, place.id) for each in appended for place in each.places
        ] == [(each.sequence, each.version, each.id) for each in recorded[1:]]

    @pytest.mark.parametrize("at", range(3))
    async def test_records_nothing_if_one_stream_is_not_as_expected(
        self, opening: Opening, at: int
    ) -> None:
        """The error names the stream and its version; the other streams are untouched."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append("old-1", texts("old"))
            appends = [on("a-1", "lost"), on("b-1", "lost", expected=0)]
            appends.insert(at, on("old-1", "lost", expected=7))

            with pytest.raises(WrongExpectedVersionError) as caught:
                await store.append_many(appends)

            assert await all_texts(store) == ["old"]
            assert [await store.stream_version(each.stream) for each in appends].count(0) == 2
        assert (caught.value.stream, caught.value.expected, caught.value.actual) == ("old-1", 7, 1)

    async def test_answers_a_repeat_with_the_first_places_of_every_stream(
        self, opening: Opening
    ) -> None:
        """Whatever it expects, in whatever order the streams are named, and nothing is written."""
        events = {stream: [NewEvent(data=Noted(stream))] for stream in ("a-1", "b-1", "c-1")}
        async with opening(CONTRACT_EVENTS) as store:
            first = await store.append_many(
                [StreamEvents(stream=name, events=new) for name, new in events.items()]
            )
            await store.append("b-1", texts("after"))

            expectations: list[ExpectedVersion] = [*Expect, 0, 99]
            for expected in expectations:
                repeat = await store.append_many(
                    [
                        StreamEvents(stream=name, events=events[name], expected=expected)
                        for name in reversed(events)
                    ]
                )

                assert all(each.repeated for each in repeat)
                assert [each.places for each in reversed(repeat)] == [each.places for each in first]
            alone = await store.append("b-1", events["b-1"])
            assert await all_texts(store) == ["a-1", "b-1", "c-1", "after"]
        assert (alone.places, alone.repeated) == (first[1].places, True)

    async def test_refuses_what_is_recorded_in_part(self, opening: Opening) -> None:
        """Some ids recorded and others not, or not so: a typed error that names one; no change."""
        known, new = NewEvent(data=Noted("known")), NewEvent(data=Noted("new"))
        changed = NewEvent(data=Noted("changed"), id=known.id)
        async with opening(CONTRACT_EVENTS) as store:
            await store.append("a-1", [known])

            conflicts: list[dict[str, NewEvent[Noted]]] = [
                {"a-1": known, "b-1": new},
                {"b-1": new, "a-1": known},
                {"a-1": changed, "b-1": new},
                {"b-1": known},
                {"b-1": known, "a-1": new},
            ]
            for conflict in conflicts:
                with pytest.raises(EventIdConflictError) as caught:
                    await store.append_many(
                        [StreamEvents(stream=name, events=[e]) for name, e in conflict.items()]
                    )

                assert caught.value.event_id == known.id
                assert conflict[caught.value.stream].id == known.id
            assert await all_texts(store) == ["known"]
            assert await store.stream_version("b-1") == 0

    async def test_refuses_many_appends_without_meaning(self, opening: Opening) -> None:
        """Nothing to record, a stream or an id that occurs twice, a name or version of nothing."""
        one = NewEvent(data=Noted("one"))
        twice = [StreamEvents(stream=stream, events=[one]) for stream in ("a-1", "b-1")]
        refused: list[tuple[Sequence[StreamEvents], type[Exception]]] = [
            ([], ValueError),
            ([on("a-1", "x"), on("b-1")], ValueError),
            ([on("a-1", "x"), on("b-1", "x"), on("a-1", "x")], ValueError),
            ([on("a-1", "x"), on("b-1", "x", expected=-1)], ValueError),
            (twice, UnencodableEventError),
            ([on("a-1", "x"), on("", "x")], InvalidStreamNameError),
        ]
        async with opening(CONTRACT_EVENTS) as store:
            for appends, error in refused:
                with pytest.raises(error):
                    await store.append_many(appends)

            assert await store.head() == 0

    async def test_units_leave_their_neighbours_alone(self, opening: Opening) -> None:
        """Of calls made at the same time, over the same streams, each is whole or refused."""
        async with opening(CONTRACT_EVENTS) as store:
            outcomes = await asyncio.gather(
                attempt_many(store, on("a-1", "1", expected=0), on("b-1", "1", expected=0)),
                attempt_many(store, on("c-1", "2"), on("b-1", "2", expected=7)),
                attempt_many(store, on("b-1", "3", expected=1), on("a-1", "3", expected=1)),
                attempt_many(store, on("c-1", "4", expected=0)),
            )

            assert await all_texts(store) == ["1", "1", "3", "3", "4"]
        assert [isinstance(each, tuple) for each in outcomes] == [True, False, True, True]

    async def test_crossing_writers_all_come_through(self, opening: Opening) -> None:
        """Whoever names the same streams in another order waits for nobody for ever."""
        streams = [f"crossed-{number}" for number in range(4)]
        async with opening(CONTRACT_EVENTS) as one, opening(CONTRACT_EVENTS) as other:
            for turn in range(4):
                await asyncio.gather(
                    *(
                        store.append_many([on(stream, f"{turn}/{number}") for stream in order])
                        for number, store in enumerate([one, other] * 4)
                        for order in (streams, streams[::-1])
                    )
                )

            for stream in streams:
                versions = [each.version async for each in one.read_stream(stream)]
                assert versions == list(range(1, 4 * 8 * 2 + 1))

    async def test_lets_one_of_many_crossing_writers_win(self, opening: Opening) -> None:
        """Of writers who believe the same of two streams one is recorded, in both of them."""
        async with opening(CONTRACT_EVENTS) as one, opening(CONTRACT_EVENTS) as other:
            for version in range(4):
                outcomes = await asyncio.gather(
                    *(
                        attempt_many(
                            store,
                            *(on(s, f"{writer}", expected=version) for s in ("a-1", "b-1")[::step]),
                        )
                        for writer, store in enumerate([one, other] * 4)
                        for step in (1, -1)
                    )
                )

                assert sum(isinstance(each, tuple) for each in outcomes) == 1
                refused = [each for each in outcomes if not isinstance(each, tuple)]
                assert {type(each) for each in refused} == {WrongExpectedVersionError}
            both = [
                [each.data.text async for each in one.read_stream(stream)]
                for stream in ("a-1", "b-1")
            ]
        assert both[0] == both[1]

    async def test_many_streams_go_with_the_hosts_transaction(self, opening: Opening) -> None:
        """Committed with it or rolled back with it; a refusal leaves it usable."""
        async with opening(CONTRACT_EVENTS) as store:
            async with store.begin() as tx:
                bound = store.using(tx)
                await bound.append_many([on("b-1", "kept"), on("a-1", "kept")])
                with pytest.raises(WrongExpectedVersionError) as caught:
                    await bound.append_many([on("c-1", "lost"), on("a-1", "lost", expected=0)])
                assert await bound.stream_version("c-1") == 0
                assert await store.head() == 0
            async with store.connect() as tx:
                await store.using(tx).append_many([on("a-1", "gone"), on("c-1", "gone")])
                await tx.rollback()

            assert await all_texts(store) == ["kept", "kept"]
        assert (caught.value.stream, caught.value.actual) == ("a-1", 1)


def on(stream: str, *values: str, expected: ExpectedVersion = Expect.ANY) -> StreamEvents:
    """Make `Noted` events for one stream."""
    return StreamEvents(stream=stream, events=texts(*values), expected=expected)


async def attempt_many(
    store: EventStore, *appends: StreamEvents
) -> tuple[Appended, ...] | EventdocsError:
    """Append to many streams; give back what came of it, a typed refusal included."""
    try:
        return await store.append_many(appends)
    except EventdocsError as error:
        return error
