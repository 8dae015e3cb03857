import pytest

from eventdocs.ir import DocumentIR, Edge, normalise_term
from tests.ir.drafts import (
    Draft,
    definition_of,
    formula_of,
    table_of,
    variable,
    variable_of,
)

WEIGHT = "W_{i,t} = R_{i,t} V"


def edge(ir: DocumentIR, source: str, via: str) -> Edge | None:
    own = formula_of(ir, source).id.entity_id
    return next((each for each in ir.edges if each.source == own and each.via == via), None)


class TestVariables:
    def test_come_from_the_formula_that_defines_them(self) -> None:
        """`W_{i,t} = R_{i,t} V` depends on `R_{i,t} = …`, wherever that stands."""
        draft = Draft()
        draft.section("1 Weights")
        draft.formula(WEIGHT, defines="W_{i,t}", uses=["R_{i,t}", "V"])
        draft.section("2 Ranks")
        draft.formula("R_{i,t} = 1", defines="R_{i,t}")
        ir = draft.build()

        found = variable_of(ir, WEIGHT, "R_{i,t}").resolution

        ranks = formula_of(ir, "R_{i,t} = 1").id.entity_id
        assert (found.state, found.target, found.by) == ("resolved", ranks, "formula")
        edges = [each for each in ir.edges if each.kind == "depends_on"]
        assert [(each.target, each.via) for each in edges] == [(ranks, "R_{i,t}")]

    @pytest.mark.parametrize(
        ("defined", "used"),
        [
            ("R_{i}", "R_{j}"),
            ("R_{i,t}", "R_{j,s}"),
            ("R_{it}", "R_{i,t}"),
            ("R_{t}", "R_{t-1}"),
            ("R_{t+1}", "R_{t}"),
            ("R_{i}", "R_{1}"),
            ("R", "R_{i}"),
            ("R_{i}", "R"),
            ("R", "hat(R)"),
        ],
    )
    def test_may_have_other_indices(self, defined: str, used: str) -> None:
        """Indices are renamed, shifted, left out; estimates wear a hat. The quantity is one."""
        draft = Draft()
        draft.definition("Rank", "a number", names=defined)
        draft.formula(
            f"W = {used}", defines="W", uses=[used, variable("s", "index"), variable("j", "index")]
        )
        ir = draft.build()

        found = variable_of(ir, f"W = {used}", used).resolution

        assert found.target == definition_of(ir, "Rank").id.entity_id

    @pytest.mark.parametrize(
        ("defined", "used"),
        [
            ("R_{max}", "R_{min}"),
            ("R_{max}", "R"),
            ("R_{b}", "R_{c}"),
            ("R_{1}", "R_{2}"),
            ("R_{1}", "R_{i}"),
            ("R", "R_{2}"),
            ("R", "R_{1,2}"),
            ("hat(R)", "R"),
            ("R", "S"),
            ("r", "R"),
        ],
    )
    def test_are_not_taken_for_others(self, defined: str, used: str) -> None:
        """A label is a part of the name: `R_max` says nothing about `R_min`."""
        draft = Draft()
        draft.definition("Rank", "a number", names=defined)
        draft.formula(f"W = {used}", defines="W", uses=[used])

        assert variable_of(draft.build(), f"W = {used}", used).resolution.state == "dangling"

    def test_with_numbers_are_parts_of_what_is_indexed(self) -> None:
        """`w_2` is one of the weights `w` where the document writes `w_i`, too."""
        draft = Draft()
        draft.definition("Weights", "one for each member", names="w")
        draft.formula("S = w_{i}", defines="S", uses=["w_{i}", variable("i", "index")])
        draft.formula("T = w_{2}", defines="T", uses=["w_{2}"])
        ir = draft.build()

        found = variable_of(ir, "T = w_{2}", "w_{2}").resolution

        assert found.target == definition_of(ir, "Weights").id.entity_id

    def test_with_numbers_are_parts_of_what_is_spelled_out(self) -> None:
        """`y = (y_1, y_2)` says what `y_2` is a part of."""
        draft = Draft()
        draft.formula("y = (y_{1}, y_{2})", defines="y", uses=["y_{1}", "y_{2}"])
        draft.formula("T = y_{2}", defines="T", uses=["y_{2}"])
        ir = draft.build()

        found = variable_of(ir, "T = y_{2}", "y_{2}").resolution

        assert found.target == formula_of(ir, "y = (y_{1}, y_{2})").id.entity_id

    @pytest.mark.parametrize("used", ["Q_{i}", "Q_{2}"])
    def test_are_no_parts_of_a_number(self, used: str) -> None:
        """`Q = 15` is one number, whatever `Q_i` may be."""
        draft = Draft()
        draft.formula("Q = 15", defines="Q")
        draft.formula(f"S = {used}", defines="S", uses=[used, variable("i", "index")])

        assert variable_of(draft.build(), f"S = {used}", used).resolution.state == "dangling"

    @pytest.mark.parametrize("role", ["bound", "index", "operator"])
    def test_that_are_bound_need_no_definition(self, role: str) -> None:
        """The index of a sum and the variable of an integral explain themselves."""
        draft = Draft()
        draft.formula("W = k", defines="W", uses=[variable("k", role)])  # type: ignore[arg-type]  # parametrised

        assert variable_of(draft.build(), "W = k", "k").resolution.state == "ignored"

    @pytest.mark.parametrize("name", ["π", "e", "exp", "max"])
    def test_that_everybody_knows_need_no_definition(self, name: str) -> None:
        """Constants and functions are known, unless the document says something else."""
        draft = Draft()
        draft.formula(f"W = {name}", defines="W", uses=[name])
        other = Draft()
        other.formula(f"W = {name}", defines="W", uses=[name])
        other.definition("Surprise", "something else", names=name)

        known = variable_of(draft.build(), f"W = {name}", name).resolution
        redefined = variable_of(other.build(), f"W = {name}", name).resolution

        assert (known.state, known.by) == ("ignored", "constant")
        assert redefined.state == "resolved"

    @pytest.mark.parametrize("label", ["λ", "Decay", "decay"])
    def test_come_from_rows_of_tables(self, label: str) -> None:
        """A row whose first cell is the symbol, or the word, gives the value."""
        name = "λ" if label == "λ" else "Decay"
        draft = Draft()
        draft.formula(f"W = {name}", defines="W", uses=[name])
        draft.table([["Parameter", "Value"], [label, "0.94"]], caption="Parameters")
        ir = draft.build()

        found = variable_of(ir, f"W = {name}", name).resolution

        table = table_of(ir, "Parameters").id.entity_id
        assert (found.target, found.by) == (table, "table")
        assert edge(ir, f"W = {name}", name) == Edge(
            source=formula_of(ir, f"W = {name}").id.entity_id,
            target=table,
            kind="cell_value",
            via=name,
        )

    def test_come_from_columns_of_tables(self) -> None:
        """A word that heads a column stands for the column's values."""
        draft = Draft()
        draft.formula("Total = Score", defines="Total", uses=["Score"])
        draft.table([["Company", "Score"], ["Acme", "1.5"]], caption="Scores")
        ir = draft.build()

        assert variable_of(ir, "Total = Score", "Score").resolution.by == "column"

    def test_that_are_words_come_from_terms(self) -> None:
        """`Weight = Score / Sum` uses the glossary's “score”."""
        draft = Draft()
        draft.formula("Weight = Score", defines="Weight", uses=["Score"])
        draft.definition("score", "how good it is", form="glossary")
        ir = draft.build()

        found = variable_of(ir, "Weight = Score", "Score").resolution

        assert found.target == definition_of(ir, "score").id.entity_id
        assert normalise_term("Score") == "score"

    def test_are_explained_in_their_own_section_first(self) -> None:
        """Two sections explain λ; each formula means the explanation beside it."""
        draft = Draft()
        for title, latex in (("1 Decay", "A = λ"), ("2 Roots", "B = λ")):
            draft.section(title)
            draft.formula(latex, defines=latex[0], uses=["λ"])
            draft.definition(f"λ of {title}", title, names="λ", form="where", scope="section")
        ir = draft.build()

        for title, latex in (("1 Decay", "A = λ"), ("2 Roots", "B = λ")):
            found = variable_of(ir, latex, "λ").resolution
            meant = definition_of(ir, f"λ of {title}").id.entity_id
            assert (found.state, found.target, found.by) == ("resolved", meant, "where")

    def test_reach_into_subsections_and_fall_back_on_other_sections(self) -> None:
        """A “where” holds below its section; where nothing nearer is, it is better than nothing."""
        draft = Draft()
        draft.section("1 Decay")
        draft.definition("decay", "how fast", names="λ", form="where", scope="section")
        draft.section("1.1 Use", 2)
        draft.formula("A = λ", defines="A", uses=["λ"])
        draft.section("2 Elsewhere")
        draft.formula("B = λ", defines="B", uses=["λ"])
        ir = draft.build()

        targets = {variable_of(ir, latex, "λ").resolution.target for latex in ("A = λ", "B = λ")}

        assert targets == {definition_of(ir, "decay").id.entity_id}

    def test_are_ambiguous_when_equally_near_places_differ(self) -> None:
        """Two definitions of λ with other words at the same distance leave it open."""
        draft = Draft()
        draft.formula("A = λ", defines="A", uses=["λ"])
        draft.definition("Decay", "how fast it fades", names="λ")
        draft.definition("Root", "of the matrix", names="λ")
        ir = draft.build()

        found = variable_of(ir, "A = λ", "λ").resolution

        assert found.state == "ambiguous"
        assert len(found.candidates) == 2

    def test_in_recursions_make_no_edge_to_themselves(self) -> None:
        """`L_t = L_{t-1} …` is computed from its past, which is no circle."""
        draft = Draft()
        draft.formula("L_{t} = L_{t-1} g", defines="L_{t}", uses=["L_{t-1}", "g"])
        ir = draft.build()

        found = variable_of(ir, "L_{t} = L_{t-1} g", "L_{t-1}").resolution

        assert found.target == formula_of(ir, "L_{t} = L_{t-1} g").id.entity_id
        assert ir.edges == ()

    def test_mentioned_in_prose_only_refer(self) -> None:
        """“the decay $λ$” refers to its definition; nothing is computed there."""
        draft = Draft()
        draft.formula("λ", uses=["λ"], display=False)
        draft.definition("Decay", "how fast", names="λ")
        ir = draft.build()

        assert [each.kind for each in ir.edges] == ["refers_to"]


class TestOtherEdges:
    def test_connect_a_quantity_with_its_definition(self) -> None:
        """The formula that computes W `defines` what the text says about W."""
        draft = Draft()
        draft.formula("W = 1", defines="W")
        draft.definition("Weight", "share in the index", names="W")
        ir = draft.build()

        assert [(each.kind, each.via) for each in ir.edges] == [("defines", "W")]

    def test_connect_definitions_with_the_terms_they_use(self) -> None:
        """A body that mentions a term uses its definition."""
        draft = Draft()
        draft.definition("Universe", "all Stocks")
        draft.definition("Stock", "a share")
        ir = draft.build()

        (found,) = ir.edges
        assert (found.kind, found.via) == ("uses", "stock")

    def test_connect_acronyms_with_what_they_stand_for(self) -> None:
        """An acronym abbreviates the definition of its long form."""
        draft = Draft()
        draft.definition("IC", "Index Committee", form="acronym")
        draft.definition("Index Committee", "the people who decide")
        ir = draft.build()

        kinds = {each.kind for each in ir.edges}
        assert "abbreviates" in kinds
