"""Inline rules: math, roles, attributes, citations and footnotes in Markdown."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.helpers import parseLinkLabel
from markdown_it.rules_inline import StateInline, image, link

from eventdocs.extraction._markdown_inline import PlacedInline, read_text

__all__ = ["ATTRIBUTES", "LOOKS_LIKE_MATH", "add_inline_rules"]

ATTRIBUTES = re.compile(
    r"\{:?\s*(?:(?:#(?P<id>[^\s{}]++)|\.[^\s{}#.=]+|-|%[^%{}\n]*%"
    r"|[A-Za-z_:][\w:.-]*=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s{}\"']+))\s*)+\}"
)
"""An attribute block such as `{#eq-weight .wide}`; the last id counts."""


_ROLE = re.compile(r"\{([A-Za-z][\w:+.-]*)\}(`+)")
_TEX_REFERENCE = re.compile(
    r"\\(?P<kind>eqref|ref|autoref|cref|Cref|pageref|nameref|vref|cite[a-z]*\*?)"
    r"(?:\[[^\]\n]*\]){0,2}\{(?P<label>[^{}\n]+)\}"
    r"|\\@ref\((?P<bookdown>[^()\s]+)\)"
)
_TEX_ENVIRONMENT = re.compile(
    r"\\begin\{(equation|align|aligned|alignat|gather|multline|eqnarray|flalign|displaymath|math)(\*?)\}"
)
LOOKS_LIKE_MATH = re.compile(r"\\[A-Za-z]|[=^_<>+]|[-*/]\s*[\w(]|^\s*[^\W\d_]\s*$|\d\s*%?\s*$")
_BRACKETED_CITATION = re.compile(r"\[(?=[^\[\]]*?(?<![\w.])-?@\w)[^\[\]]*\](?![(\[:])")
_CITATION_KEY = re.compile(r"(?<![\w.@/])-?@\{?(?P<key>\w(?:[\w]|[:.#$%&+?<>~/-](?=\w))*)\}?")
_FOOTNOTE = re.compile(r"\[\^([^\s\[\]]+)\](?!:)")
_AMOUNT = re.compile(r"\s*\d[\d.,]*\s+[A-Za-z]{2,}(?![^$]*\\)")


def add_inline_rules(md: MarkdownIt) -> None:
    """Teach *md* math, roles, attributes, citations and footnotes."""
    ruler = md.inline.ruler
    ruler.at("text", read_text)
    ruler.before("escape", "dollar_math", _dollar_math)
    ruler.before("escape", "tex", _tex)
    ruler.before("backticks", "role", _role)
    ruler.at("link", _link)
    ruler.at("image", _image)
    ruler.before("link", "footnote", _footnote)
    ruler.before("link", "citation", _citation)
    ruler.after("link", "span", _span)
    ruler.push("attributes", _attributes)
    ruler.push("bare_citation", _bare_citation)
    # It joins neighbouring texts into one token, which would have the place of the last.
    md.inline.ruler2.disable("fragments_join")
    if isinstance(md.inline, PlacedInline):
        md.inline.prepare()


def _link(state: StateInline, silent: bool) -> bool:
    # A bracket that nobody closes is no link; the rule would look far to find that out.
    closes = state.src[state.pos] == "[" and state.src.find("]", state.pos, state.posMax) >= 0
    return closes and link(state, silent)


def _image(state: StateInline, silent: bool) -> bool:
    closes = state.src[state.pos] == "!" and state.src.find("]", state.pos, state.posMax) >= 0
    return closes and image(state, silent)


def _math(state: StateInline, start: int, end: int, after: int, *, display: bool) -> None:
    token = state.push("math", "math", 0)
    token.content = state.src[start:end]
    token.meta = {"content": (start, end), "display": display}
    state.pos = after


def _dollar_math(state: StateInline, silent: bool) -> bool:
    src, start, limit = state.src, state.pos, state.posMax
    if src[start] != "$":
        return False
    marker = "$$" if src.startswith("$$", start) else "$"
    first = start + len(marker)
    if first >= limit or (marker == "$" and src[first].isspace()):
        return False
    end = _closing_dollars(src, first, limit, marker)
    if end < 0 or not src[first:end].strip():
        return False
    content = first, end
    if marker == "$":
        if _AMOUNT.match(src, first, end):
            return False
        if end - first > 2 and src[first] == src[end - 1] == "`":
            content = first + 1, end - 1
    if silent:
        state.pos = end + len(marker)
    else:
        _math(state, *content, end + len(marker), display=marker == "$$")
    return True


def _closing_dollars(src: str, first: int, limit: int, marker: str) -> int:
    """Find the end of dollar math by pandoc's rules, which leave sums of money alone."""
    end = src.find(marker, first, limit)
    while end >= 0:
        backslashes = 0
        while src[end - 1 - backslashes] == "\\" and end - 1 - backslashes >= first:
            backslashes += 1
        after = src[end + 1 : end + 2]
        if backslashes % 2 == 0 and (
            marker == "$$" or (end > first and not src[end - 1].isspace() and not after.isdigit())
        ):
            return end
        if marker == "$" and backslashes % 2 == 0:
            return -1
        end = src.find(marker, end + 1, limit)
    return -1


def _tex(state: StateInline, silent: bool) -> bool:
    r"""Read `\(…\)`, `\[…\]`, `\begin{equation}…` and `\eqref{…}` inside a paragraph."""
    src, start = state.src, state.pos
    if src[start] != "\\" or start + 1 >= state.posMax:
        return False
    opening = src[start + 1]
    if opening in "([":
        closing = "\\)" if opening == "(" else "\\]"
        end = src.find(closing, start + 2, state.posMax)
        content = src[start + 2 : end] if end >= 0 else ""
        if not content.strip() or not LOOKS_LIKE_MATH.search(content):
            return False
        if opening == "[" and src[end + 2 : end + 3] in {"(", "["}:
            return False
        return _accept(state, silent, start + 2, end, end + 2, display=opening == "[")
    if opening == "b":
        found = _TEX_ENVIRONMENT.match(src, start, state.posMax)
        if found is None:
            return False
        closing = f"\\end{{{found[1]}{found[2]}}}"
        end = src.find(closing, found.end(), state.posMax)
        if end < 0:
            return False
        end += len(closing)
        return _accept(state, silent, start, end, end, display=True)
    found = _TEX_REFERENCE.match(src, start, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("tex_reference", "", 0)
        token.content = found["label"] or found["bookdown"]
        token.meta = {"kind": found["kind"] or "ref"}
    state.pos = found.end()
    return True


def _accept(
    state: StateInline, silent: bool, start: int, end: int, after: int, *, display: bool
) -> bool:
    if silent:
        state.pos = after
    else:
        _math(state, start, end, after, display=display)
    return True


def _role(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "{":
        return False
    found = _ROLE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    ticks = found[2]
    end = state.src.find(ticks, found.end(), state.posMax)
    if end <= found.end():
        return False
    if not silent:
        token = state.push("role", "", 0)
        token.content = state.src[found.end() : end]
        token.meta = {"name": found[1], "content": (found.end(), end)}
    state.pos = end + len(ticks)
    return True


def _footnote(state: StateInline, silent: bool) -> bool:
    if not state.src.startswith("[^", state.pos):
        return False
    found = _FOOTNOTE.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("footnote", "", 0)
        token.content = found[1]
    state.pos = found.end()
    return True


def _citation(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "[":
        return False
    close = state.src.find("]", state.pos, state.posMax)
    if close < 0 or "@" not in state.src[state.pos : close]:
        return False
    found = _BRACKETED_CITATION.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        for key in _CITATION_KEY.finditer(state.src, found.start(), found.end()):
            token = state.push("citation", "", 0)
            token.content = key["key"]
            token.meta = {"place": key.span(), "bracketed": True}
    state.pos = found.end()
    return True


def _bare_citation(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "@":
        return False
    found = _CITATION_KEY.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("citation", "", 0)
        token.content = found["key"]
        token.meta = {"bracketed": False}
    state.pos = found.end()
    return True


def _span(state: StateInline, silent: bool) -> bool:
    """Read `[text]{#id}`; the text is read as usual, and the attributes after it too."""
    if state.src[state.pos] != "[" or state.src.find("]{", state.pos, state.posMax) < 0:
        return False
    end = parseLinkLabel(state, state.pos)
    if end < 0 or not state.src.startswith("{", end + 1):
        return False
    if ATTRIBUTES.match(state.src, end + 1, state.posMax) is None:
        return False
    if not silent:
        limit = state.posMax
        state.pos += 1
        state.posMax = end
        state.push("span_open", "span", 1)
        state.md.inline.tokenize(state)
        state.push("span_close", "span", -1)
        state.posMax = limit
    state.pos = end + 1
    return True


def _attributes(state: StateInline, silent: bool) -> bool:
    """Read an attribute block that directly follows something it can belong to."""
    src, start = state.src, state.pos
    if src[start] != "{" or (start and src[start - 1] not in ")]`$*_> \n"):
        return False
    found = ATTRIBUTES.match(src, start, state.posMax)
    if found is None:
        return False
    # Braces after a space may be anything, unless they give an id or end the text.
    if (
        (not start or src[start - 1] in " \n")
        and found["id"] is None
        and found.end() < state.posMax
    ):
        return False
    if not silent:
        token = state.push("attributes", "", 0)
        token.content = found["id"] or ""
    state.pos = found.end()
    return True
