"""Terms in plain text: lists whose explanations hang behind or below their terms."""

from __future__ import annotations

import re
from collections.abc import Sequence

from eventdocs.extraction._plain_text_page import Page

__all__ = ["side_by_side", "term_at", "term_follows"]

_COLON = re.compile(r"(?P<term>[^\s:][^:]{0,50}?)\s*:(?P<gap>\s+)(?=\S)")
_GAP = re.compile(r"(?P<term>\S+(?: \S+){0,5})(?P<gap> {2,}|\t+ *)(?=\S)")
_LETTER = re.compile(r"[^\W\d_]")
_LONGEST = 60
_MOST_ROWS = 500
_FARTHEST = 60
_NO_TERM = re.compile(
    r"(?:note|example|see also|e\.g|i\.e|todo|warning|if|elif|elseif|while)\b|(?:else|then|do|try):?$",
    re.IGNORECASE,
)


def term_at(page: Page, row: int, end: int) -> tuple[int, int] | None:
    """Read a line as a term with its explanation, which hangs below it or behind it.

    Returns:
        The characters of the term, and those before its explanation on the same line; 0 if
        it begins on the next.
    """
    text = page.words[row]
    hangs = row + 1 < end and page.indents[row + 1] >= page.indents[row] + 2
    if row + 1 == end and _explained_below(page, row):
        return len(text.rstrip(" :")), 0
    if not _LETTER.search(text[:_LONGEST]) or _NO_TERM.match(text):
        return None
    if hangs and len(text) <= _LONGEST and text[-1] not in ".,;!?" and _whole(text):
        if page.indents[row] + len(text) > page.width * 3 // 4:
            return None
        return len(text.rstrip(" :")), 0
    found = _COLON.match(text)
    if found is not None and _is_term(found["term"]):
        behind = page.indents[row] + found.end()
        if hangs and (len(found["gap"]) > 1 or page.indents[row + 1] <= behind):
            return found.end("term"), found.end()
        if not hangs and len(found["gap"]) > 1 and row + 1 == end:
            return found.end("term"), found.end()
        return None
    if not hangs:
        return None
    found = _GAP.match(text)
    if found is None or not _is_term(found["term"]):
        return None
    column = len(page.text(row)) - len(text) + found.end()
    return (found.end("term"), found.end()) if page.indents[row + 1] == column else None


def term_follows(page: Page, row: int) -> bool:
    """Whether another term stands behind the explanation of the one on a line."""
    indent = page.indents[row]
    for below in range(row + 1, min(row + _FARTHEST, len(page))):
        if page.words[below] and page.indents[below] <= indent:
            behind = below + 1
            hangs = behind < len(page) and page.words[behind] != ""
            same = page.indents[below] == indent
            return same and term_at(page, below, behind + hangs) is not None
    return False


def _explained_below(page: Page, row: int) -> bool:
    """Whether a line alone is a term, and a sentence stands below it behind a blank line."""
    text = page.words[row]
    below = row + 2
    if below >= len(page) or not page.words[below] or page.indents[below] < page.indents[row] + 2:
        return False
    said = page.words[below]
    return (
        len(text) <= _LONGEST
        and text[-1] not in ".,;:!?"
        and _whole(text)
        and _LETTER.search(text) is not None
        and said[0].isupper()
        and said.count(" ") > 1
    )


def _is_term(text: str) -> bool:
    return text[-1] not in ".,;!?" and _whole(text) and len(text.split()) <= 6 and " =" not in text


def _whole(text: str) -> bool:
    """Whether no bracket is left open."""
    return text.count("(") == text.count(")") and text.count("[") == text.count("]")


def side_by_side(page: Page, row: int, end: int) -> Sequence[tuple[int, int, int, int]]:
    """Read lines as terms in one column and explanations in another.

    Returns:
        For each term its line, the line behind its explanation, the characters of the term,
        and those before the explanation; nothing if the lines are anything else.
    """
    if "  " not in page.words[row] and "\t" not in page.words[row]:
        return ()
    indent = page.indents[row]
    column = -1
    found: list[tuple[int, int, int, int]] = []
    for each in range(row, min(end, row + _MOST_ROWS)):
        text = page.words[each]
        if page.indents[each] == indent:
            parted = _GAP.match(text)
            if parted is None or not _is_term(parted["term"]) or len(parted["term"]) > 40:
                return ()
            width = parted.end("term")
            looks = page.text(each)
            behind = len(looks) - len(looks[indent + width :].lstrip())
            if column >= 0 and behind != column:
                return ()
            column = behind
            found.append((each, each + 1, width, parted.end()))
        elif found and page.indents[each] == column:
            first, _, width, cut = found[-1]
            found[-1] = (first, each + 1, width, cut)
        else:
            return ()
    said = [page.words[first][cut:] for first, _, _, cut in found]
    if len(found) < 2 or not all(_LETTER.search(text) and text[0].isalnum() for text in said):
        return ()
    if not all(_LETTER.search(page.words[first][:width]) for first, _, width, _ in found):
        return ()
    return found if sum(map(len, said)) >= 12 * len(said) else ()
