from __future__ import annotations

import enum
import hashlib
import json
import math
import pickle
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from operator import attrgetter
from typing import Any, Literal, NewType
from uuid import UUID, uuid4

import attrs
import pytest
from hypothesis import given
from hypothesis.strategies import uuids
from typing_extensions import override

from eventdocs.errors import UndecodableEventError, UnencodableEventError, UnregisteredEventError
from eventdocs.observability import Correlation
from eventdocs.store import Codec, EncodedEvent, EventRegistry, NewEvent, RawEvent, Upcaster, event
from eventdocs.store._converter import parse_uuid
from eventdocs.testing import CONTRACT_EVENTS, strategies
from eventdocs.testing._contract_events import Noted

Name = NewType("Name", str)


class Colour(enum.Enum):
    RED = "red"


class Size(enum.StrEnum):
    SMALL = "small"


class Rank(enum.IntEnum):
    FIRST = 1


@attrs.frozen
class Point:
    x: int


@attrs.frozen
class Label:
    text: str


def codec_of(data: object) -> Codec:
    cls: type[Any] = type(data)
    return Codec(EventRegistry([cls]))


def encode(data: object, **said: Any) -> EncodedEvent:
    return codec_of(data).encode(NewEvent(data=data, **said), context=Correlation())


def stored(encoded: EncodedEvent, *, schema_version: int | None = None) -> RawEvent:
    return RawEvent(
        sequence=7,
        stream="a-1",
        version=1,
        id=encoded.id,
        type=encoded.type,
        schema_version=schema_version or encoded.schema_version,
        payload=encoded.payload,
        metadata=encoded.metadata,
        correlation_id=encoded.correlation_id,
        causation_id=encoded.causation_id,
        recorded_at=datetime.now(UTC),
    )


def holding(kind: Any, value: object) -> Any:
    """Make an event with one field of the type *kind*."""
    cls = attrs.make_class("Holding", {"value": attrs.field(type=kind)}, frozen=True)
    return event("Holding")(cls)(value)


@pytest.mark.parametrize(
    ("kind", "value", "written"),
    [
        pytest.param(*(str, "ß\u2028\\", '"ß\u2028\\\\"'), id="text"),
        (int, 2**63 - 1, "9223372036854775807"),
        (int, -(2**63), "-9223372036854775808"),
        (bool, True, "true"),
        (float, 1.0, "1.0"),
        (float, -0.0, "-0.0"),
        (float, 5e-324, "5e-324"),
        (Decimal, Decimal("1.10"), '"1.10"'),
        (Decimal, Decimal("-0E+3"), '"-0E+3"'),
        (UUID, UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
        (date, date(1, 2, 3), '"0001-02-03"'),
        (datetime, datetime(1, 2, 3, tzinfo=UTC), '"0001-02-03T00:00:00+00:00"'),
        (
            datetime,
            datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=timezone(timedelta(hours=-3, seconds=-7))),
            '"2024-05-06T07:08:09.000010-03:00:07"',
        ),
        pytest.param(*(bytes, b"\x00\xff", '"AP8="'), id="bytes"),
        (Colour, Colour.RED, '"red"'),
        (Size, Size.SMALL, '"small"'),
        (Rank, Rank.FIRST, "1"),
        (Literal["a", "b"], "b", '"b"'),
        (Name, Name("x"), '"x"'),
        (str | None, None, "null"),
        (Decimal | None, Decimal(1), '"1"'),
        (int | str, 1, "1"),
        (int | str, "1", '"1"'),
        (float | int, 2, "2"),
        (Point, Point(1), '{"x":1}'),
        (Point | Label, Label("t"), '{"text":"t"}'),
        (Point | None, Point(2), '{"x":2}'),
        (tuple[Point, ...], (Point(1), Point(2)), '[{"x":1},{"x":2}]'),
        (tuple[int, Label], (1, Label("t")), '[1,{"text":"t"}]'),
        (list[Size], [Size.SMALL], '["small"]'),
        (Sequence[int], (1, 2), "[1,2]"),
        pytest.param(
            *(frozenset[str], frozenset("cab"), '["a","b","c"]'),
            id="frozenset",  # its own spelling changes with the hash seed
        ),
        (set[int], {10, 9}, "[10,9]"),
        (dict[str, Point], {"b": Point(1), "a": Point(2)}, '{"a":{"x":2},"b":{"x":1}}'),
        (dict[Size, int], {Size.SMALL: 1}, '{"small":1}'),
        (Mapping[str, Any], {"any": [1, {"": None}]}, '{"any":[1,{"":null}]}'),
    ],
    ids=str,
)
def test_values_are_written_in_one_way_and_read_back(
    kind: Any, value: object, written: str
) -> None:
    """Every kind of value has one spelling, and comes back equal and of the same type."""
    data = holding(kind, value)

    encoded = encode(data)
    decoded = codec_of(data).decode(stored(encoded))

    assert encoded.payload.decode() == f'{{"value":{written}}}'
    assert decoded == data
    if not isinstance(value, dict | set | frozenset):  # whose order says nothing
        assert repr(decoded) == repr(data)


@given(new=strategies.new_events())
def test_whatever_is_written_is_read_back(new: NewEvent[Any]) -> None:
    """Any event of any content comes back equal, and so does its metadata."""
    codec = Codec(EventRegistry(CONTRACT_EVENTS))

    raw = stored(codec.encode(new, context=Correlation()))
    recorded = codec.recorded(raw)

    assert recorded.data == new.data
    assert recorded.metadata == new.metadata
    assert json.loads(raw.payload) == json.loads(json.dumps(json.loads(raw.payload)))


@given(data=strategies.measured())
def test_equal_events_have_equal_bytes(data: Any) -> None:
    """However a set or a dictionary came about, its event has one payload and one digest."""
    rebuilt = attrs.evolve(
        data,
        labels=frozenset(sorted(data.labels, reverse=True)),
        notes=dict(reversed(data.notes.items())),
    )

    assert encode(rebuilt).payload == encode(data).payload
    assert encode(rebuilt).digest == encode(data).digest


def test_the_digest_covers_type_version_and_payload() -> None:
    """The same payload under another name or schema version is another fact."""

    def declared(name: str, version: int) -> Any:
        cls = attrs.make_class("Any", {"text": attrs.field(type=str)})
        return event(name, version=version, upcasters=dict.fromkeys(range(1, version), dict))(cls)

    events = [
        declared("a", 1)("x"),
        declared("b", 1)("x"),
        declared("a", 2)("x"),
        declared("a", 1)("y"),
    ]

    digests = {encode(each).digest for each in events}
    assert len(digests) == 4
    assert {len(each) for each in digests} == {16}
    # What was recorded long ago is repeated by an append of today.
    assert (
        encode(events[2]).digest
        == hashlib.blake2b(b'a\x002\x00{"text":"x"}', digest_size=16).digest()
    )
    # What is said about a fact is not part of it.
    said = encode(events[0], metadata={"k": 1}, correlation_id="c", causation_id=uuid4())
    assert said.digest == encode(events[0]).digest


class Foreign:
    """No JSON knows it."""


class Rational(float):
    pass


@pytest.mark.parametrize(
    ("value", "path", "reason"),
    [
        (math.nan, "data.value", "nan is not a JSON number"),
        ([0, {"a": math.inf}], "data.value[1].a", "inf is not a JSON number"),
        pytest.param(*("a\0b", "data.value", "text holds U+0000"), id="null character"),
        pytest.param(
            *({"k": ["ok", "\udfff"]}, "data.value.k[1]", "lone surrogate at character 0"),
            id="lone surrogate",
        ),
        pytest.param(
            *({"a": {"k\0": 1}}, "data.value.a.k\0", "text holds U+0000"), id="key with one"
        ),
        (2**63, "data.value", "does not fit into 64 bits"),
        (-(2**63) - 1, "data.value", "does not fit into 64 bits"),
        ((1, datetime(2024, 1, 1)), "data.value[1]", "is naive; give it a time zone"),  # noqa: DTZ001 - naive on purpose
        (Decimal("Infinity"), "data.value", "is not a number"),
        (Decimal("sNaN"), "data.value", "is not a number"),
        ({1: "a"}, "data.value.1", "the key 1 is not text"),
        pytest.param(
            *(Foreign(), "data.value", "Foreign has no JSON form"),
            id="foreign",  # its own spelling holds an address
        ),
        (timedelta(1), "data.value", "timedelta has no JSON form"),
        (Rational(1), "data.value", "Rational has no JSON form"),
        (1j, "data.value", "complex has no JSON form"),
    ],
    ids=repr,
)
def test_refuses_what_would_not_survive(value: object, path: str, reason: str) -> None:
    """A value that some database would change or refuse is refused, with its place."""
    with pytest.raises(UnencodableEventError) as caught:
        encode(holding(Any, value))

    assert (caught.value.event_type, caught.value.path) == ("Holding", path)
    assert reason in caught.value.reason


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"metadata": {"a": [math.nan]}}, "metadata.a[0]"),
        ({"correlation_id": "\udfff"}, "correlation_id"),
    ],
    ids=["metadata", "correlation id"],
)
def test_refuses_it_as_well_in_what_is_said_about_an_event(said: dict[str, Any], path: str) -> None:
    """The place tells it from a value of the event itself."""
    with pytest.raises(UnencodableEventError) as caught:
        encode(holding(int, 1), **said)

    assert (caught.value.event_type, caught.value.path) == ("Holding", path)


def test_what_a_property_of_the_host_raises_is_a_typed_error() -> None:
    """It names the event, the error and its text; the error itself is the cause."""

    class Broken(tuple[int, ...]):
        __slots__ = ()

        @override
        def __iter__(self) -> Iterator[int]:
            raise LookupError("no such part")

    with pytest.raises(UnencodableEventError) as caught:
        encode(holding(tuple[int, ...], Broken((1,))))

    assert (caught.value.event_type, caught.value.path) == ("Holding", "data")
    assert caught.value.reason == "LookupError: no such part"
    assert isinstance(caught.value.__cause__, LookupError)


def test_an_event_of_another_class_is_refused_by_its_full_name() -> None:
    """Classes of one name in two modules are not the same event."""
    with pytest.raises(UnregisteredEventError) as caught:
        codec_of(holding(int, 1)).encode(NewEvent(data=Noted("a")), context=Correlation())

    assert caught.value.event_class == "eventdocs.testing._contract_events.Noted"


def test_refuses_what_is_nested_too_deeply() -> None:
    """A value without end is a typed error, and no crash."""
    endless: list[Any] = []
    endless.append(endless)
    deep: Any = 1
    for _ in range(2_000):
        deep = [deep]
    deep_for_json: Any = 1
    for _ in range(300):
        deep_for_json = [deep_for_json]

    for value in (endless, deep, deep_for_json):
        with pytest.raises(UnencodableEventError) as caught:
            encode(holding(Any, value))

        assert (caught.value.event_type, caught.value.path) == ("Holding", "data")
        assert "recursion" in caught.value.reason.lower()


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (int, True),
        (int, 1.0),
        (str, 1),
        (bool, 1),
        (float, "1"),
        (float, True),
        (UUID, "no uuid"),
        (date, "2024-13-01"),
        (datetime, date(2024, 1, 1)),
        (Decimal, "one"),
        (Decimal, 1),
        (bytes, "?"),
        (Size, "large"),
        (Literal["a"], "b"),
        (Point, {"x": 1, "y": 2}),
        (Point, None),
        (list[int], [1, "2"]),
        (object, 1),
    ],
    ids=str,
)
def test_refuses_what_could_not_be_read_back(kind: Any, value: object) -> None:
    """Type hints do not stop anyone: a value of another type is refused when it is written."""
    with pytest.raises(UnencodableEventError, match=r"read back|has no attribute") as caught:
        encode(holding(kind, value))

    assert (caught.value.event_type, caught.value.path) == ("Holding", "data")
    assert re.search(r"data\.value|\wError: ", caught.value.reason)


def test_tells_which_part_of_a_payload_does_not_fit() -> None:
    """Each misfit is named with its path, and no value is repeated in the message."""
    shape = holding(tuple[Point, ...], (Point(1),))
    raw = attrs.evolve(stored(encode(shape)), payload=b'{"value":[{"x":1},{"x":"secret"},{"z":1}]}')

    with pytest.raises(UndecodableEventError) as caught:
        codec_of(shape).decode(raw)

    assert "data.value[1].x" in caught.value.reason
    assert "data.value[2]" in caught.value.reason
    assert "secret" not in caught.value.reason
    assert caught.value.sequence == 7


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"null", b'{"value":1,"more":2}', b"{}"])
def test_a_payload_of_another_shape_is_a_typed_error(payload: bytes) -> None:
    """Whatever the database holds, reading it ends in a value or in a typed error."""
    shape = holding(int, 1)

    with pytest.raises(UndecodableEventError) as caught:
        codec_of(shape).decode(attrs.evolve(stored(encode(shape)), payload=payload))

    told = caught.value
    assert (told.event_type, told.schema_version, told.sequence) == ("Holding", 1, 7)


def test_upcasters_run_one_version_at_a_time() -> None:
    """Each one gets what the one before has made, from the version of the event on."""

    def step(version: int) -> Upcaster:
        return lambda payload: {"way": [*payload["way"], version]}

    @event("Travelled", version=4, upcasters={n: step(n) for n in (1, 2, 3)})
    @attrs.frozen
    class Travelled:
        way: list[int]

    codec = Codec(EventRegistry([Travelled]))
    encoded = encode(Travelled([]))

    decoded = [codec.decode(stored(encoded, schema_version=version)) for version in (1, 2, 3, 4)]

    assert decoded == [Travelled([1, 2, 3]), Travelled([2, 3]), Travelled([3]), Travelled([])]


def test_an_upcasters_own_error_is_a_typed_error() -> None:
    """What the host's upcaster raises is the cause of an error that names the event."""

    def fail(payload: dict[str, Any]) -> dict[str, Any]:
        raise LookupError("no such key")

    @event("Travelled", version=2, upcasters={1: fail})
    @attrs.frozen
    class Travelled:
        way: list[int]

    raw = stored(encode(Travelled([])), schema_version=1)

    with pytest.raises(UndecodableEventError, match="LookupError: no such key") as caught:
        Codec(EventRegistry([Travelled])).decode(raw)

    assert isinstance(caught.value.__cause__, LookupError)


def test_a_recorded_event_is_decoded_once_and_only_when_asked() -> None:
    """Reading costs nothing for those who want places only."""
    decoded: list[int] = []

    def count(payload: dict[str, Any]) -> dict[str, Any]:
        decoded.append(1)
        return payload

    @event("Travelled", version=2, upcasters={1: count})
    @attrs.frozen
    class Travelled:
        way: list[int]

    codec = Codec(EventRegistry([Travelled]))
    recorded = codec.recorded(stored(encode(Travelled([1])), schema_version=1))

    assert (recorded.sequence, recorded.version, recorded.stream) == (7, 1, "a-1")
    assert decoded == []
    assert recorded.data == Travelled([1])
    assert recorded.data is recorded.data
    assert recorded.metadata is recorded.metadata
    assert decoded == [1]
    assert "Travelled" in repr(recorded)
    assert recorded == codec.recorded(recorded.raw)
    assert hash(recorded) == hash(codec.recorded(recorded.raw))


@pytest.mark.parametrize("spell", [str, attrgetter("hex"), attrgetter("urn"), "{{{}}}".format])
@given(known=uuids())
def test_ids_are_parsed_as_the_standard_library_does(
    spell: Callable[[UUID], str], known: UUID
) -> None:
    """Every spelling gives an equal id, of the same class and as safe to share."""
    parsed = parse_uuid(spell(known))

    assert (parsed, type(parsed), hash(parsed)) == (known, UUID, hash(known))
    assert (parsed.is_safe, str(parsed)) == (known.is_safe, str(known))


@pytest.mark.parametrize("text", ["", "1", "x" * 32, "0" * 31, "0" * 33, "-" * 36, "{" + "0" * 31])
def test_what_is_no_id_is_refused(text: str) -> None:
    """As the standard library refuses it."""
    with pytest.raises(ValueError, match=r"UUID|invalid literal"):
        parse_uuid(text)


def test_recorded_events_can_be_pickled() -> None:
    """They arrive in another process as they were, decoded or not."""
    codec = Codec(EventRegistry(CONTRACT_EVENTS))
    recorded = codec.recorded(
        stored(codec.encode(NewEvent(data=Noted("x"), metadata={"k": 1}), context=Correlation()))
    )

    fresh = pickle.loads(pickle.dumps(recorded))
    read = recorded.data
    again = pickle.loads(pickle.dumps(recorded))

    for each in (fresh, again):
        assert (each, each.raw) == (recorded, recorded.raw)
        assert (each.data, each.metadata) == (read, {"k": 1})
