"""The reader of PDFs: blocks in order, read into a draft of the document's meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._blocks import Blocks
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._headings import Slugs
from eventdocs.extraction._pdf_latex import math_latex
from eventdocs.extraction._pdf_layout import PdfBlock, number_place
from eventdocs.extraction._pdf_math import is_math
from eventdocs.extraction._pdf_page import Glyph
from eventdocs.extraction._pdf_prose import ProseReader
from eventdocs.extraction._pdf_text import Written
from eventdocs.extraction._prose import Passage, Prose
from eventdocs.extraction._tables import RawCell, RawTable

__all__ = ["PdfReader"]

_LEADERS = re.compile(r"(?:\.\s?){4,}")
_CONTENTS = re.compile(r"(?:table of )?contents|list of (?:figures|tables)|index", re.IGNORECASE)
_BULLET = re.compile(r"(?:[•◦▪‣●■○∗·–—*-]|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)])(?=\s)")
_LETTER = re.compile(r"(?:(?:Appendix|Annex)\s+)?(?P<letter>[A-Z])[.:]?\s+(?=[A-Z])")
_LABEL_GAP = 0.42
_LONGEST_LABEL = 60


class PdfReader:
    """Walks over blocks and adds what they mean to a draft.

    Args:
        draft: Where it goes.
        blocks: Adds blocks to it.
        anchors: The names known in the document.
        prose: Turns lines into prose.
        names: The names of blocks, by their place in the order.
    """

    def __init__(
        self,
        draft: Draft,
        blocks: Blocks,
        anchors: Anchors,
        prose: ProseReader,
        names: Mapping[int, Sequence[str]],
    ) -> None:
        self._draft = draft
        self._blocks = blocks
        self._anchors = anchors
        self._prose = prose
        self._names = names
        self._slugs = Slugs()
        self._in_contents = False
        self.title = ""

    def read(self, blocks: Sequence[PdfBlock], written: Sequence[Sequence[Written]]) -> None:
        """Read all blocks of a document.

        Args:
            blocks: In their order.
            written: The lines of each, as they stand in the text.
        """
        at = 0
        while at < len(blocks):
            end = self._terms_end(blocks, at)
            if end > at:
                self._definitions(blocks, written, at, end)
                at = end
                continue
            end = at
            while end < len(blocks) and blocks[end].kind == "item":
                end += 1
            if end > at:
                self._items(written, at, end)
                at = end
                continue
            following = blocks[at + 1] if at + 1 < len(blocks) else None
            self._block(at, blocks[at], written[at], following)
            at += 1
        self._blocks.finish()

    def _block(
        self, at: int, block: PdfBlock, lines: Sequence[Written], following: PdfBlock | None
    ) -> None:
        place = lines[0].start, lines[-1].end
        names = self._names.get(at, ())
        match block.kind:
            case "heading":
                self._heading(lines, place, block.level, names)
            case "title":
                prose = self._prose.read(lines)
                self.title = " ".join([*filter(None, [self.title]), prose.text.strip()])
                self._blocks.words(prose)
            case "formula":
                self._formula(block, lines, names)
            case "table":
                self._table(block, lines, place, names)
            case "code":
                self._know(names)
                self._blocks.code(self._draft.source.text[slice(*place)], place)
            case _:
                self._paragraph(
                    lines,
                    place,
                    names,
                    before_table=following is not None and following.kind == "table",
                )

    def _know(self, names: Sequence[str]) -> None:
        for name in names:
            self._anchors.thing(name, "anchor")

    def _heading(
        self, lines: Sequence[Written], place: tuple[int, int], level: int, names: Sequence[str]
    ) -> None:
        prose = self._prose.read(lines)
        title = " ".join(prose.text.split())
        self._in_contents = _CONTENTS.fullmatch(title) is not None
        letter = _LETTER.match(title)
        local = self._blocks.heading(
            prose, place, level=level, names=[*names, *self._slugs.of(title)]
        )
        if letter is not None and local is not None:
            for kind in ("Appendix", "Section"):
                self._anchors.entity(f"{kind} {letter['letter']}", local)

    def _paragraph(
        self,
        lines: Sequence[Written],
        place: tuple[int, int],
        names: Sequence[str],
        *,
        before_table: bool = False,
        start: int = 0,
    ) -> None:
        prose = self._prose.read(lines, start=start)
        if self._in_contents or _LEADERS.search(prose.text):
            # A table of contents says again what headings say.
            self._know(names)
            self._blocks.part()
            return
        for name in names:
            self._blocks.name(name)
        first = lines[0].place(start, start)[0]
        text = self._draft.source.text[first : place[1]]
        self._blocks.paragraph(prose, Passage(text, [(0, first)]), before_table=before_table)

    def _items(self, written: Sequence[Sequence[Written]], start: int, end: int) -> None:
        self._blocks.begin_list()
        for at in range(start, end):
            lines = written[at]
            line = lines[0].line
            bullet = _BULLET.match(line.text)
            skipped = len("".join(line.text[: bullet.end()].split())) if bullet else 0
            self._blocks.item()
            self._paragraph(
                lines, (lines[0].start, lines[-1].end), self._names.get(at, ()), start=skipped
            )
            self._blocks.item(begins=False)
        self._blocks.end_list()

    # Formulas

    def _formula(self, block: PdfBlock, lines: Sequence[Written], names: Sequence[str]) -> None:
        rows: list[list[Glyph]] = []
        start: int | None = None
        end = lines[-1].end
        for each in lines:
            line = each.line
            first, last = 0, len(line.glyphs)
            number = number_place(line)
            if number is not None:
                first, last = (
                    (number[1], last) if number[0] == 0 < last - number[1] else (0, number[0])
                )
            rows.append(line.glyphs[first:last])
            place = each.place(first, last)
            start = place[0] if start is None else start
            end = place[1]
        latex = math_latex([row for row in rows if row], block.rules)
        self._blocks.display(
            latex,
            (start or 0, max(end, start or 0)),
            names=list(names),
            notation="text",
            number=block.number,
        )

    # Definition lists

    def _terms_end(self, blocks: Sequence[PdfBlock], at: int) -> int:
        """Where a list of definitions ends that begins with a block; *at* if none does."""
        end = at
        hangs = False
        while end < len(blocks) and blocks[end].kind == "paragraph" and _label(blocks[end]):
            hangs = hangs or blocks[end].hangs
            end += 1
        many = end - at
        return end if many >= 3 or (many == 2 and hangs) else at

    def _definitions(
        self, blocks: Sequence[PdfBlock], written: Sequence[Sequence[Written]], start: int, end: int
    ) -> None:
        self._blocks.begin_definitions()
        for at in range(start, end):
            self._know(self._names.get(at, ()))
            lines = written[at]
            split = _label(blocks[at])
            colon = lines[0].line.glyphs[split - 1].char == ":"
            self._blocks.term(self._prose.read(lines[:1], end=split - colon))
            place = lines[0].place(split, split)[0], lines[-1].end
            self._blocks.body(place)
            self._paragraph(lines, place, (), start=split)
        self._blocks.end_definitions()

    # Tables

    def _table(
        self,
        block: PdfBlock,
        lines: Sequence[Written],
        place: tuple[int, int],
        names: Sequence[str],
    ) -> None:
        grid = block.grid
        if grid is None:
            return
        self._draft.count_cells(len(grid.cells))
        cells: list[RawCell] = []
        for cell in grid.cells:
            written = lines[cell.row]
            prose = self._cell(written, cell.start, cell.end)
            cells.append(
                RawCell(
                    cell.row,
                    cell.col,
                    prose,
                    written.place(cell.start, cell.end),
                    col_span=cell.col_span,
                )
            )
        raw = RawTable(place=place, cells=cells, widths=grid.widths, header_rows=grid.header_rows)
        self._blocks.table(raw, names=list(names))

    def _cell(self, written: Written, start: int, end: int) -> Prose:
        prose = self._prose.read([written], start=start, end=end)
        first, last = written.place(start, end)
        passage = Passage(self._draft.source.text[first:last], [(0, first)])
        with self._blocks.cell():
            self._blocks.cell_text(prose, passage)
        return prose


def _label(block: PdfBlock) -> int:
    """Where the bold or mathematical label ends that a paragraph begins with; 0 without one."""
    line = block.lines[0]
    if line.font.bold and not line.font.math and not block.hangs:
        return 0
    for at, glyph in enumerate(line.glyphs[:_LONGEST_LABEL]):
        if at and glyph.space:
            gap = glyph.left - line.glyphs[at - 1].right
            if gap >= _LABEL_GAP * line.size and not glyph.font.bold and not is_math(glyph):
                return at
        if not (glyph.font.bold or is_math(glyph) or (at and glyph.char in "()[]|,:")):
            return 0
    return 0
