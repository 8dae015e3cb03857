import pytest

from eventdocs.ir import DefinitionForm
from tests.ir.drafts import Draft, codes, definition_of, issues_of


class TestDuplicateDefinitions:
    def test_contradict_each_other_across_sections(self) -> None:
        """One term with two meanings in two sections is a conflict."""
        draft = Draft()
        draft.section("1 Terms")
        draft.definition("Cap", "the largest weight")
        draft.section("2 More terms")
        draft.definition("Cap", "a hat")
        ir = draft.build()

        (issue,) = issues_of(ir, "duplicate-definition")

        assert issue.severity == "error"
        assert set(issue.entities) == {each.id.entity_id for each in ir.entities[1::2]}
        assert issue.span == ir.entities[3].span
        assert "Cap" in issue.message
        assert issue.suggestion

    def test_in_the_same_words_are_only_noted(self) -> None:
        """A repetition contradicts nothing; white space and quotes are no difference."""
        draft = Draft()
        draft.definition("Cap", "the largest  weight")
        draft.definition("“Cap”", "The largest weight.")

        (issue,) = issues_of(draft.build(), "duplicate-definition")

        assert issue.severity == "info"

    def test_that_differ_in_case_are_only_noted(self) -> None:
        """“US” and “us” may well be two terms."""
        draft = Draft()
        draft.definition("US", "United States")
        draft.definition("us", "you and me")

        (issue,) = issues_of(draft.build(), "duplicate-definition")

        assert issue.severity == "info"

    def test_in_separate_lists_are_no_errors(self) -> None:
        """Lists describe their own items; `name` in two of them is a warning at most."""
        draft = Draft()
        for section in ("Options of open", "Options of close"):
            draft.section(section)
            draft.definition("name", f"for {section}", form="deflist")

        (issue,) = issues_of(draft.build(), "duplicate-definition")

        assert issue.severity == "warning"

    def test_in_the_lists_of_a_manual_are_fine(self) -> None:
        """Where several names recur from list to list, each list speaks of its own items."""
        draft = Draft()
        for section in ("Options of open", "Options of close"):
            draft.section(section)
            for name in ("name", "mode", "size"):
                draft.definition(name, f"for {section}", form="deflist")
        draft.definition("mode", "once more", form="deflist")
        ir = draft.build()

        (issue,) = issues_of(ir, "duplicate-definition")

        assert issue.data["term"] == "mode"
        assert issue.severity == "error"

    def test_that_hold_in_their_own_sections_are_fine(self) -> None:
        """Two sections may each say what their λ is."""
        draft = Draft()
        for section in ("1 Decay", "2 Roots"):
            draft.section(section)
            draft.definition("λ", f"for {section}", names="λ", form="where", scope="section")

        assert "duplicate-definition" not in codes(draft.build())

    def test_of_an_acronym_and_its_meaning_are_fine(self) -> None:
        """An acronym's long form and the explanation of the acronym complete each other."""
        draft = Draft()
        draft.definition("IC", "Index Committee", form="acronym")
        draft.definition("IC", "the people who decide")

        assert "duplicate-definition" not in codes(draft.build())


class TestAmbiguousDefinitions:
    def test_are_found_by_shared_short_names(self) -> None:
        """An alias of two terms leaves readers guessing."""
        draft = Draft()
        draft.definition("Index Committee", "decides", aliases=["ic"])
        draft.definition("Index Component", "a member", aliases=["ic"])

        (issue,) = issues_of(draft.build(), "ambiguous-definition")

        assert issue.data["name"] == "ic"

    def test_are_found_where_a_section_overrides_the_document(self) -> None:
        """A symbol with another meaning in one section is worth a note."""
        draft = Draft()
        draft.definition("decay", "how fast it fades", names="λ")
        draft.section("2 Roots")
        draft.definition("λ", "root of the matrix", names="λ", form="where", scope="section")

        (issue,) = issues_of(draft.build(), "ambiguous-definition")

        assert issue.severity == "info"

    def test_are_not_seen_in_repetitions(self) -> None:
        """A “where” that repeats the document's words overrides nothing."""
        draft = Draft()
        draft.definition("decay", "how fast it fades", names="λ")
        draft.section("2 Use")
        draft.definition("λ", "the decay", names="λ", form="where", scope="section")

        assert "ambiguous-definition" not in codes(draft.build())


class TestUnusedDefinitions:
    @pytest.mark.parametrize("form", ["where", "table_row", "glossary"])
    def test_are_symbols_that_no_formula_uses(self, form: DefinitionForm) -> None:
        """A symbol that is explained and never used is noted."""
        draft = Draft()
        draft.formula("W = S", defines="W", uses=["S"])
        draft.definition("score", "a number", names="S", form=form)
        draft.definition("decay", "how fast", names="λ", form=form)
        ir = draft.build()

        (issue,) = issues_of(ir, "unused-definition")

        assert issue.entities == (definition_of(ir, "decay").id.entity_id,)
        assert issue.severity == "info"

    def test_do_not_count_their_own_words_as_use(self) -> None:
        """The `$λ$` inside of “where $λ$ is …” is no use of λ."""
        draft = Draft()
        draft.formula("W = S", defines="W", uses=["S"])
        draft.definition("decay", "how fast", names="λ")
        draft.formula("λ", uses=["λ"], display=False, inside=True)

        assert codes(draft.build()).count("unused-definition") == 1

    def test_are_not_looked_for_without_formulas(self) -> None:
        """A list of symbols on its own is there to be used elsewhere."""
        draft = Draft()
        draft.definition("decay", "how fast", names="λ")

        assert draft.build().issues == ()


class TestCircularTerms:
    def test_are_shown_with_their_path(self) -> None:
        """Terms that explain each other are noted, terms that only lead there are not."""
        draft = Draft()
        draft.definition("Alpha", "see Beta")
        draft.definition("Beta", "see Alpha")
        draft.definition("Gamma", "see Alpha")

        (issue,) = issues_of(draft.build(), "circular-definition")

        assert issue.data["path"] == ["Alpha", "Beta", "Alpha"]
        assert issue.severity == "info"
