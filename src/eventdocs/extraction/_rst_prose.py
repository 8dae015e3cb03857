"""Prose from reStructuredText: inline markup and roles as readable text with marks."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

import attrs

from eventdocs.extraction._prose import Mark, MarkKind, Passage, Prose
from eventdocs.extraction._rst_inline import Inline, InlineKind, inlines
from eventdocs.extraction._rst_names import Names, normalised

__all__ = ["RstProse"]

# Blanks are looked at once, from where they begin.
_BREAK = re.compile(r"(?<![ \t])[ \t]+\n[ \t]*|\n[ \t]*")
_ESCAPE_OR_BREAK = re.compile(rf"\\\s?|{_BREAK.pattern}")
_TARGETED = re.compile(r"(?P<text>.*[^\s\\])\s*<(?P<target>[^<>]+)>", re.DOTALL)
_IN_DOLLARS = re.compile(r"\s*(?:\$\$?|\\[(\[])(?P<latex>.+?)(?:\$\$?|\\[)\]])\s*", re.DOTALL)
_RFC = re.compile(r"\d+")

_REFERENCES = frozenset({"ref", "numref", "eq", "term", "doc", "any", "prf:ref", "math:numref"})
_CITATIONS = frozenset(
    {
        "cite", "cite:p", "cite:t", "cite:ps", "cite:ts", "cite:cts", "cite:ct", "cite:author", "cite:year",
        "cite:alp", "cite:label", "cite:labelpar", "cite:yearpar", "footcite", "footcite:p", "footcite:t",
        "citep", "citet", "bibcite",
    }
)  # fmt: skip
_PLAIN = frozenset(
    {
        "sub", "subscript", "sup", "superscript", "abbr", "abbreviation", "ac", "acronym", "index", "guilabel",
        "menuselection", "title-reference", "title", "t", "inline", "underline", "small",
    }
)  # fmt: skip
_MARKS: dict[str, MarkKind] = {
    "strong": "strong",
    "emphasis": "emphasis",
    "dfn": "emphasis",
    "": "emphasis",
}
_LAYOUT = frozenset({"rspan", "cspan"})
_BUILT_IN = frozenset({"version", "release", "today", "translation progress"})
_DEEPEST = 5
_LONGEST_REPLACEMENT = 2_000
_MOST_REPLACED = 2_000_000


class LinearText(Protocol):
    """Tells how a formula reads on one line."""

    def __call__(self, latex: str, *, display: bool) -> str: ...


class RstProse:
    """Turns the passages of one document into prose, in the order in which they stand."""

    def __init__(self, names: Names, linear: LinearText) -> None:
        self._names = names
        self._linear = linear
        self._anonymous = 0
        self._footnotes: dict[str, int] = {}
        self._replaced: dict[str, Prose | None] = {}
        self._characters = 0

    def read(self, passage: Passage, depth: int = 0) -> Prose:
        """Turn a passage into prose, and add nothing yet."""
        return _Builder(self, passage, depth).prose

    def footnote(self, label: str) -> str:
        """Count a footnote without a number of its own, or a reference to one."""
        kind, _, label = label.rpartition(":")
        if label not in {"#", "*"}:
            return label
        key = f"{kind}{label}"
        self._footnotes[key] = self._footnotes.get(key, 0) + 1
        return f"{label}{self._footnotes[key]}"

    def formula(self, latex: str) -> str:
        """How an inline formula reads on one line."""
        return self._linear(latex, display=False)

    def next_anonymous(self) -> str | None:
        """The name of the next target without one."""
        known = self._names.anonymous
        self._anonymous += 1
        return known[self._anonymous - 1] if self._anonymous <= len(known) else None

    def replacement(self, name: str, depth: int) -> Prose | None:
        """What stands for a name between bars; None if nothing does."""
        written = self._names.replacements.get(name)
        if written is None or depth >= _DEEPEST:
            return None
        if name not in self._replaced:
            if isinstance(written, str):
                prose = Prose()
                prose.add(written, (0, 0))
            else:
                prose = self.read(written, depth + 1)
            self._replaced[name] = prose if len(prose) <= _LONGEST_REPLACEMENT else None
        prose_or_none = self._replaced[name]
        self._characters += len(prose_or_none) if prose_or_none is not None else 0
        return prose_or_none if self._characters <= _MOST_REPLACED else None

    def declared(self, name: str) -> tuple[str, str]:
        """The role that a role of the document is a case of, and the language of raw text."""
        role = self._names.roles.get(name)
        if role is None:
            return name, ""
        return role.like or "inline", role.language

    @property
    def names(self) -> Names:
        """What the document names."""
        return self._names


class _Builder:
    """Reads one passage."""

    def __init__(self, document: RstProse, passage: Passage, depth: int) -> None:
        self.prose = Prose()
        self._document = document
        self._names = document.names
        self._passage = passage
        self._text = passage.content
        self._depth = depth
        at = 0
        for found in inlines(self._text):
            self._words(at, found.start)
            _HANDLERS[found.kind](self, found)
            at = found.end
        self._words(at, len(self._text))

    def _words(self, start: int, end: int, *, literal: bool = False) -> None:
        """Add text as it reads: without backslashes, on one line."""
        text = self._text
        pattern = _BREAK if literal else _ESCAPE_OR_BREAK
        scan = start
        while start < end:
            found = pattern.search(text, scan, end)
            stop = found.start() if found else end
            self.prose.add(text[start:stop], self._passage.range(start, stop), verbatim=True)
            if found is None:
                return
            start = scan = found.end()
            if found[0] == "\\":
                # What stands behind it stands for itself.
                scan += 1
            elif found[0][0] != "\\":
                self.prose.add(" ", self._passage.range(stop, start))

    def _plain(self, start: int, end: int) -> str:
        return re.sub(r"\\(\s?)", "", self._text[start:end])

    def _mark(
        self, kind: MarkKind, start: int, content: str, source: tuple[int, int], detail: str = ""
    ) -> None:
        self.prose.marks.append(Mark(kind, start, len(self.prose), content, source, detail))

    def _range(self, found: Inline) -> tuple[int, int]:
        return self._passage.range(found.start, found.end)

    def _marked(self, found: Inline, kind: MarkKind) -> None:
        at = len(self.prose)
        self._words(*found.content, literal=kind == "code")
        content = self.prose.text[at:] if kind == "code" else ""
        source = self._passage.range(*found.content) if kind == "code" else self._range(found)
        self._mark(kind, at, content, source)

    def strong(self, found: Inline) -> None:
        self._marked(found, "strong")

    def emphasis(self, found: Inline) -> None:
        self._marked(found, "emphasis")

    def literal(self, found: Inline) -> None:
        self._marked(found, "code")

    def target(self, found: Inline) -> None:
        at = len(self.prose)
        self._words(*found.content)
        self._mark("anchor", at, normalised(self._plain(*found.content)), self._range(found))

    def footnote(self, found: Inline) -> None:
        label = self._document.footnote("reference:" + self._text[slice(*found.content)])
        self._mark("reference", len(self.prose), label, self._range(found), "footnote")

    def citation(self, found: Inline) -> None:
        at = len(self.prose)
        first, last = found.content
        self._words(first - 1, last + 1)
        self._mark("reference", at, self._text[first:last], self._range(found), "{cite}")

    def reference(self, found: Inline) -> None:
        at = len(self.prose)
        shown = " ".join(self._plain(*found.content).split())
        self._words(*found.content)
        if found.target:
            target = "".join(found.target.replace("\0", "").split())
            if target.endswith("_") and not found.target.endswith("\0_"):
                self._named(found, at, found.target[:-1].strip("` "))
            else:
                if not found.anonymous:
                    self._names.addresses.setdefault(normalised(shown), target)
                self._mark("link", at, target, self._range(found))
            return
        name = shown
        if found.anonymous:
            name = self._document.next_anonymous() or shown
        self._named(found, at, name)

    def _named(self, found: Inline, at: int, name: str) -> None:
        name = " ".join(name.replace("\0", "").split())
        _, address = self._names.resolve(name)
        if address is not None:
            self._mark("link", at, address, self._range(found))
        else:
            self._mark("reference", at, name, self._range(found), "{name}")

    def substitution(self, found: Inline) -> None:
        name = " ".join(self._plain(*found.content).split())
        at = len(self.prose)
        place = self._range(found)
        if name in self._names.replacements:
            prose = self._document.replacement(name, self._depth)
            if prose is None:
                return
            self.prose.add(prose.text, place)
            self.prose.marks.extend(
                attrs.evolve(mark, start=mark.start + at, end=mark.end + at, source=place)
                for mark in prose.marks
            )
        else:
            self._words(found.start, found.end)
            if name.lower() not in _BUILT_IN:
                self._mark("reference", at, f"|{name}|", place, "{substitution}")
        if found.name:
            self._named(found, at, name)

    # Roles

    def role(self, found: Inline) -> None:
        written = (found.name or self._names.default_role).lower()
        name, language = self._document.declared(written)
        bare = name.rpartition(":")[2]
        if name == "math":
            self._math(*found.content)
        elif name == "raw":
            self._raw(found, language)
        elif name in _REFERENCES or name in _CITATIONS:
            self._pointing(found, "cite" if name in _CITATIONS else bare)
        elif bare in _MARKS:
            self._marked(found, _MARKS[bare])
        elif bare in _PLAIN:
            self._words(*found.content)
        elif bare in {"rfc", "pep"}:
            self._standard(found, bare)
        elif bare == "download":
            self._download(found)
        elif bare in _LAYOUT:
            return
        else:
            self._object(found)

    def _math(self, start: int, end: int) -> None:
        part = self._text[start:end]
        start += len(part) - len(part.lstrip())
        latex = part.strip()
        source = self._passage.range(start, start + len(latex))
        at = len(self.prose)
        self.prose.add(self._document.formula(latex), source)
        self._mark("formula", at, latex, source, "inline")

    def _raw(self, found: Inline, language: str) -> None:
        if "latex" not in language and "tex" not in language:
            return
        math = _IN_DOLLARS.fullmatch(self._text, *found.content)
        if math:
            self._math(*math.span("latex"))

    def _parted(self, found: Inline) -> tuple[tuple[int, int], str]:
        """What a role shows, and what it points at."""
        first, last = found.content
        targeted = None
        if self._text[last - 1] == ">":
            targeted = _TARGETED.fullmatch(self._text, first, last)
        if targeted is None:
            return (first, last), " ".join(self._plain(first, last).split())
        return targeted.span("text"), " ".join(targeted["target"].split())

    def _pointing(self, found: Inline, name: str) -> None:
        at = len(self.prose)
        shown, target = self._parted(found)
        if self._text[found.content[0]] == "!":
            self._words(found.content[0] + 1, shown[1])
            return
        self._words(*shown)
        self._mark("reference", at, target, self._range(found), f"{{{name}}}")

    def _standard(self, found: Inline, series: str) -> None:
        at = len(self.prose)
        shown, target = self._parted(found)
        number = _RFC.match(target)
        label = f"{series.upper()} {target}" if shown == found.content else None
        if label is not None:
            self.prose.add(label, self._range(found))
        else:
            self._words(*shown)
        if number:
            address = (
                f"https://datatracker.ietf.org/doc/html/rfc{number[0]}"
                if series == "rfc"
                else f"https://peps.python.org/pep-{number[0].zfill(4)}/"
            )
            self._mark("link", at, address, self._range(found))

    def _download(self, found: Inline) -> None:
        at = len(self.prose)
        shown, target = self._parted(found)
        self._words(*shown)
        self._mark("link", at, target, self._range(found))

    def _object(self, found: Inline) -> None:
        """Show the name of something in a program."""
        (first, last), _ = self._parted(found)
        text = self._text[first:last]
        if text[:1] == "~":
            first = max(first + 1, first + text.rfind(".") + 1)
        elif text[:1] == "!":
            first += 1
        at = len(self.prose)
        self._words(first, last, literal=True)
        self._mark("code", at, self.prose.text[at:], self._passage.range(first, last))


_HANDLERS: dict[InlineKind, Callable[[_Builder, Inline], None]] = {
    "strong": _Builder.strong,
    "emphasis": _Builder.emphasis,
    "literal": _Builder.literal,
    "role": _Builder.role,
    "reference": _Builder.reference,
    "target": _Builder.target,
    "substitution": _Builder.substitution,
    "footnote": _Builder.footnote,
    "citation": _Builder.citation,
}
