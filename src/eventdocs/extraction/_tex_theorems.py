"""TeX theorems: environments that state something, among them definitions of emphasised terms."""

from __future__ import annotations

import re

import attrs

from eventdocs.extraction._draft import Draft
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._tex_options import options_of
from eventdocs.extraction._tex_tokens import Token
from eventdocs.extraction._tex_walk import TexWalk
from eventdocs.ir import Definition, normalise_term

__all__ = ["TexTheorems"]

_USUAL = frozenset(
    "theorem thm lemma lem proposition prop corollary cor definition definitions defn defi dfn remark rem "
    "example exm assumption claim conjecture notation fact observation proof axiom hypothesis property".split()
)
_DEFINING = re.compile(r"(?:defin|défin|definic|definiz|begriff)", re.IGNORECASE)
_DEFINING_NAMES = frozenset({"defn", "defi", "dfn", "defs", "def"})
_LONGEST_TERM = 80
_CONFIDENCE = 0.9


@attrs.frozen
class _Kind:
    numbered: bool
    defines: bool
    counted: bool = True


@attrs.define
class _Statement:
    """A theorem that is being read."""

    name: str
    defines: bool
    first: int
    title: Prose | None = None
    labels: list[str] = attrs.field(factory=list[str])
    paragraphs: list[Prose] = attrs.field(factory=list[Prose])


class TexTheorems:
    """Reads theorem-like environments."""

    def __init__(self, walk: TexWalk, draft: Draft) -> None:
        self._walk = walk
        self._draft = draft
        self._kinds: dict[str, _Kind] = {}
        walk.on(["newtheorem", "spnewtheorem"], self._declare)
        walk.on(["declaretheorem"], self._declare_by_options)
        for name in _USUAL:
            for env in (name, f"{name}*"):
                self._know(env, name, numbered=False)

    def _know(self, env: str, title: str, *, numbered: bool) -> None:
        defines = _DEFINING.match(title) is not None or env in _DEFINING_NAMES
        self._kinds[env] = _Kind(numbered, defines or _DEFINING.match(env) is not None)
        self._walk.environments[env] = self._begin

    def _declare(self, _: Token) -> None:
        stream = self._walk.stream
        starred = stream.takes("*")
        name = stream.argument()
        shared = stream.option()
        title = stream.argument()
        within = stream.option()
        if name is None or title is None or not name.text:
            return
        if shared is not None:
            self._walk.counters.share(name.text, shared.text)
        if within is not None:
            self._walk.counters.within(name.text, within.text)
        self._know(name.text, title.text, numbered=not starred)

    def _declare_by_options(self, _: Token) -> None:
        stream = self._walk.stream
        option = stream.option()
        names = stream.argument()
        option = option or stream.option()
        if names is None:
            return
        given = options_of(option.tokens) if option is not None else {}
        values = {key: "".join(each.text for each in value) for key, value in given.items()}
        for name in filter(None, map(str.strip, names.text.split(","))):
            title = values.get("name") or values.get("title") or name
            shared = values.get("sibling") or values.get("numberlike") or values.get("sharenumber")
            within = values.get("parent") or values.get("numberwithin") or values.get("within")
            if shared:
                self._walk.counters.share(name, shared)
            if within:
                self._walk.counters.within(name, within)
            self._know(name, title, numbered=values.get("numbered", "yes") != "no")

    def _begin(self, _: Token, name: str) -> None:
        walk = self._walk
        kind = self._kinds[name]
        walk.begin_block()
        option = walk.stream.option()
        statement = _Statement(name.removesuffix("*"), kind.defines, len(self._draft.entities))
        if option is not None:
            statement.title = walk.inline_tokens(option.tokens)
            walk.text.add(statement.title)
        if kind.numbered:
            walk.counters.step(name)
        listener = statement.paragraphs.append
        if kind.defines and len(walk.listeners) < self._draft.limits.max_nesting:
            walk.listeners.append(listener)

        def finish(_: int) -> None:
            walk.begin_block()
            if kind.defines and listener in walk.listeners:
                walk.listeners.remove(listener)
            self._finish(statement)

        walk.begin(name, finish)
        walk.target = statement.labels.append

    def _finish(self, statement: _Statement) -> None:
        walk = self._walk
        local = self._define(statement) if statement.defines else None
        for name in statement.labels:
            if local is None:
                walk.anchors.thing(name, statement.name)
                walk.kinds.setdefault(name, "unknown")
            else:
                walk.anchors.entity(name, self._draft.entities[local].id.entity_id)
                walk.kinds.setdefault(name, "definition")

    def _define(self, statement: _Statement) -> int | None:
        """Add what a definition defines: its emphasised terms, or else its title."""
        body = Prose()
        for paragraph in statement.paragraphs:
            body.extend(paragraph)
        if not len(body):
            return None
        terms = [
            mark
            for mark in body.marks
            if mark.kind in {"emphasis", "strong"} and _is_term(body.text[mark.start : mark.end])
        ]
        anchor = statement.labels[0] if statement.labels else None
        whole = body.whole()
        found: dict[str, int] = {}
        for mark in terms:
            term = body.text[mark.start : mark.end]
            key = normalise_term(term)
            if key and key not in found:
                found[key] = self._add(statement.first, term, body.text, whole, anchor)
                anchor = None
        if not found and statement.title is not None and _is_term(statement.title.text):
            term = statement.title.text
            found[term] = self._add(statement.first, term, body.text, whole, anchor)
        return next(iter(found.values()), None)

    def _add(
        self, first: int, term: str, body: str, place: tuple[int, int], anchor: str | None
    ) -> int:
        draft = self._draft
        key = normalise_term(term)
        for index in range(first, len(draft.entities)):
            entity = draft.entities[index]
            if isinstance(entity, Definition) and entity.term_key == key:
                # A sentence said it already; that it stands in a definition makes it sure.
                draft.entities[index] = attrs.evolve(
                    entity,
                    prov=draft.provenance("pattern", _CONFIDENCE),
                    id=attrs.evolve(entity.id, anchor=entity.id.anchor or anchor),
                )
                return index
        draft.definition(
            place,
            term=term,
            body=body,
            body_place=place,
            form="sentence",
            anchor=anchor,
            confidence=_CONFIDENCE,
        )
        return len(draft.entities) - 1


def _is_term(text: str) -> bool:
    return 1 < len(text.strip()) <= _LONGEST_TERM and normalise_term(text) != ""
