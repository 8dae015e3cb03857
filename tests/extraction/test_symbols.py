import pytest

from eventdocs.ir import Formula, Symbol
from tests.extraction.reading import only


def _formula(latex: str) -> Formula:
    return only(f"$${latex}$$", Formula)


def _roles(latex: str) -> dict[str, str]:
    return {each.symbol.key: each.role for each in _formula(latex).variables}


class TestVariables:
    @pytest.mark.parametrize(
        ("latex", "symbol"),
        [
            ("x", Symbol(base="x")),
            (r"\sigma", Symbol(base="σ")),
            (r"\hat{\sigma}_{i,t}", Symbol(base="σ", decoration=("hat",), subscript=("i", "t"))),
            (r"\bar{x}", Symbol(base="x", decoration=("bar",))),
            (r"\overline{x}", Symbol(base="x", decoration=("bar",))),
            ("x'", Symbol(base="x", decoration=("prime",))),
            ("x^*", Symbol(base="x", decoration=("*",))),
            (r"K_b^\circ", Symbol(base="K", decoration=("∘",), subscript=("b",))),
            (r"S_{\mathrm{total}}", Symbol(base="S", subscript=("total",))),
            ("S_{total}", Symbol(base="S", subscript=("total",))),
            ("L_{t-1}", Symbol(base="L", subscript=("t-1",))),
            (r"\mathbf{x}", Symbol(base="bold:x")),
            (r"\boldsymbol{\beta}", Symbol(base="bold:β")),
            (r"\mathcal{L}", Symbol(base="cal:L")),
            (r"\mathrm{VWAP}_t", Symbol(base="VWAP", subscript=("t",))),
            (r"\text{Index Level}_t", Symbol(base="Index Level", subscript=("t",))),
            ("Weight_i", Symbol(base="Weight", subscript=("i",))),
            ("NAV_t", Symbol(base="NAV", subscript=("t",))),
            (r"\epsilon", Symbol(base="ε")),
        ],
    )
    def test_are_symbols_with_decorations_and_subscripts(self, latex: str, symbol: Symbol) -> None:
        """A variable is its letter or word, what is written on it, and what below it."""
        first = _formula(f"{latex} + 1").variables[0]

        assert first.symbol == symbol

    @pytest.mark.parametrize(
        ("latex", "roles"),
        [
            (r"\sum_{i=1}^{n} x_i", {"i": "bound", "n": "free", "x_{i}": "free"}),
            (r"\prod_{k \in K} a_k", {"k": "bound", "K": "free", "a_{k}": "free"}),
            (r"\int_0^T f(s)\,ds", {"T": "free", "f": "function", "s": "bound", "d": "operator"}),
            (r"\max_{x} g(x)", {"x": "bound", "g": "function"}),
            (r"2 \pi r", {"π": "constant", "r": "free"}),
            (r"\pi_i r", {"π_{i}": "free", "i": "index", "r": "free"}),
            (r"e^{-r t}", {"e": "constant", "r": "free", "t": "free"}),
            (r"x \in \mathbb{R}", {"bb:R": "constant"}),
            (r"\mathbb{E}[X]", {"bb:E": "operator", "X": "free"}),
            (r"\log x + \max(y, z)", {"x": "free", "y": "free", "z": "free"}),
            (r"a(b + c)", {"a": "free", "b": "free", "c": "free"}),
            (r"x^T y", {"x": "free", "T": "operator", "y": "free"}),
            (r"\frac{dS}{dt} + S", {"d": "operator", "S": "free", "t": "free"}),
            (r"\text{if } x > 0", {"x": "free"}),
            (r"3\,\text{km}", {}),
            (r"xyz", {"x": "free", "y": "free", "z": "free"}),
        ],
    )
    def test_have_roles(self, latex: str, roles: dict[str, str]) -> None:
        """Indices of sums are bound, known constants and operators are told from the rest."""
        assert _roles(latex) == roles

    def test_are_counted(self) -> None:
        """Each symbol is there once, with the number of times it occurs."""
        [x, y] = _formula("x + x y + x").variables

        assert (x.symbol.key, x.count) == ("x", 3)
        assert (y.symbol.key, y.count) == ("y", 1)


class TestDefining:
    @pytest.mark.parametrize(
        ("latex", "defines", "relation"),
        [
            ("a = b", "a", "="),
            ("a := b", "a", ":="),
            (r"W_{i,t} = R_{i,t} V", "W_{i,t}", "="),
            (r"f(x, y) = x + y", "f", "="),
            (r"x \sim N(0, 1)", "x", r"\sim"),
            (r"x \le y", None, r"\le"),
            (r"a + b = c", None, "="),
            (r"2 a = c", None, "="),
            (r"x^2 = y", None, "="),
            (r"a", None, None),
            (r"\begin{align} a &= b \\ &= c \end{align}", "a", "="),
            (r"a = \begin{cases} b & c > 0 \\ d & c = 0 \end{cases}", "a", "="),
        ],
    )
    def test_is_told_from_the_left_side(
        self, latex: str, defines: str | None, relation: str | None
    ) -> None:
        """A lone symbol on the left of a defining relation is what the formula defines."""
        formula = _formula(latex)

        assert (formula.defines.key if formula.defines else None) == defines
        assert formula.relation == relation

    def test_does_not_count_as_using(self) -> None:
        """What a formula defines is among its variables only if it is computed from itself."""
        assert list(_roles("A = B")) == ["B"]
        assert list(_roles("Level = Level + 1")) == ["Level"]

    def test_binds_the_parameters_of_a_function(self) -> None:
        """The arguments on the left side are the function's own."""
        assert _roles("f(x) = a x") == {"x": "bound", "a": "free"}


class TestLinearText:
    @pytest.mark.parametrize(
        ("latex", "text"),
        [
            (r"W_i = \frac{S_i \cdot C_i}{\sum_j S_j}", "W_i = (S_i · C_i) / Σ_j S_j"),
            (r"\sum_{i=1}^{n} x_i", "Σ_{i=1}^n x_i"),
            (r"\frac{1}{2} x", "(1 / 2) x"),
            (r"\sqrt{x + 1}", "√(x + 1)"),
            (r"\hat{\sigma}_{i,t}", "σ̂_{i,t}"),
            (r"\max(-a, b)", "max(-a, b)"),
            (r"f(x)", "f(x)"),
            (r"x^{2} + 10\%", "x^2 + 10%"),
            (r"10{,}000", "10000"),
            (r"f'(x)", "f′(x)"),
            (r"\mathbf{x} \le \infty", "x ≤ ∞"),
            (r"\begin{cases} a & x > 0 \\ b \end{cases}", "{a, x > 0; b"),
        ],
    )
    def test_reads_like_a_formula(self, latex: str, text: str) -> None:
        """The linear form has one line, plain characters, and parentheses where they matter."""
        assert _formula(latex).text == text

    def test_states_the_unit(self) -> None:
        """A unit at the end of a formula is the unit of its result."""
        assert _formula(r"c = 5\,\text{bps}").unit == "bps"
