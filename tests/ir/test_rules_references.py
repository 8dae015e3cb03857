import attrs
import pytest

from tests.ir.drafts import Draft, codes, issues_of, reference_to


class TestDanglingReferences:
    def test_are_one_finding_each(self) -> None:
        """A section, an appendix and a table that are not there make three findings."""
        draft = Draft()
        for target in ("Section 9", "Appendix A", "Table 7"):
            draft.reference(target)
        ir = draft.build()

        found = issues_of(ir, "dangling-reference")

        assert [issue.data["target"] for issue in found] == ["Section 9", "Appendix A", "Table 7"]
        assert found[0].entities == (reference_to(ir, "Section 9").id.entity_id,)

    def test_are_not_found_where_the_target_is(self) -> None:
        """“See Section 2” is fine with a heading “2 Rules”."""
        draft = Draft()
        draft.section("2 Rules")
        draft.reference("Section 2")

        assert draft.build().issues == ()

    def test_are_errors_where_such_things_are_numbered(self) -> None:
        """Section 9 is missing from a document with numbered sections; else it may be elsewhere."""
        numbered, plain = Draft(), Draft()
        numbered.section("1 Rules")
        plain.section("Rules")
        for draft in (numbered, plain):
            draft.reference("Section 9")

        severities = [draft.build().issues[0].severity for draft in (numbered, plain)]

        assert severities == ["error", "warning"]

    def test_are_no_errors_when_the_extractor_was_not_sure(self) -> None:
        """What may not be a reference at all is a warning."""
        draft = Draft()
        draft.section("1 Rules")
        draft.reference("Section 9")
        reference = draft.entities[1]
        unsure = attrs.evolve(reference.prov, method="pattern", confidence=0.5)
        draft.entities[1] = attrs.evolve(reference, prov=unsure)

        assert draft.build().issues[0].severity == "warning"


class TestAmbiguousReferences:
    def test_name_what_they_could_mean(self) -> None:
        """The finding lists the candidates."""
        draft = Draft()
        draft.section("2 Rules")
        draft.section("2 Weights")
        draft.reference("Section 2")
        ir = draft.build()

        (issue,) = issues_of(ir, "ambiguous-reference")

        assert issue.data["candidates"] == ["section 2 Rules", "section 2 Weights"]
        assert issue.entities[1:] == tuple(each.id.entity_id for each in ir.entities[:2])

    def test_names_what_looks_alike_once(self) -> None:
        """Nine sections of one title are named once, and counted."""
        draft = Draft()
        for _ in range(9):
            draft.section("2 Rules")
        draft.reference("Section 2")

        (issue,) = issues_of(draft.build(), "ambiguous-reference")

        assert issue.message == "'Section 2' fits section 2 Rules in 9 places."


class TestAnchors:
    def test_that_are_given_twice_are_errors(self) -> None:
        """A label for two formulas is reported at the second."""
        draft = Draft()
        draft.formula("a = 1", defines="a", anchor="eq:1")
        draft.formula("b = 2", defines="b", anchor="eq:1")
        ir = draft.build()

        (issue,) = issues_of(ir, "duplicate-anchor")

        assert issue.severity == "error"
        assert issue.span == ir.entities[1].span

    def test_of_one_term_defined_twice_are_one_finding(self) -> None:
        """A glossary's ids follow from its terms; the duplicate term says it all."""
        draft = Draft()
        draft.definition("Cap", "the largest weight", anchor="cap")
        draft.definition("Cap", "a hat", anchor="cap")

        assert codes(draft.build()) == ["duplicate-definition"]

    def test_that_nothing_refers_to_are_noted_where_others_are_used(self) -> None:
        """One unused label among used ones may be a forgotten reference."""
        draft = Draft()
        draft.formula("a = 1", defines="a", anchor="eq:1")
        draft.formula("b = 2", defines="b", anchor="eq:2")
        draft.reference("eq:1", "formula")
        ir = draft.build()

        (issue,) = issues_of(ir, "unreferenced-label")

        assert (issue.severity, issue.data["anchor"]) == ("info", "eq:2")

    def test_that_all_go_unused_are_a_habit(self) -> None:
        """A document that labels everything and refers to nothing means no harm."""
        draft = Draft()
        draft.formula("a = 1", defines="a", anchor="eq:1")
        draft.formula("b = 2", defines="b", anchor="eq:2")

        assert draft.build().issues == ()


class TestMissingAppendices:
    def test_are_reported_once_for_all_references(self) -> None:
        """However often Appendix B is mentioned, it is missing once."""
        draft = Draft()
        draft.section("Appendix A: Parameters")
        draft.reference("Appendix B")
        draft.reference("Appendix B")
        ir = draft.build()

        (issue,) = issues_of(ir, "missing-appendix")

        assert issue.data["appendix"] == "B"
        assert len(issue.entities) == 2

    def test_are_gaps_in_the_lettering(self) -> None:
        """Between A and D, two appendices are missing."""
        draft = Draft()
        draft.section("Appendix A")
        draft.section("Appendix D")

        letters = [each.data["appendix"] for each in issues_of(draft.build(), "missing-appendix")]

        assert letters == ["B", "C"]

    @pytest.mark.parametrize("titles", [["Appendix A", "Appendix B"], ["Appendix"], ["Annex 1"]])
    def test_are_not_seen_where_none_is(self, titles: list[str]) -> None:
        """Appendices in a row, or without letters, are complete."""
        draft = Draft()
        for title in titles:
            draft.section(title)

        assert draft.build().issues == ()
