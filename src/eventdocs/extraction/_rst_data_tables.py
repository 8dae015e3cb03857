"""Tables in directives of reStructuredText: lists of lists, and values between commas."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from eventdocs.extraction._prose import Passage
from eventdocs.extraction._rst_directives import FIELD
from eventdocs.extraction._rst_lines import Lines
from eventdocs.extraction._rst_nodes import Directive, ListBlock, Nodes, Paragraph, TableCell

__all__ = ["ValueCell", "csv_rows", "listed_cells"]

_SPAN = re.compile(r":(?P<way>[rc])span:`(?P<more>\d{1,4})`")
_DELIMITERS = {"tab": "\t", "space": " "}


@attrs.frozen(eq=False)
class ValueCell:
    """A cell between commas: what it says, and where."""

    passage: Passage
    place: tuple[int, int]


def listed_cells(directive: Directive) -> tuple[list[TableCell], list[int]]:
    """Read a list of rows, each a list of cells.

    Returns:
        The cells by row and column, and how many columns each row declares.
    """
    rows = next((block for block in directive.blocks if isinstance(block, ListBlock)), None)
    cells: list[TableCell] = []
    widths: list[int] = []
    taken: set[tuple[int, int]] = set()
    for row, item in enumerate(rows.items if rows is not None else ()):
        listed = next((block for block in item if isinstance(block, ListBlock)), None)
        col = 0
        for blocks in listed.items if listed is not None else ():
            while (row, col) in taken:
                col += 1
            down, right = _spans(blocks)
            if down > 1 or right > 1:
                taken.update((row + d, col + r) for d in range(down) for r in range(right))
            cells.append(TableCell(row, col, blocks, None, down, right))
            col += right
        while (row, col) in taken:
            col += 1
        widths.append(col)
    last = len(widths)
    cells = [attrs.evolve(cell, row_span=min(cell.row_span, last - cell.row)) for cell in cells]
    return cells, widths


def _spans(blocks: Nodes) -> tuple[int, int]:
    """Read the roles by which the kernel's `flat-table` makes a cell wider."""
    spans = {"r": 1, "c": 1}
    first = blocks[0] if blocks else None
    if isinstance(first, Paragraph):
        for found in _SPAN.finditer(first.lines.texts[0]):
            spans[found["way"]] = min(1 + int(found["more"]), 1000)
    return spans["r"], spans["c"]


def csv_rows(directive: Directive) -> tuple[list[list[ValueCell]], int]:
    """Read the values of a table, the row in its option `header` first.

    Returns:
        The rows, and how many of them head the columns.
    """
    options = directive.options
    delimiter = _character(options.get("delim", ","), ",")
    quote = _character(options.get("quote", '"'), '"')
    escape = _character(options["escape"], "\\") if "escape" in options else ""
    header = _header(directive.fields)
    rows: list[list[ValueCell]] = []
    if header is not None:
        rows += _rows(header.passage(), delimiter, quote, escape)
    heads = len(rows)
    if len(directive.content):
        rows += _rows(directive.content.passage(), delimiter, quote, escape)
    told = options.get("header-rows", "")
    return rows, heads + (int(told) if told.isdecimal() and len(told) < 6 else 0)


def _character(written: str, otherwise: str) -> str:
    written = written.strip()
    if written.lower() in _DELIMITERS:
        return _DELIMITERS[written.lower()]
    return written if len(written) == 1 else otherwise


def _header(fields: Lines) -> Lines | None:
    for at, text in enumerate(fields.texts):
        found = FIELD.match(text)
        if found and found["name"].lower() == "header":
            after = at + 1
            while after < len(fields) and not FIELD.match(fields.texts[after]):
                after += 1
            return fields.part(at, after, first_cut=found.end())
    return None


def _rows(passage: Passage, delimiter: str, quote: str, escape: str) -> list[list[ValueCell]]:
    text = passage.content
    rows: list[list[ValueCell]] = [[]]
    at = 0
    while at <= len(text):
        while text[at : at + 1] == " " and delimiter != " ":
            at += 1
        if text[at : at + 1] == quote:
            cell, at = _quoted(passage, at + 1, quote, escape)
        else:
            end = at
            while end < len(text) and text[end] not in (delimiter, "\n"):
                end += 1
            cell, at = _value(passage, [(at, end)]), end
        rows[-1].append(cell)
        if text[at : at + 1] == delimiter:
            at += 1
            continue
        end = text.find("\n", at)
        if end < 0:
            break
        at = end + 1
        if at < len(text):
            rows.append([])
        else:
            break
    return [row for row in rows if len(row) > 1 or (row and row[0].passage.content.strip())]


def _quoted(passage: Passage, start: int, quote: str, escape: str) -> tuple[ValueCell, int]:
    text = passage.content
    parts: list[tuple[int, int]] = []
    at = start
    while at < len(text):
        char = text[at]
        if escape and char == escape:
            parts.append((start, at))
            start, at = at + 1, at + 2
        elif char == quote:
            parts.append((start, at))
            start = at + 1
            if text[start : start + 1] != quote:
                break
            at += 2
        else:
            at += 1
    else:
        parts.append((start, len(text)))
        start = len(text)
    rest = start
    return _value(passage, parts), rest


def _value(passage: Passage, parts: Sequence[tuple[int, int]]) -> ValueCell:
    """Put a value together from the parts that are left of it without quotes."""
    content = ""
    pieces: list[tuple[int, int]] = []
    for start, end in parts:
        part = passage.part(start, end)
        at = 0
        for line in part.content.split("\n"):
            pieces.append((len(content) + at, part.at(at)))
            at += len(line) + 1
        content += part.content
    first, last = parts[0][0], parts[-1][1]
    place = passage.range(first, last)
    stripped = content.rstrip()
    return ValueCell(Passage(stripped, pieces), place)
