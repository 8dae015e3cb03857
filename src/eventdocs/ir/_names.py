"""Names of entities, for messages to people."""

from __future__ import annotations

from eventdocs.ir._canonical import collapse
from eventdocs.ir._entities import (
    CrossReference,
    Definition,
    Entity,
    Formula,
    Section,
    Table,
)
from eventdocs.ir._symbols import spell

_LONGEST = 60


def name_of(entity: Entity) -> str:
    """Name *entity* in a few words: a term, a title, a symbol, a caption, a target."""
    match entity:
        case Section():
            return shorten(entity.title) or "(no title)"
        case Definition(symbol=symbol) if symbol is not None and entity.term == symbol.key:
            return spell(symbol)
        case Definition():
            return shorten(entity.term)
        case Formula():
            return spell(entity.defines) if entity.defines else shorten(entity.text or entity.raw)
        case Table():
            caption = shorten(entity.caption or "")
            if entity.number:
                return f"{entity.number}: {caption}" if caption else entity.number
            return caption or f"of {entity.n_rows} rows and {entity.n_cols} columns"
        case CrossReference():
            return shorten(entity.raw_target)


def shorten(text: str) -> str:
    """Write *text* on one line of at most 60 characters."""
    line = collapse(text)
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1].rstrip() + "…"
