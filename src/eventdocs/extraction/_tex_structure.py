r"""TeX structure: sections, lists, labels and what else `\begin` can begin."""

from __future__ import annotations

from collections.abc import Sequence

from eventdocs.extraction._deflists import DefinitionLists
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._tex_commands import (
    ENVIRONMENT_ARGUMENTS,
    UNREAD_ENVIRONMENTS,
    VERBATIM_ENVIRONMENTS,
)
from eventdocs.extraction._tex_counters import HEADINGS
from eventdocs.extraction._tex_math import TexMath
from eventdocs.extraction._tex_tokens import Token, spaced
from eventdocs.extraction._tex_walk import ListState, TexWalk
from eventdocs.extraction._where import Heads

__all__ = ["TexStructure"]

_LISTS = frozenset(
    "itemize enumerate list trivlist compactitem compactenum inparaenum inparaitem asparaenum asparaitem "
    "itemize* enumerate* tasks".split()
)  # fmt: skip
_DESCRIPTIONS = frozenset(
    "description description* compactdesc inparadesc asparadesc basedescript labeling eqlist".split()
)


class TexStructure:
    """Reads headings, lists, labels, and the definitions of environments.

    Attributes:
        title: What the document is called.
    """

    def __init__(self, walk: TexWalk, math: TexMath, deflists: DefinitionLists) -> None:
        self.title = ""
        self._walk = walk
        self._endings = math.endings
        self._beginnings: dict[str, tuple[str, int, str | None]] = {}
        self._deflists = deflists
        self._levels: dict[str, int] = {}
        self._described: list[int] = []
        walk.on(HEADINGS, self._heading)
        walk.on(["begin"], self._begin)
        walk.on(["label"], self._label)
        walk.on(["item"], self._item)
        walk.on(["title"], self._title)
        walk.on(["appendix"], lambda _: walk.counters.appendix())
        walk.on(["newenvironment", "renewenvironment"], self._new_environment)
        walk.on(["numberwithin", "counterwithin"], self._number_within)
        walk.on(["setcounter", "addtocounter"], self._set_counter)
        walk.on(["renewcommand"], self._renew)
        walk.on(["makeatletter", "makeatother"], self._letters)
        walk.on(["iffalse"], lambda _: walk.stream.skip_false())
        walk.environments.update(dict.fromkeys(_LISTS, self._list))
        walk.environments.update(dict.fromkeys(_DESCRIPTIONS, self._description))
        walk.environments["appendices"] = self._appendices
        walk.environments["thebibliography"] = self._bibliography
        walk.ended = self._ended

    def levels(self, used: Sequence[str]) -> None:
        """Know which kinds of headings there are; the highest one is level 1."""
        top = min((HEADINGS.index(kind) for kind in used), default=HEADINGS.index("section"))
        self._levels = {kind: max(1, at - top + 1) for at, kind in enumerate(HEADINGS)}

    # Headings and labels

    def _heading(self, command: Token) -> None:
        walk, stream = self._walk, self._walk.stream
        kind = command.text[1:]
        walk.begin_block()
        starred = stream.takes("*")
        stream.skip_space()
        stream.option()
        read = walk.inline_group()
        if read is None:
            return
        prose, place = read
        start = command.start
        number = None if starred else walk.counters.heading(kind)
        title = " ".join(prose.text.split())
        labels = self._labels_behind()
        end = max(place[1], command.end)
        if walk.in_cell or walk.inline:
            walk.text.add(prose)
            return
        local = walk.draft.heading(
            (start, end),
            title=title,
            level=self._levels.get(kind, 1),
            number=number,
            anchor=labels[0] if labels else None,
        )

        def label(name: str) -> None:
            walk.anchors.entity(name, local)
            walk.kinds.setdefault(name, "section")

        walk.target = label
        for name in labels:
            label(name)
        walk.text.add(prose)
        walk.text.formulas.names = []

    def _labels_behind(self) -> list[str]:
        """Take the labels that stand directly behind a heading."""
        stream = self._walk.stream
        names: list[str] = []
        while True:
            stream.skip_space(paragraphs=True)
            token = stream.peek()
            if token is None or token.text != r"\label":
                return names
            stream.next()
            group = stream.group()
            if group is not None and group.text:
                names.append(group.text)

    def _label(self, _: Token) -> None:
        group = self._walk.stream.group()
        if group is not None and group.text:
            self._walk.target(group.text)

    def _title(self, _: Token) -> None:
        self._walk.stream.option()
        read = self._walk.inline_group()
        if read is not None:
            self.title = self.title or " ".join(read[0].text.split())
            self._walk.text.add(read[0])

    # Lists

    def _list(self, _: Token, name: str) -> None:
        walk = self._walk
        walk.flush()
        after_formula: Heads | None = "symbols" if walk.text.formulas.just_written else None
        walk.lists.append(ListState(walk.text.announces or after_formula))
        walk.text.leave()

        def finish(_: int) -> None:
            walk.flush()
            if walk.lists:
                walk.lists.pop()
            walk.text.leave()

        walk.begin(name, finish)

    def _description(self, command: Token, name: str) -> None:
        walk = self._walk
        if walk.in_cell or walk.inline or len(walk.regions) >= walk.draft.limits.max_nesting:
            self._list(command, name)
            return
        walk.begin_block()
        walk.lists.append(ListState(None, describes=True))
        self._deflists.begin([])
        self._described.append(0)

        def finish(end: int) -> None:
            walk.flush()
            self._end_body(end)
            self._leave(self._deflists.end())
            self._described.pop()
            walk.lists.pop()
            walk.text.leave()

        walk.begin(name, finish)

    def _item(self, command: Token) -> None:
        walk = self._walk
        walk.flush()
        walk.target = self._label_item
        if walk.lists:
            walk.lists[-1].item_begins = True
        option = walk.stream.option()
        if not walk.lists or not walk.lists[-1].describes:
            if option is not None:
                walk.stream.push([*option.tokens, Token("space", " ", option.end, option.end)])
            return
        self._end_body(command.start)
        term = walk.inline_tokens(option.tokens) if option is not None else Prose()
        self._leave(self._deflists.term(term))
        walk.text.add(term)
        walk.note(term)
        self._described[-1] = walk.stream.position
        region = self._deflists.body((walk.stream.position, walk.stream.position))
        if not any(region is each for each in walk.regions):
            walk.regions.append(region)

    def _label_item(self, name: str) -> None:
        self._walk.anchors.thing(name, "item")
        self._walk.kinds.setdefault(name, "unknown")

    def _end_body(self, end: int) -> None:
        """Know where the body ends that is being read."""
        start = self._described[-1]
        if start:
            text = self._walk.draft.source.text
            end = start + len(text[start : max(start, end)].rstrip())
            self._deflists.body((start, end))

    def _leave(self, region: Prose | None) -> None:
        regions = self._walk.regions
        regions[:] = [each for each in regions if each is not region]

    # Environments

    def _begin(self, command: Token) -> None:
        walk, stream = self._walk, self._walk.stream
        group = stream.group()
        if group is None:
            return
        name = group.text
        reader = walk.environments.get(name)
        if reader is not None:
            reader(command, name)
        elif name in self._beginnings:
            body, parameters, optional = self._beginnings[name]
            begun = command._replace(end=max(command.end, group.end))
            stream.put(begun, body, parameters, optional)
        elif name in VERBATIM_ENVIRONMENTS or name in UNREAD_ENVIRONMENTS:
            walk.begin_block()
            self.skip_environment(name)
        elif name != "document":
            walk.flush()
            walk.skip(ENVIRONMENT_ARGUMENTS.get(name, "o"))
            walk.begin(name)

    def skip_environment(self, name: str) -> None:
        r"""Go behind the `\end` of an environment that is not read."""
        stream = self._walk.stream
        if stream.in_source:
            ending = f"\\end{{{name}}}"
            at = stream.text.find(ending, stream.position)
            stream.jump(at + len(ending) if at >= 0 else len(stream.text))

    def _ended(self, command: Token, env: str) -> None:
        body = self._endings.get(env)
        if body is not None:
            self._walk.stream.put(command, body, 0, None)

    def _new_environment(self, _: Token) -> None:
        stream = self._walk.stream
        stream.takes("*")
        name = stream.argument()
        count = stream.option()
        optional = stream.option() if count is not None else None
        begin, end = stream.argument(), stream.argument()
        if name is None or begin is None or end is None or name.text in self._walk.environments:
            return
        body, ending = spaced(begin.tokens), spaced(end.tokens)
        if f"\\begin{{{name.text}}}" in body:
            return
        number = int(count.text) if count is not None and count.text in set("123456789") else 0
        default = spaced(optional.tokens) if optional is not None else None
        self._beginnings[name.text] = body, number, default
        self._endings[name.text] = ending

    def _appendices(self, _: Token, name: str) -> None:
        self._walk.flush()
        self._walk.counters.appendix()
        self._walk.begin(name)

    def _bibliography(self, _: Token, name: str) -> None:
        walk = self._walk
        walk.begin_block()
        walk.stream.group()
        walk.in_bibliography = True

        def finish(_: int) -> None:
            walk.flush()
            walk.in_bibliography = False

        walk.begin(name, finish)

    # Counters

    def _number_within(self, _: Token) -> None:
        self._walk.stream.takes("*")
        name = self._walk.stream.argument()
        parent = self._walk.stream.argument()
        if name is not None and parent is not None:
            self._walk.counters.within(name.text, parent.text)

    def _set_counter(self, command: Token) -> None:
        name, value = self._walk.stream.argument(), self._walk.stream.argument()
        if name is not None and value is not None:
            add = command.text == r"\addtocounter"
            self._walk.counters.set(name.text, value.text, add=add)

    def _renew(self, _: Token) -> None:
        r"""Pass over a command, and see whether equations are numbered within sections."""
        stream = self._walk.stream
        stream.takes("*")
        name = stream.argument()
        stream.option()
        stream.option()
        body = stream.argument()
        if name is None or body is None or not name.text.startswith(r"\the"):
            return
        written = spaced(body.tokens)
        for parent in ("section", "chapter"):
            if rf"\the{parent}" in written or f"{{{parent}}}" in written:
                self._walk.counters.within(name.text.removeprefix(r"\the"), parent)

    def _letters(self, command: Token) -> None:
        self._walk.stream.internals = command.text == r"\makeatletter"
