"""Documents to measure extraction with: one content, written in every format."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterable
from io import BytesIO
from typing import Literal

import attrs

__all__ = ["WRITERS", "Content", "content"]

_WORDS = (
    "a the of and to in is that for with as by on which are from this value model weight price rate "
    "index share market return period method level table result sample number estimate variance "
    "portfolio constituent committee document revision formula parameter threshold average quantity"
).split()
_LETTERS = "abcdefghkmnpqrstuvwxyz"


@attrs.frozen
class Formula:
    """`name_index`, or `name_index = over / under + name^power`."""

    name: str
    index: str
    over: str = ""
    under: str = ""
    power: str = ""

    @property
    def latex(self) -> str:
        """As LaTeX, without delimiters."""
        left = f"{self.name}_{{{self.index}}}"
        if not self.over:
            return left
        return rf"{left} = \frac{{{self.over}}}{{{self.under}}} + {self.name}^{{{self.power}}}"

    @property
    def mathml(self) -> str:
        """As presentation MathML, without the element around it."""
        left = f"<msub><mi>{self.name}</mi><mi>{self.index}</mi></msub>"
        if not self.over:
            return left
        return (
            f"{left}<mo>=</mo><mfrac><mi>{self.over}</mi><mi>{self.under}</mi></mfrac>"
            f"<mo>+</mo><msup><mi>{self.name}</mi><mn>{self.power}</mn></msup>"
        )

    @property
    def omml(self) -> str:
        """As Word writes it."""

        def run(text: str) -> str:
            return f"<m:r><m:t>{text}</m:t></m:r>"

        left = f"<m:sSub><m:e>{run(self.name)}</m:e><m:sub>{run(self.index)}</m:sub></m:sSub>"
        right = (
            f"{run('=')}<m:f><m:num>{run(self.over)}</m:num><m:den>{run(self.under)}</m:den></m:f>"
            f"{run('+')}<m:sSup><m:e>{run(self.name)}</m:e><m:sup>{run(self.power)}</m:sup></m:sSup>"
        )
        return f"<m:oMath>{left}{right if self.over else ''}</m:oMath>"


@attrs.frozen
class Block:
    """A piece of a document; which of the fields are used depends on the kind."""

    kind: Literal["heading", "paragraph", "formula", "terms", "table"]
    text: str = ""
    formula: Formula | None = None
    rows: tuple[tuple[str, ...], ...] = ()


Content = tuple[Block, ...]


def content(seed: int, sections: int) -> Content:
    """Make up a document; equal seeds give equal ones, and others have other formulas."""
    chance = random.Random(seed)
    blocks: list[Block] = []
    for number in range(1, sections + 1):
        blocks.append(Block("heading", f"{number} {_words(chance, 3).title()}"))
        for _ in range(4):
            text = f"{_sentence(chance)} See Section {chance.randint(1, sections)}. {_sentence(chance)}"
            blocks.append(Block("paragraph", text, _symbol(chance)))
        blocks.append(Block("formula", formula=_formula(chance)))
        terms = [(_words(chance, 2).title(), _sentence(chance)) for _ in range(3)]
        blocks.append(Block("terms", rows=tuple(terms)))
        rows = [
            (_words(chance, 2), str(chance.randint(1, 999)), f"{chance.random():.3f}")
            for _ in range(5)
        ]
        blocks.append(Block("table", rows=(("Name", "Count", "Value"), *rows)))
    return tuple(blocks)


def _symbol(chance: random.Random) -> Formula:
    return Formula(*chance.sample(_LETTERS, 2))


def _formula(chance: random.Random) -> Formula:
    name, index, over, under = chance.sample(_LETTERS, 4)
    return Formula(name, index, over, under, str(chance.randint(2, 99)))


def _words(chance: random.Random, count: int) -> str:
    return " ".join(chance.choices(_WORDS, k=count))


def _sentence(chance: random.Random) -> str:
    return f"{_words(chance, chance.randint(12, 30)).capitalize()}."


def _markdown(content: Content) -> bytes:
    def block(each: Block) -> str:
        latex = each.formula.latex if each.formula is not None else ""
        match each.kind:
            case "heading":
                return f"## {each.text}"
            case "paragraph":
                return f"{each.text} Here **weight** is ${latex}$ by `rule`."
            case "formula":
                return f"$$\n{latex}\n$$"
            case "terms":
                return "\n\n".join(f"{term}\n: {body}" for term, body in each.rows)
            case "table":
                head, *rows = ["| " + " | ".join(row) + " |" for row in each.rows]
                return "\n".join([head, "|---|---:|---:|", *rows])

    return _joined("\n\n", map(block, content))


def _rst(content: Content) -> bytes:
    def block(each: Block) -> str:
        latex = each.formula.latex if each.formula is not None else ""
        match each.kind:
            case "heading":
                return f"{each.text}\n{'=' * len(each.text)}"
            case "paragraph":
                return f"{each.text} Here **weight** is :math:`{latex}` by ``rule``."
            case "formula":
                return f".. math::\n\n   {latex}"
            case "terms":
                return "\n\n".join(f"{term}\n   {body}" for term, body in each.rows)
            case "table":
                widths = [max(map(len, column)) for column in zip(*each.rows, strict=True)]
                rule = "  ".join("=" * width for width in widths)
                head, *rows = [
                    "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
                    for row in each.rows
                ]
                return "\n".join([rule, head, rule, *rows, rule])

    return _joined("\n\n", map(block, content))


def _html(content: Content) -> bytes:
    def block(each: Block) -> str:
        math = each.formula.mathml if each.formula is not None else ""
        match each.kind:
            case "heading":
                return f"<h2>{each.text}</h2>"
            case "paragraph":
                return (
                    f"<p>{each.text} Here <b>weight</b> is <math>{math}</math> by "
                    "<code>rule</code>.</p>"
                )
            case "formula":
                return f'<math display="block">{math}</math>'
            case "terms":
                items = "".join(f"<dt>{term}</dt><dd>{body}</dd>" for term, body in each.rows)
                return f"<dl>{items}</dl>"
            case "table":
                head, *rows = each.rows
                return (
                    f"<table>{_row(head, 'th')}{''.join(_row(row, 'td') for row in rows)}</table>"
                )

    body = _joined("\n", map(block, content))
    return (
        b"<!DOCTYPE html><html><head><title>Benchmark</title></head><body>"
        + body
        + b"</body></html>"
    )


def _row(cells: Iterable[str], tag: str) -> str:
    return f"<tr>{''.join(f'<{tag}>{cell}</{tag}>' for cell in cells)}</tr>"


def _tex(content: Content) -> bytes:
    def block(each: Block) -> str:
        latex = each.formula.latex if each.formula is not None else ""
        match each.kind:
            case "heading":
                return rf"\section{{{each.text}}}"
            case "paragraph":
                return rf"{each.text} Here \textbf{{weight}} is ${latex}$ by \texttt{{rule}}."
            case "formula":
                return rf"\begin{{equation}}{latex}\end{{equation}}"
            case "terms":
                items = "\n".join(rf"\item[{term}] {body}" for term, body in each.rows)
                return f"\\begin{{description}}\n{items}\n\\end{{description}}"
            case "table":
                rows = " \\\\\n".join(" & ".join(row) for row in each.rows)
                return f"\\begin{{tabular}}{{lrr}}\n{rows}\n\\end{{tabular}}"

    body = _joined("\n\n", map(block, content))
    return b"\\documentclass{article}\n\\begin{document}\n" + body + b"\n\\end{document}\n"


def _docx(content: Content) -> bytes:
    def paragraph(text: str, style: str = "", rest: str = "") -> str:
        properties = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
        words = f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>' if text else ""
        return f"<w:p>{properties}{words}{rest}</w:p>"

    def block(each: Block) -> str:
        omml = each.formula.omml if each.formula is not None else ""
        match each.kind:
            case "heading":
                return paragraph(each.text, "Heading2")
            case "paragraph":
                bold = "<w:r><w:rPr><w:b/></w:rPr><w:t>weight</w:t></w:r>"
                return paragraph(f"{each.text} Here ", rest=f"{bold}{omml}")
            case "formula":
                return paragraph("", rest=f"<m:oMathPara>{omml}</m:oMathPara>")
            case "terms":
                return "".join(
                    paragraph(term, "DefinitionTerm") + paragraph(body, "Definition")
                    for term, body in each.rows
                )
            case "table":
                rows = (
                    "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in each.rows
                )
                return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in rows)}</w:tbl>"

    names = (
        'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
        'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    )
    body = "".join(map(block, content))
    packed = BytesIO()
    # Stored, not deflated: its size then says how much there is to read.
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(
            "word/document.xml", f"<w:document {names}><w:body>{body}</w:body></w:document>"
        )
    return packed.getvalue()


def _joined(separator: str, blocks: Iterable[str]) -> bytes:
    return separator.join(blocks).encode()


WRITERS: dict[str, Callable[[Content], bytes]] = {
    ".html": _html,
    ".md": _markdown,
    ".rst": _rst,
    ".tex": _tex,
    ".docx": _docx,
}
"""How content is written, by the suffix of a file of that format."""
