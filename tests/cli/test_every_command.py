"""What holds for every command, so that nobody has to remember which one is different."""

from __future__ import annotations

import contextlib
import os
import shlex
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import click
import pytest

from eventdocs.cli import main
from tests.cli.conftest import Ended, Eventdocs, command, environment

AWAY = "postgresql://me:hunter2@127.0.0.1:1/docs"
"""Nobody listens there, and its password is nobody's business."""

ON_A_DATABASE: Mapping[str, str] = {
    "demo": "",
    "ingest": "a.md",
    "documents": "",
    "show": "a.md",
    "findings": "",
    "diff": "a.md",
    "impact": "a.md r",
    "events": "",
    "log status": "",
    "log export": "log.jsonl",
    "log import": "archive.jsonl",
    "types check": "",
    "projections status": "",
    "projections catch-up": "",
    "projections check": "",
    "projections rebuild": "--all",
    "projections cancel-rebuild": "findings",
    "projections verify": "",
    "dead-letters list": "",
    "dead-letters show": "findings 1",
    "dead-letters retry": "findings",
    "dead-letters skip": "findings 1",
    "dead-letters resolve": "findings 1",
    "health": "",
    "doctor": "",
    "migrate status": "",
    "migrate plan": "",
    "migrate up": "",
    "migrate down": "--to 1",
    "migrate verify": "",
    "migrate sql": "",
    "migrate index": "tenant",
    "migrate take-over": "",
    "migrate give-back": "",
}
"""What each command that works on a database is called with."""

ON_NONE: Mapping[str, str] = {
    "extract": "a.md",
    "settings": "",
    "completion": "bash",
    "version": "",
}
MAKES_IT = {"demo", "ingest", "log import", "migrate up", "migrate sql"}
"""They need no database that is there already."""


def leaves(group: click.Group, *before: str) -> Iterator[tuple[str, click.Command]]:
    for name, each in group.commands.items():
        if isinstance(each, click.Group):
            yield from leaves(each, *before, name)
        else:
            yield " ".join((*before, name)), each


def spelled(name: str) -> tuple[str, ...]:
    return (*name.split(), *shlex.split({**ON_A_DATABASE, **ON_NONE}[name]))


def is_told_without_a_traceback(ended: Ended) -> bool:
    return (
        bool(ended.problems)
        and "Traceback" not in ended.err
        and "unexpected" not in ended.err
        and "hunter2" not in ended.out + ended.err
    )


@pytest.fixture(autouse=True)
def files(folder: Path) -> None:
    """What commands read."""
    (folder / "a.md").write_text("# A\n\n$w = r$\n")
    (folder / "archive.jsonl").touch()


def test_each_is_known_here() -> None:
    """A new command takes its place above, and all that follows holds for it."""
    found = {
        name: any(option.name == "database" for option in each.params)
        for name, each in leaves(main)
    }

    assert {name for name, has in found.items() if has} - {"settings"} == set(ON_A_DATABASE)
    assert {name for name, has in found.items() if not has} | {"settings"} == set(ON_NONE)


def test_each_has_the_same_options_for_the_same_things() -> None:
    """Every one answers in JSON, tells more, and can be told to draw no colours."""
    for name, each in leaves(main):
        options = {option for parameter in each.params for option in parameter.opts}

        assert {"--json", "--verbose", "--color"} <= options, name
        for parameter in each.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (name, parameter.name)
                assert parameter.help.endswith("."), (name, parameter.name)


@pytest.mark.parametrize("name", ON_NONE)
def test_those_without_a_database_answer_in_json(in_process: Eventdocs, name: str) -> None:
    """One value, and nothing beside it."""
    ended = in_process(*spelled(name), "--json")

    assert (ended.status, ended.err) == (0, "")
    assert ended.json


@pytest.mark.parametrize("name", sorted({*ON_A_DATABASE} - {"migrate sql"}))
def test_each_says_that_its_server_is_away(in_process: Eventdocs, name: str) -> None:
    """In a line or as a finding, with status 1 and without the password."""
    ended = in_process(*spelled(name), "--database", AWAY)
    verbose = in_process(*spelled(name), "--database", AWAY, "--verbose", "--json")

    assert (ended.status, verbose.status) == (1, 1)
    if name in {"health", "doctor"}:
        assert "cannot be reached" in ended.out
        assert ended.problems == []
    else:
        assert is_told_without_a_traceback(ended)
        assert "cannot be reached" in ended.problems[-1]
    assert "hunter2" not in ended.out + ended.err + verbose.out + verbose.err


@pytest.mark.parametrize("name", sorted({*ON_A_DATABASE} - MAKES_IT))
def test_each_says_that_its_file_is_missing(in_process: Eventdocs, folder: Path, name: str) -> None:
    """None is made by looking."""
    ended = in_process(*spelled(name))

    assert ended.status == 1
    if name == "doctor":
        assert "does not exist yet" in ended.out
    else:
        assert is_told_without_a_traceback(ended)
        assert "there is no database eventdocs.db" in ended.problems[0]
    assert {each.name for each in folder.iterdir()} == {"a.md", "archive.jsonl"}


@pytest.mark.parametrize("name", sorted({*ON_A_DATABASE} - {"migrate sql"}))
def test_each_leaves_alone_what_a_newer_eventdocs_has_made(
    in_process: Eventdocs, folder: Path, name: str
) -> None:
    """Whatever it was asked to do."""
    in_process("migrate", "up")
    with contextlib.closing(sqlite3.connect(folder / "eventdocs.db")) as database:
        database.execute(
            "INSERT INTO eventdocs_migrations SELECT version + 1, 'future', checksum, applied_at "
            "FROM eventdocs_migrations ORDER BY version DESC LIMIT 1"
        )
        database.commit()

    ended = in_process(*spelled(name), "--database", "sqlite:///eventdocs.db")

    assert ended.status == 1
    assert "upgrade eventdocs" in ended.out + ended.err
    assert name in {"health", "doctor"} or is_told_without_a_traceback(ended)


def test_each_ends_in_silence_when_nobody_reads_on(folder: Path, in_process: Eventdocs) -> None:
    """Also in the middle of a long answer; the status is that of a broken pipe."""
    in_process("ingest", "a.md")
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as gone:
        for name in ("events", "doctor"):
            ended = subprocess.run(
                command(*spelled(name)),
                cwd=folder,
                env=environment(),
                stdout=gone,
                stderr=subprocess.PIPE,
                check=False,
            )

            assert (ended.stderr, ended.returncode) == (b"", 141), name
