from __future__ import annotations

import pytest

from eventdocs.cli._layout import Column, grid, harmless, one_line, plain, width_of, wrap


class TestAGrid:
    def test_aligns_its_columns(self) -> None:
        """Text stands left, numbers stand right, and no line ends in blanks."""
        table = grid("Name", Column(title="Value", right=True), rows=[("a", 5), ("long name", 120)])

        lines = list(plain(table, width=80))

        assert lines == [
            "  Name       Value",
            "  ---------  -----",
            "  a              5",
            "  long name    120",
        ]

    def test_wraps_the_widest_columns_into_the_width(self) -> None:
        """No line is wider than asked for, and no word is lost."""
        words = "a definition that is far too long for the narrow terminal it is shown on"
        table = grid("Term", "Meaning", rows=[("Base Date", words)])

        lines = list(plain(table, width=40))

        assert max(width_of(line) for line in lines) <= 40
        shown = " ".join(" ".join(line.split()) for line in lines[2:])
        assert shown.replace("Base Date ", "") == words

    def test_never_breaks_what_a_reader_copies(self) -> None:
        """A kept column stays whole even where the lines then get too wide."""
        identifier = "0190b6e4-7c1f-7a2b-8f00-1234567890ab"
        table = grid(Column(title="Id", keep=True), "Title", rows=[(identifier, "a b c d e f g h")])

        lines = list(plain(table, width=30))

        assert identifier in lines[2]

    def test_counts_cells_not_characters(self) -> None:
        """Combining marks take no room and wide characters two cells."""
        table = grid("S", "T", rows=[("w\u0303", "x"), ("重", "y")])

        lines = list(plain(table, width=80))

        assert lines[2:] == ["  w\u0303   x", "  重  y"]

    def test_shows_none_as_an_empty_cell(self) -> None:
        """A missing value is not the word None."""
        lines = list(plain(grid("A", "B", rows=[(None, 0)]), width=80))

        assert lines[2].split() == ["0"]


class TestWrapping:
    @pytest.mark.parametrize("width", [1, 2, 7, 80])
    def test_keeps_every_character_within_the_width(self, width: int) -> None:
        """Words longer than a line are cut, and nothing is dropped."""
        text = "one incomprehensibilities two"

        lines = wrap(text, width)

        assert all(width_of(line) <= width for line in lines)
        assert "".join(lines).replace(" ", "") == text.replace(" ", "")

    def test_gives_one_empty_line_for_nothing(self) -> None:
        """An empty cell still has its height."""
        assert wrap("", 10) == [""]


class TestUntrustedText:
    @pytest.mark.parametrize("bad", ["\x1b[2J", "\x9b31m", "\u202e", "\x07", "\r", "\u2066"])
    def test_cannot_steer_a_terminal(self, bad: str) -> None:
        """Escape sequences and bidirectional controls are spelled out."""
        shown = harmless(f"a{bad}b")

        assert bad[0] not in shown
        assert f"\\u{ord(bad[0]):04x}" in shown

    def test_cannot_start_a_line_of_its_own(self) -> None:
        """A cell with line breaks stays one line."""
        assert one_line("a\nerror: forged\tb") == "a error: forged b"
