"""Prose from plain text: lines as readable text, with what refers to notes and works marked."""

from __future__ import annotations

import re
from collections.abc import Mapping

from eventdocs.extraction._prose import Mark, Passage, Prose

__all__ = ["Works", "read_prose"]

_BRACKETED = re.compile(
    r"\[(?P<keys>\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*|[A-Za-z][\w.:+/-]*(?:[ -][\w.:+/-]+){0,3})\]"
)
_KEY = re.compile(r"\d+|[A-Za-z].*")
_SPEAKS_FOR_ITSELF = re.compile(r"[A-Z][A-Za-z+]*[-: ]?\d{2,}[\w.-]*")
_CITES = re.compile(r"(?:[^\W\d_]{2,}|[,;)])\s$")

Works = Mapping[str, str]
"""What the brackets of a document refer to, by their keys: `bibliography` or `footnote`."""


def read_prose(passage: Passage, works: Works) -> Prose:
    """Turn a passage into prose on one line."""
    prose = Prose()
    content = passage.content
    if "\n" not in content:
        prose.add(content, passage.range(0, len(content)), verbatim=True)
    else:
        _add_lines(prose, passage)
    if "[" in content:
        _mark(prose, works)
    return prose


def _add_lines(prose: Prose, passage: Passage) -> None:
    broken = False
    end = 0
    # Each line is a piece of the passage.
    for at, line in passage.lines():
        start = at
        if len(prose) and not (broken and line[:1].islower()):
            prose.add(" ", (end, start))
        end = start + len(line)
        prose.add(line, (start, end), verbatim=True)
        broken = line[-1:] == "-" and line[-2:-1].isalpha()


def _mark(prose: Prose, works: Works) -> None:
    text = prose.text
    numbered = any(key.isdecimal() for key in works)
    for found in _BRACKETED.finditer(text):
        if text[found.end() : found.end() + 1] in {"(", "=", "["}:
            continue
        first, last = found.span("keys")
        for key in _KEY.finditer(text, first, last):
            kind = works.get(key[0])
            if kind is None:
                kind = _unlisted(text, found.start(), key[0], numbered=numbered)
            if kind is None:
                continue
            alone = key.span() == (first, last)
            start, end = found.span() if alone else key.span()
            detail = "footnote" if kind == "footnote" else "citation"
            mark = Mark("link", start, end, f"#{key[0]}", prose.source(start, end), detail)
            prose.marks.append(mark)


def _unlisted(text: str, at: int, key: str, *, numbered: bool) -> str | None:
    """What a bracket refers to whose key no list has; None if it is no reference."""
    if not key.isdecimal():
        return "bibliography" if _SPEAKS_FOR_ITSELF.fullmatch(key) else None
    before = text[max(0, at - 12) : at]
    if not numbered:
        return "bibliography" if _CITES.search(before) else None
    # Where other numbers are notes, this one is a note that is missing.
    return "footnote" if not before[-1:].isspace() or _CITES.search(before) else None
