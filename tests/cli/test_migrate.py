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
