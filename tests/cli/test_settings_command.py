"""`eventdocs settings`: what is in force, and where each value came from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from eventdocs.cli import main


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("EVENTDOCS_DATABASE_URL", raising=False)


def run(*arguments: str, **environ: str | None) -> Result:
    return CliRunner(env={"COLUMNS": "200", **environ}).invoke(main, ["settings", *arguments])


def test_shows_every_setting_and_where_it_comes_from(tmp_path: Path) -> None:
    """From an option, the environment, a file, or a default; passwords are masked."""
    file = tmp_path / "url"
    file.write_text("postgresql://ada:secret@direct/x")

    ran = run(
        *("--json", "--database", "postgresql://ada:secret@db/x"),
        EVENTDOCS_DIRECT_URL_FILE=str(file),
        EVENTDOCS_POOL_MAX_SIZE="30",
    )

    assert ran.exit_code == 0
    assert "secret" not in ran.output
    found = {
        each["name"]: (each["value"], each["source"]) for each in json.loads(ran.stdout)["settings"]
    }
    assert found["database_url"] == ("postgresql://ada:***@db/x", "--database")
    assert found["direct_url"] == ("postgresql://ada:***@direct/x", f"file {file}")
    assert found["pool_max_size"] == ("30", "environment")
    assert found["pool_min_size"] == ("5", "default")


def test_shows_only_what_is_set_if_asked() -> None:
    """The rest is in the reference."""
    ran = run("--set", EVENTDOCS_SCHEMA="archive")

    assert [line.split()[:3] for line in ran.stdout.splitlines()[2:]] == [
        ["EVENTDOCS_SCHEMA", "archive", "environment"]
    ]
    assert "everything is as by default" in run("--set").stdout


def test_names_everything_that_is_wrong_and_fails() -> None:
    """In production, the database is never guessed."""
    ran = run(EVENTDOCS_ENVIRONMENT="production", EVENTDOCS_POOL_MIN_SIZE="x", EVENTDOCS_SCEMA="s")

    assert ran.exit_code == 1
    assert "EVENTDOCS_DATABASE_URL is not set; production needs it" in ran.stderr
    assert "EVENTDOCS_POOL_MIN_SIZE is 'x', which is not a whole number" in ran.stderr
    assert "did you mean EVENTDOCS_SCHEMA?" in ran.stderr


def test_an_option_is_enough_for_production() -> None:
    """What the command line says counts as set."""
    ran = run("--set", "--database", "postgresql://db/x", EVENTDOCS_ENVIRONMENT="production")

    assert ran.exit_code == 0
    assert "postgresql://db/x" in ran.stdout
