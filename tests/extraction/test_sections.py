import pytest

from eventdocs.ir import Formula, Section
from tests.extraction.reading import find, only, raw, read


class TestSections:
    def test_form_a_tree(self) -> None:
        """Each section knows the one around it, by id and by the titles on the way."""
        text = "# A\n\n## B\n\n### C\n\n## D\n\n# E\n"

        sections = {each.title: each for each in find(text, Section)}

        parents = {
            title: next((s.title for s in sections.values() if s.id.entity_id == each.parent), None)
            for title, each in sections.items()
        }
        assert parents == {"A": None, "B": "A", "C": "B", "D": "A", "E": None}
        assert sections["C"].section == ("A", "B")

    def test_end_where_the_next_of_their_level_begins(self) -> None:
        """A section reaches to the next heading of its level or above, or to the end."""
        text = "# A\n\ntext\n\n## B\n\ntext\n\n# C\n\nend\n"

        ends = {each.title: each.end for each in find(text, Section)}

        assert ends == {"A": text.index("# C"), "B": text.index("# C"), "C": len(text)}

    def test_may_be_underlined(self) -> None:
        """A heading underlined with = or - is one of level 1 or 2; its span has both lines."""
        extraction = read("Title\n=====\n\nPart\nof it\n---\n\ntext\n")

        title, part = [each for each in extraction.ir.entities if isinstance(each, Section)]

        assert (title.title, title.level, raw(extraction, title)) == ("Title", 1, "Title\n=====")
        assert (part.title, part.level) == ("Part of it", 2)

    def test_are_read_without_their_markup(self) -> None:
        """A title is plain text: no marks, no closing hashes, no attributes."""
        section = only("## *The* `code` of $x_i$ [here](#x) & there ## {#the-id .wide}", Section)

        assert section.title == "The code of x_i here & there ##"
        assert section.id.anchor == "the-id"

    def test_in_quotes_and_lists_are_no_part_of_the_outline(self) -> None:
        """A heading in a quotation belongs to what is quoted."""
        assert find("> # Quoted\n\n- # Listed\n", Section) == []

    def test_in_directives_are_part_of_the_outline(self) -> None:
        """A directive around a heading does not take it out of the document."""
        assert only(":::{note}\n## Inside\n:::\n", Section).title == "Inside"

    def test_hold_the_formulas_in_their_titles(self) -> None:
        """A formula in a heading belongs to the section that the heading begins."""
        formula = only("# About $x$\n", Formula)

        assert formula.section == ("About x",)


class TestNumbers:
    @pytest.mark.parametrize(
        ("title", "number"),
        [
            ("2 Rules", "2"),
            ("2. Rules", "2"),
            ("3.2 Weights", "3.2"),
            ("3.2.1) Caps", "3.2.1"),
            ("Section 4: Returns", "4"),
            ("§ 5 Scope", "5"),
            ("Appendix A - Parameters", "A"),
            ("Appendix B: History", "B"),
            ("Annex C", "C"),
            ("A.1 Details", "A.1"),
            ("Rules", None),
            ("2024 in review", None),
            ("A word", None),
            ("5 % rule", None),
            ("Appendices", None),
        ],
    )
    def test_are_read_from_headings(self, title: str, number: str | None) -> None:
        """Headings bear numbers in many forms; years and percentages are none."""
        assert only(f"# {title}\n", Section).number == number


class TestAnchors:
    @pytest.mark.parametrize(
        ("text", "anchor"),
        [
            ("# Some *Title*, here!", "some-title-here"),
            ("# Größe", "größe"),
            ("# T {#own}", "own"),
            ("(own)=\n# T", "own"),
            ("{#own}\n# T", "own"),
            ('<a id="own"></a>\n\n# T', "own"),
            ("# T <a name='own'></a>", "own"),
        ],
    )
    def test_are_given_or_made_from_the_title(self, text: str, anchor: str) -> None:
        """The author's own name comes first, the slug of the title otherwise."""
        assert only(text, Section).id.anchor == anchor

    def test_of_equal_titles_differ(self) -> None:
        """Repeated titles get numbered slugs, as on GitHub."""
        anchors = [each.id.anchor for each in find("# A\n# A\n# A\n# A-1\n", Section)]

        assert anchors == ["a", "a-1", "a-2", "a-1-1"]
