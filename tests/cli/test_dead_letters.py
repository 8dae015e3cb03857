from __future__ import annotations

import asyncio
import getpass
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from eventdocs import DOCUMENT_EVENTS, Documents, open_store
from eventdocs.cli import main

KEEP = "CREATE TABLE kept AS SELECT * FROM eventdocs_contents"
GARBLE = (
    "UPDATE eventdocs_contents SET content = x'7b' "
    "WHERE CAST(content AS TEXT) LIKE '{%\"entities\":%'"
)
MEND = (
    "UPDATE eventdocs_contents SET content = "
    "(SELECT content FROM kept WHERE kept.digest = eventdocs_contents.digest)"
)


def call(*arguments: str, status: int = 0) -> Result:
    ended = CliRunner().invoke(main, arguments)
    assert ended.exit_code == status, ended.output
    return ended


def answer(*arguments: str, status: int = 0) -> Any:
    return json.loads(call(*arguments, "--json", status=status).stdout)


def execute(database: Path, *statements: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log with one document, whose meaning is garbled: who reads it, stands before it."""
    monkeypatch.chdir(tmp_path)

    async def ingest() -> None:
        async with open_store("sqlite:///eventdocs.db", events=DOCUMENT_EVENTS) as store:
            await Documents(store).ingest(b"# A\n\n$w = r$\n", source="a.md")

    asyncio.run(ingest())
    database = tmp_path / "eventdocs.db"
    execute(database, KEEP, GARBLE)
    call("projections", "catch-up", status=1)
    return database


@pytest.fixture
def letter(database: Path) -> dict[str, Any]:
    """What the projection of the meaning stands before."""
    [found] = answer("dead-letters", "list", "semantic-ir")
    return dict(found)


class TestTheList:
    def test_tells_what_is_open_and_why(self, letter: dict[str, Any]) -> None:
        """The event, its key, how often it was tried, what its handler said."""
        text = call("dead-letters", "list", "semantic-ir").stdout

        assert (letter["state"], letter["attempts"], letter["repair"]) == ("failed", 1, None)
        assert letter["ordering_key"] == letter["stream"]
        assert f" {letter['sequence']} " in text
        assert "failed" in text

    def test_tells_all_of_one_event(self, letter: dict[str, Any]) -> None:
        """Its error with the place where it was raised."""
        text = call("dead-letters", "show", "semantic-ir", str(letter["sequence"])).stdout

        assert letter["event_id"] in text
        assert letter["error_type"] in text
        assert 'File "' in text

    def test_of_a_healthy_projection_is_empty(self, database: Path) -> None:
        """And says so; an event that was never set aside is an error."""
        assert "nothing is set aside" in call("dead-letters", "list", "document-views").stdout
        assert answer("dead-letters", "list", "document-views") == []
        never = call("dead-letters", "show", "document-views", "1", status=1)
        assert "never set event 1 aside" in never.stderr

    def test_is_of_all_projections_where_none_is_named(self, letter: dict[str, Any]) -> None:
        """Each event says who has set it aside: the other reader of meanings has done so, too."""
        everybody = answer("dead-letters", "list")

        assert letter in everybody
        assert {each["projection"] for each in everybody} == {"semantic-ir", "findings"}

    def test_gives_one_event_as_the_list_does(self, letter: dict[str, Any]) -> None:
        """A program that has read the list knows its form."""
        assert answer("dead-letters", "show", "semantic-ir", str(letter["sequence"])) == letter


class TestARepair:
    def test_is_the_operating_systems_users(self, letter: dict[str, Any]) -> None:
        """Nobody has to say who they are."""
        [left] = answer("dead-letters", "retry", "semantic-ir", status=1)

        assert left["attempts"] == 2
        assert (left["repair"]["action"], left["repair"]["by"]) == ("retry", getpass.getuser())

    def test_of_a_user_without_a_name_is_nobodys(
        self, letter: dict[str, Any], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """As in a container that runs for a mere number."""

        def nobody() -> str:
            raise OSError("no username set in the environment")

        monkeypatch.setattr(getpass, "getuser", nobody)

        [left] = answer("dead-letters", "retry", "semantic-ir", status=1)

        assert left["repair"]["by"] is None

    @pytest.mark.parametrize(
        ("command", "state"), [("skip", "skipped"), ("resolve", "resolved"), ("retry", "applied")]
    )
    def test_stays_on_record(
        self, database: Path, letter: dict[str, Any], command: str, state: str
    ) -> None:
        """Who, why, when and what, for people and for programs."""
        if command == "retry":
            execute(database, MEND)

        said = call(
            "dead-letters",
            command,
            "semantic-ir",
            str(letter["sequence"]),
            *("--by", "ada", "--reason", "asked the author"),
        ).stdout

        assert "nothing is set aside any more" in said
        assert answer("dead-letters", "list", "semantic-ir") == []
        [closed] = answer("dead-letters", "list", "semantic-ir", "--all")
        assert closed["state"] == state
        assert closed["repair"]["at"]
        told = [closed["repair"][name] for name in ("action", "by", "reason")]
        assert told == [command, "ada", "asked the author"]
        text = call("dead-letters", "show", "semantic-ir", str(letter["sequence"])).stdout
        assert f"{command} by ada at 2" in text
        assert "asked the author" in text
        # Healthy again: nothing stands in its way.
        [status] = [
            each for each in answer("projections", "status") if each["name"] == "semantic-ir"
        ]
        assert (status["state"], status["error"]) == ("running", None)
