"""Inline markup of reStructuredText: what stands in a text, and exactly where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, TypeAlias

import attrs
from docutils.utils import escape2null, punctuation_chars

__all__ = ["Inline", "InlineKind", "inlines"]

InlineKind: TypeAlias = Literal[
    "strong", "emphasis", "literal", "role", "reference", "target", "substitution", "footnote", "citation"
]  # fmt: skip

_START = re.compile(r"[*`|\[]|_`|__?(?![^\W_])")
_BEFORE = re.compile(f"[\\s{punctuation_chars.openers}{punctuation_chars.delimiters}]")
_SUFFIX = (
    f"(?:$|(?=[\\s\\x00{punctuation_chars.closing_delimiters}"
    f"{punctuation_chars.delimiters}{punctuation_chars.closers}]))"
)
_NAME = r"(?:(?!_)\w)+(?:[-._+:](?:(?!_)\w)+)*"
_AFTER = re.compile(_SUFFIX)
_ENDS: dict[InlineKind, re.Pattern[str]] = {
    "strong": re.compile(rf"(?<![\s\x00])\*\*{_SUFFIX}"),
    "emphasis": re.compile(rf"(?<![\s\x00])\*{_SUFFIX}"),
    "literal": re.compile(rf"(?<!\s)``{_SUFFIX}"),
    "target": re.compile(rf"(?<![\s\x00])`{_SUFFIX}"),
    "substitution": re.compile(rf"(?<![\s\x00])\|(?P<reference>_{{0,2}}){_SUFFIX}"),
    "role": re.compile(
        rf"(?<!(?<!\x00)[\s\x00])`(?:(?P<role>:{_NAME}:)|(?P<reference>__?))?{_SUFFIX}"
    ),
}
_SIMPLE_NAME = re.compile(_NAME)
_ROLE_BEFORE = re.compile(rf":({_NAME}):$")
_LABEL = re.compile(
    rf"\[(?:(?P<footnote>[0-9]+|\#(?:{_NAME})?|\*)|(?P<citation>{_NAME}))\]_{_SUFFIX}"
)
_EMBEDDED = re.compile(r"(?:[ \n\t]+|^)<(?!\s)((?:[^<>\x00]|\x00.)+)(?<![\s\x00])>$", re.DOTALL)
_LONGEST_NAME = 200
_LONGEST_EMBEDDED = 4_000


@attrs.frozen
class Inline:
    """A piece of inline markup.

    Attributes:
        kind: What it is; a phrase and a word that refer are both a `reference`.
        start: First character in the text.
        end: The character after the last one.
        content: First character and end of what stands between its marks.
        name: Of the role.
        target: What a reference names in angle brackets; empty if it names itself.
        anonymous: The reference leads to the next target without a name.
    """

    kind: InlineKind
    start: int
    end: int
    content: tuple[int, int]
    name: str = ""
    target: str = ""
    anonymous: bool = False


def inlines(text: str) -> Iterator[Inline]:
    """Find the inline markup in *text*, from left to right, as docutils does."""
    if not any(mark in text for mark in "*`|_"):
        return
    escaped = escape2null(text) if "\\" in text else text
    yield from _Scan(escaped).inlines()


class _Scan:
    """One pass over a text whose backslashes are null characters."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._done = 0
        # Where the text begins anew, behind what looked like a mark and has no end.
        self._anew = 0
        # Kinds of which no end stands behind a place: looking again would be in vain.
        self._endless: set[InlineKind] = set()

    def inlines(self) -> Iterator[Inline]:
        for start in _START.finditer(self._text):
            if start.start() < self._done or self._is_escaped(start.start()):
                continue
            found = self._at(start.start(), start[0])
            if found is not None:
                self._done = found.end
                yield found

    def _at(self, at: int, mark: str) -> Inline | None:
        text = self._text
        if mark == "*":
            kind: InlineKind = "strong" if text.startswith("**", at) else "emphasis"
            return self._between(kind, at, at + len("**" if kind == "strong" else "*"))
        if mark == "`":
            if text.startswith("``", at):
                return self._between("literal", at, at + 2)
            return self._interpreted(at)
        if mark == "|":
            return None if text.startswith("||", at) else self._between("substitution", at, at + 1)
        if mark == "_`":
            return self._between("target", at, at + 2)
        if mark == "[":
            return self._label(at)
        return self._word(at, mark)

    def _is_escaped(self, at: int) -> bool:
        return at > 0 and self._text[at - 1] == "\0"

    def _begins(self, at: int) -> bool:
        return at == self._anew or _may_precede(self._text[at - 1])

    def _is_quoted(self, start: int, after: int) -> bool:
        return start > 0 and _are_quotes(self._text[start - 1], self._text[after])

    def _between(self, kind: InlineKind, start: int, first: int) -> Inline | None:
        text = self._text
        if first >= len(text) or text[first].isspace() or not self._begins(start):
            if kind in {"strong", "literal"}:
                # Its second character begins nothing either.
                self._done = max(self._done, first)
            return None
        end = None if self._is_quoted(start, first) else self._end(kind, first)
        if end is None:
            self._done = self._anew = first
            return None
        reference = end.groupdict().get("reference") or ""
        return Inline(
            kind,
            start,
            end.end(),
            (first, end.start()),
            anonymous=reference == "__",
            name=reference,
        )

    def _end(self, kind: InlineKind, first: int) -> re.Match[str] | None:
        if kind in self._endless:
            return None
        end = _ENDS[kind].search(self._text, first)
        if end is None:
            self._endless.add(kind)
        elif end.start() == first:
            return None
        return end

    def _interpreted(self, at: int) -> Inline | None:
        text = self._text
        first = at + 1
        if first >= len(text) or text[first].isspace():
            return None
        before = text[max(self._done, at - _LONGEST_NAME) : at] if text[at - 1 : at] == ":" else ""
        role = _ROLE_BEFORE.search(before[before[:-1].rfind(" ") + 1 :]) if before else None
        name = ""
        start = at
        if role is not None and self._begins(at - len(role[0])):
            name, start = role[1], at - len(role[0])
        elif not self._begins(at):
            return None
        is_quoted = role is None and self._is_quoted(at, first)
        end = None if is_quoted else self._end("role", first)
        if end is None:
            self._done = self._anew = first
            return None
        if end["role"]:
            name = name or end["role"][1:-1]
        content = first, end.start()
        if not end["reference"]:
            return Inline("role", start, end.end(), content, name=name)
        return self._phrase(start, end.end(), content, anonymous=end["reference"] == "__")

    def _phrase(self, start: int, end: int, content: tuple[int, int], *, anonymous: bool) -> Inline:
        first, last = content
        tail = max(first, last - _LONGEST_EMBEDDED)
        bracket = self._text.rfind("<", tail, last)
        found = None
        if bracket >= 0 and self._text[last - 1] == ">":
            left = bracket
            while left > first and self._text[left - 1] in " \n\t":
                left -= 1
            found = (
                _EMBEDDED.match(self._text[left:last]) if left < bracket or left == first else None
            )
        if found is None:
            return Inline("reference", start, end, content, anonymous=anonymous)
        target = found[1]
        shown = (first, last - len(found[0]))
        if shown[0] == shown[1]:
            shown = (last - 1 - len(target), last - 1)
        return Inline("reference", start, end, shown, target=target, anonymous=anonymous)

    def _word(self, at: int, mark: str) -> Inline | None:
        text = self._text
        if not _AFTER.match(text, at + len(mark)):
            return None
        first = at
        least = max(self._done, at - _LONGEST_NAME)
        while first > least and (text[first - 1].isalnum() or text[first - 1] in "-._+:"):
            first -= 1
        while first < at:
            if self._begins(first):
                name = _SIMPLE_NAME.match(text, first, at)
                if name is not None and name.end() == at:
                    whole = at + len(mark)
                    return Inline("reference", first, whole, (first, at), anonymous=mark == "__")
            first += 1
        return None

    def _label(self, at: int) -> Inline | None:
        found = _LABEL.match(self._text, at)
        if found is None or not self._begins(at):
            return None
        kind: InlineKind = "footnote" if found["footnote"] else "citation"
        return Inline(kind, at, found.end(), found.span(kind))


@lru_cache(maxsize=1024)
def _may_precede(char: str) -> bool:
    return _BEFORE.match(char) is not None


@lru_cache(maxsize=1024)
def _are_quotes(left: str, right: str) -> bool:
    return bool(punctuation_chars.match_chars(left, right))
