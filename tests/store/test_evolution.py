"""Evolution: whatever was once recorded is read for ever, as what it means today."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import pytest

from eventdocs import DOCUMENT_EVENTS, NewEvent, event, open_store
from eventdocs.errors import (
    EventRegistrationError,
    NewerSchemaVersionError,
    UndecodableEventError,
    UnknownEventTypeError,
    UnregisteredEventError,
)
from eventdocs.observability import Correlation
from eventdocs.store import (
    Decider,
    EventRegistry,
    EventStore,
    RecordedEvent,
    Registrable,
    Retired,
    Split,
    event_type_of,
)
from tests.store.people import PEOPLE, PersonMoved, PersonNamed, once

GOLDEN = Path(__file__).with_name("golden")
CORPORA: dict[str, Sequence[Registrable]] = {"people": PEOPLE, "documents": DOCUMENT_EVENTS}
ADA = {"given": "Ada", "family": "Lovelace"}
MARRIED = {**ADA, "to": "London"}


def corpus(name: str) -> list[dict[str, Any]]:
    """Read payloads that were once recorded; one that was released is never changed."""
    found: list[dict[str, Any]] = json.loads((GOLDEN / f"{name}.json").read_text("utf-8"))
    return found


async def record(url: str, stream: str, *events: tuple[str, int, dict[str, Any]]) -> None:
    """Record events as older or newer code did."""
    for name, version, payload in events:
        cls, data = once(name, version, payload)
        async with open_store(url, events=[cls]) as store:
            await store.append(stream, [data])


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=PEOPLE) as opened:
        yield opened


async def everything(store: EventStore) -> list[RecordedEvent[Any]]:
    return [each async for each in store.read_all()]


class TestTheGoldenCorpus:
    @pytest.mark.parametrize("name", CORPORA)
    async def test_is_read_as_what_it_means_today(self, database_url: str, name: str) -> None:
        """Every payload that was ever written comes back as the events of today's classes."""
        entries = corpus(name)
        events = [(each["type"], each["schema_version"], each["payload"]) for each in entries]
        await record(database_url, "golden-1", *events)

        async with open_store(database_url, events=CORPORA[name]) as store:
            recorded = await everything(store)
            found = [
                [{"type": part.type, "data": written(store, part)} for part in each.parts]
                for each in recorded
            ]

        assert found == [each["reads_as"] for each in entries]
        assert [(each.raw.type, each.schema_version) for each in recorded] == [
            (name, version) for name, version, _ in events
        ]

    @pytest.mark.parametrize("name", CORPORA)
    def test_holds_every_shape_that_the_code_can_read(self, name: str) -> None:
        """A new version of a type needs a payload of its own here."""
        readable = {
            (declared.name, version)
            for declared in EventRegistry(CORPORA[name])
            for version in range(1, declared.schema_version + 1)
        }

        assert readable <= {(each["type"], each["schema_version"]) for each in corpus(name)}


def written(store: EventStore, part: RecordedEvent[Any]) -> Any:
    """Spell an event's values as JSON."""
    encoded = store.codec.encode(NewEvent(data=part.data), context=Correlation())
    return json.loads(encoded.payload)


class TestARenamedType:
    async def test_has_one_name_whatever_its_events_were_recorded_under(
        self, store: EventStore, database_url: str
    ) -> None:
        """The row keeps the name that was written; new events get the new one."""
        await record(database_url, "person-1", ("PersonChristened", 1, {"name": "Ada Lovelace"}))
        await store.append("person-1", [PersonNamed(given="A", family="L", title=None)])

        recorded = await everything(store)

        assert [each.type for each in recorded] == ["PersonNamed", "PersonNamed"]
        assert [each.raw.type for each in recorded] == ["PersonChristened", "PersonNamed"]

    async def test_is_found_with_its_older_names(
        self, store: EventStore, database_url: str
    ) -> None:
        """By class and by name, together with events that are split into it."""
        await record(
            database_url,
            "person-1",
            ("PersonChristened", 1, {"name": "Ada Lovelace"}),
            ("PersonMoved", 1, {"town": "Rome"}),
            ("PersonMarried", 2, MARRIED),
            ("PersonPhotographed", 1, {}),
        )

        by_class = [each.sequence async for each in store.read_all(types=[PersonNamed])]
        by_name = [each.sequence async for each in store.read_all(types=["PersonNamed"])]
        moved = [each.raw.type async for each in store.read_all(types=[PersonMoved])]
        retired = [each.raw.type async for each in store.read_all(types=["PersonPhotographed"])]

        assert by_class == by_name
        assert len(by_class) == 2
        assert moved == ["PersonMoved", "PersonMarried"]
        assert retired == ["PersonPhotographed"]


class TestASplitType:
    async def test_keeps_the_place_of_the_event(self, store: EventStore, database_url: str) -> None:
        """Parts are told apart by type and data; sequence, version and id are the event's."""
        await record(database_url, "person-1", ("PersonMarried", 2, MARRIED))

        (recorded,) = await everything(store)
        named, moved = recorded.parts

        assert recorded.type == "PersonMarried"
        assert recorded.types == ("PersonNamed", "PersonMoved")
        assert recorded.data == (PersonNamed(**ADA, title=None), PersonMoved(town="London"))
        assert (named.type, moved.type) == ("PersonNamed", "PersonMoved")
        assert (named.types, moved.types) == (("PersonNamed",), ("PersonMoved",))
        assert (named.data, moved.data) == recorded.data
        assert {(each.sequence, each.version, each.id) for each in (named, moved)} == {
            (recorded.sequence, 1, recorded.id)
        }
        assert len({recorded, named, moved, *recorded.parts}) == 3
        assert named.parts == (named,)

    async def test_is_split_into_nothing_else_than_it_says(self, database_url: str) -> None:
        """A part of another class could not be found by those who look for it."""
        await record(database_url, "person-1", ("PersonMarried", 1, {}))

        def astray(_: dict[str, Any]) -> Sequence[object]:
            return [PersonMoved(town="x")]

        def broken(payload: dict[str, Any]) -> Sequence[object]:
            raise ZeroDivisionError

        for by in (astray, broken):
            split = Split(name="PersonMarried", into=[PersonNamed], by=by)
            async with open_store(database_url, events=[*PEOPLE[:2], split]) as store:
                (recorded,) = await everything(store)

                with pytest.raises(UndecodableEventError, match=r"PersonMoved|ZeroDivision"):
                    _ = recorded.parts

    async def test_of_a_newer_version_is_refused(
        self, store: EventStore, database_url: str
    ) -> None:
        """Somebody still writes what this code believes to be gone."""
        await record(database_url, "person-1", ("PersonMarried", 3, MARRIED))

        (recorded,) = await everything(store)

        with pytest.raises(NewerSchemaVersionError):
            _ = recorded.data


class TestARetiredType:
    async def test_is_passed_over_and_not_hidden(
        self, store: EventStore, database_url: str
    ) -> None:
        """The event is there, with its place and its payload, and means nothing."""
        await record(database_url, "person-1", ("PersonPhotographed", 2, {"grains": 3}))

        (recorded,) = await everything(store)

        assert recorded.data == Retired("PersonPhotographed")
        assert (recorded.parts, recorded.types) == ((), ())
        assert json.loads(recorded.raw.payload) == {"grains": 3}

    async def test_cannot_be_appended(self, store: EventStore) -> None:
        """Nor can the parts' whole."""
        for bygone in (Retired("PersonPhotographed"), PEOPLE[2]):
            with pytest.raises(UnregisteredEventError):
                await store.append("person-1", [bygone])


class TestAFold:
    async def test_goes_through_names_parts_and_gaps(
        self, store: EventStore, database_url: str
    ) -> None:
        """Versions count whole events, retired ones too, so that appends expect the right one."""
        await record(
            database_url,
            "person-1",
            ("PersonChristened", 1, {"name": "Ada Byron"}),
            ("PersonMarried", 2, MARRIED),
            ("PersonPhotographed", 1, {}),
        )
        seen: Decider[str, tuple[object, ...]] = Decider(
            initial=(),
            decide=lambda _, town: [PersonMoved(town=town)],
            evolve=lambda state, happened: (*state, happened),
        )

        decided = await store.decide("person-1", seen, "Rome")
        moves = await store.fold("person-1", attrs.evolve(seen, events=(PersonMoved,)))

        assert decided.version == 4
        assert decided.state == (
            PersonNamed(given="Ada", family="Byron", title=None),
            PersonNamed(**ADA, title=None),
            PersonMoved(town="London"),
            PersonMoved(town="Rome"),
        )
        assert (moves.state, moves.version) == (decided.state[2:], 4)


class TestANewerOrUnknownEvent:
    async def test_stops_only_those_who_read_it(self, store: EventStore, database_url: str) -> None:
        """Everything before, behind and beside it can be read, and it can be read raw."""
        await record(
            database_url,
            "person-1",
            ("PersonMoved", 1, {"town": "Rome"}),
            ("PersonMoved", 2, {"town": "Oslo", "country": "Norway"}),
            ("PersonLost", 1, {}),
            ("PersonMoved", 1, {"town": "Paris"}),
        )

        first, newer, unknown, last = await everything(store)

        assert (first.data, last.data) == (PersonMoved(town="Rome"), PersonMoved(town="Paris"))
        with pytest.raises(NewerSchemaVersionError) as caught:
            _ = newer.data
        assert (caught.value.schema_version, caught.value.known) == (2, 1)
        assert (caught.value.event_type, caught.value.sequence) == ("PersonMoved", newer.sequence)
        with pytest.raises(UnknownEventTypeError) as missed:
            _ = unknown.parts
        assert (missed.value.event_type, missed.value.schema_version) == ("PersonLost", 1)
        assert missed.value.sequence == unknown.sequence
        assert json.loads(newer.raw.payload) == {"town": "Oslo", "country": "Norway"}
        assert (unknown.type, unknown.types) == ("PersonLost", ("PersonLost",))


class TestARegistry:
    @pytest.mark.parametrize(
        ("declarations", "name"),
        [
            ([PersonNamed, Retired("PersonNamed")], "PersonNamed"),
            ([PersonNamed, Retired("PersonChristened")], "PersonChristened"),
            ([*PEOPLE, Retired("PersonMarried")], "PersonMarried"),
        ],
        ids=["present", "older", "split"],
    )
    def test_gives_every_name_to_one_type_only(
        self, declarations: list[Registrable], name: str
    ) -> None:
        """Older names count: nobody could tell what an event under both of them means."""
        with pytest.raises(EventRegistrationError, match="claim the name") as caught:
            EventRegistry(declarations)

        assert caught.value.event_type == name

    def test_refuses_an_older_name_that_another_class_bears(self) -> None:
        """Whichever of the two comes first."""

        @event("PersonChristened")
        @attrs.frozen
        class Other:
            pass

        for declarations in ([PersonNamed, Other], [Other, PersonNamed]):
            with pytest.raises(EventRegistrationError, match="claim the name"):
                EventRegistry(declarations)

    def test_refuses_a_split_into_what_it_does_not_hold(self) -> None:
        """The parts could not be written, so they must not be read."""
        with pytest.raises(EventRegistrationError, match="PersonMoved, which is not registered"):
            EventRegistry([PersonNamed, PEOPLE[2]])

    def test_takes_the_same_declaration_twice(self) -> None:
        """Lists of several modules may overlap."""
        assert len(EventRegistry([*PEOPLE, *PEOPLE])) == 2


class TestADeclaration:
    @pytest.mark.parametrize("name", ["", "x" * 256, "a\0b"])
    def test_names_what_a_database_can_store(self, name: str) -> None:
        """Older names, retired and split ones as well."""
        with pytest.raises(EventRegistrationError, match="name"):
            event("Renamed", renamed_from=[name])(PersonMoved)
        with pytest.raises(EventRegistrationError, match="name"):
            Retired(name)
        with pytest.raises(EventRegistrationError, match="name"):
            Split(name=name, into=[], by=lambda _: [])

    def test_of_older_names_is_a_list(self) -> None:
        """A single text would be taken for its letters."""
        with pytest.raises(TypeError, match="renamed_from"):
            event("PersonMoved", renamed_from="PersonWalked")

    @pytest.mark.parametrize(("version", "chain"), [(0, []), (2, []), (1, [1]), (3, [1])])
    def test_of_a_split_has_a_complete_chain(self, version: int, chain: list[int]) -> None:
        """Every version that was ever recorded leads to the last one."""
        with pytest.raises(EventRegistrationError):
            Split(
                name="PersonMarried",
                schema_version=version,
                upcasters=dict.fromkeys(chain, dict),
                into=[PersonMoved],
                by=lambda _: [],
            )

    def test_keeps_its_older_names(self) -> None:
        """They stand with the class."""
        assert event_type_of(PersonNamed).renamed_from == ("PersonChristened",)
