from decimal import Decimal

import pytest

from eventdocs.ir import DocumentIR, lineage
from tests.ir.drafts import Draft, definition_of, formula_of, table_of


def sample() -> DocumentIR:
    draft = Draft()
    draft.section("1 Weights")
    draft.formula("W_i = S_i V", defines="W_{i}", uses=["S_{i}", "V"], anchor="eq:weight")
    draft.section("2 Scores")
    draft.formula("S_i = λ q_i π", defines="S_{i}", uses=["λ", "q_{i}", "π"])
    draft.definition("Value", "of a company", names="V")
    draft.section("Appendix A: Parameters")
    draft.table(
        [["Symbol", "Name", "Value"], ["c", "Cap", "5"], ["λ", "Decay", "0.94"]],
        caption="Parameters",
    )
    return draft.build()


class TestLineage:
    def test_crosses_sections_down_to_the_cell(self) -> None:
        """A weight comes from a formula, that from another one, that from a row of a table."""
        ir = sample()

        found = lineage(ir, "W_{i}")

        assert [(each.name, each.kind, each.path) for each in found.origins] == [
            ("W_{i}", "formula", ("W_{i}",)),
            ("S_i", "formula", ("W_{i}", "S_i")),
            ("V", "definition", ("W_{i}", "V")),
            ("λ", "table", ("W_{i}", "S_i", "λ")),
            ("q_i", "undefined", ("W_{i}", "S_i", "q_i")),
            ("π", "constant", ("W_{i}", "S_i", "π")),
        ]

    def test_names_the_row_and_the_value(self) -> None:
        """The origin in a table says which row, which column and which value."""
        ir = sample()

        (origin,) = (each for each in lineage(ir, "W_{i}").origins if each.kind == "table")

        assert origin.entity == table_of(ir, "Parameters").id.entity_id
        assert origin.parameter is not None
        assert (origin.parameter.row, origin.parameter.column) == (2, 2)
        assert (origin.parameter.value, origin.parameter.text) == (Decimal("0.94"), "0.94")

    @pytest.mark.parametrize("name", ["λ", r"\lambda", "lambda", "Decay", "decay"])
    def test_understands_every_spelling(self, name: str) -> None:
        """A Greek letter, its LaTeX, its English name and the table's word are one."""
        ir = sample()

        found = lineage(ir, name)

        assert [each.kind for each in found.origins] == ["table"]

    @pytest.mark.parametrize("name", ["W_i", "W_{i}", "W", "eq:weight"])
    def test_understands_names_without_indices_and_labels(self, name: str) -> None:
        """`W` means `W_i` where only that exists, and a label means its formula."""
        origins = lineage(sample(), name).origins

        assert {each.name for each in origins} >= {"S_i", "V", "λ"}

    def test_starts_from_an_entity_as_well(self) -> None:
        """The lineage of a formula is that of everything it uses."""
        ir = sample()

        found = lineage(ir, formula_of(ir, "S_i = λ q_i π").id.entity_id)

        assert found.subject == "S_i"
        assert [each.name for each in found.origins] == ["λ", "q_i", "π"]

    def test_follows_terms_through_definitions(self) -> None:
        """A term comes from the terms that explain it."""
        draft = Draft()
        draft.definition("Universe", "all Stocks")
        draft.definition("Stock", "a share")
        ir = draft.build()

        found = lineage(ir, "universe")

        assert [each.entity for each in found.origins] == [
            definition_of(ir, "Universe").id.entity_id,
            definition_of(ir, "Stock").id.entity_id,
        ]

    def test_ends_in_cycles(self) -> None:
        """Quantities that are computed from each other are each named once."""
        draft = Draft()
        draft.formula("A = B", defines="A", uses=["B"])
        draft.formula("B = A", defines="B", uses=["A"])

        names = [each.name for each in lineage(draft.build(), "A").origins]

        assert names == ["A", "B"]

    def test_of_an_unknown_name_is_empty(self) -> None:
        """A name that the document does not know comes from nowhere."""
        found = lineage(sample(), "Zebra")

        assert (found.subject, found.origins) == ("Zebra", ())
