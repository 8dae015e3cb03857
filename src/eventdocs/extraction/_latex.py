r"""LaTeX: put into the form that can be converted, and what its commands say aside."""

from __future__ import annotations

import re
import unicodedata

from eventdocs.extraction._words import FUNCTIONS, looks_like_name

__all__ = ["convertible", "labels", "plain_letters", "references", "tag"]

_LABEL = re.compile(r"\\label\s*\{([^{}]*)\}")
_TAG = re.compile(r"\\tag\*?\s*\{([^{}]*)\}")
_REFERENCE = re.compile(r"\\(?:eq|auto|c|C|page|name|v)?ref\*?\s*\{([^{}]*)\}")
_THOUSANDS = re.compile(r"(?<=\d)\{,\}(?=\d{3})")
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_ENVIRONMENT = re.compile(r"\\(begin|end)\s*\{([A-Za-z]+\*?)\}(?:\s*(?:\[[a-z]\]|\{\d+\}))?")
_FONT_WORD = re.compile(
    r"\\(?:mathrm|mathit|mathsf|mathtt|mathnormal|textrm|textit|textsf|texttt|textnormal|textup"
    r"|emph|mbox|hbox)\s*\{\s*([^\W\d_][\w' -]*[\w'])\s*\}"
)
_DROPPED = re.compile(
    r"\\(?:label|tag\*?|ref|eqref|require|vspace\*?|hspace\*?|cline|raisebox)\s*\{[^{}]*\}"
    r"|\\(?:nonumber|notag|displaystyle|textstyle|ensuremath|centering|allowbreak|allowdisplaybreaks"
    r"|nolimits|smallskip|medskip|bigskip|noindent|hline|strut|mathstrut)(?![A-Za-z])"
)
_WORDS = re.compile(
    r"\\(?:begin|end)\s*\{[^{}]*\}"
    r"|\\(?:text[a-z]*|math[a-z]+|operatorname\*?|mbox|hbox|emph|color|label|tag\*?)\s*\{[^{}]*\}"
    r"|\\[A-Za-z]+|\\."
    r"|(?P<braced>_\s*\{(?P<label>[^{}\\]*[A-Za-z]{3}[^{}\\]*)\})"
    r"|(?P<word>[A-Za-z]{3,})",
    re.DOTALL,
)
_LETTERS = re.compile("[A-Za-z]{3,}")
_ENVIRONMENTS = {
    **dict.fromkeys(
        "align align* aligned flalign flalign* alignat alignat* alignedat eqnarray eqnarray* "
        "multlined split IEEEeqnarray IEEEeqnarray*".split(),
        "align*",
    ),
    **dict.fromkeys("gather gather* gathered multline multline* subarray".split(), "matrix"),
    **dict.fromkeys("cases dcases rcases drcases cases* dcases* numcases".split(), "cases"),
    **dict.fromkeys(
        "equation equation* displaymath math subequations dmath dmath* multicols center".split(), ""
    ),
}
_RAISED = {
    "\u00b9": "1",
    "\u00b2": "2",
    "\u00b3": "3",
    "\u2070": "0",
    "\u207f": "n",
    "\u1d40": "T",
    **{chr(0x2070 + n): str(n) for n in range(4, 10)},
}
_LOWERED = {
    **{chr(0x2080 + n): str(n) for n in range(10)},
    **dict(zip("ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ", "aeoxhklmnpstijruv", strict=True)),
}
_SHIFTED = re.compile(f"[{''.join(_RAISED)}]+|[{''.join(_LOWERED)}]+")
_STYLED_LETTER = re.compile(
    "[\U0001d400-\U0001d7ff\u210b-\u2113\u2115\u2119-\u211d\u2124\u2128\u212c-\u2131]"
)
_STYLE_COMMANDS = (("DOUBLE-STRUCK", "mathbb"), ("SCRIPT", "mathcal"), ("BOLD", "mathbf"))


def labels(latex: str) -> tuple[str, ...]:
    r"""The names given by `\label`."""
    return tuple(_LABEL.findall(latex)) if "\\label" in latex else ()


def tag(latex: str) -> str | None:
    r"""The number given by the first `\tag`."""
    found = _TAG.search(latex) if "\\tag" in latex else None
    return found[1].strip(" $()") if found else None


def references(latex: str) -> list[tuple[int, int, str]]:
    r"""The places and labels of `\ref` and its kin: start, end, label."""
    if "ref" not in latex:
        return []
    return [(each.start(), each.end(), each[1]) for each in _REFERENCE.finditer(latex)]


def plain_letters(latex: str) -> str:
    """Write letters from Unicode's mathematical blocks, and raised digits, as LaTeX does."""
    if latex.isascii():
        return latex
    latex = _STYLED_LETTER.sub(_styled, latex)
    return _SHIFTED.sub(_shifted, latex)


def convertible(latex: str) -> str:
    r"""Bring *latex* into the forms that the converter to MathML understands.

    Environments become the few it knows, words become `\text{…}`, and what concerns
    only the page goes.
    """
    if "\\" in latex or "%" in latex or "{,}" in latex:
        if "%" in latex:
            latex = _COMMENT.sub("", latex)
        latex = _ENVIRONMENT.sub(_environment, latex)
        latex = _DROPPED.sub(" ", latex)
        latex = _THOUSANDS.sub("", latex)
        latex = _FONT_WORD.sub(_font_word, latex)
    latex = _WORDS.sub(_word, latex).strip()
    # The point of an empty delimiter ends no sentence.
    return latex if latex.endswith(r"\right.") else latex.rstrip(".,;")


def _styled(letter: re.Match[str]) -> str:
    character = letter[0]
    if character in "\u2113\u210f":
        return character
    plain = unicodedata.normalize("NFKC", character)
    name = unicodedata.name(character, "")
    command = next((command for word, command in _STYLE_COMMANDS if word in name), None)
    return rf"\{command}{{{plain}}}" if command and plain.isascii() else plain


def _shifted(characters: re.Match[str]) -> str:
    run = characters[0]
    if run[0] in _RAISED:
        return "^{" + "".join(_RAISED[each] for each in run) + "}"
    return "_{" + "".join(_LOWERED[each] for each in run) + "}"


def _environment(found: re.Match[str]) -> str:
    side, name = found[1], found[2]
    known = _ENVIRONMENTS.get(name)
    if known is None:
        return found[0]
    return rf"\{side}{{{known}}}" if known else " "


def _font_word(found: re.Match[str]) -> str:
    word = found[1]
    return found[0] if len(word) == 1 else rf"\text{{{word}}}"


def _word(found: re.Match[str]) -> str:
    word = found["word"]
    if word is not None:
        after = found.string[found.end() : found.end() + 1]
        if looks_like_name(word) or (len(word) == 3 and word.isupper() and after == "_"):
            return rf"\text{{{word}}}"
        if word in FUNCTIONS and not after.isalpha():
            return rf"\operatorname{{{word}}}"
    elif found["braced"] is not None:
        return "_{" + _LETTERS.sub(_subscript_word, found["label"]) + "}"
    return found[0]


def _subscript_word(found: re.Match[str]) -> str:
    return rf"\text{{{found[0]}}}" if looks_like_name(found[0], in_subscript=True) else found[0]
