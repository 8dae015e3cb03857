import pytest

from eventdocs.extraction._html_tree import parse_html
from eventdocs.extraction._mathml import annotated_tex, mathml_to_latex

LATEX = {
    "<mi>x</mi>": "x",
    "<mi>α</mi><mo>≤</mo><mi>Ω</mi>": r"\alpha \le \Omega",
    "<mi mathvariant=bold>v</mi><mi mathvariant=double-struck>R</mi>": r"\mathbf{v}\mathbb{R}",
    "<mi mathvariant=script>L</mi><mi mathvariant=normal>d</mi>": r"\mathcal{L}\mathrm{d}",
    "<mi>log</mi><mo>&#8289;</mo><mi>x</mi>": r"\log x",
    "<mi>Weight</mi>": r"\mathrm{Weight}",
    "<mi>arg max</mi>": r"\operatorname{arg max}",
    "<mn>1,000</mn><mo>−</mo><mn>2.5</mn>": r"1{,}000-2.5",
    "<mo>{</mo><mi>a</mi><mo>|</mo><mi>b</mi><mo>}</mo>": r"\{a|b\}",
    "<mtext>if x_1 &amp; y </mtext>": r"\text{if x\_1 \& y }",
    "<mi>a</mi><mspace width=1em /><mi>b</mi>": r"a\quad b",
    "<mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac>": r"\frac{a}{b+1}",
    "<mo>(</mo><mfrac linethickness=0><mi>n</mi><mi>k</mi></mfrac><mo>)</mo>": r"\binom{n}{k}",
    "<msqrt><mi>a</mi><mi>b</mi></msqrt>": r"\sqrt{ab}",
    "<mroot><mi>a</mi><mn>3</mn></mroot>": r"\sqrt[3]{a}",
    "<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>": "x_{i}^{2}",
    "<msup><mi>x</mi><mo>′</mo></msup>": "x'",
    "<msup><mrow><mi>a</mi><mi>b</mi></mrow><mn>2</mn></msup>": "{ab}^{2}",
    "<msup><mfrac><mi>a</mi><mi>b</mi></mfrac><mn>2</mn></msup>": r"{\frac{a}{b}}^{2}",
    "<munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover>": r"\sum_{i}^{n}",
    "<munder><mi>max</mi><mi>x</mi></munder>": r"\max_{x}",
    "<mover><mi>x</mi><mo>^</mo></mover>": r"\hat{x}",
    "<mover><mrow><mi>x</mi><mi>y</mi></mrow><mo>¯</mo></mover>": r"\overline{xy}",
    "<mover><mo>=</mo><mtext>def</mtext></mover>": r"\overset{\text{def}}{=}",
    "<munder><munder><mi>x</mi><mo>⏟</mo></munder><mn>1</mn></munder>": r"\underbrace{x}_{1}",
    "<mmultiscripts><mi>C</mi><mi>k</mi><none/><mprescripts/><mi>n</mi><none/></mmultiscripts>": "{}_{n}C_{k}",
    "<mfenced open='[' close=')' separators=';'><mi>a</mi><mi>b</mi></mfenced>": "[a;b)",
    "<mfenced><mi>a</mi><mi>b</mi></mfenced>": "(a,b)",
    "<mi>a</mi><mphantom><mi>b</mi></mphantom>": "a",
    "<semantics><mi>a</mi><annotation>b</annotation></semantics>": "a",
    "<mo>[</mo><mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>0</mn></mtd></mtr></mtable><mo>]</mo>": r"\begin{bmatrix}1 & 0\end{bmatrix}",
    "<mo>{</mo><mtable><mtr><mtd><mn>1</mn></mtd></mtr><mtr><mtd><mn>0</mn></mtd></mtr></mtable>": r"\begin{cases}1 \\ 0\end{cases}",
    "<mtable columnalign='right left'><mlabeledtr><mtd>(1)</mtd><mtd><mi>a</mi></mtd><mtd><mo>=</mo><mi>b</mi></mtd></mlabeledtr></mtable>": r"\begin{aligned}a & =b\end{aligned}",
    "<mi>&#8518;</mi><mi>t</mi>": "dt",
    "<unknown><mi>a</mi></unknown>": "a",
    "<mfrac></mfrac><msup><mi>x</mi></msup><mtable></mtable><mover></mover>": r"\frac{}{}x\begin{matrix}\end{matrix}",
}


class TestMathml:
    @pytest.mark.parametrize("mathml", LATEX)
    def test_becomes_the_latex_that_one_would_type(self, mathml: str) -> None:
        """Every element of presentation MathML has its LaTeX; what is missing is left empty."""
        source = f"<math>{mathml}</math>"
        [math, *_] = parse_html(source, deepest=50).elements

        assert mathml_to_latex(math, source) == LATEX[mathml]

    def test_gives_back_the_tex_it_was_made_from(self) -> None:
        """An annotation in TeX is what the author wrote."""
        source = "<math><semantics><mi>x</mi><annotation encoding='TeX'> a &lt; b </annotation></semantics></math>"
        [math, *_] = parse_html(source, deepest=50).elements

        assert annotated_tex(math, source) == "a < b"

    def test_without_tex_has_no_annotation(self) -> None:
        """Annotations in other languages are no TeX."""
        source = "<math><semantics><mi>x</mi><annotation encoding='Maple'>x</annotation></semantics></math>"
        [math, *_] = parse_html(source, deepest=50).elements

        assert annotated_tex(math, source) is None
