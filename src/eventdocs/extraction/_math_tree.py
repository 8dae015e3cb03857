"""Math trees: LaTeX as MathML, and as a small tree that can be read for meaning."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias
from xml.etree.ElementTree import Element, tostring

import attrs

from eventdocs.extraction._words import FUNCTIONS, is_connecting_text

__all__ = ["EMPTY", "Node", "NodeKind", "parse_latex"]

NodeKind: TypeAlias = Literal[
    "identifier", "name", "number", "operator", "text", "break",
    "row", "fraction", "root", "script", "accent", "table",
]  # fmt: skip
Style: TypeAlias = Literal["", "bold", "cal", "bb"]


@attrs.define
class Node:
    """A piece of a formula.

    Attributes:
        kind: identifier: a letter or a word that stands for something; name: of a function
            such as log; script: base, subscript and superscript; table: rows of rows.
        text: What identifier, name, number, operator and text say; an accent's name.
        style: A style that makes another symbol of an identifier.
        children: Always three for a script, two for a fraction or root, one for an accent.
    """

    kind: NodeKind
    text: str = ""
    style: Style = ""
    children: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """This node and all below it."""
        waiting: list[Node] = [self]
        while waiting:
            node = waiting.pop()
            yield node
            waiting.extend(reversed(node.children))


EMPTY = Node("row")

_CHARACTER_REFERENCE = re.compile(r"&#x([0-9A-Fa-f]{1,6});")
_STYLE_NAMES: tuple[tuple[str, Style], ...] = (
    ("DOUBLE-STRUCK", "bb"),
    ("SCRIPT", "cal"),
    ("BOLD", "bold"),
)
_VARIANTS: dict[str, Style] = {
    "bold": "bold",
    "bold-italic": "bold",
    "script": "cal",
    "bold-script": "cal",
    "double-struck": "bb",
}
_ACCENTS = {
    "^": "hat",
    "\u02c6": "hat",
    "~": "tilde",
    "\u02dc": "tilde",
    "\u00af": "bar",
    "\u2015": "bar",
    "\u203e": "bar",
    "\u2192": "vec",
    "\u20d7": "vec",
    "\u02d9": "dot",
    "\u00a8": "ddot",
    "\u02c7": "check",
    "\u02d8": "breve",
    "\u00b4": "acute",
    "`": "grave",
    "\u02da": "ring",
}
_BRACES = {"\u23de", "\u23df"}
_OPERATOR_LETTERS = {"\u2202", "\u2207", "\u221e", "\u2211", "\u220f", "\u2205"}
_OWN_LETTERS = {"\u2113", "\u210f"}
_SCRIPTS = {"msub", "msup", "msubsup", "munder", "mover", "munderover"}
_TRANSPARENT = {"math", "mrow", "mstyle", "mpadded", "menclose", "semantics"}


def parse_latex(latex: str, *, display: bool) -> tuple[str, Node]:
    r"""Read LaTeX that needs no macros any more.

    Returns:
        Presentation MathML, and the tree. Commands nobody knows are operators in the tree.

    Raises:
        Exception: Whatever the converter meets in broken LaTeX.
    """
    from latex2mathml.converter import convert_to_element

    root = convert_to_element(latex, display="block" if display else "inline")
    _clean(root)
    return tostring(root, encoding="unicode"), _row([_node(child) for child in root])


def _clean(element: Element) -> None:
    """Write characters as characters, and words that are identifiers as identifiers."""
    if element.text and "&#x" in element.text:
        element.text = _CHARACTER_REFERENCE.sub(_character, element.text)
    if element.tag == "mtext" and not is_connecting_text(element.text or ""):
        element.tag = "mi"
        element.text = (element.text or "").replace("\u00a0", " ").strip()
    for child in element:
        _clean(child)


def _character(reference: re.Match[str]) -> str:
    code = int(reference[1], 16)
    if code == 0 or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return "\ufffd"
    return chr(code)


def _node(element: Element) -> Node:
    tag = element.tag
    text = element.text or ""
    if tag in _TRANSPARENT:
        return _row([_node(child) for child in element])
    if tag == "mi":
        return _identifier(text, _VARIANTS.get(element.get("mathvariant", ""), ""))
    if tag == "mn":
        return Node("number", text)
    if tag == "mo":
        return _operator(element, text)
    if tag == "mtext":
        return Node("text", text.replace("\u00a0", " ").strip())
    if tag == "mspace":
        return Node("break") if element.get("linebreak") else EMPTY
    if tag in _SCRIPTS:
        return _script(tag, [_node(child) for child in element])
    if tag == "mfrac":
        return Node("fraction", children=_padded([_node(child) for child in element], 2))
    if tag == "msqrt":
        return Node("root", children=(_row([_node(child) for child in element]), EMPTY))
    if tag == "mroot":
        return Node("root", children=_padded([_node(child) for child in element], 2))
    if tag == "mtable":
        rows = [Node("row", children=tuple(_node(cell) for cell in row)) for row in element]
        return Node("table", children=tuple(rows))
    if tag == "mphantom":
        return EMPTY
    return _row([_node(child) for child in element])


def _row(nodes: Sequence[Node]) -> Node:
    """Put nodes side by side; rows inside rows mean nothing and vanish."""
    flat: list[Node] = []
    for node in nodes:
        if node.kind == "row":
            flat.extend(node.children)
        elif node.text == "=" and flat and flat[-1].text == ":" and node.kind == "operator":
            flat[-1] = Node("operator", "\u2254")
        else:
            flat.append(node)
    return flat[0] if len(flat) == 1 else Node("row", children=tuple(flat))


def _padded(nodes: Sequence[Node], count: int) -> tuple[Node, ...]:
    return (*nodes[:count], *(EMPTY,) * (count - len(nodes)))


def _identifier(text: str, style: Style) -> Node:
    if not text:
        return EMPTY
    if len(text) > 1:
        if text in FUNCTIONS:
            return Node("name", text)
        if set(text) <= {"\u2032", "\u2033", "\u2034", "\u2057"}:
            return Node("operator", text)
        if text.startswith("\\") or not any(map(str.isalpha, text)):
            return Node("operator", text)
        return Node("identifier", unicodedata.normalize("NFC", text), style)
    if text in _OPERATOR_LETTERS or not text.isalpha():
        return Node("operator", text)
    if text in _OWN_LETTERS:
        return Node("identifier", text, style)
    if not style and not text.isascii():
        name = unicodedata.name(text, "")
        if name.startswith("MATHEMATICAL ") or "DOUBLE-STRUCK" in name or "SCRIPT " in name:
            for word, named in _STYLE_NAMES:
                if word in name:
                    style = named
                    break
    return Node("identifier", unicodedata.normalize("NFKC", text), style)


def _operator(element: Element, text: str) -> Node:
    if len(element):
        return _row([_node(child) for child in element])
    letters = text.replace("\u2009", " ").replace("\u2006", " ")
    if len(letters) > 1 and letters[0].isalpha():
        kind: NodeKind = "name" if letters in FUNCTIONS else "identifier"
        return Node(kind, letters)
    return Node("operator", text) if text.strip() else EMPTY


def _script(tag: str, nodes: list[Node]) -> Node:
    base = nodes[0] if nodes else EMPTY
    first = nodes[1] if len(nodes) > 1 else EMPTY
    if tag in {"mover", "munder"} and first.kind == "operator":
        accent = _ACCENTS.get(first.text)
        if accent is not None:
            name = accent if tag == "mover" else f"under{accent}"
            return Node("accent", name, children=(base,))
        if first.text in _BRACES:
            return base
    if tag in {"msup", "mover"}:
        sub, sup = EMPTY, first
    else:
        sub, sup = first, nodes[2] if len(nodes) > 2 else EMPTY
    if base.kind == "script":
        # A second pair of scripts, as a prime followed by an index gives, joins the first.
        inner, inner_sub, inner_sup = base.children
        if inner_sub == EMPTY and sup == EMPTY:
            return Node("script", children=(inner, sub, inner_sup))
        if inner_sup == EMPTY and sub == EMPTY:
            return Node("script", children=(inner, inner_sub, sup))
    return Node("script", children=(base, sub, sup))
