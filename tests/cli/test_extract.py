from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from eventdocs.cli import main
from eventdocs.extraction import extract
from eventdocs.ir import from_dict, json_schema, to_dict

TEXT = "# A\n\nThe weight $w$ is the share of Section 9.\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.md").write_text(TEXT)
    return tmp_path


def call(*arguments: str, status: int = 0) -> Result:
    ended = CliRunner().invoke(main, ["extract", *arguments])
    assert ended.exit_code == status, ended.output
    return ended


class TestExtraction:
    def test_gives_the_whole_ir(self) -> None:
        """What is printed is what the library returns, and it can be read back."""
        found: Any = json.loads(call("a.md", "--json").stdout)

        expected = extract(TEXT.encode(), source_name="a.md").ir
        assert found == json.loads(json.dumps(to_dict(expected)))
        assert from_dict(found) == expected

    def test_is_summed_up_for_people(self) -> None:
        """Title, format, and what was found stand there; nothing is stored."""
        text = call("a.md").stdout

        assert text.splitlines()[1] == "A"
        assert "text/markdown" in text
        assert "Section 9" in text
        assert [path.name for path in Path().iterdir()] == ["a.md"]

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("missing.md", None, "No such file"),
            ("junk.md", b"\xae\x00\xff" * 100, "UTF-8"),
            ("picture.md", b"\x89PNG\r\n\x1a\n", "PNG image"),
            ("paper.pdf", b"%PDF-1.7", "a damaged PDF"),
            ("paper.docx", b"PK\x03\x04 word/document.xml", "a broken ZIP archive"),
        ],
    )
    def test_of_what_is_no_document_is_an_error(
        self, folder: Path, name: str, content: bytes | None, words: str
    ) -> None:
        """One line says which file, and why."""
        if content is not None:
            (folder / name).write_bytes(content)

        ended = call(name, status=1)

        assert ended.stderr.startswith(f"error: {name}: ")
        assert words in ended.stderr
        assert len(ended.stderr.splitlines()) == 1

    def test_of_a_folder_is_an_error(self, folder: Path) -> None:
        """One file at a time."""
        (folder / "docs").mkdir()

        assert "no regular file" in call("docs", status=1).stderr

    def test_of_an_empty_file_finds_nothing(self, folder: Path) -> None:
        """An empty document has an empty meaning."""
        (folder / "empty.md").write_bytes(b"")

        found = json.loads(call("empty.md", "--json").stdout)

        assert found["entities"] == []


class TestTheSchema:
    def test_is_given_without_a_file(self) -> None:
        """It is what the library returns, with --json and without."""
        expected = json.loads(json.dumps(json_schema()))

        assert json.loads(call("--schema").stdout) == expected
        assert json.loads(call("--schema", "--json").stdout) == expected

    @pytest.mark.parametrize("arguments", [[], ["a.md", "--schema"]])
    def test_or_a_file_is_asked_for(self, arguments: list[str]) -> None:
        """Neither of them, and both of them, is wrong usage."""
        assert "give either FILE or --schema" in call(*arguments, status=2).stderr


class TestColour:
    def test_comes_when_it_is_asked_for(self) -> None:
        """Even into a pipe; without being asked, it does not."""
        assert "\x1b[" in call("a.md", "--color").stdout
        assert "\x1b[" not in call("a.md").stdout
        assert "\x1b[" not in call("a.md", "--no-color").stdout

    def test_is_done_without_where_rich_is_not_installed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The same facts come as plain aligned text."""
        monkeypatch.setitem(sys.modules, "rich", None)

        assert call("a.md", "--color").stdout == call("a.md").stdout

    def test_cannot_be_forged_by_a_document(self, folder: Path) -> None:
        """An escape sequence in a document's words is spelled out, with and without colour."""
        (folder / "evil.md").write_text("# A\x1b]0;owned\x07\n\n**B\x1b[2J** means c.\n")

        for option in ("--color", "--no-color"):
            text = call("evil.md", option).stdout

            assert "\x1b]0" not in text
            assert "\x1b[2J" not in text
            assert "\x07" not in text
