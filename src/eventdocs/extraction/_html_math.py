"""Formulas in HTML: MathML, what MathJax and KaTeX read or leave behind, pictures with TeX."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import attrs

from eventdocs.extraction._draft import Place
from eventdocs.extraction._html_tree import Element, HtmlTree, inner_text
from eventdocs.extraction._mathml import annotated_tex, mathml_to_latex
from eventdocs.ir import Notation

__all__ = ["MathReader", "WrittenFormula"]

_BACKSLASHED = (
    r"\\\((?P<inline>(?:[^\\]|\\[^()\[\]])*+)\\\)|\\\[(?P<display>(?:[^\\]|\\[^()\[\]])*+)\\\]"
)
_DOUBLE_DOLLARS = r"(?<!\\)\$\$(?P<dollars>(?:[^$\\]|\\.)++)\$\$"
_ENVIRONMENT = (
    r"(?P<environment>\\begin\{(?P<name>equation|align|alignat|gather|multline|flalign|eqnarray)(?P<star>\*?)\}"
    r"(?:[^\\]|\\(?!(?:begin|end)\{(?P=name)))*+\\end\{(?P=name)(?P=star)\})"
)
_DOLLAR = r"(?<![\\$])\$(?P<dollar>(?![\s$])(?:[^$\\]|\\.)*?(?<!\s))\$(?![\d$])"
_WITHOUT_ENGINE = re.compile(_BACKSLASHED, re.DOTALL)
_WITH_ENGINE = re.compile(f"{_BACKSLASHED}|{_ENVIRONMENT}|{_DOUBLE_DOLLARS}", re.DOTALL)
_WITH_DOLLARS = re.compile(f"{_BACKSLASHED}|{_ENVIRONMENT}|{_DOUBLE_DOLLARS}|{_DOLLAR}", re.DOTALL)
_ENGINE = re.compile(r"mathjax|katex", re.IGNORECASE)
_SINGLE_DOLLARS = re.compile(
    r"inlineMath[\"']?\s*:\s*\[[^\]]*?\[\s*[\"']\$[\"']|left[\"']?\s*:\s*[\"']\$[\"']\s*,"
)
_IGNORES_TEXT = re.compile(r"ignoreHtmlClass[\"']?\s*:\s*[\"'][^\"']*\bdocument\b")
_DELIMITERS = (("\\(", "\\)", False), ("\\[", "\\]", True), ("$$", "$$", True), ("$", "$", False))
_CDATA = re.compile(r"%?\s*<!\[CDATA\[(?P<latex>.*)\]\]>", re.DOTALL)
_STYLED = re.compile(r"\{\\(?:displaystyle|textstyle)(?![A-Za-z])(?P<latex>.*)\}", re.DOTALL)
_RENDERED = frozenset(
    {
        "katex",
        "katex-display",
        "mwe-math-element",
        "MathJax_Display",
        "MathJax",
        "MathJax_SVG",
        "MathJax_CHTML",
    }
)
_PICTURES = frozenset(
    {"math", "tex", "latex", "formulaInl", "formulaDsp", "formulaInlAlt"}
    | {f"mwe-math-fallback-image-{side}" for side in ("inline", "display")}
)
_DISPLAY_CLASSES = frozenset(
    {"display", "katex-display", "mwe-math-fallback-image-display", "formulaDsp", "MathJax_Display"}
)


@attrs.frozen
class WrittenFormula:
    """A formula as it is written.

    Attributes:
        latex: Without delimiters.
        place: Of the LaTeX without delimiters, or of the whole element.
        display: On a line of its own.
        notation: What stands at its place.
        anchor: Its id.
    """

    latex: str
    place: Place
    display: bool
    notation: Notation = "latex"
    anchor: str | None = None


class MathReader:
    """Finds the formulas of one document; which signs begin one depends on its scripts."""

    def __init__(self, tree: HtmlTree) -> None:
        self._source = tree.source
        self._in_text = _WITHOUT_ENGINE
        self._dollars = False
        scripts = [each for each in tree.elements if each.tag in {"script", "link"}]
        configured = "\n".join(
            f"{each.written}\n{tree.source[each.inner : each.inner_end]}" for each in scripts
        )
        if _ENGINE.search(configured) and not _IGNORES_TEXT.search(configured):
            single = _SINGLE_DOLLARS.search(configured) is not None
            self._in_text = _WITH_DOLLARS if single else _WITH_ENGINE
            self._dollars = True

    def in_text(self, start: int, end: int) -> Iterator[tuple[Place, WrittenFormula]]:
        """Find the formulas in a text: where each stands with its delimiters, and what it is."""
        source = self._source
        if source.find("\\", start, end) < 0 and not (
            self._dollars and source.find("$", start, end) >= 0
        ):
            return
        for found in self._in_text.finditer(source, start, end):
            # The name of an environment is a group too, so the last group tells nothing.
            group = next(
                each
                for each in ("inline", "display", "environment", "dollars", "dollar")
                if each in found.re.groupindex and found[each] is not None
            )
            place = self._stripped(*found.span(group))
            if place[0] < place[1]:
                display = group not in {"inline", "dollar"}
                latex = unescape(source[slice(*place)])
                yield found.span(), WrittenFormula(latex, place, display)

    def of(self, element: Element) -> WrittenFormula | None:
        """Read an element as a formula; None if it is none."""
        tag = element.tag
        if tag == "math":
            return self._mathml(element, display=_is_display(element))
        if tag == "script":
            return self._script(element)
        if tag == "img":
            return self._picture(element)
        if tag == "mjx-container":
            return self._rendered(element, display=element.get("display") == "true")
        if tag == "math-renderer":
            return self._typed(element, display=False)
        written = element.written
        if "ath" not in written and "katex" not in written:
            # None of the classes below is among its classes.
            return None
        classes = element.classes
        if not classes.isdisjoint(_RENDERED):
            return self._rendered(element, display=not classes.isdisjoint(_DISPLAY_CLASSES))
        if "math" in classes and ("inline" in classes or "display" in classes):
            return self._typed(element, display="display" in classes)
        if "katex-error" in classes:
            return self._typed(element, display=False)
        return None

    def is_rendered(self, element: Element) -> bool:
        """Whether an element is only how a formula looks that is written beside it."""
        written = element.written
        return ("MathJax" in written or "MJX" in written or "katex-html" in written) and any(
            each.startswith(("MathJax", "katex-html")) or each == "MJX_Assistive_MathML"
            for each in element.classes
        )

    def _mathml(self, element: Element, *, display: bool) -> WrittenFormula | None:
        latex = annotated_tex(element, self._source) or mathml_to_latex(element, self._source)
        latex, displayed = _unwrapped(latex or element.get("alttext") or "")
        if not latex:
            return None
        place = element.start, element.end
        return WrittenFormula(latex, place, display or displayed, "mathml", element.get("id"))

    def _script(self, element: Element) -> WrittenFormula | None:
        kind = (element.get("type") or "").lower()
        if not kind.startswith("math/tex"):
            return None
        place = self._stripped(element.inner, element.inner_end)
        latex = self._source[slice(*place)]
        latex, _ = _unwrapped(latex)
        display = "mode=display" in kind.replace(" ", "")
        return WrittenFormula(latex, place, display) if latex else None

    def _rendered(self, element: Element, *, display: bool) -> WrittenFormula | None:
        for inner in element.walk():
            if inner.tag == "math":
                return self._mathml(inner, display=display or _is_display(inner))
            if inner.tag == "img" and (found := self._picture(inner)) is not None:
                return found
        return None

    def _picture(self, element: Element) -> WrittenFormula | None:
        alt = element.get("alt")
        classes = element.classes
        if not alt or classes.isdisjoint(_PICTURES):
            return None
        latex, display = _unwrapped(alt)
        display = display or not classes.isdisjoint(_DISPLAY_CLASSES)
        return WrittenFormula(latex, (element.start, element.end), display) if latex else None

    def _typed(self, element: Element, *, display: bool) -> WrittenFormula | None:
        if any(True for _ in element.elements):
            return None
        place = self._stripped(element.inner, element.inner_end)
        latex, displayed = _unwrapped(inner_text(element, self._source))
        if not latex:
            return None
        opening = self._source.find(latex, *place) if "&" not in latex else -1
        if opening >= 0:
            place = opening, opening + len(latex)
        return WrittenFormula(latex, place, display or displayed, anchor=element.get("id"))

    def _stripped(self, start: int, end: int) -> Place:
        part = self._source[start:end]
        first = start + len(part) - len(part.lstrip())
        return first, max(first, start + len(part.rstrip()))


def _is_display(math: Element) -> bool:
    if math.get("display") == "block" or math.get("mode") == "display":
        return True
    parent = math.parent
    return parent is not None and any("display" in each for each in parent.classes)


def _unwrapped(latex: str) -> tuple[str, bool]:
    """Take the delimiters off; whether they are those of a displayed formula."""
    latex = latex.strip()
    cdata = _CDATA.fullmatch(latex)
    if cdata is not None:
        latex = cdata["latex"].rstrip("% \t\r\n").strip()
    for opening, closing, display in _DELIMITERS:
        if (
            len(latex) > len(opening) + len(closing)
            and latex.startswith(opening)
            and latex.endswith(closing)
        ):
            return latex[len(opening) : -len(closing)].strip(), display
    styled = _STYLED.fullmatch(latex)
    if styled is not None and _is_balanced(styled["latex"]):
        latex = styled["latex"].strip()
    return latex, False


def _is_balanced(latex: str) -> bool:
    """Whether no bracket is closed before it is opened."""
    depth = 0
    for sign in re.findall(r"\\.|[{}]", latex, re.DOTALL):
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            return False
    return True
