"""Runs of Office math: letters, words and signs with a style."""

from __future__ import annotations

import re

import attrs
from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] - lxml names no public type

from eventdocs.extraction._docx_names import FALSE, MATH, WORD
from eventdocs.extraction._latex import plain_letters
from eventdocs.extraction._tex_characters import FUNCTION_COMMANDS, escaped_text, latex_of

__all__ = ["Run", "Style", "characters", "run_latex", "style_of"]

_ALPHABETS = {
    "double-struck": "mathbb",
    "script": "mathcal",
    "fraktur": "mathfrak",
    "sans-serif": "mathsf",
    "monospace": "mathtt",
}
_FACES = {"b": "mathbf", "bi": "boldsymbol"}
_PIECE = re.compile(
    r"(?P<words>[A-Za-z]{2,}(?:[ \u00a0]+[A-Za-z]{2,})+)"
    r"|(?P<letters>[A-Za-z]+)"
    r"|(?P<digits>\d+(?:[.,]\d+)*)"
    r"|(?P<space>[ \u00a0\t]+)"
    r"|(?P<sign>.)",
    re.DOTALL,
)
_WORD = re.compile(r"[^\W_]")


@attrs.frozen
class Style:
    """How a run looks.

    Attributes:
        normal: It is text, not math.
        alphabet: Such as `double-struck`; empty for the usual one.
        face: p for upright, i for italic, b and bi for bold.
    """

    normal: bool = False
    alphabet: str = ""
    face: str = "i"


@attrs.frozen
class Run:
    """Characters of one style."""

    text: str
    style: Style


_ITALIC = Style()
_TEXT = Style(normal=True)


def style_of(run: Element) -> Style:
    """Read the style of an `m:r`; a `w:r` between them is text."""
    if run.tag == f"{WORD}r":
        return _TEXT
    properties = run.find(f"{MATH}rPr")
    if properties is None:
        return _ITALIC
    normal, alphabet, face = False, "", "i"
    for each in properties:
        value = each.get(f"{MATH}val")
        if each.tag == f"{MATH}nor":
            normal = value not in FALSE
        elif each.tag == f"{MATH}scr":
            alphabet = "" if value in {None, "roman"} else str(value)
        elif each.tag == f"{MATH}sty":
            face = value or "i"
    return Style(normal, alphabet, face)


def characters(run: Element) -> str:
    """The text of a run; a line break in it is a space."""
    parts: list[str] = []
    for each in run:
        if each.tag in {f"{MATH}t", f"{WORD}t"}:
            parts.append(each.text or "")
        elif each.tag in {f"{WORD}br", f"{WORD}tab", f"{WORD}cr"}:
            parts.append(" ")
    return "".join(parts).replace("\n", " ").replace("\r", " ")


def run_latex(text: str, style: Style) -> str:
    """Write the text of a run as LaTeX."""
    if style.normal:
        if _WORD.search(text):
            return f"\\text{{{escaped_text(text)}}}"
        return latex_of(text)
    command = _ALPHABETS.get(style.alphabet) or _FACES.get(style.face)
    written: list[str] = []
    for found in _PIECE.finditer(text):
        piece = found[0]
        match found.lastgroup:
            case "words":
                written.append(f"\\text{{{' '.join(piece.split())}}}")
            case "letters":
                written.append(_letters(piece, style, command))
            case "digits":
                written.append(f"\\{command}{{{piece}}}" if command else piece)
            case "space":
                written.append(_space(text, *found.span()))
            case _:
                written.append(_sign(piece, command))
    return "".join(written)


def _letters(letters: str, style: Style, command: str | None) -> str:
    if command:
        return f"\\{command}{{{letters}}}"
    if style.face == "p":
        if letters in FUNCTION_COMMANDS:
            return f"\\{letters} "
        name = "mathrm" if len(letters) == 1 else "operatorname"
        return f"\\{name}{{{letters}}}"
    return letters


def _sign(sign: str, command: str | None) -> str:
    plain = plain_letters(sign)
    written = plain if plain.startswith("\\") else latex_of(plain)
    if command and sign.isalpha():
        # Bold Greek, say: a command that only knows Latin letters would lose it.
        bold = "boldsymbol" if command in {"mathbf", "boldsymbol"} else command
        return f"\\{bold}{{{written.strip()}}}"
    return written


def _space(text: str, start: int, end: int) -> str:
    if end - start > 2:
        return r"\quad "
    between = text[start - 1 : start].isalnum() and text[end : end + 1].isalnum()
    return r"\ " if between else " "
