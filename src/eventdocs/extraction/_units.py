"""Units: what a number counts, as it is written in headers, cells and prose."""

from __future__ import annotations

import re

__all__ = ["known_unit", "split_unit", "unit_in_text", "unit_of_header"]

_SPELLINGS = {
    "%": "%",
    "percent": "%",
    "per cent": "%",
    "percentage": "%",
    "percentage points": "pp",
    "pp": "pp",
    "\u2030": "\u2030",
    "bps": "bps",
    "bp": "bps",
    "basis points": "bps",
    "basis point": "bps",
    "usd": "USD",
    "us$": "USD",
    "$": "USD",
    "us dollars": "USD",
    "u.s. dollars": "USD",
    "dollars": "USD",
    "eur": "EUR",
    "\u20ac": "EUR",
    "euro": "EUR",
    "euros": "EUR",
    "gbp": "GBP",
    "\u00a3": "GBP",
    "pounds sterling": "GBP",
    "jpy": "JPY",
    "\u00a5": "JPY",
    "yen": "JPY",
    "chf": "CHF",
    "swiss francs": "CHF",
    **{
        each: each
        for each in (
            "m", "km", "cm", "mm", "\u00b5m", "nm", "kg", "g", "mg", "t", "s", "ms", "\u00b5s", "ns",
            "h", "min", "Hz", "kHz", "MHz", "GHz", "K", "\u00b0C", "\u00b0F", "N", "Pa", "kPa", "MPa",
            "bar", "J", "kJ", "kWh", "W", "kW", "MW", "V", "A", "\u03a9", "l", "ml", "mol", "rad",
            "m/s", "m/s^2", "km/h", "m^2", "m^3", "m\u00b2", "m\u00b3", "kg/m^3", "dB", "B", "kB", "MB",
            "GB", "TB", "KiB", "MiB", "GiB", "bit", "bits", "bytes", "shares", "points", "units",
            "years", "months", "weeks", "days", "hours", "minutes", "seconds", "business days",
            "trading days", "calendar days", "year", "month", "week", "day", "hour", "minute",
            "second", "contracts", "securities", "million", "billion", "thousand", "people",
        )
    },
}  # fmt: skip
_CURRENCY = "USD|EUR|GBP|JPY|CHF|CAD|AUD|NZD|SEK|NOK|DKK|CNY|HKD|SGD|INR|BRL|ZAR|KRW|MXN|PLN"
_SCALE = "m|mn|mln|million|millions|bn|billion|billions|k|thousand|thousands"
_MONEY = re.compile(
    rf"(?:(?:{_SCALE})\s+)?(?:{_CURRENCY})(?:\s+(?:{_SCALE}))?(?:/\w+|\s+per\s+\w+)?"
)
_COMPOUND = re.compile(
    r"[A-Za-z\u00b5\u03a9\u00b0%]{1,4}(?:[/\u00b7*][A-Za-z]{1,4}(?:\^?-?\d|[\u00b2\u00b3])?)+"
)
_IN_BRACKETS = re.compile(
    r"^(?P<name>.*?)\s*[(\[]\s*(?:in\s+)?(?P<unit>[^()\[\]]{1,30})\s*[)\]]\s*$"
)
_AFTER_COMMA = re.compile(r"^(?P<name>.+?)\s*(?:,\s*(?:in\s+)?|\s+in\s+)(?P<unit>[^,]{1,30})$")
_EXPRESSED = re.compile(
    r"\b(?:expressed|measured|quoted|denominated|stated|given)\s+(?:in|as)\s+(?:an?\s+)?"
    r"(?P<stated>[\w$%\u20ac\u00a3./ ]{1,25}?)(?=[,.;)]|$|\s+(?:and|per|of|on|at|with|for|as)\b)"
    r"|[(\[]\s*(?:in\s+)?(?P<bracketed>[^()\[\]]{1,25})\s*[)\]]"
    r"|,?\s+in\s+(?P<last>[\w$%\u20ac\u00a3./ ]{1,25}?)\s*[.;]?$",
    re.IGNORECASE,
)
_PREFIXED = re.compile(
    r"^(?P<unit>US\$|[$\u20ac\u00a3\u00a5]|(?:" + _CURRENCY + r")\s)\s*(?=[-+\u2212]?[\d.])"
)
_SUFFIXED = re.compile(r"(?<=[\d.])\s*(?P<unit>[^\d\s.,()-][^\d()]{0,24})$")


_LOOKED_AT = 400


def known_unit(text: str) -> str | None:
    """Spell a unit in one way; None if *text* is not one."""
    text = text.strip()
    found = _SPELLINGS.get(text) or _SPELLINGS.get(text.lower())
    if found:
        return found
    if _MONEY.fullmatch(text) or _COMPOUND.fullmatch(text):
        return text
    return None


def unit_of_header(header: str) -> str | None:
    """Read the unit from a column's header, such as `Cap (bps)`, `Price [EUR]`, `Level, USD`."""
    found = _IN_BRACKETS.match(header)
    if found:
        return known_unit(found["unit"])
    found = _AFTER_COMMA.match(header)
    if found:
        return known_unit(found["unit"])
    return known_unit(header) if header.strip() in {"%", "bps", "$", "\u20ac"} else None


def unit_in_text(text: str) -> str | None:
    """Read the unit that a definition states, such as `…, expressed in basis points`."""
    for found in _EXPRESSED.finditer(text, 0, _LOOKED_AT):
        unit = known_unit(found["stated"] or found["bracketed"] or found["last"])
        if unit:
            return unit
    return None


def split_unit(text: str) -> tuple[str, str | None]:
    """Separate a cell's number from its unit: `4.5 %` is (`4.5`, `%`)."""
    found = _PREFIXED.match(text)
    if found:
        return text[found.end() :].strip(), known_unit(found["unit"])
    found = _SUFFIXED.search(text)
    if found:
        unit = known_unit(found["unit"])
        if unit:
            return text[: found.start()].strip(), unit
    return text, None
