"""Completion: what a shell is given to read, and what it is answered when it asks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Eventdocs, command, environment

PROBE = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
compopt() { :; }
_eventdocs_completion eventdocs 2>&1
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (("dead-l",), "dead-letters"),
        (("dead-letters", "sh"), "show"),
        (("health", "--on"), "--on-demand"),
        (("completion", "f"), "fish"),
    ],
    ids=" ".join,
)
def test_bash_completes_commands_options_and_choices(
    eventdocs: Eventdocs, tmp_path: Path, typed: tuple[str, ...], offered: str
) -> None:
    """A real bash reads the script, asks the program, and has one answer."""
    (tmp_path / "script").write_text(eventdocs("completion", "bash").out)
    program = tmp_path / "bin" / "eventdocs"
    program.parent.mkdir()
    python, option, code = command()
    program.write_text(f'#!/bin/sh\nexec {python} {option} "{code}" "$@"\n')
    program.chmod(0o755)

    asked = subprocess.run(
        ["bash", "--norc", "-c", PROBE, "probe", tmp_path / "script", "eventdocs", *typed],
        env=environment({"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}),
        capture_output=True,
        text=True,
        check=True,
    )

    assert asked.stdout.split() == [offered]
    assert asked.stderr == ""


@pytest.mark.parametrize(
    ("shell", "asking"),
    [
        ("zsh", {"COMP_WORDS": "eventdocs dead-l", "COMP_CWORD": "1"}),
        ("fish", {"COMP_WORDS": "eventdocs dead-l", "COMP_CWORD": "dead-l"}),
    ],
)
def test_other_shells_are_answered_in_their_form(
    eventdocs: Eventdocs, shell: str, asking: dict[str, str]
) -> None:
    """The script names the variable by which the program is then asked."""
    script = eventdocs("completion", shell).out

    answered = eventdocs(environ={"_EVENTDOCS_COMPLETE": f"{shell}_complete", **asking})

    assert f"_EVENTDOCS_COMPLETE={shell}_complete" in script
    assert answered.status == 0
    assert "dead-letters" in answered.out
    assert "migrate" not in answered.out


def test_gives_the_script_to_programs_as_well(in_process: Eventdocs) -> None:
    """With its shell beside it; a shell that nobody knows is wrong usage."""
    answer = in_process("completion", "zsh", "--json").json

    assert answer == {"shell": "zsh", "script": in_process("completion", "zsh").out}
    assert in_process("completion", "tcsh").status == 2
