"""Tables from Markdown: tokens and the lines under them as cells with prose."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from markdown_it.token import Token

from eventdocs.extraction._draft import Draft
from eventdocs.extraction._markdown_parser import Chunk
from eventdocs.extraction._markdown_tables import CellSource, TableSource, pipe_cells
from eventdocs.extraction._prose import Passage, Prose
from eventdocs.extraction._tables import RawCell, RawTable

__all__ = ["drawn_table", "list_table", "matching", "pipe_table"]

ReadLine = Callable[[Passage], Prose]
"""Reads the text of a cell, and adds what is in it."""

ReadBlocks = Callable[[Sequence[Token], Chunk], Prose]
"""Reads the blocks of a cell, and adds what is in them."""

_BLOCK_MARKUP = re.compile(r"\s*(?:[-*+>#|`~:$\\{]|\d+[.)]|$)")


def pipe_table(token: Token, chunk: Chunk, draft: Draft, read: ReadLine) -> RawTable:
    """Read a table whose cells are divided by pipes; no row is padded or cut."""
    rows: list[tuple[int, int]] = token.meta["rows"]
    cells: list[RawCell] = []
    widths: list[int] = []
    for row, (start, end) in enumerate(rows):
        text = chunk.source[start:end]
        bounds = pipe_cells(text)
        draft.count_cells(len(bounds))
        widths.append(len(bounds))
        for col, (first, after) in enumerate(bounds):
            place = chunk.place(start + first, start + after)
            prose = Prose()
            if after > first:
                prose = read(_unescaped(text[first:after], place[0]))
            cells.append(RawCell(row, col, prose, place if after > first else None))
    place = chunk.place(rows[0][0], rows[-1][0])[0], chunk.place(*rows[-1])[1]
    return RawTable(_trimmed(draft, place), cells, widths, header_rows=1)


def _unescaped(text: str, place: int) -> Passage:
    r"""Write `\|` as the pipe it stands for, without losing the places behind it."""
    if "\\|" not in text:
        return Passage(text, [(0, place)])
    pieces: list[tuple[int, int]] = []
    offset = 0
    at = 0
    parts = text.split("\\|")
    for number, part in enumerate(parts):
        if number:
            pieces.append((offset, place + at + 1))
            pieces.append((offset + 1, place + at + 2))
            offset, at = offset + 1, at + 2
        else:
            pieces.append((0, place))
        offset += len(part)
        at += len(part)
    return Passage("|".join(parts), pieces)


def drawn_table(
    token: Token, chunk: Chunk, draft: Draft, read: ReadLine, read_blocks: Callable[[Chunk], Prose]
) -> RawTable:
    """Read a simple, multiline or grid table."""
    table: TableSource = token.meta["table"]
    draft.count_cells(len(table.cells))
    cells = [
        RawCell(
            cell.row,
            cell.col,
            _drawn_cell(cell, table, chunk, read, read_blocks),
            chunk.place(cell.lines[0][0], cell.lines[-1][1]) if cell.lines else None,
            cell.row_span,
            cell.col_span,
        )
        for cell in table.cells
    ]
    lines = token.map or [0, 0]
    return RawTable(chunk.line_place(*lines), cells, table.widths, table.header_rows)


def _drawn_cell(
    cell: CellSource,
    table: TableSource,
    chunk: Chunk,
    read: ReadLine,
    read_blocks: Callable[[Chunk], Prose],
) -> Prose:
    if not cell.lines:
        return Prose()
    texts = [chunk.source[start:end] for start, end in cell.lines]
    starts = [chunk.place(start, end)[0] for start, end in cell.lines]
    if table.blocks and any(_BLOCK_MARKUP.match(text) for text in texts):
        return read_blocks(Chunk(texts, starts))
    pieces: list[tuple[int, int]] = []
    offset = 0
    for text, start in zip(texts, starts, strict=True):
        pieces.append((offset, start))
        offset += len(text) + 1
    return read(Passage("\n".join(texts), pieces))


def list_table(
    tokens: Sequence[Token], chunk: Chunk, draft: Draft, header: tuple[int, int], read: ReadBlocks
) -> RawTable | None:
    """Read MyST's list-table: a list of rows, each a list of cells.

    Args:
        tokens: What stands in the directive.
        chunk: Their lines.
        draft: Counts the cells.
        header: Header rows, and header columns.
        read: Reads the blocks of a cell.
    """
    rows: list[list[Sequence[Token]]] = []
    depth = 0
    begins = 0
    for at, token in enumerate(tokens):
        if token.type == "list_item_open":
            depth += 1
            if depth == 1:
                rows.append([])
            elif depth == 2:
                begins = at + 1
        elif token.type == "list_item_close":
            if depth == 2:
                rows[-1].append(tokens[begins:at])
            depth -= 1
    if not any(rows):
        return None
    cells: list[RawCell] = []
    for row, parts in enumerate(rows):
        draft.count_cells(len(parts))
        for col, part in enumerate(parts):
            prose = read(part, chunk)
            cells.append(RawCell(row, col, prose, prose.whole() if len(prose) else None))
    lines = [token.map for token in tokens if token.map]
    place = chunk.line_place(min(line[0] for line in lines), max(line[1] for line in lines))
    widths = [len(row) for row in rows]
    header_rows, header_cols = header
    return RawTable(
        place, cells, widths, min(header_rows, len(rows)), min(header_cols, max(widths))
    )


def matching(tokens: Sequence[Token], at: int) -> int:
    """Find the token that closes what the token at *at* opens."""
    depth = 0
    for index in range(at, len(tokens)):
        depth += tokens[index].nesting
        if depth == 0:
            return index
    return len(tokens) - 1


def _trimmed(draft: Draft, place: tuple[int, int]) -> tuple[int, int]:
    start, end = place
    return start, start + len(draft.source.text[start:end].rstrip())
