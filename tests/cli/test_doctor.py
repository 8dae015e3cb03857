"""`eventdocs doctor`: what is not in order, what to do about it, and an exit status."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import get_args

import pytest

from eventdocs.backends import DiagnosisCode
from eventdocs.cli._doctor import EXTRAS
from tests.cli.conftest import Eventdocs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def database(in_process: Eventdocs, folder: Path) -> Path:
    assert in_process("migrate", "up").status == 0
    return folder / "eventdocs.db"


@pytest.mark.usefixtures("database")
def test_is_content_with_what_is_in_order(in_process: Eventdocs) -> None:
    """In words, and with every fact as JSON."""
    text = in_process("doctor", "--min-free", "0")
    answer = in_process("doctor", "--min-free", "0", "--json").json

    assert (text.status, text.out.splitlines()[-1]) == (0, "all is in order")
    assert (answer["is_well"], answer["diagnoses"]) == (True, [])
    assert answer["facts"]["journal_mode"] == "wal"
    assert answer["facts"]["extras"] == "cli, docx, pdf, rst, zstd"
    assert answer["facts"]["eventdocs"] == in_process("version", "--json").json["eventdocs"]


@pytest.mark.usefixtures("database")
def test_fails_for_a_warning_only_if_that_is_asked_for(in_process: Eventdocs) -> None:
    """What is found has a code, and what to do stands below it."""
    lenient = in_process("doctor", "--min-free", "1000000000")
    strict = in_process("doctor", "--min-free", "1000000000", "--strict", "--json")

    assert (lenient.status, strict.status) == (0, 1)
    assert "warning: the disk of" in lenient.out
    assert "(disk-space)" in lenient.out
    assert "    free some" in lenient.out
    assert lenient.out.splitlines()[-1] == "1 warning"
    [told] = strict.json["diagnoses"]
    assert (told["code"], told["severity"]) == ("disk-space", "warning")


def test_fails_for_an_error(in_process: Eventdocs, folder: Path) -> None:
    """A database that is missing is a finding like any other, and none is made."""
    ended = in_process("doctor", "--json")

    assert ended.status == 1
    assert [each["code"] for each in ended.json["diagnoses"]] == ["schema-version"]
    assert list(folder.iterdir()) == []


@pytest.mark.usefixtures("database")
def test_tells_which_extras_are_missing(
    in_process: Eventdocs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is so without each; that is a hint, whatever is asked for."""
    for package, _ in EXTRAS.values():
        monkeypatch.setitem(sys.modules, package, None)  # Python's own way to say: not there

    ended = in_process("doctor", "--strict", "--min-free", "0", "--json")

    assert ended.status == 0
    assert ended.json["facts"]["extras"] == "none"
    told = ended.json["diagnoses"]
    assert {each["code"] for each in told} == {"extra-missing"}
    assert len(told) == len(EXTRAS)
    assert any("pip install 'eventdocs[pdf]'" in each["remedy"] for each in told)


def test_knows_every_extra_that_there_is() -> None:
    """Those for tests are the developer's affair; the package that each brings is its own."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    declared = {
        name: re.split(r"[^a-z0-9_]", packages[0])[0]
        for name, packages in project["optional-dependencies"].items()
    }

    assert {name: package for name, (package, _) in EXTRAS.items()}.items() <= declared.items()
    assert "pdf" in EXTRAS


@pytest.mark.usefixtures("database")
def test_passes_on_what_the_settings_warn_of(in_process: Eventdocs) -> None:
    """What is set, and should better be set otherwise."""
    environ = {
        "EVENTDOCS_ENVIRONMENT": "production",
        "EVENTDOCS_DATABASE_URL": "sqlite:///eventdocs.db",
        "EVENTDOCS_HEALTH_DETAILS": "true",
    }

    ended = in_process("doctor", "--min-free", "0", "--json", environ=environ)

    assert ended.status == 0
    [told] = ended.json["diagnoses"]
    assert (told["code"], told["severity"]) == ("settings-questionable", "warning")
    assert "EVENTDOCS_HEALTH_DETAILS" in told["message"]


def test_looks_at_a_server_and_keeps_its_password(in_process: Eventdocs, postgres_url: str) -> None:
    """The address may hold a secret, as may the one that leads past a pooler."""
    url = postgres_url.replace("://postgres@", "://postgres:hunter2@")

    ended = in_process(
        *("doctor", "--json", "--database", url),
        environ={"EVENTDOCS_DIRECT_URL": "postgresql://me:hunter2@127.0.0.1:1/x"},
    )

    assert ended.status == 1
    codes = {each["code"] for each in ended.json["diagnoses"]}
    assert {"server-fsync", "role-superuser", "direct-url"} <= codes
    assert ended.json["facts"]["pooled"] is False
    assert "hunter2" not in ended.out + ended.err


def test_says_of_a_wrong_address_what_is_wrong(in_process: Eventdocs) -> None:
    """What has no form of an address is no finding but a mistake in the command."""
    ended = in_process("doctor", "--database", "mysql://me:hunter2@db/x")

    assert ended.status == 1
    assert "is no supported database" in ended.problems[0]
    assert "hunter2" not in ended.err


def test_finds_what_the_documentation_explains() -> None:
    """Every code has its row, and every row is of a code that there is."""
    page = (ROOT / "docs" / "how-to" / "find-what-is-wrong.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]

    explained = [code for row in rows for code in re.findall(r"`([a-z-]+)`", row)]

    assert sorted(explained) == sorted(get_args(DiagnosisCode))
