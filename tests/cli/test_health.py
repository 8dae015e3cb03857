"""`eventdocs health`: an exit status for probes, and reasons for people."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from eventdocs import DOCUMENT_EVENTS, Documents, open_store
from eventdocs.cli import main

NAMES = ["document-views", "document-contents", "semantic-ir", "findings"]


def call(*arguments: str, status: int = 0) -> Result:
    ended = CliRunner().invoke(main, arguments)
    assert ended.exit_code == status, ended.output
    return ended


def answer(*arguments: str, status: int = 0) -> Any:
    return json.loads(call("health", *arguments, "--json", status=status).stdout)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log with one document, whose read models are up to date."""
    monkeypatch.chdir(tmp_path)

    async def ingest() -> None:
        async with open_store("sqlite:///eventdocs.db", events=DOCUMENT_EVENTS) as store:
            await Documents(store).ingest(b"# A\n\n$w = r$\n", source="a.md")

    asyncio.run(ingest())
    call("projections", "catch-up")
    return tmp_path / "eventdocs.db"


def execute(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(statement)


@pytest.mark.usefixtures("database")
def test_is_good_where_read_models_are_brought_up_to_date_on_demand() -> None:
    """In words, and with every fact as JSON."""
    text = call("health", "--on-demand").stdout
    found = answer("--on-demand")

    assert text.splitlines()[-1] == "healthy"
    assert (found["is_healthy"], found["reasons"], found["feed"]) == (True, [], None)
    assert [each["status"]["name"] for each in found["projections"]] == NAMES
    assert {each["status"]["lag"] for each in found["projections"]} == {0}
    assert found["head"] > 0


@pytest.mark.usefixtures("database")
def test_is_bad_where_nobody_keeps_them_so() -> None:
    """Each projection is named that no runner leads."""
    text = call("health", status=1).stdout
    found = answer(status=1)

    assert "not healthy" in text
    assert found["reasons"] == [f"{name}: no runner leads it" for name in NAMES]


def test_is_bad_where_one_stands_still(database: Path) -> None:
    """Events wait, and nothing has moved for longer than is allowed."""
    execute(database, "UPDATE eventdocs_projections SET updated_at = '2020-01-01 00:00:00.000000'")
    execute(
        database, "UPDATE eventdocs_events SET recorded_at = '2020-01-01T00:00:00.000000+00:00'"
    )
    execute(
        database,
        "UPDATE eventdocs_projections SET sequence = 1, "
        "event_id = (SELECT id FROM eventdocs_events WHERE sequence = 1) "
        "WHERE name = 'document-views'",
    )

    found = answer("--on-demand", status=1)
    patient = answer("--on-demand", "--stalled-seconds", "1e12", "--lag-seconds", "1e12")

    assert [each["is_stalled"] for each in found["projections"]].count(True) == 1
    assert found["reasons"][0].startswith("document-views: ")
    assert "has not moved for" in found["reasons"][0]
    assert patient["is_healthy"]


def test_is_bad_where_the_database_does_not_answer(database: Path) -> None:
    """A probe gets its answer in the form it has asked for."""
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("DROP TABLE eventdocs_leases")

    found = answer("--on-demand", status=1)

    assert (found["is_healthy"], found["projections"]) == (False, [])
    assert "eventdocs_leases" in found["reasons"][0]


def test_needs_a_database_that_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is missing is a wrong address, not ill health, and none is made."""
    monkeypatch.chdir(tmp_path)

    ended = call("health", status=1)

    assert "there is no database" in ended.stderr
    assert not list(tmp_path.iterdir())
