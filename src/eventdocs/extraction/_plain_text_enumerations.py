"""Enumerations of plain text: which lines begin an item, seen from those before them."""

from __future__ import annotations

from collections.abc import Sequence

from eventdocs.extraction._rst_enumerators import Enumerator, read_enumerator

__all__ = ["Enumerations", "end_of_items", "row_with_words"]


class Enumerations:
    """The lists that are open, of which each stands at an indent of its own.

    Args:
        words: What stands on the lines.
        indents: Where that begins.
    """

    def __init__(self, words: Sequence[str], indents: Sequence[int]) -> None:
        self._words = words
        self._indents = indents
        self._items: dict[int, Enumerator] = {}
        self._rows: dict[int, int] = {}

    def clear(self) -> None:
        """End all lists."""
        self._items.clear()

    def end(self, indent: int) -> None:
        """End the list at *indent*."""
        self._items.pop(indent, None)

    def add(self, row: int, item: Enumerator) -> None:
        """Take up an item, which ends the lists inside the one before it."""
        indent = self._indents[row]
        self._items[indent] = item
        self._rows[indent] = row
        for deeper in [each for each in self._items if each > indent]:
            del self._items[deeper]

    def next_item(self, row: int) -> Enumerator | None:
        """Read the item that continues the list at the line's indent."""
        before = self._items.get(self._indents[row])
        return read_enumerator(self._words[row], before) if before is not None else None

    def first_item(self, row: int) -> Enumerator | None:
        """Read an item that begins a list."""
        found = read_enumerator(self._words[row], None)
        return (
            found if found is not None and (found.ordinal <= 1 or found.form == "parens") else None
        )

    def are_announced(self, row: int) -> bool:
        """Whether the line before says that a list follows."""
        return row > 0 and self._words[row - 1].endswith((":", "means", "either"))

    def row_before(self, row: int, number: int) -> int | None:
        """The line of the item that *number* follows, in the list at the line's indent."""
        indent = self._indents[row]
        is_next = indent in self._items and self._items[indent].ordinal + 1 == number
        return self._rows[indent] if is_next else None


def row_with_words(words: Sequence[str], row: int) -> int | None:
    """The first line from *row* on that is not empty."""
    while row < len(words):
        if words[row]:
            return row
        row += 1
    return None


def end_of_items(words: Sequence[str], row: int) -> int:
    """The line behind a list that is a part of the sentence before it."""
    end = row
    before: Enumerator | None = None
    while (begins := row_with_words(words, row)) is not None:
        found = read_enumerator(words[begins], before)
        if found is None or (before is None and found.ordinal != 1):
            break
        before = found
        row = begins + 1
        while row < len(words) and words[row]:
            row += 1
        end = row
    return end
