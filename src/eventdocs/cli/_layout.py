"""Tables as plain text: columns aligned, long cells wrapped, nothing a terminal would obey."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence

import attrs

GAP = "  "
NARROWEST = 6

_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


@attrs.frozen(kw_only=True)
class Column:
    """One column of a grid.

    Attributes:
        title: Its heading.
        right: Aligned to the right, as numbers are.
        keep: Never wrapped: what a reader copies, such as an id.
    """

    title: str
    right: bool = False
    keep: bool = False


@attrs.frozen(kw_only=True)
class Grid:
    """A table to be shown.

    Attributes:
        columns: From left to right.
        rows: As many cells in each as there are columns.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


def grid(*columns: str | Column, rows: Sequence[Sequence[object]]) -> Grid:
    """Make a grid of anything: None becomes an empty cell, everything else its text."""
    return Grid(
        columns=tuple(Column(title=each) if isinstance(each, str) else each for each in columns),
        rows=tuple(tuple("" if cell is None else str(cell) for cell in row) for row in rows),
    )


def harmless(text: str) -> str:
    """Spell out the characters by which a document could steer a terminal or reorder a line."""
    return _UNSAFE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def one_line(text: str) -> str:
    """Join *text* to a single harmless line."""
    return harmless(" ".join(text.split()))


def width_of(text: str) -> int:
    """Count the terminal cells that *text* takes."""
    if text.isascii():  # as most is; the cells of others are looked up one by one
        return len(text)
    return sum(_cells(character) for character in text)


def plain(table: Grid, *, width: int, indent: str = GAP) -> Iterator[str]:
    """Lay *table* out in lines of at most *width* cells, if its unwrappable columns allow it."""
    cells = [[one_line(cell) for cell in row] for row in table.rows]
    titles = [column.title for column in table.columns]
    widths = _widths(table.columns, [titles, *cells], width - len(indent))
    yield from _row(titles, table.columns, widths, indent)
    yield (indent + GAP.join("-" * each for each in widths)).rstrip()
    for row in cells:
        yield from _row(row, table.columns, widths, indent)


def wrap(text: str, width: int) -> list[str]:
    """Break *text* at spaces into lines of at most *width* cells; longer words are cut."""
    lines: list[str] = []
    line, used = "", 0
    for word in text.split():
        for piece in _pieces(word, width):
            size = width_of(piece)
            if line and used + 1 + size > width:
                lines.append(line)
                line, used = "", 0
            line, used = (f"{line} {piece}", used + 1 + size) if line else (piece, size)
    return [*lines, line]


def _pieces(word: str, width: int) -> Iterator[str]:
    if width_of(word) <= width:
        yield word
        return
    start = used = 0
    for at, character in enumerate(word):
        size = _cells(character)
        if used + size > width:
            yield word[start:at]
            start, used = at, 0
        used += size
    yield word[start:]


def _cells(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Me", "Mn", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _widths(columns: Sequence[Column], rows: Sequence[Sequence[str]], room: int) -> list[int]:
    widths = [max(width_of(row[at]) for row in rows) for at in range(len(columns))]
    least = [
        width if column.keep else min(width, max(NARROWEST, width_of(column.title)))
        for column, width in zip(columns, widths, strict=True)
    ]
    excess = sum(widths) + len(GAP) * (len(columns) - 1) - room
    while excess > 0:
        shrinkable = [at for at, width in enumerate(widths) if width > least[at]]
        if not shrinkable:
            break
        widest = max(shrinkable, key=lambda at: widths[at])
        widths[widest] -= 1
        excess -= 1
    return widths


def _row(
    cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int], indent: str
) -> Iterator[str]:
    wrapped = [wrap(cell, max(width, 1)) for cell, width in zip(cells, widths, strict=True)]
    for height in range(max(len(each) for each in wrapped)):
        parts: list[str] = []
        for lines, column, width in zip(wrapped, columns, widths, strict=True):
            text = lines[height] if height < len(lines) else ""
            padding = " " * (width - width_of(text))
            parts.append(padding + text if column.right else text + padding)
        yield (indent + GAP.join(parts)).rstrip()
