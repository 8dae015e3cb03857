import pytest

from eventdocs.ir import Definition, Formula
from tests.extraction.reading import find, only, raw, read

DISPLAYED = {
    "dollars on lines of their own": "$$\na = b\n$$",
    "dollars on one line": "$$a = b$$",
    "dollars inside a paragraph": "The rule is $$a = b$$ here.",
    "dollars interrupting a paragraph": "The rule\n$$\na = b\n$$\nholds.",
    "dollars in a quotation": "> $$\n> a = b\n> $$",
    "dollars in a list": "- The rule\n\n  $$\n  a = b\n  $$",
    "brackets": "\\[\na = b\n\\]",
    "brackets on one line": "\\[ a = b \\]",
    "a fenced block": "```math\na = b\n```",
    "a directive": "```{math}\na = b\n```",
    "a directive in colons": ":::{math}\na = b\n:::",
    "the argument of a directive": "```{math} a = b\n```",
}
INLINE = {
    "dollars": "It is $a = b$ here.",
    "dollars and backticks": "It is $`a = b`$ here.",
    "parentheses": "It is \\(a = b\\) here.",
    "a role": "It is {math}`a = b` here.",
    "a heading": "# It is $a = b$",
    "a cell": "| x |\n|---|\n| $a = b$ |",
    "a link": "[It is $a = b$](#x)",
    "strong text": "**It is $a = b$**",
    "a term": "$a = b$\n: is it",
    "a footnote": "x[^1]\n\n[^1]: It is $a = b$.",
}


class TestFormulas:
    @pytest.mark.parametrize("form", DISPLAYED)
    def test_are_displayed_in_many_forms(self, form: str) -> None:
        """Every form of displayed math gives the same formula, with its exact raw text."""
        extraction = read(DISPLAYED[form])

        [formula] = [each for each in extraction.ir.entities if isinstance(each, Formula)]
        assert (formula.latex, formula.display, formula.text) == ("a = b", True, "a = b")
        assert raw(extraction, formula) == formula.raw == "a = b"

    @pytest.mark.parametrize("form", INLINE)
    def test_are_inline_in_many_forms(self, form: str) -> None:
        """Every form of inline math gives the same formula, with its exact raw text."""
        extraction = read(INLINE[form])

        [formula] = [each for each in extraction.ir.entities if isinstance(each, Formula)]
        assert (formula.latex, formula.display) == ("a = b", False)
        assert raw(extraction, formula) == "a = b"

    @pytest.mark.parametrize("environment", ["equation", "align*", "gather", "multline"])
    def test_may_be_bare_environments(self, environment: str) -> None:
        """An environment of amsmath needs no dollars around it, and is part of the LaTeX."""
        text = f"Text\n\\begin{{{environment}}}\na = b\n\\end{{{environment}}}\nmore.\n"

        formula = only(text, Formula)

        assert formula.latex == text[5:-7]
        assert formula.parsed == "tree"

    @pytest.mark.parametrize(
        "text",
        [
            "It costs $5 and $10, or US$ 7.",
            "Between $5-$10 a month, $20,000 a year.",
            "From $100 million to A$ only.",
            "A literal \\$a\\$ or `$a$`.",
            "    $$\n    a = b\n    $$",
            "```\n$a$\n```",
            "An \\[escaped\\](link) and \\(words in parentheses\\).",
            "$$\nnever closed\n",
            "<!-- $a$ -->",
        ],
    )
    def test_are_not_found_in_prices_code_and_escapes(self, text: str) -> None:
        """Sums of money, code, escaped marks and comments hold no formulas."""
        assert find(text, Formula) == []

    @pytest.mark.parametrize(
        ("text", "number", "anchor"),
        [
            ("$$a = b$$ (eq-a)", None, "eq-a"),
            ("$$\na = b\n$$ (4)", "4", "4"),
            ("$$\na = b\n$$ {#eq-a}", None, "eq-a"),
            ("(eq-a)=\n$$a = b$$", None, "eq-a"),
            ("$$a = b \\tag{3.1} \\label{eq:a}$$", "3.1", "eq:a"),
            ("$$a = b \\qquad (7)$$", "7", None),
            ("```{math}\n:label: eq-a\na = b\n```", None, "eq-a"),
            (
                "$$\\begin{aligned}a &= b \\label{x} \\\\ c &= d \\label{y}\\end{aligned}$$",
                None,
                "x",
            ),
        ],
    )
    def test_have_numbers_and_labels(self, text: str, number: str | None, anchor: str) -> None:
        """Labels in and around a formula are its anchor, tags and numeric labels its number."""
        formula = only(text, Formula)

        assert (formula.number, formula.id.anchor) == (number, anchor)

    def test_in_quotations_are_free_of_the_marks_of_quotation(self) -> None:
        """LaTeX is what the author meant; the raw text is what stands there."""
        formula = only("> $$\n> a\n> + b\n> $$\n", Formula)

        assert formula.latex == "a\n+ b"
        assert formula.raw == "a\n> + b"

    @pytest.mark.parametrize("latex", ["\\frac{a", "a_", "^", "\\left( a", "\\begin{x} a"])
    def test_that_are_broken_are_kept(self, latex: str) -> None:
        """Broken LaTeX breaks nothing: the formula stays, read as far as it goes."""
        formula = only(f"${latex}$", Formula)

        assert formula.raw == latex
        assert (formula.parsed == "opaque") == (formula.mathml is None)

    def test_with_unknown_commands_say_so(self) -> None:
        """A formula with a command nobody knows is read in tokens, not as a whole tree."""
        assert only(r"$\frobnicate{a} + b$", Formula).parsed == "tokens"

    def test_write_text_in_mathml_as_text(self) -> None:
        """No text of a formula can become markup of the MathML it is written as."""
        mathml = only(r"$\text{<script>&} < a$", Formula).mathml

        assert mathml is not None
        assert "<script" not in mathml
        assert "&lt;script&gt;&amp;" in mathml

    def test_in_plain_words_are_found_on_lines_of_their_own(self) -> None:
        """An equation in words needs no markup when it has a line to itself."""
        extraction = read("The rule is\n\nWeight = Score / Sum of Scores\n\nfor each member.\n")

        [formula] = [each for each in extraction.ir.entities if isinstance(each, Formula)]
        assert formula.notation == "text"
        assert formula.display
        assert raw(extraction, formula) == formula.raw == "Weight = Score / Sum of Scores"
        assert formula.defines is not None
        assert formula.defines.base == "Weight"
        assert [each.symbol.base for each in formula.variables] == ["Score", "Sum of Scores"]
        assert formula.prov.confidence < 1

    @pytest.mark.parametrize(
        "line",
        [
            "The weight = what we say it is.",
            "path = /usr/bin",
            "name = value",
            'key = "text"',
            "`Weight = Score / Sum`",
            "a == b",
            "See x = y, which you know = trouble.",
        ],
    )
    def test_in_plain_words_are_not_prose_or_settings(self, line: str) -> None:
        """Sentences, settings and code with equal signs are no equations."""
        assert find(line, Formula) == []

    def test_of_several_equations_define_what_is_used_elsewhere(self) -> None:
        """An alignment defines its first symbol; further ones are definitions if they are used."""
        text = "$$\\begin{aligned} a &= b \\\\ c &= d \\\\ e &= f \\end{aligned}$$\n\n$$g = c$$\n"

        alignment, _ = find(text, Formula)
        [definition] = find(text, Definition)

        assert alignment.defines is not None
        assert alignment.defines.key == "a"
        assert (definition.term, definition.body, definition.form) == ("c", "d", "formula")

    @pytest.mark.parametrize(
        ("row", "defined"),
        [
            ("a &= b & c &= d", ["a", "c"]),
            ("a &= b & c &= d & e &= f", ["a", "c", "e"]),
            ("a & = b & c & = d", ["a", "c"]),
            ("a &= b & c = d", ["a", "c"]),
            ("a &= b &= c", ["a"]),
            ("a &=& b", ["a"]),
            ("a &= b & \\text{if } c &= d", ["a"]),
            ("a &= b & (c &= d)", ["a"]),
            ("a &= b & c", ["a"]),
        ],
    )
    def test_side_by_side_are_equations_of_their_own(self, row: str, defined: list[str]) -> None:
        """Pairs of columns hold an equation each; conditions belong to the one before them."""
        text = f"$$\n\\begin{{aligned}} {row} \\end{{aligned}}\n$$\n\n$$g = a c e$$\n"

        alignment, _ = find(text, Formula)

        assert alignment.defines is not None
        others = [each.term for each in find(text, Definition)]
        assert [alignment.defines.key, *others] == defined

    @pytest.mark.parametrize(
        ("latex", "roles"),
        [
            ("x \\sim N(m, s)", {"N": "operator", "m": "free", "s": "free"}),
            ("x \\sim MVN(m, s)", dict.fromkeys("MVN", "operator") | dict.fromkeys("ms", "free")),
            ("x = N(m, s)", {"N": "function", "m": "free", "s": "free"}),
            ("x \\sim y", {"y": "free"}),
        ],
    )
    def test_name_distributions_without_using_them(self, latex: str, roles: dict[str, str]) -> None:
        """The N of `x ~ N(0, 1)` is the normal distribution, and no number of things."""
        variables = only(f"$${latex}$$\n", Formula).variables

        assert {each.symbol.key: each.role for each in variables} == roles

    @pytest.mark.parametrize("written", ["i^{th}", "i^{\\text{th}}", "i^{\\mathrm{th}}"])
    def test_that_count_have_no_letters_of_the_ordinal(self, written: str) -> None:
        """The i-th is about i; `t` and `h` are only letters of a word."""
        [variable] = only(f"The ${written}$ day.", Formula).variables

        assert variable.symbol.key == "i"


class TestMacros:
    def test_are_expanded(self) -> None:
        """The document's own commands are written out, and their names are kept."""
        text = (
            "$$\\newcommand{\\E}[1]{\\mathbb{E}\\left[#1\\right]} \\def\\w{w_i}$$\n\n"
            "<!-- \\DeclareMathOperator{\\VaR}{VaR} -->\n\n"
            "$\\E{X} = \\VaR(\\w x)$\n"
        )

        formula = only(text, Formula)

        assert formula.latex == r"\mathbb{E}\left[X\right] = \operatorname{VaR}(w_i x)"
        assert formula.macros == ("\\E", "\\VaR", "\\w")
        assert formula.raw == r"\E{X} = \VaR(\w x)"

    def test_may_have_optional_arguments(self) -> None:
        """An optional argument has the default that its definition gives."""
        text = "$$\\newcommand{\\norm}[2][2]{|#2|_{#1}}$$\n\n$\\norm{x} + \\norm[1]{y}$"

        assert only(text, Formula).latex == "|x|_{2} + |y|_{1}"

    def test_in_code_are_not_the_documents(self) -> None:
        """A macro shown as an example defines nothing."""
        text = "```latex\n\\newcommand{\\foo}{x}\n```\n\n$\\foo$"

        assert only(text, Formula).latex == "\\foo"

    @pytest.mark.parametrize(
        "definitions",
        [
            "\\def\\a{\\a}",
            "\\def\\a{\\b}\\def\\b{\\a}",
            "".join(
                f"\\newcommand{{\\{x}}}{{\\{y}\\{y}\\{y}\\{y}\\{y}\\{y}\\{y}\\{y}\\{y}\\{y}}}"
                for x, y in zip("abcdefgh", "bcdefghi", strict=True)
            )
            + "\\newcommand{\\i}{xxxxxxxxxx}",
        ],
        ids=["itself", "each other", "a billion laughs"],
    )
    def test_that_never_end_are_not_expanded(self, definitions: str) -> None:
        """Endless and exploding macros are left alone, at no cost."""
        formula = only(f"$${definitions}$$\n\n$\\a$", Formula)

        assert (formula.latex, formula.parsed) == ("\\a", "opaque")
