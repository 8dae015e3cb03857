r"""Macros: the author's own LaTeX commands, collected from a document and expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

__all__ = ["ExpansionLimitError", "Macros"]

_DEFINITION = re.compile(
    r"\\(?:(?P<new>(?:re)?newcommand|providecommand)\*?\s*(?:\{\s*(?P<braced>\\(?:[A-Za-z]+|.))\s*\}"
    r"|(?P<bare>\\(?:[A-Za-z]+|.)))\s*(?:\[(?P<count>\d)\])?\s*(?:\[(?P<optional>[^\[\]]*)\])?\s*\{"
    r"|def\s*(?P<defined>\\(?:[A-Za-z]+|.))(?P<parameters>(?:#\d)*)\s*\{"
    r"|DeclareMathOperator(?P<star>\*?)\s*\{?\s*(?P<operator>\\[A-Za-z]+)\s*\}?\s*\{)"
)
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|#\d|[{}]|[^\\{}#]+|[\\#]", re.DOTALL)
_BRACE_OR_ESCAPE = re.compile(r"\\.|[{}]", re.DOTALL)


class ExpansionLimitError(Exception):
    """Expanding goes deeper or grows larger than allowed; caught where formulas are read."""


@attrs.frozen
class _Macro:
    body: str
    parameters: int = 0
    optional: str | None = None


class Macros:
    r"""The commands that a document defines by `\newcommand`, `\def` or `\DeclareMathOperator`.

    Args:
        max_depth: How deep macros may stand in bodies of macros.
        max_length: How long a formula may become.
    """

    def __init__(self, *, max_depth: int, max_length: int) -> None:
        self._known: dict[str, _Macro] = {}
        self._max_depth = max_depth
        self._max_length = max_length

    def collect(self, text: str) -> None:
        """Learn the definitions in *text*; the last one of a name holds."""
        for _, _, name, macro in _definitions(text):
            self._known[name] = macro

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
                piece = self._expand(_substituted(macro.body, arguments), used, depth + 1)
                # A command that ends in a letter must not grow into the letter after it.
                if at < len(tokens) and tokens[at][0].isalpha() and _ends_in_command(piece):
                    piece += " "
            length += len(piece)
            if length > self._max_length:
                raise ExpansionLimitError
            result.append(piece)
        return "".join(result)


def _definitions(text: str) -> Iterator[tuple[int, int, str, _Macro]]:
    at = 0
    while (found := _DEFINITION.search(text, at)) is not None:
        end = _closing_brace(text, found.end())
        if end < 0:
            at = found.end()
            continue
        body = text[found.end() : end]
        name = found["braced"] or found["bare"] or found["defined"] or found["operator"]
        if found["operator"]:
            macro = _Macro(rf"\operatorname{found['star']}{{{body}}}")
        elif found["new"]:
            macro = _Macro(body, int(found["count"] or 0), found["optional"])
        else:
            macro = _Macro(body, found["parameters"].count("#"))
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


def _arguments(tokens: list[str], at: int, macro: _Macro) -> tuple[list[str], int]:
    arguments: list[str] = []
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
