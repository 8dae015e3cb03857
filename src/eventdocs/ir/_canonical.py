"""Canonical content: what an entity says, apart from where and how it was written."""

from __future__ import annotations

import hashlib
import re
from typing import Literal, TypeAlias

import orjson

from eventdocs.errors import InvalidIRError
from eventdocs.ir._entities import (
    IR_SCHEMA,
    CrossReference,
    Definition,
    Entity,
    Formula,
    Section,
    Table,
)

EntityKind: TypeAlias = Literal["section", "definition", "formula", "table", "reference"]
"""The kind of an entity, as JSON and read models spell it."""

ENTITY_CLASSES: dict[EntityKind, type] = {
    "section": Section,
    "definition": Definition,
    "formula": Formula,
    "table": Table,
    "reference": CrossReference,
}
_KINDS: dict[type, EntityKind] = {cls: kind for kind, cls in ENTITY_CLASSES.items()}
_NUMBERING = re.compile(r"\\(?:label|tag\*?)\s*\{[^{}]*\}|\\(?:nonumber|notag)(?![a-zA-Z])")


def kind_of(entity: Entity) -> EntityKind:
    """Name the kind of *entity*."""
    return _KINDS[type(entity)]


def collapse(text: str) -> str:
    """Write *text* with single spaces: how it was broken into lines says nothing."""
    return " ".join(text.split())


def plain_latex(latex: str) -> str:
    """Write *latex* with single spaces and without the numbers and labels given to it."""
    return collapse(_NUMBERING.sub("", latex))


def content_key(entity: Entity) -> str:
    """Name the content of *entity*: BLAKE2b-128 in hex; equal content, equal key, everywhere.

    Place, provenance, identity, implied numbers and what a mention resolves to are no
    part of the content.
    """
    return fingerprint(kind_of(entity), IR_SCHEMA, _content(entity))


def fingerprint(*parts: object) -> str:
    """Hash JSON-like *parts* with BLAKE2b-128, in hex."""
    return hashlib.blake2b(canonical_json(parts), digest_size=16).hexdigest()


def canonical_json(value: object) -> bytes:
    """Write *value* as JSON with sorted keys: equal values, equal bytes.

    Raises:
        InvalidIRError: JSON cannot say it, such as text with half a surrogate pair.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError as error:
        raise InvalidIRError([f"not to be written as JSON: {error}"]) from error


def _content(entity: Entity) -> list[object]:
    match entity:
        case Section():
            return [collapse(entity.title), entity.level]
        case Definition():
            symbol = entity.symbol.key if entity.symbol else None
            body = collapse(entity.body)
            return [collapse(entity.term), [*entity.aliases], symbol, body, entity.unit]
        case Formula():
            return [plain_latex(entity.latex or entity.raw), entity.unit]
        case Table():
            cells = [
                [each.row, each.col, each.row_span, each.col_span, each.header, collapse(each.text)]
                for each in entity.cells
            ]
            caption = collapse(entity.caption) if entity.caption is not None else None
            return [caption, entity.n_rows, entity.n_cols, cells]
        case CrossReference():
            return [
                collapse(entity.text),
                collapse(entity.raw_target),
                entity.target_document,
                entity.reference_type,
            ]
