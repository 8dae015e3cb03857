"""The blocks of reStructuredText, as the parser gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import attrs

from eventdocs.extraction._rst_lines import Lines

__all__ = [
    "Block",
    "Code",
    "DefinitionList",
    "Directive",
    "FieldList",
    "Footnote",
    "Heading",
    "Item",
    "LineBlock",
    "ListBlock",
    "Nodes",
    "Paragraph",
    "Quote",
    "TableBlock",
    "TableCell",
    "Target",
]

Nodes: TypeAlias = "tuple[Block, ...]"


@attrs.frozen(eq=False)
class Paragraph:
    """Text; without the colons that announce code."""

    lines: Lines


@attrs.frozen(eq=False)
class Heading:
    """A title: its one line, where it stands with its lines above and below, and its level."""

    lines: Lines
    place: tuple[int, int]
    level: int


@attrs.frozen(eq=False)
class Quote:
    """What is indented."""

    blocks: Nodes


@attrs.frozen(eq=False)
class ListBlock:
    """A list with bullets, numbers or options: the blocks of each item."""

    items: tuple[Nodes, ...]


@attrs.frozen(eq=False)
class Item:
    """A term or the name of a field, and what is said about it.

    Attributes:
        terms: One line each.
        lines: The body.
        blocks: The same, parsed.
    """

    terms: tuple[Lines, ...]
    lines: Lines
    blocks: Nodes


@attrs.frozen(eq=False)
class DefinitionList:
    """Terms and what they mean."""

    items: tuple[Item, ...]


@attrs.frozen(eq=False)
class FieldList:
    """Names between colons, and what they hold."""

    items: tuple[Item, ...]


@attrs.frozen(eq=False)
class LineBlock:
    """Lines that stay lines."""

    lines: tuple[Lines, ...]


@attrs.frozen(eq=False)
class TableCell:
    """A cell of a table.

    Attributes:
        row: From 0.
        col: From 0.
        blocks: What it holds.
        place: Where that stands; None if it holds nothing.
        row_span: How many rows it covers.
        col_span: How many columns it covers.
    """

    row: int
    col: int
    blocks: Nodes
    place: tuple[int, int] | None
    row_span: int = 1
    col_span: int = 1


@attrs.frozen(eq=False)
class TableBlock:
    """A drawn table: a grid, or a simple one.

    Attributes:
        place: Where it stands.
        cells: By row and column.
        n_rows: How many rows it has.
        n_cols: How many columns.
        header_rows: How many rows head the columns.
    """

    place: tuple[int, int]
    cells: Sequence[TableCell]
    n_rows: int
    n_cols: int
    header_rows: int


@attrs.frozen(eq=False)
class Code:
    """Text that is shown as it stands."""

    lines: Lines


@attrs.frozen(eq=False)
class Footnote:
    """A footnote or a citation.

    Attributes:
        label: `1`, `#`, `#name` and `*` for a footnote.
        citation: It is a citation.
        blocks: What it says.
    """

    label: str
    citation: bool
    blocks: Nodes


@attrs.frozen(eq=False)
class Target:
    """A name for what comes next."""

    name: str


@attrs.frozen(eq=False)
class Directive:
    """A directive.

    Attributes:
        name: In lower case, without a domain such as `py:`.
        argument: What stands behind the colons, and below them up to the options.
        options: The fields below it.
        fields: Their lines.
        content: What is left; may be empty.
        blocks: The same, parsed, where it is no code.
        place: Where all of it stands.
    """

    name: str
    argument: Lines | None
    options: dict[str, str]
    fields: Lines
    content: Lines
    blocks: Nodes
    place: tuple[int, int]

    @property
    def label(self) -> str | None:
        """The name by which it is referred to."""
        return self.options.get("name") or self.options.get("label")


Block: TypeAlias = (
    Paragraph
    | Heading
    | Quote
    | ListBlock
    | DefinitionList
    | FieldList
    | LineBlock
    | TableBlock
    | Code
    | Footnote
    | Target
    | Directive
)
