"""One answer, whatever database it comes from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from eventdocs.types import JSONValue
from tests.cli.conftest import Ended, Eventdocs

FIRST = """# Rates

The weight $w$ is

$$
w = r \\, k \\tag{1}
$$

where $r$ is the rate of Section 7, and $k$ is a constant from Table 1.

Table 1: Constants

| Symbol | Value | Unit |
|:-------|------:|:-----|
| $k$    |     5 | %    |
"""

COMMANDS = [
    ("documents",),
    ("show", "rates.md"),
    ("findings",),
    ("findings", "rates.md", "--severity", "info"),
    ("diff", "rates.md"),
    ("impact", "rates.md", "k"),
    ("events",),
    ("events", "--backward", "--type", "DocumentRevised"),
    ("log", "export", "log.jsonl"),
    ("types", "check"),
    ("projections", "status"),
    ("projections", "catch-up"),
    ("projections", "verify"),
    ("projections", "rebuild", "findings"),
    ("migrate", "status"),
    ("migrate", "up"),
]
"""Commands that answer with JSON; those that answer about no database are left out."""

CHANCE = {"id", "recorded_at", "correlation_id", "causation_id", "store_id", "created_at"}
"""Facts that differ between two runs on one database, too."""


def shape(value: JSONValue) -> JSONValue:
    """Keep everything that does not depend on the moment; of that, its type."""
    if isinstance(value, dict):
        return {
            key: type(each).__name__
            if key in CHANCE or key.endswith(("_at", "_id", "seconds"))
            else shape(each)
            for key, each in value.items()
        }
    if isinstance(value, list):
        return [shape(each) for each in value]
    return value


def answers(eventdocs: Eventdocs, folder: Path, url: str) -> dict[str, Any]:
    """Bring in two revisions of a document and ask everything that can be asked."""

    def call(*arguments: str) -> Ended:
        ended = eventdocs(*arguments, "--json", "--database", url)
        assert (ended.status, ended.problems) == (0, []), (arguments, ended.err)
        return ended

    (folder / "rates.md").write_text(FIRST)
    first = call("ingest", "rates.md").json
    (folder / "rates.md").write_text(FIRST.replace("Section 7", "Section 1"))
    found = {"ingest": [first, call("ingest", "rates.md").json]}
    for arguments in COMMANDS:
        out = call(*arguments).out
        lines = out.splitlines() if arguments[0] == "events" else [out]
        found[" ".join(arguments)] = [json.loads(line) for line in lines]
        (folder / "log.jsonl").unlink(missing_ok=True)
    return found


@pytest.mark.once
def test_every_command_answers_alike_on_both(
    in_process: Eventdocs, folder: Path, sqlite_url: str, postgres_url: str
) -> None:
    """Programs that read the JSON need not know where it was stored."""
    on_sqlite = answers(in_process, folder, sqlite_url)

    on_postgresql = answers(in_process, folder, postgres_url)

    assert set(on_postgresql) == set(on_sqlite)
    for command, found in on_sqlite.items():
        assert shape(on_postgresql[command]) == shape(found), command
        assert json.dumps(found) != "[[]]", command
