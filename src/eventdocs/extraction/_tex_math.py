r"""TeX math: what stands between `$` and `$`, or `\begin` and `\end`."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from eventdocs.extraction._macros import Macros
from eventdocs.extraction._tex_stream import TokenStream
from eventdocs.extraction._tex_tokens import Token, tokens_of

__all__ = ["MATH_ENVIRONMENTS", "MathSource", "TexMath"]

_ROWED = frozenset(
    "align flalign alignat xalignat xxalignat gather eqnarray IEEEeqnarray dgroup dseries darray".split()
)
_WHOLE = frozenset("equation displaymath multline math dmath IEEEeqnarraybox".split())
MATH_ENVIRONMENTS = frozenset(
    name + star for name in _ROWED | _WHOLE for star in ("", "*")
)  # fmt: skip
"""Environments that are formulas."""

_WITH_ARGUMENT = {"alignat", "xalignat", "xxalignat", "IEEEeqnarray"}
_STOPS = frozenset(
    [r"\section", r"\subsection", r"\subsubsection", r"\chapter", r"\part", r"\item", r"\caption",
     r"\maketitle", r"\appendix", r"\bibitem"]
)  # fmt: skip
_LAYOUT = re.compile(
    r"\\(?:begin|end|label|nonumber|notag|tag|intertext|shortintertext|eqno|leqno|\\|\[|\]|\(|\)"
    r"|[A-Za-z]*ref)(?![A-Za-z])|\$|\\\\"
)


@attrs.frozen
class MathSource:
    r"""The tokens of a formula or of an environment of formulas.

    Attributes:
        tokens: Without the delimiters.
        start: Where the opening delimiter stands.
        end: After the closing one.
        name: Of the environment; `$`, `\(`, `\[` or `$$` otherwise.
    """

    tokens: Sequence[Token]
    start: int
    end: int
    name: str

    @property
    def display(self) -> bool:
        """Whether it stands on lines of its own."""
        return self.name not in {"$", r"\(", "math"}

    @property
    def numbered(self) -> bool:
        """Whether its rows have numbers, unless they say otherwise."""
        plain = self.name in MATH_ENVIRONMENTS and not self.name.endswith("*")
        return plain and self.name not in {"displaymath", "math", "xxalignat"}

    @property
    def rowed(self) -> bool:
        """Whether every row is a formula of its own."""
        return self.name.removesuffix("*") in _ROWED


@attrs.define
class _Collected:
    """A formula whose end is not read yet."""

    name: str
    closing: str | None
    tokens: list[Token] = attrs.field(factory=list[Token])
    inner: list[str] = attrs.field(factory=list[str])
    unfolded: set[str] = attrs.field(factory=set[str])
    depth: int = 0
    first_par: int | None = None
    end: int = 0

    def add(self, token: Token) -> None:
        """Take a token."""
        self.tokens.append(token)
        self.end = max(self.end, token.end)


class TexMath:
    r"""Takes formulas from a stream of tokens.

    Attributes:
        endings: What the `\end` of the document's own environments stands for.
    """

    def __init__(self, stream: TokenStream, macros: Macros) -> None:
        self._stream = stream
        self._macros = macros
        self.endings: dict[str, str] = {}
        self._in_layout: dict[str, bool] = {}
        self._no_closing_before = -1
        self._ended = 0

    def shifted(self, opening: Token) -> MathSource | None:
        r"""Take what stands between `$`, `$$`, `\(` or `\[` and its end; None without an end."""
        name = opening.text
        following = self._stream.peek() if name == "$" else None
        if following is not None and following.kind == "$":
            self._stream.next()
            name = "$$"
        if opening.start < self._no_closing_before:
            if name == "$$" and following is not None:
                self._stream.push([following])
            return None
        closing = {"$": "$", "$$": "$", r"\(": r"\)", r"\[": r"\]"}[name]
        found = self._collect(name, closing)
        if found is not None and name == "$$":
            second = self._stream.peek()
            if second is not None and second.kind == "$":
                self._stream.next()
                found = attrs.evolve(found, end=max(found.end, second.end))
        if found is None:
            if name == "$$" and following is not None:
                self._stream.push([following])
            return None
        return attrs.evolve(found, start=opening.start)

    def environment(self, opening: Token, name: str) -> MathSource:
        r"""Take what stands up to the `\end` of an environment, or up to where it must have ended."""
        if name.removesuffix("*") in _WITH_ARGUMENT:
            self._stream.option()
            self._stream.group()
        found = self._collect(name, None)
        if found is None:
            return MathSource([], opening.start, opening.end, name)
        return attrs.evolve(found, start=opening.start)

    def _collect(self, name: str, closing: str | None) -> MathSource | None:
        found = _Collected(name, closing)
        while (token := self._stream.next()) is not None:
            closed = self._take(found, token)
            if closed:
                return MathSource(found.tokens, 0, found.end, name)
            if closed is not None:
                break
        if closing is not None:
            # What nobody closes up to here, nobody closes that begins later in it either.
            self._no_closing_before = max(self._no_closing_before, found.end)
            self._stream.push(found.tokens)
            return None
        if found.first_par is not None:
            self._stream.push(found.tokens[found.first_par :])
            del found.tokens[found.first_par :]
        return MathSource(found.tokens, 0, found.end, name) if found.tokens else None

    def _take(self, found: _Collected, token: Token) -> bool | None:
        """Take one token; True if it closes the formula, False if something else begins."""
        kind = token.kind
        if kind == "{":
            found.depth += 1
        elif kind == "}":
            found.depth -= 1
        if found.depth < 0 or (kind == "par" and found.closing is not None):
            self._stream.push([token])
            return False
        if kind == "par" and found.first_par is None:
            found.first_par = len(found.tokens)
        if found.closing == token.text and found.depth == 0 and not found.inner:
            found.end = token.end
            return True
        if kind == "command":
            return self._take_command(found, token)
        found.add(token)
        return None

    def _take_command(self, found: _Collected, token: Token) -> bool | None:
        text = token.text
        if text == r"\begin":
            opened = self._name()
            if opened in MATH_ENVIRONMENTS and opened != "math":
                self._give_back_name(token, opened)
                return False
            found.inner.append(opened)
            found.tokens.extend((token, *self._name_tokens(token, opened)))
            return None
        if text == r"\end":
            return self._take_end(found, token, self._name())
        if text in _STOPS:
            self._stream.push([token])
            return False
        if self._is_layout(text) and self._stream.expand(token):
            return None
        found.add(token)
        return None

    def _take_end(self, found: _Collected, token: Token, ended: str) -> bool | None:
        if found.inner:
            if ended in found.inner:
                while found.inner.pop() != ended:
                    pass
            found.tokens.extend((token, *self._name_tokens(token, ended)))
            return None
        if ended == found.name and found.closing is None:
            found.end = max(token.end, self._ended)
            return True
        if ended in self.endings and ended not in found.unfolded:
            found.unfolded.add(ended)
            place = (token.start, max(token.end, self._ended))
            self._stream.push(tokens_of(self.endings[ended], place))
            return None
        self._give_back_name(token, ended)
        return False

    def _name(self) -> str:
        found = self._stream.group()
        self._ended = found.end if found is not None else 0
        return found.text if found is not None else ""

    def _name_tokens(self, command: Token, name: str) -> list[Token]:
        place = (command.start, command.end)
        return [
            Token("{", "{", *place, written=False),
            Token("text", name, *place, written=False),
            Token("}", "}", *place, written=False),
        ]

    def _give_back_name(self, command: Token, name: str) -> None:
        self._stream.push([command, *self._name_tokens(command, name)])

    def _is_layout(self, name: str) -> bool:
        """Whether a macro holds what makes rows, labels and ends of formulas."""
        known = self._in_layout.get(name)
        if known is None:
            macro = self._macros.find(name)
            known = macro is not None and not macro.final and self._holds_layout(macro.body)
            self._in_layout[name] = known
        return known

    def _holds_layout(self, body: str) -> bool:
        begins = body.count(r"\begin")
        if begins and begins == body.count(r"\end") and r"\label" not in body:
            # A matrix or a case distinction that is complete in itself is part of a formula.
            return False
        return _LAYOUT.search(body) is not None
