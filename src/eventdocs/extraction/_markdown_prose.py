"""Prose from Markdown: inline tokens as readable text with marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import attrs
from markdown_it.token import Token

from eventdocs.extraction._markdown_inline import place_of
from eventdocs.extraction._prose import Mark, MarkKind, Passage, Prose

__all__ = ["ProseBuilder"]

_HTML_ID = re.compile(r"<\w[^<>]*?\s(?:id|name)\s*=\s*[\"']?([^\s\"'<>]+)", re.IGNORECASE)
_HTML_LINK = re.compile(r"<a\s[^<>]*?\bhref\s*=\s*[\"']?([^\s\"'<>]+)", re.IGNORECASE)
_TARGETED = re.compile(r"(?P<text>.*\S)\s*<(?P<target>[^<>]+)>", re.DOTALL)
_REFERENCE_ROLES = {
    "ref", "eq", "numref", "term", "doc", "any", "prf:ref", "cite", "cite:p", "cite:t", "cite:ps", "cite:ts",
    "cite:cts", "cite:ct", "cite:alp", "cite:author", "cite:year", "footcite", "footcite:p", "footcite:t",
    "citep", "citet", "fn", "numfig", "keyword",
}  # fmt: skip

_OPENING: dict[str, MarkKind] = {
    "strong_open": "strong",
    "em_open": "emphasis",
    "link_open": "link",
}
_CLOSING: dict[str, MarkKind] = {
    "strong_close": "strong",
    "em_close": "emphasis",
    "link_close": "link",
}


class LinearText(Protocol):
    """Tells how a formula reads on one line."""

    def __call__(self, latex: str, *, display: bool) -> str: ...


@attrs.define
class _Opened:
    kind: MarkKind
    start: int
    content: str
    source: tuple[int, int]


class ProseBuilder:
    """Turns the inline tokens of one passage into prose."""

    def __init__(self, passage: Passage, linear: LinearText) -> None:
        self.prose = Prose()
        self._passage = passage
        self._linear = linear
        self._open: list[_Opened] = []

    def build(self, tokens: Sequence[Token]) -> Prose:
        """Read all *tokens*."""
        for token in tokens:
            self._token(token)
        self.prose.marks.sort(key=lambda mark: mark.start)
        return self.prose

    def plain(self) -> Prose:
        """Read a passage that holds no markup at all."""
        at = 0
        for line in self._passage.content.split("\n"):
            if at:
                self.prose.add(" ", self._passage.range(at - 1, at))
            text = line.rstrip()
            self.prose.add(text, self._passage.range(at, at + len(text)), verbatim=True)
            at += len(line) + 1
        return self.prose

    def _token(self, token: Token) -> None:
        place = self._passage.range(*place_of(token))
        kind = token.type
        if kind == "text":
            self.prose.add(token.content, place, verbatim=True)
        elif kind in {"softbreak", "hardbreak"}:
            self.prose.add(" ", place)
        elif kind == "text_special":
            self.prose.add(token.content, place)
        elif kind in _OPENING:
            self._begin(_OPENING[kind], str(token.attrs.get("href", "")), place)
        elif kind in _CLOSING:
            self._end(_CLOSING[kind], place[1] if kind != "link_close" else None)
        elif kind == "math":
            self._math(token)
        elif kind == "code_inline":
            self._code(token)
        elif kind == "role":
            self._role(token, place)
        elif kind == "html_inline":
            self._html(token, place)
        elif kind == "attributes":
            if token.content:
                self._mark("anchor", len(self.prose), token.content, place)
        else:
            self._mention(token, place)

    def _mention(self, token: Token, place: tuple[int, int]) -> None:
        start = len(self.prose)
        if token.type == "image":
            self.prose.add(token.content, place)
            self._mark("image", start, str(token.attrs.get("src", "")), place)
        elif token.type == "footnote":
            self._mark("reference", start, token.content, place, "footnote")
        elif token.type == "citation":
            self.prose.add(f"@{token.content}", place)
            detail = "citation" if token.meta["bracketed"] else "bare citation"
            self._mark("reference", start, token.content, place, detail)
        elif token.type == "tex_reference":
            self.prose.add(token.content, place)
            self._mark("reference", start, token.content, place, f"\\{token.meta['kind']}")

    def _mark(
        self, kind: MarkKind, start: int, content: str, source: tuple[int, int], detail: str = ""
    ) -> None:
        self.prose.marks.append(Mark(kind, start, len(self.prose), content, source, detail))

    def _begin(self, kind: MarkKind, content: str, place: tuple[int, int]) -> None:
        self._open.append(_Opened(kind, len(self.prose), content, place))

    def _end(self, kind: MarkKind, end: int | None) -> None:
        if not any(opened.kind == kind for opened in self._open):
            return
        while (opened := self._open.pop()).kind != kind:
            pass
        source = opened.source if end is None else (opened.source[0], end)
        self._mark(kind, opened.start, opened.content, source)

    def _math(self, token: Token) -> None:
        display: bool = token.meta["display"]
        start, end = token.meta["content"]
        latex = self._passage.content[start:end]
        source = self._passage.range(*_trimmed(self._passage.content, start, end))
        at = len(self.prose)
        self.prose.add(self._linear(latex, display=display), source)
        self._mark("formula", at, latex, source, "display" if display else "inline")

    def _code(self, token: Token) -> None:
        start, end = place_of(token)
        raw_start, raw_end = start + len(token.markup), end - len(token.markup)
        raw = self._passage.content[raw_start:raw_end]
        verbatim = raw == token.content
        if not verbatim and raw[1:-1] == token.content:
            raw_start, raw_end, verbatim = raw_start + 1, raw_end - 1, True
        source = self._passage.range(raw_start, raw_end)
        at = len(self.prose)
        self.prose.add(token.content, source, verbatim=verbatim)
        self._mark("code", at, token.content, source)

    def _role(self, token: Token, place: tuple[int, int]) -> None:
        name = str(token.meta["name"])
        content = token.content
        if name == "math":
            source = self._passage.range(*token.meta["content"])
            at = len(self.prose)
            self.prose.add(self._linear(content, display=False), source)
            self._mark("formula", at, content, source, "inline")
            return
        targeted = _TARGETED.fullmatch(content) if content.endswith(">") else None
        text = targeted["text"] if targeted else content
        at = len(self.prose)
        self.prose.add(text, place)
        if name.lower() in _REFERENCE_ROLES:
            target = targeted["target"] if targeted else content
            self._mark("reference", at, target.strip(), place, f"{{{name.lower()}}}")

    def _html(self, token: Token, place: tuple[int, int]) -> None:
        tag = token.content
        lowered = tag[:4].lower()
        if lowered.startswith("<br"):
            self.prose.add(" ", place)
            return
        named = _HTML_ID.match(tag)
        if named:
            self._mark("anchor", len(self.prose), named[1], place)
        link = _HTML_LINK.match(tag)
        if link:
            self._begin("link", link[1], place)
        elif lowered == "</a>":
            self._end("link", place[1])


def _trimmed(content: str, start: int, end: int) -> tuple[int, int]:
    part = content[start:end]
    left = len(part) - len(part.lstrip())
    return start + left, start + len(part.rstrip())
