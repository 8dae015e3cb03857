"""Tables in plain text: grids, rows between bars, ruled columns, and columns that are only aligned."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

import attrs

from eventdocs.extraction._grids import GRID_BORDER, read_grid
from eventdocs.extraction._plain_text_nodes import TableCell, TableRows
from eventdocs.extraction._plain_text_page import Page

__all__ = ["find_table"]

_BOX = str.maketrans("─━═│┃║┌┬┐├┼┤└┴┘┏┳┓┣╋┫┗┻┛╔╦╗╠╬╣╚╩╝╞╪╡╒╤╕╘╧╛", "--=|||" + "+" * 36)
_BAR_RULER = re.compile(r"[|+]?[-=: ]+(?:[|+][-=: ]+)+[|+]?|[|+][-=: ]+[|+]")
_RULER = re.compile(r"[-=_]{2,}(?:[ \t]+[-=_]{2,})*")
_RUN = re.compile(r"[-=_]+")
_NUMERIC = re.compile(
    r"[-+(~<>≤≥±]?\s*[$€£]?\s*[\d.,]*\d[\d.,]*\)?\s*[^\s\d]{0,6}|-+|n/a", re.IGNORECASE
)
_MOST_LINES = 20_000
_MOST_SPACED = 300
_LONGEST_LINE = 1_000


def find_table(page: Page, first: int, end: int, *, captioned: bool) -> TableRows | None:
    """Read lines without a blank one between them as a table; None if they are none.

    Args:
        page: The lines.
        first: The first one.
        end: The one behind the last.
        captioned: A caption stands directly before them.
    """
    if end - first < 2 or end - first > _MOST_LINES:
        return None
    head = page.words[first]
    if head[0] in "+|┌┏╔╒" or " | " in head or " │ " in head or "|" in page.words[first + 1]:
        texts = [page.text(row).translate(_BOX) for row in range(first, end)]
        found = _grid(texts) or _bars(texts)
    elif _is_ruler(page.words[first]) or _is_ruler(page.words[first + 1]):
        end = _closing_ruler(page, first, end)
        texts = [page.text(row) for row in range(first, end)]
        found = _ruled(texts)
    else:
        rows = range(first, min(end, first + 6))
        if sum("  " in page.words[row] or "\t" in page.words[row] for row in rows) < min(
            3, len(rows)
        ):
            return None
        texts = [page.text(row) for row in range(first, end)]
        found = _aligned(texts, captioned=captioned)
    if found is None:
        return None
    cells = [
        TableCell(
            cell.row,
            cell.col,
            [(first + line, left, right) for line, left, right in cell.lines],
            cell.row_span,
            cell.col_span,
        )
        for cell in found.cells
    ]
    return TableRows(
        first,
        first + found.n_lines,
        page.indents[first],
        cells,
        found.widths,
        found.header_rows,
    )


@attrs.frozen
class _Found:
    cells: Sequence[TableCell]
    widths: Sequence[int]
    header_rows: int
    n_lines: int


# With bars


def _grid(texts: Sequence[str]) -> _Found | None:
    stripped = [text.strip() for text in texts]
    if not GRID_BORDER.match(stripped[0]):
        return None
    n_lines = next((at for at, text in enumerate(stripped) if text[0] not in "+|"), len(stripped))
    while n_lines > 2 and not GRID_BORDER.match(stripped[n_lines - 1]):
        n_lines -= 1
    if n_lines < 3:
        return None
    borders = [at for at, text in enumerate(stripped[:n_lines]) if GRID_BORDER.match(text)]
    if len(borders) <= 3 and _one_row_a_line(stripped[borders[-2] + 1 : n_lines - 1]):
        return _bars(texts[:n_lines])
    grid = read_grid(texts[:n_lines])
    if grid is None:
        return None
    cells = [
        TableCell(cell.row, cell.col, cell.lines, cell.row_span, cell.col_span)
        for cell in grid.cells
    ]
    header = grid.header_rows or int(len(borders) == 3 and grid.n_rows == 2)
    return _Found(cells, [grid.n_cols] * grid.n_rows, header, n_lines)


def _one_row_a_line(lines: Sequence[str]) -> bool:
    """Whether no line between two borders goes on in the next: each has a first cell."""
    return len(lines) > 1 and all(
        text.count("|") > 1 and text.strip("|").partition("|")[0].strip() for text in lines
    )


def _bars(texts: Sequence[str]) -> _Found | None:
    rows: list[tuple[int, list[tuple[int, int]]]] = []
    header = 0
    ruled = False
    n_lines = 0
    for at, text in enumerate(texts):
        bare = text.strip()
        if _BAR_RULER.fullmatch(bare):
            if rows and not ruled:
                header, ruled = len(rows), True
        elif "|" in bare:
            rows.append((at, _between_bars(text)))
        else:
            break
        n_lines = at + 1
    framed = all(texts[at].strip()[0] == texts[at].strip()[-1] == "|" for at, _ in rows)
    widths = [len(bounds) for _, bounds in rows]
    if len(rows) < 2 or max(widths) < 2 or not (ruled or (framed and len(set(widths)) == 1)):
        return None
    if header >= len(rows):
        header = 0
    cells = [
        TableCell(row, col, [(at, left, right)] if left < right else [])
        for row, (at, bounds) in enumerate(rows)
        for col, (left, right) in enumerate(bounds)
    ]
    return _Found(cells, widths, header, n_lines)


def _between_bars(text: str) -> list[tuple[int, int]]:
    begin = len(text) - len(text.lstrip())
    edges = [at for at, char in enumerate(text) if char == "|"]
    if edges[0] > begin:
        edges.insert(0, begin - 1)
    if edges[-1] < len(text.rstrip()) - 1:
        edges.append(len(text))
    return [_stripped(text, left + 1, right) for left, right in pairwise(edges)]


# With columns


def _is_ruler(text: str) -> bool:
    return len(text) > 4 and text[0] in "-=_" and _RULER.fullmatch(text) is not None


def _closing_ruler(page: Page, first: int, end: int) -> int:
    """The line behind a table that begins with a ruler, whose rows blank lines may part."""
    top = page.words[first]
    below = (page.words[row] for row in range(first, end))
    if not _is_ruler(top) or not any(" " in text and _is_ruler(text) for text in below):
        return end
    if page.words[end - 1] == top and end - first > 3:
        return end
    for row in range(end, min(len(page), first + _MOST_SPACED)):
        if page.words[row] == top:
            return row + 1
        if page.words[row] and page.indents[row] < page.indents[first]:
            break
    return end


def _ruled(texts: Sequence[str]) -> _Found | None:
    rulers = [at for at, text in enumerate(texts) if _is_ruler(text.strip())]
    columns = next((edges for at in rulers if len(edges := _runs(texts[at])) > 1), None)
    drawn = set(rulers)
    lines = [at for at, text in enumerate(texts) if text.strip() and at not in drawn]
    if len(lines) < 2:
        return None
    if columns is None:
        # One line across all columns: they are where nothing is written.
        columns = _free_columns([texts[at] for at in lines])
        if columns is None or len(columns) < 2 or len(lines) < 3:
            return None
        if rulers[0] == 1 and not any(texts[0][edge - 1 :].strip() for edge in columns[1:]):
            return None  # it is a title above columns
    elif not _fits(texts, lines, columns):
        columns = _free_columns([texts[at] for at in lines])
        if columns is None or len(columns) < 2:
            return None
    under = rulers[0] if rulers[0] > 0 else rulers[1] if len(rulers) > 1 else 0
    header_lines = sum(at < under for at in lines)
    if header_lines == len(lines):
        header_lines = 0
    return _of_columns(texts, lines, columns, header_lines, len(texts))


def _runs(text: str) -> list[int]:
    return [found.start() for found in _RUN.finditer(text)]


def _fits(texts: Sequence[str], lines: Sequence[int], columns: Sequence[int]) -> bool:
    """Whether no word runs across the beginning of a column."""
    return all(
        texts[at][edge - 1 : edge] in {"", " "} or texts[at][edge : edge + 1] in {"", " "}
        for at in lines
        for edge in columns[1:]
    )


def _aligned(texts: Sequence[str], *, captioned: bool) -> _Found | None:
    if len(texts) < (2 if captioned else 3):
        return None
    columns = _free_columns(texts)
    if columns is None or len(columns) < (2 if captioned else 3):
        return None
    found = _of_columns(texts, range(len(texts)), columns, 0, len(texts))
    filled = [cell for cell in found.cells if cell.lines]
    n_rows = len(found.widths)
    if n_rows < 2 or len(filled) * 3 < n_rows * len(columns) * 2:
        return None
    said = {(c.row, c.col): texts[c.lines[0][0]][slice(*c.lines[0][1:])] for c in filled}
    if max(len(text) for text in said.values()) > 60:
        return None
    return attrs.evolve(found, header_rows=_header(said, n_rows, len(columns)))


def _header(said: dict[tuple[int, int], str], n_rows: int, n_cols: int) -> int:
    """One if the first row says what the columns hold: no number stands in it."""
    first = [said.get((0, col), "") for col in range(n_cols)]
    if any(_NUMERIC.fullmatch(text) for text in first) or not all(first[1:]):
        return 0
    numeric = any(
        all(_NUMERIC.fullmatch(said.get((row, col), "-")) for row in range(1, n_rows))
        for col in range(n_cols)
    )
    return int(numeric or all(text[0].isupper() for text in first if text))


def _free_columns(texts: Sequence[str]) -> list[int] | None:
    """Where columns begin that two blanks or more part in every line."""
    if max(map(len, texts)) > _LONGEST_LINE:
        return None
    width = max(map(len, texts))
    written = [False] * (width + 2)
    for text in texts:
        for at, char in enumerate(text):
            if char != " ":
                written[at] = True
    starts: list[int] = []
    blank = 2
    for at in range(width):
        if written[at]:
            if blank >= 2:
                starts.append(at)
            blank = 0
        else:
            blank += 1
    return starts


def _of_columns(
    texts: Sequence[str],
    lines: Sequence[int],
    columns: Sequence[int],
    header_lines: int,
    n_lines: int,
) -> _Found:
    spaced = any(not text.strip() for text in texts)
    rows: list[list[int]] = []
    n_header = 0
    for number, at in enumerate(lines):
        text = texts[at]
        in_header = number < header_lines
        goes_on = bool(rows) and (
            in_header
            or (
                (number > header_lines and (not spaced or at == rows[-1][-1] + 1))
                and (spaced or _continues(text, columns))
            )
        )
        if goes_on:
            rows[-1].append(at)
        else:
            rows.append([at])
            n_header += in_header
    cells: list[TableCell] = []
    for row, members in enumerate(rows):
        for col, left in enumerate(columns):
            right = columns[col + 1] if col + 1 < len(columns) else None
            parts: list[tuple[int, int, int]] = []
            for at in members:
                start, end = _stripped(texts[at], 0 if col == 0 else left, right)
                if start < end:
                    parts.append((at, start, end))
            cells.append(TableCell(row, col, parts))
    return _Found(cells, [len(columns)] * len(rows), n_header, n_lines)


def _continues(text: str, columns: Sequence[int]) -> bool:
    """Whether a line goes on with the cells of the one before: words behind an empty first cell."""
    if text[: columns[1]].strip():
        return False
    return not any(char.isdigit() for char in text)


def _stripped(text: str, start: int, end: int | None) -> tuple[int, int]:
    part = text[start:end]
    left = len(part) - len(part.lstrip())
    return (start + left, start + len(part.rstrip())) if part.strip() else (start, start)
