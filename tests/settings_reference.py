"""The table of all settings, written from the class itself.

`python -m tests.settings_reference` writes it into docs/reference/settings.md; a test
compares.
"""

from __future__ import annotations

import re
from pathlib import Path

from eventdocs.settings import Settings

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "settings.md"

_TABLE = re.compile(r"\| variable \|.*?\n\n", re.DOTALL)


def page() -> str:
    """Write the page anew, as far as it is a table of settings."""
    return _TABLE.sub(lambda _: table() + "\n", PAGE.read_text("utf-8"), count=1)


def table() -> str:
    """Write the table."""
    rows = [
        f"| `{each.variable}` | {f'`{each.value}`' if each.value else ''} | {each.about} |"
        for each in Settings().in_force({})
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
