"""Blocks: the meaning of a document's blocks in their order, whatever the format was."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from uuid import UUID

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._captions import Caption, read_caption
from eventdocs.extraction._deflists import DefinitionLists
from eventdocs.extraction._draft import Draft, Place
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._headings import heading_number
from eventdocs.extraction._prose import PlacedText, Prose
from eventdocs.extraction._table_writer import TableWriter
from eventdocs.extraction._tables import RawTable
from eventdocs.extraction._text import BlockText
from eventdocs.extraction._where import Heads
from eventdocs.ir import Notation

__all__ = ["Blocks"]


class Blocks:
    """Adds blocks to a draft, in the order in which they stand.

    A reader of a format calls it for each block. What one block says about the next is kept
    here: names given in advance, captions, formulas that the next words explain.

    Attributes:
        tables: Adds tables, and knows the captions around them.
        definitions: Adds definition lists.
    """

    def __init__(
        self, draft: Draft, text: BlockText, reader: FormulaReader, anchors: Anchors
    ) -> None:
        self._draft = draft
        self._anchors = anchors
        self._text = text
        self.tables = TableWriter(draft, anchors)
        self.definitions = DefinitionLists(draft, reader, anchors)
        self._waiting: list[str] = []
        self._regions: list[Prose] = []
        self._lists: list[Heads | None] = []
        self._item_begins = False
        self._quotes = 0
        self._in_cell = False

    def linear(self, latex: str, *, display: bool) -> str:
        """How a formula reads on one line."""
        return self._text.formulas.text(latex, display=display)

    def finish(self) -> None:
        """Nothing comes next."""
        self.tables.forget()

    # Names

    def name(self, name: str, kind: str = "anchor") -> None:
        """Keep a name for what comes next."""
        self._waiting.append(name)
        self._anchors.thing(name, kind)

    def knows(self, name: str, local: UUID) -> None:
        """Know *name* as one of an entity that stands in the draft."""
        self._anchors.entity(name, local)

    def take_names(self) -> list[str]:
        """Take the names that wait for what comes next, in the order in which they stand."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def _named(self, own: Sequence[str] = ()) -> list[str]:
        """All names of a block: its own first, then those before it, the nearest first."""
        return list(dict.fromkeys((*own, *reversed(self.take_names()))))

    # Text

    def heading(
        self, prose: Prose, place: Place, *, level: int, names: Sequence[str]
    ) -> UUID | None:
        """Add a heading with the section that it begins; in a list or a quotation it begins none."""
        self.part()
        title = " ".join(prose.text.split())
        inner = [mark.content for mark in prose.marks if mark.kind == "anchor"]
        all_names = self._named((*names, *inner))
        if self._quotes or self._lists or self._in_cell:
            local = None
            for name in all_names:
                self._anchors.thing(name, "heading")
        else:
            local = self._draft.heading(
                place,
                title=title,
                level=level,
                number=heading_number(title),
                anchor=all_names[0] if all_names else None,
            )
            for name in all_names:
                self._anchors.entity(name, local)
        self._text.add(prose, numbered=True)
        self._note(prose)
        self._text.formulas.names = []
        return local

    def words(self, prose: Prose) -> None:
        """Add text that is no paragraph, such as a title in a box."""
        self._text.add(prose)
        self._note(prose)

    def paragraph(self, prose: Prose, written: PlacedText, *, before_table: bool = False) -> None:
        """Add what stands in a paragraph.

        Args:
            prose: The paragraph.
            written: The same, line by line.
            before_table: A table comes next.
        """
        names = [mark.content for mark in prose.marks if mark.kind == "anchor"]
        text = prose.text.strip()
        if not text and names and len(names) == len(prose.marks):
            # Nothing but anchors: they name what comes next.
            for name in names:
                self.name(name)
            return
        caption = None if self._in_cell else read_caption(text, names[0] if names else None)
        if caption is not None:
            self.caption(prose, caption, before_table=before_table)
            return
        self._forget_tables()
        self.take_names()
        self._text.add(prose)
        self._note(prose)
        if not self._in_cell:
            in_list = bool(self._lists)
            explains = self._lists[-1] if self._item_begins and in_list else None
            self._item_begins = False
            self._text.define(prose, written, in_list=in_list, explains=explains)

    def caption(self, prose: Prose, caption: Caption, *, before_table: bool) -> None:
        """Add a caption, and give it to its table if that has been read already."""
        self._text.know_figure(caption)
        if caption.kind == "figure" or self.tables.caption(
            caption, self._waiting, before_table=before_table
        ):
            self.take_names()
        self._text.add(prose, numbered=True)
        self._note(prose)

    def code(self, text: str, place: Place) -> None:
        """Pass over code; what is defined by it still says so."""
        self.part()
        self.take_names()
        self._note_plain(text, place)

    def part(self) -> None:
        """Something stands between what came before and what comes next."""
        self._forget_tables()
        self._text.leave()

    def _note_plain(self, text: str, place: Place) -> None:
        if self._regions:
            prose = Prose()
            prose.add(" ".join(text.split()), place)
            self._note(prose)

    def _note(self, prose: Prose) -> None:
        if self._regions:
            self._regions[-1].extend(prose)

    # Formulas

    def display(
        self,
        latex: str,
        place: Place,
        *,
        names: Sequence[str] = (),
        notation: Notation = "latex",
        number: str | None = None,
    ) -> None:
        """Add a formula on a line of its own."""
        self._forget_tables()
        self._text.formulas.add(
            latex,
            place,
            display=True,
            names=self._named(names),
            notation=notation,
            number=number,
        )
        if self._regions:
            self._note_plain(self._text.formulas.text(latex, display=True), place)

    # Tables

    def expect_caption(self, prose: Prose, caption: Caption) -> None:
        """Keep the caption of the table that comes next."""
        self._text.add(prose, numbered=True)
        self.tables.expect(caption)

    def table(self, raw: RawTable, *, names: Sequence[str] = ()) -> None:
        """Add a table, whose cells were read by `cell()`."""
        self.tables.add(raw, self._named(names))
        self._text.leave()
        for cell in raw.cells:
            self._note(cell.prose)

    @contextmanager
    def cell(self) -> Generator[Prose]:
        """Collect the text of all blocks that are read in the block."""
        region = Prose()
        outer = self._regions, self._in_cell, self._waiting
        self._regions, self._in_cell, self._waiting = [region], True, []
        yield region
        self._regions, self._in_cell, self._waiting = outer

    def cell_text(self, prose: Prose, written: PlacedText) -> None:
        """Add what stands in a cell that holds nothing but text."""
        self._text.add_cell(prose, written)
        self._note(prose)

    def _forget_tables(self) -> None:
        # What stands in a cell does not part its table from a caption.
        if not self._in_cell:
            self.tables.forget()

    # Lists

    def begin_definitions(self, names: Sequence[str] = (), *, glossary: bool = False) -> None:
        """Begin a list of terms and what they mean."""
        self.part()
        if glossary:
            self.definitions.expect_glossary()
        self.definitions.begin(self._named(names))

    def term(self, prose: Prose) -> None:
        """Add a term of the list."""
        self._leave(self.definitions.term(prose))
        self._text.add(prose)
        self._note(prose)

    def body(self, place: Place) -> None:
        """Begin the explanation of the terms before; the blocks that follow are part of it."""
        region = self.definitions.body(place)
        if not any(each is region for each in self._regions):
            self._regions.append(region)

    def end_definitions(self) -> None:
        """End the list."""
        self._leave(self.definitions.end())

    def _leave(self, region: Prose | None) -> None:
        if region is not None and self._regions and self._regions[-1] is region:
            self._regions.pop()
            # What is said in an explanation is said in the one around it.
            self._note(region)

    def begin_list(self) -> None:
        """The items that follow are those of one list."""
        formulas = self._text.formulas
        after_formula: Heads | None = "symbols" if formulas.just_written else None
        self._lists.append(self._text.announces or after_formula)
        self.part()

    def end_list(self) -> None:
        """The last list that was begun has ended."""
        if self._lists:
            self._lists.pop()
        self.part()

    def item(self, *, begins: bool = True) -> None:
        """An item of a list begins, or has ended."""
        self._item_begins = begins

    def begin_quotation(self) -> None:
        """What follows is quoted."""
        self._quotes += 1

    def end_quotation(self) -> None:
        """The last quotation that was begun has ended."""
        self._quotes -= 1
