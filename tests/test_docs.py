"""The documentation: complete, and true to the code where it repeats it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from eventdocs.cli import main
from tests import cli_reference

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_page_on_the_command_line_says_what_the_commands_say() -> None:
    """`python -m tests.cli_reference` writes the page anew."""
    assert cli_reference.PAGE.read_text("utf-8") == cli_reference.page()


def test_the_readme_has_the_two_commands_each_on_one_line() -> None:
    """They are copied and pasted: by people, and by the gates."""
    readme = (ROOT / "README.md").read_text("utf-8").splitlines()

    commands = [line for line in readme if line.startswith("python3 -m venv")]

    assert len(commands) == 2
    assert commands[0].endswith("eventdocs demo")
    assert commands[1].endswith("nox -s tests")


def test_the_readme_shows_what_the_demo_shows() -> None:
    """Every line of the excerpt stands in the output, in the same order."""
    excerpt = (ROOT / "README.md").read_text("utf-8").partition("```text\n")[2].partition("```")[0]

    ran = CliRunner(env={"COLUMNS": "100"}).invoke(main, ["demo"])

    assert ran.exit_code == 0
    shown = iter(ran.stdout.splitlines())
    for line in filter(None, excerpt.splitlines()):
        assert line in shown, f"not shown, or not in this order: {line}"


def test_the_reference_has_a_page_for_every_package() -> None:
    """What can be imported can be looked up; the command line has a page of its own kind."""
    packages = {path.parent.name for path in (ROOT / "src" / "eventdocs").glob("*/__init__.py")}
    pages = {path.stem for path in (ROOT / "docs" / "reference").glob("*.md")}

    assert packages <= pages


@pytest.mark.parametrize("page", PAGES, ids=_name)
class TestEveryPage:
    def test_closes_its_code_blocks(self, page: Path) -> None:
        """A fence left open would swallow what follows, and nothing would run it."""
        fences = re.findall(r"^```.*$", page.read_text("utf-8"), re.MULTILINE)

        assert len(fences) % 2 == 0
        assert all(fence == "```" for fence in fences[1::2])

    def test_names_the_language_of_its_code_blocks(self, page: Path) -> None:
        """A Python block without its language would not be run."""
        fences = re.findall(r"^```(.*)$", page.read_text("utf-8"), re.MULTILINE)

        assert set(fences[::2]) <= {"python", "sh", "text"}

    def test_links_to_pages_that_are_there(self, page: Path) -> None:
        """Readers of the repository follow the same links as readers of the site."""
        for target in re.findall(r"\]\(([^)#:]+?)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / target).is_file(), target

    def test_has_one_title(self, page: Path) -> None:
        """The first line says what the page is."""
        blocks = re.compile(r"^```.*?^```|<!---.*?-->", re.MULTILINE | re.DOTALL)
        text = blocks.sub("", page.read_text("utf-8"))

        assert page.read_text("utf-8").startswith("# ")
        assert len(re.findall(r"^# ", text, re.MULTILINE)) == 1
