"""What a command says: tables and lines for people, one JSON value for programs."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, cast

import click

from eventdocs.cli._layout import (
    Column,
    Grid,
    grid,
    harmless,
    one_line,
    plain,
    width_of,
    wrap,
)
from eventdocs.cli._progress import Progress

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Column", "Output", "grid"]

PIPED_WIDTH = 100


class Output:
    """Writes to standard output; progress and errors go to standard error.

    Attributes:
        as_json: The command answers with one JSON value and says nothing else.
        color: Whether to use colour; None decides by terminal and environment.
    """

    def __init__(self) -> None:
        self.as_json = False
        self.color: bool | None = None
        self._rich: Console | None = None
        self._progress = Progress()

    # ---- for programs

    def json(self, value: object) -> None:
        """Write *value* as JSON; datetimes, UUIDs and attrs values are understood."""
        click.echo(json_text(value))

    # ---- for people

    def title(self, text: str) -> None:
        """Write a heading of the first order, an empty line above it."""
        self.line()
        console = self._console()
        if console is None:
            click.echo(harmless(text))
            click.echo("=" * min(len(text), self._width()))
        else:
            console.rule(_text(text, "bold"), align="left", style="dim")

    def heading(self, text: str) -> None:
        """Write a heading, an empty line above it."""
        self.line()
        console = self._console()
        if console is None:
            click.echo(harmless(text))
        else:
            console.print(_text(text, "bold"))

    def line(self, text: str = "", *, style: str = "", wrapped: bool = True) -> None:
        """Write one paragraph, wrapped to the terminal and indented as its first line is."""
        text = harmless(text)
        indent = text[: len(text) - len(text.lstrip())]
        lines = wrap(text, self._width() - len(indent)) if wrapped else [text.lstrip()]
        console = self._console()
        for each in lines:
            if console is None:
                click.echo(f"{indent}{each}".rstrip())
            else:
                console.print(_text(f"{indent}{each}", style), soft_wrap=True)

    def pairs(self, pairs: Sequence[tuple[str, str]], *, indent: str = "      ") -> None:
        """Write two columns without a heading, the right one wrapped below itself."""
        pairs = [(one_line(left), one_line(right)) for left, right in pairs]
        left_width = max((width_of(left) for left, _ in pairs), default=0)
        room = self._width() - len(indent) - left_width - 2
        for left, right in pairs:
            padding = " " * (left_width - width_of(left))
            for at, each in enumerate(wrap(right, max(room, 20))):
                start = f"{left}{padding}" if at == 0 else " " * left_width
                self.line(f"{indent}{start}  {each}", wrapped=False)

    def grid(self, table: Grid, *, empty: str = "none") -> None:
        """Write a table, or *empty* if it has no rows."""
        console = self._console()
        if not table.rows:
            self.line(f"  {empty}", style="dim")
        elif console is not None:
            from eventdocs.cli._rich import rich_table

            console.print(rich_table(table))
        else:
            click.echo("\n".join(plain(table, width=self._width())))

    # ---- beside the answer

    def note(self, text: str) -> None:
        """Say *text* on standard error, so that it never stands inside an answer."""
        self.progress("")
        click.echo(harmless(text), err=True)

    def error(self, text: str) -> None:
        """Say what went wrong on standard error, each of its problems on a line."""
        self.progress("")
        for each in text.splitlines() or [""]:
            label = (
                click.style("error:", fg="red", bold=True) if self._colored_errors() else "error:"
            )
            click.echo(f"{label} {harmless(each)}", err=True)

    def progress(self, text: str) -> None:
        """Show *text* as the current state, with the time it takes; empty takes it away.

        On a terminal that is its last line; elsewhere long work is noted now and then.
        """
        self._progress.show(text)

    def close(self) -> None:
        """End what still moves."""
        self._progress.close()

    # ----

    def _width(self) -> int:
        if sys.stdout.isatty() or "COLUMNS" in os.environ:
            return max(shutil.get_terminal_size((PIPED_WIDTH, 24)).columns, 40)
        return PIPED_WIDTH

    def _colored_errors(self) -> bool:
        if self.color is not None:
            return self.color
        return not os.environ.get("NO_COLOR") and sys.stderr.isatty()

    def _console(self) -> Console | None:
        """Give the rich console, if rich is there and a terminal or `--color` asks for it."""
        wanted = sys.stdout.isatty() if self.color is None else self.color
        if not wanted or importlib.util.find_spec("rich") is None:
            return None
        if self._rich is None:
            from rich.console import Console

            self._rich = Console(
                highlight=False,
                force_terminal=True if self.color else None,
                no_color=None if self.color is None else not self.color,
                width=None if sys.stdout.isatty() else self._width(),
            )
        return self._rich


def json_text(value: object) -> str:
    """Spell *value* as indented JSON."""
    import orjson

    return orjson.dumps(
        value, default=_plain_value, option=orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS
    ).decode()


def _plain_value(value: Any) -> object:
    from decimal import Decimal
    from uuid import UUID

    import attrs

    cls = cast("type[object]", type(value))
    if attrs.has(cls):
        return {
            field.name: getattr(value, field.name)
            for field in attrs.fields(cls)
            if not field.name.startswith("_")
        }
    if isinstance(value, Decimal | UUID):  # drivers have a UUID class of their own
        return str(value)
    if isinstance(value, Sequence | set | frozenset):
        return list(cast("Iterable[object]", value))
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    raise TypeError(f"{type(value).__qualname__} has no JSON form")


def _text(text: str, style: str) -> Any:
    from rich.text import Text

    return Text(harmless(text), style=style)
