"""The reader of reStructuredText: blocks in order, read into a draft of the document's meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._captions import Caption, read_caption
from eventdocs.extraction._deflists import DefinitionLists
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._headings import heading_number
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._references import References
from eventdocs.extraction._rst_directives import TITLED
from eventdocs.extraction._rst_lines import Lines
from eventdocs.extraction._rst_names import Names, normalised
from eventdocs.extraction._rst_nodes import (
    Blocks,
    Code,
    DefinitionList,
    Directive,
    FieldList,
    Footnote,
    Heading,
    Item,
    LineBlock,
    ListBlock,
    Paragraph,
    Quote,
    TableBlock,
    Target,
)
from eventdocs.extraction._rst_table_reader import RstTables
from eventdocs.extraction._rst_text import RstText
from eventdocs.extraction._where import Heads
from eventdocs.ir import Resolution

__all__ = ["RstReader"]

_CLASSIFIER = re.compile(r" +: +")
_PARAMETER = re.compile(r"(?:param|parameter|arg|argument|key|keyword)\s+(?:\S.*\s)?(?P<name>\S+)$")
_ABOUT_CODE = re.compile(
    r"(?:type|vartype|var|ivar|cvar|raises?|except|exception|returns?|rtype|meta)\b"
)
_FIGURES = frozenset({"figure", "image", "subfigure", "plot", "graphviz", "mermaid"})
_TABLES = frozenset({"table", "list-table", "csv-table", "flat-table"})
_TOC_ENTRY = re.compile(r"(?:(?P<title>.*\S)\s*<(?P<target>[^<>]+)>|(?P<path>\S.*))$")


class RstReader:
    """Walks over blocks and adds what they mean to a draft."""

    def __init__(
        self,
        draft: Draft,
        names: Names,
        formulas: FormulaReader,
        anchors: Anchors,
        references: References,
    ) -> None:
        self._draft = draft
        self._anchors = anchors
        self._text = RstText(draft, names, formulas, anchors, references)
        self._formulas = self._text.formulas
        self._tables = RstTables(draft, anchors, self._text, self._cell_blocks)
        self._deflists = DefinitionLists(draft, formulas, anchors)
        self._waiting: list[str] = []
        self._regions: list[Prose] = []
        self._lists: list[Heads | None] = []
        self._item_begins = False
        self._in_cell = False
        self._at_top = True

    def read(self, blocks: Blocks) -> None:
        """Read all *blocks* of a document."""
        self._walk(blocks)
        self._tables.writer.forget()

    def _walk(self, blocks: Blocks) -> None:
        for at, block in enumerate(blocks):
            match block:
                case Paragraph():
                    following = blocks[at + 1] if at + 1 < len(blocks) else None
                    self._paragraph(block.lines, before_table=_is_table(following))
                case Heading():
                    self._heading(block)
                case Quote():
                    self._quote(block.blocks)
                case ListBlock():
                    self._list(block)
                case DefinitionList():
                    self._begin_block()
                    self._definitions(block.items)
                case FieldList():
                    self._fields(block)
                case LineBlock():
                    self._begin_block()
                    for line in block.lines:
                        self._loose(line)
                case TableBlock():
                    self._note_table(self._tables.drawn(block, self._take_names()))
                case Code():
                    self._code(block.lines)
                case Footnote():
                    self._footnote(block)
                case Target():
                    self._name(block.name, "anchor")
                case Directive():
                    self._directive(block)

    # Text

    def _note(self, prose: Prose) -> None:
        for region in self._regions:
            region.extend(prose)

    def _begin_block(self) -> None:
        self._forget_tables()
        self._text.leave()

    def _forget_tables(self) -> None:
        # What stands in a cell does not part its table from a caption.
        if not self._in_cell:
            self._tables.writer.forget()

    def _heading(self, block: Heading) -> None:
        self._begin_block()
        prose = self._text.read(block.lines.passage())
        title = " ".join(prose.text.split())
        marked = [mark.content for mark in prose.marks if mark.kind == "anchor"]
        names = [*self._take_names(), *marked]
        local = self._draft.heading(
            block.place,
            title=title,
            level=block.level,
            number=heading_number(title),
            anchor=names[0] if names else None,
        )
        for name in (*names, normalised(title)):
            self._anchors.entity(name, local)
        self._text.add(prose, numbered=True)
        self._note(prose)
        self._formulas.names = []

    def _paragraph(self, lines: Lines, *, before_table: bool = False) -> None:
        passage = lines.passage()
        prose = self._text.read(passage)
        if not len(prose) and not prose.marks:
            return
        self._at_top = False
        caption = None if self._in_cell else read_caption(prose.text.strip())
        if caption is not None:
            self._text.know_figure(caption)
            if caption.kind == "figure" or self._tables.writer.caption(
                caption, self._waiting, before_table=before_table
            ):
                self._take_names()
            self._text.add(prose, numbered=True)
            self._note(prose)
            return
        self._forget_tables()
        self._take_names()
        self._text.add(prose)
        self._note(prose)
        if not self._in_cell:
            in_list = bool(self._lists)
            explains = self._lists[-1] if self._item_begins and in_list else None
            self._item_begins = False
            self._text.define(prose, passage, in_list=in_list, explains=explains)

    def _loose(self, lines: Lines) -> Prose:
        """Read text that is no paragraph, such as a title in a box."""
        prose = self._text.read(lines.passage())
        self._text.add(prose)
        self._note(prose)
        return prose

    def _code(self, lines: Lines) -> None:
        self._begin_block()
        self._take_names()
        if self._regions and len(lines):
            prose = Prose()
            prose.add(" ".join(" ".join(lines.texts).split()), lines.place())
            self._note(prose)

    # Names

    def _name(self, name: str, kind: str) -> None:
        self._waiting.append(name)
        self._anchors.thing(name, kind)

    def _take_names(self) -> list[str]:
        names, self._waiting = self._waiting, []
        return names

    def _footnote(self, block: Footnote) -> None:
        self._begin_block()
        if block.citation:
            self._anchors.thing(block.label, "bibliography")
        else:
            label = self._text.prose.footnote(block.label)
            self._anchors.thing(f"^{label}", "footnote")
            self._anchors.thing(label.removeprefix("#"), "footnote")
        self._walk(block.blocks)

    # Lists

    def _list(self, block: ListBlock) -> None:
        after_formula: Heads | None = "symbols" if self._formulas.just_written else None
        self._lists.append(self._text.announces or after_formula)
        self._begin_block()
        for item in block.items:
            self._item_begins = True
            self._walk(item)
            self._item_begins = False
        self._lists.pop()
        self._begin_block()

    def _quote(self, blocks: Blocks) -> None:
        # A formula is often set apart by nothing but its indent.
        self._walk(blocks)

    def _definitions(self, items: Sequence[Item]) -> None:
        self._deflists.begin(self._take_names())
        for item in items:
            for term in item.terms:
                self._term(term)
            if len(item.lines):
                self._body(item)
        self._deflists.end()

    def _body(self, item: Item) -> None:
        region = self._deflists.body(item.lines.place())
        self._regions.append(region)
        self._walk(item.blocks)
        self._regions.remove(region)

    def _term(self, lines: Lines) -> None:
        parts = _CLASSIFIER.split(lines.texts[0])
        if len(parts) > 1 and _is_closed(parts[0]):
            lines = lines.window(0, 1, [(0, len(parts[0]))])
        prose = self._text.read(lines.passage())
        self._deflists.term(prose)
        self._text.add(prose)
        self._note(prose)

    def _fields(self, block: FieldList) -> None:
        self._begin_block()
        # The fields that a document begins with are about the document.
        about, self._at_top = self._at_top, False
        for item in block.items:
            name = item.terms[0]
            parameter = _PARAMETER.match(name.texts[0])
            if parameter:
                name = name.window(0, 1, [parameter.span("name")])
            defines = len(item.lines) and not about and not _ABOUT_CODE.match(name.texts[0])
            if defines and any(isinstance(each, Paragraph) for each in item.blocks):
                self._deflists.begin(self._take_names())
                self._term(name)
                self._body(item)
                self._deflists.end()
            else:
                self._walk(item.blocks)

    # Tables

    def _note_table(self, cells: Sequence[Prose]) -> None:
        self._at_top = False
        if not self._in_cell:
            self._text.leave()
        if self._regions:
            for prose in cells:
                self._note(prose)

    def _cell_blocks(self, blocks: Blocks) -> Prose:
        region = Prose()
        outer, self._regions = self._regions, [region]
        was_in_cell, self._in_cell = self._in_cell, True
        names, self._waiting = self._waiting, []
        self._walk(blocks)
        self._regions, self._in_cell, self._waiting = outer, was_in_cell, names
        return region

    # Directives

    def _directive(self, block: Directive) -> None:
        name = block.name
        if name == "math":
            self._math(block)
            return
        if name in {"index", "highlight", "currentmodule", "tabularcolumns", "class", "rst-class"}:
            # These belong to what comes next.
            self._walk(block.blocks)
            return
        self._at_top = False
        if name in _TABLES:
            self._table(block)
            return
        if block.label and name != "glossary":
            kind = "figure" if name in _FIGURES else "directive"
            self._name(block.label, kind)
        if name in _FIGURES:
            for waiting in self._take_names():
                self._anchors.thing(waiting, "figure")
        elif name == "toctree":
            self._toctree(block.content)
        elif name == "glossary":
            self._begin_block()
            self._deflists.expect_glossary()
            self._walk(block.blocks)
            self._deflists.forget_glossary()
            return
        if name in TITLED and block.argument is not None:
            self._begin_block()
            self._loose(block.argument)
        if block.blocks:
            self._begin_block()
            self._walk(block.blocks)
        elif name not in TITLED:
            self._begin_block()
        self._take_names()

    def _math(self, block: Directive) -> None:
        self._forget_tables()
        names = [*filter(None, [block.label]), *self._take_names()]
        parts = [] if block.argument is None else [block.argument]
        if len(block.content):
            parts += _formulas(block.content)
        for part in parts:
            passage = part.passage(keep_indent=True)
            self._formulas.add(passage.content, part.place(), display=True, names=names)
            names = []
            if self._regions:
                prose = Prose()
                prose.add(self._formulas.text(passage.content, display=True), part.place())
                self._note(prose)
        for name in names:
            self._anchors.thing(name, "math")

    def _table(self, block: Directive) -> None:
        if block.label:
            self._name(block.label, "table")
        if block.argument is not None:
            prose = self._text.read(block.argument.passage())
            self._text.add(prose, numbered=True)
            caption = read_caption(prose.text.strip())
            self._tables.writer.expect(
                caption or Caption("table", None, " ".join(prose.text.split()))
            )
        if block.name == "table":
            self._walk(block.blocks)
        elif block.name == "csv-table":
            self._note_table(self._tables.csv(block, self._take_names()))
        else:
            self._note_table(self._tables.listed(block, self._take_names()))

    def _toctree(self, content: Lines) -> None:
        for at, text in enumerate(content.texts):
            found = _TOC_ENTRY.match(text)
            if found is None or text.startswith((" ", ":")):
                continue
            target = found["target"] or found["path"]
            if target == "self" or "*" in target:
                continue
            place = content.at(at, 0), content.at(at, len(text))
            self._draft.reference(
                place,
                text=found["title"] or target,
                raw_target=target,
                reference_type="document",
                target_document=target,
                resolution=Resolution(state="external", by="document"),
            )


def _is_table(block: object) -> bool:
    return isinstance(block, TableBlock) or (isinstance(block, Directive) and block.name in _TABLES)


def _is_closed(text: str) -> bool:
    """Whether no markup that begins in a text ends behind it."""
    return text.count("`") % 2 == 0


def _formulas(content: Lines) -> list[Lines]:
    """Part the formulas of a directive, which blank lines part unless they stand in one."""
    text = "\n".join(content.texts)
    parts = content.paragraphs()
    balanced = all(
        sum(line.count(r"\begin{") for line in part.texts)
        == sum(line.count(r"\end{") for line in part.texts)
        for part in parts
    )
    return parts if balanced or r"\begin{" not in text else [content]
