"""The page on the command line, written from the commands themselves.

`python -m tests.cli_reference` writes docs/reference/cli.md; a test compares.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from eventdocs.cli import main

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"

_INTRODUCTION = """\
# Command line

`eventdocs` works on the database that `--database` names, else on that of `EVENTDOCS_DATABASE_URL`, else on `eventdocs.db` in the current folder.
A SQLite file is made by the first command that writes.
[Configuration](settings.md) lists the environment variables.

Answers go to standard output: as tables in a terminal, as plain text in a pipe, as JSON with `--json`.
Everything else goes to standard error.
"""


def page() -> str:
    """Write the page."""
    common = {option.name for option in main.params}
    sections = [
        _INTRODUCTION,
        f"{_sentence(main.epilog)}\n",
        "## Options of all commands\n",
        _table(_options(main)),
    ]
    for path, command in _commands(main, "eventdocs"):
        usage = " ".join([path, *_arguments(command)])
        sections += [f"## `{usage}`\n", f"{_help(command)}\n"]
        own = [option for option in _options(command) if option.name not in common]
        if own:
            sections.append(_table(own))
    return "\n".join(sections)


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(click.Context(group)):
        command = group.commands[name]
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
        else:
            yield f"{path} {name}", command


def _arguments(command: click.Command) -> Iterator[str]:
    for each in command.params:
        if isinstance(each, click.Argument):
            name = (each.name or "").upper() + ("..." if each.nargs == -1 else "")
            yield name if each.required else f"[{name}]"


def _options(command: click.Command) -> list[click.Option]:
    return [each for each in command.params if isinstance(each, click.Option)]


def _help(command: click.Command) -> str:
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join(_sentence(paragraph) for paragraph in paragraphs)


def _sentence(text: str | None) -> str:
    """Undo the wrapping of *text*, and give each sentence a line of its own."""
    return _plain(text).replace(". ", ".\n")


def _plain(text: str | None) -> str:
    return " ".join((text or "").split()).replace("*", r"\*")


def _value(option: click.Option) -> str:
    if option.is_flag:
        return ""
    if isinstance(option.type, click.Choice):
        return " " + ", ".join(f"`{choice}`" for choice in option.type.choices)
    return f" {option.metavar or ('NUMBER' if isinstance(option.type, click.IntRange) else 'TEXT')}"


def _table(options: Iterable[click.Option]) -> str:
    lines = ["| option | meaning |", "|---|---|"]
    for each in options:
        names = ", ".join(f"`{name}`" for name in [*each.opts, *each.secondary_opts])
        lines.append(f"| {names}{_value(each)} | {_plain(each.help)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
