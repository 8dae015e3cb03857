"""The JSON Schema of the IR: it says of JSON what the reader of JSON says."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from jsonschema import Draft202012Validator, FormatChecker

from eventdocs.errors import InvalidIRError
from eventdocs.ir import IR_SCHEMA, DocumentIR, check, from_dict, json_schema, to_json
from tests.extraction.golden import meanings
from tests.ir.strategies import IRS
from tests.ir.test_json import sample, with_value

PUBLISHED = (
    Path(__file__).parents[2] / "docs" / "reference" / f"semantic-ir-{IR_SCHEMA}.schema.json"
)

ALIENS: tuple[Any, ...] = (None, True, -7, 0.5, "alien", [], {"alien": 1})
"""One value of every kind that JSON has."""


@functools.cache
def validator() -> Any:
    return Draft202012Validator(json_schema(), format_checker=FormatChecker(["date"]))


def is_valid(fields: object) -> bool:
    return bool(validator().is_valid(fields))


def can_be_read(fields: Any) -> bool:
    try:
        from_dict(fields)
    except InvalidIRError:
        return False
    return True


def is_sound(fields: Any) -> bool:
    try:
        check(from_dict(fields))
    except InvalidIRError:
        return False
    return True


def written(ir: DocumentIR) -> Any:
    return orjson.loads(to_json(ir))


@functools.cache
def rich_sample() -> bytes:
    """An IR in which nothing that can be absent is absent, as far as one IR can hold it all."""
    fields = written(with_value(Decimal("1.50")))
    for entity in fields["entities"]:
        entity["span"] |= {"page": 1, "bbox": [0.0, 1.5, 2.0, 3.0], "path": "p[1]", "line": 1}
        entity["id"]["anchor"] = "here"
    del fields["issues"][1:], fields["edges"][1:]
    fields["issues"][0]["data"] = {"a": [1, None]}
    assert can_be_read(fields)
    return orjson.dumps(fields)


def places(value: Any, place: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a JSON value, from the outside in."""
    yield place
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]  # JSON of any shape
            yield from places(value[key], (*place, key))  # pyright: ignore[reportUnknownArgumentType]  # JSON of any shape


def kinds_of_places() -> dict[str, tuple[str | int, ...]]:
    """One place for each name that a place can have in the model."""
    fields = orjson.loads(rich_sample())
    found: dict[str, tuple[str | int, ...]] = {}
    for place in places(fields):
        name = [str(each) for each in place if not isinstance(each, int)]
        if place[:1] == ("entities",) and len(place) > 1:
            name.insert(1, fields["entities"][place[1]]["kind"])
        found.setdefault(
            ".".join(name) + "[]" * (bool(place) and isinstance(place[-1], int)), place
        )
    del found[""]
    return found


def at(fields: Any, place: tuple[str | int, ...]) -> Any:
    for each in place:
        fields = fields[each]
    return fields


class TestTheSchema:
    def test_is_one(self) -> None:
        """It keeps the rules of the draft that it names."""
        Draft202012Validator.check_schema(json_schema())

    def test_is_published_as_it_is(self) -> None:
        """A published schema never changes: whoever changes the model gives it a new number.

        Until the first release, `python -m tests.ir.test_schema` writes it anew.
        """
        assert orjson.loads(PUBLISHED.read_bytes()) == json_schema()

    def test_bears_its_number(self) -> None:
        """The number stands in its name and in every document that it describes."""
        schema: Any = json_schema()

        assert schema["$id"].endswith(f":{IR_SCHEMA}")
        assert schema["properties"]["schema"] == {"const": IR_SCHEMA}
        assert not is_valid({**written(sample()), "schema": IR_SCHEMA + 1})

    def test_belongs_to_who_asked_for_it(self) -> None:
        """Changing what was returned changes nothing for others."""
        schema: Any = json_schema()
        schema["$defs"]["Cell"]["properties"]["text"].clear()
        schema["$defs"]["Cell"]["properties"]["value"]["oneOf"][0].clear()

        assert json_schema() != schema


class TestWhatIsWritten:
    def test_by_extractors_is_valid(self) -> None:
        """Documents of every format."""
        for ir in meanings().values():
            validator().validate(written(ir))

    @given(ir=IRS)
    def test_at_random_is_valid(self, ir: DocumentIR) -> None:
        """Whatever the model can hold, with cells of every type."""
        validator().validate(written(ir))

    @pytest.mark.parametrize(
        "value",
        [
            0,
            -(2**53),
            2**53 - 1,
            10**4000,
            True,
            None,
            *map(Decimal, ("0", "-0.0", "1E+30", "0E-9")),
        ],
        ids=lambda value: str(value)[:9],
    )
    def test_of_a_cell_is_valid(self, value: object) -> None:
        """Numbers at the borders between one way to write them and the next."""
        validator().validate(written(with_value(value)))


class TestWhatIsChanged:
    @pytest.mark.once
    @pytest.mark.parametrize(("name", "place"), kinds_of_places().items(), ids=kinds_of_places())
    def test_is_judged_as_the_reader_judges_it(
        self, name: str, place: tuple[str | int, ...]
    ) -> None:
        """At every place of the model: nothing valid is unreadable, nothing sound is invalid."""
        fields = orjson.loads(rich_sample())
        parent = at(fields, place[:-1])
        before = parent[place[-1]]

        # The other entities are valid before and after, and take long to look at.
        around = (
            fields["entities"][place[1] :][:1] if place[2:] and place[0] == "entities" else None
        )

        def is_valid_now() -> bool:
            return is_valid(fields if around is None else {**fields, "entities": around})

        for alien in ALIENS:
            parent[place[-1]] = alien

            if is_valid_now():
                assert can_be_read(fields), alien
            else:
                assert not is_sound(fields), alien

        parent[place[-1]] = before
        if isinstance(parent, dict) and "data" not in place[:-1]:
            del parent[place[-1]]
            assert (is_valid_now(), can_be_read(fields)) == (False, False)
            parent[place[-1]] = before
        if isinstance(before, dict) and "data" not in place:
            before["alien"] = 1
            assert (is_valid_now(), can_be_read(fields)) == (False, False)

    def test_covers_the_whole_model(self) -> None:
        """No property of any class is left out of the places that are changed."""
        schema: Any = json_schema()
        named = {key for place in kinds_of_places().values() for key in place}

        for definition in (schema, *schema["$defs"].values()):
            assert set(definition["properties"]) - {"mathml"} <= named

    @pytest.mark.parametrize(
        "value",
        [
            {"date": "2024-02-30"},
            {"date": "20240229"},
            {"date": "0000-01-01"},
            {"decimal": "NaN"},
            {"decimal": "1_0"},
            {"decimal": "1E+9999999999999999999"},
            {"integer": "1.5"},
            {"integer": "9" * 5000},
            {"integer": "1", "decimal": "1"},
            {"float": "1"},
            1.5,
            "1",
        ],
        ids=lambda value: str(value)[:30],
    )
    def test_to_what_is_no_value_of_a_cell_is_invalid(self, value: object) -> None:
        """What no cell can hold is refused by the schema already."""
        fields = orjson.loads(rich_sample())
        cell = at(fields, kinds_of_places()["entities.table.cells[]"])
        cell["value"] = value

        assert not is_valid(fields)


if __name__ == "__main__":
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    PUBLISHED.write_bytes(orjson.dumps(json_schema(), option=options))
