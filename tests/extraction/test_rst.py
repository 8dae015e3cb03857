import sys

import pytest

from eventdocs.errors import ExtractionLimitError, MissingExtraError
from eventdocs.extraction import Limits, extract
from eventdocs.ir import CrossReference, Definition, Formula, Section, Table
from tests.extraction.reading import Reading, raw

_FORMAT = Reading("document.rst")
read, find, only = _FORMAT.read, _FORMAT.find, _FORMAT.only


def pairs(text: str) -> list[tuple[str, str]]:
    return [(each.term, each.body) for each in find(text, Definition)]


def rows(table: Table) -> list[list[str]]:
    texts = [["" for _ in range(table.n_cols)] for _ in range(table.n_rows)]
    for cell in table.cells:
        texts[cell.row][cell.col] = cell.text
    return texts


def references(text: str) -> list[tuple[str, str, str, str]]:
    return [
        (each.text, each.raw_target, each.reference_type, each.resolution.state)
        for each in find(text, CrossReference)
    ]


class TestSections:
    def test_take_their_level_from_the_order_of_the_lines_around_titles(self) -> None:
        """The first kind of line is the top level, the next new one below it, and so on."""
        text = "====\nBook\n====\n\nPart\n====\n\nRule\n----\n\nOther\n=====\n"

        sections = [(each.title, each.level) for each in find(text, Section)]

        assert sections == [("Book", 1), ("Part", 2), ("Rule", 3), ("Other", 2)]

    def test_span_their_title_and_the_lines_around_it(self) -> None:
        """The raw text of a heading has all its lines."""
        extraction = read("text\n\n======\n Book\n======\n\ntext\n")

        [section] = [each for each in extraction.ir.entities if isinstance(each, Section)]

        assert raw(extraction, section) == "======\n Book\n======"

    def test_bear_the_names_that_stand_before_them(self) -> None:
        """A target before a heading names it, and so does its own title."""
        text = ".. _a name:\n\nThe Title\n=========\n\n:ref:`A Name`, `the title`_ and `a  name`_\n"

        assert only(text, Section).id.anchor == "a name"
        assert [state for *_, state in references(text)] == ["resolved"] * 3

    @pytest.mark.parametrize(
        "text", ["abc\n\n----\n\nabc\n", "....\n", "x::\n\n  Title\n  =====\n"]
    )
    def test_are_no_transitions_and_no_code(self, text: str) -> None:
        """A line between blank lines parts text, and code is not looked into."""
        assert find(text, Section) == []


class TestFormulas:
    def test_stand_in_roles(self) -> None:
        """Inline formulas keep their backslashes, and their places."""
        extraction = read("Let :math:`\\hat{x}_i` and `y_2`:math: be.\n")

        formulas = [each for each in extraction.ir.entities if isinstance(each, Formula)]

        assert [each.latex for each in formulas] == ["\\hat{x}_i", "y_2"]
        assert [raw(extraction, each) for each in formulas] == ["\\hat{x}_i", "y_2"]
        assert not any(each.display for each in formulas)

    def test_stand_in_directives_with_a_label(self) -> None:
        """A directive holds a displayed formula, to which its label leads."""
        text = ".. math::\n   :label: eq-w\n\n   w = \\frac{a}{b}\n\nSee :eq:`eq-w`.\n"

        formula = only(text, Formula)

        assert (formula.latex, formula.display, formula.id.anchor) == (
            "w = \\frac{a}{b}",
            True,
            "eq-w",
        )
        [(shown, target, kind, state)] = references(text)
        assert (shown, target, kind, state) == ("eq-w", "eq-w", "formula", "resolved")

    def test_in_one_directive_are_parted_by_blank_lines(self) -> None:
        """Each block of a directive is a formula, unless an environment holds them together."""
        apart = ".. math:: a = 1\n\n   b = 2\n\n   c = 3\n"
        together = ".. math::\n\n   \\begin{aligned} a &= 1 \\\\\n\n   b &= 2 \\end{aligned}\n"

        assert [each.latex for each in find(apart, Formula)] == ["a = 1", "b = 2", "c = 3"]
        assert len(find(together, Formula)) == 1

    def test_may_be_in_the_default_role(self) -> None:
        """A document can say that text between single back quotes is a formula."""
        assert only(".. default-role:: math\n\nLet `x_i` be.\n", Formula).latex == "x_i"

    def test_may_be_in_a_role_of_the_document(self) -> None:
        """A role that is declared to be like another is read like it."""
        text = ".. role:: m(math)\n.. role:: raw-tex(raw)\n   :format: latex html\n\n:m:`a` :raw-tex:`$b$`\n"

        assert [each.latex for each in find(text, Formula)] == ["a", "b"]

    def test_stand_for_a_name_between_bars(self) -> None:
        """A substitution that is a formula is one wherever its name stands."""
        extraction = read(".. |s| replace:: :math:`\\sigma_i`\n\nThe |s| is small.\n")

        [formula] = [each for each in extraction.ir.entities if isinstance(each, Formula)]

        assert (formula.latex, formula.raw, raw(extraction, formula)) == ("\\sigma_i", "|s|", "|s|")

    def test_know_the_macros_of_the_document(self) -> None:
        """Macros defined in one formula or in raw LaTeX are expanded in all."""
        text = ".. raw:: latex\n\n   \\newcommand{\\R}{\\mathbb{R}}\n\nIn :math:`\\R`.\n"

        assert only(text, Formula).latex == "\\mathbb{R}"

    def test_are_not_in_code(self) -> None:
        """Literals, literal blocks, comments and code blocks hold no formulas."""
        text = (
            "``:math:`a```\n\n::\n\n  :math:`b`\n\n.. :math:`c`\n\n"
            ".. code-block:: rst\n\n   :math:`d`\n\n>>> :math:`e`\n"
        )

        assert find(text, Formula) == []


class TestDefinitions:
    def test_stand_in_definition_lists(self) -> None:
        """A term, what is indented below it; a classifier is not part of the term."""
        text = "Cap : upper\n  First.\n\n  - Second\nFloor\n  The *least*.\n"

        assert pairs(text) == [("Cap", "First. Second"), ("Floor", "The least.")]

    def test_stand_in_glossaries(self) -> None:
        """Terms that share a body are defined by it, each of them."""
        text = (
            ".. glossary::\n   :sorted:\n\n   Cap\n   Ceiling\n      The most.\n\n"
            "   .. a comment\n\n   Floor\n      The least, see :term:`cap`.\n"
        )

        found = find(text, Definition)

        assert [(each.term, each.body, each.form) for each in found] == [
            ("Cap", "The most.", "glossary"),
            ("Ceiling", "The most.", "glossary"),
            ("Floor", "The least, see cap.", "glossary"),
        ]
        assert references(text) == [("cap", "cap", "definition", "resolved")]

    def test_stand_in_fields_but_not_in_those_about_the_document(self) -> None:
        """Fields at the very beginning tell of the document; a parameter goes by its own name."""
        text = "Doc\n===\n\n:Author: Somebody\n\nText.\n\n:param int cap: The most.\n:returns: Nothing.\n"

        assert pairs(text) == [("cap", "The most.")]

    def test_stand_in_sentences_and_after_formulas(self) -> None:
        """What Markdown's prose defines, this prose defines too."""
        text = (
            '"Index Level" means the level.\n\n.. math:: w = a b\n\n'
            "where :math:`a` is the score, and :math:`b` the share.\n"
        )

        assert pairs(text) == [
            ("Index Level", "the level"),
            ("a", "the score"),
            ("b", "the share"),
        ]

    def test_keep_their_places_under_tabs(self) -> None:
        """A body indented by a tab is found where it stands."""
        extraction = read(".. glossary::\n\n    Cap\n\tThe\tmost.\n")

        [definition] = [each for each in extraction.ir.entities if isinstance(each, Definition)]

        assert raw(extraction, definition) == "Cap\n\tThe\tmost."
        assert definition.body == "The most."


GRID = """\
+-------+-----------+
| Head  | 表 Two    |
+=======+=====+=====+
| a     | b   | c   |
|       +-----+-----+
| a     | - d | 1.5 |
+-------+-----+-----+
"""

SIMPLE = """\
====== ========= ======
   Span          Three
---------------- ------
One    Two       in bps
====== ========= ======
a      b         1,000
       more
c      :math:`x`
====== ========= ======
"""


class TestTables:
    def test_may_be_grids_with_spans(self) -> None:
        """Cells span rows and columns; equal texts on one line have places of their own."""
        extraction = read(GRID)

        [table] = [each for each in extraction.ir.entities if isinstance(each, Table)]

        spans = [(c.row, c.col, c.row_span, c.col_span, c.text) for c in table.cells]
        assert spans == [
            (0, 0, 1, 1, "Head"),
            (0, 1, 1, 2, "表 Two"),
            (1, 0, 2, 1, "a a"),
            (1, 1, 1, 1, "b"),
            (1, 2, 1, 1, "c"),
            (2, 1, 1, 1, "d"),
            (2, 2, 1, 1, "1.5"),
        ]
        assert table.header_rows == 1
        for cell in table.cells[3:]:
            assert cell.span is not None
            assert extraction.text[cell.span.start : cell.span.end].removeprefix("- ") == cell.text

    def test_may_be_simple_with_two_levels_of_headers(self) -> None:
        """Lines below a header span columns; a row goes on where its first column is empty."""
        table = only(SIMPLE, Table)

        assert rows(table) == [
            ["Span", "", "Three"],
            ["One", "Two", "in bps"],
            ["a", "b more", "1,000"],
            ["c", "x", ""],
        ]
        assert table.header_rows == 2
        assert [column.path for column in table.columns] == [
            ("Span", "One"),
            ("Span", "Two"),
            ("Three", "in bps"),
        ]
        assert table.columns[2].dtype == "integer"

    def test_whose_text_runs_over_its_columns_are_read_line_by_line(self) -> None:
        """Docutils refuses such a table; its rows are there all the same."""
        table = only("=== ===\nA   B\n=== ===\nlonger x\nc   d\n=== ===\n", Table)

        assert table.header_rows == 1
        assert rows(table) == [["A", "B"], ["longer", "x"], ["c", "d"]]

    def test_may_be_lists(self) -> None:
        """A list of lists is a table, with the caption and the name of its directive."""
        text = (
            ".. list-table:: The *weights*\n   :name: tab-w\n   :header-rows: 1\n   :stub-columns: 1\n\n"
            "   * - Name\n     - Weight (bps)\n   * - a\n     - 10\n   * - b\n\nSee :numref:`tab-w`.\n"
        )

        table = only(text, Table)

        assert (table.caption, table.id.anchor) == ("The weights", "tab-w")
        assert (table.header_rows, table.header_cols, table.declared_widths) == (1, 1, (2, 2, 1))
        assert table.columns[1].unit == "bps"
        assert [state for *_, state in references(text)] == ["resolved"]

    def test_may_be_lists_with_spans(self) -> None:
        """The kernel's flat tables say how far a cell reaches."""
        text = ".. flat-table::\n\n   * - :rspan:`1` a\n     - b\n   * - c\n"

        cells = [(c.row, c.col, c.row_span, c.text) for c in only(text, Table).cells]

        assert cells == [(0, 0, 2, "a"), (0, 1, 1, "b"), (1, 1, 1, "c")]

    def test_may_be_values_between_commas(self) -> None:
        """Quotes are taken off, a ragged row stays ragged, and each value has its place."""
        extraction = read(
            '.. csv-table:: Caps\n   :header: "Name", Cap\n\n   "a, ""b""", 3\n   c\n   *d*, :math:`x`, 5\n'
        )

        [table] = [each for each in extraction.ir.entities if isinstance(each, Table)]

        assert rows(table) == [
            ["Name", "Cap", ""],
            ['a, "b"', "3", ""],
            ["c", "", ""],
            ["d", "x", "5"],
        ]
        assert (table.caption, table.header_rows) == ("Caps", 1)
        assert table.declared_widths == (2, 2, 1, 3)
        five = table.cells[-1].span
        assert five is not None
        assert extraction.text[five.start : five.end] == "5"

    def test_take_their_caption_from_a_directive_or_a_paragraph(self) -> None:
        """A directive around a table names it, as does a numbered line before it."""
        simple = "=== ===\nA   B\n=== ===\n1   2\n=== ===\n"
        inside = ".. table:: Caps\n   :name: caps\n\n" + "".join(
            f"   {line}\n" for line in simple.splitlines()
        )

        assert only(inside, Table).caption == "Caps"
        assert only(f"Table 3: Caps\n\n{simple}", Table).number == "3"

    def test_that_are_broken_are_kept_as_text(self) -> None:
        """A grid whose borders do not meet holds no cells, and hurts nobody."""
        assert find("+--+--+\n| a  b |\n+--+\n\nx\n", Table) == []


class TestReferences:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("See `Nowhere`_.", ("Nowhere", "Nowhere", "section", "dangling")),
            ("See nowhere_.", ("nowhere", "nowhere", "section", "dangling")),
            ("See :ref:`the rules <sec-2>`.", ("the rules", "sec-2", "section", "dangling")),
            ("See :term:`caps <cap>`.", ("caps", "cap", "definition", "dangling")),
            ("See :doc:`/intro`.", ("/intro", "/intro", "document", "external")),
            ("See `here <https://a.example/b_c>`__.", ("here", "https://a.example/b_c", "url", "external")),
            ("See https://a.example/b.", ("https://a.example/b", "https://a.example/b", "url", "external")),
            ("See [Doe2001]_.", ("Doe2001", "Doe2001", "citation", "external")),
            ("See [1]_.", ("[^1]", "^1", "footnote", "dangling")),
            ("See Section 9.", ("Section 9", "Section 9", "section", "dangling")),
            ("See Table 7.", ("Table 7", "Table 7", "table", "dangling")),
            ("See |that|.", ("|that|", "|that|", "unknown", "dangling")),
            (
                "See :rfc:`2822`.",
                ("RFC 2822", "https://datatracker.ietf.org/doc/html/rfc2822", "url", "external"),
            ),
        ],
    )  # fmt: skip
    def test_keep_what_they_point_at(self, text: str, expected: tuple[str, str, str, str]) -> None:
        """A reference stays with its kind and target, also where there is no such target."""
        assert references(f"{text}\n") == [expected]

    def test_follow_names_to_addresses(self) -> None:
        """A name may stand for an address, on lines of its own, or for another name."""
        text = "`The site`_, site_ and x_\n\n.. _the site: https://a.example/\n   long\n.. _site: `the site`_\n.. _x: site_\n"

        targets = [(each.raw_target, each.reference_type) for each in find(text, CrossReference)]

        assert targets == [("https://a.example/long", "url")] * 3

    def test_follow_names_that_lead_in_a_circle_nowhere(self) -> None:
        """Names that stand for each other end no reading."""
        assert references("a_\n\n.. _a: b_\n.. _b: a_\n")[0][3] == "dangling"

    def test_without_a_name_lead_to_the_targets_without_one_in_order(self) -> None:
        """The first of them means the first target."""
        text = "`a`__ and b__\n\n__ https://a.example/1\n.. __: https://a.example/2\n"

        targets = [each.raw_target for each in find(text, CrossReference)]

        assert targets == ["https://a.example/1", "https://a.example/2"]

    def test_find_footnotes_and_citations(self) -> None:
        """Numbered, named and counted footnotes are found, and so are citations."""
        text = (
            "a [1]_ [#]_ [#note]_ [*]_ [Doe]_\n\n"
            ".. [1] one\n.. [#] two\n.. [#note] three\n.. [*] four\n.. [Doe] five\n"
        )

        assert {state for *_, state in references(text)} == {"ignored"}

    def test_of_a_table_of_contents_lead_to_documents(self) -> None:
        """Each entry is a reference to another document."""
        text = ".. toctree::\n   :maxdepth: 2\n\n   intro\n   The end <end>\n   self\n"

        assert references(text) == [
            ("intro", "intro", "document", "external"),
            ("The end", "end", "document", "external"),
        ]

    def test_to_figures_are_settled_by_their_names(self) -> None:
        """A figure is no entity; a reference to it does not dangle."""
        text = ".. _fig-a:\n\n.. figure:: a.png\n   :name: fig-b\n\n   Caption\n\n:ref:`fig-a` :numref:`fig-b`\n"

        assert [state for *_, state in references(text)] == ["ignored", "ignored"]

    def test_span_their_markup(self) -> None:
        """The raw text of a reference is all of it, in the middle of a list, too."""
        extraction = read("- a\n\n  1. see :ref:`x y <a-b>`\n     and `more\n     of it`_\n")

        found = [each for each in extraction.ir.entities if isinstance(each, CrossReference)]

        assert [raw(extraction, each) for each in found] == [
            ":ref:`x y <a-b>`",
            "`more\n     of it`_",
        ]


class TestDirectives:
    def test_never_read_files(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        """Whatever a document asks to include stays where it is."""
        secret = tmp_path_factory.mktemp("secret") / "secret.rst"
        secret.write_text("Secret\n======\n\n“Key” means 42.\n")
        text = (
            f".. include:: {secret}\n\n.. literalinclude:: {secret}\n\n"
            f".. csv-table::\n   :file: {secret}\n\n.. raw:: html\n   :file: {secret}\n"
        )

        assert read(text).ir.entities == ()

    def test_hold_blocks_also_when_nobody_knows_them(self) -> None:
        """The content of a directive is read, whatever the directive is for."""
        text = ".. never-heard-of:: x\n   :option: y\n\n   “Cap” means the most.\n\n   .. note:: Let :math:`x` be.\n"

        assert pairs(text) == [("Cap", "the most")]
        assert only(text, Formula).latex == "x"

    def test_hold_no_text_where_they_hold_code(self) -> None:
        """Programs are not read as text."""
        assert (
            read(".. code-block:: python\n\n   “Cap” means the most. See Section 2.\n").ir.entities
            == ()
        )


class TestTheExtra:
    def test_is_named_where_it_is_missing(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without docutils, the error says how to get it; other formats are read."""
        for name in [*sys.modules]:
            if name.startswith(("docutils", "eventdocs.extraction._rst_")):
                monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "docutils", None)

        with pytest.raises(MissingExtraError, match="rst"):
            read("Title\n=====\n")

        assert extract(b"# Title", source_name="a.md").ir.title == "Title"


class TestRobustness:
    def test_counts_lines_entities_and_cells(self) -> None:
        """Each limit is named by the error."""
        for limits, text in (
            (Limits(max_lines=2), "a\n\nb\n"),
            (Limits(max_entities=1), ":math:`a` :math:`b`\n"),
            (Limits(max_cells=3), "=== ===\nA   B\n=== ===\n1   2\n=== ===\n"),
            (Limits(max_cells=3), ".. csv-table::\n\n   a,b\n   c,d\n"),
        ):
            with pytest.raises(ExtractionLimitError):
                read(text, limits=limits)

    def test_keeps_what_is_nested_too_deep_as_text(self) -> None:
        """A list in a list in a list ends somewhere."""
        text = "".join(f"{'  ' * depth}- “T{depth}” means the level.\n\n" for depth in range(200))

        assert 0 < len(find(text, Definition)) <= 51

    def test_replaces_text_by_text_that_replaces_text_only_so_far(self) -> None:
        """Substitutions of substitutions neither hang nor fill the memory."""
        text = "".join(f".. |a{n}| replace:: {f'|a{n + 1}| ' * 40}\n" for n in range(30))

        assert read(f"{text}.. |b| replace:: |b| |b|\n\n|a0| |b|\n").ir.entities == ()
