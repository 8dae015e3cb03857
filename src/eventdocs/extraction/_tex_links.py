"""TeX links: references to labels, citations, addresses, notes, and files that are not read."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eventdocs.extraction._draft import Draft
from eventdocs.extraction._tex_prose import Opened
from eventdocs.extraction._tex_tokens import Token, argument_text
from eventdocs.extraction._tex_walk import TexWalk
from eventdocs.ir import Resolution

__all__ = ["TexLinks"]

_REFERENCES = (
    "ref", "eqref", "cref", "Cref", "autoref", "Autoref", "pageref", "nameref", "vref", "Vref", "labelcref",
    "cpageref", "subref", "prettyref", "fref", "Fref", "thref", "zcref", "crefrange", "Crefrange", "vpageref",
)  # fmt: skip
_CITING = re.compile(
    r"\\(?:[A-Za-z]*[cC]ite[A-Za-z]*|[Pp]arencites?|[Tt]extcites?|[Aa]utocites?|footcites?)"
)
_REFERRING = re.compile(r"\\[A-Za-z]*[rR]ef")
_INPUTS = {
    "input": "m", "include": "m", "subfile": "m", "import": "mm", "subimport": "mm", "bibliography": "m",
    "addbibresource": "om", "verbatiminput": "m", "lstinputlisting": "om", "loadglsentries": "om",
}  # fmt: skip
_HOLDING_TEXT = frozenset({"input", "include", "subfile", "import", "subimport"})
_NOT_READ = Resolution(state="external", by="document")
_LONGEST_ADDRESS = 4_000
_LINE_BREAK = re.compile(r"[\r\n]")
_NOT_CITING = frozenset({r"\citestyle", r"\setcitestyle", r"\DeclareCiteCommand"})


class TexLinks:
    """Reads what points at another place."""

    def __init__(self, walk: TexWalk, draft: Draft) -> None:
        self._walk = walk
        self._draft = draft
        self.inputs = frozenset(_INPUTS)
        walk.on(_REFERENCES, self._reference)
        walk.on(["url"], self._url)
        walk.on(["href"], self._href)
        walk.on(["hyperref"], self._hyperref)
        walk.on(["hyperlink"], self._hyperlink)
        walk.on(["hypertarget"], self._hypertarget)
        walk.on(["bibitem"], self._bibitem)
        walk.on(["footnote", "thanks", "footnotetext", "tablefootnote", "endnote"], self._footnote)
        walk.on(["verb", "lstinline", "mintinline"], self._verb)
        walk.on(["enquote"], self._enquote)
        walk.on(_INPUTS, self._input)

    def reads(self, command: Token) -> bool:
        """Read a citation or reference by a command of a package; whether it is one."""
        if _CITING.fullmatch(command.text) and command.text not in _NOT_CITING:
            self._cite(command)
            return True
        if _REFERRING.fullmatch(command.text):
            self._reference(command)
            return True
        return False

    def _reference(self, command: Token) -> None:
        stream = self._walk.stream
        stream.takes("*")
        stream.option()
        group = stream.group()
        if group is None:
            return
        self._keys(command, group.tokens, group.end, command.text)
        if command.text in {r"\crefrange", r"\Crefrange"}:
            last = stream.group()
            if last is not None:
                self._walk.prose.put("–", (last.start, last.start))
                self._keys(command, last.tokens, last.end, command.text, only=False)

    def _cite(self, command: Token) -> None:
        stream = self._walk.stream
        stream.takes("*")
        while stream.option() is not None:
            pass
        group = stream.group()
        if group is None:
            return
        if command.text == r"\nocite":
            return
        self._keys(command, group.tokens, group.end, r"\cite")
        while command.text.endswith("cites"):
            more = stream.option() or stream.group()
            if more is None:
                return
            if stream.text[more.start : more.start + 1] == "{":
                self._keys(command, more.tokens, more.end, r"\cite", only=False)

    def _keys(
        self,
        command: Token,
        tokens: Sequence[Token],
        end: int,
        detail: str,
        *,
        only: bool = True,
    ) -> None:
        """Add a reference for each name; one alone stands where its command does."""
        keys = _split(tokens)
        prose = self._walk.prose
        for number, (key, place) in enumerate(keys):
            if number:
                prose.put(", ", place)
            whole = (command.start, max(command.end, end))
            prose.mark("reference", key, key, whole if only and len(keys) == 1 else place, detail)

    def _url(self, command: Token) -> None:
        address = self._address()
        if address is not None:
            text, place = address
            self._walk.prose.mark("link", text, text, (command.start, max(command.end, place[1])))

    def _href(self, command: Token) -> None:
        self._walk.stream.option()
        address = self._address()
        if address is not None:
            self._walk.mark_group(Opened("link", 0, command.start, content=address[0]))

    def _address(self) -> tuple[str, tuple[int, int]] | None:
        """Take an argument in which `%`, `#` and `&` are plain characters."""
        stream = self._walk.stream
        stream.skip_space()
        if stream.in_source:
            start = stream.position
            text = stream.text
            if text[start : start + 1] == "{":
                depth = 0
                for at in range(start, min(len(text), start + _LONGEST_ADDRESS)):
                    depth += {"{": 1, "}": -1}.get(text[at], 0)
                    if depth == 0:
                        stream.jump(at + 1)
                        address = re.sub(r"\\([%#&_~{}])", r"\1", text[start + 1 : at]).strip()
                        return address, (start, at + 1)
        group = stream.group()
        if group is None:
            return None
        return group.text.replace("\\", ""), (group.start, group.end)

    def _hyperref(self, command: Token) -> None:
        option = self._walk.stream.option()
        if option is not None:
            mark = Opened("reference", 0, command.start, content=option.text, detail=command.text)
            self._walk.mark_group(mark)

    def _hyperlink(self, command: Token) -> None:
        name = self._walk.stream.group()
        if name is not None:
            mark = Opened("reference", 0, command.start, content=name.text, detail=command.text)
            self._walk.mark_group(mark)

    def _hypertarget(self, _: Token) -> None:
        name = self._walk.stream.group()
        if name is not None:
            self._walk.anchors.thing(name.text, "anchor")

    def _bibitem(self, _: Token) -> None:
        walk = self._walk
        walk.flush()
        walk.stream.option()
        key = walk.stream.group()
        if key is not None and key.text:
            walk.anchors.thing(key.text, "bibliography")
        walk.target = lambda name: walk.anchors.thing(name, "bibliography")

    def _footnote(self, _: Token) -> None:
        walk = self._walk
        walk.stream.option()
        read = walk.inline_group()
        if read is not None:
            walk.footnote(read[0])

    def _verb(self, command: Token) -> None:
        stream = self._walk.stream
        stream.takes("*")
        if command.text != r"\verb":
            stream.option()
        if command.text == r"\mintinline":
            stream.group()
        if not stream.in_source:
            return
        text, start = stream.text, stream.position
        sign = text[start : start + 1]
        if not sign or sign.isspace():
            return
        closing = "}" if sign == "{" and command.text != r"\verb" else sign
        end = text.find(closing, start + 1, start + _LONGEST_ADDRESS)
        if end >= 0 and not _LINE_BREAK.search(text, start, end):
            stream.jump(end + 1)
            self._walk.prose.mark(
                "code", text[start + 1 : end], text[start + 1 : end], (start + 1, end)
            )

    def _enquote(self, command: Token) -> None:
        walk = self._walk
        walk.stream.takes("*")
        read = walk.stream.group()
        if read is not None:
            end = (read.end - 1, read.end)
            opening = Token("text", "“", command.start, read.start + 1, written=False)
            closing = Token("text", "”", *end, written=False)
            walk.stream.push([opening, *read.tokens, closing])

    def _input(self, command: Token) -> None:
        walk, stream = self._walk, self._walk.stream
        name = command.text[1:]
        stream.skip_space()
        following = stream.peek()
        option = stream.option() if "o" in _INPUTS[name] else None
        if option is None and following is not None and following.kind == "text":
            word = following.text.split()[0]
            stream.takes(word)
            self._file(word, (command.start, following.start + len(word)), name)
            return
        parts = [stream.group() for kind in _INPUTS[name] if kind == "m"]
        given = [part for part in parts if part is not None]
        if given:
            end = max(command.end, given[-1].end)
            path = "".join(part.text for part in given)
            files = path.split(",") if name == "bibliography" else [path]
            for each in filter(None, map(str.strip, files)):
                self._file(each, (command.start, end), name)
        if name in _HOLDING_TEXT:
            walk.flush()

    def _file(self, path: str, place: tuple[int, int], name: str) -> None:
        """Say that a part of the document is in a file that is not read."""
        walk = self._walk
        if name in _HOLDING_TEXT and walk.in_body:
            walk.unread = True
            walk.counters.known = False
        self._draft.reference(
            place,
            text=path,
            raw_target=path,
            reference_type="document",
            target_document=path,
            resolution=_NOT_READ,
        )


def _split(tokens: Sequence[Token]) -> list[tuple[str, tuple[int, int]]]:
    """Part an argument at its commas: each name, and where it stands."""
    found: list[tuple[str, tuple[int, int]]] = []
    part: list[Token] = []
    for token in [*tokens, Token("text", ",", 0, 0, written=False)]:
        at = 0
        for sign in re.finditer(",", token.text):
            part.append(_cut(token, at, sign.start()))
            at = sign.end()
            key = argument_text(part)
            there = [each for each in part if each.text.strip()]
            if key and there:
                start, end = min(each.start for each in there), max(each.end for each in there)
                found.append((key, (start, end)))
            part = []
        part.append(_cut(token, at, len(token.text)))
    return found


def _cut(token: Token, start: int, end: int) -> Token:
    text = token.text[start:end]
    if not token.written:
        return token._replace(text=text)
    stripped = text.strip()
    left = token.start + start + (len(text) - len(text.lstrip()) if stripped else 0)
    return token._replace(text=stripped, start=left, end=left + len(stripped))
