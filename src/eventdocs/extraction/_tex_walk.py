"""The walk through a TeX document: tokens become paragraphs, commands go to whoever reads them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from typing import TypeAlias

import attrs

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._draft import Draft, Place
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._tex_commands import (
    CHARACTERS,
    DECLARED_STYLES,
    DEFINING,
    IGNORED,
    STYLES,
    TRANSPARENT,
    accented,
)
from eventdocs.extraction._tex_counters import HEADINGS, Counters
from eventdocs.extraction._tex_prose import Opened, ProseLines, TexProse
from eventdocs.extraction._tex_skipping import skip_arguments, skip_length
from eventdocs.extraction._tex_stream import TokenStream
from eventdocs.extraction._tex_tokens import Token
from eventdocs.extraction._text import BlockText
from eventdocs.extraction._where import Heads
from eventdocs.ir import ReferenceType

__all__ = ["Handler", "ListState", "TexWalk"]

Handler: TypeAlias = Callable[[Token], None]
"""Reads what belongs to a command, which was just taken."""

Target: TypeAlias = Callable[[str], None]
"""Gives the label to what it names."""

_HEADING_COMMANDS = frozenset("\\" + name for name in HEADINGS)
_LENGTHS = frozenset({"vskip", "hskip", "kern", "mskip", "baselineskip", "parskip", "parindent"})


@attrs.define
class ListState:
    """A list that is being read.

    Attributes:
        explains: What its items explain, if they explain symbols.
        item_begins: No paragraph of the item was read yet.
        describes: Its items are terms and what they mean.
    """

    explains: Heads | None
    item_begins: bool = False
    describes: bool = False


@attrs.define
class _Group:
    """Braces or an environment that has not ended; braces have no name."""

    env: str
    target: Target
    marks: list[Opened] = attrs.field(factory=list[Opened])
    finish: Callable[[int], None] | None = None


class TexWalk:
    r"""Walks over the tokens of a document.

    Attributes:
        handlers: What reads a command, by its name without the backslash.
        environments: What reads the beginning of an environment, by its name; it gets `\begin`.
        otherwise: Reads a command that nobody knows; whether it did.
        ended: Reads the end of an environment that never began here.
        target: What a label that stands here names.
        lists: The lists around what is read.
        listeners: Get every paragraph.
        regions: Collect what is read.
        inline: No paragraphs can be told apart here, as in a heading.
        in_cell: What is read stands in a table.
        in_bibliography: What is read defines nothing.
        in_body: The preamble has been read.
        unread: A part of the document's text is in another file.
    """

    def __init__(
        self, stream: TokenStream, draft: Draft, text: BlockText, anchors: Anchors
    ) -> None:
        self.stream = stream
        self.draft = draft
        self.text = text
        self.anchors = anchors
        self.counters = Counters()
        self.kinds: dict[str, ReferenceType] = {}
        self.prose = TexProse()
        self.handlers: dict[str, Handler] = {"par": lambda _: self.flush()}
        self.environments: dict[str, Callable[[Token, str], None]] = {}
        self.otherwise: Callable[[Token], bool] = lambda _: False
        self.ended: Callable[[Token, str], None] = lambda _, __: None
        self.target: Target = lambda name: anchors.thing(name, "anchor")
        self.lists: list[ListState] = []
        self.listeners: list[Callable[[Prose], None]] = []
        self.regions: list[Prose] = []
        self.inline = False
        self.in_cell = False
        self.in_bibliography = False
        self.in_body = False
        self.unread = False
        self._groups: list[_Group] = []
        self._open: Counter[str] = Counter()
        self._notes: list[Prose] = []
        self._depth = 0

    def on(self, names: Iterable[str], handler: Handler) -> None:
        """Let *handler* read these commands."""
        self.handlers.update(dict.fromkeys(names, handler))

    def read(self) -> None:
        """Read everything that is left."""
        self._run(frozenset())
        self._leave_down_to(0, self.stream.position)
        self.flush()

    # Paragraphs

    def flush(self) -> None:
        """End the paragraph, and add what is in it."""
        if self.inline:
            self.prose.space((self.stream.position, self.stream.position))
            return
        prose = self.prose.take()
        if not prose.text.strip() and not prose.marks:
            return
        if self.in_cell:
            self.text.add_cell(prose, ProseLines(prose))
        else:
            self.text.add(prose)
        self.note(prose)
        for listener in self.listeners:
            listener(prose)
        if not self.in_cell and not self.in_bibliography:
            around = self.lists[-1] if self.lists else None
            explains = around.explains if around is not None and around.item_begins else None
            if around is not None:
                around.item_begins = False
            self._define(prose, in_list=around is not None, explains=explains)
        notes, self._notes = self._notes, []
        for note in notes:
            self.text.add(note)
            self._define(note, in_list=False, explains=None)

    def begin_block(self) -> None:
        """Something begins that is no text: the last formula is not what comes next explains."""
        self.flush()
        self.text.leave()

    def note(self, prose: Prose) -> None:
        """Let the regions that are being collected have a paragraph."""
        for region in self.regions:
            region.extend(prose)

    def footnote(self, prose: Prose) -> None:
        """Keep a footnote until its paragraph has ended."""
        if len(prose):
            self._notes.append(prose)

    def _define(self, prose: Prose, *, in_list: bool, explains: Heads | None) -> None:
        if prose.text.strip():
            self.text.define(prose, ProseLines(prose), in_list=in_list, explains=explains)

    # Parts that are read by themselves

    def inline_group(self) -> tuple[Prose, Place] | None:
        """Read the group that comes next as one stretch of prose, and add nothing of it yet."""
        self.stream.skip_space()
        opening = self.stream.peek()
        if opening is None or opening.kind != "{" or self.too_deep:
            return None
        self.stream.next()
        prose, closing = self._inline(frozenset("}"))
        end = closing.end if closing is not None else self.stream.position
        return prose, (opening.start, max(end, opening.end))

    def inline_tokens(self, tokens: Sequence[Token]) -> Prose:
        """Read tokens as one stretch of prose, and add nothing of it yet."""
        if self.too_deep:
            return Prose()
        end = tokens[-1].end if tokens else self.stream.position
        self.stream.push([*tokens, Token("}", "}", end, end, written=False)])
        return self._inline(frozenset("}"))[0]

    def block_tokens(self, tokens: Sequence[Token]) -> None:
        """Read tokens as paragraphs."""
        if not self.too_deep:
            end = tokens[-1].end if tokens else self.stream.position
            self.stream.push([*tokens, Token("}", "}", end, end, written=False)])
            with self._deeper():
                self._run(frozenset("}"))
            self.flush()

    def cell(self, stops: frozenset[str]) -> tuple[Prose, Token | None]:
        """Read a cell up to one of *stops*, and add what is in it."""
        region = Prose()
        kept = self.inline, self.in_cell, self.regions, self.lists, self.listeners
        self.inline, self.in_cell, self.regions = False, True, [region]
        self.lists, self.listeners = [], []
        with self.prose.apart(), self._deeper():
            stop = self._run(stops)
            self.flush()
        self.inline, self.in_cell, self.regions, self.lists, self.listeners = kept
        return region, stop

    def _inline(self, stops: frozenset[str]) -> tuple[Prose, Token | None]:
        was, self.inline = self.inline, True
        with self.prose.apart(), self._deeper():
            stop = self._run(stops)
            prose = self.prose.take()
        self.inline = was
        return prose, stop

    @property
    def too_deep(self) -> bool:
        """Whether notes and tables stand so deep in one another that no more are looked into."""
        return self._depth >= self.draft.limits.max_nesting

    @contextmanager
    def _deeper(self) -> Generator[None]:
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    # Groups and environments

    def begin(self, env: str, finish: Callable[[int], None] | None = None) -> None:
        """Know that an environment has begun; *finish* gets the place where it ends."""
        self._groups.append(_Group(env, self.target, finish=finish))
        self._open[env] += 1

    def mark_group(self, mark: Opened) -> None:
        """Mark the group that comes next, or the one character that stands there instead."""
        self.stream.skip_space()
        following = self.stream.peek()
        if following is None or following.kind in {"}", "par", "&"}:
            return
        opened = self.prose.open(mark)
        if following.kind == "{":
            self.stream.next()
            self._groups.append(_Group("", self.target, [opened]))
        elif following.kind == "text":
            argument = self.stream.argument()
            if argument is not None:
                self.prose.text(argument.tokens[0])
                self.prose.close(opened, argument.end)
        else:
            self.prose.close(opened, following.start)

    def _leave(self, end: int) -> None:
        """End the innermost group."""
        group = self._groups.pop()
        if group.env:
            self._open[group.env] -= 1
        for mark in reversed(group.marks):
            self.prose.close(mark, end)
        if group.finish is not None:
            group.finish(end)
        self.target = group.target

    def _leave_down_to(self, count: int, end: int) -> None:
        while len(self._groups) > count:
            self._leave(end)

    def _run(self, stops: frozenset[str]) -> Token | None:
        """Read up to one of *stops* outside of the groups that begin here; take and return it.

        What ends something around all this is left for whoever reads that.
        """
        ground = len(self._groups)
        while (token := self.stream.next()) is not None:
            kind = token.kind
            if kind == "text":
                self.prose.text(token)
                continue
            if kind == "space":
                self.prose.space((token.start, token.end))
                continue
            on_ground = len(self._groups) == ground
            if on_ground and (token.text in stops if token.text else kind in stops):
                return token
            if not self._step(token, ground):
                break
        self._leave_down_to(ground, self.stream.position)
        return None

    def _step(self, token: Token, ground: int) -> bool:
        """Read a token that is no text; False if it ends what began before."""
        kind = token.kind
        on_ground = len(self._groups) == ground
        if kind == "command":
            return self._command_or_end(token, ground)
        if kind == "{":
            self._groups.append(_Group("", self.target))
        elif kind == "}":
            if on_ground and ground:
                self.stream.push([token])
                return False
            if not on_ground and not self._groups[-1].env:
                self._leave(token.end)
        elif kind == "$":
            self.handlers["("](token)
        elif kind == "par":
            self.flush()
        elif kind == "~":
            self.prose.put("\u00a0", (token.start, token.end))
        elif kind != "&":
            self.prose.text(token)
        return True

    def _command_or_end(self, token: Token, ground: int) -> bool:
        if token.text == r"\end":
            return self._end(token, ground)
        if self.inline and ground and token.text in _HEADING_COMMANDS:
            self.stream.push([token])
            return False
        self.command(token)
        return True

    def _end(self, command: Token, ground: int) -> bool:
        """End an environment; False if it began before what is read now."""
        name = self.stream.group()
        if name is None:
            return True
        if name.text == "document":
            self.stream.stop()
            return False
        env = name.text
        if not self._open[env]:
            self.ended(command, env)
            return True
        at = len(self._groups) - 1
        while at >= ground and self._groups[at].env != env:
            at -= 1
        if at < ground:
            place = (command.start, command.end)
            self.stream.push(
                [
                    command,
                    Token("{", "{", *place, written=False),
                    Token("text", env, *place, written=False),
                    Token("}", "}", *place, written=False),
                ]
            )
            return False
        self._leave_down_to(at + 1, command.start)
        if self._groups[at].finish is None:
            self.flush()
        self._leave(name.end)
        return True

    # Commands

    def command(self, token: Token) -> None:
        """Read a command and what belongs to it."""
        name = token.text[1:]
        handler = self.handlers.get(name)
        if handler is not None:
            handler(token)
        elif self.stream.expand(token) or self._character(token, name):
            pass
        elif name in STYLES:
            self.mark_group(Opened(STYLES[name], 0, token.start))
        elif name in DECLARED_STYLES:
            self._declare(token, name)
        elif name in IGNORED or name in TRANSPARENT:
            self.skip(IGNORED.get(name) or TRANSPARENT.get(name) or "")
        elif name in DEFINING:
            self.skip(DEFINING[name])
        elif name in _LENGTHS:
            skip_length(self.stream)
        elif not self.otherwise(token) and name.isalpha():
            self.stream.takes("*")
            following = self.stream.peek()
            if following is not None and following.kind == "[":
                self.stream.option()

    def skip(self, arguments: str) -> None:
        """Take arguments that nobody reads; see `skip_arguments`."""
        skip_arguments(self.stream, arguments)

    def _character(self, token: Token, name: str) -> bool:
        place = (token.start, token.end)
        known = CHARACTERS.get(name)
        if known is not None:
            if name == "\\":
                self.stream.takes("*")
                self.stream.option()
            self.prose.put(known, place)
            if name[0].isalpha():
                self.stream.skip_space()
            return True
        if accented(name, "a") is None:
            return False
        argument = self.stream.argument()
        if argument is None:
            return True
        letter = "".join(
            CHARACTERS.get(each.text[1:], "") if each.kind == "command" else each.text
            for each in argument.tokens
        )
        written = accented(name, letter)
        if written:
            self.prose.put(written, (token.start, max(token.end, argument.end)))
        return True

    def _declare(self, token: Token, name: str) -> None:
        self.stream.skip_space()
        if self._groups:
            mark = self.prose.open(Opened(DECLARED_STYLES[name], 0, token.start))
            self._groups[-1].marks.append(mark)
