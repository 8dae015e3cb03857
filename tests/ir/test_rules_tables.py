import attrs
import pytest

from eventdocs.ir import Table, validate
from tests.ir.drafts import Draft, codes, issues_of

ROWS = [["Name", "Value"], ["A", "1"], ["B", "2"], ["C", "3"]]


class TestRaggedRows:
    @pytest.mark.parametrize(("width", "severity"), [(3, "error"), (1, "warning")])
    def test_are_reported_with_their_number(self, width: int, severity: str) -> None:
        """A surplus cell loses content, a missing one perhaps nothing."""
        draft = Draft()
        draft.table(ROWS, caption="Values", widths=[2, 2, width, 2])

        (issue,) = issues_of(draft.build(), "ragged-row")

        assert (issue.severity, issue.data["row"]) == (severity, 2)
        assert "Row 3 of table Values" in issue.message

    def test_are_not_rows_with_spans(self) -> None:
        """A cell that spans columns or rows fills the places of others."""
        draft = Draft()
        draft.table(ROWS, widths=[2, 2, 1, 1])
        table = draft.entities[0]
        assert isinstance(table, Table)
        cells = [cell for cell in table.cells if (cell.row, cell.col) not in {(2, 1), (3, 1)}]
        wide = [
            attrs.evolve(cell, row_span=2) if (cell.row, cell.col) == (2, 0) else cell
            for cell in cells
            if (cell.row, cell.col) != (3, 0)
        ]
        spanned = [
            attrs.evolve(cell, col_span=2) if (cell.row, cell.col) == (2, 0) else cell
            for cell in wide
        ]
        draft.entities[0] = attrs.evolve(table, cells=tuple(spanned), declared_widths=(2, 2, 1, 0))

        assert draft.build().issues == ()

    def test_become_one_finding_when_only_the_header_differs(self) -> None:
        """Rows that agree with each other against the header put the header in the wrong."""
        draft = Draft()
        draft.table(ROWS, widths=[3, 2, 2, 2])

        ir = draft.build()

        assert codes(ir) == ["header-mismatch"]
        assert ir.issues[0].data == {"header": 3, "rows": 2}

    def test_do_not_matter_in_layout(self) -> None:
        """A table that only arranges text may do as it likes."""
        draft = Draft()
        draft.table(ROWS, widths=[2, 2, 5, 2])
        table = draft.entities[0]
        assert isinstance(table, Table)
        draft.entities[0] = attrs.evolve(table, layout=True)

        assert draft.build().issues == ()


class TestOverlappingCells:
    def test_are_found_although_such_a_table_is_invalid(self) -> None:
        """Validation also judges tables that come from elsewhere."""
        draft = Draft()
        draft.table(ROWS)
        ir = draft.build()
        (table,) = ir.entities
        assert isinstance(table, Table)
        first, *others = table.cells
        overlapping = attrs.evolve(table, cells=(attrs.evolve(first, col_span=2), *others))

        issues = validate(attrs.evolve(ir, entities=(overlapping,)))

        (issue,) = (each for each in issues if each.code == "overlapping-cells")
        assert issue.severity == "error"
        assert "'Name' and 'Value'" in issue.message


class TestMixedColumns:
    def test_report_the_odd_value(self) -> None:
        """A word among numbers is reported with the column and the word."""
        draft = Draft()
        rows = [["Name", "Value"], *([str(n), str(n)] for n in range(8)), ["x", "five"]]
        draft.table(rows, deviants=[[], [9]])

        (issue,) = issues_of(draft.build(), "mixed-column")

        assert issue.severity == "warning"
        assert "'five'" in issue.message

    @pytest.mark.parametrize("text", ["n/a", "–", ""])
    def test_accept_words_for_nothing(self, text: str) -> None:
        """A dash where there is no value is as good as an empty cell."""
        draft = Draft()
        rows = [["Name", "Value"], *([str(n), str(n)] for n in range(8)), ["x", text]]
        draft.table(rows, deviants=[[], [9]])

        assert draft.build().issues == ()

    def test_accept_columns_of_all_sorts(self) -> None:
        """Where every other value is of another type, there is no type to break."""
        draft = Draft()
        draft.table(ROWS, deviants=[[], [1, 2]])

        assert draft.build().issues == ()


class TestUnits:
    def test_differ_between_a_cell_and_its_column(self) -> None:
        """A cell in dollars in a column of euros is reported."""
        draft = Draft()
        draft.table(ROWS, units=[None, "EUR"])
        table = draft.entities[0]
        assert isinstance(table, Table)
        cells = [attrs.evolve(cell, unit="USD") if cell.text == "2" else cell
                 for cell in table.cells]  # fmt: skip
        draft.entities[0] = attrs.evolve(table, cells=tuple(cells))

        (issue,) = issues_of(draft.build(), "unit-mismatch")

        assert issue.data["units"] == ["USD", "EUR"]

    def test_differ_between_a_parameter_and_its_definition(self) -> None:
        """A cap defined in percent and given in basis points is reported at the table."""
        draft = Draft()
        draft.definition("Cap", "the largest weight", unit="%")
        draft.table([["Parameter", "Value"], ["Cap", "500"]], units=[None, "bps"])
        ir = draft.build()

        (issue,) = issues_of(ir, "unit-mismatch")

        assert issue.entities == tuple(each.id.entity_id for each in reversed(ir.entities))

    def test_differ_between_a_formula_and_its_definition(self) -> None:
        """A quantity computed in one unit and defined in another is reported."""
        draft = Draft()
        draft.formula("L = 1", defines="L", unit="USD")
        draft.definition("Level", "the index", names="L", unit="points")

        assert "unit-mismatch" in codes(draft.build())

    @pytest.mark.parametrize(("one", "other"), [("%", "percent"), ("bps", "Basis Points")])
    def test_agree_in_any_spelling(self, one: str, other: str) -> None:
        """A percent sign and the word are one unit."""
        draft = Draft()
        draft.definition("Cap", "the largest weight", unit=one)
        draft.table([["Parameter", "Value"], ["Cap", "500"]], units=[None, other])

        assert draft.build().issues == ()
