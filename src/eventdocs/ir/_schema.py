"""The JSON Schema of the IR, made of the classes that the JSON is written from."""

from __future__ import annotations

import copy
import inspect
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, Literal, Union
from uuid import UUID

import attrs

import eventdocs.types
from eventdocs.ir._canonical import ENTITY_CLASSES
from eventdocs.ir._entities import IR_SCHEMA, DocumentIR, Section
from eventdocs.types import Digest, JSONObject, JSONValue

_UUID: Final = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_SAFE_INTEGER: Final = 2**53 - 1
_INTEGER: Final = "^-?[0-9]{1,4300}$"  # as many digits as Python reads
_DECIMAL: Final = r"^-?(?:[0-9]+(?:\.[0-9]+)?|[0-9](?:\.[0-9]+)?E[+-][0-9]{1,18})$"
_DATE: Final = "^(?!0000)[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])$"

_PLAIN: Final[Mapping[Any, JSONObject]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number"},
    type(None): {"type": "null"},
    UUID: {"type": "string", "format": "uuid", "pattern": _UUID, "maxLength": 36},
    Digest: {"type": "string", "pattern": "^[0-9a-f]{64}$", "maxLength": 64},
}

_LEAST: Final[Mapping[tuple[str, str], int]] = {
    ("DocumentIR", "version"): 1,
    ("Identity", "ordinal"): 0,
    ("SourceSpan", "start"): 0,
    ("SourceSpan", "end"): 0,
    ("SourceSpan", "line"): 1,
    ("SourceSpan", "page"): 1,
    ("Provenance", "confidence"): 0,
    ("Section", "level"): 1,
    ("Variable", "count"): 1,
    ("Cell", "row"): 0,
    ("Cell", "col"): 0,
    ("Cell", "row_span"): 1,
    ("Cell", "col_span"): 1,
    ("Table", "n_rows"): 0,
    ("Table", "n_cols"): 0,
    ("Table", "header_rows"): 0,
    ("Table", "header_cols"): 0,
}
"""Bounds that `check` keeps, where one number alone can be judged."""


def json_schema() -> JSONObject:
    """Give the JSON Schema (draft 2020-12) of what `to_dict` and `to_json` write.

    Whatever `check` accepts is valid, and whatever is valid can be read by `from_dict`.
    The rules that connect entities, such as that ids are unique and what is referred to
    exists, cannot be said in a schema; `check` keeps them. Dates need `format` to be
    asserted: the pattern alone takes 30 February for one.

    The schema changes only together with `IR_SCHEMA`, which stands in its `$id`.
    """
    definitions: dict[str, JSONValue] = {}
    root = _record(DocumentIR, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:eventdocs:semantic-ir:{IR_SCHEMA}",
        "title": "eventdocs semantic IR",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _record(
    cls: type, definitions: dict[str, JSONValue], *, kind: str | None = None
) -> dict[str, JSONValue]:
    hints = typing.get_type_hints(cls, localns=vars(eventdocs.types))
    properties: dict[str, JSONValue] = {} if kind is None else {"kind": {"const": kind}}
    for field in attrs.fields(cls):
        properties[field.name] = _property(cls, field.name, hints[field.name], definitions)
    return {
        "description": (inspect.getdoc(cls) or "").partition("\n")[0],
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _property(cls: type, name: str, hint: Any, definitions: dict[str, JSONValue]) -> JSONObject:
    if (cls, name) == (DocumentIR, "schema"):
        return {"const": IR_SCHEMA}
    schema = dict(_schema_of(hint, definitions))
    least = _LEAST.get((cls.__name__, name))
    if least is not None:
        schema["minimum"] = least
    if name == "confidence":
        schema["maximum"] = 1
    return schema


def _schema_of(hint: Any, definitions: dict[str, JSONValue]) -> JSONObject:
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if hint in _PLAIN:
        return {**_PLAIN[hint]}
    if Section in arguments:
        for kind, cls in ENTITY_CLASSES.items():
            _define(cls, definitions, kind=kind)
        return {"oneOf": [_reference(cls) for cls in ENTITY_CLASSES.values()]}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in (types.UnionType, Union):
        return _union(arguments, definitions)
    if origin is tuple and arguments[1:] == (...,):
        return {"type": "array", "items": _schema_of(arguments[0], definitions)}
    if origin is tuple:
        return {
            "type": "array",
            "prefixItems": [_schema_of(each, definitions) for each in arguments],
            "items": False,
            "minItems": len(arguments),
        }
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {"type": "object"}
    _define(hint, definitions)
    return _reference(hint)


def _union(arguments: tuple[Any, ...], definitions: dict[str, JSONValue]) -> JSONObject:
    if Decimal in arguments:
        return {"oneOf": [*copy.deepcopy(_TYPED_VALUES)]}
    (inner,) = (_schema_of(each, definitions) for each in arguments if each is not types.NoneType)
    if isinstance(inner.get("type"), str):
        return {**inner, "type": [inner["type"], "null"]}
    return {"anyOf": [inner, {"type": "null"}]}


def _tagged(tag: str, **text: JSONValue) -> JSONObject:
    return {
        "type": "object",
        "properties": {tag: {"type": "string", **text}},
        "required": [tag],
        "additionalProperties": False,
    }


_TYPED_VALUES: Final[tuple[JSONObject, ...]] = (
    {"type": ["boolean", "null"]},
    {"type": "integer", "minimum": -_SAFE_INTEGER, "maximum": _SAFE_INTEGER},
    _tagged("integer", pattern=_INTEGER),
    _tagged("decimal", pattern=_DECIMAL),
    _tagged("date", format="date", pattern=_DATE),
)
"""The values of cells, as they are written."""


def _define(cls: type, definitions: dict[str, JSONValue], *, kind: str | None = None) -> None:
    if cls.__name__ not in definitions:
        definitions[cls.__name__] = {}  # so that a class that holds its own kind ends
        definitions[cls.__name__] = _record(cls, definitions, kind=kind)


def _reference(cls: type) -> JSONObject:
    return {"$ref": f"#/$defs/{cls.__name__}"}
