"""Definition lists: terms and the blocks that define them."""

from __future__ import annotations

import attrs

from eventdocs.extraction._acronyms import acronyms
from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._draft import Draft, Place
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._units import unit_in_text
from eventdocs.ir import Symbol

__all__ = ["DefinitionLists"]


@attrs.define
class _List:
    glossary: bool
    names: list[str]
    terms: list[Prose] = attrs.field(factory=list[Prose])
    body: Prose | None = None
    place: Place | None = None


class DefinitionLists:
    """Collects the parts of definition lists, which may stand inside one another."""

    def __init__(self, draft: Draft, formulas: FormulaReader, anchors: Anchors) -> None:
        self._draft = draft
        self._formulas = formulas
        self._anchors = anchors
        self._lists: list[_List] = []
        self._glossary = False

    def expect_glossary(self) -> None:
        """The lists that follow are a glossary."""
        self._glossary = True

    def forget_glossary(self) -> None:
        """The glossary has ended."""
        self._glossary = False

    def begin(self, names: list[str]) -> None:
        """Begin a list; *names* are anchors that stand before it."""
        self._lists.append(_List(self._glossary, names))

    def term(self, prose: Prose) -> Prose | None:
        """Add a term; returns the body of the definition that it ends, if it ends one."""
        current = self._lists[-1]
        ended = self._finish(current) if current.body is not None else None
        current.terms.append(prose)
        return ended

    def body(self, place: Place) -> Prose:
        """Begin a body, or go on with it; returns where its text is to be collected."""
        current = self._lists[-1]
        if current.body is None or current.place is None:
            current.body, current.place = Prose(), place
        else:
            current.place = current.place[0], max(current.place[1], place[1])
        return current.body

    def end(self) -> Prose | None:
        """End a list; returns the body that ends with it."""
        ended = self._finish(self._lists.pop())
        if not self._lists:
            self._glossary = False
        return ended

    def _finish(self, current: _List) -> Prose | None:
        body, place = current.body, current.place
        if body is not None and place is not None:
            for term in current.terms:
                self._define(current, term, body, place)
        current.terms = []
        current.body = current.place = None
        return body

    def _define(self, current: _List, term: Prose, body: Prose, place: Place) -> None:
        if not len(term):
            return
        start, end = term.whole()
        names = [mark.content for mark in term.marks if mark.kind == "anchor"]
        if current.names:
            names += current.names
            current.names = []
        text = term.text.strip()
        short = next(acronyms(text), None)
        shorts = [text[slice(*short.short)], text[slice(*short.long)]] if short else []
        local = self._draft.definition(
            (start, max(end, place[1])),
            term=text,
            body=body.text,
            body_place=body.whole() if len(body) else place,
            form="glossary" if current.glossary else "deflist",
            symbol=self._symbol(term),
            aliases=shorts,
            unit=unit_in_text(body.text),
            anchor=names[0] if names else None,
            method="markup",
        )
        if local is not None:
            for name in names:
                self._anchors.entity(name, local)

    def _symbol(self, term: Prose) -> Symbol | None:
        formulas = [mark for mark in term.marks if mark.kind == "formula"]
        if len(formulas) != 1:
            return None
        read = self._formulas.read(formulas[0].content.strip(), display=False)
        return read.symbol or read.called
