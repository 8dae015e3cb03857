import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventdocs.errors import ExtractionLimitError
from eventdocs.extraction import Limits
from eventdocs.ir import CrossReference, Definition, Formula, Section, Table
from tests.extraction.broken_documents import documents
from tests.extraction.reading import Reading, raw

_FORMAT = Reading("document.txt")
read, find, only = _FORMAT.read, _FORMAT.find, _FORMAT.only


def outline(text: str) -> list[tuple[int, str]]:
    return [(each.level, each.title) for each in find(text, Section)]


def pairs(text: str) -> list[tuple[str, str]]:
    return [(each.term, each.body) for each in find(text, Definition)]


def rows(table: Table) -> list[list[str]]:
    texts = [["" for _ in range(table.n_cols)] for _ in range(table.n_rows)]
    for cell in table.cells:
        texts[cell.row][cell.col] = cell.text
    return texts


def references(text: str) -> list[tuple[str, str, str]]:
    return [
        (each.text, each.reference_type, each.resolution.state)
        for each in find(text, CrossReference)
    ]


PAGES = """\
                     The Example Protocol

Abstract

   This text is about an example, and is
   indented by three columns as is usual.

Table of Contents

   1.  Introduction . . . . . . . . . . . . . . . . . . . . . . .   1
   2.  Terms  . . . . . . . . . . . . . . . . . . . . . . . . . .   2

1.  Introduction

   The protocol is defined by what is written in Section 2 and by the




Doe                          Standards Track                    [Page 1]
\f
RFC 9999                     Example Protocol                 March 2024


   rules that are written in [RFC7252].

2.  Terms

   weight:  A number between 0 and 1 that says how much of a thing
      there is.

   total weight
      The sum of all weights of a document.

Doe                          Standards Track                    [Page 2]
\f
RFC 9999                     Example Protocol                 March 2024

3.  References

   [RFC7252]  Shelby, Z., "The Constrained Application Protocol",
              June 2014.

Appendix A.  Examples

   There are none.
"""

AGREEMENT = """\
SOFTWARE LICENCE AGREEMENT

This Agreement is made between Acme Ltd (the "Licensor") and the customer.

ARTICLE I
DEFINITIONS

1.1 In this Agreement:

    "Affiliate" means any entity that controls a party;

    “Territory” has the meaning given in Section 2.1;

    "Licence" means

        (a) the licence granted in Article II; and

        (b) any renewal of it.

ARTICLE II
GRANT OF LICENCE

2.1 Grant. The Licensor grants the licence for Germany, subject to Article V.

2.2 The customer shall not:

    (a) copy the software, except under Section 2.1(b) and Clause 4.2;

    (b) sell it.

Schedule A - Prices

There are none.
"""


class TestSections:
    def test_are_underlined(self) -> None:
        """The first kind of line is the top level, the next new one below it."""
        text = "Book\n====\n\nPart\n----\n\nwords\n\nOther\n-----\nwords\n"

        assert outline(text) == [(1, "Book"), (2, "Part"), (2, "Other")]

    def test_span_their_title_and_the_line_under_it(self) -> None:
        """The raw text of an underlined heading has both lines."""
        extraction = read("words\n\n  Title\n  =====\n\nwords\n")

        [section] = extraction.ir.entities

        assert raw(extraction, section) == "Title\n  ====="

    def test_are_numbered(self) -> None:
        """A number says how deep a section is."""
        text = "1. Scope\n\nWords.\n\n1.1 Rules\n\nWords.\n\n1.1.1. Details\n\nWords.\n\n2. More\n\nWords.\n"

        sections = [(each.level, each.number) for each in find(text, Section)]

        assert sections == [(1, "1"), (2, "1.1"), (3, "1.1.1"), (1, "2")]

    def test_are_set_off_by_capitals_or_by_the_indent_of_the_text(self) -> None:
        """Titles in capitals, and titles to the left of all text, head sections."""
        assert outline("Words.\n\nTHE RULES\n\nWords, and\nwords.\n") == [(1, "THE RULES")]
        assert outline("Words.\n\nRules\n\n   Words, and\n   words.\n   Words.\n") == [(1, "Rules")]

    @pytest.mark.parametrize(
        "text",
        [
            "1. Apples\n\n2. Pears\n\n3. Plums\n",
            "1. Apples\n2. Pears\n",
            "- One\n- Two\n",
            "WORDS IN CAPITALS THAT GO ON AND ARE\nA PARAGRAPH OF THEIR OWN.\n\nWords.\n",
            "words\n\n-----\n\nwords\n",
            "3.5 The result is a version, and not a part.\n",
            "The result is at least\n3.5 times as large as expected.\n",
            "Table 1: Prices\n\nThere are none.\n",
            "This is it\n\n   Words, and\n   words.\n   Words.\n",
        ],
    )
    def test_are_no_lists_and_no_paragraphs(self, text: str) -> None:
        """What counts items, shouts, parts text or bears a caption is no heading."""
        assert outline(text) == []

    def test_go_on_behind_a_numbered_list(self) -> None:
        """A title is no item of the list before it, whose items stand line by line."""
        text = "1. Scope\n\nDo this:\n1. Ask\n\n2. Rules\n\nDo this:\n1. Ask\n2. Look\n\n3. More\n\nWords.\n"

        assert outline(text) == [(1, "1. Scope"), (1, "2. Rules"), (1, "3. More")]

    def test_are_the_articles_and_clauses_of_agreements(self) -> None:
        """Articles contain numbered clauses, which have titles or only their numbers."""
        assert outline(AGREEMENT) == [
            (1, "SOFTWARE LICENCE AGREEMENT"),
            (2, "ARTICLE I DEFINITIONS"),
            (3, "1.1"),
            (2, "ARTICLE II GRANT OF LICENCE"),
            (3, "2.1 Grant"),
            (3, "2.2"),
            (2, "Schedule A - Prices"),
        ]

    def test_are_numbered_paragraphs_where_the_text_calls_them_sections(self) -> None:
        """Without other numbered parts, `Section 2` is the second numbered paragraph."""
        paragraph = "You may copy the work as it is, and\nnothing else.\n\nThat is all.\n\n"
        text = f"  1. {paragraph}  2. {paragraph}  3. As in Section 2. {paragraph}"

        assert [each.number for each in find(text, Section)] == ["1", "2", "3"]
        assert references(text) == [("Section 2", "section", "resolved")]
        assert outline(text.replace("Section 2", "the text")) == []

    def test_go_on_across_pages(self) -> None:
        """Headers, footers, page breaks and tables of contents are no text."""
        extraction = read(PAGES)

        assert outline(PAGES) == [
            (1, "The Example Protocol"),
            (2, "Abstract"),
            (2, "Table of Contents"),
            (2, "1. Introduction"),
            (2, "2. Terms"),
            (2, "3. References"),
            (2, "Appendix A. Examples"),
        ]
        assert not any(
            "Standards Track" in raw(extraction, each) for each in extraction.ir.entities
        )
        assert references(PAGES) == [
            ("Section 2", "section", "resolved"),
            ("[RFC7252]", "citation", "ignored"),
        ]


class TestDefinitions:
    def test_hang_below_and_behind_their_terms(self) -> None:
        """A term on a line of its own or before a colon is explained by what hangs from it."""
        assert pairs(PAGES) == [
            ("weight", "A number between 0 and 1 that says how much of a thing there is."),
            ("total weight", "The sum of all weights of a document."),
        ]

    def test_stand_in_two_columns(self) -> None:
        """Terms to the left, explanations to the right, on as many lines as they need."""
        text = (
            "Quantities:\n"
            "  size    the size of the thing\n"
            "  weight  the weight of the thing, when it\n"
            "          is dry\n"
        )

        assert pairs(text) == [
            ("size", "the size of the thing"),
            ("weight", "the weight of the thing, when it is dry"),
        ]

    def test_may_stand_apart_from_their_terms(self) -> None:
        """Blank lines may part terms from sentences; commands below a line define nothing."""
        text = "Cap\n\n    The upper limit.\n\nFloor\n\n    The lower limit.\n\n    It may be 0.\n\nWords.\n"

        assert pairs(text) == [
            ("Cap", "The upper limit."),
            ("Floor", "The lower limit. It may be 0."),
        ]
        assert pairs("Build it\n\n    make install\n\nTest it\n\n    make test\n") == []

    def test_of_a_glossary_are_known_as_such(self) -> None:
        """The heading says what the list is."""
        text = "GLOSSARY\n\nCap\n    The upper limit.\n\nFloor\n    The lower limit.\n"

        assert [each.form for each in find(text, Definition)] == ["glossary", "glossary"]

    def test_stand_in_agreements(self) -> None:
        """Quoted terms, straight or curly, are defined by “means”, also over a list of clauses."""
        assert pairs(AGREEMENT)[1:] == [
            ("Affiliate", "any entity that controls a party"),
            ("Territory", "given in Section 2.1"),
            (
                "Licence",
                "(a) the licence granted in Article II; and (b) any renewal of it",
            ),
        ]

    def test_hang_below_quoted_terms_with_a_number(self) -> None:
        """A clause may have nothing but its term on its first line."""
        text = '1. Definitions\n--------------\n\n1.1. "Work"\n    means what is licensed.\n\n1.2. "You"\n    (or "Your") means anybody.\n'

        assert pairs(text) == [("Work", "what is licensed"), ("You", "anybody")]
        assert find(text, Definition)[1].aliases == ("your",)

    def test_explain_equations(self) -> None:
        """Behind an equation, “where” explains its words and its letters."""
        text = "The energy is\n\n    E = m * c ^ 2\n\nwhere m is the mass and c is the speed of light.\n"

        assert pairs(text) == [("m", "the mass"), ("c", "the speed of light")]

    def test_are_kept_where_they_disagree(self) -> None:
        """One term defined twice is two definitions, and a finding."""
        text = '1. A\n\n"Cap" means one limit.\n\n2. B\n\n"Cap" means another limit.\n'
        extraction = read(text)

        assert len(find(text, Definition)) == 2
        assert "duplicate-definition" in {each.code for each in extraction.ir.issues}

    @pytest.mark.parametrize(
        "text",
        [
            "Usage:\n    program FILE\n",
            "Acme Ltd\n    1 High Street\n\nThe rest is words.\n",
            "int main()\n{\n    return x == 1;\n}\n",
        ],
    )
    def test_are_not_seen_in_what_is_only_indented(self, text: str) -> None:
        """One line with something below it is no list of terms."""
        assert pairs(text) == []


class TestFormulas:
    def test_bear_the_number_behind_them(self) -> None:
        """A number in parentheses at the end of the line belongs to the equation, not into it."""
        text = "The weight is\n\n   Weight = Score / Total           (4)\n\nSee Equation (4).\n"
        extraction = read(text)

        formula = only(text, Formula)
        [reference] = find(text, CrossReference)

        assert (formula.number, formula.notation) == ("4", "text")
        assert formula.latex == r"\text{Weight} = \text{Score} / \text{Total}"
        assert raw(extraction, formula) == formula.raw == "Weight = Score / Total"
        assert reference.resolution.target == formula.id.entity_id

    def test_that_go_round_are_found(self) -> None:
        """A level that is computed from itself is a circle."""
        issues = read("Level = Level + 1\n\nA = B * 2\n\nB = A * 2\n\nC = A * 3\n").ir.issues

        assert [each.code for each in issues].count("circular-definition") == 2


class TestTables:
    def test_are_drawn_as_grids(self) -> None:
        """Cells of a grid may span columns, and have several lines."""
        text = (
            "   +-------+---------------+\n"
            "   | Key   | Value         |\n"
            "   +=======+=======+=======+\n"
            "   | a     | first | 1     |\n"
            "   |       | one   |       |\n"
            "   +-------+-------+-------+\n"
            "   | b     | both          |\n"
            "   +-------+---------------+\n"
        )

        table = only(text, Table)

        assert rows(table) == [["Key", "Value", ""], ["a", "first one", "1"], ["b", "both", ""]]
        assert [(c.row, c.col) for c in table.cells if c.col_span == 2] == [(0, 1), (2, 1)]
        assert table.header_rows == 1

    @pytest.mark.parametrize(
        "text",
        [
            "+-----+-----+\n| Key | Val |\n+-----+-----+\n| a   | 1   |\n| b   | 2   |\n+-----+-----+\n",
            "┌─────┬─────┐\n│ Key │ Val │\n├─────┼─────┤\n│ a   │ 1   │\n│ b   │ 2   │\n└─────┴─────┘\n",
            " Key | Val\n-----+----\n a   |  1\n b   |  2\n",
            "| Key | Val |\n|-----|-----|\n| a | 1 |\n| b | 2 |\n",
            "Key    Val\n-----  ---\na        1\nb        2\n",
            "Key    Val\n----------\na        1\nb        2\n",
            "===  ===\nKey  Val\n===  ===\na    1\nb    2\n===  ===\n",
        ],
    )
    def test_have_rows_between_bars_or_under_lines(self, text: str) -> None:
        """However rows and columns are drawn, they are the same table."""
        table = only(text, Table)

        assert rows(table) == [["Key", "Val"], ["a", "1"], ["b", "2"]]
        assert (table.header_rows, table.declared_widths) == (1, (2, 2, 2))
        assert table.columns[1].dtype == "integer"

    def test_may_be_only_aligned(self) -> None:
        """Columns that blanks part in every line are a table, whose numbers say where it begins."""
        text = "Item           Unit    Price\nLicence        user   100.00\nSupport fee    year    20.00\n"

        table = only(text, Table)

        assert rows(table) == [
            ["Item", "Unit", "Price"],
            ["Licence", "user", "100.00"],
            ["Support fee", "year", "20.00"],
        ]
        assert table.header_rows == 1

    def test_have_captions_on_either_side(self) -> None:
        """A caption above or below a table gives it its number, also in the middle of the page."""
        grid = "   +---+---+\n   | a | b |\n   +---+---+\n   | 1 | 2 |\n   +---+---+\n"

        for text in (
            f"See Table 7.\n\nTable 7: Parameters\n\n{grid}",
            f"See Table 7.\n\n{grid}\n           Table 7: Parameters\n",
        ):
            table = only(text, Table)

            assert (table.number, table.caption) == ("7", "Parameters")
            assert references(text) == [("Table 7", "table", "resolved")]

    def test_may_have_rows_of_several_lines(self) -> None:
        """Between two equal lines, blank lines part the rows."""
        text = (
            "  ---------------------\n"
            "  Name    What\n"
            "          it is\n"
            "  ------- -------------\n"
            "  Cap     the upper\n"
            "          limit\n"
            "\n"
            "  Floor   the lower one\n"
            "  ---------------------\n"
        )

        table = only(text, Table)

        assert rows(table) == [
            ["Name", "What it is"],
            ["Cap", "the upper limit"],
            ["Floor", "the lower one"],
        ]
        assert table.header_rows == 1

    def test_define_what_their_rows_define(self) -> None:
        """Rows under `Symbol` and `Meaning` are definitions."""
        text = "Symbol  Meaning          Value\n------  ---------------  -----\nm       mass of a body   2 kg\n"

        [definition] = find(text, Definition)

        assert (definition.term, definition.form, definition.unit) == ("m", "table_row", "kg")

    @pytest.mark.parametrize(
        "text",
        [
            "It ends here.  The next\nsentence begins.  It is\nset so.  That is all.\n",
            "a | b\n",
            "Title\n-----\nname   what it is\nother  what it is\n",
        ],
    )
    def test_are_no_prose(self, text: str) -> None:
        """Two blanks behind a full stop make no columns."""
        assert find(text, Table) == []


class TestReferences:
    def test_name_sections_articles_and_clauses(self) -> None:
        """All parts of an agreement can be named, and what is missing is kept as dangling."""
        assert references(AGREEMENT) == [
            ("Section 2.1", "section", "resolved"),
            ("Article II", "section", "resolved"),
            ("Article V", "section", "dangling"),
            ("Section 2.1(b)", "section", "resolved"),
            ("Clause 4.2", "section", "dangling"),
        ]

    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ("terms that section 7 applies to", ["section 7"]),
            ("under sections 3 and 4, or Paragraph 6(a)", ["sections 3", "4", "Paragraph 6(a)"]),
            ("as in § 12 and Article IV", ["§ 12", "Article IV"]),
            ("the article a reader wrote, in table 2 cm high", []),
        ],
    )
    def test_may_begin_with_a_small_letter(self, words: str, found: list[str]) -> None:
        """Sections are meant however they are spelled; other numbers behind words are not."""
        assert [text for text, *_ in references(f"It is so {words}.\n")] == found

    def test_to_nothing_dangle(self) -> None:
        """What is not there stays as a reference, with its state."""
        text = "1. A\n\nSee Section 9, Appendix A and Table 7.\n\n2. Rules\n\nSee Section 2.\n"

        assert references(text) == [
            ("Section 9", "section", "dangling"),
            ("Appendix A", "section", "dangling"),
            ("Table 7", "table", "dangling"),
            ("Section 2", "section", "resolved"),
        ]

    def test_cite_works_and_notes(self) -> None:
        """Brackets refer to the entries of lists; a note that is missing dangles."""
        text = (
            "This is known[1], see [Knuth84, RFC2119] and [Doe].  Not [this] and not a[2].\n\n"
            "And missing[7].\n\n[1] A note.\n\nREFERENCES\n\n"
            "[Knuth84]  Knuth, D.: A book.\n[Doe]\n    Doe, J.: Another book.\n"
        )

        assert references(text.replace("[Knuth84, RFC2119]", "[Knuth84] [RFC2119]")) == [
            ("[1]", "footnote", "ignored"),
            ("[Knuth84]", "citation", "ignored"),
            ("[RFC2119]", "citation", "external"),
            ("[Doe]", "citation", "ignored"),
            ("[2]", "footnote", "dangling"),
            ("[7]", "footnote", "dangling"),
        ]

    def test_lead_out_of_the_document(self) -> None:
        """A section of another work is not looked for here."""
        text = (
            "See Section 5.3 of [RFC7252], Article 11 of the WIPO treaty and https://a.example/b.\n"
        )

        assert [state for *_, state in references(text)][:2] == ["external", "external"]
        assert ("https://a.example/b", "url", "external") in references(text)


class TestLayout:
    def test_with_tabs_keeps_its_places(self) -> None:
        """A tab is as wide as it looks, and one character."""
        text = "Key\t\tVal\n---\t\t---\na\t\t1\nb\t\t2\n"
        extraction = read(text)

        [table] = extraction.ir.entities

        assert isinstance(table, Table)
        assert rows(table) == [["Key", "Val"], ["a", "1"], ["b", "2"]]
        for cell in table.cells:
            assert cell.span is not None
            assert extraction.text[cell.span.start : cell.span.end] == cell.text

    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("document", [PAGES, AGREEMENT])
    def test_means_the_same_with_any_line_ending(self, document: str, ending: str) -> None:
        """Only the places differ."""
        expected = [(type(each), each.id.content_key) for each in read(document).ir.entities]

        extraction = read(document.replace("\n", ending))

        assert [(type(each), each.id.content_key) for each in extraction.ir.entities] == expected

    def test_joins_words_that_a_line_parts(self) -> None:
        """A hyphen at the end of a line is part of a word that goes on."""
        assert pairs('"Licence" means a non-\nexclusive right.\n') == [
            ("Licence", "a non-exclusive right")
        ]

    @pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
    def test_comes_in_any_encoding_with_a_mark(self, encoding: str) -> None:
        """Byte order marks are understood, and no part of the text."""
        extraction = read("“Größe” means the size.\n".encode(encoding))

        [definition] = extraction.ir.entities

        assert isinstance(definition, Definition)
        assert (definition.term, definition.span.start) == ("Größe", 1)


class TestProvenance:
    def test_says_that_nothing_is_marked_up(self) -> None:
        """What layout tells is less sure than markup, and so is what words tell."""
        text = "1. Scope\n\nSee [1] and https://a.example/b.\n\nCap\n  Limit.\nFloor\n  Other.\n\n[1] A note.\n"

        methods = {
            (type(each).__name__, each.prov.method, each.prov.confidence)
            for each in read(text).ir.entities
        }

        assert methods == {
            ("Section", "layout", 0.8),
            ("Definition", "layout", 0.8),
            ("CrossReference", "pattern", 0.9),
        }


class TestRobustness:
    @settings(max_examples=120, deadline=None)
    @given(
        document=documents(".txt", max_blocks=30),
        ending=st.sampled_from(["\n", "\r\n"]),
    )
    def test_every_place_is_that_of_the_text(self, document: str, ending: str) -> None:
        """Whatever stands beside whatever, spans hold what they name."""
        text = document.replace("\n", ending)

        extraction = read(text)

        assert extraction.text == text
        for each in extraction.ir.entities:
            assert raw(extraction, each).strip() == raw(extraction, each) != ""
            match each:
                case Formula():
                    assert raw(extraction, each) == each.raw
                case Definition():
                    assert each.term.split()[0] in raw(extraction, each)
                    assert each.body_span.start is not None
                case Table():
                    for cell in each.cells:
                        if cell.span is not None:
                            written = text[cell.span.start : cell.span.end]
                            assert cell.text.split()[0] == written.split()[0]
                case CrossReference():
                    assert each.text.split() == raw(extraction, each).split()
                case Section():
                    assert raw(extraction, each).split()[-1][-1:] != ""

    def test_lists_beyond_the_limit_of_depth_are_read_flat(self) -> None:
        """What is nested deeper than allowed is still text."""
        text = "".join(f"{' ' * depth}- item {depth}\n" for depth in range(30))

        extraction = read(text + '\n"Cap" means the limit.\n', limits=Limits(max_nesting=5))

        assert len(extraction.ir.entities) == 1

    @pytest.mark.parametrize(
        ("limits", "name"),
        [
            (Limits(max_lines=3), "max_lines"),
            (Limits(max_entities=2), "max_entities"),
            (Limits(max_cells=2), "max_cells"),
        ],
    )
    def test_limits_are_named(self, limits: Limits, name: str) -> None:
        """A document beyond a limit is refused, and the error says which."""
        text = AGREEMENT + "\n| a | b |\n|---|---|\n| 1 | 2 |\n"
        kept = text[text.index("| a") :] if name == "max_cells" else text

        with pytest.raises(ExtractionLimitError) as caught:
            read(kept, limits=limits)

        assert caught.value.limit == name
