"""Counters: the numbers that LaTeX gives to sections, equations, floats and theorems."""

from __future__ import annotations

import re

__all__ = ["HEADINGS", "Counters"]

HEADINGS = (
    "part", "chapter", "section", "subsection", "subsubsection", "paragraph", "subparagraph"
)  # fmt: skip
_FLOATS = ("equation", "table", "figure")
_CHAPTERED = re.compile(r"book|report|memoir|thesis|rprt|reprt|diss", re.IGNORECASE)
_HIGHEST = 1_000_000


class Counters:
    """Counts as LaTeX does.

    Attributes:
        known: False once something was left out that may have counted too.
    """

    def __init__(self) -> None:
        self._values: dict[str, int] = {}
        self._within: dict[str, str | None] = {
            "subsection": "section",
            "subsubsection": "subsection",
            "paragraph": "subsubsection",
            "subparagraph": "paragraph",
        }
        self._letters = ""
        self._chaptered = False
        self._shared: dict[str, str] = {}
        self._group: str | None = None
        self._depth = 3
        self.known = True

    def document_class(self, name: str) -> None:
        """Count as documents of this class do."""
        if _CHAPTERED.search(name):
            self.chapters()

    def chapters(self) -> None:
        """Number sections, equations and floats within chapters."""
        self._chaptered = True
        self._depth = 2
        for name in ("section", *_FLOATS):
            self._within.setdefault(name, "chapter")

    def within(self, name: str, parent: str | None) -> None:
        """Number one thing within another."""
        above = parent
        while above is not None:
            if above == name:
                return
            above = self._within.get(above)
        self._within[name] = parent

    def share(self, name: str, other: str) -> None:
        """Count one thing together with another."""
        other = self._shared.get(other, other)
        if other != name:
            self._shared[name] = other

    def appendix(self) -> None:
        """Number by letters from here on."""
        self._letters = "chapter" if self._chaptered else "section"
        self._set(self._letters, 0)

    def set(self, name: str, value: str, *, add: bool = False) -> None:
        """Set a counter, or add to it; a value that is no number is none."""
        if name == "secnumdepth" and value.lstrip("-").isdecimal():
            self._depth = int(value[:4])
        elif value.lstrip("-").isdecimal() and len(value) < 7:
            self._values[name] = int(value) + (self._values.get(name, 0) if add else 0)

    def heading(self, kind: str) -> str | None:
        """Number the next heading of a kind; None if such headings have no number."""
        depth = HEADINGS.index(kind) - 1
        if depth > self._depth:
            return None
        return self.step(kind)

    def step(self, name: str) -> str | None:
        """Number the next thing of a kind; None if its number cannot be told."""
        name = self._shared.get(name, name)
        if name == "equation" and self._group is not None:
            self._values["subequation"] = self._values.get("subequation", 0) + 1
            letter = _letter(self._values["subequation"]).lower()
            return f"{self._group}{letter}" if self.known else None
        self._set(name, min(self._values.get(name, 0) + 1, _HIGHEST))
        return self._number(name) if self.known else None

    def begin_subequations(self) -> None:
        """Number what follows `2a`, `2b`."""
        if self._group is None:
            self.step("equation")
            self._group = self._number("equation")
            self._values["subequation"] = 0

    def end_subequations(self) -> None:
        """Number by plain numbers again."""
        self._group = None

    def _set(self, name: str, value: int) -> None:
        self._values[name] = value
        for child, parent in self._within.items():
            if parent == name and self._values.get(child):
                self._set(child, 0)

    def _number(self, name: str) -> str:
        value = self._values.get(name, 0)
        own = _letter(value) if name == self._letters else str(value)
        if name == "part":
            own = _roman(value)
        parent = self._within.get(name)
        if parent is None or (parent == "chapter" and not self._values.get("chapter")):
            return own
        return f"{self._number(parent)}.{own}"


def _letter(value: int) -> str:
    return chr(ord("A") + value - 1) if 1 <= value <= 26 else str(value)


def _roman(value: int) -> str:
    if not 0 < value < 40:
        return str(value)
    tens, ones = divmod(value, 10)
    return "X" * tens + ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[ones]
