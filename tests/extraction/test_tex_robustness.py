"""LaTeX that is broken, endless or strange: exact places, the same result every time, and an end."""

from __future__ import annotations

import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventdocs.errors import ExtractionLimitError, UnreadableDocumentError
from eventdocs.extraction import Extraction, Limits, extract
from eventdocs.ir import Definition, Formula, Section, Table, to_json

BLOCKS = st.sampled_from(
    [
        "\\section{Heading %d}\\label{s%d}\n",
        "\\subsection*{Other \\emph{words} $h_%d$}\n\n",
        "Plain \\emph{text} with \\textbf{marks}, \\texttt{code} and $x_%d = y$.\n\n",
        "See Section~\\ref{s%d}, \\cref{e%d,t%d} and \\cite{k%d}; ``Term %d'' means it.\n\n",
        "\\begin{equation}\\label{e%d}\n a = \\frac{b}{c} % note\n\\end{equation}\nwhere $a$ is one.\n\n",
        "\\begin{align}\n a &= b \\\\ c &= d \\tag{%d}\n\\end{align}\n",
        "\\[ \\be %d \\]\n",
        "\\be a = %d \\ee\n",
        (
            "\\begin{table}\\caption{T %d}\\label{t%d}\\begin{tabular}{ll}\\hline Symbol & Meaning\\\\\\hline $s$ & "
            "\\multirow{2}{*}{b}\\\\ $t$ & \\\\ \\multicolumn{2}{c}{x}\\end{tabular}\\end{table}\n"
        ),
        "\\begin{description}\\item[Term %d] Body of $t$\n\n more \\item[$q$] x\\end{description}\n",
        "\\begin{itemize}\\item one \\item \\begin{enumerate}\\item two\\end{enumerate}\\end{itemize}\n",
        "\\begin{definition}[N %d]\\label{d%d} A thing is \\emph{good %d}.\\end{definition}\n",
        "\\newcommand{\\foo}[1]{#1 and \\emph{#1}, $#1$} \\foo{b%d}\n",
        "Note\\footnote{The Long Name Index (LNI) is $n$.} here.\n",
        "\\verb|$x$| \\begin{verbatim}\n\\section{no %d}\n\\end{verbatim}\n",
        "{\\em open %d ", "}", "$", "\\begin{center}", "\\end{itemize}", "\\item", "&", "\\\\", "%% c\n", "\n\n",
        "\\begin{equation} a\n\nUnclosed %d ", "\\newglossaryentry{g%d}{name=G %d,description={d, e}} \\gls{g%d}",
        "é𝑥💡 \u2028 \u00a0 \\'e \\\"{o} -- ``q''\n",
    ]
)  # fmt: skip
DOCUMENTS = st.lists(BLOCKS, max_size=14).map(
    lambda blocks: "".join(
        block.replace("%d", str(number)).replace("%%", "%") for number, block in enumerate(blocks)
    )
)
PREAMBLE = "\\newcommand{\\be}{\\begin{equation}}\\newcommand{\\ee}{\\end{equation}}\n"


def read(text: str, *, limits: Limits | None = None) -> Extraction:
    return extract(text.encode(), source_name="paper.tex", limits=limits or Limits())


def check_places(extraction: Extraction) -> None:
    text = extraction.text
    for each in extraction.ir.entities:
        start, end = each.span.start, each.span.end
        assert start is not None
        assert end is not None
        assert 0 <= start <= end <= len(text)
        if isinstance(each, Formula):
            assert text[start:end] == each.raw
            assert each.raw
        elif isinstance(each, Definition):
            body = each.body_span
            assert body.start is not None
            assert body.end is not None
            assert 0 <= body.start <= body.end <= len(text)
        elif isinstance(each, Section):
            assert text[start:end].startswith("\\")
        elif isinstance(each, Table):
            for cell in each.cells:
                if cell.span is not None and cell.text.isalnum() and not cell.formulas:
                    assert cell.span.start is not None
                    assert cell.text in text[cell.span.start : cell.span.end]


class TestPlaces:
    @given(DOCUMENTS, st.sampled_from(["\n", "\r\n", "\r"]))
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_are_exact_in_any_document(self, body: str, ending: str) -> None:
        """Whatever is written, and however lines end, the places are those of the source."""
        text = (PREAMBLE + body).replace("\n", ending)

        check_places(read(text))

    @given(DOCUMENTS, st.integers(0, 400))
    @settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_are_exact_in_what_is_left_of_one(self, body: str, cut: int) -> None:
        """A document that ends anywhere is read up to there."""
        check_places(read(body[: max(0, len(body) - cut)]))

    @given(st.text(alphabet="\\{}$&%~^_#[]()ab \n*@'`-|\"", max_size=60))
    @settings(max_examples=150, deadline=None)
    def test_are_exact_in_junk(self, text: str) -> None:
        """Characters that mean something to TeX may stand anywhere."""
        check_places(read(text))

    @given(DOCUMENTS)
    @settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_are_the_same_every_time(self, body: str) -> None:
        """Equal bytes give equal results."""
        assert to_json(read(body).ir) == to_json(read(body).ir)


class TestCost:
    @pytest.mark.parametrize(
        "text",
        [
            "{" * 20_000,
            "}" * 20_000,
            "\\emph{" * 4_000,
            "\\footnote{" * 4_000,
            "\\begin{itemize}\\item " * 3_000,
            "\\begin{description}\\item[a] " * 1_000,
            "\\begin{tabular}{c} a & " * 2_000,
            "\\begin{definition}\\emph{a} " * 1_000,
            "$" * 20_001,
            "$ { " * 5_000,
            "$$ a " * 1_001,
            "\\begin{equation} a " * 1_000,
            "\\begin{equation}" + "\\begin{split}" * 3_000,
            "\\foo[" * 10_000,
            "\\newcommand{\\a}[1]{#1}" + "\\a{" * 5_000,
            "\\newcommand{\\a}[1]{#1}" + "\\a{x " * 5_000 + "}" * 5_000,
            "\\verb|" * 5_000,
            "\\iffalse " * 5_000,
            "\\newglossaryentry{a}{name={" * 3_000,
            "%\n" * 20_000,
            "\n" * 40_000,
            "word " * 50_000,
            "\\" * 20_000,
            "{" * 5_000 + "\\end{x}" * 5_000,
            "\\begin{tabular}{c}" + "\\multirow{900}{*}{a} & " * 200,
        ],
        ids=lambda text: text[:24],
    )
    def test_grows_no_faster_than_the_document(self, text: str) -> None:
        """What is nested, open or repeated without end is read in time."""
        started = time.perf_counter()

        read(text)

        assert time.perf_counter() - started < 8

    def test_is_limited_by_the_number_of_cells(self) -> None:
        """Spans that claim a huge table are refused, with the limit's name."""
        text = "\\begin{tabular}{c}\\multirow{1000}{*}{\\multicolumn{1000}{c}{x}}\\end{tabular}"

        with pytest.raises(ExtractionLimitError) as caught:
            read(text, limits=Limits(max_cells=1_000))

        assert caught.value.limit == "max_cells"

    @pytest.mark.parametrize(
        ("limits", "name"),
        [(Limits(max_lines=3), "max_lines"), (Limits(max_entities=2), "max_entities")],
    )
    def test_is_limited_by_settings(self, limits: Limits, name: str) -> None:
        """A document that exceeds a limit is refused as a whole."""
        with pytest.raises(ExtractionLimitError) as caught:
            read("$a$\n\n$b$\n\n$c$\n", limits=limits)

        assert caught.value.limit == name

    def test_of_long_formulas_is_none(self) -> None:
        """A formula that is too long is kept as it is and not looked into."""
        [formula] = [
            each
            for each in read("$x + y$", limits=Limits(max_formula_length=3)).ir.entities
            if isinstance(each, Formula)
        ]

        assert (formula.latex, formula.parsed) == ("x + y", "opaque")


class TestEncodings:
    def test_that_are_no_text_are_refused(self) -> None:
        """Latin-1 is told from UTF-8 by its first bad byte."""
        with pytest.raises(UnreadableDocumentError, match="0xe9"):
            extract("\\section{é}".encode("latin-1"), source_name="a.tex")

    def test_may_have_a_mark(self) -> None:
        """A byte order mark says what the encoding is."""
        extraction = extract("\\section{é}".encode("utf-16"), source_name="a.tex")

        assert [e.title for e in extraction.ir.entities if isinstance(e, Section)] == ["é"]
