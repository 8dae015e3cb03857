"""Links in a PDF: which block each place is in that links lead to."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import attrs

from eventdocs.extraction._headings import heading_number
from eventdocs.extraction._pdf_layout import PdfBlock
from eventdocs.extraction._pdf_page import Destination, Page

__all__ = ["Targets", "find_targets"]

_CAPTION = re.compile(r"(?P<kind>Table|Tab\.|Figure|Fig\.)\s*(?P<number>[A-Z]?\.?\d+(?:\.\d+)*)")
_NUMBER = re.compile(r"(?:[A-Z]\.?)?\d+(?:\.\d+)*[a-z]?")
_BIBLIOGRAPHY = re.compile(
    r"(?:references|bibliography|literature(?: cited)?|works cited)$", re.IGNORECASE
)
_PREFIXES = {
    "section": "section", "subsection": "section", "subsubsection": "section", "chapter": "section",
    "appendix": "section", "equation": "formula", "eq": "formula", "table": "table", "tab": "table",
    "figure": "figure", "fig": "figure", "cite": "citation", "bib": "citation", "hfootnote": "footnote",
    "footnote": "footnote",
}  # fmt: skip
_FAR = 90.0
_MOST_TEXTS = 20_000


@attrs.frozen
class Targets:
    """What links lead to.

    Attributes:
        names: The names that each block has, by its place in the order of blocks.
        kinds: What is at a target, such as `formula`, by the target of the link.
    """

    names: dict[int, list[str]]
    kinds: dict[str, str]


def find_targets(
    pages: Sequence[Page], blocks: Sequence[PdfBlock], destinations: Sequence[Destination]
) -> Targets:
    """Find the block that each destination is in."""
    by_page: defaultdict[int, list[_Spot]] = defaultdict(list)
    in_bibliography = False
    for index, block in enumerate(blocks):
        text = block.lines[0].text
        if block.kind == "heading":
            in_bibliography = _BIBLIOGRAPHY.search(text.strip()) is not None
        kind, number = _kind(block, text)
        if in_bibliography and block.kind in {"paragraph", "item"}:
            kind = "citation"
        tops: dict[int, list[float]] = {}
        for line in block.lines:
            tops.setdefault(line.page, []).extend((line.box.top, line.box.bottom))
        for page, heights in tops.items():
            left = min(each.box.left for each in block.lines if each.page == page)
            by_page[page].append(_Spot(index, kind, number, min(heights), max(heights), left))
    texts = _texts(pages)
    names: defaultdict[int, list[str]] = defaultdict(list)
    kinds: dict[str, str] = {}
    for each in destinations:
        spots = by_page.get(each.page + 1, [])
        wanted = _PREFIXES.get(re.split(r"[.:]", each.name, maxsplit=1)[0].lower())
        spot = _spot(each, spots, wanted, texts.get(f"#{each.name}", ""))
        if spot is not None:
            names[spot.index].append(each.name)
        kinds[f"#{each.name}"] = wanted or (spot.kind if spot is not None else "")
    return Targets(dict(names), kinds)


@attrs.frozen
class _Spot:
    index: int
    kind: str
    number: str | None
    top: float
    bottom: float
    left: float


def _kind(block: PdfBlock, text: str) -> tuple[str, str | None]:
    match block.kind:
        case "heading":
            return "section", heading_number(text)
        case "formula":
            return "formula", block.number
        case "table":
            return "table", None
        case _:
            caption = _CAPTION.match(text)
            if caption is None:
                return "", None
            return ("table" if caption["kind"][0] == "T" else "figure"), caption["number"]


def _texts(pages: Sequence[Page]) -> dict[str, str]:
    """What the first link to each target says."""
    texts: dict[str, str] = {}
    for page in pages:
        wanted = [each for each in page.links if each.target.startswith("#")]
        if not wanted:
            continue
        for link in wanted:
            if link.target in texts or len(texts) >= _MOST_TEXTS:
                continue
            texts[link.target] = "".join(
                each.char
                for each in page.glyphs
                if link.box.holds((each.left + each.right) / 2, (each.top + each.bottom) / 2)
            )
    return texts


def _spot(
    destination: Destination, spots: Sequence[_Spot], wanted: str | None, text: str
) -> _Spot | None:
    """Choose the block: of the wanted kind, with the number that the link says, or the next one."""
    below = [each for each in spots if each.bottom >= destination.top + 2]
    if wanted is not None:
        return next((each for each in below if each.kind == wanted), None)
    number = _NUMBER.search(text)
    if number is not None:
        near = [
            each
            for each in spots
            if each.number == number[0]
            and each.top - destination.top < _FAR
            and destination.top - each.bottom < _FAR
        ]
        if near:
            return near[0]
    if not destination.top:
        return below[0] if below else None
    return next((each for each in below if each.left >= destination.left - 40), None)
