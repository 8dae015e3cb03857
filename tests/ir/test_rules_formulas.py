import pytest

from tests.ir.drafts import Draft, codes, issues_of


class TestIncompleteFormulas:
    @pytest.mark.parametrize(
        "latex",
        ["W =", r"W = a +", r"W = a \times", "W = ??", r"W = \frac{}{b}", "W = {a", "W = TODO"],
    )
    def test_are_reported(self, latex: str) -> None:
        """A formula that stops in the middle or holds a placeholder is incomplete."""
        draft = Draft()
        draft.formula(latex)

        (issue,) = issues_of(draft.build(), "incomplete-formula")

        assert issue.severity == "warning"

    @pytest.mark.parametrize(
        "latex",
        [
            r"W = a \tag{1}",
            r"W = \{a\}",
            "W = a,",
            "=",
            r"W = \left\{ a \right.",
            r"a \in \{1, 2\}",
        ],
    )
    def test_are_not_seen_in_complete_ones(self, latex: str) -> None:
        """Tags, escaped braces, closing commas and lone operators are fine."""
        draft = Draft()
        draft.formula(latex)

        assert draft.build().issues == ()

    def test_are_normal_in_running_text(self) -> None:
        """“at $W =$ 3” is finished by the sentence."""
        draft = Draft()
        draft.formula("W =", display=False)

        assert draft.build().issues == ()


class TestUnparsedFormulas:
    @pytest.mark.parametrize(("display", "severity"), [(True, "warning"), (False, "info")])
    def test_are_reported(self, *, display: bool, severity: str) -> None:
        """A formula that could not be read is said to be so, since its symbols are unknown."""
        draft = Draft()
        draft.formula(r"\weird", parsed="opaque", display=display)
        ir = draft.build()

        assert codes(ir) == ["unparsed-formula"]
        assert ir.issues[0].severity == severity
