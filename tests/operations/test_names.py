"""Every name in the documentation is the name of something."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.operations.names import ROOT, unknown_names

PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_a_page_names_nothing_that_does_not_exist(page: Path) -> None:
    """Commands, options, variables, tables, log lines, modules and paths are looked up."""
    assert unknown_names(page.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("written", "unknown"),
    [
        ("`eventdocs migrate sideways`", "eventdocs migrate sideways"),
        ("`eventdocs events --loudly`", "events --loudly"),
        ("```sh\nsudo eventdocs rebuild --all | less\n```\n", "eventdocs rebuild --all"),
        ("```text\nExecStart=/opt/bin/eventdocs healthy\n```\n", "eventdocs healthy"),
        ("`EVENTDOCS_POOL_SIZE=3`", "EVENTDOCS_POOL_SIZE"),
        ("`EVENTDOCS_SCHEMA_FILE`", "EVENTDOCS_SCHEMA_FILE"),
        ("`SELECT * FROM eventdocs_event`", "eventdocs_event"),
        ("`eventdocs.feed.helt`", "eventdocs.feed.helt"),
        ("`eventdocs.store.EventStorage`", "eventdocs.store.EventStorage"),
        ("`docs/operations/nowhere.md`", "docs/operations/nowhere.md"),
    ],
)
def test_a_name_that_does_not_exist_is_found(written: str, unknown: str) -> None:
    """One wrong letter is enough, inline or in a block."""
    assert unknown_names(f"# Title\n\nSome {written}\n" if written[:3] != "```" else written) == [
        unknown
    ]


def test_names_that_exist_are_not_reported() -> None:
    """Whatever stands around them."""
    page = (
        "`eventdocs events --type NoteAdded --follow --json`\n"
        "`EVENTDOCS_DATABASE_URL_FILE` `eventdocs_watermark()` `eventdocs.feed.held`\n"
        "```sh\nEVENTDOCS_SCHEMA=log /opt/bin/eventdocs \\\n  health --json > health.json\n"
        'psql --command "SELECT count(*) FROM library.eventdocs_events"\n```\n'
    )

    assert unknown_names(page) == []
