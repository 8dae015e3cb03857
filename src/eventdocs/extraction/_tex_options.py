"""TeX options: `name={…}, description={…}` as names and their values."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eventdocs.extraction._tex_tokens import Token, argument_text

__all__ = ["options_of"]

_SIGN = re.compile("[,=]")


def options_of(tokens: Sequence[Token]) -> dict[str, list[Token]]:
    """Part an argument at its commas; a value is without the braces around it."""
    found: dict[str, list[Token]] = {}
    key: str | None = None
    part: list[Token] = []
    depth = 0
    for token in [*tokens, Token("text", ",", 0, 0, written=False)]:
        depth += {"{": 1, "}": -1}.get(token.kind, 0)
        if token.kind != "text" or depth > 0:
            part.append(token)
            continue
        at = 0
        for sign in _SIGN.finditer(token.text):
            part.extend(_cut(token, at, sign.start()))
            at = sign.end()
            if sign[0] == "," or key is not None:
                if sign[0] == "=":
                    part.extend(_cut(token, sign.start(), at))
                    continue
                name = argument_text(part) if key is None else key
                if name:
                    found.setdefault(name, [] if key is None else _bare(part))
                key = None
            else:
                key = argument_text(part)
            part = []
        part.extend(_cut(token, at, len(token.text)))
    return found


def _cut(token: Token, start: int, end: int) -> list[Token]:
    text = token.text[start:end]
    if not text:
        return []
    if token.written:
        return [token._replace(text=text, start=token.start + start, end=token.start + end)]
    return [token._replace(text=text)]


def _bare(tokens: list[Token]) -> list[Token]:
    """Take white space and one pair of braces off a value."""
    while tokens and tokens[0].kind in {"space", "par"}:
        tokens = tokens[1:]
    while tokens and tokens[-1].kind in {"space", "par"}:
        tokens = tokens[:-1]
    if len(tokens) >= 2 and tokens[0].kind == "{" and tokens[-1].kind == "}":
        depth = 0
        for at, token in enumerate(tokens):
            depth += {"{": 1, "}": -1}.get(token.kind, 0)
            if depth == 0:
                return tokens[1:-1] if at == len(tokens) - 1 else tokens
    return tokens
