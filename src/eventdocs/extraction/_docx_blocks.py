"""The blocks of a Word document, after its text has been written: paragraphs and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import attrs

from eventdocs.extraction._docx_numbering import Label
from eventdocs.extraction._docx_styles import ParagraphStyle
from eventdocs.extraction._draft import Place
from eventdocs.extraction._prose import Prose

__all__ = ["Block", "Note", "Paragraph", "TableBlock", "TableCell", "TableRow"]


@attrs.define(kw_only=True, eq=False)
class Paragraph:
    """A paragraph.

    Attributes:
        place: Where it stands, its label included.
        style: What it is.
        level: Of a heading, from 1; None for everything else.
        label: What is printed before it.
        lines: Its text; parts that are divided by line breaks apart.
        names: Bookmarks that begin in it or directly before it.
        sequences: Counters in it, such as `Table` with `3`.
        contents: It belongs to a table of contents.
        notes: The footnotes that it refers to, and the text boxes that hang on it.
    """

    place: Place
    style: ParagraphStyle
    level: int | None
    label: Label | None
    lines: list[Prose]
    names: Sequence[str] = ()
    sequences: Sequence[tuple[str, str]] = ()
    contents: bool = False
    notes: list[Note] = attrs.field(factory=list["Note"])

    @property
    def is_list_item(self) -> bool:
        """Whether a number or a bullet stands before it, and it is no heading."""
        return self.label is not None and self.level is None


@attrs.define(kw_only=True, eq=False)
class TableCell:
    """A cell as it is written; where cells are merged, each row has its part of the cell.

    Attributes:
        place: Where it stands.
        blocks: What is in it.
        span: How many columns it covers.
        continues: It is part of the cell above.
    """

    place: Place
    blocks: list[Block]
    span: int
    continues: bool


@attrs.define(kw_only=True, eq=False)
class TableRow:
    """A row of a table.

    Attributes:
        cells: Its cells.
        header: It is repeated on every page.
        before: Columns that it leaves free on the left.
        after: Columns that it leaves free on the right.
    """

    cells: list[TableCell]
    header: bool
    before: int
    after: int


@attrs.define(kw_only=True, eq=False)
class TableBlock:
    """A table.

    Attributes:
        place: Where it stands.
        rows: Its rows.
        first_row: Its first row is to look like a header.
        names: Bookmarks that begin directly before it.
        notes: The footnotes that it refers to.
    """

    place: Place
    rows: list[TableRow]
    first_row: bool
    names: Sequence[str] = ()
    notes: list[Note] = attrs.field(factory=list["Note"])


@attrs.define(kw_only=True, eq=False)
class Note:
    """Text beside the text: a note, or a box.

    Attributes:
        kind: What it is.
        label: What refers to it; empty for boxes.
        blocks: What it says.
    """

    kind: Literal["footnote", "endnote", "box"]
    label: str
    blocks: list[Block]


Block: TypeAlias = Paragraph | TableBlock
"""What stands below one another."""
