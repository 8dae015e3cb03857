r"""TeX tokens: a document cut into commands, braces, words and white space, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias, cast

__all__ = ["Token", "TokenKind", "argument_text", "scan", "spaced", "tokens_of"]

TokenKind: TypeAlias = Literal[
    "text", "command", "space", "par", "{", "}", "[", "]", "$", "&", "~", "^", "_", "#"
]

_LINE = r"(?:\r\n|\n|\r(?!\n))"
_TEXT = r"[^\\{}$&~^_#%\[\]\s]+"
_REST = (
    rf"|(?P<par>[ \t]*{_LINE}[ \t]*{_LINE}\s*)"
    r"|(?P<space>\s+)"
    rf"|(?P<comment>%[^\r\n]*(?:{_LINE}(?P<broken>[ \t]*(?={_LINE}))?)?[ \t]*)"
    r"|(?P<special>[{}$&~^_#\[\]])"
    r"|(?P<stray>\\)"
)
_SCAN = re.compile(
    rf"(?P<text>{_TEXT}(?:[ \t]+{_TEXT})*)|(?P<command>\\(?:[A-Za-z]+|\r\n|.))" + _REST, re.DOTALL
)
_SCAN_INTERNALS = re.compile(
    rf"(?P<text>{_TEXT}(?:[ \t]+{_TEXT})*)|(?P<command>\\(?:[A-Za-z@]+|\r\n|.))" + _REST, re.DOTALL
)


class Token(NamedTuple):
    r"""A piece of a document.

    Attributes:
        kind: What it is.
        text: As TeX sees it; commands with their backslash.
        start: First character of its place in the document.
        end: The character after the last one.
        written: It stands there in these very characters, and does not come from a macro.
    """

    kind: TokenKind
    text: str
    start: int
    end: int
    written: bool = True


def scan(text: str, at: int, end: int, *, internals: bool = False) -> Token:
    """Read the token at a place; a comment is a space without text, or the end of a paragraph.

    Args:
        text: The document.
        at: Before its end.
        end: Where reading ends.
        internals: `@` is a letter, as in packages.
    """
    found = (_SCAN_INTERNALS if internals else _SCAN).match(text, at, end)
    if found is None:
        return Token("text", text[at:end], at, end)
    kind = found.lastgroup
    if kind == "broken" or kind == "comment":
        # The line break of a comment is none, so that an empty line after it ends a paragraph.
        return Token("par" if found["broken"] is not None else "space", "", at, found.end())
    written = found[0]
    if kind == "special":
        return Token(cast("TokenKind", written), written, at, found.end())
    if kind == "stray":
        return Token("space", written, at, found.end())
    if kind == "command" and written[1:] in {"\n", "\r", "\r\n", "\t"}:
        written = "\\ "
    return Token(cast("TokenKind", kind), written, at, found.end())


def tokens_of(text: str, place: tuple[int, int]) -> list[Token]:
    """Cut text that is not in the document itself, such as a macro's body; all stands at *place*."""
    tokens: list[Token] = []
    at = 0
    start, end = place
    while at < len(text):
        token = scan(text, at, len(text), internals=True)
        at = token.end
        tokens.append(Token(token.kind, token.text, start, end, written=False))
    return tokens


def spaced(tokens: Iterable[Token]) -> str:
    """Write tokens as TeX; a command never grows into letters that stood apart from it."""
    parts: list[str] = []
    ends_in_command = False
    for token in tokens:
        text = token.text
        if not text:
            continue
        if ends_in_command and text[0].isalpha():
            parts.append(" ")
        parts.append(" " if token.kind == "par" else text)
        ends_in_command = token.kind == "command" and text[-1].isalpha()
    return "".join(parts)


def argument_text(tokens: Iterable[Token]) -> str:
    """Write an argument that is a name or a number."""
    return " ".join("".join(token.text or " " for token in tokens).split())
