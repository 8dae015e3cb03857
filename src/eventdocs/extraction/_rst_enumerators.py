"""Enumerators: the numbers and letters that the items of a list begin with."""

from __future__ import annotations

import re

import attrs

__all__ = ["ENUMERATOR", "Enumerator", "read_enumerator"]

_COUNT = r"(?:[0-9]{1,9}|[a-zA-Z]|[ivxlcdm]{1,15}|[IVXLCDM]{1,15}|#)"
ENUMERATOR = re.compile(
    rf"(?:\((?P<parens>{_COUNT})\)|(?P<rparen>{_COUNT})\)|(?P<period>{_COUNT})\.)(?: +|$)"
)
_FORMATS = {"parens": "({})", "rparen": "{})", "period": "{}."}
_SEQUENCES = {
    "arabic": re.compile("[0-9]+"),
    "loweralpha": re.compile("[a-z]"),
    "upperalpha": re.compile("[A-Z]"),
    "lowerroman": re.compile("[ivxlcdm]+"),
    "upperroman": re.compile("[IVXLCDM]+"),
}
_NUMERALS = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"),
    (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


@attrs.frozen
class Enumerator:
    """What an item begins with.

    Attributes:
        form: How it is written: `parens`, `rparen` or `period`.
        sequence: What it counts with; `#` if it lets others count.
        ordinal: Its number.
        width: Its characters with the blanks behind it.
        automatic: The items count themselves.
    """

    form: str
    sequence: str
    ordinal: int
    width: int
    automatic: bool

    def followers(self) -> tuple[str, ...]:
        """What the line below begins with if it is the next item."""
        written = _FORMATS[self.form]
        count = "#" if self.sequence == "#" else _spelled(self.ordinal + 1, self.sequence)
        return tuple(written.format(each) + " " for each in (count, "#") if each)


def read_enumerator(text: str, before: Enumerator | None) -> Enumerator | None:
    """Read what a line begins with.

    Args:
        text: The line.
        before: The item that it must follow; None for the first of a list.
    """
    found = ENUMERATOR.match(text)
    if found is None:
        return None
    form = found.lastgroup or ""
    count = found[form]
    if count == "#":
        ordinal = 1 if before is None else before.ordinal + 1
        if before is not None and before.form != form:
            return None
        sequence = "#" if before is None else before.sequence
        return Enumerator(form, sequence, ordinal, found.end(), automatic=True)
    sequence = _sequence(count, before)
    number = _number(count, sequence)
    if number is None:
        return None
    if before is not None and (
        before.form != form
        or before.automatic
        or before.sequence != sequence
        or number != before.ordinal + 1
    ):
        return None
    return Enumerator(form, sequence, number, found.end(), automatic=False)


def _sequence(count: str, before: Enumerator | None) -> str:
    if (
        before is not None
        and before.sequence != "#"
        and _SEQUENCES[before.sequence].fullmatch(count)
    ):
        return before.sequence
    if count in {"i", "I"}:
        return "lowerroman" if count == "i" else "upperroman"
    return next(name for name, pattern in _SEQUENCES.items() if pattern.fullmatch(count))


def _number(count: str, sequence: str) -> int | None:
    if sequence == "arabic":
        return int(count)
    if sequence.endswith("alpha"):
        return ord(count.lower()) - ord("a") + 1
    lower = count.lower()
    value = at = 0
    for worth, numeral in _NUMERALS:
        while lower.startswith(numeral, at):
            value += worth
            at += len(numeral)
    return value if at == len(lower) and _roman(value) == lower else None


def _spelled(number: int, sequence: str) -> str:
    if sequence == "arabic":
        return str(number)
    if sequence.endswith("alpha"):
        letter = chr(ord("a") + number - 1) if number <= 26 else ""
        return letter if sequence == "loweralpha" else letter.upper()
    roman = _roman(number) if number < 5000 else ""
    return roman if sequence == "lowerroman" else roman.upper()


def _roman(number: int) -> str:
    parts: list[str] = []
    for worth, numeral in _NUMERALS:
        times, number = divmod(number, worth)
        parts.append(numeral * times)
    return "".join(parts)
