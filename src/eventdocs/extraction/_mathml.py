r"""MathML as LaTeX: presentation markup, written as a person would type it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from eventdocs.extraction._html_tree import Element, inner_text
from eventdocs.extraction._tex_characters import (
    ACCENTS,
    FUNCTION_COMMANDS,
    escaped_text,
    latex_of,
)

__all__ = ["annotated_tex", "mathml_to_latex"]

_FONTS = {
    "bold": "mathbf", "bold-italic": "boldsymbol", "double-struck": "mathbb", "script": "mathcal",
    "bold-script": "mathcal", "fraktur": "mathfrak", "bold-fraktur": "mathfrak", "sans-serif": "mathsf",
    "bold-sans-serif": "mathsf", "sans-serif-italic": "mathsf", "monospace": "mathtt",
}  # fmt: skip
_MATRICES = {
    ("(", ")"): "pmatrix",
    ("[", "]"): "bmatrix",
    ("|", "|"): "vmatrix",
    ("\u2016", "\u2016"): "Vmatrix",
}
_LARGE = frozenset(
    "\u2211\u220f\u2210\u222b\u222c\u222d\u222e\u22c0\u22c1\u22c2\u22c3\u2a00\u2a01\u2a02\u2a04\u2a06"
)
_LIMITS = frozenset(
    ("lim", "max", "min", "sup", "inf", "liminf", "limsup", "lim inf", "lim sup", "argmax", "argmin", "arg max", "arg min")
)  # fmt: skip
_ONE_TOKEN = re.compile(r"[^\\{}^_\s]|\\(?:[A-Za-z]+|.)(?:\{[^{}]*\})?|\{[^{}]*\}")
_RAISED_MARKS = re.compile(r"'+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_TEX = {"application/x-tex", "tex", "latex", "application/x-latex", "text/x-tex"}
_DOUBLE_STRUCK = str.maketrans({"\u2145": "D", "\u2146": "d", "\u2147": "e", "\u2148": "i"})
_SKIPPED = frozenset(
    {"annotation", "annotation-xml", "mphantom", "maligngroup", "malignmark", "mprescripts", "none"}
)


def annotated_tex(math: Element, source: str) -> str | None:
    """Find the TeX that a formula was made from, if it was kept beside it."""
    if source.find("annotation", math.start, math.end) < 0:
        return None
    for element in math.walk():
        if element.tag == "annotation" and (element.get("encoding") or "").strip().lower() in _TEX:
            return inner_text(element, source).strip() or None
    return None


def mathml_to_latex(math: Element, source: str) -> str:
    """Write a `math` element as LaTeX, from its presentation markup."""
    return " ".join(_Writer(source).row(_parts(math)).split())


def _parts(element: Element) -> list[Element]:
    return [child for child in element.elements if child.tag not in _SKIPPED]


class _Writer:
    def __init__(self, source: str) -> None:
        self._source = source
        self._writers: dict[str, Callable[[Element], str]] = {
            "mi": self._identifier,
            "mn": self._number,
            "mo": self._operator,
            "mtext": self._text,
            "ms": lambda element: rf"\text{{“{escaped_text(self._said(element))}”}}",
            "mspace": _space,
            "mfrac": self._fraction,
            "msqrt": lambda element: rf"\sqrt{{{self.row(_parts(element))}}}",
            "mroot": self._root,
            "msub": lambda element: self._script(element, "sub"),
            "msup": lambda element: self._script(element, "sup"),
            "msubsup": lambda element: self._script(element, "both"),
            "munder": self._under,
            "mover": self._over,
            "munderover": self._under_and_over,
            "mmultiscripts": self._multiscripts,
            "mtable": lambda element: self._table(element, None),
            "mfenced": self._fenced,
            "semantics": self._first,
            "maction": self._first,
        }

    def row(self, elements: Sequence[Element]) -> str:
        """Write elements side by side."""
        written: list[str] = []
        at = 0
        while at < len(elements):
            fenced = self._fence(elements, at)
            if fenced is None:
                written.append(self.write(elements[at]))
                at += 1
            else:
                latex, at = fenced
                written.append(latex)
        return "".join(written)

    def write(self, element: Element) -> str:
        """Write one element."""
        if element.tag in _SKIPPED:
            return ""
        writer = self._writers.get(element.tag)
        # Whatever only groups or styles, and whatever nobody knows, is a row of what it holds.
        return writer(element) if writer is not None else self.row(_parts(element))

    def _said(self, element: Element) -> str:
        return inner_text(element, self._source).strip(" \t\n\r\f").translate(_DOUBLE_STRUCK)

    # Tokens

    def _identifier(self, element: Element) -> str:
        text = self._said(element)
        font = _FONTS.get(element.get("mathvariant") or "")
        if len(text) > 1 and not font:
            if text in FUNCTION_COMMANDS:
                return f"\\{text} "
            if text.isascii() and text.replace(" ", "").isalpha():
                return rf"\mathrm{{{text}}}" if " " not in text else rf"\operatorname{{{text}}}"
        latex = latex_of(text)
        if font and latex.strip():
            return rf"\{font}{{{latex.strip()}}}"
        if (
            element.get("mathvariant") == "normal"
            and len(text) == 1
            and text.isascii()
            and text.isalpha()
        ):
            return rf"\mathrm{{{text}}}"
        return latex

    def _number(self, element: Element) -> str:
        latex = "{,}".join(map(latex_of, _THOUSANDS.split("".join(self._said(element).split()))))
        font = _FONTS.get(element.get("mathvariant") or "")
        return rf"\{font}{{{latex}}}" if font else latex

    def _operator(self, element: Element) -> str:
        text = self._said(element)
        if text in FUNCTION_COMMANDS:
            return f"\\{text} "
        if len(text) > 1 and text.replace(" ", "").isalpha():
            return rf"\operatorname{{{text}}}" if text.isascii() else latex_of(text)
        return latex_of(text)

    def _text(self, element: Element) -> str:
        inner = list(element.elements)
        if any(child.tag == "math" for child in inner):
            return self.row(_parts(element))
        text = re.sub(r"[ \t\n\r\f\u00a0]+", " ", inner_text(element, self._source))
        if not text.strip():
            return r"\ " if text else ""
        return rf"\text{{{escaped_text(text)}}}"

    # Layout

    def _fraction(self, element: Element) -> str:
        top, bottom = self._pair(element)
        thickness = (element.get("linethickness") or "").strip()
        if thickness and thickness[0] == "0" and not thickness.strip("0.empxtin%"):
            return rf"{{{top} \atop {bottom}}}"
        return rf"\frac{{{top}}}{{{bottom}}}"

    def _root(self, element: Element) -> str:
        radicand, degree = self._pair(element)
        return rf"\sqrt[{degree}]{{{radicand}}}"

    def _pair(self, element: Element) -> tuple[str, str]:
        first, second, _ = self._three(element)
        return first, second

    def _three(self, element: Element) -> tuple[str, str, str]:
        children = [child for child in element.elements if not child.tag.startswith("malign")]
        written = [self.write(child).strip() for child in children[:3]]
        written += [""] * (3 - len(written))
        return written[0], written[1], written[2]

    def _script(self, element: Element, kind: str) -> str:
        base, first, second = self._three(element)
        if kind == "sup":
            return _scripted(base, "", first)
        return _scripted(base, first, second)

    def _under(self, element: Element) -> str:
        base, under, _ = self._three(element)
        if self._takes_limits(element):
            return _scripted(base, under, "")
        mark = self._mark(element, 1)
        if mark in {"\u23df", "\ufe38"}:
            return rf"\underbrace{{{base}}}"
        if mark in {"_", "\u0332", "\u00af", "\u203e", "\u2015"}:
            return rf"\underline{{{base}}}"
        if base.startswith(r"\underbrace"):
            return f"{base}_{{{under}}}"
        return rf"\underset{{{under}}}{{{base}}}" if under else base

    def _over(self, element: Element) -> str:
        base, over, _ = self._three(element)
        if self._takes_limits(element):
            return _scripted(base, "", over)
        mark = self._mark(element, 1)
        accent = ACCENTS.get(mark) if mark else None
        if mark == "\u2192" and element.get("accent") == "false":
            accent = None
        if accent is not None:
            if accent == "bar" and len(base) > 1 and not _ONE_TOKEN.fullmatch(base):
                accent = "overline"
            return rf"\{accent}{{{base}}}"
        if base.startswith(r"\overbrace"):
            return f"{base}^{{{over}}}"
        return rf"\overset{{{over}}}{{{base}}}" if over else base

    def _under_and_over(self, element: Element) -> str:
        base, under, over = self._three(element)
        if self._takes_limits(element):
            return _scripted(base, under, over)
        mark = self._mark(element, 2)
        accent = ACCENTS.get(mark) if mark else None
        inner = rf"\{accent}{{{base}}}" if accent else rf"\overset{{{over}}}{{{base}}}"
        return rf"\underset{{{under}}}{{{inner}}}"

    def _takes_limits(self, element: Element) -> bool:
        first = next(element.elements, None)
        while first is not None and first.tag in {"mrow", "mstyle", "mpadded"}:
            inner = _parts(first)
            first = inner[0] if inner else None
        if first is None or first.tag not in {"mo", "mi", "mtext"}:
            return False
        text = self._said(first)
        return text in _LARGE or text.replace("\u2009", " ").replace("\u00a0", " ") in _LIMITS

    def _mark(self, element: Element, index: int) -> str | None:
        children = list(element.elements)
        mark = children[index] if index < len(children) else None
        while mark is not None and mark.tag in {"mrow", "mstyle"} and len(_parts(mark)) == 1:
            mark = _parts(mark)[0]
        return self._said(mark) if mark is not None and mark.tag in {"mo", "mi", "mtext"} else None

    def _multiscripts(self, element: Element) -> str:
        children = list(element.elements)
        tags = [child.tag for child in children]
        cut = tags.index("mprescripts") if "mprescripts" in tags else len(children)
        written = [self.write(child).strip() for child in children]
        latex = _grouped(written[0]) if written else ""
        for at in range(1, cut - 1, 2):
            latex = _scripted(latex, written[at], written[at + 1])
        before = "".join(
            _scripted("{}", written[at], written[at + 1])
            for at in range(cut + 1, len(children) - 1, 2)
        )
        return before + latex

    def _first(self, element: Element) -> str:
        children = _parts(element)
        return self.write(children[0]) if children else ""

    def _fenced(self, element: Element) -> str:
        left, right = element.get("open"), element.get("close")
        marks = element.get("separators")
        separators = list("".join((marks if marks is not None else ",").split()))
        written: list[str] = []
        for at, child in enumerate(_parts(element)):
            if at and separators:
                written.append(latex_of(separators[min(at - 1, len(separators) - 1)]))
            written.append(self.write(child))
        return "".join(
            [
                latex_of(left if left is not None else "("),
                *written,
                latex_of(right if right is not None else ")"),
            ]
        )

    # Tables

    def _fence(self, elements: Sequence[Element], at: int) -> tuple[str, int] | None:
        """Write a matrix, a case distinction or a binomial with the brackets around it."""
        if elements[at].tag != "mo" or at + 1 >= len(elements):
            return None
        inner = _only(elements[at + 1])
        if inner.tag not in {"mtable", "mfrac"}:
            return None
        left = self._said(elements[at])
        closing = elements[at + 2] if at + 2 < len(elements) else None
        right = self._said(closing) if closing is not None and closing.tag == "mo" else ""
        if inner.tag == "mfrac":
            latex = self._fraction(inner)
            if (left, right) == ("(", ")") and latex.startswith("{"):
                top, bottom = self._pair(inner)
                return rf"\binom{{{top}}}{{{bottom}}}", at + 3
            return None
        if left == "{" and right == "":
            # A bracket that is not there may be written as an operator without text.
            closed = closing is not None and closing.tag == "mo"
            return self._table(inner, "cases"), at + (3 if closed else 2)
        environment = _MATRICES.get((left, right))
        return (self._table(inner, environment), at + 3) if environment else None

    def _table(self, element: Element, environment: str | None) -> str:
        rows: list[str] = []
        for row in element.elements:
            if row.tag not in {"mtr", "mlabeledtr"}:
                continue
            cells = [self.row(_parts(cell)) for cell in row.elements if cell.tag == "mtd"]
            rows.append(" & ".join(each.strip() for each in cells[row.tag == "mlabeledtr" :]))
        if environment is None:
            environment = "aligned" if _is_aligned(element) else "matrix"
        return rf"\begin{{{environment}}}" + r" \\ ".join(rows) + rf"\end{{{environment}}}"


def _only(element: Element) -> Element:
    """What a row holds, if that is one thing."""
    while element.tag in {"mrow", "mstyle", "mpadded"} and len(_parts(element)) == 1:
        element = _parts(element)[0]
    return element


def _is_aligned(table: Element) -> bool:
    """Whether the columns of a table are set right and left in turn, as sides of equations are."""
    if "right left" in " ".join((table.get("columnalign") or "").split()):
        return True
    row = next(table.elements, None)
    cells = list(row.elements) if row is not None else []
    sides = [
        f"{cell.get('columnalign') or ''} {cell.get('style') or ''} {cell.get('class') or ''}"
        for cell in cells[:2]
    ]
    return len(sides) == 2 and "right" in sides[0] and "left" in sides[1]


def _space(element: Element) -> str:
    if element.get("linebreak") == "newline":
        return r"\\ "
    width = (element.get("width") or "").strip()
    found = re.match(r"(\d*\.?\d+)em", width)
    if found is None:
        return " "
    ems = float(found[1])
    return r"\qquad " if ems >= 2 else r"\quad " if ems >= 1 else " "


def _grouped(latex: str) -> str:
    latex = latex.strip()
    return latex if _ONE_TOKEN.fullmatch(latex) else f"{{{latex}}}"


def _scripted(base: str, sub: str, sup: str) -> str:
    latex = _grouped(base)
    if sub:
        latex += f"_{{{sub}}}"
    if sup:
        latex += sup if _RAISED_MARKS.fullmatch(sup) else f"^{{{sup}}}"
    return latex
