"""Numbering in Word documents: the labels that are printed before paragraphs and stand nowhere."""

from __future__ import annotations

import re
from collections import defaultdict

import attrs
from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] - lxml names no public type

from eventdocs.extraction._docx_names import WORD, is_true, value

__all__ = ["Label", "Numbering", "roman"]

_PLACEHOLDER = re.compile(r"%(?P<level>[1-9])")
_LEVELS = 9
_ROMAN = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip
_LARGEST_ROMAN = 4_000


@attrs.frozen
class Label:
    """What is printed before a paragraph.

    Attributes:
        text: Such as `3.2` or `(a)`; a dash for a bullet, nothing for a blank one.
        level: In its list, from 0.
        bullet: It does not count.
    """

    text: str
    level: int
    bullet: bool


@attrs.frozen(kw_only=True)
class _Level:
    start: int
    form: str
    text: str
    legal: bool
    restart: int | None
    style: str | None


@attrs.frozen
class _List:
    """Levels of a list; lists with one *counter* count on where the other stopped."""

    counter: str
    levels: tuple[_Level, ...]
    starts: dict[int, int]


class Numbering:
    """Counts the numbered paragraphs of a document, in reading order.

    Args:
        root: The part that declares the lists; None if there is none.
    """

    def __init__(self, root: Element | None) -> None:
        self._abstract: dict[str, Element] = {}
        self._numbers: dict[str, Element] = {}
        self._by_link: dict[str, str] = {}
        for each in root if root is not None else ():
            if each.tag == f"{WORD}abstractNum":
                number = each.get(f"{WORD}abstractNumId", "")
                self._abstract.setdefault(number, each)
                link = value(each, "styleLink")
                if link:
                    self._by_link.setdefault(link, number)
            elif each.tag == f"{WORD}num":
                self._numbers.setdefault(each.get(f"{WORD}numId", ""), each)
        self._lists: dict[str, _List | None] = {}
        self._counts: defaultdict[str, list[int | None]] = defaultdict(lambda: [None] * _LEVELS)
        self._begun: set[str] = set()

    def level_of_style(self, number_id: str, style_id: str) -> int | None:
        """The level that a list reserves for a paragraph style."""
        found = self._list(number_id)
        levels = found.levels if found is not None else ()
        return next((at for at, level in enumerate(levels) if level.style == style_id), None)

    def label(self, number_id: str, level: int) -> Label | None:
        """Count the next paragraph of a list, and tell what is printed before it."""
        found = self._list(number_id)
        if found is None or level >= len(found.levels):
            return None
        counts = self._counts[found.counter]
        if number_id not in self._begun:
            self._begun.add(number_id)
            for at, start in found.starts.items():
                counts[at] = start - 1
        own = found.levels[level]
        for above in range(level):
            if counts[above] is None:
                counts[above] = found.levels[above].start
        counted = counts[level]
        counts[level] = own.start if counted is None else counted + 1
        for below in range(level + 1, len(found.levels)):
            restart = found.levels[below].restart
            if restart is None or (restart != 0 and level < restart):
                counts[below] = None
        if own.form in {"bullet", "none"}:
            shown = "-" if own.text.strip() else ""
            return Label(shown, level, bullet=True) if own.form == "bullet" else None
        text = _PLACEHOLDER.sub(
            lambda match: _written(found, counts, int(match["level"]) - 1, legal=own.legal),
            own.text,
        )
        return Label(text.strip(), level, bullet=False) if text.strip() else None

    def _list(self, number_id: str) -> _List | None:
        if number_id not in self._lists:
            self._lists[number_id] = self._read(number_id)
        return self._lists[number_id]

    def _read(self, number_id: str) -> _List | None:
        number = self._numbers.get(number_id)
        if number is None:
            return None
        abstract_id = value(number, "abstractNumId") or ""
        abstract = self._abstract.get(abstract_id)
        link = value(abstract, "numStyleLink")
        if link is not None and link in self._by_link:
            abstract_id = self._by_link[link]
            abstract = self._abstract[abstract_id]
        if abstract is None:
            return None
        levels: dict[int, _Level] = {}
        for each in abstract.iterfind(f"{WORD}lvl"):
            levels[_integer(each.get(f"{WORD}ilvl"), 0)] = _level(each)
        starts: dict[int, int] = {}
        for each in number.iterfind(f"{WORD}lvlOverride"):
            at = _integer(each.get(f"{WORD}ilvl"), 0)
            replaced = each.find(f"{WORD}lvl")
            if replaced is not None:
                levels[at] = _level(replaced)
            start = value(each, "startOverride")
            if start is not None and 0 <= at < _LEVELS:
                starts[at] = _integer(start, 1)
        missing = _Level(start=1, form="none", text="", legal=False, restart=None, style=None)
        return _List(abstract_id, tuple(levels.get(at, missing) for at in range(_LEVELS)), starts)


def _level(element: Element) -> _Level:
    restart = value(element, "lvlRestart")
    return _Level(
        start=_integer(value(element, "start"), 0),
        form=value(element, "numFmt") or "decimal",
        text=value(element, "lvlText") or "",
        legal=bool(is_true(element, "isLgl")),
        restart=_integer(restart, 0) if restart is not None else None,
        style=value(element, "pStyle"),
    )


def _written(found: _List, counts: list[int | None], level: int, *, legal: bool) -> str:
    count = counts[level]
    number = found.levels[level].start if count is None else count
    form = found.levels[level].form
    return _number(number, "decimal" if legal and form != "decimalZero" else form)


def _number(number: int, form: str) -> str:
    match form:
        case "none" | "bullet":
            return ""
        case "decimalZero":
            return f"{number:02d}"
        case "lowerLetter" | "upperLetter" if number > 0:
            # After z comes aa, then bb.
            letter = chr(ord("a") + (number - 1) % 26) * min((number - 1) // 26 + 1, 100)
            return letter.upper() if form == "upperLetter" else letter
        case "lowerRoman" | "upperRoman" if 0 < number < _LARGEST_ROMAN:
            written = roman(number)
            return written.upper() if form == "upperRoman" else written
        case _:
            return str(number)


def roman(number: int) -> str:
    """Write a number in small Roman letters."""
    written: list[str] = []
    for size, letters in _ROMAN:
        written.append(letters * (number // size))
        number %= size
    return "".join(written)


def _integer(text: str | None, otherwise: int) -> int:
    digits = (text or "").removeprefix("-")
    return (
        int(text or "")
        if digits.isdecimal() and digits.isascii() and len(digits) < 8
        else otherwise
    )
