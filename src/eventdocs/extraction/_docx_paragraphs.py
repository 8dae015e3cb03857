"""Paragraphs of Word documents taken apart: lines that are items, formulas with their numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import attrs
from typing_extensions import override

from eventdocs.extraction._captions import Caption, read_caption
from eventdocs.extraction._docx_blocks import Paragraph
from eventdocs.extraction._noun_phrases import is_name
from eventdocs.extraction._prose import Mark, PlacedText, Prose

__all__ = [
    "Lines",
    "Part",
    "bold_label",
    "caption_of",
    "joined",
    "number_formula",
    "parts",
    "sequence_kind",
]

_ITEM = re.compile(r"\s*(?:[-–—*•·▪‣o]|\d{1,2}[.)]|\([a-z0-9]{1,3}\)|[a-z]\))[ \t]+(?=\S)")
_BEHIND_LABEL = re.compile(r" *(?:(?P<tab>\t+)\s*|(?P<sign>[:–—]|\s-(?=\s))\s*)")
_LONGEST_LABEL = 80
_WORD = re.compile(r"[^\W\d_]{2}")
_BESIDE = re.compile(
    r"[\s.,;]*(?:[(\[]\s*(?P<number>(?:[A-Z][.-]?)?\d{1,4}(?:[.-]\d{1,4})*[a-z]?)\s*[)\]])?[\s.,;]*"
)
_SEQUENCES = {
    "table": "table", "tab": "table", "tabelle": "table", "tableau": "table", "tabla": "table", "tabella": "table",
    "tabela": "table", "tabel": "table", "figure": "figure", "fig": "figure", "figura": "figure",
    "abbildung": "figure", "illustration": "figure", "figuur": "figure", "image": "figure", "chart": "figure",
    "graph": "figure", "equation": "formula", "eq": "formula", "formel": "formula", "gleichung": "formula",
    "formula": "formula", "ecuación": "formula", "équation": "formula",
}  # fmt: skip


class Lines(PlacedText):
    """Lines of prose as they were written, below one another."""

    def __init__(self, prose: Prose, lines: Sequence[Prose]) -> None:
        self._prose = prose
        self._content = "\n".join(line.text for line in lines if len(line))

    @property
    @override
    def content(self) -> str:
        return self._content

    @override
    def range(self, start: int, end: int) -> tuple[int, int]:
        return self._prose.source(start, end)


@attrs.frozen
class Part:
    """What is a paragraph to its readers, though it may be some lines of one.

    Attributes:
        prose: Its text.
        written: Its lines.
        item: It begins with a dash or the like, which is not part of the text.
    """

    prose: Prose
    written: Lines
    item: bool


def joined(lines: Sequence[Prose]) -> Prose:
    """Put lines together, with a blank where they broke."""
    if len(lines) == 1:
        return lines[0]
    whole = Prose()
    for line in lines:
        if len(line):
            whole.extend(line)
        else:
            at = len(whole)
            whole.marks += (attrs.evolve(mark, start=at, end=at) for mark in line.marks)
    return whole


def parts(lines: Sequence[Prose], *, whole: bool = False) -> Iterator[Part]:
    """Part the lines of a paragraph where they are laid out as paragraphs and lists.

    Args:
        lines: They were divided by line breaks.
        whole: They belong together, as those of a cell do.
    """
    if whole or len(lines) == 1:
        prose = joined(lines)
        yield Part(prose, Lines(prose, lines), item=False)
        return
    group: list[Prose] = []
    item = False
    for line in lines:
        begins = None if _is_code(line) else _ITEM.match(line.text)
        if group and (begins or not line.text.strip()):
            yield _part(group, item=item)
            group = []
        if not group:
            item = begins is not None
        rest = line if begins is None else line.part(begins.end())
        if rest.text.strip() or rest.marks:
            group.append(rest)
    if group:
        yield _part(group, item=item)


def _is_code(line: Prose) -> bool:
    return any(mark.kind == "code" and mark.start == 0 for mark in line.marks)


def _part(group: Sequence[Prose], *, item: bool) -> Part:
    prose = joined(group)
    return Part(prose, Lines(prose, group), item)


def bold_label(prose: Prose) -> tuple[int, int, str] | None:
    """Find the bold words that a paragraph begins with as a label does.

    Returns:
        Where they end, where the text behind them begins, and what stands between: a tab, or
        a colon or dash; None if there is no label.
    """
    mark = next((each for each in prose.marks if each.kind == "strong"), None)
    if mark is None or mark.start > 0 or mark.end > _LONGEST_LABEL:
        return None
    label = prose.text[: mark.end].rstrip()
    inner = label.rstrip(" :")
    found = _BEHIND_LABEL.match(prose.text, len(inner))
    if found is None or not is_name(inner) or not _WORD.search(prose.text, found.end()):
        return None
    return len(inner), found.end(), found["tab"] or found["sign"]


def sequence_kind(paragraph: Paragraph) -> tuple[str, str] | None:
    """What the first counter in a paragraph counts: table, figure or formula; and its number."""
    for name, number in paragraph.sequences:
        kind = _SEQUENCES.get(name.rstrip("s").lower()) or _SEQUENCES.get(name.lower())
        if kind is not None:
            return kind, number.strip()
    return None


def number_formula(prose: Prose, counted: str | None) -> list[Mark] | None:
    """Find the formulas of a paragraph that holds nothing else, but perhaps their number.

    They become displayed, the last of them with the number.

    Args:
        prose: The paragraph.
        counted: The number that a counter gives it.
    """
    formulas = [mark for mark in prose.marks if mark.kind == "formula" and mark.end > mark.start]
    if not formulas:
        return None
    rest: list[str] = []
    at = 0
    for mark in formulas:
        rest.append(prose.text[at : mark.start])
        at = mark.end
    rest.append(prose.text[at:])
    beside = _BESIDE.fullmatch(" ".join(rest))
    if beside is None:
        return None
    for mark in formulas:
        mark.detail = "display"
    number = beside["number"] or counted
    if number and "\\tag" not in formulas[-1].content:
        formulas[-1].content += f" \\tag{{{number}}}"
    return formulas


def caption_of(paragraph: Paragraph, text: str, *, beside_table: bool) -> Caption | None:
    """Read a paragraph as a caption; None if it is none.

    Args:
        paragraph: Its style or a counter in it may say so.
        text: What it says.
        beside_table: A table stands directly before or after it.
    """
    role = paragraph.style.role
    counted = sequence_kind(paragraph)
    if counted is not None and counted[0] == "formula":
        return None
    read = read_caption(text)
    if role not in {"caption", "figure caption"} and counted is None:
        return read
    if counted is not None:
        kind, number = counted
    elif role == "figure caption":
        kind, number = "figure", None
    else:
        kind, number = ("table" if beside_table else "figure"), None
    if read is not None:
        return attrs.evolve(
            read,
            kind=kind if counted or read.number is None else read.kind,
            number=read.number or number,
        )
    title = text
    if counted is not None and number and number in text:
        title = text.partition(number)[2].lstrip(" .:|–—-\t")
    return Caption(kind, number or None, title.strip() or None)
