import pytest

from eventdocs.ir import DocumentIR, impact
from tests.ir.drafts import Draft, definition_of, formula_of, table_of


def sample() -> DocumentIR:
    """λ feeds S, S feeds W, W feeds the Level; c feeds only the capped weight."""
    draft = Draft()
    draft.formula("L = W P", defines="L", uses=["W", "P"])
    draft.formula("W = S", defines="W", uses=["S"])
    draft.formula("S = λ q", defines="S", uses=["λ", "q"])
    draft.formula("K = c", defines="K", uses=["c"])
    draft.definition("Level", "the value of the index", names="L")
    draft.definition("Report", "what is said about the Level")
    draft.table([["Symbol", "Value"], ["λ", "0.94"], ["c", "5"]], caption="Parameters")
    draft.formula("λ", uses=["λ"], display=False)
    return draft.build()


class TestImpact:
    def test_lists_what_changes_in_the_order_of_computation(self) -> None:
        """Every affected entity comes after those it depends on."""
        found = impact(sample(), "λ")

        assert [(each.kind, each.name) for each in found.affected] == [
            ("formula", "S"),
            ("formula", "W"),
            ("formula", "L"),
            ("definition", "Level"),
            ("definition", "Report"),
        ]

    def test_names_the_way_to_each(self) -> None:
        """The path leads from the first entity that uses the parameter to the affected one."""
        ir = sample()
        ids = [formula_of(ir, latex).id.entity_id for latex in ("S = λ q", "W = S", "L = W P")]

        level = next(each for each in impact(ir, "λ").affected if each.name == "L")

        assert (level.path, level.distance) == (tuple(ids), 3)

    def test_says_where_to_edit(self) -> None:
        """The sources are the places that say what the parameter is."""
        ir = sample()

        assert impact(ir, "λ").sources == (table_of(ir, "Parameters").id.entity_id,)

    def test_keeps_parameters_of_one_table_apart(self) -> None:
        """What uses `c` does not change with λ, although one table gives both."""
        ir = sample()

        assert [each.name for each in impact(ir, "c").affected] == ["K"]
        assert "K" not in [each.name for each in impact(ir, "λ").affected]

    def test_of_a_whole_table_is_everything_it_feeds(self) -> None:
        """Named by its id, a table stands for all of its rows."""
        ir = sample()

        found = impact(ir, table_of(ir, "Parameters").id.entity_id)

        assert {each.name for each in found.affected} >= {"S", "W", "L", "K"}

    def test_of_a_term_goes_through_definitions(self) -> None:
        """What a definition means changes what the definitions that use it mean."""
        draft = Draft()
        draft.definition("Stock", "a share")
        draft.definition("Universe", "all Stocks")
        draft.definition("Index", "the best of the Universe")
        ir = draft.build()

        found = impact(ir, "stock")

        assert found.sources == (definition_of(ir, "Stock").id.entity_id,)
        assert [each.name for each in found.affected] == ["Universe", "Index"]

    def test_reaches_past_indices(self) -> None:
        """A quantity with another index is the same quantity."""
        draft = Draft()
        draft.formula("w_i = s_i", defines="w_{i}", uses=["s_{i}"])
        draft.formula("I = w_j", defines="I", uses=["w_{j}"])
        draft.definition("Score", "a number", names="s_{i}")

        names = [each.name for each in impact(draft.build(), "s_i").affected]

        assert names == ["w_i", "I"]

    def test_of_an_undefined_symbol_is_what_uses_it(self) -> None:
        """Nothing says what q is, and still it is known what would change with it."""
        found = impact(sample(), "q")

        assert found.sources == ()
        assert [each.name for each in found.affected][:3] == ["S", "W", "L"]

    def test_ends_in_cycles(self) -> None:
        """In a circle, everything is affected once."""
        draft = Draft()
        draft.formula("A = B + p", defines="A", uses=["B", "p"])
        draft.formula("B = A", defines="B", uses=["A"])

        names = [each.name for each in impact(draft.build(), "p").affected]

        assert names == ["A", "B"]

    @pytest.mark.parametrize("name", ["Zebra", "Report"])
    def test_of_what_nothing_uses_is_empty(self, name: str) -> None:
        """Unknown names and ends of chains affect nothing."""
        assert impact(sample(), name).affected == ()
