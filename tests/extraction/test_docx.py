"""Word documents: what they show becomes text, and what that means becomes entities."""

import io
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventdocs.ir import (
    CrossReference,
    Definition,
    DocumentIR,
    Formula,
    Section,
    Table,
    from_json,
    to_json,
)
from tests.extraction.docx_builder import (
    HEADER,
    archive,
    bold,
    bookmark,
    docx,
    field,
    m,
    math,
    mr,
    numbered,
    numbering,
    p,
    r,
    sub,
    tbl,
    tc,
    tr,
)
from tests.extraction.reading import Reading, raw

NUMBERED = numbering(("decimal", "%1."), ("decimal", "%1.%2"), ("lowerLetter", "(%3)"))
EQUATION = math(mr("E=m") + m("sSup", e=mr("c"), sup=mr("2")))


_FORMAT = Reading("paper.docx")
read, find, only = _FORMAT.read, _FORMAT.find, _FORMAT.only


def references(content: bytes) -> list[tuple[str, str, str]]:
    return [
        (each.text, each.reference_type, each.resolution.state)
        for each in find(content, CrossReference)
    ]


def cells(table: Table) -> list[tuple[int, int, int, int, str]]:
    return [(c.row, c.col, c.row_span, c.col_span, c.text) for c in table.cells]


class TestText:
    def test_is_what_the_document_shows(self) -> None:
        """Headings, paragraphs, lists, cells, notes and formulas are written in their order."""
        note = f'<w:footnote w:id="2">{p("A note.")}</w:footnote>'
        content = docx(
            p("Rules", style="Heading1", more=numbered("1"))
            + p("As ", EQUATION, " says.", '<w:r><w:footnoteReference w:id="2"/></w:r>')
            + p("one", more=numbered("1", 2))
            + tbl(tr("a", "b"), tr("c", tc("d", "e"))),
            numbering=NUMBERED,
            footnotes=note,
        )

        assert read(content).text == (
            "1. Rules\n\nAs $E=mc^{2}$ says.[^1]\n\n[^1]: A note.\n\n(a) one\n"
            "| a | b |\n| c | d\ne |\n\n"
        )

    def test_leaves_out_what_is_deleted_or_hidden(self) -> None:
        """Tracked insertions are text, deletions are none; hidden text is none either."""
        content = docx(
            p(
                "kept ",
                f"<w:ins>{r('added ')}</w:ins>",
                "<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>",
                f"<w:moveFrom>{r('moved')}</w:moveFrom>",
                f"<w:moveTo>{r('here')}</w:moveTo>",
                r("secret", "<w:vanish/>"),
            )
            + p("ghost", style="Ghost")
        )

        assert read(content).text.strip() == "kept added here"

    def test_joins_paragraphs_whose_mark_is_deleted(self) -> None:
        """A deleted paragraph mark lets a paragraph go on with the next one."""
        content = docx(p("one ", more="<w:rPr><w:del/></w:rPr>") + p("two") + p("three"))

        assert read(content).text == "one two\n\nthree\n\n"

    def test_drops_deleted_rows(self) -> None:
        """A row that was deleted with tracking on is no row."""
        content = docx(tbl(tr("a", "b"), tr("c", "d", more="<w:del/>"), tr("e", "f")))

        assert [each[4] for each in cells(only(content, Table))] == ["a", "b", "e", "f"]

    def test_takes_one_alternative(self) -> None:
        """A text box that is there for new and for old programs is read once, after its paragraph."""
        box = f"<w:txbxContent>{p('in the box')}</w:txbxContent>"
        content = docx(
            p(
                "before",
                '<w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wps:txbx>'
                f"{box}</wps:txbx></w:drawing></mc:Choice><mc:Fallback><w:pict><v:textbox>{box}"
                "</v:textbox></w:pict></mc:Fallback></mc:AlternateContent></w:r>",
            )
            + p("after")
        )

        assert read(content).text.split("\n\n") == ["before", "in the box", "after", ""]

    def test_reads_symbol_fonts_and_signs(self) -> None:
        """Letters of the Symbol font, tabs and hyphens are what they look like."""
        content = docx(
            p('<w:r><w:sym w:font="Symbol" w:char="F061"/><w:tab/><w:noBreakHyphen/></w:r>', "x")
        )

        assert read(content).text == "α\t-x\n\n"

    def test_writes_indices_and_powers_where_they_belong_to_symbols(self) -> None:
        """Lowered letters are indices; raised digits after words, and ordinals, are no powers."""
        low, high = ('<w:vertAlign w:val="subscript"/>', '<w:vertAlign w:val="superscript"/>')
        content = docx(
            p("P", r("i", low), " x", r("2", high), " the 1", r("st", high), " word", r("3", high))
        )

        assert read(content).text == "P_i x^2 the 1st word3\n\n"

    def test_reads_strict_documents(self) -> None:
        """ISO's strict form has other namespaces and is read alike."""
        content = docx(p("Rules", style="Heading1"))
        strict = content_with(
            content,
            lambda part: part.replace(
                b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
                b"http://purl.oclc.org/ooxml/wordprocessingml/main",
            ),
        )

        assert only(strict, Section).title == "Rules"

    def test_knows_where_in_the_package_everything_stands(self) -> None:
        """Spans carry the part and the path of the paragraph."""
        content = docx(p("One") + tbl(tr("a", tc("x", p(EQUATION)))) + p("Two", style="Heading1"))

        [formula], [table], [section] = (
            find(content, Formula),
            find(content, Table),
            find(content, Section),
        )

        assert formula.span.path == "word/document.xml#tbl[1]/tr[1]/tc[2]/p[2]"
        assert table.span.path == "word/document.xml#tbl[1]"
        assert section.span.path == "word/document.xml#p[2]"


class TestSections:
    def test_are_a_tree_by_styles(self) -> None:
        """Headings are known by name, outline level, and what their style is based on."""
        content = docx(
            p("Rules", style="Heading1")
            + p("Weights", style="Clause")
            + p("Caps", style="berschrift3")
            + p("Direct", more='<w:outlineLvl w:val="1"/>')
            + p("Not one", style="Heading1", more='<w:outlineLvl w:val="9"/>')
        )

        sections = find(content, Section)

        assert [(each.title, each.level) for each in sections] == [
            ("Rules", 1),
            ("Weights", 2),
            ("Caps", 3),
            ("Direct", 2),
        ]
        assert sections[2].parent == sections[1].id.entity_id

    def test_have_the_numbers_that_are_printed(self) -> None:
        """Automatic numbers are counted, over levels, restarts and paragraphs that only count."""
        content = docx(
            p("A", style="Heading1", more=numbered("1"))
            + p("B", style="Heading2", more=numbered("1", 1))
            + p("C", style="Heading2", more=numbered("1", 1))
            + p("D", style="Heading1", more=numbered("1"))
            + p("E", style="Heading2", more=numbered("1", 1))
            + p("3.7 F", style="Heading2"),
            numbering=NUMBERED,
        )

        assert [(each.title, each.number) for each in find(content, Section)] == [
            ("A", "1"),
            ("B", "1.1"),
            ("C", "1.2"),
            ("D", "2"),
            ("E", "2.1"),
            ("3.7 F", "3.7"),
        ]

    def test_have_the_numbers_of_their_style(self) -> None:
        """A list may number a style rather than paragraphs."""
        styles = (
            '<w:style w:type="paragraph" w:styleId="H"><w:name w:val="heading 2"/>'
            '<w:pPr><w:numPr><w:numId w:val="4"/></w:numPr></w:pPr></w:style>'
        )
        lists = (
            '<w:abstractNum w:abstractNumId="4"><w:lvl w:ilvl="1"><w:start w:val="3"/>'
            '<w:numFmt w:val="upperRoman"/><w:lvlText w:val="Article %2"/><w:pStyle w:val="H"/>'
            '</w:lvl></w:abstractNum><w:num w:numId="4"><w:abstractNumId w:val="4"/></w:num>'
        )
        content = docx(
            p("Scope", style="H") + p("Terms", style="H"), styles=styles, numbering=lists
        )

        assert [(each.title, each.number) for each in find(content, Section)] == [
            ("Article III Scope", "III"),
            ("Article IV Terms", "IV"),
        ]

    @pytest.mark.parametrize(
        ("form", "count", "expected"),
        [
            ("decimal", 3, "3"),
            ("decimalZero", 3, "03"),
            ("lowerLetter", 28, "bb"),
            ("upperLetter", 2, "B"),
            ("lowerRoman", 4, "iv"),
            ("upperRoman", 9, "IX"),
        ],
    )
    def test_count_in_every_form(self, form: str, count: int, expected: str) -> None:
        """Numbers are written as the list says."""
        content = docx(
            "".join(p("x", more=numbered("1")) for _ in range(count)),
            numbering=numbering((form, "%1")),
        )

        assert read(content).text.splitlines()[-1] == f"{expected} x"

    def test_take_the_title_of_the_document_from_its_style(self) -> None:
        """A paragraph in the style Title names the document and begins no section."""
        content = docx(p("The Index", style="Title") + p("Rules", style="Heading1"))

        extraction = read(content)

        assert extraction.ir.title == "The Index"
        assert [each.title for each in find(content, Section)] == ["Rules"]

    def test_pass_over_empty_headings(self) -> None:
        """A heading without text or number shows nothing, and begins nothing."""
        content = docx(p("x") + p(style="Heading1") + p("Rules", style="Heading1"))

        assert [each.title for each in find(content, Section)] == ["Rules"]


class TestFormulas:
    def test_are_read_with_their_variables(self) -> None:
        """A formula is LaTeX, text and symbols, and its raw text stands at its place."""
        content = docx(p("Let ", math(sub("W", "i") + mr("=V")), " be."))
        extraction = read(content)

        [formula] = [each for each in extraction.ir.entities if isinstance(each, Formula)]

        assert (formula.latex, formula.text, formula.notation) == ("W_{i}=V", "W_i = V", "omml")
        assert not formula.display
        assert formula.defines is not None
        assert formula.defines.key == "W_{i}"
        assert raw(extraction, formula) == formula.raw == "W_{i}=V"

    @pytest.mark.parametrize(
        "paragraph",
        [
            p("\t", EQUATION, "\t(4)"),
            p(f"<m:oMathPara>{EQUATION}</m:oMathPara>", "(4)"),
            p(EQUATION, " (", field("SEQ Equation \\* ARABIC", "4"), ")"),
            p(math(f"<m:eqArr><m:e>{mr('E=m#')}{m('d', e=mr('4'))}</m:e></m:eqArr>")),
        ],
    )
    def test_have_the_number_beside_them(self, paragraph: str) -> None:
        """A formula alone in its paragraph is displayed, and a number there is its own."""
        content = docx(paragraph + p("See equation (4)."))

        formula = only(content, Formula)

        assert (formula.display, formula.number) == (True, "4")
        assert references(content) == [("equation (4)", "formula", "resolved")]

    def test_are_explained_by_the_text_after_them(self) -> None:
        """A where clause defines the symbols of the formula before it, also line by line."""
        content = docx(
            p("The price is")
            + p(f"<m:oMathPara>{math(mr('P=S/D'))}</m:oMathPara>")
            + p(
                "where ",
                math(mr("S")),
                " is the sum of all prices and ",
                math(mr("D")),
                " is the divisor.",
            )
            + p("Weight = Score / Sum")
            + p(
                "where:",
                "<w:r><w:br/></w:r>",
                "- Score = quality score",
                "<w:r><w:br/></w:r>",
                "- Sum: total of scores",
            )
        )

        assert [(each.term, each.body, each.form) for each in find(content, Definition)] == [
            ("S", "the sum of all prices", "where"),
            ("D", "the divisor", "where"),
            ("Score", "quality score", "where"),
            ("Sum", "total of scores", "where"),
        ]
        assert [each.notation for each in find(content, Formula)][-1] == "text"


class TestDefinitions:
    def test_are_read_from_styles(self) -> None:
        """Terms and definitions as pandoc writes them, with all the paragraphs of a body."""
        content = docx(
            p("Alpha", style="DefinitionTerm")
            + p("first:", style="Definition")
            + p("item", more=numbered("1"))
            + p("Beta", style="DefinitionTerm")
            + p("Gamma", style="DefinitionTerm")
            + p("both", style="Definition")
            + p("No more."),
            numbering=NUMBERED,
        )

        assert [(each.term, each.body, each.form) for each in find(content, Definition)] == [
            ("Alpha", "first: item", "deflist"),
            ("Beta", "both", "deflist"),
            ("Gamma", "both", "deflist"),
        ]

    def test_are_read_from_bold_labels_below_one_another(self) -> None:
        """Terms with a colon are a list where there are several; a tab makes a hanging list."""
        content = docx(
            p(bold("Business Day"), ": a day on which banks are open.")
            + p(bold("Fee:"), " the price of an order.")
            + p("Another matter.")
            + p(bold("Close"), "\tthe last price of a day.")
        )

        assert [(each.term, each.body, each.form) for each in find(content, Definition)] == [
            ("Business Day", "a day on which banks are open", "sentence"),
            ("Fee", "the price of an order", "sentence"),
            ("Close", "the last price of a day", "deflist"),
        ]

    def test_in_cells_and_notes_are_lists_of_their_own(self) -> None:
        """A table in a definition belongs to its body, and may hold definitions itself."""
        inner = p("Beta", style="DefinitionTerm") + p("second", style="Definition")
        content = docx(
            p("Alpha", style="DefinitionTerm")
            + p("first", style="Definition")
            + tbl(tr("x", tc(inner)), tr("y", "z"))
            + p("third", style="Definition")
        )

        assert sorted((each.term, each.body) for each in find(content, Definition)) == [
            ("Alpha", "first x Beta second y z third"),
            ("Beta", "second"),
        ]

    @pytest.mark.parametrize(
        ("paragraph", "term", "body"),
        [
            (
                p(bold("Business "), bold("Day"), " means a day on which banks are open."),
                "Business Day",
                "a day on which banks are open",
            ),
            (
                p("“Business Day” means a day on which banks are open."),
                "Business Day",
                "a day on which banks are open",
            ),
            (p("The Net Total Return (NTR) is used."), "NTR", "Net Total Return"),
        ],
    )
    def test_are_read_from_prose(self, paragraph: str, term: str, body: str) -> None:
        """Bold and quoted terms, however Word cut their runs."""
        definition = only(docx(paragraph), Definition)

        assert (definition.term, definition.body) == (term, body)

    def test_are_read_from_the_rows_of_tables(self) -> None:
        """A header that says so makes each row a definition."""
        content = docx(
            tbl(tr("Symbol", "Meaning", more=HEADER), tr(tc(p(math(mr("S")))), "the sum of scores"))
        )

        definition = only(content, Definition)

        assert (definition.term, definition.body, definition.form) == (
            "S",
            "the sum of scores",
            "table_row",
        )

    def test_that_conflict_are_both_kept(self) -> None:
        """One term with two meanings is a finding, not a choice."""
        content = docx(
            p("A", style="Heading1")
            + p("“Fee” means one percent of the price.")
            + p("B", style="Heading1")
            + p("“Fee” means ten euros for each order.")
        )
        extraction = read(content)

        assert len([e for e in extraction.ir.entities if isinstance(e, Definition)]) == 2
        assert "duplicate-definition" in {issue.code for issue in extraction.ir.issues}


class TestTables:
    def test_have_spans(self) -> None:
        """Cells over columns and rows are one cell each, in the grid they stand in."""
        content = docx(
            tbl(
                tr(
                    tc("Name", more='<w:vMerge w:val="restart"/>'),
                    tc("Weight", more='<w:gridSpan w:val="2"/>'),
                    more=HEADER,
                ),
                tr(tc(more="<w:vMerge/>"), "min", "max", more=HEADER),
                tr("A", "1 %", "2 %"),
            )
        )

        table = only(content, Table)

        assert cells(table) == [
            (0, 0, 2, 1, "Name"),
            (0, 1, 1, 2, "Weight"),
            (1, 1, 1, 1, "min"),
            (1, 2, 1, 1, "max"),
            (2, 0, 1, 1, "A"),
            (2, 1, 1, 1, "1 %"),
            (2, 2, 1, 1, "2 %"),
        ]
        assert (table.header_rows, table.declared_widths) == (2, (3, 3, 3))
        assert [each.path for each in table.columns] == [
            ("Name",),
            ("Weight", "min"),
            ("Weight", "max"),
        ]
        assert [each.dtype for each in table.columns] == ["text", "percent", "percent"]

    def test_keep_holes_and_ragged_rows(self) -> None:
        """Nothing is padded: columns left free stay free, and short rows stay short."""
        content = docx(tbl(tr("a", "b", "c"), tr("d", more='<w:gridBefore w:val="1"/>'), tr("e")))

        table = only(content, Table)

        assert cells(table)[3:] == [(1, 1, 1, 1, "d"), (2, 0, 1, 1, "e")]
        assert table.declared_widths == (3, 2, 1)

    def test_know_their_header_without_a_mark(self) -> None:
        """A first row that looks like a header is one; numbers never are."""
        look = '<w:tblLook w:firstRow="1"/>'
        first, bolded, plain, data = (
            docx(tbl(tr("Name", "Fee"), tr("A", "1"), more=look)),
            docx(tbl(tr(tc(p(bold("Name"))), tc(p(bold("Fee")))), tr("A", "1"))),
            docx(tbl(tr("Name", "Fee"), tr("A", "1"))),
            docx(tbl(tr("A", "1"), tr("B", "2"), more=look)),
        )

        assert [only(each, Table).header_rows for each in (first, bolded, plain, data)] == [
            1,
            1,
            0,
            0,
        ]

    @pytest.mark.parametrize("before", [True, False])
    def test_have_captions(self, before: bool) -> None:
        """A caption stands above or below; its counter is its number, its bookmark an anchor."""
        caption = p(
            bookmark("_Ref1", r("Table ") + field("SEQ Table \\* ARABIC", "3")),
            ": Parameters",
            style="Caption",
        )
        table = tbl(tr("a", "b", more=HEADER), tr("1", "2"))
        see = p("See ", field("REF _Ref1 \\h", "Table 3"), " and Table 3.")
        content = docx((caption + table if before else table + caption) + see)

        found = only(content, Table)

        assert (found.caption, found.number) == ("Parameters", "3")
        assert references(content) == [
            ("Table 3", "table", "resolved"),
            ("Table 3", "table", "resolved"),
        ]

    def test_that_only_hold_pictures_are_figures(self) -> None:
        """A table around a picture is none; its bookmark names the figure."""
        content = docx(
            bookmark("fig1")
            + tbl(tr(tc(p())))
            + p("Autocorrelation", style="Caption", more="").replace("Caption", "ImageCaption")
            + p("See ", '<w:hyperlink w:anchor="fig1">' + r("Figure 1") + "</w:hyperlink>"),
            styles='<w:style w:type="paragraph" w:styleId="ImageCaption"><w:name w:val="Image Caption"/></w:style>',
        )

        assert find(content, Table) == []
        assert references(content) == [("Figure 1", "figure", "ignored")]

    def test_may_stand_in_tables(self) -> None:
        """A table in a cell is a table, and its text belongs to the cell."""
        content = docx(tbl(tr("a", tc(tbl(tr("b", "c"), tr("d", "e")), p()))))

        outer, inner = find(content, Table)

        assert [each[4] for each in cells(inner)] == ["b", "c", "d", "e"]
        assert [each[4] for each in cells(outer)] == ["a", "b c d e"]


class TestReferences:
    def test_follow_fields_to_what_their_bookmark_stands_at(self) -> None:
        """REF and PAGEREF, simple and complex, and links inside the document are resolved."""
        content = docx(
            p(bookmark("_Ref9", r("Weights")), style="Heading1")
            + p(f"<m:oMathPara>{math(mr('a=b'))}</m:oMathPara>", bookmark("eq1", r("(1)")))
            + p(
                field("REF _Ref9 \\r \\h", "1"),
                f'<w:fldSimple w:instr=" PAGEREF _Ref9 ">{r("7")}</w:fldSimple>',
                field("REF eq1 \\h", "(1)"),
                f'<w:hyperlink w:anchor="_Ref9">{r("there")}</w:hyperlink>',
                field('HYPERLINK \\l "_Ref9"', "again"),
            )
        )

        section, formula = only(content, Section), only(content, Formula)

        assert [
            (each.text, each.reference_type, each.resolution.target)
            for each in find(content, CrossReference)
        ] == [
            ("1", "section", section.id.entity_id),
            ("7", "section", section.id.entity_id),
            ("(1)", "formula", formula.id.entity_id),
            ("there", "section", section.id.entity_id),
            ("again", "section", section.id.entity_id),
        ]

    def test_to_mere_text_are_none_that_dangle(self) -> None:
        """A bookmark at a paragraph is there, though nothing that it names is an entity."""
        link = '<w:hyperlink w:anchor="{}">' + r("it") + "</w:hyperlink>"
        content = docx(
            bookmark("before")
            + p("Some ", bookmark("inside", r("words")))
            + p(link.format("before"), link.format("inside"), link.format("nowhere"))
        )

        assert [state for _, _, state in references(content)] == ["ignored", "ignored", "dangling"]

    def test_that_are_broken_stay(self) -> None:
        """What Word says about lost targets is a dangling reference, as a field and as mere text."""
        error = "Error! Reference source not found."
        content = docx(p("See ", field("REF _Ref404 \\h", error), ".") + p(f"And {error}"))

        found = find(content, CrossReference)

        assert [(each.text, each.resolution.state) for each in found] == [
            (error, "dangling"),
            (error, "dangling"),
        ]
        assert found[0].raw_target == "#_Ref404"

    def test_in_words_are_found(self) -> None:
        """Mentions of numbers are resolved, or dangle; numbered paragraphs can be mentioned too."""
        content = docx(
            p("Scope", style="Heading1", more=numbered("1"))
            + p("The agent decides.", more=numbered("1", 1))
            + p("See Section 1, Section 1.1, Section 9, Appendix A and Table 7."),
            numbering=NUMBERED,
        )

        assert [(text, state) for text, _, state in references(content)] == [
            ("Section 1", "resolved"),
            ("Section 1.1", "ignored"),
            ("Section 9", "dangling"),
            ("Appendix A", "dangling"),
            ("Table 7", "dangling"),
        ]

    def test_leave_the_document_by_addresses(self) -> None:
        """External relationships are told and never followed."""
        content = docx(
            p(
                f'<w:hyperlink r:id="x1">{r("here")}</w:hyperlink>',
                " or ",
                field('HYPERLINK "https://example.org/a b"', "there"),
            ),
            links={"x1": "https://example.org/"},
        )

        assert references(content) == [("here", "url", "external"), ("there", "url", "external")]

    def test_lead_to_notes(self) -> None:
        """Footnotes and endnotes are read where they are referred to; a lost one dangles."""
        content = docx(
            p("x", '<w:r><w:footnoteReference w:id="5"/></w:r>')
            + p("y", '<w:r><w:endnoteReference w:id="1"/></w:r>')
            + p("z", '<w:r><w:footnoteReference w:id="6"/></w:r>'),
            footnotes=f'<w:footnote w:id="0" w:type="separator">{p("-")}</w:footnote>'
            f'<w:footnote w:id="5">{p("“Fee” means one percent.")}</w:footnote>',
            endnotes=f'<w:endnote w:id="1">{p("Last.")}</w:endnote>',
        )

        assert [(text, state) for text, _, state in references(content)] == [
            ("[^1]", "ignored"),
            ("[^i]", "ignored"),
            ("[^missing footnote 6]", "dangling"),
        ]
        assert only(content, Definition).term == "Fee"
        assert only(content, Definition).span.path == "word/footnotes.xml#footnote[5]/p[1]"

    def test_in_tables_of_contents_are_references_and_nothing_else(self) -> None:
        """Entries refer to headings, over fields that go on for paragraphs; they define nothing."""
        begin = '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> TOC \\o "1-3" </w:instrText></w:r><w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        entry = f'<w:hyperlink w:anchor="_Toc1">{r("Rules")}<w:r><w:tab/></w:r>{field("PAGEREF _Toc1", "1")}</w:hyperlink>'
        content = docx(
            p(begin, entry)
            + p("Table 3: Parameters", "<w:r><w:tab/><w:t>2</w:t></w:r>")
            + p('<w:r><w:fldChar w:fldCharType="end"/></w:r>')
            + p(bookmark("_Toc1", r("Rules")), style="Heading1")
            + tbl(tr("a", "b"), tr("1", "2"))
        )

        assert references(content) == [
            ("Rules 1", "section", "resolved"),
            ("1", "section", "resolved"),
        ]
        assert only(content, Table).caption is None

    def test_cite(self) -> None:
        """Citations of Word and of reference managers are told by their keys."""
        items = (
            '{"citationItems": [{"id": 12, "itemData": {"citation-key": "knuth84"}}, {"id": "x9"}]}'
        )
        content = docx(
            p(
                field("CITATION Lam94 \\l 1033 \\m Knu84", "(Lamport; Knuth)"),
                field(f"ADDIN ZOTERO_ITEM CSL_CITATION {items}", "[1]"),
            )
        )

        assert [each.raw_target for each in find(content, CrossReference)] == [
            "Lam94",
            "Knu84",
            "knuth84",
            "x9",
        ]


def content_with(content: bytes, change: Callable[[bytes], bytes]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        return archive({name: change(parts.read(name)) for name in parts.namelist()})


BLOCKS = st.sampled_from(
    [
        p("Heading {n}", style="Heading1", more=numbered("1")),
        p(bookmark("b{n}", r("Sub {n}")), style="Heading2", more=numbered("1", 1)),
        p("Plain ", bold("bo"), bold("ld"), ": text and ", EQUATION, " so."),
        p(
            "See Section {n}, ",
            field("REF b{n} \\h", "that"),
            " and ",
            field("PAGEREF gone \\h", "7"),
        ),
        p("“Term {n}” means it.", '<w:r><w:footnoteReference w:id="2"/></w:r>'),
        p("\t", math(sub("a", "{n}") + mr("=b")), "\t({n})"),
        p("where ", math(mr("b")), " is one and", "<w:r><w:br/></w:r>", "- c is another"),
        p("item {n}", more=numbered("1", 2)),
        p("Term {n}", style="DefinitionTerm"),
        p("Body", style="Definition"),
        p("Table ", field("SEQ Table", "{n}"), ": Caption", style="Caption"),
        tbl(tr("Symbol", "Meaning", more=HEADER), tr(tc(p(math(mr("s")))), tc("one", "two"))),
        tbl(
            tr(tc("a", more='<w:vMerge w:val="restart"/>'), "b"),
            tr(tc(more="<w:vMerge/>"), "c"),
            tr("d"),
        ),
        p("Weight {n} = Score / Sum"),
        p(style="Heading1"),
        p('<w:r><w:fldChar w:fldCharType="begin"/></w:r>'),
        p('<w:r><w:fldChar w:fldCharType="end"/></w:r>', "𝑥 é \u2028 \u00a0 💡"),
        p("deleted ", more="<w:rPr><w:del/></w:rPr>"),
        "<w:sdt><w:sdtContent>" + p("tagged {n}") + "</w:sdtContent></w:sdt>",
    ]
)
DOCUMENTS = st.lists(BLOCKS, max_size=10).map(
    lambda blocks: docx(
        "".join(block.replace("{n}", str(n)) for n, block in enumerate(blocks)),
        numbering=NUMBERED,
        footnotes=f'<w:footnote w:id="2">{p("The Long Name Index (LNI).")}</w:footnote>',
    )
)


class TestEveryDocument:
    @settings(max_examples=60, deadline=None)
    @given(content=DOCUMENTS)
    def test_has_exact_places(self, content: bytes) -> None:
        """What a span covers is there: in the text, on its line, and for formulas letter by letter."""
        extraction = read(content)

        for each in extraction.ir.entities:
            start, end = each.span.start, each.span.end
            assert start is not None
            assert end is not None
            assert 0 <= start <= end <= len(extraction.text)
            assert each.span.line == extraction.text.count("\n", 0, start) + 1
            assert each.span.path is not None
            if isinstance(each, Formula):
                assert extraction.text[start:end] == each.raw
            if isinstance(each, Table):
                for cell in each.cells:
                    assert (cell.span is None) == (not cell.text)

    @settings(max_examples=20, deadline=None)
    @given(content=DOCUMENTS)
    def test_is_read_alike_each_time_and_survives_json(self, content: bytes) -> None:
        """Equal bytes give equal JSON, and JSON gives the same meaning back."""
        ir: DocumentIR = read(content).ir

        assert to_json(read(content).ir) == to_json(ir)
        assert from_json(to_json(ir)) == ir
