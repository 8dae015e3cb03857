"""The reader of plain text: blocks in order, read into a draft of the document's meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._blocks import Blocks
from eventdocs.extraction._captions import read_caption
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._plain_text_nodes import (
    Code,
    Entry,
    Heading,
    Item,
    Node,
    Paragraph,
    TableCell,
    TableRows,
    Term,
)
from eventdocs.extraction._plain_text_outline import Outline
from eventdocs.extraction._plain_text_page import Page
from eventdocs.extraction._plain_text_prose import read_prose
from eventdocs.extraction._prose import Passage, Prose
from eventdocs.extraction._references import References
from eventdocs.extraction._tables import RawCell, RawTable
from eventdocs.extraction._text import BlockText

__all__ = ["PlainTextReader"]

_GLOSSARY = re.compile(
    r"\b(?:glossary|definitions|terminology|defined terms|nomenclature)\b", re.IGNORECASE
)
_CENTRED = 8
_BIBLIOGRAPHY = re.compile(
    r"\b(?:references|bibliography|literature|works cited|sources)\b", re.IGNORECASE
)


@attrs.frozen
class _List:
    indent: int
    terms: bool


class PlainTextReader:
    """Walks over blocks and adds what they mean to a draft."""

    def __init__(
        self,
        draft: Draft,
        page: Page,
        formulas: FormulaReader,
        anchors: Anchors,
        references: References,
    ) -> None:
        self._draft = draft
        self._page = page
        self._anchors = anchors
        self._text = BlockText(draft, formulas, anchors, references)
        self._blocks = Blocks(draft, self._text, formulas, anchors)
        self._outline = Outline()
        self._works: dict[str, str] = {}
        self._lists: list[_List] = []

    def read(self, nodes: Sequence[Node]) -> None:
        """Read all *nodes* of a document."""
        self._announce(nodes)
        for at, node in enumerate(nodes):
            match node:
                case Heading():
                    self._heading(node)
                case Paragraph():
                    # What explains a formula in a list may stand behind the list.
                    explains = self._page.words[node.first][:5].lower() == "where"
                    written = explains and self._text.formulas.just_written
                    self._leave(node.indent)
                    self._text.formulas.just_written |= written
                    following = nodes[at + 1] if at + 1 < len(nodes) else None
                    self._paragraph(node, before_table=isinstance(following, TableRows))
                case Item():
                    self._item(node)
                case Term():
                    self._term(node)
                case Entry():
                    self._leave(-1)
                    self._blocks.part()
                case Code():
                    self._leave(node.indent)
                    self._explain(self._page.place(node.first, node.end))
                    text = " ".join(self._page.words[node.first : node.end])
                    self._blocks.code(text, self._page.place(node.first, node.end))
                case TableRows():
                    centred = node.indent > self._page.body_indent + _CENTRED
                    self._leave(self._page.body_indent if centred else node.indent)
                    self._table(node)
        self._leave(-1)
        self._blocks.finish()

    def _announce(self, nodes: Sequence[Node]) -> None:
        """Learn what brackets may refer to before it stands."""
        heading = ""
        for node in nodes:
            if isinstance(node, Heading):
                heading = self._page.words[node.row]
            elif isinstance(node, Entry):
                is_work = _BIBLIOGRAPHY.search(heading) or not node.key.isdecimal()
                kind = "bibliography" if is_work else "footnote"
                self._works.setdefault(node.key, kind)
                self._anchors.thing(node.key, kind)

    # Text

    def _heading(self, node: Heading) -> None:
        self._leave(-1)
        page = self._page
        one_line = bool(node.mark) or node.lines[1] - node.row == 1
        passage = page.passage(node.row, node.row + 1 if one_line else node.lines[1])
        if one_line:
            passage = passage.part(node.start, node.end)
        prose = read_prose(passage, self._works)
        place = page.place(*node.lines) if node.mark else prose.whole()
        self._blocks.heading(prose, place, level=self._outline.level(node), names=())
        if _GLOSSARY.search(prose.text):
            self._blocks.definitions.expect_glossary()
        else:
            self._blocks.definitions.forget_glossary()

    def _paragraph(self, node: Paragraph, *, before_table: bool) -> None:
        passage = self._page.passage(node.first, node.end, node.cut)
        prose = read_prose(passage, self._works)
        if not len(prose):
            return
        if node.indent > self._page.body_indent and read_caption(prose.text) is not None:
            # Captions stand in the middle, and tables do.
            self._leave(self._page.body_indent)
        self._explain(prose.whole())
        self._blocks.paragraph(prose, passage, before_table=before_table)

    # Lists

    def _leave(self, indent: int) -> None:
        """End the lists that are indented as far as what comes next, or farther."""
        while self._lists and self._lists[-1].indent >= indent:
            if self._lists.pop().terms:
                self._blocks.end_definitions()
            else:
                self._blocks.item(begins=False)
                self._blocks.end_list()

    def _begins(self, indent: int, *, terms: bool) -> bool:
        """Whether an item is the first of a list; it ends the lists inside the one it goes on with."""
        self._leave(indent + 1)
        if self._lists and self._lists[-1] == _List(indent, terms):
            return False
        self._leave(indent)
        self._lists.append(_List(indent, terms))
        return True

    def _item(self, node: Item) -> None:
        if len(self._lists) >= self._draft.limits.max_nesting:
            self._leave(node.indent)
            return
        place = self._page.place(node.row, node.row + 1)
        if self._begins(node.indent, terms=False):
            self._explain(place, around=1)
            self._blocks.begin_list()
        self._blocks.item()

    def _term(self, node: Term) -> None:
        if len(self._lists) >= self._draft.limits.max_nesting:
            self._leave(node.indent)
            return
        passage = self._page.passage(node.row, node.row + 1).part(node.start, node.end)
        prose = read_prose(passage, self._works)
        if self._begins(node.indent, terms=True):
            self._explain(prose.whole(), around=1)
            self._blocks.begin_definitions()
        self._blocks.term(prose)

    def _explain(self, place: tuple[int, int], *, around: int = 0) -> None:
        """Know that something is a part of the explanation of the terms before it."""
        lists = self._lists[: len(self._lists) - around]
        if any(each.terms for each in lists):
            self._blocks.body(place)

    # Tables

    def _table(self, node: TableRows) -> None:
        place = self._page.place(node.first, node.end)
        self._explain(place)
        self._draft.count_cells(len(node.cells))
        cells = [self._cell(cell) for cell in node.cells]
        self._blocks.table(RawTable(place, cells, node.widths, node.header_rows))

    def _cell(self, cell: TableCell) -> RawCell:
        parts: list[str] = []
        pieces: list[tuple[int, int]] = []
        offset = 0
        for row, left, right in cell.lines:
            text = self._page.text(row)[left:right]
            part = text.strip()
            if not part:
                continue
            start = self._page.at(row, left + len(text) - len(text.lstrip()))
            pieces.append((offset, start))
            parts.append(part)
            offset += len(part) + 1
        if not parts:
            return RawCell(cell.row, cell.col, Prose(), None, cell.row_span, cell.col_span)
        passage = Passage("\n".join(parts), pieces)
        prose = self._text.add_cell(read_prose(passage, self._works), passage)
        return RawCell(cell.row, cell.col, prose, prose.whole(), cell.row_span, cell.col_span)
