"""What plain text is made of, as its layout tells: headings, paragraphs, items, terms and tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import attrs

__all__ = [
    "Code",
    "Entry",
    "Heading",
    "HeadingStyle",
    "Item",
    "Node",
    "Paragraph",
    "TableCell",
    "TableRows",
    "Term",
]

HeadingStyle: TypeAlias = Literal["title", "underlined", "numbered", "labelled", "set off"]


@attrs.frozen(eq=False)
class Heading:
    """The beginning of a section.

    Attributes:
        row: The line on which its title begins.
        start: First character of the title in the words of that line.
        end: The character after the last one, unless it goes on.
        style: What makes it one.
        lines: The first of its lines, and the one behind the last, underlines included.
        number: The number it begins with; empty without one.
        mark: How it is underlined; empty for other styles.
    """

    row: int
    start: int
    end: int
    style: HeadingStyle
    lines: tuple[int, int]
    number: str = ""
    mark: str = ""


@attrs.frozen(eq=False)
class Paragraph:
    """Lines of text; the first one without *cut* characters."""

    first: int
    end: int
    indent: int
    cut: int = 0


@attrs.frozen(eq=False)
class Item:
    """The beginning of an item of a list; its text is the next node.

    Attributes:
        row: Its line.
        indent: The column of its marker.
        number: The number that it counts with from the left margin; empty for others.
        cut: The characters of its marker.
    """

    row: int
    indent: int
    number: str = ""
    cut: int = 0


@attrs.frozen(eq=False)
class Term:
    """A term; the nodes behind it that are indented more say what it means."""

    row: int
    start: int
    end: int
    indent: int


@attrs.frozen(eq=False)
class Entry:
    """A note or a work that the text refers to; its text is the next node."""

    key: str
    row: int
    indent: int


@attrs.frozen(eq=False)
class Code:
    """Lines that are no prose."""

    first: int
    end: int
    indent: int


@attrs.frozen(eq=False)
class TableCell:
    """A cell: its place in the table, and the columns of the lines in which it stands."""

    row: int
    col: int
    lines: Sequence[tuple[int, int, int]]
    row_span: int = 1
    col_span: int = 1


@attrs.frozen(eq=False)
class TableRows:
    """A table: its lines, its cells by row and column, and how many rows head it."""

    first: int
    end: int
    indent: int
    cells: Sequence[TableCell]
    widths: Sequence[int]
    header_rows: int


Node: TypeAlias = Heading | Paragraph | Item | Term | Entry | Code | TableRows
