import pytest

from eventdocs.ir import ReferenceType
from tests.ir.drafts import Draft, reference_to


class TestReferences:
    @pytest.mark.parametrize("target", ["Section 9", "Appendix A", "Table 7"])
    def test_dangle_when_there_is_no_such_number(self, target: str) -> None:
        """A mention of a number that nothing bears is kept, as dangling."""
        draft = Draft()
        draft.section("1 Introduction")
        draft.reference(target)

        resolution = reference_to(draft.build(), target).resolution

        assert (resolution.state, resolution.target) == ("dangling", None)

    @pytest.mark.parametrize(
        ("title", "target"),
        [
            ("2 Rules", "Section 2"),
            ("2. Rules", "section 2"),
            ("2.1 Weights", "Section 2.1"),
            ("2.1 Weights", "§ 2.1"),
            ("Section 2: Rules", "Sec. 2"),
            ("Article IV – Voting", "Article IV"),
            ("Chapter 3", "Chapter 3"),
            ("Appendix A: Parameters", "Appendix A"),
            ("Annex B", "Annex B"),
            ("A. Parameters", "Appendix A"),
            ("A.1 Defaults", "Section A.1"),
        ],
    )
    def test_find_headings_by_number(self, title: str, target: str) -> None:
        """A heading's number is what stands at its beginning, whatever word comes before."""
        draft = Draft()
        section = draft.section(title)
        draft.reference(target)
        ir = draft.build()

        resolution = reference_to(ir, target).resolution

        assert (resolution.state, resolution.by) == ("resolved", "number")
        assert section is not None
        assert resolution.target == ir.entities[0].id.entity_id

    @pytest.mark.parametrize(
        ("title", "target"),
        [
            ("A Rule", "Appendix A"),
            ("12 Rules", "Section 1"),
            ("2.1 Weights", "Section 2"),
            ("Appendix 2: Data", "Section 2"),
            ("2 Rules", "Appendix 2"),
            ("2 Rules", "Table 2"),
            ("2024 Results were good", "Section 20"),
        ],
    )
    def test_do_not_find_other_numbers(self, title: str, target: str) -> None:
        """A part of a number, an article, or another kind of thing is no match."""
        draft = Draft()
        draft.section(title)
        draft.reference(target)

        assert reference_to(draft.build(), target).resolution.state == "dangling"

    def test_find_tables_and_formulas_by_number(self) -> None:
        """Numbers count with and without parentheses, given or written in the caption."""
        draft = Draft()
        draft.table([["a", "b"], ["1", "2"]], number="7")
        draft.table([["c", "d"], ["3", "4"]], caption="Table 8: Screens")
        draft.formula("a = b", number="(4)")
        for target in ("Table 7", "Table 8", "Equation (4)", "Eq. 4"):
            draft.reference(target)
        ir = draft.build()

        targets = [reference_to(ir, each).resolution.target
                   for each in ("Table 7", "Table 8", "Equation (4)", "Eq. 4")]  # fmt: skip

        first, second, formula = (each.id.entity_id for each in ir.entities[:3])
        assert targets == [first, second, formula, formula]

    @pytest.mark.parametrize("target", ["#rules", "rules", "Rules", "#Rules"])
    def test_find_headings_by_title_and_slug(self, target: str) -> None:
        """A heading can be referred to by its title or by the id that tools make of it."""
        draft = Draft()
        draft.section("Rules")
        draft.reference(target)
        ir = draft.build()

        assert reference_to(ir, target).resolution.target == ir.entities[0].id.entity_id

    @pytest.mark.parametrize(
        "target", ["#41-uncapped-weights", "#uncapped-weights", "#4-1-uncapped-weights"]
    )
    def test_know_the_slugs_of_several_tools(self, target: str) -> None:
        """GitHub, pandoc and docutils make different ids of `4.1 Uncapped weights`."""
        draft = Draft()
        draft.section("4.1 Uncapped weights")
        draft.reference(target)

        assert reference_to(draft.build(), target).resolution.state == "resolved"

    def test_count_headings_that_share_a_title(self) -> None:
        """The first of several equal headings has the plain slug, the next one `-1`."""
        draft = Draft()
        draft.section("Example")
        draft.section("Example")
        draft.reference("#example")
        draft.reference("#example-1")
        ir = draft.build()

        targets = [reference_to(ir, each).resolution.target for each in ("#example", "#example-1")]

        assert targets == [each.id.entity_id for each in ir.entities[:2]]

    def test_are_ambiguous_when_several_fit(self) -> None:
        """Two headings with one number make an ambiguous reference with both candidates."""
        draft = Draft()
        draft.section("2 Rules")
        draft.section("2 Weights")
        draft.reference("Section 2")
        ir = draft.build()

        resolution = reference_to(ir, "Section 2").resolution

        assert resolution.state == "ambiguous"
        assert resolution.candidates == tuple(each.id.entity_id for each in ir.entities[:2])

    def test_prefer_the_kind_that_is_meant(self) -> None:
        """Of a heading and a formula with one label, an equation reference means the formula."""
        draft = Draft()
        draft.section("Weights", anchor="weights")
        draft.formula("w = 1", defines="w", anchor="weights")
        draft.reference("weights", "formula")
        ir = draft.build()

        assert reference_to(ir, "weights").resolution.target == ir.entities[1].id.entity_id

    def test_find_definitions_by_term_and_alias(self) -> None:
        """A term reference finds its definition in any spelling."""
        draft = Draft()
        draft.definition("Index Committee", "decides", aliases=["ic"])
        draft.reference("index committee", "definition")
        draft.reference("IC", "definition")
        ir = draft.build()

        found = {reference_to(ir, each).resolution.target for each in ("index committee", "IC")}

        assert found == {ir.entities[0].id.entity_id}

    @pytest.mark.parametrize(
        ("target", "kind", "by"),
        [
            ("https://example.org/a#b", "url", "url"),
            ("mailto:someone@example.org", "unknown", "url"),
            ("handbook.md#fees", "unknown", "document"),
            ("../handbook.html", "document", "document"),
            ("laspeyres1871", "citation", "citation"),
            ("fn:1", "footnote", "footnote"),
        ],
    )
    def test_that_leave_the_document_are_external(
        self, target: str, kind: ReferenceType, by: str
    ) -> None:
        """Addresses, other files, citations and footnotes are not looked for in the document."""
        draft = Draft()
        draft.reference(target, kind)
        ir = draft.build()

        resolution = reference_to(ir, target).resolution

        assert (resolution.state, resolution.by) == ("external", by)
        assert ir.issues == ()

    def test_into_another_document_are_external(self) -> None:
        """A section of a document that is named is not missing here."""
        draft = Draft()
        draft.reference("Section 9", document="Corporate Actions Handbook")

        assert reference_to(draft.build(), "Section 9").resolution.state == "external"

    def test_labels_with_colons_are_no_addresses(self) -> None:
        """`eq:17` is a label; without a target it dangles."""
        draft = Draft()
        draft.reference("eq:17", "formula")

        assert reference_to(draft.build(), "eq:17").resolution.state == "dangling"

    def test_to_figures_are_left_alone(self) -> None:
        """Figures are no entities, so that a missing one cannot be told from one that is there."""
        draft = Draft()
        draft.reference("Figure 3", "figure")
        ir = draft.build()

        assert reference_to(ir, "Figure 3").resolution.state == "ignored"
        assert ir.issues == ()
