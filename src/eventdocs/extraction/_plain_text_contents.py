"""What plain text lists or shows instead of saying it: tables of contents, and code."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eventdocs.extraction._plain_text_titles import read_number

__all__ = ["Contents", "is_code", "is_contents_title"]

_TITLE = re.compile(r"(?:table of )?contents:?", re.IGNORECASE)
_LEADERS = ("...", ". . .", "…", ". .")
_DIGITS = "0123456789"
_CODE_BEGINS = (
    "#include", "#define", "#!", "$ ", ">>> ", "//", "/*", "def ", "import ", "return ", "@", "<?"
)  # fmt: skip
_CODE_ENDS = ("{", "}", "\\", ");", "};", "];", '";', "';")
_CODE_SIGNS = (" == ", "->", "::", "&&", "||", "=>", "</", "()", " = {", " += ", "${")


def is_contents_title(text: str) -> bool:
    """Tell whether a line says that a table of contents follows."""
    return _TITLE.fullmatch(text) is not None


def is_code(words: Sequence[str]) -> bool:
    """Tell whether most of some lines are code."""
    text = "\n".join(words)
    signed = any(sign in text for sign in _CODE_SIGNS)
    signs = sum(
        line.startswith(_CODE_BEGINS)
        or (line.endswith(_CODE_ENDS) and line[0] not in '"“')
        or (signed and any(sign in line for sign in _CODE_SIGNS))
        for line in words
    )
    return signs > 0 and signs * 2 >= len(words)


class Contents:
    """Tells the lines of a table of contents from the headings that it lists."""

    def __init__(self) -> None:
        self._listed: set[str] | None = None

    def expect(self) -> None:
        """A table of contents follows."""
        self._listed = set()

    def covers(self, words: Sequence[str]) -> bool:
        """Whether lines list the headings that follow."""
        dotted = sum(map(_leads_to_page, words))
        titles = [text.rstrip(_DIGITS).rstrip(" .…\t") for text in words]
        if dotted * 2 >= len(words) and (len(words) > 1 or self._listed is not None):
            self._listed = {*(self._listed or ()), *titles}
            return True
        if self._listed is None:
            return False
        listed = sum(read_number(text) is not None or text[-1].isdigit() for text in words)
        if titles[0] in self._listed or listed * 2 < len(words):
            self._listed = None
            return False
        self._listed.update(titles)
        return True


def _leads_to_page(text: str) -> bool:
    bare = text.rstrip(_DIGITS)
    return len(bare) < len(text) and bare.rstrip().endswith(_LEADERS)
