import pytest

from eventdocs.errors import ExtractionLimitError, UnreadableDocumentError
from eventdocs.extraction import Limits, extract
from eventdocs.ir import (
    CrossReference,
    Definition,
    Formula,
    Section,
    Table,
    from_json,
    to_json,
)
from tests.extraction.reading import Reading, raw

_FORMAT = Reading("page.html")
read, find, only = _FORMAT.read, _FORMAT.find, _FORMAT.only


def targets(text: str) -> list[tuple[str, str, str]]:
    return [
        (each.raw_target, each.reference_type, each.resolution.state)
        for each in find(text, CrossReference)
    ]


class TestSections:
    def test_are_a_tree_by_their_headings(self) -> None:
        """Headings nest by their level, and keep numbers, anchors and an exact place."""
        text = "<h1 id=a>1 Rules</h1><p>x<h2>1.1 Weights</h2><h2 id='b'>1.2 Caps</h2>"
        extraction = read(text)

        sections = [each for each in extraction.ir.entities if isinstance(each, Section)]

        assert [(each.title, each.level, each.number, each.id.anchor) for each in sections] == [
            ("1 Rules", 1, "1", "a"),
            ("1.1 Weights", 2, "1.1", None),
            ("1.2 Caps", 2, "1.2", "b"),
        ]
        assert sections[1].parent == sections[0].id.entity_id
        assert raw(extraction, sections[2]) == "<h2 id='b'>1.2 Caps</h2>"

    def test_take_the_ids_of_what_they_open(self) -> None:
        """The id of a section, and one in its heading, lead to the section."""
        text = (
            "<section id=outer><h2>One<a class=headerlink href='#outer'>¶</a></h2>"
            "<p>See <a href='#outer'>above</a> and <a href='#inner'>below</a>.</p></section>"
            "<h2><a name='inner'></a>Two</h2>"
        )

        one, two = find(text, Section)

        assert (one.title, one.id.anchor) == ("One", "outer")
        assert (two.title, two.id.anchor) == ("Two", "inner")
        assert [each.resolution.target for each in find(text, CrossReference)] == [
            one.id.entity_id,
            two.id.entity_id,
        ]

    def test_take_all_names_before_them(self) -> None:
        """Empty anchors before a heading are names of it."""
        text = "<a id=x></a><span id=y></span><h2>One</h2><a href='#x'>a</a><a href='#y'>b</a>"

        assert [state for _, _, state in targets(text)] == ["resolved", "resolved"]

    def test_nest_by_their_elements_where_all_headings_are_alike(self) -> None:
        """A first-level heading in a section of a section is of the second level."""
        text = "<section><h1>A</h1><section><h1>B</h1></section></section>"

        assert [each.level for each in find(text, Section)] == [1, 2]

    def test_may_have_no_title(self) -> None:
        """An empty heading begins a section without a title."""
        assert only("<h2></h2>", Section).title == ""

    def test_do_not_begin_in_code_or_in_quotations(self) -> None:
        """What looks like a heading in code, in a quotation or in a list begins no section."""
        text = "<pre># a comment\n&lt;h1&gt;</pre><blockquote><h2>Said</h2></blockquote>"

        assert find(text, Section) == []

    def test_give_a_page_without_a_title_its_title(self) -> None:
        """The title of the page counts, else its first heading."""
        assert read("<title> Rules &amp;\n more </title><h1>x</h1>").ir.title == "Rules & more"
        assert read("<h1>Rules</h1>").ir.title == "Rules"


ANNOTATION = "<annotation encoding='application/x-tex'>x &amp; y</annotation>"
FORMULAS = {
    "MathJax inline": (r"<p>\(a &lt; b\)", r"a < b", False, "latex", r"a &lt; b"),
    "MathJax display": (r"<p>\[ x^2 \]", "x^2", True, "latex", "x^2"),
    "a MathJax script": (
        '<script type="math/tex">x_i</script>', "x_i", False, "latex", "x_i",
    ),
    "a displayed MathJax script": (
        '<script type="math/tex; mode=display">% <![CDATA[\nx<y %]]></script>',
        "x<y", True, "latex", "% <![CDATA[\nx<y %]]>",
    ),
    "pandoc's KaTeX": ('<span class="math display">\\frac{a}{b}</span>', r"\frac{a}{b}", True, "latex", r"\frac{a}{b}"),
    "MathML": ("<math><msub><mi>x</mi><mn>1</mn></msub></math>", "x_{1}", False, "mathml", None),
    "annotated MathML": (
        f"<math display=block><semantics><mi>x</mi>{ANNOTATION}</semantics></math>",
        "x & y", True, "mathml", None,
    ),
    "a picture": ('<img class="formulaDsp" alt="\\[ a+b \\]" src="a.png">', "a+b", True, "latex", None),
}  # fmt: skip


class TestFormulas:
    @pytest.mark.parametrize("name", FORMULAS)
    def test_are_read_in_every_notation(self, name: str) -> None:
        """LaTeX, display, notation and the exact source of each way to write a formula."""
        text, latex, display, notation, written = FORMULAS[name]
        extraction = read(text)

        [formula] = [each for each in extraction.ir.entities if isinstance(each, Formula)]

        assert (formula.latex, formula.display, formula.notation) == (latex, display, notation)
        assert formula.raw == raw(extraction, formula)
        if written is None:
            assert formula.raw in text
            assert formula.raw[0] == "<"
        else:
            assert formula.raw == written

    def test_are_read_once_from_what_renderers_leave(self) -> None:
        """Of KaTeX's, MathJax's and Wikipedia's renderings, the formula is read and no more."""
        tex = "<annotation encoding='application/x-tex'>{\\displaystyle x_1}</annotation>"
        math = f"<math><semantics><mi>x</mi>{tex}</semantics></math>"
        katex = (
            f"<span class=katex><span class=katex-mathml>{math}</span>"
            "<span class=katex-html aria-hidden=true>x1</span></span>"
        )
        wikipedia = (
            f"<span class=mwe-math-element><span style='display: none;'>{math}</span>"
            "<img class=mwe-math-fallback-image-inline alt='{\\displaystyle x_1}'></span>"
        )
        mathjax = (
            f"<mjx-container><svg><g>x</g></svg><mjx-assistive-mml>{math}</mjx-assistive-mml>"
            "</mjx-container>"
        )
        older = (
            "<span class=MathJax_Preview>x</span><span class=MathJax><nobr>x1</nobr></span>"
            "<script type='math/tex'>x_1</script>"
        )

        for written in (katex, wikipedia, mathjax, older):
            text = f"<p>Let {written} be the price.</p>"
            assert only(text, Formula).latex == "x_1"
            assert only(text, Definition).body == "the price"

    def test_between_dollars_need_something_that_renders_them(self) -> None:
        """Dollars are money, unless the page loads MathJax or KaTeX and says so."""
        body = "<p>It costs $5, or $6.</p><p>$$x = y$$</p><p>Let $z$ be.</p>"
        engine = "<script src='https://example.com/mathjax/tex-chtml.js'></script>"
        single = "<script>MathJax = {tex: {inlineMath: [['$', '$']]}}</script>"

        assert find(body, Formula) == []
        assert [each.latex for each in find(engine + body, Formula)] == ["x = y"]
        assert "z" in [each.latex for each in find(engine + single + body, Formula)]

    def test_part_what_stands_around_them(self) -> None:
        """A displayed formula may stand inside of emphasis or of a link; neither is lost."""
        text = r"<p><b>By <a href='#x'>law \[w = 1\] and</a> order</b>. “Term” means a word."

        assert only(text, Formula).latex == "w = 1"
        assert [each.term for each in find(text, Definition)] == ["Term"]
        assert targets(text) == [("#x", "section", "dangling")]

    def test_in_code_are_none(self) -> None:
        """Nothing in code is a formula."""
        assert find(r"<p><code>\(x\)</code><pre>\[y\]</pre>", Formula) == []

    def test_have_the_number_and_the_id_that_stand_around_them(self) -> None:
        """A number beside a formula is its number, the id around it its anchor."""
        text = (
            "<div class=math id=equation-w><span class=eqno>(4)<a class=headerlink "
            "href='#equation-w'>¶</a></span>\\[w = 1\\]</div>"
            "<p>By <a href='#equation-w'>(4)</a> and Equation (4).</p>"
        )

        formula = only(text, Formula)

        assert (formula.number, formula.id.anchor) == ("4", "equation-w")
        assert [each.resolution.target for each in find(text, CrossReference)] == [
            formula.id.entity_id
        ] * 2

    def test_of_equation_tables_are_whole(self) -> None:
        """LaTeXML spreads an equation over the cells of a row; it is one formula, and no table."""
        text = (
            "<table class='ltx_equationgroup ltx_eqn_table'><tbody id='E2'><tr>"
            "<td><math><mi>p</mi></math></td><td><math><mo>=</mo><mi>q</mi></math></td>"
            "<td><span class='ltx_tag ltx_tag_equation'>(2)</span></td></tr></tbody></table>"
        )

        formula = only(text, Formula)

        assert find(text, Table) == []
        assert (formula.latex, formula.number, formula.id.anchor) == ("p =q", "2", "E2")
        assert formula.defines is not None

    def test_define_what_their_where_clause_says(self) -> None:
        """A paragraph behind a displayed formula, and a list, explain its symbols."""
        text = (
            r"<p>The weight is \[ w = \frac{s}{t} \] where \(s\) is the score and \(t\) the total.</p>"
            r"<p>\[ v = a b \] with:</p><ul><li>\(a\): the amount</li><li>\(b\) is the base</li></ul>"
        )

        assert [(each.term, each.body) for each in find(text, Definition)] == [
            ("s", "the score"),
            ("t", "the total"),
            ("a", "the amount"),
            ("b", "the base"),
        ]

    def test_may_be_written_in_plain_words(self) -> None:
        """A line that is an equation is one, also between line breaks."""
        extraction = read("<p>So:<br>Weight = Score / Sum<br>always.</p>")

        [formula] = [each for each in extraction.ir.entities if isinstance(each, Formula)]

        assert (formula.raw, formula.notation) == ("Weight = Score / Sum", "text")
        assert formula.prov.method == "pattern"

    def test_use_the_macros_of_the_page(self) -> None:
        """Macros defined anywhere on the page are expanded."""
        formula = only(
            r"<div style='display:none'>\(\newcommand{\W}{w_i}\)</div><p>\(\W\)", Formula
        )

        assert (formula.latex, formula.macros) == ("w_i", ("\\W",))


class TestDefinitions:
    def test_of_lists_hold_all_terms_and_bodies(self) -> None:
        """Terms that share a body share it; bodies that follow each other are one."""
        text = "<dl id=l><dt id=w>Weight<dt>Share<dd>Part of <em>all</em>.<dd>In %.<div><dt>Cap</dt><dd><p>Limit</dd></div></dl>"

        found = find(text, Definition)

        assert [(each.term, each.body, each.form) for each in found] == [
            ("Weight", "Part of all. In %.", "deflist"),
            ("Share", "Part of all. In %.", "deflist"),
            ("Cap", "Limit", "deflist"),
        ]
        assert found[0].id.anchor == "w"

    def test_inside_of_others_are_part_of_them(self) -> None:
        """A list in an explanation has definitions of its own, and the explanation holds them."""
        text = "<dl><dt>A<dd>one <dl><dt>B<dd>two</dl> three<dt>C<dd>four</dl>"

        assert [(each.term, each.body) for each in find(text, Definition)] == [
            ("A", "one B two three"),
            ("B", "two"),
            ("C", "four"),
        ]

    def test_of_glossaries_say_so(self) -> None:
        """A list of the class glossary is one."""
        text = (
            "<dl class='simple glossary'><dt id=term-x>X</dt><dd>Y</dd></dl><a href='#term-x'>X</a>"
        )

        assert only(text, Definition).form == "glossary"
        assert targets(text) == [("#term-x", "definition", "resolved")]

    def test_of_bibliographies_are_none(self) -> None:
        """Lists of works or of notes define no terms; references lead to them all the same."""
        text = (
            "<p>As in <a href='#r'>[X]</a>.<dl class=references><dt id=r>[X]</dt><dd>Book</dd></dl>"
        )

        assert find(text, Definition) == []
        assert targets(text)[0][2] == "ignored"

    def test_in_prose_are_found(self) -> None:
        """Quoted terms, also in curly quotes and before any heading, acronyms in parentheses."""
        text = "<p>“Index Level” means the level.<p>The Total Return Index (TRI) is published."

        assert [(each.term, each.form) for each in find(text, Definition)] == [
            ("Index Level", "sentence"),
            ("TRI", "acronym"),
        ]

    def test_are_what_is_marked_as_a_term(self) -> None:
        """A `dfn` is defined by the rest of its sentence, or by all of it."""
        text = "<p>Hello. The <dfn id=b>Base Date</dfn> is the first day. A fund tracks its <dfn>benchmark</dfn>."

        found = find(text, Definition)

        assert [(each.term, each.body, each.id.anchor) for each in found] == [
            ("Base Date", "the first day", "b"),
            ("benchmark", "A fund tracks its benchmark", None),
        ]

    def test_stand_in_the_titles_of_abbreviations(self) -> None:
        """An abbreviation with a title is an acronym, once for each long form."""
        text = "<p><abbr title='Total Return'>TR</abbr>, <abbr title='Total Return'>TR</abbr>"
        extraction = read(text)

        [definition] = [each for each in extraction.ir.entities if isinstance(each, Definition)]

        assert (definition.term, definition.body) == ("TR", "Total Return")
        body = definition.body_span
        assert extraction.text[body.start : body.end] == "Total Return"

    def test_are_kept_twice(self) -> None:
        """One term defined in two ways in two sections is two definitions, and a finding."""
        text = "<h2>A</h2><dl><dt>Cap<dd>one</dl><h2>B</h2><dl><dt>Cap<dd>two</dl>"

        codes = {each.code for each in read(text).ir.issues}

        assert len(find(text, Definition)) == 2
        assert "duplicate-definition" in codes

    def test_are_not_looked_for_where_nobody_looks(self) -> None:
        """Hidden elements, scripts, templates and controls say nothing."""
        said = "“Term” means a word."
        for hidden in (
            f"<div hidden>{said}</div>",
            f"<p style='display : none'>{said}</p>",
            f"<script>{said}</script>",
            f"<template><p>{said}</template>",
            f"<noscript>{said}</noscript>",
            f"<p><button>{said}</button>",
            f"<span aria-hidden=true>{said}</span>",
            f"<!-- {said} -->",
        ):
            assert find(hidden, Definition) == []


class TestTables:
    def test_keep_spans_headers_and_captions(self) -> None:
        """Cells stand where a browser puts them; nothing is padded."""
        text = (
            "<table id=t><caption>Table 3: Caps</caption><thead><tr><th rowspan=2>Name"
            "<th colspan=2>Cap<tr><th>Low (bps)<th>High (%)<tbody><tr><th scope=row>A<td>1,000<td>4.5 %"
            "<tr><th>B<td rowspan=0>2<td>x<tr><th>C</table><p>See Table 3."
        )

        table = only(text, Table)

        assert (table.number, table.caption, table.id.anchor) == ("3", "Caps", "t")
        assert (table.n_rows, table.n_cols, table.header_rows, table.header_cols) == (5, 3, 2, 1)
        assert [(c.row, c.col, c.row_span, c.col_span, c.text) for c in table.cells] == [
            (0, 0, 2, 1, "Name"), (0, 1, 1, 2, "Cap"),
            (1, 1, 1, 1, "Low (bps)"), (1, 2, 1, 1, "High (%)"),
            (2, 0, 1, 1, "A"), (2, 1, 1, 1, "1,000"), (2, 2, 1, 1, "4.5 %"),
            (3, 0, 1, 1, "B"), (3, 1, 2, 1, "2"), (3, 2, 1, 1, "x"),
            (4, 0, 1, 1, "C"),
        ]  # fmt: skip
        assert table.columns[1].path == ("Cap", "Low (bps)")
        assert table.columns[1].unit == "bps"
        assert table.declared_widths == (2, 2, 3, 3, 1)
        assert targets(text) == [("Table 3", "table", "resolved")]

    def test_show_the_rows_that_do_not_fit(self) -> None:
        """A row with too few cells is reported, one that a span completes is not."""
        whole = "<table><tr><th>A<th>B<tr><td rowspan=2>1<td>2<tr><td>3</table>"
        ragged = "<table><tr><th>A<th>B<tr><td>1<td>2<tr><td>3</table>"

        assert "ragged-row" not in {each.code for each in read(whole).ir.issues}
        assert "ragged-row" in {each.code for each in read(ragged).ir.issues}

    def test_never_overlap(self) -> None:
        """Where a wide cell meets one from above, it ends before it."""
        text = "<table><tr><td>1<td rowspan=2>2<tr><td colspan=3>3<td>4</table>"

        cells = only(text, Table).cells

        assert [(c.row, c.col, c.col_span) for c in cells] == [
            (0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 2, 1),
        ]  # fmt: skip

    def test_put_their_foot_last(self) -> None:
        """The foot of a table is its last row, wherever it is written."""
        table = only("<table><tfoot><tr><td>sum<tbody><tr><td>1<tr><td>2</table>", Table)

        assert [each.text for each in table.cells] == ["1", "2", "sum"]

    def test_define_what_their_rows_define(self) -> None:
        """Rows under “Symbol” and “Meaning” are definitions, also with formulas in cells."""
        text = r"<table><tr><th>Symbol<th>Meaning<tr><td>\(w_i\)<td>the weight</table>"

        definition = only(text, Definition)

        assert (definition.term, definition.body, definition.form) == (
            "w_i",
            "the weight",
            "table_row",
        )
        assert definition.symbol is not None

    def test_hold_the_text_of_the_blocks_in_their_cells(self) -> None:
        """Lists, paragraphs and code in a cell are its text; a table in it is a table too."""
        text = "<table><tr><th>A<th>B<tr><td><p>x</p><ul><li>y<li>z</ul><td><pre>c\nd</pre><table><tr><th>i</table></table>"

        outer, inner = find(text, Table)

        assert [each.text for each in outer.cells] == ["A", "B", "x y z", "c d i"]
        assert [each.text for each in inner.cells] == ["i"]

    def test_that_arrange_a_page_are_none(self) -> None:
        """A table around headings or tables is how old pages were laid out."""
        text = "<table><tr><td><h2>Menu</h2><td><table><tr><th>a<th>b<tr><td>1<td>2</table></table>"

        assert [each.n_cols for each in find(text, Table)] == [2]
        assert [each.title for each in find(text, Section)] == ["Menu"]

    def test_take_the_caption_of_their_figure(self) -> None:
        """The caption of a figure around a table is the table's."""
        text = "<figure id=f><table><tr><td>1<td>2</table><figcaption>Table 2 Values</figcaption></figure>"

        table = only(text, Table)

        assert (table.number, table.caption, table.id.anchor) == ("2", "Values", "f")


class TestReferences:
    def test_keep_the_broken_ones(self) -> None:
        """Words and links that lead nowhere stay, as dangling."""
        text = "<p>See Section 9, Appendix A, Table 7 and <a href='#gone'>this</a>."

        assert sorted(targets(text)) == [
            ("#gone", "section", "dangling"),
            ("Appendix A", "section", "dangling"),
            ("Section 9", "section", "dangling"),
            ("Table 7", "table", "dangling"),
        ]

    def test_find_numbered_headings(self) -> None:
        """Section 2 is the heading that begins with a 2."""
        assert targets("<p>See Section 2.<h2>2 Rules</h2>") == [
            ("Section 2", "section", "resolved")
        ]

    def test_tell_notes_citations_and_other_documents_apart(self) -> None:
        """Roles, classes and addresses say what a link is."""
        text = (
            "<p><a href='#fn' role=doc-noteref>1</a> <a href='#b' role=doc-biblioref>[1]</a>"
            "<a href='a.html#x'>a</a><a href='https://example.com/'>e</a>"
            "<ol><li id=fn>Note<li id=b>Book</ol>"
        )

        assert targets(text) == [
            ("#fn", "footnote", "ignored"),
            ("#b", "citation", "ignored"),
            ("a.html#x", "document", "external"),
            ("https://example.com/", "url", "external"),
        ]

    def test_tell_notes_and_works_by_their_names(self) -> None:
        """Where roles and classes say nothing, the names that converters give do."""
        text = (
            "<p>A<a href='#cite_note-1' id=cite_ref-1>[1]</a> B<a href='#fn:2' id=fnref:2>2</a>"
            "<ol><li id=cite_note-1><a href='#cite_ref-1'>^</a> x<li id=fn:2>y "
            "<a class=reversefootnote href='#fnref:2'>back</a></ol>"
        )

        assert targets(text) == [
            ("#cite_note-1", "citation", "ignored"),
            ("#fn:2", "footnote", "ignored"),
        ]

    def test_leave_out_what_only_helps_to_get_around(self) -> None:
        """Permalinks, links to the line they stand in and menus are none, unless they are broken."""
        text = (
            "<nav><a href='#a'>A</a><a href='#gone'>B</a></nav><div id=toc><a href='#c'>C</a></div><p id=a>Text<a href='#a'>¶</a>"
            "<a href='#'>up</a> <a href='javascript:x()'>do</a><h2 id=c><a href='#c'>C</a></h2>"
        )

        assert targets(text) == [("#gone", "section", "dangling")]

    def test_know_names_however_they_are_spelled_in_links(self) -> None:
        """Fragments are decoded; ids may hold anything, and may stand on any element."""
        text = (
            "<p><a href='#S%C3%A4tze'>x</a><a href='#a%20b'>y</a><p id='a b'>z<h2 id=Sätze>t</h2>"
        )

        assert [state for _, _, state in targets(text)] == ["resolved", "ignored"]

    def test_hold_their_element(self) -> None:
        """The place of a link is its element."""
        extraction = read("<p>See <a\n href='#x'>that <b>thing</b></a>.")

        [link] = [each for each in extraction.ir.entities if isinstance(each, CrossReference)]

        assert raw(extraction, link) == "<a\n href='#x'>that <b>thing</b></a>"
        assert link.text == "that thing"


class TestText:
    def test_resolves_references_to_characters(self) -> None:
        """Named, numeric and unfinished references are read as browsers read them."""
        text = "<dl><dt>A &amp; B&#8211;C &copy D &#x110000; &nosuch; &<dd>x</dl>"

        assert only(text, Definition).term == "A & B\u2013C \u00a9 D \ufffd &nosuch; &"

    def test_survives_tags_in_the_wrong_order(self) -> None:
        """What is never closed or closed too late changes no word."""
        text = "<dl><dt><b>bold <i>both</b> it</i><dd>a<p>b<a name=x>c<div>d</dl></b>e"

        definition = only(text, Definition)

        assert (definition.term, definition.body) == ("bold both it", "a bc d")

    def test_is_read_from_xhtml(self) -> None:
        """Empty elements end where they begin, and prefixes of MathML mean nothing."""
        text = (
            "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><script src='x'/>"
            "<h1><a id='top1'/>T</h1><p><mml:math><mml:mi>x</mml:mi></mml:math></p></html>"
        )

        assert only(text, Section).id.anchor == "top1"
        assert only(text, Formula).latex == "x"


class TestEncodings:
    @pytest.mark.parametrize(
        ("head", "encoding"),
        [
            ("<meta charset=utf-8>", "utf-8"),
            ("<meta charset='iso-8859-1'>", "cp1252"),
            (
                "<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>",
                "cp1251",
            ),
            ("<?xml version='1.0' encoding='koi8-r'?>", "koi8-r"),
            ("<!-- <meta charset=koi8-r> --><meta charset=shift_jis>", "cp932"),
            ("<meta charset=utf-16>", "utf-8"),
            ("", "utf-8"),
        ],
    )
    def test_are_those_that_a_page_declares(self, head: str, encoding: str) -> None:
        """Declarations count as browsers read them; offsets count characters."""
        text = f"{head}<p>\u00ab<h1>Ж—ж</h1>" if encoding != "cp1252" else f"{head}<h1>– “ä</h1>"
        content = text.encode(encoding, "replace")

        extraction = extract(content, source_name="page.html")

        assert extraction.text == content.decode(encoding)
        [section] = [each for each in extraction.ir.entities if isinstance(each, Section)]
        assert raw(extraction, section).startswith("<h1>")

    def test_by_a_byte_order_mark_win(self) -> None:
        """A mark at the beginning knows better than a declaration."""
        content = "\ufeff<meta charset=latin1><h1>ä</h1>".encode("utf-16-le")

        extraction = extract(content, source_name="page.html")

        assert extraction.ir.title == "ä"

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"<html><p>\xe4", "not UTF-8 text: byte 0xe4 at offset 9"),
            (b"<html><meta charset=ascii>\x81", "byte 0x81"),
            (b"<html><meta charset=utf-7>+AGE-", "'utf-7'"),
            (b"<html><meta charset=hex>61", "'hex'"),
            (b"<html><meta charset=klingon>61", "'klingon'"),
            (b"<html>\0", "byte 0x00"),
        ],
    )
    def test_that_do_not_fit_are_refused(self, content: bytes, said: str) -> None:
        """The error says which byte or which declaration it is."""
        with pytest.raises(UnreadableDocumentError) as caught:
            extract(content, source_name="page.html")

        assert said in str(caught.value)


class TestResult:
    def test_survives_json(self) -> None:
        """What was extracted comes back from JSON as it was, and again the same."""
        text = "<h1>A</h1>" + "".join(each[0] for each in FORMULAS.values())

        one, other = read(text).ir, read(text).ir

        assert to_json(one) == to_json(other)
        assert from_json(to_json(one)) == one

    def test_is_refused_beyond_the_limits(self) -> None:
        """Lines, entities and cells are counted, and the error names the limit."""
        for limits, text, name in (
            (Limits(max_lines=2), "<p>\n\n\n", "max_lines"),
            (Limits(max_entities=2), "<h1>a</h1>" * 3, "max_entities"),
            (Limits(max_cells=3), "<table><tr><td rowspan=1>a<td colspan=3>b</table>", "max_cells"),
        ):
            with pytest.raises(ExtractionLimitError) as caught:
                read(text, limits=limits)
            assert caught.value.limit == name
