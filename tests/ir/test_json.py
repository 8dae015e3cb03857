import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given

from eventdocs.errors import InvalidIRError
from eventdocs.ir import DocumentIR, Table, check, from_dict, from_json, to_dict, to_json
from tests.ir.drafts import Draft, table_of
from tests.ir.strategies import IRS

_BUILD_AND_PRINT = """
import sys
from tests.ir.test_json import sample
from eventdocs.ir import to_json
sys.stdout.buffer.write(to_json(sample()))
"""


def sample() -> DocumentIR:
    draft = Draft()
    draft.section("2 Rules", anchor="rules")
    draft.formula("W_i = S_i V", defines="W_{i}", uses=["S_{i}", "V"], anchor="eq:1")
    draft.definition("Score", "how good a Weight is", names="S_{i}", aliases=["quality", "q"])
    draft.definition("Weight", "what the Score gives", names="W_{i}")
    draft.table([["Symbol", "Value"], ["V", "1.50"], ["U", "2024-02-29"]], caption="Parameters")
    draft.reference("Section 9")
    draft.reference("#rules")
    return draft.build()


def with_value(value: object) -> DocumentIR:
    ir = sample()
    entities: list[Any] = list(ir.entities)
    place = next(n for n, each in enumerate(entities) if isinstance(each, Table))
    cells = list(entities[place].cells)
    cells[3] = attrs.evolve(cells[3], value=value)
    entities[place] = attrs.evolve(entities[place], cells=tuple(cells))
    return attrs.evolve(ir, entities=tuple(entities))


class TestJSON:
    @given(ir=IRS)
    def test_loses_nothing(self, ir: DocumentIR) -> None:
        """What is written and read again is equal, and writes the same bytes."""
        content = to_json(ir)

        again = from_json(content)

        assert again == ir
        assert to_json(again) == content

    @pytest.mark.parametrize(
        "value",
        [
            2**53,
            -(2**200),
            Decimal("1.50"),
            Decimal("1E+30"),
            Decimal("-0.0"),
            True,
            date(1900, 2, 28),
            None,
        ],
    )
    def test_keeps_the_type_and_every_digit_of_a_cell(self, value: object) -> None:
        """Numbers of any size, decimals with their zeros, truth values and dates survive."""
        ir = with_value(value)

        again = table_of(from_json(to_json(ir)), "Parameters").cells[3].value

        assert (type(again), str(again)) == (type(value), str(value))

    def test_is_the_same_whatever_the_hash_seed(self) -> None:
        """The same document gives the same bytes in processes that hash differently."""
        printed = {
            subprocess.run(
                [sys.executable, "-c", _BUILD_AND_PRINT],
                env={**os.environ, "PYTHONHASHSEED": seed},
                capture_output=True,
                check=True,
            ).stdout
            for seed in ("0", "1", "4711")
        }

        assert printed == {to_json(sample())}

    def test_sorts_its_keys(self) -> None:
        """The bytes are those of a writer that sorts keys and writes no spaces."""
        ir = sample()

        assert to_json(ir) == orjson.dumps(to_dict(ir), option=orjson.OPT_SORT_KEYS)

    def test_names_the_path_of_every_problem(self) -> None:
        """What is missing, unknown or of the wrong type is named with its place, all at once."""
        fields: Any = orjson.loads(to_json(sample()))
        fields["version"] = "one"
        fields["surplus"] = 1
        del fields["entities"][1]["span"]["source"]
        fields["entities"][2]["kind"] = "poem"
        fields["entities"][4]["cells"][0]["value"] = {"decimal": "NaN"}
        fields["entities"][4]["cells"][1]["header"] = "diagonal"

        with pytest.raises(InvalidIRError) as caught:
            from_dict(fields)

        assert [problem.split(":")[0] for problem in caught.value.problems] == [
            "ir",
            "ir.version",
            "ir.entities[1].span",
            "ir.entities[2].kind",
            "ir.entities[4].cells[0].value",
            "ir.entities[4].cells[1].header",
        ]

    @pytest.mark.parametrize(
        "content", [b"", b"no json", b"[]", b"null", b"{}", b'{"schema": 1}', b'"\xff"']
    )
    def test_refuses_what_is_no_ir(self, content: bytes) -> None:
        """Other JSON, and what is no JSON, is an invalid IR, not a crash."""
        with pytest.raises(InvalidIRError):
            from_json(content)

    def test_refuses_another_schema_by_its_number(self) -> None:
        """An IR of a newer eventdocs is refused as such, not as a heap of unknown fields."""
        fields: Any = {**to_dict(sample()), "schema": 2, "novelty": True}

        with pytest.raises(InvalidIRError, match="schema 1") as caught:
            from_dict(fields)

        assert len(caught.value.problems) == 1

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda: attrs.evolve(sample(), title="half a \ud800 pair"),
            lambda: with_value(Decimal("Infinity")),
            lambda: with_value(1.5),
        ],
        ids=["surrogate", "infinity", "float"],
    )
    def test_refuses_to_write_what_it_could_not_read(self, spoil: Callable[[], DocumentIR]) -> None:
        """Half a surrogate pair and numbers that are none are refused, here and by `check`."""
        spoiled = spoil()

        with pytest.raises(InvalidIRError):
            to_json(spoiled)
        with pytest.raises(InvalidIRError):
            check(spoiled)
