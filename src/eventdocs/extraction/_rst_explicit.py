"""Explicit markup: what two dots begin in reStructuredText."""

from __future__ import annotations

import re
from typing import Protocol

from eventdocs.extraction._rst_directives import KEEPS_TITLES, OPAQUE, WITHOUT_ARGUMENT, head
from eventdocs.extraction._rst_lines import Lines
from eventdocs.extraction._rst_names import Names, Role, characters, normalised
from eventdocs.extraction._rst_nodes import (
    DefinitionList,
    Directive,
    Footnote,
    Item,
    Nodes,
    Target,
)

__all__ = ["ExplicitMarkup"]

_NAME = r"(?:(?!_)\w)+(?:[-._+:](?:(?!_)\w)+)*"
_START = r"\.\.[ ]+"
_FOOTNOTE = re.compile(rf"{_START}\[(?P<label>[0-9]+|\#(?:{_NAME})?|\*)\](?: +|$)")
_CITATION = re.compile(rf"{_START}\[(?P<label>{_NAME})\](?: +|$)")
_TARGET = re.compile(rf"{_START}_(?![ ]|$)")
_TARGET_NAME = re.compile(
    r"(?:(?P<anonymous>_)|(?!_)(?P<quote>`?)(?![ `])(?P<name>(?:\\.|[^\\])+?)(?<!\s)(?P=quote))"
    r"[ ]?:(?:[ ]+|$)"
)
_SUBSTITUTION = re.compile(
    rf"{_START}\|(?! )(?P<name>[^|]+?)(?<!\s)\| +(?P<directive>{_NAME}) ?::(?: +|$)"
)
_DIRECTIVE = re.compile(rf"{_START}(?P<name>{_NAME}) ?::(?: +|$)")
_REFERENCE = re.compile(rf"(?:(?P<simple>{_NAME})_|`(?! )(?P<phrase>[^`]+?)(?<!\s)`_)$")
_ROLE = re.compile(rf"(?P<name>{_NAME})\s*(?:\(\s*(?P<like>{_NAME})\s*\))?$")


class ParseBlocks(Protocol):
    """Parses blocks inside of others."""

    def __call__(self, lines: Lines, depth: int = 0, *, titles: bool = False) -> Nodes: ...


class ExplicitMarkup:
    """Parses footnotes, citations, targets, substitutions, directives and comments."""

    def __init__(self, names: Names, blocks: ParseBlocks) -> None:
        self._names = names
        self._blocks = blocks

    def parse(self, lines: Lines, at: int, depth: int, *, titles: bool) -> tuple[Nodes, int]:
        """Parse what the two dots in line *at* begin.

        Returns:
            The blocks, and the number of the line behind them.
        """
        text = lines.texts[at]
        found = _FOOTNOTE.match(text) or _CITATION.match(text)
        if found:
            body, after = lines.indented(at, first=found.end())
            citation = found.re is _CITATION
            note = Footnote(found["label"], citation, self._blocks(body, depth + 1))
            return (note,), after
        found = _TARGET.match(text)
        if found:
            body, after = lines.indented(at, first=found.end(), until_blank=True)
            target = self._target(body)
            if target is not None:
                return target, after
        found = _SUBSTITUTION.match(text)
        if found:
            body, after = lines.indented(at, first=found.end())
            self._substitution(found["name"], found["directive"].lower(), body)
            return (), after
        found = _DIRECTIVE.match(text)
        if found:
            body, after = lines.indented(at, first=found.end())
            directive = self._directive(found["name"], lines, at, after, body, depth, titles=titles)
            return ((directive,) if directive is not None else ()), after
        if text == ".." and not (lines.texts[at + 1] if at + 1 < len(lines) else ""):
            return (), at + 1
        return (), lines.indented(at, first=2)[1]

    def anonymous(self, lines: Lines, at: int) -> tuple[Nodes, int]:
        """Parse a target that begins with two underscores."""
        body, after = lines.indented(at, first=2, until_blank=True)
        return self._nameless(" ".join(body.texts)), after

    def _target(self, body: Lines) -> Nodes | None:
        text = " ".join(part.strip() for part in body.texts)
        found = _TARGET_NAME.match(text)
        if found is None:
            return None
        rest = text[found.end() :].strip()
        if found["anonymous"]:
            return self._nameless(rest)
        name = normalised(found["name"].replace("\\", ""))
        if not rest:
            return (Target(name),)
        alias = _REFERENCE.match(rest)
        if alias:
            self._names.same.setdefault(name, normalised(alias["simple"] or alias["phrase"]))
        else:
            self._names.addresses.setdefault(name, _address(rest))
        return ()

    def _nameless(self, rest: str) -> Nodes:
        rest = rest.strip()
        name = f"__{len(self._names.anonymous)}"
        alias = _REFERENCE.match(rest)
        if alias:
            self._names.same[name] = normalised(alias["simple"] or alias["phrase"])
        elif rest:
            self._names.addresses[name] = _address(rest)
        self._names.anonymous.append(name)
        return () if rest else (Target(name),)

    def _substitution(self, name: str, directive: str, body: Lines) -> None:
        known = self._names.replacements
        name = " ".join(name.split())
        if name in known:
            return
        known[name] = None
        if directive == "replace" and len(body):
            known[name] = body.passage()
        elif directive == "unicode" and len(body):
            known[name] = characters(body.texts[0])

    def _directive(
        self,
        written: str,
        lines: Lines,
        at: int,
        after: int,
        body: Lines,
        depth: int,
        *,
        titles: bool,
    ) -> Directive | None:
        name = written.lower()
        domain, _, bare = name.rpartition(":")
        if domain:
            name = bare
        parts = head(name, body, apart=body.first > lines.first + at + 1)
        argument, options, content = parts.argument, parts.options, parts.content
        first = argument.texts[0] if argument is not None else ""
        if name == "default-role":
            self._names.default_role = first.lower()
            return None
        if name == "role":
            found = _ROLE.match(first)
            if found:
                role = Role((found["like"] or "").lower(), options.get("format", ""))
                self._names.roles.setdefault(found["name"].lower(), role)
            return None
        if name in {"math", "raw"}:
            text = "\n".join(body.texts)
            if "\\" in text:
                self._names.macros.append(text)
        blocks: Nodes = ()
        if name not in OPAQUE:
            inner_titles = titles and name in KEEPS_TITLES
            blocks = self._blocks(content, depth + 1, titles=inner_titles)
            if argument is not None and name in WITHOUT_ARGUMENT:
                blocks = (*self._blocks(argument, depth + 1), *blocks)
        elif name == "glossary":
            blocks = self._glossary(content, depth)
        place = lines.place(at, after)
        return Directive(name, argument, options, parts.fields, content, blocks, place)

    def _glossary(self, content: Lines, depth: int) -> Nodes:
        """Parse terms, several of which may share what is indented below them."""
        items: list[Item] = []
        terms: list[Lines] = []
        at = 0
        while at < len(content):
            text = content.texts[at]
            if not text:
                at += 1
            elif text[0] == " ":
                body, at = content.indented(at)
                if terms:
                    items.append(Item(tuple(terms), body, self._blocks(body, depth + 1)))
                    terms = []
            elif text.startswith(".. ") or text == "..":
                at = content.indented(at, first=2)[1]
            else:
                terms.append(content.part(at, at + 1))
                at += 1
        return (DefinitionList(tuple(items)),) if items else ()


def _address(text: str) -> str:
    return "".join(text.replace("\\ ", "\0").split()).replace("\0", " ").replace("\\", "")
