"""The writer: walks over the parts of a Word document, and writes them down as plain text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeAlias

import attrs
from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] - lxml names no public type

from eventdocs.extraction._docx_blocks import (
    Block,
    Note,
    Paragraph,
    TableBlock,
    TableCell,
    TableRow,
)
from eventdocs.extraction._docx_inline import Inline, NoteKind, Story, chosen
from eventdocs.extraction._docx_names import (
    COMPATIBILITY,
    FALSE,
    MATH,
    VALUE,
    WORD,
    by_tag,
    is_true,
    value,
)
from eventdocs.extraction._docx_numbering import Label, Numbering, roman
from eventdocs.extraction._docx_package import Package
from eventdocs.extraction._docx_styles import Look, ParagraphStyle, Styles
from eventdocs.extraction._docx_text import PlainText
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._prose import Prose

__all__ = ["DocumentWriter"]

_DROPPED = frozenset(
    {f"{WORD}del", f"{WORD}moveFrom", f"{WORD}sdtPr", f"{WORD}sdtEndPr", f"{WORD}sectPr"}
)
_BLOCKS = frozenset({f"{WORD}p", f"{WORD}tbl", f"{MATH}oMathPara", f"{MATH}oMath"})
_WRAPPERS = frozenset(
    f"{WORD}{name}" for name in ("sdt", "sdtContent", "customXml", "ins", "moveTo", "smartTag")
)
_CONTENTS = {"table of contents", "bibliographies index", "table of figures"}
_WIDEST = 4_096
_PARAGRAPH = f"{WORD}p"
_PROPERTIES = f"{WORD}pPr"
_STYLE = f"{WORD}pStyle"
_OUTLINE = f"{WORD}outlineLvl"

Properties: TypeAlias = dict[str, Element]
"""Properties by their tags."""


@attrs.frozen
class _Begun:
    """A paragraph that may go on."""

    inline: Inline
    label: Label | None
    start: int


class DocumentWriter:
    """Writes a document, and keeps its blocks.

    Args:
        package: The document.
        text: Where its text goes.
        formulas: Tells how formulas read.
        max_nesting: How deep tables and boxes are looked into.
    """

    def __init__(
        self, package: Package, text: PlainText, formulas: FormulaReader, max_nesting: int
    ) -> None:
        self._text = text
        self._package = package
        self._formulas = formulas
        self._deepest = max_nesting
        self._part = package.main()
        relations = package.relations(self._part)
        self._parts = {each.kind: each.target for each in relations.values() if not each.external}
        self._styles = Styles(self._open("styles"))
        self._numbering = Numbering(self._open("numbering"))
        self._notes: dict[NoteKind, dict[str, Element]] = {
            "footnote": self._read_notes("footnote"),
            "endnote": self._read_notes("endnote"),
        }
        self._labels: dict[tuple[NoteKind, str], str] = {}
        self._counted: dict[NoteKind, int] = {"footnote": 0, "endnote": 0}
        self._story = self._begin_story(self._part)
        self._depth = 0
        self._in_contents = 0
        self._names: list[str] = []
        self._waiting: list[tuple[NoteKind, str, str]] = []
        self._boxes: list[Element] = []
        self._carried: _Begun | None = None
        self._noted: set[tuple[NoteKind, str]] = set()
        self._count_boxes = 0

    def write(self) -> list[Block] | None:
        """Write the body; None if there is none."""
        root = self._package.part(self._part)
        body = root.find(f"{WORD}body") if root is not None else None
        if body is None:
            return None
        return self._blocks(body, f"{self._part}#")

    def _open(self, kind: str) -> Element | None:
        part = self._parts.get(kind)
        return self._package.part(part) if part is not None else None

    def _read_notes(self, kind: NoteKind) -> dict[str, Element]:
        root = self._open(f"{kind}s")
        found: dict[str, Element] = {}
        for each in root if root is not None else ():
            # Separators are notes too, of another type.
            if each.get(f"{WORD}type") in {None, "normal"}:
                found.setdefault(each.get(f"{WORD}id", ""), each)
        return found

    def _begin_story(self, part: str) -> Story:
        return Story(
            self._text, self._styles, self._package.relations(part), self._formulas, self._label
        )

    def _label(self, kind: NoteKind, note_id: str) -> str | None:
        if note_id not in self._notes[kind]:
            return None
        known = self._labels.get((kind, note_id))
        if known is None:
            self._counted[kind] += 1
            count = self._counted[kind]
            known = str(count) if kind == "footnote" else roman(count)
            self._labels[kind, note_id] = known
        return known

    # Blocks

    def _blocks(self, parent: Element, path: str) -> list[Block]:
        blocks: list[Block] = []
        paragraphs = tables = 0
        self._depth += 1
        for element in self._flat(parent):
            block: Block | None
            if element.tag == f"{WORD}tbl":
                tables += 1
                block = self._table(element, f"{path}tbl[{tables}]")
            else:
                paragraphs += 1
                block = self._paragraph(element, f"{path}p[{paragraphs}]")
            if block is not None:
                blocks.append(block)
                if self._depth == 1:
                    block.notes = self._write_notes()
        if self._carried is not None:
            # The mark of the last paragraph was deleted, and no paragraph takes it over.
            rest, self._carried = self._carried, None
            blocks += filter(None, [self._written(rest, {})])
        self._depth -= 1
        return blocks

    def _flat(self, parent: Element) -> Iterator[Element]:
        """The paragraphs and tables in an element, with all that is wrapped around them taken off."""
        waiting: list[Element | None] = list(reversed(parent))
        while waiting:
            element = waiting.pop()
            if element is None:
                self._in_contents -= 1
                continue
            tag = element.tag
            if tag in _BLOCKS:
                yield element
            elif tag == f"{WORD}bookmarkStart":
                name = element.get(f"{WORD}name", "")
                if name and name != "_GoBack":
                    self._names.append(name)
            elif tag == f"{COMPATIBILITY}AlternateContent":
                branch = chosen(element)
                waiting.extend(reversed(branch) if branch is not None else ())
            elif tag not in _DROPPED:
                if tag == f"{WORD}sdt" and _is_contents(element):
                    self._in_contents += 1
                    waiting.append(None)
                waiting.extend(reversed(element))

    def _paragraph(self, element: Element, path: str) -> Paragraph | None:
        begun, self._carried = self._carried, None
        properties = by_tag(element.find(_PROPERTIES) if element.tag == _PARAGRAPH else None)
        if begun is None:
            self._text.end_line()
            self._text.enter(path)
            begun = self._begin(properties)
        begun.inline.read(element if element.tag == _PARAGRAPH else [element])
        marks = properties.get(f"{WORD}rPr")
        if marks is not None and marks.find(f"{WORD}del") is not None:
            # With its mark deleted, the paragraph goes on with the next one.
            self._carried = begun
            return None
        return self._written(begun, properties)

    def _begin(self, properties: Properties) -> _Begun:
        start = self._text.length
        style_id = _text(properties, _STYLE)
        label = self._numbered(properties, style_id)
        if label is not None and label.text:
            self._text.write(f"{label.text} ")
        hidden = self._styles.paragraph(style_id).look.hidden
        return _Begun(Inline(self._story, Look(hidden=hidden)), label, start)

    def _written(self, begun: _Begun, properties: Properties) -> Paragraph | None:
        inline, label = begun.inline, begun.label
        inline.finish()
        self._names += inline.bookmarks
        self._waiting += inline.notes
        self._boxes += inline.boxes
        style = self._styles.paragraph(_text(properties, _STYLE))
        end = self._text.length
        level = _level(properties, style)
        shown = any(len(line) or line.marks for line in inline.lines)
        if not shown and not (inline.boxes or (level is not None and label is not None)):
            return None
        if self._depth == 1:
            self._text.write("\n" if label is not None and level is None else "\n\n")
        names, self._names = self._names, []
        return Paragraph(
            place=(begun.start, end),
            style=style,
            level=level,
            label=label,
            lines=inline.lines,
            names=names,
            sequences=inline.sequences,
            contents=inline.contents or bool(self._in_contents) or style.role == "contents",
        )

    def _numbered(self, properties: Properties, style_id: str | None) -> Label | None:
        style = self._styles.paragraph(style_id)
        own = properties.get(f"{WORD}numPr")
        number_id = value(own, "numId") or style.number_id
        if number_id is None or number_id == "0":
            return None
        level = value(own, "ilvl")
        at = int(level) if level is not None and level.isdecimal() and len(level) < 3 else None
        if at is None:
            at = style.number_level
        if at is None and style_id is not None:
            at = self._numbering.level_of_style(number_id, style_id)
        return self._numbering.label(number_id, at or 0)

    # Tables

    def _table(self, element: Element, path: str) -> Block | None:
        self._text.end_line()
        self._text.enter(path)
        start = self._text.length
        names, self._names = self._names, []
        if self._depth > self._deepest:
            return self._unread(element, start, names)
        rows: list[TableRow] = []
        for number, row in enumerate(_wrapped(element, "tr"), 1):
            properties = row.find(f"{WORD}trPr")
            if properties is not None and properties.find(f"{WORD}del") is not None:
                continue
            self._text.end_line()
            self._text.enter(path)
            rows.append(self._row(row, properties, f"{path}/tr[{number}]/"))
        end = self._text.length
        if not any(row.cells for row in rows):
            self._names = names + self._names
            return None
        self._text.write("\n" if self._depth == 1 else "")
        look = element.find(f"{WORD}tblPr/{WORD}tblLook")
        return TableBlock(place=(start, end), rows=rows, first_row=_first_row(look), names=names)

    def _row(self, row: Element, properties: Element | None, path: str) -> TableRow:
        cells: list[TableCell] = []
        self._text.write("| ")
        for number, cell in enumerate(_wrapped(row, "tc"), 1):
            self._text.write(" | " if number > 1 else "")
            cells.append(self._cell(cell, f"{path}tc[{number}]/"))
        self._text.write(" |\n")
        return TableRow(
            cells=cells,
            header=bool(is_true(properties, "tblHeader")),
            before=_count(value(properties, "gridBefore"), 0),
            after=_count(value(properties, "gridAfter"), 0),
        )

    def _cell(self, cell: Element, path: str) -> TableCell:
        properties = cell.find(f"{WORD}tcPr")
        merge = properties.find(f"{WORD}vMerge") if properties is not None else None
        continues = merge is not None and merge.get(f"{WORD}val") != "restart"
        start = self._text.length
        # The first paragraph goes on with the line of its row.
        self._text.at_line_start = True
        blocks = self._blocks(cell, path)
        self._text.at_line_start = False
        return TableCell(
            place=(start, self._text.length),
            blocks=blocks,
            span=_count(value(properties, "gridSpan"), 1),
            continues=continues,
        )

    def _unread(self, element: Element, start: int, names: list[str]) -> Paragraph:
        words = " ".join(
            " ".join((each.text or "").split()) for each in element.iter(f"{WORD}t", f"{MATH}t")
        )
        prose = Prose()
        place = self._text.write(words)
        prose.add(words, place, verbatim=True)
        return Paragraph(
            place=(start, place[1]),
            style=self._styles.paragraph(None),
            level=None,
            label=None,
            lines=[prose],
            names=names,
        )

    # Notes

    def _write_notes(self) -> list[Note]:
        """Write the notes and boxes that the last block refers to, below it."""
        notes: list[Note] = []
        while self._waiting or self._boxes:
            waiting, self._waiting = self._waiting, []
            boxes, self._boxes = self._boxes, []
            for kind, note_id, label in waiting:
                element = self._notes[kind][note_id]
                if (kind, note_id) not in self._noted:
                    self._noted.add((kind, note_id))
                    self._text.end_line()
                    self._text.write(f"[^{label}]: ")
                    part = self._parts.get(f"{kind}s", "")
                    blocks = self._aside(element, part, f"{part}#{kind}[{note_id}]/")
                    notes.append(Note(kind=kind, label=label, blocks=blocks))
            for box in boxes:
                self._count_boxes += 1
                path = f"{self._part}#box[{self._count_boxes}]/"
                notes.append(Note(kind="box", label="", blocks=self._aside(box, self._part, path)))
        return notes

    def _aside(self, element: Element, part: str, path: str) -> list[Block]:
        outer, self._story = self._story, self._begin_story(part)
        self._text.at_line_start = True
        blocks = self._blocks(element, path) if self._depth <= self._deepest else []
        self._text.at_line_start = False
        self._text.end_line()
        self._text.write("\n")
        self._story = outer
        return blocks


def _wrapped(parent: Element, name: str) -> Iterator[Element]:
    """The rows of a table, or the cells of a row, with what is wrapped around them taken off."""
    waiting = list(reversed(parent))
    while waiting:
        element = waiting.pop()
        if element.tag == f"{WORD}{name}":
            yield element
        elif element.tag in _WRAPPERS:
            waiting.extend(reversed(element))


def _is_contents(tagged: Element) -> bool:
    gallery = tagged.find(f"{WORD}sdtPr/{WORD}docPartObj/{WORD}docPartGallery")
    return gallery is not None and gallery.get(f"{WORD}val", "").lower() in _CONTENTS


def _text(properties: Properties, tag: str) -> str | None:
    found = properties.get(tag)
    return None if found is None else found.get(VALUE)


def _level(properties: Properties, style: ParagraphStyle) -> int | None:
    if style.role not in {"text", "heading"}:
        return None
    own = _text(properties, _OUTLINE)
    if own is not None and own.isdecimal() and len(own) < 3:
        return int(own) + 1 if int(own) < 9 else None
    return style.level


def _count(text: str | None, otherwise: int) -> int:
    is_number = text is not None and text.isdecimal() and len(text) < 6
    return min(int(text), _WIDEST) if is_number and text is not None else otherwise


def _first_row(look: Element | None) -> bool:
    if look is None:
        return False
    own = look.get(f"{WORD}firstRow")
    if own is not None:
        return own not in FALSE
    flags = look.get(f"{WORD}val", "")
    return bool(re.fullmatch("[0-9A-Fa-f]{4}", flags)) and int(flags, 16) & 0x20 != 0
