from __future__ import annotations

import json
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

    def test_cannot_be_made_where_there_is_no_folder(self, folder: Path) -> None:
        """The folder is named, and not made."""
        ended = CliRunner().invoke(main, ["migrate", "up", "--database", "sqlite:///no/x.db"])

        assert ended.exit_code == 1
        assert "there is no folder" in ended.stderr
        assert list(folder.iterdir()) == []
