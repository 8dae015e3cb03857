"""The token stream: the tokens of a document in order, with its macros expanded where asked."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from eventdocs.extraction._macros import Macro, Macros
from eventdocs.extraction._tex_tokens import Token, argument_text, scan, tokens_of

__all__ = ["Argument", "TokenStream"]

_COMMAND = re.compile(r"\\[A-Za-z@]+")
_CONDITION = re.compile(r"\\(if(?!f(?![A-Za-z])|thenelse)[A-Za-z]*|fi|else)(?![A-Za-z])")
_LONGEST_OPTION = 400
_MOST_OPEN_OPTIONS = 100
_FEWEST_EXPANDED = 100_000
_MOST_PEEKED = 3
_MOST_REACHED = 1_000


@attrs.frozen
class Argument:
    """What stands between two braces or brackets.

    Attributes:
        tokens: The content.
        start: Where the opening brace stands.
        end: After the closing one.
    """

    tokens: Sequence[Token]
    start: int
    end: int

    @property
    def text(self) -> str:
        """The content where it is a name or a number."""
        return argument_text(self.tokens)


class TokenStream:
    """Gives the tokens of a document one by one.

    Expanding macros may give so many tokens more than the document has; after that,
    macros are left as they are. Those that lead back to themselves always are.

    Args:
        text: The document.
        macros: What its commands stand for.
    """

    def __init__(self, text: str, macros: Macros) -> None:
        self.text = text
        self.internals = False
        self._at = 0
        self._waiting: list[Token] = []
        self._macros = macros
        self._left = _FEWEST_EXPANDED + 4 * len(text)
        self._open_options = 0
        self._false_to_the_end = False
        self._expandable: dict[str, bool] = {}

    @property
    def in_source(self) -> bool:
        """Whether what comes next stands in the document just so, and in no macro or argument."""
        waiting = self._waiting
        return not waiting or (
            len(waiting) <= _MOST_PEEKED
            and all(token.written for token in waiting)
            and waiting[0].end == self._at
        )

    @property
    def position(self) -> int:
        """Where reading goes on in the document."""
        return self._waiting[-1].start if self._waiting else self._at

    def jump(self, position: int) -> None:
        """Go on at a place in the document behind what was read; only where it is in source."""
        self._at = min(max(position, self.position), len(self.text))
        self._waiting.clear()

    def stop(self) -> None:
        """End here, whatever comes next."""
        self._waiting.clear()
        self._at = len(self.text)

    def next(self) -> Token | None:
        """Take the next token; None at the end. Comments are left out."""
        if self._waiting:
            return self._waiting.pop()
        while self._at < len(self.text):
            token = scan(self.text, self._at, len(self.text), internals=self.internals)
            self._at = token.end
            if token.text or token.kind == "par":
                return token
        return None

    def peek(self) -> Token | None:
        """Look at the next token."""
        token = self.next()
        if token is not None:
            self._waiting.append(token)
        return token

    def push(self, tokens: Sequence[Token]) -> None:
        """Put tokens in front of what comes next."""
        self._waiting.extend(reversed(tokens))

    def skip_space(self, *, paragraphs: bool = False) -> None:
        """Take white space, and the ends of paragraphs where asked."""
        while (token := self.peek()) is not None:
            if token.kind != "space" and not (paragraphs and token.kind == "par"):
                return
            self.next()

    def takes(self, text: str) -> bool:
        """Take the next token if it is *text*, such as a star."""
        token = self.peek()
        if token is None or not token.text.startswith(text):
            return False
        self.next()
        rest = token.text[len(text) :]
        if rest:
            start = token.start + len(text) if token.written else token.start
            self.push([token._replace(text=rest, start=start)])
        return True

    def argument(self) -> Argument | None:
        """Take the next argument: a group without its braces, or one character or command."""
        self.skip_space()
        token = self.next()
        if token is None:
            return None
        if token.kind == "{":
            return self._group(token)
        if token.kind in {"}", "par", "&"}:
            self.push([token])
            return None
        if token.kind == "text" and len(token.text) > 1:
            self.push([token])
            first = token._replace(text=token.text[0])
            if token.written:
                first = first._replace(end=token.start + 1)
            self.takes(token.text[0])
            return Argument([first], first.start, first.end)
        return Argument([token], token.start, token.end)

    def group(self) -> Argument | None:
        """Take the next group; nothing if there is none."""
        self.skip_space()
        token = self.peek()
        return self.argument() if token is not None and token.kind == "{" else None

    def option(self) -> Argument | None:
        """Take an argument in square brackets; nothing if there is none."""
        opening = self.peek()
        if opening is None or opening.kind not in {"[", "space"}:
            return None
        taken: list[Token] = []
        if opening.kind == "space":
            taken.append(opening)
            self.next()
            opening = self.peek()
        if (
            opening is None
            or opening.kind != "["
            or self._open_options > _MOST_OPEN_OPTIONS
            or opening.text != "["
        ):
            self.push(taken)
            return None
        depth = 0
        while (token := self.next()) is not None:
            taken.append(token)
            if token.kind in {"{", "}"}:
                depth += 1 if token.kind == "{" else -1
            elif token.kind == "]" and depth <= 0:
                content = taken[taken.index(opening) + 1 : -1]
                return Argument(content, opening.start, token.end)
            if token.kind == "par" or depth < 0 or len(taken) > _LONGEST_OPTION:
                break
        self._open_options += 1
        self.push(taken)
        return None

    def expand(self, command: Token) -> bool:
        """Put what a macro stands for in its place; whether it was one that can be expanded."""
        macro = self._macros.find(command.text)
        if macro is None or self._left <= 0 or not self._is_expandable(command.text, macro):
            return False
        self.put(command, macro.body, macro.parameters, macro.optional)
        return True

    def put(self, command: Token, body: str, parameters: int, optional: str | None) -> None:
        """Take arguments, and put a body with them in front of what comes next."""
        self.takes_star(command)
        arguments: list[Sequence[Token]] = []
        end = command.end
        if optional is not None:
            given = self.option()
            if given is None:
                arguments.append(tokens_of(optional, (command.start, command.end)))
            else:
                arguments.append(given.tokens)
                end = max(end, given.end)
        while len(arguments) < parameters:
            argument = self.argument()
            if argument is None:
                break
            arguments.append(argument.tokens)
            end = max(end, argument.end)
        tokens = self._substituted(body, arguments, (command.start, end))
        self._left -= len(tokens) + 1 + sum(map(len, arguments))
        if self._left > 0:
            self.push(tokens)

    def takes_star(self, command: Token) -> None:
        """Take the star of a macro that may have one."""
        macro = self._macros.find(command.text)
        if macro is not None and macro.starred:
            self.takes("*")

    def skip_false(self) -> None:
        r"""Go behind the `\fi` that ends what is not read."""
        if not self.in_source or self._false_to_the_end:
            return
        depth = 1
        for found in _CONDITION.finditer(self.text, self.position):
            if found[1] == "fi":
                depth -= 1
            elif found[1] != "else":
                depth += 1
            if depth == 0 or (depth == 1 and found[1] == "else"):
                self.jump(found.end())
                return
        self._false_to_the_end = True

    def _group(self, opening: Token) -> Argument:
        taken: list[Token] = []
        depth = 1
        end = opening.end
        while (token := self.next()) is not None:
            end = max(end, token.end)
            if token.kind == "{":
                depth += 1
            elif token.kind == "}":
                depth -= 1
                if depth == 0:
                    break
            taken.append(token)
        return Argument(taken, opening.start, end)

    def _substituted(
        self, body: str, arguments: Sequence[Sequence[Token]], place: tuple[int, int]
    ) -> list[Token]:
        written = tokens_of(body, place)
        if not arguments:
            return written
        tokens: list[Token] = []
        at = 0
        while at < len(written):
            token = written[at]
            following = written[at + 1] if at + 1 < len(written) else None
            if token.kind == "#" and following is not None and following.text[:1].isdecimal():
                number = int(following.text[0])
                if 0 < number <= len(arguments):
                    tokens.extend(arguments[number - 1])
                rest = following.text[1:]
                if rest:
                    written[at + 1] = following._replace(text=rest)
                else:
                    at += 1
            else:
                tokens.append(token)
            at += 1
        return tokens

    def _is_expandable(self, name: str, macro: Macro) -> bool:
        known = self._expandable.get(name)
        if known is None:
            known = not macro.final and not self._reaches(name, macro)
            self._expandable[name] = known
        return known

    def _reaches(self, name: str, macro: Macro) -> bool:
        """Whether a macro leads back to itself."""
        seen: set[str] = set()
        waiting = [macro]
        while waiting:
            if len(seen) > _MOST_REACHED:
                return True
            for each in _COMMAND.findall(waiting.pop().body):
                if each == name:
                    return True
                inner = self._macros.find(each)
                if inner is not None and not inner.final and each not in seen:
                    seen.add(each)
                    waiting.append(inner)
        return False
