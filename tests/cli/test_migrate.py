from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner

from eventdocs.cli import main
from eventdocs.migrations import LATEST


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


class TestTheSchema:
    def test_is_made_once_and_shown(self, folder: Path) -> None:
        """A new file gets every step; a second time there is nothing to do."""
        run = CliRunner().invoke

        made = json.loads(run(main, ["migrate", "up", "--json"]).stdout)
        again = json.loads(run(main, ["migrate", "up", "--json"]).stdout)
        shown = json.loads(run(main, ["migrate", "status", "--json"]).stdout)
        text = run(main, ["migrate", "status"]).stdout

        assert made["version"] == LATEST
        assert [each["version"] for each in made["applied"]] == list(range(1, LATEST + 1))
        assert again == {"version": LATEST, "applied": []}
        assert shown == {"version": LATEST, "latest": LATEST, "pending": []}
        assert f"schema version {LATEST}, latest {LATEST}" in text

    def test_gets_an_index_for_a_metadata_key_once(self, folder: Path) -> None:
        """It is told whether it was made now; a key that no filter takes is refused."""
        run = CliRunner().invoke
        run(main, ["migrate", "up"])

        made = json.loads(run(main, ["migrate", "index", "tenant", "--json"]).stdout)
        again = run(main, ["migrate", "index", "tenant"])
        refused = run(main, ["migrate", "index", "it's"])

        assert made == {"key": "tenant", "made": True}
        assert again.stdout == "metadata key tenant: was indexed before\n"
        assert (refused.exit_code, "quotation marks" in refused.stderr) == (2, True)

    def test_stands_beside_another_applications_tables_when_told_to(self, folder: Path) -> None:
        """Other commands leave such a file alone, byte for byte, and name the one that will not."""
        with contextlib.closing(sqlite3.connect(folder / "eventdocs.db")) as database:
            database.execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, name TEXT)")
            database.execute("INSERT INTO orders VALUES (1, 'kept')")
            database.commit()
        before = (folder / "eventdocs.db").read_bytes()
        run = CliRunner().invoke

        refused = run(main, ["documents"])
        untouched = (folder / "eventdocs.db").read_bytes()
        up = run(main, ["migrate", "up", "--json"])
        after = run(main, ["documents"])

        assert refused.exit_code == 1
        assert "another application (orders); `eventdocs migrate up`" in refused.stderr
        assert untouched == before
        assert [each["version"] for each in json.loads(up.stdout)["applied"]]
        assert after.exit_code == 0
        with contextlib.closing(sqlite3.connect(folder / "eventdocs.db")) as database:
            assert database.execute("SELECT * FROM orders").fetchall() == [(1, "kept")]

    def test_cannot_be_made_where_there_is_no_folder(self, folder: Path) -> None:
        """The folder is named, and not made."""
        ended = CliRunner().invoke(main, ["migrate", "up", "--database", "sqlite:///no/x.db"])

        assert ended.exit_code == 1
        assert "there is no folder" in ended.stderr
        assert list(folder.iterdir()) == []


class TestTheWayThere:
    def test_is_planned_taken_and_taken_back(self, folder: Path) -> None:
        """What is lost on the way back is told, and has to be allowed."""
        run = CliRunner().invoke

        made = json.loads(run(main, ["migrate", "up", "--to", "3", "--json"]).stdout)
        rest = json.loads(run(main, ["migrate", "plan", "--json"]).stdout)
        run(main, ["migrate", "up", "--lock-timeout", "1"])
        back = run(main, ["migrate", "plan", "--to", "0"])
        refused = run(main, ["migrate", "down", "--to", "0"])
        taken = run(main, ["migrate", "down", "--to", "0", "--allow-data-loss", "--json"])

        assert (made["version"], len(made["applied"])) == (3, 3)
        assert [step["version"] for step in rest["steps"]] == list(range(4, LATEST + 1))
        assert any("CREATE INDEX" in statement for statement in rest["steps"][0]["sql"])
        assert "every event" in back.stdout
        assert (refused.exit_code, "every event" in refused.stderr) == (1, True)
        assert json.loads(taken.stdout)["version"] == 0
        assert len(json.loads(taken.stdout)["taken_back"]) == LATEST

    def test_a_plan_without_a_step_says_so(self, folder: Path) -> None:
        """As a sentence."""
        CliRunner().invoke(main, ["migrate", "up"])

        shown = CliRunner().invoke(main, ["migrate", "plan"])

        assert shown.stdout.endswith("nothing to do\n")

    def test_is_written_as_sql_that_sqlite_takes(self, folder: Path) -> None:
        """From nothing to what `verify` calls right, without any database."""
        run = CliRunner().invoke

        written = run(main, ["migrate", "sql", "--from", "0"])
        as_json = json.loads(run(main, ["migrate", "sql", "--from", "0", "--json"]).stdout)
        assert list(folder.iterdir()) == []
        with contextlib.closing(sqlite3.connect(folder / "eventdocs.db")) as database:
            database.executescript(written.stdout)
        verified = run(main, ["migrate", "verify"])

        assert as_json["sql"] == written.stdout
        assert (as_json["dialect"], as_json["from"], as_json["to"]) == ("sqlite", 0, LATEST)
        assert (verified.exit_code, verified.stdout) == (
            0,
            f"schema version {LATEST}, as declared\n",
        )

    def test_leads_past_the_pooler_that_the_environment_names(
        self, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Indexes are built beside writers there, where a session is a session."""
        monkeypatch.setenv("EVENTDOCS_DATABASE_URL", postgres_url)
        monkeypatch.setenv("EVENTDOCS_DIRECT_URL", "postgresql://nobody@localhost:1/none")

        ended = CliRunner().invoke(main, ["migrate", "up", "--concurrently"])

        assert ended.exit_code == 1
        assert "localhost:1/none" in ended.stderr

    def test_what_differs_is_told_with_an_exit_status(self, folder: Path) -> None:
        """One difference a line, or as JSON."""
        run = CliRunner().invoke
        run(main, ["migrate", "up"])
        with contextlib.closing(sqlite3.connect(folder / "eventdocs.db")) as database:
            database.execute("DROP INDEX eventdocs_events_type")

        told = run(main, ["migrate", "verify"])
        as_json = run(main, ["migrate", "verify", "--json"])

        assert (told.exit_code, as_json.exit_code) == (1, 1)
        expected = "eventdocs_events, index eventdocs_events_type is missing"
        assert told.stdout == f"{expected}\n"
        assert json.loads(as_json.stdout) == {"version": LATEST, "differences": [expected]}


class TestAnOlderLog:
    def test_comes_over_is_compared_and_gets_back_what_came_since(self, folder: Path) -> None:
        """Beside the log, in one file."""
        with contextlib.closing(sqlite3.connect(folder / "eventdocs.db")) as database:
            database.executescript(
                "CREATE TABLE events (aggregate_id TEXT, aggregate_type TEXT, event_type TEXT, "
                "event_version INTEGER, payload TEXT, metadata TEXT, created_at TEXT);"
                "INSERT INTO events VALUES "
                "('1', 'box', 'Filled', 1, '{}', '{}', '2024-01-01 00:00:00')"
            )
        run = CliRunner().invoke
        run(main, ["migrate", "up"])

        taken = json.loads(run(main, ["migrate", "take-over", "--json"]).stdout)
        again = run(main, ["migrate", "take-over"])
        compared = run(main, ["migrate", "take-over", "--compare"])
        back = run(main, ["migrate", "give-back"])
        with contextlib.closing(sqlite3.connect(folder / "eventdocs.db")) as database:
            database.execute("UPDATE events SET event_type = 'Other'")
            database.commit()
        differs = run(main, ["migrate", "take-over", "--compare"])

        assert taken == {
            "taken_over": {"events": 1, "streams": 1, "documents": 0},
            "differences": [],
        }
        assert (again.exit_code, "not empty" in again.stderr) == (1, True)
        assert (compared.exit_code, back.stdout) == (0, "0 events given back\n")
        assert (differs.exit_code, "differs in its type" in differs.stdout) == (1, True)
