"""PDFs: what their text layer says, and where on which page."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventdocs.ir import CrossReference, Definition, Formula, Section, Table, to_json
from tests.extraction.pdf_builder import HEIGHT, ROMAN, WIDTH, Sheet, pdf
from tests.extraction.reading import Reading, raw

_FORMAT = Reading("paper.pdf")
read, find, only = _FORMAT.read, _FORMAT.find, _FORMAT.only

BOLD, ITALIC, SYMBOL, MONO = "Times-Bold", "Times-Italic", "Symbol", "Courier"

FILL = (
    "The committee looks at the rules of the index once in each quarter of the year, and",
    "what it decides is published on the web site of the provider before it takes effect.",
    "No member of the committee may hold a position in any of the instruments concerned.",
)
EQUATION = (
    (250, "s", SYMBOL),
    (262, "=", SYMBOL),
    (275, "x", ITALIC),
    (285, "+", SYMBOL),
    (297, "y", ITALIC),
    (470, "(1)", ROMAN),
)


def sheet(*, base: float = 72) -> Sheet:
    """A page that begins with some text, so that it has margins and a usual size of letters."""
    return Sheet().lines(base, *FILL)


def rows(table: Table) -> list[list[str]]:
    texts = [["" for _ in range(table.n_cols)] for _ in range(table.n_rows)]
    for cell in table.cells:
        texts[cell.row][cell.col] = cell.text
    return texts


def references(content: bytes) -> list[tuple[str, str, str, str]]:
    return [
        (each.text, each.raw_target, each.reference_type, each.resolution.state)
        for each in find(content, CrossReference)
    ]


class TestText:
    def test_is_written_line_by_line_with_paragraphs_apart(self) -> None:
        """What is drawn is read in lines, and a wider gap parts paragraphs."""
        content = pdf(Sheet().lines(72, *FILL[:2]).lines(120, FILL[2]))

        assert read(content).text == "\n".join((*FILL[:2], "", FILL[2], "", ""))

    def test_joins_words_that_were_broken_at_the_end_of_a_line(self) -> None:
        """A hyphen that only breaks goes; one that other lines have in the middle stays."""
        content = pdf(
            sheet().lines(
                140,
                "“Cap” means the up-",
                "per limit of a long-term plan, and “Floor” means the long-",
                "term lower limit.",
            )
        )

        bodies = {each.term: each.body for each in find(content, Definition)}

        assert bodies["Cap"].startswith("the upper limit of a long-term plan")
        assert bodies["Floor"].startswith("the long-term lower limit")

    def test_spans_keep_what_was_drawn(self) -> None:
        """Offsets lead to the raw text, the page and the box to where it is drawn."""
        content = pdf(sheet(), sheet().lines(140, "“Cap” means the up-", "per limit."))

        extraction = read(content)
        [definition] = [each for each in extraction.ir.entities if isinstance(each, Definition)]

        assert raw(extraction, definition) == "Cap” means the up-\nper limit"
        assert definition.span.page == 2
        assert definition.span.bbox is not None
        left, top, right, bottom = definition.span.bbox
        assert 72 <= left < 80
        assert 130 < top < 140 < bottom < 156
        assert 140 < right < 170

    def test_leaves_out_what_pages_repeat_at_their_edges(self) -> None:
        """Running titles and page numbers are no part of the text."""
        sheets = [
            sheet(base=120).text(72, 40, "Index Rules, version 3").text(300, 760, str(number))
            for number in range(7, 12)
        ]

        assert read(pdf(*sheets)).text == ("\n".join(FILL) + "\n\n") * 5

    def test_goes_on_over_the_end_of_a_page(self) -> None:
        """A sentence that two pages share is one sentence."""
        first = sheet().lines(700, "The committee may decide that “Cap” means the")
        content = pdf(first, Sheet().lines(72, "upper limit of a weight.", *FILL))

        assert "upper limit" in only(content, Definition).body

    def test_is_read_column_by_column(self) -> None:
        """The left column comes before the right one, below what reaches over both."""
        page = Sheet().text(
            72, 60, "A title that reaches over both of the columns of the page", BOLD
        )
        left = [f"The left column has a line with number {at}, in short" for at in range(20, 32)]
        right = [f"The right column has a line with number {at}, too" for at in range(40, 52)]
        for at, (one, other) in enumerate(zip(left, right, strict=True)):
            page.text(72, 90 + 12 * at, one).text(320, 90 + 12 * at, other)

        lines = [line for line in read(pdf(page)).text.splitlines() if line]

        assert lines[1:] == [*left, *right]

    def test_is_the_same_on_a_page_that_is_turned(self) -> None:
        """A page that is shown turned is read as it is shown: sideways text is none of it."""
        content = pdf(sheet(), Sheet(turned=90).lines(72, *FILL))

        assert read(content).text == "\n".join(FILL) + "\n\n"

    def test_that_is_code_defines_nothing(self) -> None:
        """Lines in letters of one width are passed over."""
        content = pdf(sheet().lines(130, "“Cap” means the upper limit.", "x = y + 1", font=MONO))

        assert not find(content, Definition)
        assert not find(content, Formula)


class TestSections:
    def test_are_told_by_size_weight_and_number(self) -> None:
        """Numbers give levels; what is only set off takes its place by its size."""
        page = (
            Sheet()
            .text(72, 60, "1 Scope", BOLD, 14)
            .lines(80, *FILL)
            .text(72, 140, "1.1 Cap and floor", BOLD, 12)
            .lines(160, *FILL)
            .text(72, 220, "Appendix A: Constants", BOLD, 14)
            .lines(240, *FILL)
        )

        sections = [(each.number, each.title, each.level) for each in find(pdf(page), Section)]

        assert sections == [
            ("1", "1 Scope", 1),
            ("1.1", "1.1 Cap and floor", 2),
            ("A", "Appendix A: Constants", 1),
        ]

    def test_are_named_by_bookmarks(self) -> None:
        """A bookmark makes a heading of a line, and gives its level."""
        page = sheet().text(72, 130, "Weights").lines(150, *FILL)
        content = pdf(page, outline=[("Weights", 0, 118)])

        section = only(content, Section)

        assert (section.title, section.level) == ("Weights", 1)
        assert (section.prov.method, section.prov.confidence) == ("layout", 0.8)

    def test_do_not_begin_with_the_title_of_the_document(self) -> None:
        """The largest words of the first page are what the document is called."""
        page = Sheet().text(150, 60, "Index Rules", BOLD, 20).lines(110, *FILL)

        extraction = read(pdf(page))

        assert extraction.ir.title == "Index Rules"
        assert not find(pdf(page), Section)

    @pytest.mark.parametrize(
        ("title", "expected"),
        [("Rules of the Index", "Rules of the Index"), ("paper.dvi", "1 Scope"), ("", "1 Scope")],
    )
    def test_give_a_title_where_properties_give_none(self, title: str, expected: str) -> None:
        """A title that a program made from the name of a file is none."""
        page = Sheet().text(72, 60, "1 Scope", BOLD, 12).lines(90, *FILL)

        assert read(pdf(page, title=title)).ir.title == expected


class TestFormulas:
    def test_on_lines_of_their_own_have_their_number(self) -> None:
        """The number beside a formula is no part of it."""
        content = pdf(sheet().pieces(130, *EQUATION))

        extraction = read(content)
        [formula] = [each for each in extraction.ir.entities if isinstance(each, Formula)]

        assert (formula.latex, formula.number, formula.display) == (r"\sigma =x+y", "1", True)
        assert raw(extraction, formula) == formula.raw == "σ = x + y"
        assert [each.symbol.base for each in formula.variables] == ["x", "y"]

    def test_say_that_they_are_not_sure(self) -> None:
        """Letters and places are all that is known; markup of another revision outranks them."""
        formula = only(pdf(sheet().pieces(130, *EQUATION)), Formula)

        assert (formula.prov.method, formula.prov.confidence) == ("layout", 0.5)
        assert formula.notation == "text"

    def test_have_scripts_and_fractions_by_their_places(self) -> None:
        """Small letters beside others are scripts, and what a rule parts is a fraction."""
        page = sheet().pieces(140, (200, "s", SYMBOL), (214, "=", SYMBOL), (272, "+", SYMBOL))
        page.text(206.2, 142, "i", ITALIC, 7).text(206.2, 136, "2", ROMAN, 7)
        page.text(236, 133, "x", ITALIC).rule(232, 137, 246).text(236, 147, "n", ITALIC)
        page.text(284, 140, "1")

        formula = only(pdf(page), Formula)

        assert formula.latex == r"\sigma ^{2}_{i}=\frac{x}{n}+1"

    def test_stand_in_sentences(self) -> None:
        """Greek letters and single sloped ones are formulas; words and numbers are not."""
        page = sheet().pieces(
            140,
            (72, "The weight", ROMAN),
            (120, "a", SYMBOL),
            (128, "is at most 5, and", ROMAN),
            (198, "n", ITALIC),
            (206, "is a number in (1) or so.", ROMAN),
        )

        assert [each.latex.strip() for each in find(pdf(page), Formula)] == [r"\alpha", "n"]

    def test_do_not_come_from_sloped_text(self) -> None:
        """In a sentence that slopes, a letter is a word."""
        page = sheet().text(72, 140, "What a member decides is a matter for all of them.", ITALIC)

        assert not find(pdf(page), Formula)


class TestDefinitions:
    def test_hang_from_bold_terms(self) -> None:
        """A list of bold terms, each with its explanation beside it, is a list of definitions."""
        page = sheet()
        for at, (term, body) in enumerate(
            (
                ("Cap", "The upper limit of a weight."),
                ("Floor", "The lower one."),
                ("Lot:", "Ten."),
            )
        ):
            page.pieces(130 + 20 * at, (72, term, BOLD), (120, body, ROMAN))

        found = find(pdf(page), Definition)

        assert [(each.term, each.body, each.form) for each in found] == [
            ("Cap", "The upper limit of a weight.", "deflist"),
            ("Floor", "The lower one.", "deflist"),
            ("Lot", "Ten.", "deflist"),
        ]
        assert {each.prov.method for each in found} == {"layout"}

    def test_explain_the_letters_of_formulas(self) -> None:
        """What follows “where” belongs to the formula above."""
        page = sheet().pieces(130, *EQUATION)
        page.pieces(
            150, (72, "where", ROMAN), (100, "x", ITALIC), (108, "is the closing price.", ROMAN)
        )

        definition = only(pdf(page), Definition)

        assert (definition.term, definition.body) == ("x", "the closing price")
        assert definition.form == "where"


class TestTables:
    def test_are_rows_whose_words_stand_in_columns(self) -> None:
        """Rules above and below, a caption and a head make a table of aligned words."""
        page = sheet().text(72, 140, "Table 3: Limits").rule(72, 146, 300)
        for at, (name, low, high) in enumerate(
            (("Sector", "Low", "High"), ("Energy", "0.5", "2.5"), ("Banks", "1.0", "4.0"))
        ):
            page.text(72, 156 + 14 * at, name).text(160, 156 + 14 * at, low).text(
                240, 156 + 14 * at, high
            )
        page.rule(72, 160, 300).rule(72, 190, 300).lines(220, *FILL)

        table = only(pdf(page), Table)

        assert (table.caption, table.number, table.header_rows) == ("Limits", "3", 1)
        assert rows(table) == [
            ["Sector", "Low", "High"],
            ["Energy", "0.5", "2.5"],
            ["Banks", "1.0", "4.0"],
        ]
        assert [each.dtype for each in table.columns] == ["text", "decimal", "decimal"]
        assert (table.prov.method, table.prov.confidence) == ("layout", 0.5)

    def test_are_not_the_words_around_a_plot(self) -> None:
        """Numbers along an axis and what they count stand in no columns, whatever rules cross."""
        page = sheet().rule(100, 200, 400).rule(100, 290, 400)
        for at in range(9):
            page.text(100 + 32 * at, 300, str(10 * at))
        page.text(150, 314, "Iteration").text(300, 314, "Predictor")

        assert not find(pdf(page), Table)

    def test_are_not_contents_and_not_words_that_are_spread(self) -> None:
        """Titles with page numbers, and gaps in single lines, are no tables."""
        page = sheet()
        for at in range(4):
            page.text(72, 130 + 12 * at, f"{at + 1} A title . . . . . . . . . .").text(
                400, 130 + 12 * at, "7"
            )
        page.text(72, 220, "Signed:").text(300, 220, "Date:")

        assert not find(pdf(page), Table)


class TestReferences:
    def test_to_what_is_not_there_dangle(self) -> None:
        """Words that point nowhere stay, and say so."""
        content = pdf(sheet().lines(140, "See Section 9, Appendix A and Table 7."))

        assert references(content) == [
            ("Section 9", "Section 9", "section", "dangling"),
            ("Appendix A", "Appendix A", "section", "dangling"),
            ("Table 7", "Table 7", "table", "dangling"),
        ]

    def test_find_headings_and_formulas_by_their_numbers(self) -> None:
        """A section, and a number in brackets that a formula has; other numbers are none."""
        page = Sheet().text(72, 60, "2 Rules", BOLD, 14).lines(80, *FILL).pieces(140, *EQUATION)
        page.lines(170, "See Section 2. By (1) that is so for (2) of them and f(1) as well.")

        assert references(pdf(page)) == [
            ("Section 2", "Section 2", "section", "resolved"),
            ("(1)", "Equation 1", "formula", "resolved"),
        ]

    def test_follow_links_by_name(self) -> None:
        """A link leads to what stands at its place: a heading, a formula, or nothing to speak of."""
        page = Sheet().text(72, 60, "2 Rules", BOLD, 14).lines(80, *FILL).pieces(140, *EQUATION)
        page.text(72, 170, "See 2 and (1) there.")
        page.link(89, 160, 97, 173, "section.2").link(113, 160, 128, 173, "equation.1")
        content = pdf(page, names={"section.2": (0, 72, 48), "equation.1": (0, 72, 126)})

        first, second = find(content, CrossReference)

        assert (first.text, first.raw_target, first.resolution.target) == (
            "2",
            "#section.2",
            only(content, Section).id.entity_id,
        )
        assert (second.text, second.raw_target, second.resolution.target) == (
            "(1)",
            "#equation.1",
            only(content, Formula).id.entity_id,
        )
        assert first.prov.confidence == 1.0

    def test_lead_out_of_the_document(self) -> None:
        """An address that a link leads to is external, and one reference for all its words."""
        page = sheet().text(72, 140, "See the provider for more.")
        page.link(90, 130, 140, 143, "https://example.org/rules")

        assert references(pdf(page)) == [
            ("the provider", "https://example.org/rules", "url", "external")
        ]


WORDS = st.lists(
    st.sampled_from(
        ["index", "rule", "(1)", "weight", "Section 4", "-", "x = 2", "$", "“Cap” means"]
    ),
    min_size=1,
    max_size=8,
)
LINES = st.lists(
    st.tuples(
        WORDS,
        st.sampled_from([ROMAN, BOLD, ITALIC, SYMBOL, MONO]),
        st.sampled_from([7, 10, 14]),
        st.integers(40, 400),
        st.integers(40, 760),
    ),
    min_size=1,
    max_size=12,
)


class TestAnyDocument:
    @given(pages=st.lists(LINES, min_size=1, max_size=3))
    @settings(max_examples=20, deadline=None)
    def test_has_spans_within_its_text_and_its_pages(
        self, pages: list[list[tuple[list[str], str, int, int, int]]]
    ) -> None:
        """Wherever words are drawn, each entity says where: in the text, and on which page."""
        sheets: list[Sheet] = []
        for lines in pages:
            page = Sheet()
            for words, font, size, x, y in lines:
                page.text(x, y, " ".join(words), font, size)
            sheets.append(page)
        content = pdf(*sheets)

        extraction = read(content)

        for each in extraction.ir.entities:
            assert raw(extraction, each).strip()
            if isinstance(each, Formula):
                assert raw(extraction, each) == each.raw
            assert each.span.page is not None
            assert 1 <= each.span.page <= len(sheets)
            assert each.span.bbox is not None
            left, top, right, bottom = each.span.bbox
            assert 0 <= left <= right < 2 * WIDTH
            assert 0 <= top <= bottom <= HEIGHT + 10
        assert to_json(read(content).ir) == to_json(extraction.ir)
