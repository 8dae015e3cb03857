"""What LaTeX may cost: its cells and its formulas."""

from __future__ import annotations

import pytest

from eventdocs.errors import ExtractionLimitError
from eventdocs.extraction import Extraction, Limits, extract
from eventdocs.ir import Formula


def read(text: str, *, limits: Limits | None = None) -> Extraction:
    return extract(text.encode(), source_name="paper.tex", limits=limits or Limits())


class TestCost:
    def test_is_limited_by_the_number_of_cells(self) -> None:
        """Spans that claim a huge table are refused, with the limit's name."""
        text = "\\begin{tabular}{c}\\multirow{1000}{*}{\\multicolumn{1000}{c}{x}}\\end{tabular}"

        with pytest.raises(ExtractionLimitError) as caught:
            read(text, limits=Limits(max_cells=1_000))

        assert caught.value.limit == "max_cells"

    def test_of_long_formulas_is_none(self) -> None:
        """A formula that is too long is kept as it is and not looked into."""
        [formula] = [
            each
            for each in read("$x + y$", limits=Limits(max_formula_length=3)).ir.entities
            if isinstance(each, Formula)
        ]

        assert (formula.latex, formula.parsed) == ("x + y", "opaque")
