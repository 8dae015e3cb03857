from collections.abc import Callable
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given

from eventdocs.errors import InvalidIRError
from eventdocs.ir import (
    DocumentIR,
    IRDiff,
    apply,
    diff,
    diff_from_dict,
    diff_to_dict,
    summaries,
    to_json,
)
from tests.ir.drafts import Draft, reference_to
from tests.ir.strategies import IRS, revisions

Fill = Callable[[Draft], object]


def change(old: Fill, new: Fill, *, line_length: int = 100) -> IRDiff:
    before, after = Draft(), Draft(line_length=line_length)
    old(before)
    new(after)
    first = before.build()
    return diff(first, after.build(previous=first, version=2))


def methodology(
    draft: Draft,
    *,
    latex: str = "W_i = S_i",
    uses: tuple[str, ...] = ("S_{i}",),
    score: bool = True,
    limits: str = "2 Limits",
    cap: str = "the largest weight",
    rows: tuple[tuple[str, str], ...] = (("c", "5"), ("d", "7")),
) -> None:
    draft.section("1 Weights")
    draft.formula(latex, defines="W_{i}", uses=uses, anchor="eq:weight")
    if score:
        draft.definition("Score", "a number", names="S_{i}")
    draft.section(limits)
    draft.definition("Cap", cap)
    draft.table([("Symbol", "Value"), *rows], caption="Parameters")
    draft.reference("Section 2")


class TestDiff:
    @given(pair=revisions())
    def test_leads_from_one_revision_to_the_next(self, pair: tuple[DocumentIR, DocumentIR]) -> None:
        """Applied to the old revision it gives the new one, to the last byte."""
        old, new = pair

        result = apply(old, diff(old, new))

        assert result == new
        assert to_json(result) == to_json(new)

    @given(pair=revisions())
    def test_survives_json(self, pair: tuple[DocumentIR, DocumentIR]) -> None:
        """A diff written as JSON and read again is the same diff."""
        found = diff(*pair)

        assert diff_from_dict(orjson.loads(orjson.dumps(diff_to_dict(found)))) == found

    @given(ir=IRS)
    def test_of_equals_is_nothing(self, ir: DocumentIR) -> None:
        """Nothing changed: an empty diff, without layout, edges or findings."""
        assert diff(ir, ir) == IRDiff()

    def test_ignores_layout(self) -> None:
        """Other line lengths and more white space change places, and no meaning."""
        found = change(
            methodology,
            lambda draft: methodology(draft, cap="the  largest\nweight"),
            line_length=64,
        )

        assert found.is_empty
        assert summaries(found) == ()
        assert len(found.relaid) == 7

    def test_names_what_was_added_and_removed(self) -> None:
        """New and lost definitions are listed with their sections."""

        def new(draft: Draft) -> None:
            methodology(draft, score=False)
            draft.definition("Holiday", "a day off")

        assert summaries(change(methodology, new)) == (
            "definition Holiday was added in “2 Limits”",
            "definition Score was removed in “1 Weights”",
            "formula W_i has S_i dangling instead of resolved",
        )

    def test_says_which_variables_a_formula_gained(self) -> None:
        """A formula with a new factor gained its symbol."""
        found = change(
            methodology,
            lambda draft: methodology(draft, latex="W_i = S_i λ", uses=("S_{i}", "λ")),
        )

        (changed,) = found.changed
        assert {each.field for each in changed.fields} == {"latex", "variables"}
        assert summaries(found) == ("formula W_i gained λ; now reads W_i = S_i λ",)

    def test_says_which_cells_changed(self) -> None:
        """Values are compared by row, and new rows are named."""
        found = change(
            methodology, lambda draft: methodology(draft, rows=(("c", "4.5"), ("e", "9")))
        )

        (line,) = summaries(found)
        assert line == (
            "table Parameters gained the row e; lost the row d; has 4.5 instead of 5 in the row c"
        )

    def test_tells_moves_from_changes(self) -> None:
        """A definition in another section has moved; its words are as they were."""

        def new(draft: Draft) -> None:
            methodology(draft, score=False)
            draft.definition("Score", "a number", names="S_{i}")

        found = change(methodology, new)

        assert summaries(found) == ("definition Score moved from “1 Weights” to “2 Limits”",)
        assert found.moved[0].old_section == ("1 Weights",)

    def test_moves_a_section_as_a_whole(self) -> None:
        """What a section holds goes along with it, and is not listed on its own."""

        def sections(draft: Draft, *titles: str) -> None:
            for title in titles:
                draft.section(title)
                draft.definition(f"Term of {title}", "one")
                draft.formula(f"x = {title[0]}", defines=f"x_{{{title[0]}}}")

        found = change(
            lambda draft: sections(draft, "Alpha", "Beta", "Gamma"),
            lambda draft: sections(draft, "Beta", "Gamma", "Alpha"),
        )

        assert summaries(found) == ("section Alpha changed places",)
        assert [(each.name, each.along) for each in found.moved] == [
            ("Alpha", False),
            ("Term of Alpha", True),
            ("x_A", True),
        ]

    def test_leaves_symbols_in_prose_out_of_the_lines(self) -> None:
        """Another “the cap $c$” in running text is a change, and no news."""

        def new(draft: Draft) -> None:
            methodology(draft)
            draft.formula("c", uses=["c"], display=False)

        found = change(methodology, new)

        assert len(found.added) == 1
        assert summaries(found) == ()

    def test_ignores_the_numbers_that_a_formula_is_given(self) -> None:
        """A tag or label inside of the LaTeX is no part of what the formula says."""
        found = change(methodology, lambda draft: methodology(draft, latex=r"W_i = S_i \tag{7}"))

        assert found.is_empty

    def test_does_not_move_what_stands_under_a_renamed_heading(self) -> None:
        """A new title is a change of the section alone."""
        found = change(methodology, lambda draft: methodology(draft, limits="2 Bounds"))

        assert summaries(found) == ("section 2 Bounds has title “2 Bounds” instead of “2 Limits”",)

    def test_says_when_a_reference_breaks(self) -> None:
        """A reference whose section is gone dangles, and that is a new finding."""
        found = change(methodology, lambda draft: methodology(draft, limits="3 Limits"))

        assert "reference Section 2 is dangling instead of resolved" in summaries(found)
        assert [each.code for each in found.issues_added] == ["dangling-reference"]
        assert [each.kind for each in found.edges_removed] == ["refers_to"]

    def test_is_refused_for_another_document(self) -> None:
        """A diff cannot be applied where what it starts from is missing."""
        draft = Draft()
        methodology(draft)
        old = draft.build()
        found = change(methodology, methodology, line_length=70)
        stranger = attrs.evolve(old, entities=old.entities[:1], edges=(), issues=())

        with pytest.raises(InvalidIRError, match="no entity"):
            apply(stranger, found)

    def test_names_every_problem_of_json_that_is_no_diff(self) -> None:
        """What is missing in a diff's JSON is named with its path."""
        fields: Any = dict(diff_to_dict(IRDiff()))
        fields["added"] = [{"after": None}]
        del fields["moved"]

        with pytest.raises(InvalidIRError) as caught:
            diff_from_dict(fields)

        assert list(caught.value.problems) == [
            "diff: moved is missing",
            "diff.added[0]: entity is missing",
        ]

    def test_follows_the_target_of_a_reference(self) -> None:
        """The id in a resolution survives, because the section keeps its own."""
        draft = Draft()
        methodology(draft)
        old = draft.build()
        new = draft.build(previous=old, version=2)

        assert (
            reference_to(new, "Section 2").resolution == reference_to(old, "Section 2").resolution
        )
        assert [each.field for each in diff(old, new).document] == ["version"]
