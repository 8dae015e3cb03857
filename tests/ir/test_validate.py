from eventdocs.ir import DocumentIR, from_json, to_json, validate
from tests.ir.drafts import Draft


def flawed(*, line_length: int = 100, more: bool = False) -> DocumentIR:
    draft = Draft(line_length=line_length)
    if more:
        draft.section("0 Preface")
        draft.definition("Preface", "what comes first")
        draft.table([["Month", "Days"], ["May", "31"]], caption="Months")
    draft.section("1 Rules")
    draft.definition("Cap", "the largest weight")
    draft.definition("Cap", "a hat")
    draft.formula("A = B", defines="A", uses=["B"])
    draft.formula("B = A", defines="B", uses=["A"])
    draft.table([["Name", "Value"], ["A", "1"], ["B", "2"]], widths=[2, 3, 2])
    draft.reference("Section 9")
    draft.reference("Section 9")
    return draft.build()


class TestFindings:
    def test_have_fingerprints_that_survive_unrelated_edits(self) -> None:
        """New text before, and other line lengths, leave all fingerprints as they were."""
        before, after = flawed(), flawed(line_length=70, more=True)

        fingerprints = {each.fingerprint for each in before.issues}

        assert len(before.issues) >= 5
        assert {each.fingerprint for each in after.issues} == fingerprints

    def test_have_fingerprints_of_their_own(self) -> None:
        """Two references to the same missing section are two findings."""
        issues = flawed().issues

        assert len({each.fingerprint for each in issues}) == len(issues)

    def test_stand_in_reading_order(self) -> None:
        """Findings are sorted by where they are."""
        starts = [each.span.start for each in flawed().issues]

        assert starts == sorted(starts, key=lambda start: start or 0)

    def test_say_what_where_and_what_to_do(self) -> None:
        """Each has a message, a place inside the document and a suggestion."""
        for issue in flawed().issues:
            assert issue.message.endswith(".")
            assert issue.suggestion.endswith(".")
            assert issue.span.start is not None
            assert issue.entities

    def test_are_the_same_after_json(self) -> None:
        """An IR read from JSON is judged as the one that was written."""
        ir = flawed()

        assert validate(from_json(to_json(ir))) == ir.issues
