"""Values: what the text of a table cell says as a number, a date or a truth value."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import attrs

from eventdocs.extraction._units import split_unit
from eventdocs.ir import ColumnType

__all__ = ["Value", "column_type", "read_value"]

_INTEGER = re.compile(r"[-+]?(?:\d{1,30}|\d{1,3}(?:[,\u00a0\u202f' ]\d{3}){1,8})")
_DECIMAL = re.compile(
    r"[-+]?(?:\d{1,30}|\d{1,3}(?:[,\u00a0\u202f' ]\d{3}){1,8})?\.\d{1,30}(?:[eE][-+]?\d{1,3})?"
)
_EXPONENT = re.compile(r"[-+]?\d{1,30}[eE][-+]?\d{1,3}")
_NEGATIVE = re.compile(r"\(([\d.,]+)\)")
_ISO_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})")
_DAY_FIRST = re.compile(r"(\d{1,2})\.?\s+([A-Za-z]{3,9})\.?,?\s+(\d{4})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})")
_MONTHS = (
    "january february march april may june july august september october november december"
).split()
_TRUE = {"yes", "true", "\u2713", "\u2714", "\u2611", "\u2705"}
_FALSE = {"no", "false", "\u2717", "\u2718", "\u2610", "\u274c"}
_BLANK = {"", "-", "\u2013", "\u2014", "n/a", "na", "n.a.", "none", "\u2026", "..."}
_SEPARATORS = str.maketrans("", "", ",\u00a0\u202f' ")


@attrs.frozen
class Value:
    """A typed value.

    Attributes:
        dtype: Its type; text has no value.
        value: The value.
        unit: The unit written with it.
    """

    dtype: ColumnType
    value: int | Decimal | bool | date | None = None
    unit: str | None = None


_EMPTY = Value("empty")
_TEXT = Value("text")


def read_value(text: str) -> Value:
    """Read the text of a cell as what it says."""
    text = text.strip()
    lowered = text.lower()
    if lowered in _BLANK:
        return _EMPTY
    if len(text) > 60:
        return _TEXT
    if lowered in _TRUE:
        return Value("boolean", value=True)
    if lowered in _FALSE:
        return Value("boolean", value=False)
    if not any(map(str.isdigit, text)):
        return _TEXT
    day = _date(text)
    if day is not None:
        return Value("date", day)
    number, unit = split_unit(text.replace("\u2212", "-"))
    negative = _NEGATIVE.fullmatch(number)
    if negative:
        number = f"-{negative[1]}"
    value: int | Decimal
    if _INTEGER.fullmatch(number):
        whole = int(number.translate(_SEPARATORS))
        value = whole if abs(whole) < 2**63 else Decimal(whole)
    elif _DECIMAL.fullmatch(number) or _EXPONENT.fullmatch(number):
        value = Decimal(number.translate(_SEPARATORS))
    else:
        return _TEXT
    if unit == "%":
        return Value("percent", Decimal(value), unit)
    return Value("integer" if isinstance(value, int) else "decimal", value, unit)


def column_type(
    types: Sequence[tuple[int, ColumnType]],
) -> tuple[ColumnType, tuple[int, ...]]:
    """Tell the type of a column and the rows that are of another one.

    Args:
        types: Row and type of each of its values.

    Returns:
        The type that at least three in four values share, else `mixed`, and the rows
        that deviate from it.
    """
    filled: list[tuple[int, ColumnType]] = [each for each in types if each[1] != "empty"]
    if not filled:
        return "empty", ()
    kinds = {dtype for _, dtype in filled}
    if kinds <= {"integer", "decimal"}:
        return ("decimal" if "decimal" in kinds else "integer"), ()
    merged: list[tuple[int, ColumnType]] = []
    counts: Counter[ColumnType] = Counter()
    for row, dtype in filled:
        # Among decimals, whole numbers are decimals too.
        kind: ColumnType = dtype if dtype != "integer" or "decimal" not in kinds else "decimal"
        merged.append((row, kind))
        counts[kind] += 1
    best, count = counts.most_common(1)[0]
    if best == "text" and count * 2 > len(filled):
        # Text may look like anything, so nothing deviates from it.
        return best, ()
    if count * 4 >= len(filled) * 3:
        return best, tuple(row for row, dtype in merged if dtype != best)
    return "mixed", ()


def _date(text: str) -> date | None:
    found = _ISO_DATE.fullmatch(text)
    if found:
        return _calendar(int(found[1]), int(found[2]), int(found[3]))
    found = _DAY_FIRST.fullmatch(text)
    if found:
        return _named(found[2], int(found[1]), int(found[3]))
    found = _MONTH_FIRST.fullmatch(text)
    return _named(found[1], int(found[2]), int(found[3])) if found else None


def _named(name: str, day: int, year: int) -> date | None:
    name = name.lower()
    month = next(
        (
            n
            for n, each in enumerate(_MONTHS, 1)
            if each.startswith(name[:3]) and each.startswith(name)
        ),
        None,
    )
    if month is None and name == "sept":
        month = 9
    return _calendar(year, month, day) if month else None


def _calendar(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
