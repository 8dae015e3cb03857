"""LaTeX: sections, definitions, formulas, tables and references of an article."""

from __future__ import annotations

from decimal import Decimal

import pytest

from eventdocs.ir import CrossReference, Definition, Formula, Section, Table
from tests.extraction.reading import Reading, raw

_FORMAT = Reading("paper.tex")
read, find, only = _FORMAT.read, _FORMAT.find, _FORMAT.only


def article(body: str, preamble: str = "", kind: str = "article") -> str:
    return (
        f"\\documentclass{{{kind}}}\n{preamble}\n\\begin{{document}}\n{body}\n\\end{{document}}\n"
    )


def states(text: str) -> dict[str, str]:
    return {each.raw_target: each.resolution.state for each in find(text, CrossReference)}


class TestSections:
    def test_are_numbered_as_latex_numbers_them(self) -> None:
        """Chapters are missing in an article; a star takes the number away."""
        text = article(
            "\\section{One}\\subsection{A}\\subsection*{No}\\subsection{B}\\section[x]{Two}"
            "\\appendix\\section{More}\\subsection{Inner}"
        )

        found = find(text, Section)

        assert [(each.level, each.number, each.title) for each in found] == [
            (1, "1", "One"),
            (2, "1.1", "A"),
            (2, None, "No"),
            (2, "1.2", "B"),
            (1, "2", "Two"),
            (1, "A", "More"),
            (2, "A.1", "Inner"),
        ]

    def test_stand_in_chapters_in_a_book(self) -> None:
        """The highest heading that is used is level one."""
        text = article(
            "\\chapter{C}\\section{S}\\begin{equation}a=b\\end{equation}\\appendix\\chapter{D}",
            kind="book",
        )

        assert [(e.level, e.number) for e in find(text, Section)] == [
            (1, "1"),
            (2, "1.1"),
            (1, "A"),
        ]
        assert only(text, Formula).number == "1.1"

    def test_take_the_label_behind_them(self) -> None:
        """A label names the heading that it follows, whatever white space is between."""
        text = article("\\section{Rules}\n% why\n\\label{sec:rules}\nSee \\ref{sec:rules}.")

        extraction = read(text)
        section = next(each for each in extraction.ir.entities if isinstance(each, Section))
        reference = next(e for e in extraction.ir.entities if isinstance(e, CrossReference))

        assert section.id.anchor == "sec:rules"
        assert raw(extraction, section).startswith("\\section{Rules}")
        assert reference.resolution.target == section.id.entity_id

    def test_give_way_to_what_is_no_text(self) -> None:
        """Comments, verbatim text, listings and false conditions hold no sections."""
        text = article(
            "% \\section{a}\n\\begin{verbatim}\n\\section{b}\n\\end{verbatim}\n\\verb|\\section{c}|\n"
            "\\begin{lstlisting}[language=TeX]\n\\section{d}\n\\end{lstlisting}\n"
            "\\iffalse \\section{e} \\iftrue \\fi \\section{f} \\fi 5\\% \\section{Real}"
        )

        assert only(text, Section).title == "Real"

    def test_end_with_the_document(self) -> None:
        r"""Nothing is read behind `\end{document}`, nor text before its beginning."""
        text = "\\documentclass{article} $p$ \\begin{document} $x$ \\end{document} $y$"

        assert only(text, Formula).latex == "x"

    def test_titles_are_words(self) -> None:
        """Accents, dashes, quotation marks and styles are written out."""
        text = "\\section{Na\\\"{\\i}ve \\emph{caf\\'e} --- ``Str\\o m''~\\& \\v{S}}"

        assert only(text, Section).title == "Naïve café — “Strøm” & Š"

    def test_name_the_document(self) -> None:
        """The title of the document is what `title` says."""
        text = article("\\maketitle Text.", "\\title{On \\emph{Things}\\thanks{Me.}}")

        assert read(text).ir.title == "On Things"


class TestFormulas:
    @pytest.mark.parametrize(
        ("written", "display"),
        [
            ("$a = b$", False),
            ("\\(a = b\\)", False),
            ("\\begin{math}a = b\\end{math}", False),
            ("\\ensuremath{a = b}", False),
            ("$$a = b$$", True),
            ("\\[ a = b \\]", True),
            ("\\begin{equation*} a = b \\end{equation*}", True),
            ("\\begin{displaymath}\n a = b\n\\end{displaymath}", True),
        ],
    )
    def test_are_found_between_all_delimiters(self, written: str, display: bool) -> None:
        """The raw text is what stands between the delimiters."""
        extraction = read(f"Text {written} goes on.")
        [formula] = [each for each in extraction.ir.entities if isinstance(each, Formula)]

        assert (formula.latex, formula.display) == ("a = b", display)
        assert raw(extraction, formula) == formula.raw == "a = b"

    def test_of_an_alignment_are_one_for_each_row(self) -> None:
        """Each row has its number and its labels; tags and notag count differently."""
        text = (
            "\\begin{align}\n a &= b \\label{eq:a}\\\\[2pt]\n c &= d \\notag\\\\\n"
            " e &= f \\tag{A1}\\label{eq:e}\\\\\n g &= \\begin{cases} 1 \\\\ 2 \\end{cases}\n\\end{align}"
        )

        found = find(text, Formula)

        assert [(each.latex, each.number, each.id.anchor) for each in found] == [
            ("a = b", "1", "eq:a"),
            ("c = d", None, None),
            ("e = f", "A1", "eq:e"),
            ("g = \\begin{cases} 1 \\\\ 2 \\end{cases}", "2", None),
        ]
        assert [each.raw for each in found][:2] == ["a &= b", "c &= d"]

    def test_of_an_equation_with_several_lines_are_one(self) -> None:
        """Split, multline and aligned break one formula into lines."""
        text = (
            "\\begin{equation}\\label{x}\\begin{split} a &= b \\\\ &= c \\end{split}\\end{equation}"
            "\\begin{multline} a \\\\ = b \\end{multline}"
        )

        assert [each.number for each in find(text, Formula)] == ["1", "2"]

    def test_side_by_side_stay_apart(self) -> None:
        """Several equations in one row of an alignment keep their columns."""
        found = find("\\begin{align} a &= b & c &= d \\end{align}", Formula)

        assert [each.latex for each in found] == ["\\begin{aligned}a &= b & c &= d\\end{aligned}"]

    def test_of_eqnarray_lose_their_columns(self) -> None:
        """The sign stands in a column of its own there."""
        found = find(
            "\\begin{eqnarray} a &=& b \\\\ c &\\le& d \\nonumber \\end{eqnarray}", Formula
        )

        assert [(each.latex, each.number) for each in found] == [
            ("a = b", "1"),
            ("c \\le d", None),
        ]

    def test_count_within_sections_and_groups(self) -> None:
        """Subequations have letters; a label of the group names its first formula."""
        text = article(
            "\\section{S}\\begin{equation}a=1\\end{equation}"
            "\\begin{subequations}\\label{all}\\begin{align} b&=2\\\\ c&=3 \\end{align}\\end{subequations}"
            "\\begin{equation}d=4\\end{equation} See \\eqref{all}.",
            "\\numberwithin{equation}{section}",
        )

        found = find(text, Formula)

        assert [each.number for each in found] == ["1.1", "1.2a", "1.2b", "1.3"]
        assert only(text, CrossReference).resolution.target == found[1].id.entity_id

    def test_may_hold_text_with_math(self) -> None:
        """A dollar inside braces does not end a formula."""
        assert only("$x \\text{ if $y$ holds}$", Formula).latex == "x \\text{ if $y$ holds}"

    def test_without_an_end_are_text(self) -> None:
        """A dollar that nothing closes in its paragraph is a dollar."""
        assert [each.latex for each in find("It costs 5$ or so.\n\nThen $x$.", Formula)] == ["x"]

    def test_lose_their_comments(self) -> None:
        """A comment inside a formula is no part of its LaTeX, and of its raw text is."""
        formula = only("\\[ a % why\n = b \\]", Formula)

        assert formula.latex == "a = b"
        assert formula.raw == "a % why\n = b"

    def test_between_rows_text_is_text(self) -> None:
        """Intertext has formulas and references of its own."""
        text = (
            "\\begin{align} a &= b \\\\ \\intertext{where $z$ is, see \\ref{q}} c &= d \\end{align}"
        )

        assert [each.latex for each in find(text, Formula)] == ["a = b", "z", "c = d"]
        assert only(text, CrossReference).raw_target == "q"

    def test_are_explained_by_what_follows(self) -> None:
        """A where clause behind a formula says what its symbols mean."""
        text = "We have\n\\begin{equation}\n W = R V\n\\end{equation}\nwhere $R$ is the return and $V$ is the value."

        assert [(each.term, each.body, each.form) for each in find(text, Definition)] == [
            ("R", "the return", "where"),
            ("V", "the value", "where"),
        ]


class TestMacros:
    def test_are_expanded_in_formulas(self) -> None:
        """The LaTeX stands for itself; the raw text is what was written."""
        text = article(
            "$\\E{X} = \\abs*{\\eps}$",
            "\\newcommand{\\E}[1]{\\mathbb{E}[#1]} % \\newcommand{\\E}{no}\n"
            "\\DeclarePairedDelimiter{\\abs}{\\lvert}{\\rvert}\\let\\eps=\\varepsilon",
        )

        formula = only(text, Formula)

        assert formula.latex.split() == r"\mathbb{E}[X] = \lvert \varepsilon \rvert".split()
        assert formula.raw == "\\E{X} = \\abs*{\\eps}"
        assert formula.macros == ("\\E", "\\abs", "\\eps")

    def test_may_begin_and_end_environments(self) -> None:
        """Short forms of environments are common, as commands and as environments."""
        text = article(
            "\\be a = b \\label{x} \\ee \\begin{eqn} c = d \\end{eqn} \\eqn{e = f}",
            "\\newcommand{\\be}{\\begin{equation}}\\def\\ee{\\end{equation}}\n"
            "\\newenvironment{eqn}{\\begin{equation*}}{\\end{equation*}}\n"
            "\\newcommand{\\eqn}[1]{\\begin{equation}#1\\end{equation}}",
        )

        assert [(e.latex, e.number, e.id.anchor) for e in find(text, Formula)] == [
            ("a = b", "1", "x"),
            ("c = d", None, None),
            ("e = f", "2", None),
        ]

    def test_are_expanded_in_text(self) -> None:
        """References and formulas in macros are found; they stand where the macro is used."""
        text = article(
            "\\section{S}\\label{s} By \\secref{s}, \\R{} is real.",
            "\\newcommand{\\secref}[1]{Section~\\ref{#1}}\\newcommand{\\R}{\\ensuremath{\\mathbb{R}}}",
        )

        extraction = read(text)
        reference = next(e for e in extraction.ir.entities if isinstance(e, CrossReference))
        formula = next(e for e in extraction.ir.entities if isinstance(e, Formula))

        assert raw(extraction, reference) == "\\secref{s}"
        assert (formula.latex, formula.raw) == ("\\mathbb{R}", "\\R")

    def test_that_wrap_what_they_rename_end(self) -> None:
        """An alias keeps the meaning that a command had before it was defined anew."""
        text = article(
            "$\\vec{x}$",
            "\\let\\oldvec\\vec \\renewcommand{\\vec}[1]{\\oldvec{\\mathbf{#1}}}",
        )

        assert only(text, Formula).latex == "\\vec{\\mathbf{x}}"

    @pytest.mark.parametrize(
        "preamble",
        [
            "\\def\\a{x\\a}",
            "\\def\\a{\\b}\\def\\b{\\a}",
            "\\newenvironment{e}{\\begin{f}}{}\\newenvironment{f}{\\begin{e}}{}",
            "".join(
                f"\\def\\{a}{{{f'{chr(92)}{b} ' * 10}}}"
                for a, b in zip("abcdefgh", "bcdefghi", strict=True)
            ),
        ],
    )
    def test_without_an_end_end(self, preamble: str) -> None:
        """Endless and exploding macros are left alone where they stop being useful."""
        text = article("\\a \\begin{e} $y$ \\end{e} \\section{Still}", preamble)

        assert [each.latex for each in find(text, Formula)] == ["y"]
        assert only(text, Section).title == "Still"


class TestDefinitions:
    def test_stand_in_description_lists(self) -> None:
        """A body may have several paragraphs; a formula may be the term."""
        text = (
            "\\begin{description}\n\\item[Rate] The price of $m$.\n\nOf money.\n"
            "\\item[$q_i$] the size\n\\end{description}"
        )

        rate, size = find(text, Definition)

        assert (rate.term, rate.body, rate.form) == ("Rate", "The price of m. Of money.", "deflist")
        assert size.symbol is not None
        assert (size.symbol.key, size.body) == ("q_{i}", "the size")
        assert rate.prov.confidence == 1.0

    def test_stand_in_environments(self) -> None:
        """The emphasised term of a definition is defined, and a label names it."""
        text = article(
            "\\begin{defn}\\label{d}\nA set is \\emph{convex} if $tx$ is in it.\n\\end{defn}\n"
            "\\begin{defn}[Cone] It has a tip.\\end{defn} See \\ref{d}.",
            "\\newtheorem{defn}{Definition}[section]",
        )

        convex, cone = find(text, Definition)

        assert (convex.term, convex.id.anchor, convex.prov.confidence) == ("convex", "d", 0.9)
        assert (cone.term, cone.body) == ("Cone", "It has a tip.")
        assert only(text, CrossReference).reference_type == "definition"
        assert only(text, CrossReference).resolution.target == convex.id.entity_id

    def test_are_not_in_theorems(self) -> None:
        """What a theorem emphasises is no term; its label is known all the same."""
        text = article(
            "\\begin{thm}\\label{t} It is \\emph{always} so.\\end{thm} By \\ref{t}.",
            "\\newtheorem{thm}{Theorem}",
        )

        assert find(text, Definition) == []
        assert states(text) == {"t": "ignored"}

    def test_stand_in_glossaries(self) -> None:
        """Entries are definitions, and mentions of them refer to them."""
        text = article(
            "The \\gls{vol} and \\acrlong{tri} of \\gls{none}.",
            "\\newglossaryentry{vol}{name={volatility}, description={deviation, in $\\sigma$},"
            " symbol={$\\sigma$}}\n\\newacronym[x=y]{tri}{TRI}{Total Return Index}",
        )

        volatility, index = find(text, Definition)

        assert (volatility.term, volatility.body, volatility.form) == (
            "volatility",
            "deviation, in σ",
            "glossary",
        )
        assert volatility.symbol is not None
        assert (index.term, index.body, index.form) == ("TRI", "Total Return Index", "acronym")
        assert states(text) == {"vol": "resolved", "tri": "resolved", "none": "dangling"}

    def test_stand_in_nomenclatures_and_acronym_lists(self) -> None:
        """Packages have their own ways to say the same."""
        text = (
            "\\nomenclature{$\\rho$}{density} \\begin{acronym}\\acro{svm}[SVM]{support machine}"
            "\\end{acronym} \\DeclareAcronym{mle}{short=MLE, long=maximum likelihood}"
        )

        assert [(e.term, e.body) for e in find(text, Definition)] == [
            ("ρ", "density"),
            ("SVM", "support machine"),
            ("MLE", "maximum likelihood"),
        ]

    def test_stand_in_sentences_and_notes(self) -> None:
        """Quotation marks in TeX's spelling are quotation marks."""
        text = (
            "``Index Value'' means the level of the index.\n\n"
            "See the note.\\footnote{The Total Return Index (TRI) is old.}"
        )

        assert [(each.term, each.form) for each in find(text, Definition)] == [
            ("Index Value", "sentence"),
            ("TRI", "acronym"),
        ]

    def test_have_exact_places(self) -> None:
        """The place of a body is where it was written."""
        text = "\\begin{description}\\item[Rate] The \\emph{price} of it.\n\\end{description}"
        extraction = read(text)
        [definition] = [e for e in extraction.ir.entities if isinstance(e, Definition)]

        body = definition.body_span
        assert body.start is not None
        assert extraction.text[body.start : body.end] == "The \\emph{price} of it."
        assert raw(extraction, definition).startswith("Rate]")


class TestTables:
    TABLE = (
        "\\begin{table}[ht]\n\\caption{Parameters of $f$}\\label{tab:p}\n"
        "\\begin{tabular}{@{}lcr@{}}\n\\toprule\n\\multicolumn{2}{c}{Names} & Value (\\%) \\\\\n"
        "\\cmidrule(lr){1-2}\nShort & Long & \\\\\n\\midrule\n"
        "a & \\multirow{2}{*}{both} & 1.5 \\\\\nb & & 2.5 \\\\\n\\bottomrule\n\\end{tabular}\n\\end{table}"
    )

    def test_have_spans_and_headers(self) -> None:
        """The rule below the head parts it from the body; blank cells under a span are none."""
        table = only(self.TABLE, Table)

        cells = [(c.row, c.col, c.row_span, c.col_span, c.text) for c in table.cells]
        assert cells == [
            (0, 0, 1, 2, "Names"),
            (0, 2, 1, 1, "Value (%)"),
            (1, 0, 1, 1, "Short"),
            (1, 1, 1, 1, "Long"),
            (1, 2, 1, 1, ""),
            (2, 0, 1, 1, "a"),
            (2, 1, 2, 1, "both"),
            (2, 2, 1, 1, "1.5"),
            (3, 0, 1, 1, "b"),
            (3, 2, 1, 1, "2.5"),
        ]
        assert (table.header_rows, table.n_cols) == (2, 3)
        assert table.columns[0].path == ("Names", "Short")
        assert (table.columns[2].dtype, table.columns[2].unit) == ("decimal", "%")
        assert table.cells[7].value == Decimal("1.5")

    def test_have_captions_numbers_and_labels(self) -> None:
        """A label may stand anywhere in the float."""
        text = self.TABLE.replace("\\label{tab:p}", "").replace(
            "\\end{table}", "\\label{tab:p}\\end{table}"
        )

        for written in (self.TABLE, text):
            table = only(written, Table)
            assert (table.caption, table.number, table.id.anchor) == (
                "Parameters of f",
                "1",
                "tab:p",
            )

    def test_are_not_ragged_for_their_spans(self) -> None:
        """A table as LaTeX wants it gives no finding."""
        assert [each.code for each in read(self.TABLE).ir.issues if "row" in each.code] == []

    def test_stay_ragged(self) -> None:
        """Cells that are missing stay missing."""
        table = only(
            "\\begin{tabular}{lll} a & b & c \\\\ d & e \\\\ f & g & h \\end{tabular}", Table
        )

        assert table.declared_widths == (3, 2, 3)

    def test_that_are_long_repeat_nothing(self) -> None:
        """Heads and feet of the pages of a long table are there once or not at all."""
        text = (
            "\\begin{longtable}{ll}\n\\caption{Long}\\label{tab:l}\\\\\n\\hline A & B \\\\ \\hline\n"
            "\\endfirsthead\nA & (again) \\\\\n\\endhead\nfoot & \\\\\n\\endfoot\n1 & 2 \\\\\n3 & 4 \\\\\n\\end{longtable}"
        )

        table = only(text, Table)

        assert [each.text for each in table.cells] == ["A", "B", "1", "2", "3", "4"]
        assert (table.header_rows, table.caption, table.number) == (1, "Long", "1")
        assert table.id.anchor == "tab:l"

    def test_define_what_their_rows_say(self) -> None:
        """Symbols and their meanings in a table are definitions; cells hold formulas."""
        text = "\\begin{tabular}{ll} \\hline Symbol & Meaning \\\\ \\hline $\\mu$ & drift \\\\ $\\nu$ & noise \\\\ \\end{tabular}"

        assert [(e.term, e.body, e.form) for e in find(text, Definition)] == [
            ("μ", "drift", "table_row"),
            ("ν", "noise", "table_row"),
        ]
        assert [each.latex for each in find(text, Formula)] == ["\\mu", "\\nu"]

    def test_may_stand_in_a_cell(self) -> None:
        """An ampersand in an inner table or in braces parts no outer cells."""
        text = (
            "\\begin{tabular}{ll} a & {b & c} \\\\ d & \\begin{tabular}{l} e \\\\ f \\end{tabular} \\\\"
            " \\end{tabular}"
        )

        assert sorted(each.declared_widths for each in find(text, Table)) == [(1, 1), (2, 2)]


class TestReferences:
    def test_know_what_their_labels_name(self) -> None:
        """The kind of a reference is that of its target, whatever the label looks like."""
        text = article(
            "\\section{S}\\label{a} \\begin{equation}\\label{b} x \\end{equation}"
            "\\begin{figure}\\caption{F}\\label{c}\\end{figure}\\begin{enumerate}\\item\\label{d} i\\end{enumerate}"
            "\\begin{table}\\caption{T}\\label{e}\\begin{tabular}{ll}1&2\\\\3&4\\end{tabular}\\end{table}"
            "\\ref{a} \\eqref{b} \\autoref{c} \\ref*{d} \\Cref{e} \\pageref{f}"
        )

        found = {
            e.raw_target: (e.reference_type, e.resolution.state) for e in find(text, CrossReference)
        }

        assert found == {
            "a": ("section", "resolved"),
            "b": ("formula", "resolved"),
            "c": ("figure", "ignored"),
            "d": ("unknown", "ignored"),
            "e": ("table", "resolved"),
            "f": ("section", "dangling"),
        }

    def test_to_several_labels_are_several(self) -> None:
        """Each of several names stands where it was written."""
        extraction = read("\\cref{eq:a, eq:b} and \\citep[see][p. 3]{knuth,  lamport}")
        found = [each for each in extraction.ir.entities if isinstance(each, CrossReference)]

        assert [(raw(extraction, e), e.reference_type) for e in found] == [
            ("eq:a", "formula"),
            ("eq:b", "formula"),
            ("knuth", "citation"),
            ("lamport", "citation"),
        ]

    def test_in_words_are_found_beside_commands(self) -> None:
        """`Section 9`, `Appendix A` and `Table 7` dangle; a command is one reference, not two."""
        text = article(
            "\\section{One}\\section{Two}\\label{two} See Section 9, Appendix A, Table 7 and Section 2, "
            "as in Section~\\ref{two}."
        )

        assert states(text) == {
            "Section 9": "dangling",
            "Appendix A": "dangling",
            "Table 7": "dangling",
            "Section 2": "resolved",
            "two": "resolved",
        }
        assert len(find(text, CrossReference)) == 5

    def test_to_the_bibliography_are_known(self) -> None:
        """Items of the bibliography are targets; other keys are in a file of their own."""
        text = (
            "\\cite{knuth} \\textcite{other}\\begin{thebibliography}{9}"
            "\\bibitem[K]{knuth} Knuth. \\end{thebibliography}"
        )

        assert states(text) == {"knuth": "ignored", "other": "external"}

    def test_to_addresses_are_external(self) -> None:
        """An address may hold what elsewhere is a comment."""
        text = "\\url{https://a.example/x%20y#z} \\href{https://b.example/q?a\\&b}{there}"

        assert states(text) == {
            "https://a.example/x%20y#z": "external",
            "https://b.example/q?a&b": "external",
        }

    def test_with_text_of_their_own_keep_it(self) -> None:
        """What a link covers is its text."""
        text = "\\section{S}\\label{s} See \\hyperref[s]{the rules} now."
        reference = only(text, CrossReference)

        assert (reference.text, reference.raw_target) == ("the rules", "s")
        assert reference.resolution.state == "resolved"

    def test_stand_in_formulas_and_tags(self) -> None:
        """A reference inside a formula is one."""
        text = "\\begin{equation}\\label{a} x \\end{equation}\\begin{equation}\\tag{\\ref{a}$'$} y \\end{equation}"

        assert states(text) == {"a": "resolved"}
        assert [each.number for each in find(text, Formula)] == ["1", None]

    def test_of_unknown_packages_are_read_by_their_name(self) -> None:
        """A command whose name ends in ref or begins with cite is what it says."""
        text = "\\figref{fig:x} \\citealpalias{key}"

        assert [e.reference_type for e in find(text, CrossReference)] == ["figure", "citation"]


class TestOtherFiles:
    TEXT = "\\section{S} \\input{chapter} See \\ref{there}, Section 7 and \\include{more}."

    def test_are_named_and_not_read(self) -> None:
        """A file that is included is a reference to a document."""
        found = find(article(self.TEXT), CrossReference)

        files = [each for each in found if each.reference_type == "document"]
        assert [(each.target_document, each.resolution.state) for each in files] == [
            ("chapter", "external"),
            ("more", "external"),
        ]

    def test_may_hold_what_is_missing(self) -> None:
        """A label or number that is missing may be in such a file, so it does not dangle."""
        found = states(article(self.TEXT))

        assert (found["there"], found["Section 7"]) == ("external", "external")

    def test_leave_numbers_untold(self) -> None:
        """What follows an unread file has numbers that nobody can tell."""
        text = article("\\section{A}\\input{b}\\section{C}")

        assert [each.number for each in find(text, Section)] == ["1", None]

    def test_of_the_preamble_hold_no_text(self) -> None:
        """Definitions in another file are no labels."""
        text = article("See \\ref{there}.", "\\input{macros}")

        assert states(text) == {"macros": "external", "there": "dangling"}
