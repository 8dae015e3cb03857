"""Databases for the tests: a fresh one each, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings

from eventdocs.testing._postgres_server import PostgresServer
from eventdocs.testing._postgres_server import postgres_server as run_postgres_server
from tests.databases import Databases

# The gates give equal answers to equal code; `--hypothesis-profile=default` looks further.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")


# What these are about is the same on every Python: files, SQL, and words at a terminal.
ON_ONE_PYTHON = ("archive", "cli", "migrations", "operations", "stress")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let whole folders of tests run on one Python only."""
    folders = tuple(Path(__file__).parent / name for name in ON_ONE_PYTHON)
    for item in items:
        if any(folder in item.path.parents for folder in folders):
            item.add_marker("once")


def pytest_configure() -> None:
    """Let interrupts reach the programs under test, also where a script runs us behind its back.

    A shell ignores SIGINT for what it starts in the background, and children inherit that.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A server for the whole session."""
    with run_postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_databases(postgres_server: PostgresServer) -> Databases:
    """Migrated databases on that server."""
    return Databases.on(postgres_server)


@pytest.fixture(scope="session")
def postgres_template(postgres_databases: Databases) -> str:
    """The name of a migrated database without a connection, to be copied."""
    return postgres_databases.template


@pytest.fixture
def empty_postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The address of a new database with nothing in it."""
    name = f"eventdocs_test_{uuid4().hex[:12]}"
    yield postgres_server.create_database(name)
    postgres_server.drop_database(name)


@pytest.fixture
def postgres_url(postgres_databases: Databases) -> Iterator[str]:
    """The address of a migrated database as good as new."""
    with postgres_databases.lend() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """The address of a database file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'events.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of a new database, on each backend in turn."""
    name = "sqlite_url" if request.param == "sqlite" else "postgres_url"
    url: str = request.getfixturevalue(name)
    return url
