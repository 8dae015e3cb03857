"""Skipping: what commands take and nobody reads."""

from __future__ import annotations

import re

from eventdocs.extraction._tex_stream import TokenStream

__all__ = ["skip_arguments", "skip_length"]

_LENGTH = re.compile(r"\s*=?\s*-?\d*\.?\d+\s*(?:pt|em|ex|cm|mm|in|bp|pc|dd|cc|sp|mu)\b\s*")


def skip_arguments(stream: TokenStream, arguments: str) -> None:
    """Take arguments that nobody reads.

    Args:
        stream: What follows.
        arguments: s for a star, o for one in brackets, p for one in parentheses, m for a
            group, d and l for what follows the name in a plain TeX definition.
    """
    for kind in arguments:
        if kind == "s":
            stream.takes("*")
        elif kind == "o":
            stream.option()
        elif kind == "m":
            stream.argument()
        elif kind == "p":
            _skip_parenthesis(stream)
        elif kind == "l":
            stream.argument()
            stream.skip_space()
            stream.takes("=")
            stream.argument()
        else:
            _skip_definition(stream)


def _skip_definition(stream: TokenStream) -> None:
    for _ in range(40):
        token = stream.peek()
        if token is None or token.kind == "par":
            return
        if token.kind == "{":
            stream.argument()
            return
        stream.next()


def _skip_parenthesis(stream: TokenStream) -> None:
    token = stream.peek()
    if token is not None and token.text.startswith("("):
        end = token.text.find(")")
        if end >= 0:
            stream.takes(token.text[: end + 1])


def skip_length(stream: TokenStream) -> None:
    """Take a length that stands bare behind a command."""
    token = stream.peek()
    if token is not None and token.kind == "text":
        found = _LENGTH.match(token.text)
        if found:
            stream.takes(found[0])
