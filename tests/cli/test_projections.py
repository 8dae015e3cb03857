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

NAMES = {"document-views", "document-contents", "semantic-ir", "findings"}


def call(*arguments: str, status: int = 0) -> Result:
    ended = CliRunner().invoke(main, arguments)
    assert ended.exit_code == status, ended.output
    return ended


def answer(*arguments: str, status: int = 0) -> Any:
    return json.loads(call("projections", *arguments, "--json", status=status).stdout)


def mended(*arguments: str, status: int = 0) -> Any:
    return json.loads(call("dead-letters", *arguments, "--json", status=status).stdout)


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A log with one document, and read models that have seen nothing of it."""
    monkeypatch.chdir(tmp_path)

    async def ingest() -> None:
        async with open_store("sqlite:///eventdocs.db", events=DOCUMENT_EVENTS) as store:
            await Documents(store).ingest(b"# A\n\n$w = r$\n", source="a.md")

    asyncio.run(ingest())
    return tmp_path / "eventdocs.db"


def execute(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute(statement)


class TestReadModels:
    def test_that_are_behind_are_brought_to_the_head(self, database: Path) -> None:
        """Status tells the lag, catching up takes it away."""
        behind = answer("status")
        caught_up = answer("catch-up")

        assert {each["name"] for each in behind} == NAMES
        assert all(each["lag"] > 0 for each in behind)
        assert all(each["lag"] == 0 and each["state"] == "running" for each in caught_up)
        assert "running" in call("projections", "status").stdout

    def test_that_differ_from_the_log_are_found_and_rebuilt(self, database: Path) -> None:
        """A row that somebody changed fails the verification until a rebuild."""
        answer("catch-up")
        execute(database, "UPDATE eventdocs_document_views SET title = 'forged'")

        wrong = answer("verify", "document-views", status=1)
        rebuilt = answer("rebuild", "document-views")
        right = answer("verify")

        assert wrong[0]["is_equal"] is False
        assert wrong[0]["difference"]["column"] == "title"
        assert {each["lag"] for each in rebuilt} == {0}
        assert {each["projection"]: each["is_equal"] for each in right} == dict.fromkeys(
            NAMES, True
        )
        assert "none" in call("projections", "verify").stdout

    def test_are_rebuilt_together_and_slowly(self, database: Path) -> None:
        """All at once, those that others depend on first, with a throttle."""
        answer("catch-up")
        execute(database, "UPDATE eventdocs_document_views SET title = 'forged'")

        rebuilt = answer("rebuild", "--all", "--throttle", "1000")

        assert {each["name"]: each["lag"] for each in rebuilt} == dict.fromkeys(NAMES, 0)
        assert all(each["is_equal"] for each in answer("verify"))

    @pytest.mark.parametrize(
        "arguments",
        [
            ("rebuild",),
            ("rebuild", "--all", "--stale"),
            ("rebuild", "--all", "findings"),
            ("rebuild", "--all", "--throttle", "0"),
            ("verify", "--sample", "0"),
            ("verify", "--sample", "1.5"),
            ("verify", "--seed", "1"),
        ],
    )
    def test_are_not_worked_on_without_saying_clearly_how(
        self, database: Path, arguments: tuple[str, ...]
    ) -> None:
        """What could mean two things is wrong usage."""
        call("projections", *arguments, status=2)

    def test_that_other_code_has_built_are_told_and_rebuilt(self, database: Path) -> None:
        """The exit status tells it; a rebuild of what is stale mends it, and nothing else."""
        answer("catch-up")
        assert all(each["is_current"] for each in answer("check"))
        execute(
            database,
            "UPDATE eventdocs_projections SET fingerprint = 'x' || substr(fingerprint, 2) "
            "WHERE name = 'findings'",
        )

        found = {
            each["projection"]: each["changed"]
            for each in answer("check", status=1)
            if not each["is_current"]
        }
        text = call("projections", "check", status=1).stdout
        standing = call("projections", "status").stdout
        answer("rebuild", "--stale")

        assert found == {"findings": ["handlers"]}
        assert "handlers" in text
        assert standing.count("running, code changed") == 1
        assert all(each["is_current"] for each in answer("check"))
        assert answer("rebuild", "--stale") == answer("status")

    def test_are_verified_by_samples(self, database: Path) -> None:
        """The answer says what was looked at; all streams are the whole."""
        answer("catch-up")

        every = answer("verify", "--sample", "1", "--seed", "7")

        assert {each["projection"] for each in every} == NAMES
        assert {each["streams"] for each in every} == {1}
        assert {(each["sample"]["share"], each["sample"]["seed"]) for each in every} == {(1, 7)}
        assert all(each["is_equal"] for each in every)
        execute(database, "UPDATE eventdocs_document_views SET title = 'forged'")
        wrong = answer("verify", "document-views", "--sample", "1", status=1)
        assert wrong[0]["difference"]["column"] == "title"

    def test_that_nobody_rebuilds_have_nothing_to_cancel(self, database: Path) -> None:
        """That is no failure."""
        assert answer("cancel-rebuild", "findings") == {
            "projection": "findings",
            "cancelled": False,
        }
        assert "there was no rebuild" in call("projections", "cancel-rebuild", "findings").stdout

    def test_of_an_unknown_name_are_an_error(self, database: Path) -> None:
        """The names that there are are in the answer."""
        for arguments in (
            ("projections", "rebuild", "x"),
            ("projections", "cancel-rebuild", "x"),
            ("projections", "verify", "x"),
            ("dead-letters", "list", "x"),
            ("dead-letters", "show", "x", "1"),
            ("dead-letters", "retry", "x"),
            ("dead-letters", "skip", "x", "1"),
        ):
            ended = call(*arguments, status=1)

            assert "no projection 'x'" in ended.stderr
            assert "document-views" in ended.stderr


class TestAnEventThatCannotBeApplied:
    @pytest.fixture
    def stopped(self, database: Path) -> dict[str, int]:
        """Where each projection stands that reads the meaning, which is garbled for now."""
        execute(database, "CREATE TABLE kept AS SELECT * FROM eventdocs_contents")
        execute(
            database,
            "UPDATE eventdocs_contents SET content = x'7b' "
            "WHERE CAST(content AS TEXT) LIKE '{%\"entities\":%'",
        )
        ended = call("projections", "catch-up", status=1)
        assert "stopped at event" in ended.stderr
        found = {
            each["name"]: each["sequence"] + 1
            for each in answer("status")
            if (each["state"], each["dead_letters"]) == ("stopped", 1)
        }
        assert found
        return found

    def test_is_applied_once_its_cause_is_mended(
        self, database: Path, stopped: dict[str, int]
    ) -> None:
        """Until then, a retry fails and says what is left."""
        left = {name: mended("retry", name, status=1) for name in stopped}
        execute(
            database,
            "UPDATE eventdocs_contents SET content = "
            "(SELECT content FROM kept WHERE kept.digest = eventdocs_contents.digest)",
        )
        done = [mended("retry", name, str(at)) for name, at in stopped.items()]
        caught_up = answer("catch-up")
        verified = answer("verify")

        assert {name: each[0]["sequence"] for name, each in left.items()} == stopped
        assert {each["state"] for letters in left.values() for each in letters} == {"failed"}
        assert done == [[] for _ in stopped]
        assert {each["state"] for each in caught_up} == {"running"}
        assert all(each["is_equal"] for each in verified)

    def test_is_left_out_on_purpose(self, database: Path, stopped: dict[str, int]) -> None:
        """Skipping it lets the projection go on behind it."""
        name, at = next(iter(stopped.items()))

        text = call("dead-letters", "skip", name, str(at)).stdout

        assert "nothing is set aside any more" in text
        [status] = [each for each in answer("status") if each["name"] == name]
        assert (status["sequence"], status["dead_letters"]) == (at, 0)
