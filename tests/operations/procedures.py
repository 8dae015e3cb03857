"""The procedures of docs/operations, run as they are written there."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import attrs
import pytest

from eventdocs.errors import ConfigurationError
from eventdocs.testing._postgres_server import find_binaries

PAGES = Path(__file__).parents[2] / "docs" / "operations"

_SECTION = re.compile(r"^#{2,3} (.*?)\n(.*?)(?=^#{1,3} |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_PROGRAMS = ("psql", "pg_dump", "pg_restore", "pg_basebackup", "pg_ctl")


def _has_programs() -> bool:
    try:
        folder = str(find_binaries())
    except ConfigurationError:  # there are no programs at all
        return False
    return all(shutil.which(each, path=folder) for each in _PROGRAMS)


with_programs_of_the_server = [
    pytest.mark.once,
    pytest.mark.skipif(
        not _has_programs(),
        reason=f"needs {', '.join(_PROGRAMS)}, which the server's package of the system brings",
    ),
]


def sections(page: str) -> dict[str, list[str]]:
    """Give the command sequences of *page* by the title of the section that they stand in."""
    text = (PAGES / page).read_text("utf-8")
    found = {title: _BLOCK.findall(body) for title, body in _SECTION.findall(text)}
    return {title: blocks for title, blocks in found.items() if blocks}


@attrs.frozen(kw_only=True)
class Desk:
    """Where somebody sits who follows the pages: a folder, and what the environment says.

    Attributes:
        folder: The current folder of each procedure.
        environ: Variables that the pages say are to be set.
    """

    folder: Path
    environ: Mapping[str, str]

    def follow(self, page: str, title: str, *, as_server: bool = False, **more: str) -> str:
        """Run all commands of a section to their end; `run` says more."""
        return self.run("\n".join(sections(page)[title]), as_server=as_server, more=more)

    def run(
        self,
        script: str,
        *,
        status: int = 0,
        as_server: bool = False,
        more: Mapping[str, str] | None = None,
    ) -> str:
        """Run a script to its end.

        Args:
            script: For the shell.
            status: How it ends.
            as_server: As the account that servers run as.
            more: Further variables.

        Returns:
            What was said on both outputs.
        """
        ended = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder,
            env={**self._environment(), **self.environ, **(more or {})},
            user=server_account() if as_server and os.geteuid() == 0 else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == status, ended.stdout
        return ended.stdout

    def _environment(self) -> dict[str, str]:
        ours = ("EVENTDOCS_", "PG", "LC_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
        folders = [str(Path(sys.executable).parent), kept.get("PATH", "/usr/bin:/bin")]
        if _has_programs():
            folders.insert(0, str(find_binaries()))
        return {**kept, "PATH": os.pathsep.join(folders), "PYTHONWARNINGS": "error"}


def server_account() -> int:
    """Tell as whom a server of the tests runs if these run as root."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    raise AssertionError("no account for a server")
