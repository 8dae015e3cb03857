"""Rows of the semantic read model: an entity spread over columns."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from typing import Any, Final, cast
from uuid import UUID

import attrs
import orjson

from eventdocs.ir import (
    CrossReference,
    Definition,
    DocumentIR,
    Entity,
    Formula,
    Section,
    Table,
    to_dict,
)
from eventdocs.types import JSONObject, JSONValue

_LONGEST_NAME: Final = 200
_LONGEST_SEARCH_TEXT: Final = 100_000
_ELSEWHERE: Final = frozenset({"kind", "id", "span", "section", "mathml", "number", "cells"})
"""Fields of an entity that have columns of their own; the others are its metadata."""

_PLACES: Final = frozenset({"id", "span", "body_span", "prov", "section", "end"})
"""Fields that say where and how an entity was found, at any depth, not what it says."""

_NAMED_ROLES: Final = frozenset({"free", "bound", "index"})


@attrs.frozen(kw_only=True)
class EntityRow:
    """An entity as a row: the columns that the entity itself determines."""

    entity_id: UUID
    ir_type: str
    name: str | None
    expression: str | None = None
    variables: list[str] | None = None
    definition: str | None = None
    term: str | None = None
    context: str
    table_data: JSONValue = None
    row_count: int | None = None
    column_count: int | None = None
    target: str | None = None
    reference_type: str | None = None
    location: JSONValue
    metadata: JSONObject
    content_key: str
    anchor: str | None
    ordinal: int
    position: int
    number: str | None = None
    section_path: list[str]
    span_start: int | None
    span_end: int | None
    page: int | None
    bbox: JSONValue
    mathml: str | None = None
    symbols: list[str] | None = None
    search_text: str
    state: str | None = None
    target_id: UUID | None = None
    confidence: float
    extractor: str
    extractor_version: str
    meaning_digest: str
    row_digest: str

    def columns(self) -> dict[str, Any]:
        """Give the values by the names of their columns."""
        return {name: getattr(self, name) for name in _COLUMNS}


_COLUMNS: Final = tuple(field.name for field in attrs.fields(EntityRow))


def rows_of(ir: DocumentIR) -> list[EntityRow]:
    """Spread every entity over columns, in reading order."""
    written = cast("list[JSONObject]", to_dict(ir)["entities"])
    return [
        _row(entity, fields, position)
        for position, (entity, fields) in enumerate(zip(ir.entities, written, strict=True))
    ]


def searchable(*texts: str | None) -> str:
    """Write texts the way they are searched: compatibility forms and case folded."""
    joined = " ".join(text for text in texts if text)
    folded = unicodedata.normalize("NFKC", joined).casefold()
    return " ".join(folded.split())[:_LONGEST_SEARCH_TEXT]


def _row(entity: Entity, fields: JSONObject, position: int) -> EntityRow:
    what, words = _content(entity, fields)
    span, prov = entity.span, entity.prov
    name: str | None = what.pop("name")
    return EntityRow(
        **what,
        entity_id=entity.id.entity_id,
        ir_type=str(fields["kind"]),
        name=name
        if name is None or len(name) <= _LONGEST_NAME
        else name[: _LONGEST_NAME - 1] + "…",
        context=" › ".join(entity.section),
        location=fields["span"],
        metadata={key: value for key, value in fields.items() if key not in _ELSEWHERE},
        content_key=entity.id.content_key,
        anchor=entity.id.anchor,
        ordinal=entity.id.ordinal,
        position=position,
        section_path=list(entity.section),
        span_start=span.start,
        span_end=span.end,
        page=span.page,
        bbox=None if span.bbox is None else list(span.bbox),
        search_text=searchable(name, entity.id.anchor, *words),
        confidence=prov.confidence,
        extractor=prov.extractor,
        extractor_version=prov.extractor_version,
        meaning_digest=_digest([entity.id.content_key, entity.id.anchor, _without_places(fields)]),
        row_digest=_digest([position, fields]),
    )


def _content(
    entity: Entity, fields: Mapping[str, JSONValue]
) -> tuple[dict[str, Any], tuple[str | None, ...]]:
    """Give the columns of an entity's kind, and the words it can be found by."""
    match entity:
        case Section():
            return {"name": entity.title, "number": entity.number}, (entity.number,)
        case Definition():
            return {
                "name": entity.term,
                "term": entity.term,
                "definition": entity.body,
                "symbols": [entity.symbol.key] if entity.symbol else [],
            }, (entity.body, *entity.aliases)
        case Formula():
            keys = [each.symbol.key for each in entity.variables]
            own = [entity.defines.key] if entity.defines else []
            return {
                "name": own[0] if own else entity.number,
                "number": entity.number,
                "expression": entity.latex,
                "variables": [
                    each.symbol.key for each in entity.variables if each.role in _NAMED_ROLES
                ],
                "symbols": sorted({*own, *keys}),
                "mathml": entity.mathml,
            }, (entity.latex, entity.text, *own, *keys)
        case Table():
            return {
                "name": entity.caption,
                "number": entity.number,
                "table_data": fields["cells"],
                "row_count": entity.n_rows,
                "column_count": entity.n_cols,
            }, (entity.number, *(cell.text for cell in entity.cells))
        case CrossReference():
            return {
                "name": entity.text,
                "target": entity.raw_target,
                "reference_type": entity.reference_type,
                "state": entity.resolution.state,
                "target_id": entity.resolution.target,
            }, (entity.raw_target, entity.target_document)


def _without_places(value: JSONValue) -> JSONValue:
    if isinstance(value, Mapping):
        return {key: _without_places(each) for key, each in value.items() if key not in _PLACES}
    if isinstance(value, list | tuple):
        return [_without_places(each) for each in value]
    return value


def _digest(value: object) -> str:
    plain = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
    return hashlib.blake2b(plain, digest_size=16).hexdigest()
