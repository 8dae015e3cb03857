"""The outline of plain text: how deep each section is, as numbers and kinds of headings tell."""

from __future__ import annotations

import attrs

from eventdocs.extraction._plain_text_nodes import Heading

__all__ = ["Outline"]


@attrs.frozen
class _Open:
    level: int
    heading: Heading


class Outline:
    """Gives each heading of a document its level, in their order."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._underlines: list[str] = []
        self._has_title = False

    def level(self, heading: Heading) -> int:
        """The level of the next heading, from 1."""
        level = self._level(heading)
        while self._open and self._open[-1].level >= level:
            self._open.pop()
        self._open.append(_Open(level, heading))
        return level

    def _level(self, heading: Heading) -> int:
        if heading.style == "title":
            self._has_title = True
            return 1
        if heading.style == "underlined":
            if heading.mark not in self._underlines:
                self._underlines.append(heading.mark)
            return self._underlines.index(heading.mark) + 1 + self._has_title
        if heading.style == "numbered":
            return self._numbered(heading)
        return self._top() + 1

    def _numbered(self, heading: Heading) -> int:
        number = heading.number
        depth = number.count(".") + 1
        for each in reversed(self._open):
            outer = each.heading.number
            if outer and number.startswith(f"{outer}."):
                return each.level + depth - (outer.count(".") + 1)
            if each.heading.style == "labelled":
                return each.level + max(1, depth - 1)
        return self._top() + depth

    def _top(self) -> int:
        """The level of what stands around all numbered parts: the title or underlined headings."""
        unnumbered = (
            each.level
            for each in reversed(self._open)
            if each.heading.style == "underlined" and not each.heading.number
        )
        return next(unnumbered, int(self._has_title))
