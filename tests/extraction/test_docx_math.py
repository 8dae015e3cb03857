"""Formulas of Word documents: Office math as LaTeX."""

import pytest
from lxml import etree

from eventdocs.extraction._docx_names import MATH
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._omml import omml_latex
from tests.extraction.docx_builder import NAMESPACES, m, math, mr, sub


def latex(content: str) -> str:
    wrapped = f"<w:p {NAMESPACES}>{math(content)}</w:p>"
    return omml_latex(etree.fromstring(wrapped)[0])


N, K, X = mr("n"), mr("k"), mr("x")
ROWS = f"<m:mr><m:e>{mr('a')}</m:e><m:e>{mr('b')}</m:e></m:mr><m:mr><m:e>{mr('c')}</m:e><m:e>{mr('d')}</m:e></m:mr>"
MATRIX = f"<m:m>{ROWS}</m:m>"
CASES = [
    (mr("E=m") + m("sSup", e=mr("c"), sup=mr("2")), "E=mc^{2}"),
    (m("f", num=mr("a+b"), den=mr("c")), r"\frac{a+b}{c}"),
    (m("f", '<m:type m:val="lin"/>', num=mr("a"), den=mr("bc")), "a/{bc}"),
    (m("f", '<m:type m:val="noBar"/>', num=N, den=K), r"{n \atop k}"),
    (m("d", e=m("f", '<m:type m:val="noBar"/>', num=N, den=K)), r"\binom{n}{k}"),
    (m("sSubSup", e=X, sub=mr("i"), sup=mr("2")), "x_{i}^{2}"),
    (m("sSup", e=mr("f"), sup=mr("′")), "f'"),
    (m("sSup", e=mr("x+y"), sup=mr("2")), "{x+y}^{2}"),
    (m("sPre", sub=mr("1"), sup=mr("2"), e=mr("A")), "{}_{1}^{2}A"),
    (
        m("nary", '<m:chr m:val="∑"/>', sub=mr("i=1"), sup=N, e=sub("x", "i")),
        r"\sum_{i=1}^{n} x_{i}",
    ),
    (m("nary", '<m:subHide m:val="1"/><m:supHide m:val="1"/>', sub="", sup="", e=X), r"\int x"),
    (m("nary", '<m:chr m:val="⋃"/><m:supHide/>', sub=N, sup="", e=mr("A")), r"\bigcup_{n} A"),
    (m("d", e=mr("x+1")), "(x+1)"),
    (
        m("d", '<m:begChr m:val="["/><m:endChr m:val="]"/>', e=m("f", num=N, den=K)),
        r"\left[ \frac{n}{k} \right]",
    ),
    (m("d", '<m:begChr m:val="⟨"/><m:endChr m:val="⟩"/>', e=X), r"\langle x\rangle"),
    (
        '<m:d><m:dPr><m:sepChr m:val="|"/></m:dPr><m:e>'
        + mr("A")
        + "</m:e><m:e>"
        + mr("B")
        + "</m:e></m:d>",
        "(A|B)",
    ),
    (m("d", e=MATRIX), r"\begin{pmatrix} a & b \\ c & d \end{pmatrix}"),
    (
        m("d", '<m:begChr m:val="["/><m:endChr m:val="]"/>', e=MATRIX),
        r"\begin{bmatrix} a & b \\ c & d \end{bmatrix}",
    ),
    (
        m("d", '<m:begChr m:val="{"/><m:endChr m:val=""/>', e=m("f", num=N, den=K)),
        r"\left\{ \frac{n}{k} \right.",
    ),
    (MATRIX, r"\begin{matrix} a & b \\ c & d \end{matrix}"),
    (
        m("d", '<m:begChr m:val="{"/><m:endChr m:val=""/>', e=MATRIX),
        r"\begin{cases} a & b \\ c & d \end{cases}",
    ),
    (
        f"<m:eqArr><m:e>{mr('a&amp;=b')}</m:e><m:e>{mr('c&amp;=d')}</m:e></m:eqArr>",
        r"\begin{aligned} a&=b \\ c&=d \end{aligned}",
    ),
    (f"<m:eqArr><m:e>{mr('a=b#(4)')}</m:e></m:eqArr>", r"a=b \tag{4}"),
    (m("rad", '<m:degHide m:val="1"/>', deg="", e=X), r"\sqrt{x}"),
    (m("rad", deg=mr("3"), e=X), r"\sqrt[3]{x}"),
    (m("acc", e=X), r"\hat{x}"),
    (m("acc", '<m:chr m:val="\u0303"/>', e=mr("xy")), r"\widetilde{xy}"),
    (m("acc", '<m:chr m:val="\u20d7"/>', e=mr("v")), r"\vec{v}"),
    (m("bar", '<m:pos m:val="top"/>', e=X), r"\overline{x}"),
    (m("bar", e=X), r"\underline{x}"),
    (m("func", fName=mr("cos", '<m:sty m:val="p"/>'), e=X), r"\cos x"),
    (m("func", fName=m("limLow", e=mr("max"), lim=X), e=mr("f")), r"\max_{x} f"),
    (
        m("func", fName=m("limLow", e=mr("argmax"), lim=X), e=mr("f")),
        r"\underset{x}{\operatorname{argmax}} f",
    ),
    (m("limUpp", e=mr("="), lim=mr("!")), r"\overset{!}{=}"),
    (m("limLow", e=m("groupChr", e=mr("a+b")), lim=mr("c")), r"\underbrace{a+b}_{c}"),
    (
        m(
            "limUpp",
            e=m("groupChr", '<m:chr m:val="⏞"/><m:pos m:val="top"/>', e=mr("a")),
            lim=mr("b"),
        ),
        r"\overbrace{a}^{b}",
    ),
    (m("borderBox", e=X), r"\boxed{x}"),
    (m("box", e=mr("dx")), "dx"),
    (m("phant", '<m:show m:val="0"/>', e=X) + mr("y"), "y"),
    (mr("R", '<m:scr m:val="double-struck"/><m:sty m:val="p"/>'), r"\mathbb{R}"),
    (mr("L", '<m:scr m:val="script"/>'), r"\mathcal{L}"),
    (mr("x", '<m:sty m:val="b"/>'), r"\mathbf{x}"),
    (mr("β", '<m:sty m:val="bi"/>'), r"\boldsymbol{\beta}"),
    (mr("max", '<m:sty m:val="p"/>') + X, r"\max x"),
    (mr("if x", "<m:nor/>"), r"\text{if x}"),
    (mr("50%"), r"50\%"),
    (mr("α≤β_1"), r"\alpha \le \beta \_1"),
    (mr("Index ") + mr("Level=x"), r"\text{Index Level}=x"),
    (mr("Mark") + mr("et Value"), r"\text{Market Value}"),
    (mr("𝑥∈ℝ"), r"x\in \mathbb{R}"),
    (f"<w:ins>{X}</w:ins><w:del>{mr('y')}</w:del>", "x"),
    (f"{X}{m('unheardOf', e=mr('y'))}", "xy"),
    (mr("⟨") + m("sSup", e=mr("y"), sup=mr("l")), r"\langle y^{l}"),
]


class TestOfficeMath:
    @pytest.mark.parametrize(("omml", "expected"), CASES)
    def test_becomes_latex(self, omml: str, expected: str) -> None:
        """Every element of Office math has its LaTeX."""
        assert latex(omml) == expected

    @pytest.mark.parametrize("omml", [omml for omml, _ in CASES])
    def test_becomes_latex_that_is_understood(self, omml: str) -> None:
        """What is written can be read again: as a tree with all of its commands known."""
        read = FormulaReader(Limits()).read(latex(omml), display=True)

        assert read.mathml is not None
        assert read.understood

    def test_leaves_what_is_nested_too_deeply_as_characters(self) -> None:
        """Depth that no formula has costs its structure, and nothing else."""
        root = inner = etree.Element(f"{MATH}oMath")
        for _ in range(400):
            inner = etree.SubElement(etree.SubElement(inner, f"{MATH}rad"), f"{MATH}e")
        etree.SubElement(etree.SubElement(inner, f"{MATH}r"), f"{MATH}t").text = "x"

        assert omml_latex(root) == "x"
