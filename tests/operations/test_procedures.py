"""No procedure stands in the pages that nobody has followed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.operations.procedures import PAGES, sections

TESTS = "\n".join(each.read_text("utf-8") for each in Path(__file__).parent.glob("test_*.py"))
PROCEDURES = [(page.name, title) for page in PAGES.glob("*.md") for title in sections(page.name)]


@pytest.mark.parametrize(("page", "title"), sorted(PROCEDURES))
def test_a_procedure_is_followed_by_a_test(page: str, title: str) -> None:
    """Its title stands in one, which takes the commands from the page."""
    assert f'"{title}"' in TESTS, f"{page}: {title}"


def test_there_are_procedures() -> None:
    """The pages are found, and the commands in them."""
    assert len(PROCEDURES) > 10
