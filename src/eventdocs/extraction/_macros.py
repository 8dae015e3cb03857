r"""Macros: the author's own LaTeX commands, collected from a document and expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

__all__ = ["ExpansionLimitError", "Macro", "Macros"]

_DEFINITION = re.compile(
    r"\\(?:(?P<new>(?:re)?newcommand|providecommand|DeclareRobustCommand)\*?"
    r"\s*(?:\{\s*(?P<braced>\\(?:[A-Za-z]+|.))\s*\}"
    r"|(?P<bare>\\(?:[A-Za-z]+|.)))\s*(?:\[(?P<count>\d)\])?\s*(?:\[(?P<optional>[^\[\]]*)\])?\s*\{"
    r"|[gex]?def\s*(?P<defined>\\(?:[A-Za-z]+|.))(?P<parameters>(?:#\d)*)\s*\{"
    r"|DeclareMathOperator(?P<star>\*?)\s*\{?\s*(?P<operator>\\[A-Za-z]+)\s*\}?\s*\{"
    r"|DeclarePairedDelimiter\s*\{?\s*(?P<pair>\\[A-Za-z]+)\s*\}?\s*\{(?P<left>[^{}]*)\}\s*\{"
    r"|(?:New|Renew|Provide)DocumentCommand\s*\{?\s*(?P<document>\\[A-Za-z]+)\s*\}?\s*"
    r"\{(?P<mandatory>[m\s]*)\}\s*\{"
    r"|let\s*(?P<alias>\\(?:[A-Za-z]+|.))\s*=?\s*(?P<original>\\(?:[A-Za-z]+|.)))"
)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|#\d|[{}]|[^\\{}#]+|[\\#]", re.DOTALL)
_BRACE_OR_ESCAPE = re.compile(r"\\.|[{}]", re.DOTALL)


class ExpansionLimitError(Exception):
    """Expanding goes deeper or grows larger than allowed; caught where formulas are read."""


@attrs.frozen
class Macro:
    """What a command stands for.

    Attributes:
        body: With `#1`, `#2` … where arguments go.
        parameters: How many arguments it takes.
        optional: The first argument when it is not given; None if it must be.
        starred: It may be followed by a star, which changes only how it looks.
        final: The body is what it was when this was defined, and no macro by now.
    """

    body: str
    parameters: int = 0
    optional: str | None = None
    starred: bool = False
    final: bool = False


class Macros:
    r"""The commands that a document defines by `\newcommand`, `\def` or `\DeclareMathOperator`.

    Args:
        max_depth: How deep macros may stand in bodies of macros.
        max_length: How long a formula may become.
    """

    def __init__(self, *, max_depth: int, max_length: int) -> None:
        self._known: dict[str, Macro] = {}
        self._max_depth = max_depth
        self._max_length = max_length

    def collect(self, text: str) -> None:
        """Learn the definitions in *text*; the last one of a name holds."""
        for _, _, name, macro in _definitions(text):
            # An alias of what is defined itself keeps the meaning it has by now.
            self._known[name] = self._known.get(macro.body, macro)

    def find(self, name: str) -> Macro | None:
        """The macro of that name, which begins with its backslash."""
        return self._known.get(name)

    def without_definitions(self, latex: str) -> str:
        """Take the definitions out of a formula that holds some."""
        kept: list[str] = []
        at = 0
        for start, end, _, _ in _definitions(latex):
            kept.append(latex[at:start])
            at = end
        kept.append(latex[at:])
        return "".join(kept)

    def expand(self, latex: str) -> tuple[str, tuple[str, ...]]:
        """Replace macros by what they stand for.

        Returns:
            Self-contained LaTeX, and the names of the macros that were in it, sorted.

        Raises:
            ExpansionLimitError: It goes too deep or grows too long.
        """
        if not self._known or "\\" not in latex:
            return latex, ()
        used: set[str] = set()
        expanded = self._expand(latex, used, 0)
        return expanded, tuple(sorted(used))

    def _expand(self, latex: str, used: set[str], depth: int) -> str:
        if depth > self._max_depth:
            raise ExpansionLimitError
        tokens = _TOKEN.findall(latex)
        if not any(token in self._known for token in tokens):
            return latex
        result: list[str] = []
        length = 0
        at = 0
        while at < len(tokens):
            token = tokens[at]
            at += 1
            macro = self._known.get(token)
            if macro is None:
                piece = token
            else:
                used.add(token)
                arguments, at = _arguments(tokens, at, macro)
                piece = _substituted(macro.body, arguments)
                if not macro.final:
                    piece = self._expand(piece, used, depth + 1)
                # A command that ends in a letter must not grow into the letter after it.
                if at < len(tokens) and tokens[at][0].isalpha() and _ends_in_command(piece):
                    piece += " "
            length += len(piece)
            if length > self._max_length:
                raise ExpansionLimitError
            result.append(piece)
        return "".join(result)


def _definitions(text: str) -> Iterator[tuple[int, int, str, Macro]]:
    at = 0
    while (found := _DEFINITION.search(text, at)) is not None:
        if found["alias"]:
            at = found.end()
            yield found.start(), at, found["alias"], Macro(found["original"], final=True)
            continue
        end = _closing_brace(text, found.end())
        if end < 0:
            at = found.end()
            continue
        body = text[found.end() : end]
        name = found["braced"] or found["bare"] or found["defined"] or found["operator"]
        name = name or found["pair"] or found["document"]
        if found["operator"]:
            macro = Macro(rf"\operatorname{found['star']}{{{body}}}")
        elif found["new"]:
            macro = Macro(body, int(found["count"] or 0), found["optional"])
        elif found["pair"]:
            macro = Macro(f"{found['left']} #1 {body}", 1, starred=True)
        elif found["document"]:
            macro = Macro(body, found["mandatory"].count("m"))
        else:
            macro = Macro(body, found["parameters"].count("#"))
        yield found.start(), end + 1, name, macro
        at = end + 1


def _closing_brace(text: str, at: int) -> int:
    """Find the brace that closes the group whose content starts at *at*; -1 without one."""
    depth = 1
    # A body is short; a brace that nobody closes must not cost a walk through the document.
    for found in _BRACE_OR_ESCAPE.finditer(text, at, at + 4096):
        if found[0] == "{":
            depth += 1
        elif found[0] == "}":
            depth -= 1
            if depth == 0:
                return found.start()
    return -1


def _arguments(tokens: list[str], at: int, macro: Macro) -> tuple[list[str], int]:
    arguments: list[str] = []
    if macro.starred and at < len(tokens) and tokens[at] == "*":
        at += 1
    if macro.optional is not None:
        value = macro.optional
        if at < len(tokens) and tokens[at].startswith("["):
            close = next((n for n in range(at, len(tokens)) if "]" in tokens[n]), -1)
            if close >= 0:
                end, _, tokens[close] = tokens[close].partition("]")
                value = ("".join(tokens[at:close]) + end)[1:]
                at = close if tokens[close] else close + 1
        arguments.append(value)
    while len(arguments) < macro.parameters and at < len(tokens):
        token = tokens[at]
        if token.isspace():
            at += 1
        elif token == "{":
            close, depth = at, 0
            while close < len(tokens):
                depth += {"{": 1, "}": -1}.get(tokens[close], 0)
                if depth == 0:
                    break
                close += 1
            arguments.append("".join(tokens[at + 1 : close]))
            at = close + 1
        elif token[0] in "\\#}":
            if token == "}":
                break
            arguments.append(token)
            at += 1
        else:
            rest = token.lstrip()
            arguments.append(rest[0])
            if len(rest) > 1:
                tokens[at] = rest[1:]
            else:
                at += 1
    return arguments, at


def _substituted(body: str, arguments: list[str]) -> str:
    if "#" not in body:
        return body
    return "".join(
        (arguments[int(token[1]) - 1] if 0 < int(token[1]) <= len(arguments) else "")
        if len(token) == 2 and token[0] == "#"
        else token
        for token in _TOKEN.findall(body)
    )


def _ends_in_command(latex: str) -> bool:
    return re.search(r"\\[A-Za-z]+$", latex) is not None
