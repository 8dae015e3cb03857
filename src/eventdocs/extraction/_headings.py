"""Headings: the numbers written in them, and the anchors made from them."""

from __future__ import annotations

import re

__all__ = ["Slugs", "heading_number"]

_NUMBERED = re.compile(
    r"(?:(?:Section|Chapter|Part|Article|Clause|§)\s*)?"
    r"(?P<number>\d{1,3}(?:\.\d{1,3})*)(?:[.):]?\s+|[.):]?$)(?!\s*(?:%|percent\b))",
    re.IGNORECASE,
)
_LETTERED = re.compile(
    r"(?:Appendix|Annex|Annexe|Schedule|Exhibit|Attachment)\s+"
    r"(?P<number>[A-Z](?:\.?\d+)*|\d+(?:\.\d+)*|[IVX]+)(?!\w|\.\w)",
    re.IGNORECASE,
)
_ROMAN = re.compile(
    r"(?i:Article|Part|Chapter|Section|Title)\s+(?P<number>[IVXLC]+|[A-Z])(?![\w.'’]\w|\w)"
)
_LETTER_DOTTED = re.compile(r"(?P<number>[A-Z](?:\.\d{1,3})+)[.):]?\s+")
_GITHUB_DROPPED = re.compile(r"[^\w\- ]")
_PANDOC_DROPPED = re.compile(r"[^\w\-. ]")
_FIRST_LETTER = re.compile(r"[^\W\d_]")


def heading_number(title: str) -> str | None:
    """Read the number that a heading begins with: `3.2 Weights`, `Appendix A - Parameters`."""
    for pattern in (_LETTERED, _NUMBERED, _ROMAN, _LETTER_DOTTED):
        found = pattern.match(title)
        if found:
            return found["number"].upper()
    return None


class Slugs:
    """Anchors made from titles, in the ways of GitHub and of pandoc, each once."""

    def __init__(self) -> None:
        self._github: dict[str, int] = {}
        self._pandoc: dict[str, int] = {}

    def of(self, title: str, explicit: str | None = None) -> tuple[str, ...]:
        """The anchors of the next heading: GitHub's first, pandoc's if it is another.

        Args:
            title: What the heading says.
            explicit: The id its author gave it, instead of which pandoc makes none.
        """
        plain = title.strip().lower()
        if not plain:
            return ()
        github = _GITHUB_DROPPED.sub("", plain).replace(" ", "-")
        if explicit is not None:
            self._pandoc.setdefault(explicit, 1)
            return tuple(filter(None, [_unique(github, self._github)]))
        pandoc = "-".join(_PANDOC_DROPPED.sub("", plain).split())
        letter = _FIRST_LETTER.search(pandoc)
        pandoc = pandoc[letter.start() :] if letter else "section"
        anchors = (_unique(github, self._github), _unique(pandoc, self._pandoc))
        return tuple(dict.fromkeys(anchor for anchor in anchors if anchor))


def _unique(slug: str, seen: dict[str, int]) -> str:
    if not slug:
        return ""
    count = seen.get(slug, 0)
    seen[slug] = count + 1
    if not count:
        return slug
    numbered = f"{slug}-{count}"
    while numbered in seen:
        count += 1
        numbered = f"{slug}-{count}"
    seen[slug] = count + 1
    seen[numbered] = 1
    return numbered
