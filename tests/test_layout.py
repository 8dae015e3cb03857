"""The layout: where things stand, so that a newcomer finds them."""

from __future__ import annotations

import ast
import importlib.resources
from collections.abc import Iterator
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "eventdocs"
MODULES = sorted(SOURCE.rglob("*.py"))
PACKAGES = sorted(path.parent for path in SOURCE.glob("*/__init__.py"))

LONGEST = 450
LONG_FOR_A_REASON = {
    "errors.py": "the whole tree of errors is read on one page",
    "projections/_runner.py": "all that a host can ask of its projections is read on one page",
    "store/_port.py": "all that a store promises is read on one page",
}
NAMES_THAT_REFUSE_NOTHING = {"base", "common", "core", "helpers", "manager", "utils"}


def _name(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def _files(folder: Traversable, prefix: str = "") -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.is_dir():
            if entry.name != "__pycache__":
                yield from _files(entry, f"{prefix}{entry.name}/")
        else:
            yield prefix + entry.name


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_the_installed_package_holds_every_file_of_the_source() -> None:
    """SQL, demo documents and `py.typed` reach those who install a wheel."""
    installed = set(_files(importlib.resources.files("eventdocs")))
    expected = set(_files(SOURCE))

    assert "py.typed" in installed
    assert expected - installed == set()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_every_package_is_tested_in_a_place_of_its_own(package: Path) -> None:
    """Tests stand where the tested code stands, under the same name."""
    assert list((ROOT / "tests" / package.name).rglob("test_*.py"))


@pytest.mark.parametrize("module", MODULES, ids=_name)
class TestEveryModule:
    def test_is_short_enough_to_live_in(self, module: Path) -> None:
        """One concept a module; what outgrows the limit wants to be two."""
        if _name(module) not in LONG_FOR_A_REASON:
            assert len(module.read_text("utf-8").splitlines()) <= LONGEST

    def test_has_a_name_that_says_what_it_holds(self, module: Path) -> None:
        """No module or package can become the place for everything."""
        parts = {part.strip("_").removesuffix(".py") for part in module.relative_to(SOURCE).parts}

        assert not parts & NAMES_THAT_REFUSE_NOTHING

    def test_reaches_other_packages_through_their_public_names(self, module: Path) -> None:
        """What stands in another package's underscore module may change unasked."""
        own = f"eventdocs.{module.relative_to(SOURCE).parts[0]}."

        private = [
            name
            for name in _imports(module)
            if name.startswith("eventdocs.") and "._" in name and not name.startswith(own)
        ]

        assert private == []
