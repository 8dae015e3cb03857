"""Canonical JSON: one spelling for each value, and only values that every database keeps."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Final, cast
from uuid import UUID

import orjson

_OPTIONS: Final = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_NON_STR_KEYS  # for keys of enums that are text; others do not get so far
)
_PLAIN: Final = frozenset({bool, type(None), UUID, date, bytes})


class NotStorableError(Exception):
    """A value that the log refuses.

    Attributes:
        path: Where it is, from the outside inwards, such as `.items[3].price`.
        reason: What is wrong with it.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.path = ""
        self.reason = reason


def canonical_json(value: object) -> bytes:
    """Write *value* with sorted keys and without white space, as UTF-8.

    Next to what JSON knows, UUIDs, Decimals, dates, aware datetimes and bytes may
    occur; they become text.

    Raises:
        NotStorableError: NaN and infinities, U+0000, lone surrogates, integers beyond
            64 bits, naive datetimes, keys that are not text, or other objects.
    """
    check_storable(value)
    try:
        return orjson.dumps(value, default=_as_text, option=_OPTIONS)
    except orjson.JSONEncodeError as error:
        raise NotStorableError(str(error)) from error


def check_storable(value: object) -> None:
    """Pass *value* if `canonical_json` can write it.

    Raises:
        NotStorableError: It cannot.
    """
    kind: type[object] = type(value)
    if isinstance(value, str):
        check_text(value)
    elif kind in _PLAIN:
        return
    elif isinstance(value, int):
        if not -(2**63) <= value < 2**63:
            raise NotStorableError(f"{value} does not fit into 64 bits")
    elif kind is float:
        if not math.isfinite(cast("float", value)):
            raise NotStorableError(f"{value} is not a JSON number")
    elif kind is dict:
        _check_items(cast("Mapping[object, object]", value))
    elif kind is list or kind is tuple:
        for index, item in enumerate(cast("Sequence[object]", value)):
            try:
                check_storable(item)
            except NotStorableError as error:
                error.path = f"[{index}]{error.path}"
                raise
    elif isinstance(value, datetime):
        if value.utcoffset() is None:
            raise NotStorableError(f"{value.isoformat()} is naive; give it a time zone")
    elif isinstance(value, Decimal):
        if not value.is_finite():
            raise NotStorableError(f"{value} is not a number")
    else:
        raise NotStorableError(f"{kind.__qualname__} has no JSON form")


def check_text(value: str) -> None:
    """Pass *value* if every database can store it.

    Raises:
        NotStorableError: It holds U+0000 or a lone surrogate.
    """
    if "\0" in value:
        raise NotStorableError("text holds U+0000")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise NotStorableError(
                f"text holds a lone surrogate at character {error.start}"
            ) from error


def _check_items(items: Mapping[object, object]) -> None:
    for key, item in items.items():
        try:
            if not isinstance(key, str):
                raise NotStorableError(f"the key {key!r} is not text")
            check_text(key)
            check_storable(item)
        except NotStorableError as error:
            error.path = f".{key}{error.path}"
            raise


def _as_text(value: object) -> str:
    if isinstance(value, date):  # datetimes as well
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__qualname__} has no JSON form")
