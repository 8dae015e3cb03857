"""Attrs classes to plain JSON values and back, strictly, with the path of every problem."""

from __future__ import annotations

import functools
import math
import types
import typing
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeAlias, Union, cast
from uuid import UUID

import attrs

import eventdocs.types
from eventdocs.errors import InvalidIRError
from eventdocs.ir._canonical import ENTITY_CLASSES, EntityKind
from eventdocs.ir._entities import Section
from eventdocs.types import JSONObject, JSONValue

Problems: TypeAlias = list[str]

_SAFE_INTEGER = 2**53 - 1
"""Beyond this, readers of JSON that compute in doubles would change the number."""


@attrs.frozen
class Codec:
    """How values of one type are written and read.

    Attributes:
        write: From the value to plain JSON values.
        read: From plain JSON values at a path; problems are collected, not raised, and
            the result is then meaningless.
    """

    write: Callable[[Any], JSONValue]
    read: Callable[[object, str, Problems], Any]


@functools.cache
def codec_of(hint: Any) -> Codec:
    """Find the codec for a type as it is written in a class."""
    arguments = typing.get_args(hint)
    origin = typing.get_origin(hint)
    if hint in _PLAIN:
        return _PLAIN[hint]
    if Section in arguments:
        return tagged(ENTITY_CLASSES)
    if isinstance(hint, typing.NewType):
        return codec_of(hint.__supertype__)
    if origin is Literal:
        return _one_of(arguments)
    if origin in (types.UnionType, Union):
        return _union(arguments)
    if origin is tuple and arguments[1:] == (...,):
        return _list_of(arguments[0])
    if origin is tuple:
        return _row_of(arguments)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return Codec(dict, _read_object)
    if attrs.has(hint):
        return _record(hint)
    raise TypeError(f"no JSON form for {hint!r}")


def tagged(classes: Mapping[EntityKind, type]) -> Codec:
    """Write an instance of any of *classes* with its `kind`, and read it by that."""
    codecs: dict[str, Codec] = {kind: codec_of(cls) for kind, cls in classes.items()}
    kinds = {cls: kind for kind, cls in classes.items()}

    def write(value: object) -> JSONValue:
        kind = kinds[type(value)]
        return {"kind": kind, **cast("JSONObject", codecs[kind].write(value))}

    def read(value: object, path: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            return _wrong(value, "an object", path, problems)
        fields = dict(cast("dict[str, object]", value))
        kind = fields.pop("kind", None)
        if not isinstance(kind, str) or kind not in codecs:
            return _wrong(kind, f"one of {', '.join(codecs)}", f"{path}.kind", problems)
        return codecs[kind].read(fields, path, problems)

    return Codec(write, read)


def _wrong(value: object, wanted: str, path: str, problems: Problems) -> None:
    shown = repr(value)
    if len(shown) > 60:
        shown = shown[:57] + "..."
    problems.append(f"{path}: {shown} is not {wanted}")


def _same(value: Any) -> Any:
    return value  # JSON says it as it is


def _plain(cls: type, wanted: str) -> Codec:
    def read(value: object, path: str, problems: Problems) -> Any:
        return value if type(value) is cls else _wrong(value, wanted, path, problems)

    return Codec(_same, read)


def _read_object(value: object, path: str, problems: Problems) -> Any:
    if not isinstance(value, dict):
        return _wrong(value, "an object", path, problems)
    return cast("JSONObject", value)


def _write_float(value: float) -> JSONValue:
    if not math.isfinite(value):
        raise InvalidIRError([f"{value} is not a finite number, so JSON cannot say it"])
    return value


def _read_float(value: object, path: str, problems: Problems) -> Any:
    if type(value) is float or type(value) is int:
        return float(value)
    return _wrong(value, "a number", path, problems)


def _read_uuid(value: object, path: str, problems: Problems) -> Any:
    try:
        if isinstance(value, str) and str(parsed := UUID(value)) == value:
            return parsed
    except ValueError:
        pass
    return _wrong(value, "a UUID", path, problems)


_PLAIN: dict[Any, Codec] = {
    str: _plain(str, "text"),
    int: _plain(int, "an integer"),
    bool: _plain(bool, "true or false"),
    float: Codec(_write_float, _read_float),
    UUID: Codec(str, _read_uuid),
    type(None): _plain(type(None), "null"),
}


def _one_of(allowed: tuple[object, ...]) -> Codec:
    def read(value: object, path: str, problems: Problems) -> Any:
        if type(value) is str and value in allowed:
            return value
        return _wrong(value, f"one of {', '.join(map(str, allowed))}", path, problems)

    return Codec(_same, read)


def _union(arguments: tuple[Any, ...]) -> Codec:
    if {str, bool} <= set(arguments):
        return Codec(_same, lambda value, _path, _problems: value)
    if Decimal in arguments:
        return Codec(_write_typed, _read_typed)
    (inner,) = (codec_of(each) for each in arguments if each is not types.NoneType)
    plain = inner.write is _same

    def write(value: Any) -> JSONValue:
        return None if value is None else inner.write(value)

    def read(value: object, path: str, problems: Problems) -> Any:
        return None if value is None else inner.read(value, path, problems)

    return Codec(_same if plain else write, read)


def _write_typed(value: object) -> JSONValue:
    """Write a cell's value so that its type and every digit survive JSON."""
    match value:
        case None | bool():
            return value
        case int():
            return value if abs(value) <= _SAFE_INTEGER else {"integer": str(value)}
        case Decimal() if value.is_finite():
            return {"decimal": str(value)}
        case date() if type(value) is date:
            return {"date": value.isoformat()}
        case _:
            raise InvalidIRError([f"{value!r} is not a cell's value"])


def _finite(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(text)
    return number


_TYPED: dict[str, Callable[[str], object]] = {
    "integer": int,
    "decimal": _finite,
    "date": date.fromisoformat,
}


def _read_typed(value: object, path: str, problems: Problems) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if not isinstance(value, dict):
        return _wrong(value, "a cell's value", path, problems)
    fields = cast("dict[str, object]", value)
    tag, text = next(iter(fields.items()), ("", ""))
    if len(fields) != 1 or tag not in _TYPED or not isinstance(text, str):
        return _wrong(fields, "a cell's value", path, problems)
    try:
        return _TYPED[tag](text)
    except (ValueError, InvalidOperation):
        return _wrong(text, f"a cell's {tag}", path, problems)


def _list_of(item_hint: Any) -> Codec:
    item = codec_of(item_hint)

    def write(value: Any) -> JSONValue:
        return [item.write(each) for each in value]

    writer: Callable[[Any], JSONValue] = list if item.write is _same else write

    def read(value: object, path: str, problems: Problems) -> Any:
        if not isinstance(value, list):
            return _wrong(value, "a list", path, problems)
        items = cast("list[object]", value)
        return tuple(item.read(each, f"{path}[{n}]", problems) for n, each in enumerate(items))

    return Codec(writer, read)


def _row_of(hints: tuple[Any, ...]) -> Codec:
    columns = tuple(codec_of(each) for each in hints)

    def write(value: Any) -> JSONValue:
        return [column.write(each) for column, each in zip(columns, value, strict=True)]

    def read(value: object, path: str, problems: Problems) -> Any:
        items: list[object] = cast("list[object]", value) if isinstance(value, list) else []
        if len(items) != len(columns):
            return _wrong(items or "this", f"a list of {len(columns)}", path, problems)
        return tuple(
            column.read(each, f"{path}[{n}]", problems)
            for n, (column, each) in enumerate(zip(columns, items, strict=True))
        )

    return Codec(write, read)


def _record(cls: type) -> Codec:
    hints = typing.get_type_hints(cls, localns=vars(eventdocs.types))  # JSONValue names itself
    names = [field.name for field in attrs.fields(cls)]
    codecs = {name: codec_of(hints[name]) for name in names}
    writers = [(name, codec.write) for name, codec in codecs.items() if codec.write is not _same]

    def write(value: Any) -> JSONValue:
        # Long documents have millions of fields, most of which JSON says as they are.
        fields = {name: getattr(value, name) for name in names}
        for name, write_field in writers:
            fields[name] = write_field(fields[name])
        return fields

    def read(value: object, path: str, problems: Problems) -> Any:
        if not isinstance(value, dict):
            return _wrong(value, "an object", path, problems)
        given = cast("dict[str, object]", value)
        before = len(problems)
        problems.extend(f"{path}: {name} is missing" for name in names if name not in given)
        problems.extend(f"{path}: {name} is not known" for name in given if name not in codecs)
        fields = {
            name: codec.read(given[name], f"{path}.{name}", problems)
            for name, codec in codecs.items()
            if name in given
        }
        return cls(**fields) if len(problems) == before else None

    return Codec(write, read)
