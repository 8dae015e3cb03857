"""The IR as JSON, and back without loss."""

from __future__ import annotations

from typing import cast

import orjson

from eventdocs.errors import InvalidIRError
from eventdocs.ir._canonical import canonical_json
from eventdocs.ir._codec import Codec, Problems, codec_of
from eventdocs.ir._entities import IR_SCHEMA, DocumentIR, Entity
from eventdocs.types import JSONObject

_ENTITY = codec_of(Entity)


def to_dict(ir: DocumentIR) -> JSONObject:
    """Write *ir* as plain JSON values; every entity bears its `kind`.

    Cell values keep their types: numbers that are not integers are `{"decimal": "…"}`,
    dates `{"date": "…"}`, and integers beyond 53 bits `{"integer": "…"}`.

    Raises:
        InvalidIRError: A number is not finite.
    """
    return cast("JSONObject", codec_of(DocumentIR).write(ir))


def from_dict(fields: JSONObject) -> DocumentIR:
    """Read what `to_dict` wrote.

    The shape is checked here, the rules that connect entities by `check`.

    Raises:
        InvalidIRError: It is not an IR, or one of another schema; each problem has its path.
    """
    schema = fields.get("schema") if isinstance(fields, dict) else None
    if isinstance(schema, int) and schema != IR_SCHEMA:
        raise InvalidIRError(
            [f"ir.schema: {schema} is not known; this eventdocs reads schema {IR_SCHEMA}"]
        )
    return cast("DocumentIR", read(codec_of(DocumentIR), fields, "ir"))


def to_json(ir: DocumentIR) -> bytes:
    """Write *ir* as canonical JSON: equal values, equal bytes.

    Raises:
        InvalidIRError: JSON cannot say it; `check` names the places.
    """
    return canonical_json(to_dict(ir))


def from_json(content: bytes | str) -> DocumentIR:
    """Read what `to_json` wrote.

    Raises:
        InvalidIRError: It is not JSON, not an IR, or one of another schema.
    """
    try:
        fields = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise InvalidIRError([f"ir: not JSON: {error}"]) from error
    return from_dict(fields)


def entity_to_dict(entity: Entity) -> JSONObject:
    """Write one entity as it stands in `to_dict`."""
    return cast("JSONObject", _ENTITY.write(entity))


def entity_from_dict(fields: JSONObject, path: str = "entity") -> Entity:
    """Read what `entity_to_dict` wrote.

    Raises:
        InvalidIRError: It is not an entity; each problem has its path.
    """
    return cast("Entity", read(_ENTITY, fields, path))


def read(codec: Codec, value: object, path: str) -> object:
    """Read *value* by *codec*, or raise all problems at once."""
    problems: Problems = []
    result: object = codec.read(value, path, problems)
    if problems:
        raise InvalidIRError(problems)
    return result
