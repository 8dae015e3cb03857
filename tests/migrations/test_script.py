"""Scripts: what a database administrator applies is what the library would have done."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from eventdocs.errors import ConfigurationError, DataLossError
from eventdocs.migrations import LATEST, current, drift, script, upgrade, verify
from tests.backends.postgres_hosts import sql

_FOR_PSQL = "\\set ON_ERROR_STOP on\n"


async def _apply(url: str, written: str) -> None:
    if url.startswith("postgresql"):
        async with sql(url) as connection:
            await connection.execute(written.removeprefix(_FOR_PSQL))
        return
    with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        connection.executescript(written)


def _dialect(url: str) -> str:
    return url.partition(":")[0]


async def test_a_script_makes_what_an_upgrade_makes(empty_url: str) -> None:
    """Tables, functions and ledger; a later upgrade finds nothing to do."""
    await _apply(empty_url, script(_dialect(empty_url), since=0, version=LATEST))

    await verify(empty_url)
    assert await upgrade(empty_url) == []


async def test_a_script_goes_on_from_where_a_database_is(empty_url: str) -> None:
    """And back to there."""
    await upgrade(empty_url, version=3)
    dialect = _dialect(empty_url)

    await _apply(empty_url, script(dialect, since=3, version=LATEST))
    assert await drift(empty_url) == []
    await _apply(empty_url, script(dialect, since=LATEST, version=3, allow_data_loss=True))

    assert await current(empty_url) == 3
    await upgrade(empty_url)
    assert await drift(empty_url) == []


async def test_a_script_keeps_to_its_schema(empty_postgres_url: str) -> None:
    """And makes it."""
    await _apply(empty_postgres_url, script(since=0, version=LATEST, schema="Archive"))

    assert await drift(empty_postgres_url, schema="Archive") == []
    assert await current(empty_postgres_url) == 0


def test_a_script_builds_indexes_outside_of_transactions() -> None:
    """PostgreSQL takes them there only."""
    written = script(since=3, version=4, concurrently=True)

    assert "CREATE INDEX CONCURRENTLY eventdocs_events_actor" in written
    assert "BEGIN" not in written


def test_a_script_that_loses_something_is_refused() -> None:
    """As the step itself would be."""
    with pytest.raises(DataLossError, match="every event"):
        script(since=1, version=0)


def test_a_script_for_nothing_that_there_is_is_refused() -> None:
    """Before anything is written."""
    with pytest.raises(ConfigurationError, match="postgresql or sqlite"):
        script("mysql", since=0, version=1)
    with pytest.raises(ConfigurationError, match="no schemas"):
        script("sqlite", since=0, version=1, schema="archive")
    with pytest.raises(ConfigurationError, match="no schema version"):
        script(since=0, version=LATEST + 1)
