"""Running the program as a person does: as a process of its own, in a fresh folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import attrs
import pytest
from click.testing import CliRunner

from eventdocs.cli import main


@attrs.frozen(kw_only=True)
class Ended:
    """How the program ended and what it said."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its answer, read as JSON."""
        return json.loads(self.out)

    @property
    def problems(self) -> list[str]:
        """The lines by which it said what went wrong."""
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


class Eventdocs(Protocol):
    def __call__(self, *arguments: str, environ: Mapping[str, str] | None = None) -> Ended:
        """Run the program to its end in a fresh folder."""
        ...


def command(*arguments: str) -> list[str]:
    """Spell the command line; `-m` needs no installed script and finds the same code."""
    return [sys.executable, "-c", "from eventdocs.cli import main; main()", *arguments]


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give a plain terminal's environment, without what the tests' own would add."""
    ours = ("EVENTDOCS_", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "PYTHONWARNINGS")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(ours)}
    return {**kept, "PYTHONWARNINGS": "error", **(extra or {})}


def run(arguments: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> Ended:
    ended = subprocess.run(
        command(*arguments),
        cwd=folder,
        env=environment(environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ended(status=ended.returncode, out=ended.stdout, err=ended.stderr)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "work"
    made.mkdir()
    return made


@pytest.fixture
def eventdocs(folder: Path) -> Eventdocs:
    def call(*arguments: str, environ: Mapping[str, str] | None = None) -> Ended:
        return run(arguments, folder, environ)

    return call


@pytest.fixture
def in_process(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Eventdocs:
    """Run the program inside the tests' own process, where only its answer matters."""
    monkeypatch.chdir(folder)

    def call(*arguments: str, environ: Mapping[str, str] | None = None) -> Ended:
        cleared = {name: None for name in os.environ if name.startswith("EVENTDOCS_")}
        ended = CliRunner().invoke(main, arguments, env={**cleared, **(environ or {})})
        return Ended(status=ended.exit_code, out=ended.stdout, err=ended.stderr)

    return call
