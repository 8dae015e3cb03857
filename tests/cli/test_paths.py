from __future__ import annotations

from pathlib import Path

import pytest

from eventdocs.cli._paths import Found, find


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("b.md", "a.md", "picture.png", "sub/c.md", "sub/.hidden.md", ".git/d.md"):
        path = tmp_path / "library" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "library"


def markdown(path: Path) -> bool:
    return path.suffix == ".md"


def names(found: Found) -> list[str]:
    return [path.as_posix() for path in found.files]


class TestArguments:
    def test_take_a_folder_with_the_folders_in_it(self, library: Path) -> None:
        """Documents come by name; what is hidden is left alone, what is none is passed over."""
        found = find(["library"], is_document=markdown)

        assert names(found) == ["library/a.md", "library/b.md", "library/sub/c.md"]
        assert [path.name for path in found.passed_over] == ["picture.png"]
        assert found.problems == ()

    def test_take_a_named_file_whatever_it_is(self, library: Path) -> None:
        """Who names a file means it, and will be told if it cannot be read."""
        found = find(["library/picture.png"], is_document=markdown)

        assert names(found) == ["library/picture.png"]

    def test_expand_patterns_where_no_shell_has_done_it(self, library: Path) -> None:
        """Stars work when quoted, and on systems whose shell leaves them alone."""
        found = find(["library/**/*.md"], is_document=markdown)

        assert names(found) == ["library/a.md", "library/b.md", "library/sub/c.md"]

    def test_take_a_name_that_looks_like_a_pattern(self, library: Path) -> None:
        """An existing file wins over the pattern its name would be."""
        (library / "x[1].md").write_text("x")

        found = find(["library/x[1].md"], is_document=markdown)

        assert names(found) == ["library/x[1].md"]

    def test_count_each_file_once(self, library: Path) -> None:
        """A file that is meant twice, also through a link, is taken once."""
        (library / "z.md").symlink_to(library / "a.md")

        found = find(["library/b.md", "library", "./library/b.md"], is_document=markdown)

        assert names(found) == ["library/b.md", "library/a.md", "library/sub/c.md"]

    def test_report_what_stands_for_nothing(self, library: Path) -> None:
        """Each argument without a file is named with its reason; the others are found."""
        found = find(["nowhere.md", "library/*.rst", "library/a.md"], is_document=markdown)

        assert found.problems == (
            ("nowhere.md", "no such file or folder"),
            ("library/*.rst", "no file matches"),
        )
        assert names(found) == ["library/a.md"]

    def test_do_not_run_in_circles(self, library: Path) -> None:
        """A link to a folder above is not followed."""
        (library / "sub" / "again").symlink_to(library, target_is_directory=True)

        found = find(["library"], is_document=markdown)

        assert len(found.files) == 3
