"""What a person means by a name: symbols, terms, table rows or one entity."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import attrs

from eventdocs.ir._entities import DocumentIR, Formula, Symbol
from eventdocs.ir._meanings import Meanings
from eventdocs.ir._names import name_of
from eventdocs.ir._scopes import Meaning
from eventdocs.ir._symbols import only_indices, read_symbol, spell
from eventdocs.ir._terms import normalise_term


@attrs.frozen(kw_only=True)
class Subject:
    """A name, and everything in a document that it can mean.

    Attributes:
        name: As it is shown.
        entity: The entity itself, if it was named by id or anchor.
        symbols: Symbols of that name that formulas use or define.
        meanings: Where the document says what it is.
    """

    name: str
    entity: UUID | None = None
    symbols: tuple[Symbol, ...] = ()
    meanings: tuple[Meaning, ...] = ()


def subject_of(ir: DocumentIR, meanings: Meanings, name: UUID | Symbol | str) -> Subject:
    """Find what *name* means: an id, an anchor, a symbol in any spelling, or a term."""
    if isinstance(name, Symbol):
        return _named(ir, meanings, spell(name), (name,))
    for each in ir.entities:
        if name in (each.id.entity_id, str(each.id.entity_id), each.id.anchor):
            return Subject(name=name_of(each), entity=each.id.entity_id)
    if isinstance(name, UUID):
        return Subject(name=str(name))
    read = (read_symbol(name), read_symbol(f"\\{name}"))
    return _named(ir, meanings, name, tuple(each for each in read if each is not None))


def _named(ir: DocumentIR, meanings: Meanings, name: str, read: tuple[Symbol, ...]) -> Subject:
    known = dict.fromkeys(_symbols_of(ir))
    keys = {name, *(each.key for each in read)}
    symbols = [each for each in known if each.key in keys or spell(each) == name]
    if not symbols:
        # A name without indices stands for all of an indexed quantity.
        bases = {each.base for each in read if not each.subscript}
        symbols = [
            each for each in known if each.base in bases and only_indices(each, meanings.indices)
        ]
    found = [each for symbol in symbols for each in meanings.of_symbol(symbol.key)]
    found += meanings.of_term(normalise_term(name))
    return Subject(name=name, symbols=tuple(symbols), meanings=tuple(dict.fromkeys(found)))


def _symbols_of(ir: DocumentIR) -> Iterator[Symbol]:
    for each in ir.entities:
        if isinstance(each, Formula):
            yield from (variable.symbol for variable in each.variables)
            if each.defines is not None:
                yield each.defines
