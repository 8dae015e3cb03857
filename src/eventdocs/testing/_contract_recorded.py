"""The contract's promises about what stands beside an event's data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import attrs
import pytest

from eventdocs.errors import (
    NewerSchemaVersionError,
    UndecodableEventError,
    UnencodableEventError,
    UnknownEventTypeError,
)
from eventdocs.observability import correlate
from eventdocs.store import NewEvent, event
from eventdocs.testing._contract_events import CONTRACT_EVENTS, Counted, Noted, Opening, texts

STREAM = "note-1"
AT_HOME = timedelta(minutes=5)  # by how much a database's clock may differ from ours


def _title(payload: dict[str, Any]) -> dict[str, Any]:
    return {"title": payload["text"]}


def _tag(payload: dict[str, Any]) -> dict[str, Any]:
    return {**payload, "tags": ["old"]}


class RecordedContract:
    """Identity, metadata, correlation, time and schema version come back as recorded."""

    async def test_keeps_metadata_correlation_and_causation(self, opening: Opening) -> None:
        """What a `NewEvent` says about itself is what readers get."""
        new = NewEvent(
            data=Noted("a"),
            metadata={"tenant": "ü", "nested": {"list": [1, 2.5, None, True, ""]}},
            correlation_id="request-7",
            causation_id=uuid4(),
        )
        async with opening(CONTRACT_EVENTS) as store:
            await store.append(STREAM, [new, Noted("b")])

            said, silent = [each async for each in store.read_all()]
        assert (said.id, said.correlation_id, said.causation_id) == (
            new.id,
            new.correlation_id,
            new.causation_id,
        )
        assert said.metadata == new.metadata
        assert (silent.correlation_id, silent.causation_id, silent.metadata) == (None, None, {})

    async def test_keeps_numbers_in_metadata_exactly(self, opening: Opening) -> None:
        """A number comes back as the same number, and a float as a float."""
        numbers = [0.1, 1.0, -0.0, 5e-324, 1.8773200620123457e16, 1.7976931348623157e308, 2**63 - 1]
        async with opening(CONTRACT_EVENTS) as store:
            await store.append(STREAM, [NewEvent(data=Noted("a"), metadata={"numbers": numbers})])

            (recorded,) = [each async for each in store.read_all()]
        assert repr(recorded.metadata["numbers"]) == repr(numbers)

    async def test_fills_what_is_not_given_from_the_context(self, opening: Opening) -> None:
        """Inside `correlate`, events carry the block's correlation unless they say otherwise."""
        cause = uuid4()
        own = NewEvent(data=Noted("b"), metadata={"k": "own"}, correlation_id="mine")
        async with opening(CONTRACT_EVENTS) as store:
            with correlate("request-8", causation_id=cause, actor="ada", metadata={"k": "v"}):
                await store.append(STREAM, [Noted("a"), own])

            first, second = [each async for each in store.read_all()]
        assert (first.correlation_id, first.causation_id) == ("request-8", cause)
        assert first.metadata == {"k": "v", "actor": "ada"}
        assert (second.correlation_id, second.causation_id) == ("mine", cause)
        assert second.metadata == {"k": "own", "actor": "ada"}

    async def test_refuses_metadata_that_no_database_keeps(self, opening: Opening) -> None:
        """Metadata obeys the same rules as data."""
        async with opening(CONTRACT_EVENTS) as store:
            with pytest.raises(UnencodableEventError) as caught:
                await store.append(STREAM, [NewEvent(data=Noted("a"), metadata={"x": 2**70})])
            with pytest.raises(UnencodableEventError):
                await store.append(STREAM, [NewEvent(data=Noted("a"), correlation_id="a\0")])

            assert await store.head() == 0
        assert caught.value.path == "metadata.x"

    async def test_knows_when_it_was_recorded(self, opening: Opening) -> None:
        """The time of recording is aware, in UTC, and now."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append(STREAM, texts("a"))

            (recorded,) = [each async for each in store.read_all()]
        assert recorded.recorded_at.utcoffset() == timedelta(0)
        assert abs(recorded.recorded_at - datetime.now(UTC)) < AT_HOME

    async def test_makes_ids_that_grow(self, opening: Opening) -> None:
        """Ids are UUIDs of version 7 unless they are given."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append(STREAM, texts("a", "b", "c"))

            ids = [each.id async for each in store.read_all()]
        assert {id.version for id in ids} == {7}  # noqa: A001 - the attribute's own name
        assert ids == sorted(set(ids))

    async def test_isolates_types_it_was_not_opened_with(self, opening: Opening) -> None:
        """An unknown type stops only who asks for its data; its raw payload is always there."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append(STREAM, [Noted("a"), Counted(7), Noted("b")])

        async with opening([Noted]) as store:
            known, unknown, after = [each async for each in store.read_all()]
        assert (known.data, after.data) == (Noted("a"), Noted("b"))
        assert (unknown.type, unknown.raw.payload) == ("eventdocs.testing.Counted", b'{"number":7}')
        with pytest.raises(UnknownEventTypeError) as caught:
            _ = unknown.data
        assert (caught.value.event_type, caught.value.schema_version, caught.value.sequence) == (
            unknown.type,
            1,
            unknown.sequence,
        )

    async def test_brings_older_shapes_up_to_date(self, opening: Opening) -> None:
        """Upcasters lead from the schema version an event was written with to its class's."""

        @event("eventdocs.testing.Noted", version=3, upcasters={1: _title, 2: _tag})
        @attrs.frozen
        class NotedNow:
            title: str
            tags: tuple[str, ...]

        async with opening([Noted]) as store:
            await store.append(STREAM, texts("a"))

        async with opening([NotedNow]) as store:
            await store.append(STREAM, [NotedNow("b", ())])
            old, new = [each async for each in store.read_all()]
        assert (old.schema_version, old.data) == (1, NotedNow("a", ("old",)))
        assert (new.schema_version, new.data) == (3, NotedNow("b", ()))
        assert old.raw.payload == b'{"text":"a"}'

    async def test_tells_that_a_shape_is_newer_than_the_code(self, opening: Opening) -> None:
        """An older build refuses to guess what a newer one has written."""

        @event("eventdocs.testing.Noted", version=2, upcasters={1: _title})
        @attrs.frozen
        class NotedNext:
            title: str

        async with opening([NotedNext]) as store:
            await store.append(STREAM, [NotedNext("a")])

        async with opening([Noted]) as store:
            (recorded,) = [each async for each in store.read_all()]
        with pytest.raises(NewerSchemaVersionError) as caught:
            _ = recorded.data
        assert (caught.value.schema_version, caught.value.known) == (2, 1)

    async def test_tells_that_a_payload_does_not_fit(self, opening: Opening) -> None:
        """A class that changed without a new schema version is found out, not guessed at."""

        @event("eventdocs.testing.Noted")
        @attrs.frozen
        class NotedOtherwise:
            text: int

        async with opening([Noted]) as store:
            await store.append(STREAM, texts("a"))

        async with opening([NotedOtherwise]) as store:
            (recorded,) = [each async for each in store.read_all()]
        with pytest.raises(UndecodableEventError, match=r"data\.text"):
            _ = recorded.data
