"""The reader of reStructuredText: blocks in order, read into a draft of the document's meaning."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._blocks import Blocks
from eventdocs.extraction._captions import Caption, read_caption
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._references import References
from eventdocs.extraction._rst_directives import TITLED
from eventdocs.extraction._rst_lines import Lines
from eventdocs.extraction._rst_names import Names, normalised
from eventdocs.extraction._rst_nodes import (
    Code,
    DefinitionList,
    Directive,
    FieldList,
    Footnote,
    Heading,
    Item,
    LineBlock,
    ListBlock,
    Nodes,
    Paragraph,
    Quote,
    TableBlock,
    Target,
)
from eventdocs.extraction._rst_table_reader import RstTables
from eventdocs.extraction._rst_text import RstText
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
        self._blocks = Blocks(draft, self._text, formulas, anchors)
        self._tables = RstTables(draft, self._blocks, self._text, self._cell_blocks)
        self._at_top = True

    def read(self, blocks: Nodes) -> None:
        """Read all *blocks* of a document."""
        self._walk(blocks)
        self._blocks.finish()

    def _walk(self, blocks: Nodes) -> None:
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
                    self._definitions(block.items)
                case FieldList():
                    self._fields(block)
                case LineBlock():
                    self._blocks.part()
                    for line in block.lines:
                        self._words(line)
                case TableBlock():
                    self._at_top = False
                    self._tables.drawn(block)
                case Code():
                    self._code(block.lines)
                case Footnote():
                    self._footnote(block)
                case Target():
                    self._blocks.name(block.name)
                case Directive():
                    self._directive(block)

    # Text

    def _heading(self, block: Heading) -> None:
        prose = self._text.read(block.lines.passage())
        marked = [mark.content for mark in prose.marks if mark.kind == "anchor"]
        local = self._blocks.heading(
            prose, block.place, level=block.level, names=[*self._blocks.take_names(), *marked]
        )
        if local is not None:
            self._anchors.entity(normalised(" ".join(prose.text.split())), local)

    def _paragraph(self, lines: Lines, *, before_table: bool = False) -> None:
        passage = lines.passage()
        prose = self._text.read(passage)
        if len(prose) or prose.marks:
            self._at_top = False
            self._blocks.paragraph(prose, passage, before_table=before_table)

    def _words(self, lines: Lines) -> None:
        self._blocks.words(self._text.read(lines.passage()))

    def _code(self, lines: Lines) -> None:
        if len(lines):
            self._blocks.code(" ".join(lines.texts), lines.place())
        else:
            self._blocks.part()
            self._blocks.take_names()

    def _footnote(self, block: Footnote) -> None:
        self._blocks.part()
        if block.citation:
            self._anchors.thing(block.label, "bibliography")
        else:
            label = self._text.prose.footnote(block.label)
            self._anchors.thing(f"^{label}", "footnote")
            self._anchors.thing(label.removeprefix("#"), "footnote")
        self._walk(block.blocks)

    # Lists

    def _list(self, block: ListBlock) -> None:
        self._blocks.begin_list()
        for item in block.items:
            self._blocks.item()
            self._walk(item)
            self._blocks.item(begins=False)
        self._blocks.end_list()

    def _quote(self, blocks: Nodes) -> None:
        # A formula is often set apart by nothing but its indent.
        self._walk(blocks)

    def _definitions(self, items: Sequence[Item]) -> None:
        self._blocks.begin_definitions(self._blocks.take_names())
        for item in items:
            for term in item.terms:
                self._term(term)
            if len(item.lines):
                self._body(item)
        self._blocks.end_definitions()

    def _body(self, item: Item) -> None:
        self._blocks.body(item.lines.place())
        self._walk(item.blocks)

    def _term(self, lines: Lines) -> None:
        parts = _CLASSIFIER.split(lines.texts[0])
        if len(parts) > 1 and _is_closed(parts[0]):
            lines = lines.window(0, 1, [(0, len(parts[0]))])
        self._blocks.term(self._text.read(lines.passage()))

    def _fields(self, block: FieldList) -> None:
        self._blocks.part()
        # The fields that a document begins with are about the document.
        about, self._at_top = self._at_top, False
        for item in block.items:
            name = item.terms[0]
            parameter = _PARAMETER.match(name.texts[0])
            if parameter:
                name = name.window(0, 1, [parameter.span("name")])
            defines = len(item.lines) and not about and not _ABOUT_CODE.match(name.texts[0])
            if defines and any(isinstance(each, Paragraph) for each in item.blocks):
                self._blocks.definitions.begin(self._blocks.take_names())
                self._term(name)
                self._body(item)
                self._blocks.end_definitions()
            else:
                self._walk(item.blocks)

    def _cell_blocks(self, blocks: Nodes) -> Prose:
        with self._blocks.cell() as region:
            self._walk(blocks)
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
            self._blocks.name(block.label, kind)
        if name in _FIGURES:
            for waiting in self._blocks.take_names():
                self._anchors.thing(waiting, "figure")
        elif name == "toctree":
            self._toctree(block.content)
        elif name == "glossary":
            self._blocks.part()
            self._blocks.definitions.expect_glossary()
            self._walk(block.blocks)
            self._blocks.definitions.forget_glossary()
            return
        if name in TITLED and block.argument is not None:
            self._blocks.part()
            self._words(block.argument)
        if block.blocks:
            self._blocks.part()
            self._walk(block.blocks)
        elif name not in TITLED:
            self._blocks.part()
        self._blocks.take_names()

    def _math(self, block: Directive) -> None:
        names = [*filter(None, [block.label]), *self._blocks.take_names()]
        parts = [] if block.argument is None else [block.argument]
        if len(block.content):
            parts += _formulas(block.content)
        for part in parts:
            passage = part.passage(keep_indent=True)
            self._blocks.display(passage.content, part.place(), names=names)
            names = []
        for name in names:
            self._anchors.thing(name, "math")

    def _table(self, block: Directive) -> None:
        if block.label:
            self._blocks.name(block.label, "table")
        if block.argument is not None:
            prose = self._text.read(block.argument.passage())
            caption = read_caption(prose.text.strip())
            self._blocks.expect_caption(
                prose, caption or Caption("table", None, " ".join(prose.text.split()))
            )
        if block.name == "table":
            self._walk(block.blocks)
        elif block.name == "csv-table":
            self._tables.csv(block)
        else:
            self._tables.listed(block)

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
