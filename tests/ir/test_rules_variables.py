import pytest

from tests.ir.drafts import Draft, codes, formula_of, issues_of, variable


def rigorous() -> Draft:
    """A document that says what all of its symbols are."""
    draft = Draft()
    for name in "ABCDEF":
        draft.definition(f"Quantity {name}", "a number", names=name)
        draft.formula(f"Z = {name}", uses=[name])
    return draft


class TestUndefinedVariables:
    def test_are_errors_where_everything_else_is_defined(self) -> None:
        """In a document that defines its symbols, one without a definition stands out."""
        draft = rigorous()
        draft.formula("W = A λ", defines="W", uses=["A", "λ"])
        ir = draft.build()

        (issue,) = issues_of(ir, "undefined-variable")

        assert issue.severity == "error"
        assert issue.entities == (formula_of(ir, "W = A λ").id.entity_id,)
        assert issue.data == {"symbol": "λ", "occurrences": 1}
        assert "λ" in issue.message
        assert "W" in issue.message

    def test_are_warnings_where_prose_mentions_them(self) -> None:
        """What running text speaks of may be explained there in words."""
        draft = rigorous()
        draft.formula("W = A λ", defines="W", uses=["A", "λ"])
        draft.formula("λ", uses=["λ"], display=False)

        (issue,) = issues_of(draft.build(), "undefined-variable")

        assert issue.severity == "warning"

    def test_are_reported_once_for_all_places(self) -> None:
        """Ten formulas with one undefined symbol, in several indices, make one finding."""
        draft = rigorous()
        for index in "ijkt":
            draft.formula(f"W_{index} = λ_{index}", defines=f"W_{{{index}}}",
                          uses=[f"λ_{{{index}}}"])  # fmt: skip
        ir = draft.build()

        (issue,) = issues_of(ir, "undefined-variable")

        assert len(issue.entities) == 4

    def test_are_not_reported_where_nothing_is_defined(self) -> None:
        """A document that defines no symbols explains them otherwise, or not at all."""
        draft = Draft()
        draft.formula("a = b + c", uses=["a", "b", "c"])
        draft.formula("x + y", uses=["x", "y"])

        assert draft.build().issues == ()

    def test_are_noted_at_most_where_little_is_defined(self) -> None:
        """In a paper that explains most in prose, only a symbol seen once is worth a note."""
        draft = rigorous()
        for name in "ghmopqrsuvwxyz":
            draft.formula(f"{name} + {name}", uses=[name])
            draft.formula(name, uses=[name], display=False)
        draft.formula("A ϝ", uses=["A", "ϝ"])

        (issue,) = issues_of(draft.build(), "undefined-variable")

        assert issue.severity == "info"
        assert issue.data["symbol"] == "ϝ"

    def test_do_not_include_indices_constants_and_functions(self) -> None:
        """Bound letters, π, e and exp need nobody to define them."""
        draft = rigorous()
        draft.formula("W", defines=None, uses=[variable("k", "bound"), "π", "e", "exp", "A"])

        assert "undefined-variable" not in codes(draft.build())


class TestNotationDrift:
    @pytest.mark.parametrize(
        ("defined", "used"),
        [
            ("K_{b}", "prime(K)_{b}"),
            ("prime(K)", "K"),
            ("R_{a,b}", "R_{b,a}"),
            ("R_{ab}", "R_{a,b}"),
        ],
    )
    def test_is_a_name_that_is_almost_a_defined_one(self, defined: str, used: str) -> None:
        """A quantity written in two ways is one finding, that names both."""
        draft = rigorous()
        draft.definition("Rate", "a number", names=defined)
        draft.formula(f"{defined} 2", uses=[defined])
        draft.formula(f"W = {used}", defines="W", uses=[used])
        ir = draft.build()

        (issue,) = issues_of(ir, "notation-drift")

        assert issue.entities[0] == formula_of(ir, f"W = {used}").id.entity_id
        assert "undefined-variable" not in codes(ir)

    def test_is_not_seen_in_estimates(self) -> None:
        """A hat over a defined quantity is its estimate, as everywhere."""
        draft = rigorous()
        draft.formula("W = hat(A)", defines="W", uses=["hat(A)"])

        assert {"notation-drift", "undefined-variable"}.isdisjoint(codes(draft.build()))


class TestCircularFormulas:
    def test_are_shown_with_their_path(self) -> None:
        """`A = B, B = A, C = A`: A and B go in a circle, C only follows."""
        draft = Draft()
        draft.formula("A = B", defines="A", uses=["B"])
        draft.formula("B = A", defines="B", uses=["A"])
        draft.formula("C = A", defines="C", uses=["A"])
        ir = draft.build()

        (issue,) = issues_of(ir, "circular-definition")

        assert issue.data["path"] == ["A", "B", "A"]
        assert formula_of(ir, "C = A").id.entity_id not in issue.entities

    def test_may_be_one_formula(self) -> None:
        """`Level = Level + 1` says that a level is one more than itself."""
        draft = Draft()
        draft.formula("Level = Level + 1", defines="Level", uses=["Level"])

        (issue,) = issues_of(draft.build(), "circular-definition")

        assert (issue.severity, issue.data["path"]) == ("error", ["Level", "Level"])

    def test_are_warnings_between_letters(self) -> None:
        """Two equations may say one thing, solved for one symbol and for the other."""
        draft = Draft()
        draft.formula("y = x + u", defines="y", uses=["x", "u"])
        draft.formula("u = y - x", defines="u", uses=["y", "x"])

        (issue,) = issues_of(draft.build(), "circular-definition")

        assert issue.severity == "warning"

    @pytest.mark.parametrize(
        ("one", "other"), [("L_{t}", "L_{t-1}"), ("L_{t+1}", "L_{t}"), ("L_{i}", "L_{0}")]
    )
    def test_are_not_recursions(self, one: str, other: str) -> None:
        """What is computed from its own past moves forward."""
        draft = Draft()
        draft.formula(f"{one} = {other} g", defines=one, uses=[other, "g"])

        assert "circular-definition" not in codes(draft.build())
