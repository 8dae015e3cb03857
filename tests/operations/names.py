"""Names that a page of the documentation uses and the product does not have.

Python blocks are left out: they are run. What is looked at is code, inline or in a block;
prose may say what it likes.
"""

from __future__ import annotations

import functools
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click

from eventdocs.cli import main
from eventdocs.observability import _metrics as metrics
from eventdocs.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
_SOURCE = ROOT / "src" / "eventdocs"

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_HIDDEN = re.compile(r"<!---.*?-->", re.DOTALL)
_INLINE = re.compile(r"`([^`\n]+)`")
_CALL = re.compile(
    r"(?:^|[\s/\"'(=@])eventdocs(?=\s+(?!import )[a-z-])([^|;&>#\n`\"')]*)", re.MULTILINE
)
_VARIABLE = re.compile(rf"(?<![A-Z_]){PREFIX}[A-Z_]+")
_TABLE = re.compile(r"(?<![\w.-])eventdocs_[a-z_]+(?![\w(*]|\.\w)")
_DOTTED = re.compile(r"(?<![\w./@-])eventdocs(?:\.\w+)+")
_PATH = re.compile(r"(?<![\w/.:-])(?:src|docs|tests|benchmarks|examples|deploy)/[\w./-]+")
_CREATED = re.compile(
    r"CREATE (?:UNIQUE )?(?:TABLE|SEQUENCE|FUNCTION|INDEX)(?: IF NOT EXISTS)? "
    r"(?:@schema@\.)?(eventdocs_\w+)"
)
_LITERAL = re.compile(r"\"(eventdocs[._][\w.]+)\"")
_FILES = (".db", ".env", ".service", ".sql")
_SERIES_OF_HISTOGRAMS = re.compile(r"_(?:bucket|count|sum)$")


def unknown_names(page: str) -> list[str]:
    """List what *page* names and nothing answers to."""
    return [*_unknown(page)]


def _unknown(page: str) -> Iterator[str]:
    for code in _code(_HIDDEN.sub("", page)):
        yield from _unknown_commands(code)
        yield from (each for each in _VARIABLE.findall(code) if not _is_variable(each))
        yield from (each for each in _TABLE.findall(code) if not _is_relation(each))
        yield from (each for each in _DOTTED.findall(code) if not _is_dotted_name(each))
        yield from (each for each in _PATH.findall(code) if not (ROOT / each).exists())


def _code(page: str) -> Iterator[str]:
    yield from (text for language, text in _BLOCK.findall(page) if language != "python")
    yield from _INLINE.findall(_BLOCK.sub("", page))


def _unknown_commands(code: str) -> Iterator[str]:
    for call in _CALL.findall(code.replace("\\\n", " ")):
        yield from _wrong_in(call.split())


def _wrong_in(words: list[str]) -> Iterator[str]:
    """Find the words of one call that `eventdocs` would refuse."""
    command: click.Command = main
    known = _options_of(main)
    options = [word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)]
    for word in words:
        if not isinstance(command, click.Group) or not re.fullmatch(r"[a-z][a-z-]+", word):
            break
        if word not in command.commands:
            yield f"eventdocs {' '.join(words)}"
            return
        command = command.commands[word]
        known |= _options_of(command)
    yield from (f"{command.name} {each}" for each in options if each not in known)


def _options_of(command: click.Command) -> set[str]:
    named = [name for each in command.params for name in (*each.opts, *each.secondary_opts)]
    return {*named, "--help", "-h"}


def _is_variable(name: str) -> bool:
    """Tell whether *name* is one, or what the names of several begin with."""
    if name.endswith("_"):
        return any(each.startswith(name) for each in _variables())
    return name in _variables()


@functools.cache
def _variables() -> frozenset[str]:
    known = [each.variable for each in Settings().in_force({})]
    files = [f"{each}_FILE" for each in known if each.endswith("_URL")]
    return frozenset([*known, *files])


def _is_relation(name: str) -> bool:
    return name in _relations() or {name, _SERIES_OF_HISTOGRAMS.sub("", name)} & _metrics() != set()


@functools.cache
def _relations() -> frozenset[str]:
    """Name tables, indexes, sequences and functions, those of migrations and of projectors."""
    steps = "\n".join(each.read_text("utf-8") for each in _SOURCE.rglob("sql/**/*.sql"))
    return frozenset(_CREATED.findall(steps)) | _literals()


@functools.cache
def _metrics() -> frozenset[str]:
    declared: list[object] = [*vars(metrics).values()]
    return frozenset(each.name for each in declared if isinstance(each, metrics.Metric))


@functools.cache
def _literals() -> frozenset[str]:
    """Give every name that the source has between quotation marks, such as tables and log lines."""
    texts = (each.read_text("utf-8") for each in _SOURCE.rglob("*.py"))
    return frozenset(name for text in texts for name in _LITERAL.findall(text))


def _is_dotted_name(name: str) -> bool:
    return (
        name in _literals()
        or name.endswith(_FILES)
        or name.replace(".", "_", 1) in _metrics()
        or _is_importable(name.split("."))
    )


def _is_importable(parts: list[str]) -> bool:
    """Tell whether *parts* lead from the package through modules to an attribute."""
    for length in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False
