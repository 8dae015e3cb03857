"""The inline parser: tokens that know their place in the paragraph they were read from."""

from __future__ import annotations

import re

from markdown_it.parser_inline import ParserInline, RuleFuncInlineType
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from typing_extensions import override

__all__ = ["PlacedInline", "place_of", "read_text"]

_BEGIN_AT = {
    "newline": "\n",
    "dollar_math": "$",
    "tex": "\\",
    "escape": "\\",
    "role": "{",
    "backticks": "`",
    "strikethrough": "~",
    "emphasis": "*_",
    "footnote": "[",
    "citation": "[",
    "link": "[",
    "span": "[",
    "image": "!",
    "autolink": "<",
    "html_inline": "<",
    "entity": "&",
    "attributes": "{",
    "bare_citation": "@",
}
_TEXT_END = re.compile(r"[\\`*_~\[\]<&$@!{\n]")


_DEEPEST = 20
"""Brackets inside one another; each level costs another look at all that follows."""


def read_text(state: StateInline, silent: bool) -> bool:
    """Read what no rule can begin at."""
    found = _TEXT_END.search(state.src, state.pos, state.posMax)
    end = found.start() if found else state.posMax
    if end == state.pos:
        return False
    if not silent:
        state.pending += state.src[state.pos : end]
    state.pos = end
    return True


_TEXT: list[RuleFuncInlineType] = [read_text]


class PlacedInline(ParserInline):
    """markdown-it's inline parser, which also notes where each token came from.

    Its tokens carry no positions. Rules are called one after the other at known
    positions, so what a call pushes came from the characters it consumed.
    """

    def __init__(self) -> None:
        super().__init__()
        self._by_first: dict[str, list[RuleFuncInlineType]] = {}

    def prepare(self) -> None:
        """Sort the rules by the characters they begin at, when all are known."""
        self._by_first = {}
        rules = zip(self.ruler.get_active_rules(), self.ruler.getRules(""), strict=True)
        for name, rule in rules:
            for first in _BEGIN_AT.get(name, ""):
                self._by_first.setdefault(first, []).append(rule)

    @override
    def skipToken(self, state: StateInline) -> None:
        start = state.pos
        if start in state.cache:
            state.pos = state.cache[start]
            return
        if state.level < _DEEPEST:
            state.level += 1
            rules = self._by_first.get(state.src[start], _TEXT)
            consumed = any(rule(state, True) for rule in rules)
            state.level -= 1
            if not consumed:
                state.pos = start + 1
        else:
            state.pos = state.posMax
        state.cache[start] = state.pos

    @override
    def tokenize(self, state: StateInline) -> None:
        by_first = self._by_first
        src = state.src
        tokens = state.tokens
        end = state.posMax
        pending_from = state.pos
        while state.pos < end:
            start = state.pos
            if not state.pending:
                pending_from = start
            known = len(tokens)
            consumed = False
            if state.level < _DEEPEST:
                for rule in by_first.get(src[start], _TEXT):
                    consumed = rule(state, False)
                    if consumed:
                        break
            if not consumed:
                state.pending += src[start]
                state.pos = start + 1
            elif len(tokens) > known:
                _note(src, tokens, known, start, state.pos, pending_from)
        if state.pending:
            known = len(tokens)
            state.pushPending()
            _note(src, tokens, known, pending_from, state.pos, pending_from)


def place_of(token: Token) -> tuple[int, int]:
    """First character and end of an inline token in its paragraph."""
    start, end = token.meta["place"]
    return start, end


def _note(
    src: str, tokens: list[Token], known: int, start: int, end: int, pending_from: int
) -> None:
    """Give a place to the tokens that a rule pushed for the characters from *start* to *end*."""
    at = start
    for number, token in enumerate(tokens[known:]):
        if "place" in token.meta:
            continue
        if token.type != "text":
            token.meta["place"] = (start, end)
            continue
        # What was pending before the rule was called comes first.
        begin = pending_from if number == 0 and pending_from < start else at
        length = len(token.content)
        if not src.startswith(token.content, begin):
            begin = src.find(token.content, begin, end)
        if begin < 0:
            token.type = "text_special"
            token.meta["place"] = (start, end)
            continue
        token.meta["place"] = (begin, begin + length)
        at = max(start, begin + length)
