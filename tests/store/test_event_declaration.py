from __future__ import annotations

from typing import Any

import attrs
import pytest

from eventdocs.errors import EventRegistrationError
from eventdocs.store import EventRegistry, EventType, event, event_type_of


def unchanged(payload: dict[str, Any]) -> dict[str, Any]:
    return payload


@event("Noted")
@attrs.frozen
class Noted:
    text: str


@event("Counted", version=3, upcasters={1: unchanged, 2: unchanged})
@attrs.frozen
class Counted:
    number: int


def test_a_declared_class_tells_how_it_is_recorded() -> None:
    """Name, schema version and upcasters stand with the class, which stays as it was."""
    declared = event_type_of(Counted)

    assert declared == EventType(
        name="Counted", schema_version=3, cls=Counted, upcasters={1: unchanged, 2: unchanged}
    )
    assert Counted(3) == Counted(number=3)


def test_a_name_outlives_the_class() -> None:
    """What is recorded is the declared name, not the class's own."""

    @event("Noted")
    @attrs.frozen
    class Renamed:
        text: str

    assert event_type_of(Renamed).name == "Noted"


def test_a_class_must_be_an_attrs_class() -> None:
    """A plain class is refused, with the decorators' order in the message."""
    with pytest.raises(EventRegistrationError, match="attrs"):

        @event("Plain")
        class Plain:
            pass


@pytest.mark.parametrize("name", ["", "x" * 256, "a\0b"])
def test_a_name_must_fit_every_database(name: str) -> None:
    """Names that could not be stored are refused when they are declared."""
    with pytest.raises(EventRegistrationError, match="name"):
        event(name)(Noted)


@pytest.mark.parametrize("version", [0, -1])
def test_schema_versions_count_from_one(version: int) -> None:
    """There is no version before the first."""
    with pytest.raises(EventRegistrationError, match="from 1"):
        event("Noted", version=version)(Noted)


@pytest.mark.parametrize(
    ("version", "chain", "missing", "surplus"),
    [
        (2, [], "[1]", "[]"),
        (4, [2], "[1, 3]", "[]"),
        (1, [1], "[]", "[1]"),
        (3, [1, 2, 3], "[]", "[3]"),
        (2, [0, 1], "[]", "[0]"),
    ],
)
def test_a_chain_of_upcasters_is_complete(
    version: int, chain: list[int], missing: str, surplus: str
) -> None:
    """From every older version one upcaster leads to the next, and none leads elsewhere."""
    with pytest.raises(EventRegistrationError) as caught:
        event("Noted", version=version, upcasters=dict.fromkeys(chain, unchanged))(Noted)

    assert f"missing: {missing}, leading nowhere: {surplus}" in str(caught.value)


def test_a_subclass_is_declared_on_its_own() -> None:
    """A declaration is not inherited: a subclass may have another shape."""

    class NotedWell(Noted):
        pass

    with pytest.raises(EventRegistrationError, match="not declared"):
        event_type_of(NotedWell)
    with pytest.raises(EventRegistrationError, match="not declared"):
        EventRegistry([NotedWell])


def test_a_registry_finds_types_by_class_and_by_name() -> None:
    """What is not registered is not found."""
    registry = EventRegistry([Noted, Counted, Noted])

    assert registry.of_class(Noted) is event_type_of(Noted)
    assert registry.named("Counted") is event_type_of(Counted)
    assert registry.of_class(int) is None
    assert registry.named("Forgotten") is None
    assert [each.cls for each in registry] == [Noted, Counted]
    assert len(registry) == 2


def test_a_registry_refuses_two_classes_of_one_name() -> None:
    """Nobody could tell which of them to read an event into."""

    @event("Noted")
    @attrs.frozen
    class Other:
        text: str

    with pytest.raises(EventRegistrationError, match=r"Noted.*Other"):
        EventRegistry([Noted, Other])
