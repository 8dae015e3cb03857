"""Tables on a terminal that has rich."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from eventdocs.cli._layout import Grid, one_line

_STYLES = {
    "error": "bold red",
    "warning": "yellow",
    "info": "cyan",
    "dangling": "bold red",
    "ambiguous": "yellow",
    "undefined": "bold red",
    "failed": "bold red",
    "stopped": "bold red",
    "added": "green",
    "removed": "red",
    "changed": "yellow",
    "moved": "cyan",
}


def rich_table(table: Grid) -> Table:
    """Draw *table*; words that name a state stand out."""
    drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in table.columns:
        drawn.add_column(
            column.title,
            justify="right" if column.right else "left",
            no_wrap=column.keep,
            overflow="fold",
        )
    for row in table.rows:
        drawn.add_row(*(Text(one_line(cell), style=_STYLES.get(cell, "")) for cell in row))
    return drawn
