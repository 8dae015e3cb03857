"""The numbers of parts: which ones the parts of a document so far make plausible."""

from __future__ import annotations

from eventdocs.extraction._plain_text_titles import read_number

__all__ = ["PartNumbers", "begins_next"]


class PartNumbers:
    """The numbers that headings and clauses have borne so far."""

    def __init__(self) -> None:
        self._last = ""
        self._seen: set[str] = set()

    def add(self, number: str) -> None:
        """Know the number of the next part."""
        self._last = number
        self._seen.add(number)

    def allow(self, number: str) -> bool:
        """Whether a number can be that of a part: 3.5 is a version where there is no 3."""
        prefix, _, tail = number.rpartition(".")
        around = self._last.rpartition(".")[0]
        return not prefix or tail in {"0", "1"} or prefix in self._seen or prefix == around

    def lead_to(self, number: str) -> bool:
        """Whether a number of one level is the next one, of which one may have been missed."""
        last = self._last.partition(".")[0]
        return last.isdecimal() and number.isdecimal() and 0 < int(number) - int(last) <= 2

    def are_before(self, number: str) -> bool:
        """Whether a number of several levels is exactly the next one."""
        return "." in number and number == _next(self._last)


def begins_next(text: str, number: str) -> bool:
    """Whether a line begins with the number behind another one of several levels."""
    following = _next(number)
    return "." in following and text.startswith(following) and read_number(text) is not None


def _next(number: str) -> str:
    head, dot, tail = number.rpartition(".")
    return f"{head}{dot}{int(tail) + 1}" if tail.isdecimal() else ""
