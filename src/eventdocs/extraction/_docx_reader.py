"""The reader of Word documents: blocks in order, read into a draft of the document's meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._deflists import DefinitionLists
from eventdocs.extraction._docx_blocks import Block, Note, Paragraph, TableBlock
from eventdocs.extraction._docx_links import broken_references, told_by
from eventdocs.extraction._docx_neighbours import (
    all_blocks,
    continues_definition,
    holds_figure,
    is_definition_part,
    is_labelled,
    kind_of,
    role_of,
)
from eventdocs.extraction._docx_paragraphs import (
    Lines,
    Part,
    bold_label,
    caption_of,
    joined,
    number_formula,
    parts,
    sequence_kind,
)
from eventdocs.extraction._docx_tables import raw_table
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._headings import Slugs, heading_number
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._references import References
from eventdocs.extraction._table_writer import TableWriter
from eventdocs.extraction._text import BlockText
from eventdocs.extraction._where import Heads
from eventdocs.ir import Definition

__all__ = ["DocxReader"]

_NUMBER = re.compile(r"\b(?:\d+|[IVXLC]+|[A-Z])(?:\.(?:\d+|[A-Za-z]))*\b")
_CLAUSE = re.compile(r"\d+(?:\.\d+)*")
_WORDS = re.compile(r"[^\W\d_]{3,}")


class DocxReader:
    """Walks over blocks and adds what they mean to a draft.

    Attributes:
        title: What the document calls itself; empty if it does not.
    """

    def __init__(
        self, draft: Draft, formulas: FormulaReader, anchors: Anchors, references: References
    ) -> None:
        self._draft = draft
        self._anchors = anchors
        self._text = BlockText(draft, formulas, anchors, references)
        self._tables = TableWriter(draft, anchors)
        self._deflists = DefinitionLists(draft, formulas, anchors)
        self._slugs = Slugs()
        self._kinds: dict[str, str] = {}
        self._waiting: list[str] = []
        self._regions: list[Prose] = []
        self._lists: list[Heads | None] = []
        self._clauses: list[str] = []
        self._numbers: set[str] = set()
        self._in_deflist = False
        self._in_cell = False
        self._aside = False
        self._labelled = False
        self.title = ""

    def read(self, blocks: Sequence[Block]) -> None:
        """Read all blocks of a document."""
        self._know_names(blocks)
        self._walk(blocks)
        self._tables.forget()
        for number in self._clauses:
            if number not in self._numbers:
                # Numbered paragraphs are called sections too, though they are none.
                self._anchors.thing(f"Section {number}", "clause")

    def _know_names(self, blocks: Sequence[Block]) -> None:
        """Learn what bookmarks stand at, because links to them may come before."""
        for block, following, beside_table in all_blocks(blocks):
            if isinstance(block, TableBlock):
                kind = "figure" if holds_figure(block, following) else "table"
            else:
                kind = kind_of(block, beside_table)
            for name in block.names:
                if kind:
                    self._kinds.setdefault(name, kind)

    def _walk(self, blocks: Sequence[Block]) -> None:
        continues = continues_definition(blocks)
        # What stands in a cell or a note begins and ends lists of its own.
        outer, self._in_deflist = self._in_deflist, False
        for at, block in enumerate(blocks):
            after_term = at > 0 and role_of(blocks[at - 1]) == "term"
            if self._in_deflist and not (continues[at] or is_definition_part(block) or after_term):
                self._end_deflist()
            before_table = at + 1 < len(blocks) and isinstance(blocks[at + 1], TableBlock)
            after_table = at > 0 and isinstance(blocks[at - 1], TableBlock)
            self._labelled = is_labelled(block) and any(
                map(is_labelled, (*blocks[max(0, at - 1) : at], *blocks[at + 1 : at + 2]))
            )
            if isinstance(block, TableBlock):
                if holds_figure(block, blocks[at + 1 : at + 2]):
                    self._figure(block)
                else:
                    self._table(block)
            else:
                is_body = self._in_deflist and (after_term or block.style.role == "definition")
                self._paragraph(
                    block, before_table=before_table, after_table=after_table, is_body=is_body
                )
            for note in block.notes:
                self._note(note)
        if self._in_deflist:
            self._end_deflist()
        self._in_deflist = outer

    def _begin_block(self) -> None:
        if not self._in_cell:
            self._tables.forget()
        self._text.leave()

    def _take_names(self) -> list[str]:
        names, self._waiting = self._waiting, []
        return names

    def _collect(self, prose: Prose) -> None:
        for region in self._regions:
            region.extend(prose)

    # Paragraphs

    def _paragraph(
        self, block: Paragraph, *, before_table: bool, after_table: bool, is_body: bool
    ) -> None:
        self._know_as_things(block)
        for line in block.lines:
            self._tell_links(line)
        if not block.contents and not (block.is_list_item or self._in_cell):
            self._leave_lists(0)
        if block.contents:
            self._begin_block()
            for line in block.lines:
                self._text.add(line, numbered=True)
            return
        self._waiting += block.names
        if block.level is not None:
            self._heading(block)
            return
        prose = joined(block.lines)
        match block.style.role:
            case "title":
                self._begin_block()
                self.title = self.title or " ".join(prose.text.split())
                self._add(prose)
            case "term":
                self._term(prose)
            case _ if is_body:
                self._body(block)
                self._content(block)
            case "code":
                self._begin_block()
                self._take_names()
                self._add(prose)
            case _:
                if not self._caption(block, prose, before_table, after_table):
                    self._content(block)

    def _know_as_things(self, block: Block) -> None:
        """Know the bookmarks of a block, so that links to mere text do not dangle."""
        for name in block.names:
            kind = self._kinds.get(name, "")
            self._anchors.thing(name, "figure" if kind == "figure" else "anchor")

    def _add(self, prose: Prose, *, numbered: bool = False) -> None:
        self._text.add(prose, numbered=numbered)
        self._add_broken(prose)
        self._collect(prose)

    def _add_broken(self, prose: Prose) -> None:
        for start, end in broken_references(prose):
            self._draft.reference(
                prose.source(start, end),
                text=prose.text[start:end],
                raw_target=prose.text[start:end],
                reference_type="unknown",
            )

    def _tell_links(self, prose: Prose) -> None:
        """Note at each link what kind of thing it leads to."""
        for mark in prose.marks:
            if mark.kind == "link" and mark.content.startswith("#"):
                kind = self._kinds.get(mark.content[1:])
                mark.detail = told_by(prose.text[mark.start : mark.end]) if kind is None else kind

    def _heading(self, block: Paragraph) -> None:
        self._begin_block()
        prose = joined(block.lines)
        title = " ".join(prose.text.split())
        number = heading_number(title)
        if block.label is not None and not block.label.bullet:
            label = block.label.text
            number = heading_number(f"{label} ") or _own_number(label)
            if _WORDS.search(label):
                # "Appendix A" is part of what a heading is called, "3.2" is not.
                title = f"{label} {title}".strip()
        slugs = self._slugs.of(title)
        names = [*self._take_names(), *slugs]
        if self._in_cell or self._aside:
            for name in names:
                self._anchors.thing(name, "heading")
        else:
            local = self._draft.heading(
                block.place,
                title=title,
                level=block.level or 1,
                number=number,
                anchor=names[0] if names else None,
            )
            for name in names:
                self._anchors.entity(name, local)
            if number is not None:
                self._numbers.add(number)
        self._add(prose, numbered=True)
        self._text.formulas.names = []

    def _caption(
        self, block: Paragraph, prose: Prose, before_table: bool, after_table: bool
    ) -> bool:
        text = prose.text.strip()
        caption = caption_of(block, text, beside_table=before_table or after_table)
        if caption is None or not text or (self._in_cell and not block.sequences):
            return False
        self._text.know_figure(caption)
        if caption.kind == "figure":
            for name in self._take_names():
                self._anchors.thing(name, "figure")
        elif self._in_cell:
            self._tables.expect(caption)
        elif self._tables.caption(caption, self._waiting, before_table=before_table):
            self._take_names()
        self._add(prose, numbered=True)
        return True

    def _content(self, block: Paragraph) -> None:
        """Read a paragraph of text."""
        if not self._in_cell:
            self._tables.forget()
        names = self._take_names()
        if block.is_list_item:
            self._enter_list(block)
        counted = sequence_kind(block)
        number = counted[1] if counted is not None and counted[0] == "formula" else None
        explains = self._lists[-1] if self._lists and block.is_list_item else None
        for part in parts(block.lines, whole=self._in_cell):
            formulas = number_formula(part.prose, number)
            if formulas is not None:
                self._text.leave()
            self._add(part.prose)
            if formulas is not None:
                self._name_formulas(part.prose, names)
                self._text.formulas.just_written = True
                self._text.announces = None
            elif not self._in_cell:
                # Labels below one another are a list, whatever its items look like.
                in_list = block.is_list_item or part.item or self._labelled
                self._define_label(part.prose)
                explains = self._define(part, in_list=in_list, explains=explains)
            else:
                self._text.formulas.just_written = False

    def _name_formulas(self, prose: Prose, names: Sequence[str]) -> None:
        entities = [mark.entity for mark in prose.marks if mark.entity is not None]
        for name in names:
            if entities:
                self._anchors.entity(name, entities[-1])

    def _define(self, part: Part, *, in_list: bool, explains: Heads | None) -> Heads | None:
        """Add what a part of a paragraph defines; returns what the next part explains."""
        announced = self._text.announces
        after_formula: Heads | None = (
            "symbols" if self._text.formulas.just_written and in_list else None
        )
        explains = explains or announced or after_formula
        if not len(part.prose):
            return explains
        known = len(self._draft.entities)
        names = self._text.formulas.names if explains else []
        self._text.define(part.prose, part.written, in_list=in_list, explains=explains)
        if names and names is not self._text.formulas.names:
            # An equation among the explanations has names of its own, and the list goes on.
            self._text.formulas.names = list(dict.fromkeys([*names, *self._text.formulas.names]))
        explained = any(
            isinstance(each, Definition) and each.form == "where"
            for each in self._draft.entities[known:]
        )
        if self._text.announces is None and (in_list or explained):
            if not self._lists:
                self._text.announces = explains
            return explains
        return self._text.announces

    def _define_label(self, prose: Prose) -> None:
        """Add a bold term whose meaning stands behind a tab, as in a hanging list."""
        label = bold_label(prose)
        if label is None or not label[2].startswith("\t"):
            return
        end, start, _ = label
        stop = len(prose.text.rstrip(" .;"))
        self._draft.definition(
            prose.source(0, stop),
            term=prose.text[:end],
            body=prose.text[start:stop],
            body_place=prose.source(start, stop),
            form="deflist",
            method="layout",
            confidence=0.8 if self._labelled else 0.6,
        )

    # Lists

    def _enter_list(self, block: Paragraph) -> None:
        level = block.label.level if block.label is not None else 0
        if block.label is not None and _CLAUSE.fullmatch(block.label.text.rstrip(".)")):
            self._clauses.append(block.label.text.rstrip(".)"))
        self._leave_lists(level + 1)
        while len(self._lists) <= level:
            after_formula: Heads | None = "symbols" if self._text.formulas.just_written else None
            self._lists.append(self._text.announces or after_formula)
            self._begin_block()

    def _leave_lists(self, depth: int) -> None:
        if len(self._lists) > depth:
            del self._lists[depth:]
            self._begin_block()

    # Definition lists

    def _term(self, prose: Prose) -> None:
        if not self._in_deflist:
            self._begin_block()
            self._deflists.begin(self._take_names())
            self._in_deflist = True
        self._take_names()
        self._leave(self._deflists.term(prose))
        self._add(prose)

    def _body(self, block: Paragraph) -> None:
        region = self._deflists.body(block.place)
        if region not in self._regions:
            self._regions.append(region)

    def _end_deflist(self) -> None:
        self._in_deflist = False
        self._leave(self._deflists.end())

    def _leave(self, region: Prose | None) -> None:
        if region in self._regions:
            self._regions.remove(region)

    # Tables

    def _table(self, block: TableBlock) -> None:
        self._waiting += block.names
        raw = raw_table(block, self._draft, self._cell)
        self._tables.add(raw, self._take_names())
        self._text.leave()
        for cell in raw.cells:
            self._collect(cell.prose)

    def _figure(self, block: TableBlock) -> None:
        """Read a table that only puts pictures in their place."""
        self._know_as_things(block)
        self._waiting += block.names
        for row in block.rows:
            for cell in row.cells:
                self._walk(cell.blocks)

    def _cell(self, blocks: Sequence[Block]) -> Prose:
        region = Prose()
        outer, self._regions = self._regions, [region]
        was_in_cell, self._in_cell = self._in_cell, True
        names, self._waiting = self._waiting, []
        lists, self._lists = self._lists, []
        one = blocks[0] if len(blocks) == 1 else None
        if isinstance(one, Paragraph) and one.level is None and not one.sequences:
            self._simple_cell(one)
        else:
            self._walk(blocks)
        self._regions, self._in_cell, self._waiting = outer, was_in_cell, names
        self._lists = lists
        return region

    def _simple_cell(self, block: Paragraph) -> None:
        for line in block.lines:
            self._tell_links(line)
        prose = joined(block.lines)
        formulas = number_formula(prose, None)
        if len(prose):
            self._text.add_cell(prose, Lines(prose, block.lines))
        else:
            self._text.add(prose)
        self._add_broken(prose)
        if formulas:
            self._name_formulas(prose, block.names)
        self._collect(prose)

    # Notes

    def _note(self, note: Note) -> None:
        """Read what stands beside the text, without forgetting what the text was about."""
        if note.kind != "box":
            self._anchors.thing(f"^{note.label}", "footnote")
        regions, self._regions = self._regions, []
        was_aside, self._aside = self._aside, True
        lists, self._lists = self._lists, []
        names, self._waiting = self._waiting, []
        formulas = self._text.formulas
        kept = formulas.just_written, formulas.names, self._text.announces
        self._walk(note.blocks)
        formulas.just_written, formulas.names, self._text.announces = kept
        self._regions, self._aside, self._lists, self._waiting = regions, was_aside, lists, names


def _own_number(label: str) -> str | None:
    found = _NUMBER.findall(label)
    return found[-1] if found else None
