from datetime import date
from decimal import Decimal

import pytest

from eventdocs.extraction._units import unit_in_text, unit_of_header
from eventdocs.extraction._values import read_value
from eventdocs.ir import CrossReference, Definition, Formula, Table
from tests.extraction.reading import find, only, raw, read

DRAWN = {
    "pipes": "| A | B |\n|---|---|\n| 1 | x |\n| 2 | y |\n",
    "pipes without borders": "A | B\n--|--\n1 | x\n2 | y\n",
    "simple": "A    B\n---  ---\n1    x\n2    y\n",
    "simple with an end": "  A    B\n  ---  ---\n  1    x\n  2    y\n  ---  ---\n",
    "multiline": "----------\nA    B\n---- -----\n1    x\n\n2    y\n----------\n",
    "grid": "+---+---+\n| A | B |\n+===+===+\n| 1 | x |\n+---+---+\n| 2 | y |\n+---+---+\n",
    "in a quotation": "> | A | B |\n> |---|---|\n> | 1 | x |\n> | 2 | y |\n",
    "grid in a list": "- +---+---+\n  | A | B |\n  +===+===+\n  | 1 | x |\n  +---+---+\n  | 2 | y |\n  +---+---+\n",
    "list-table": "```{list-table}\n:header-rows: 1\n\n* - A\n  - B\n* - 1\n  - x\n* - 2\n  - y\n```\n",
    "directive": ":::{table}\nA | B\n--|--\n1 | x\n2 | y\n:::\n",
}


class TestTables:
    @pytest.mark.parametrize("form", DRAWN)
    def test_are_drawn_in_many_forms(self, form: str) -> None:
        """Every way to draw a table gives the same cells, types, and exact places."""
        extraction = read(DRAWN[form])

        [table] = [each for each in extraction.ir.entities if isinstance(each, Table)]
        assert (table.n_rows, table.n_cols, table.header_rows) == (3, 2, 1)
        assert [(each.row, each.col, each.text) for each in table.cells] == [
            (0, 0, "A"), (0, 1, "B"), (1, 0, "1"), (1, 1, "x"), (2, 0, "2"), (2, 1, "y"),
        ]  # fmt: skip
        assert [(each.path, each.dtype) for each in table.columns] == [
            (("A",), "integer"),
            (("B",), "text"),
        ]
        assert [each.header for each in table.cells[:3]] == ["column", "column", "none"]
        for cell in table.cells:
            assert cell.span is not None
            assert extraction.text[cell.span.start : cell.span.end] == cell.text

    def test_may_have_no_header(self) -> None:
        """A simple table between two rulers has rows and no header."""
        table = only("---  ---\n1    x\n2    y\n---  ---\n", Table)

        assert (table.header_rows, table.n_rows) == (0, 2)

    def test_in_a_grid_may_span_rows_and_columns(self) -> None:
        """Cells of a grid reach as far as no line divides them."""
        text = (
            "+-----+-----------+\n"
            "| A   | B         |\n"
            "+=====+=====+=====+\n"
            "| x   | p   | q   |\n"
            "|     +-----+-----+\n"
            "|     | r         |\n"
            "+-----+-----------+\n"
        )

        table = only(text, Table)

        spans = {
            each.text: (each.row, each.col, each.row_span, each.col_span) for each in table.cells
        }
        assert spans == {
            "A": (0, 0, 1, 1),
            "B": (0, 1, 1, 2),
            "x": (1, 0, 2, 1),
            "p": (1, 1, 1, 1),
            "q": (1, 2, 1, 1),
            "r": (2, 1, 1, 2),
        }
        assert [each.path for each in table.columns] == [("A",), ("B",), ("B",)]

    def test_in_a_grid_may_hold_blocks(self) -> None:
        """A cell with a list, several paragraphs and formulas is read as blocks."""
        text = (
            "+-------------+\n"
            "| A           |\n"
            "+=============+\n"
            "| First $x$.  |\n"
            "|             |\n"
            "| - one       |\n"
            "| - `two`     |\n"
            "+-------------+\n"
        )
        extraction = read(text)

        table, formula = extraction.ir.entities
        assert isinstance(table, Table)
        assert table.cells[1].text == "First x. one two"
        assert table.cells[1].formulas == (formula.id.entity_id,)
        assert raw(extraction, formula) == "x"

    def test_know_the_formulas_in_their_cells(self) -> None:
        """A formula in a cell is an entity, and the cell names it."""
        extraction = read("| F |\n|---|\n| $a$ and $b$ |\n| $c$ |\n| $d$ |\n")

        table, *formulas = extraction.ir.entities
        assert isinstance(table, Table)
        assert table.cells[1].formulas == tuple(each.id.entity_id for each in formulas[:2])
        assert all(isinstance(each, Formula) for each in formulas)

    def test_know_equations_in_plain_words(self) -> None:
        """A cell that is an equation in words is a formula, too."""
        extraction = read("| F |\n|---|\n| Weight = Score / Sum |\n")

        table, formula = extraction.ir.entities
        assert isinstance(table, Table)
        assert isinstance(formula, Formula)
        assert table.cells[1].formulas == (formula.id.entity_id,)
        assert (formula.notation, formula.raw) == ("text", "Weight = Score / Sum")

    @pytest.mark.parametrize(
        "text",
        [
            "Text\n\n---\n\nmore\n\n---\n",
            "Title\n-----\n\ntext\n",
            "a | b\n",
            "- - -\n\n- -- -\n",
            "+ item\n\n+-not\n",
            "```\n| A | B |\n|---|---|\n```\n",
        ],
    )
    def test_are_not_seen_in_rules_titles_and_code(self, text: str) -> None:
        """Lines of dashes are usually no tables."""
        assert find(text, Table) == []


class TestCaptions:
    @pytest.mark.parametrize(
        ("text", "caption", "number", "anchor"),
        [
            ("Table 3: Limits\n\n{t}", "Limits", "3", None),
            ("{t}\n\nTable 3. Limits\n", "Limits", "3", None),
            ("**Table A.1** – Limits\n\n{t}", "Limits", "A.1", None),
            ("{t}\n\n: Limits\n", "Limits", None, None),
            ("{t}\n\nTable: Limits {{#tbl-a}}\n", "Limits", None, "tbl-a"),
            ("(tbl-a)=\n{t}", None, None, "tbl-a"),
            ("(tbl-a)=\nTable 3: Limits\n\n{t}", "Limits", "3", "tbl-a"),
            (":::{{table}} Limits\n:name: tbl-a\n\n{t}\n:::\n", "Limits", None, "tbl-a"),
            ("Table 3 shows the limits.\n\n{t}", None, None, None),
            ("Table 3: Limits\n\nText between.\n\n{t}", None, None, None),
        ],
    )
    def test_stand_before_or_after(
        self, text: str, caption: str | None, number: str | None, anchor: str | None
    ) -> None:
        """A caption next to a table is its title, number and label; a sentence is not."""
        table = only(text.format(t="| a |\n|---|\n| 1 |"), Table)

        assert (table.caption, table.number, table.id.anchor) == (caption, number, anchor)

    def test_between_two_tables_belong_to_one(self) -> None:
        """A numbered caption between two tables is the second one's."""
        table = "| a |\n|---|\n| 1 |\n\n"

        first, second = find(f"Table 1: One\n\n{table}Table 2: Two\n\n{table}", Table)

        assert (first.caption, second.caption) == ("One", "Two")


class TestValues:
    @pytest.mark.parametrize(
        ("text", "dtype", "value", "unit"),
        [
            ("12", "integer", 12, None),
            ("-1,234,567", "integer", -1234567, None),
            ("1 000", "integer", 1000, None),
            ("−5", "integer", -5, None),
            ("(120)", "integer", -120, None),
            ("3.14", "decimal", Decimal("3.14"), None),
            (".5", "decimal", Decimal("0.5"), None),
            ("1,234.50", "decimal", Decimal("1234.50"), None),
            ("1e-3", "decimal", Decimal("0.001"), None),
            ("4.5 %", "percent", Decimal("4.5"), "%"),
            ("25 bps", "integer", 25, "bps"),
            ("USD 100", "integer", 100, "USD"),
            ("$1,000", "integer", 1000, "USD"),
            ("10 km/h", "integer", 10, "km/h"),
            ("2025-03-31", "date", date(2025, 3, 31), None),
            ("1 March 2010", "date", date(2010, 3, 1), None),
            ("Sept. 5, 2020", "date", date(2020, 9, 5), None),
            ("yes", "boolean", True, None),
            ("False", "boolean", False, None),
            ("", "empty", None, None),
            ("n/a", "empty", None, None),
            ("1.2.3", "text", None, None),
            ("2025-13-31", "text", None, None),
            ("1,23", "text", None, None),
            ("12 monkeys", "text", None, None),
            ("9" * 40, "text", None, None),
            ("99999999999999999999", "integer", Decimal(99999999999999999999), None),
        ],
    )
    def test_are_what_the_text_says(
        self, text: str, dtype: str, value: object, unit: str | None
    ) -> None:
        """Numbers, percentages, dates and truth values are typed; everything else is text."""
        read_as = read_value(text)

        kind = "decimal" if dtype == "integer" and isinstance(value, Decimal) else dtype
        assert (read_as.dtype, read_as.value, read_as.unit) == (kind, value, unit)
        assert type(read_as.value) is type(value)

    @pytest.mark.parametrize(
        ("cells", "dtype", "deviants"),
        [
            (["1", "2"], "integer", ()),
            (["1", "2.5"], "decimal", ()),
            (["1", "", "2"], "integer", ()),
            (["1", "2", "3", "x"], "integer", (4,)),
            (["1", "x"], "mixed", ()),
            (["a", "b", "1"], "text", ()),
            (["", "-"], "empty", ()),
            (["$x$", "$y$"], "formula", ()),
        ],
    )
    def test_of_a_column_have_one_type(
        self, cells: list[str], dtype: str, deviants: tuple[int, ...]
    ) -> None:
        """A column has the type of nearly all of its values, and knows which are of another."""
        rows = "".join(f"| {cell} | . |\n" for cell in cells)
        table = only(f"| A | B |\n|---|---|\n{rows}", Table)

        assert (table.columns[0].dtype, table.columns[0].deviants) == (dtype, deviants)

    @pytest.mark.parametrize(
        ("header", "unit"),
        [
            ("Cap (bps)", "bps"),
            ("Price [EUR]", "EUR"),
            ("Size (in USD million)", "USD million"),
            ("Return, %", "%"),
            ("Level in points", "points"),
            ("Speed (km/h)", "km/h"),
            ("Weight (see below)", None),
            ("Weight", None),
            ("Change in method", None),
        ],
    )
    def test_have_units_from_the_header(self, header: str, unit: str | None) -> None:
        """A unit in a header holds for the whole column."""
        assert unit_of_header(header) == unit

    def test_have_units_from_the_cells(self) -> None:
        """A unit that all cells share is the column's."""
        assert only("| A |\n|---|\n| 5 km |\n| 7 km |\n", Table).columns[0].unit == "km"

    @pytest.mark.parametrize(
        ("text", "unit"),
        [
            ("the spread, expressed in basis points", "bps"),
            ("the volatility measured in percent per year", "%"),
            ("the notional in USD.", "USD"),
            ("the cap (in %)", "%"),
            ("the change in method", None),
            ("the rate in force", None),
        ],
    )
    def test_have_units_from_words(self, text: str, unit: str | None) -> None:
        """A definition may say in which unit its quantity is."""
        assert unit_in_text(text) == unit


class TestRows:
    def test_define_symbols_with_names_values_and_units(self) -> None:
        """A table of parameters defines each of them, with symbol, value and unit."""
        text = (
            "| Symbol | Name | Description | Value | Unit |\n|---|---|---|---|---|\n"
            "| $c_{\\max}$ | Cap | The upper limit | 4.5 | % |\n"
        )

        definition = only(text, Definition)

        assert (definition.term, definition.body, definition.unit) == (
            "Cap",
            "The upper limit (4.5)",
            "%",
        )
        assert definition.symbol is not None
        assert definition.symbol.key == "c_{max}"
        assert definition.form == "table_row"

    @pytest.mark.parametrize(
        ("header", "row", "term", "body", "unit"),
        [
            ("Symbol | Meaning", "$x$ | The size", "x", "The size", None),
            ("Symbol | Name", "$x$ | Size", "x", "Size", None),
            ("Term | Definition", "Cap | The limit", "Cap", "The limit", None),
            ("Parameter | Value (bps)", "Cap | 50", "Cap", "50", "bps"),
            ("Parameter | Value", "Cap | 4.5 %", "Cap", "4.5 %", "%"),
            ("Screen | Symbol | Threshold | Unit", "Size | $m$ | 5 | USD", "Size", "5", "USD"),
            ("Abbreviation | Description", "NAV | Net asset value", "NAV", "Net asset value", None),
        ],
    )
    def test_define_under_headers_that_say_so(
        self, header: str, row: str, term: str, body: str, unit: str | None
    ) -> None:
        """The words of the header tell which column is defined by which."""
        ruler = "|".join("---" for _ in header.split("|"))

        definition = only(f"| {header} |\n|{ruler}|\n| {row} |\n", Definition)

        assert (definition.term, definition.body, definition.unit) == (term, body, unit)

    @pytest.mark.parametrize("header", ["Country | Value", "Name | Age", "Date | Description"])
    def test_define_nothing_under_other_headers(self, header: str) -> None:
        """Data about things defines none of them."""
        assert find(f"| {header} |\n|---|---|\n| a | 1 |\n", Definition) == []


class TestForeignTables:
    def test_are_known_by_their_captions(self) -> None:
        """A table that is a picture or HTML has a caption, so references to it do not dangle."""
        text = "Table 4: A picture\n\n![x](x.png)\n\nSee Table 4 and Table 5.\n"

        states = [(each.raw_target, each.resolution.state) for each in find(text, CrossReference)]

        assert states == [("Table 4", "ignored"), ("Table 5", "dangling")]

    def test_below_a_line_with_a_colon_have_that_as_caption(self) -> None:
        """A line, a caption with a colon and a table do not make a definition."""
        text = "Grids look like this:\n\n: Limits\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"

        assert find(text, Definition) == []
        assert only(text, Table).caption == "Limits"
