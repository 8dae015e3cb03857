"""Page furniture: headers, footers and page numbers, which are no part of the text."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from eventdocs.extraction._pdf_lines import Line
from eventdocs.extraction._pdf_page import Page

__all__ = ["without_furniture"]

_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"[ivxlc]{1,7}")
_NUMBER = re.compile(r"(?:page )?\W*#\W*(?:(?:of|/) #)?", re.IGNORECASE)
_EDGE_LINES = 3
_ENOUGH = 3
"""So many pages have a line in common if it is no part of the text."""
_MARGIN = 0.14


def without_furniture(pages: Sequence[Page], lines: Sequence[list[Line]]) -> list[list[Line]]:
    """Drop the lines at the edges of pages that other pages repeat at the same height."""
    edges = [_edges(page, each) for page, each in zip(pages, lines, strict=True)]
    counts: Counter[tuple[str, int]] = Counter()
    for found in edges:
        keys = {_key(line) for line in found}
        counts.update(keys | {(text, at + 1) for text, at in keys})
    kept: list[list[Line]] = []
    for each, found in zip(lines, edges, strict=True):
        dropped = {id(line) for line in found if _is_repeated(_key(line), counts, len(pages))}
        # A page that would have nothing left is no mere repetition.
        kept.append([line for line in each if id(line) not in dropped] or each)
    return kept


def _is_repeated(key: tuple[str, int], counts: Counter[tuple[str, int]], pages: int) -> bool:
    text, at = key
    enough = min(_ENOUGH, pages) if _NUMBER.fullmatch(text) else _ENOUGH
    return pages > 1 and max(counts[key], counts[text, at + 1]) >= enough


def _edges(page: Page, lines: Sequence[Line]) -> list[Line]:
    ordered = sorted(lines, key=lambda each: (each.base, each.box.left))
    top = [each for each in ordered[:_EDGE_LINES] if each.base < _MARGIN * page.height]
    bottom = [each for each in ordered[-_EDGE_LINES:] if each.base > (1 - _MARGIN) * page.height]
    return [*top, *bottom]


def _key(line: Line) -> tuple[str, int]:
    text = " ".join(line.text.split())
    text = "#" if _ROMAN.fullmatch(text) else _DIGITS.sub("#", text)
    return text, int(line.base // 4)
