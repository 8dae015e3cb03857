"""Captions: the titles and numbers of tables and figures."""

from __future__ import annotations

import re

import attrs

__all__ = ["Caption", "read_caption"]

_NUMBERED = re.compile(
    r"(?P<kind>Table|Tab\.|Figure|Fig\.)\s*(?P<number>\d+(?:\.\d+)*[a-z]?|[A-Z](?:\.?\d+)*)"
    r"(?:\s*(?P<mark>[.:|–—-])\s*|\s*$)(?P<title>.*)",
    re.IGNORECASE,
)
_PLAIN = re.compile(r"(?:Table)?\s*:\s+(?P<title>.*)", re.IGNORECASE)
_BOOKDOWN_LABEL = re.compile(r"^\(\\?#(?P<label>[\w:.-]+)\)\s*")
_LONGEST = 400


@attrs.frozen
class Caption:
    """A caption.

    Attributes:
        kind: table or figure.
        number: The number written in it.
        title: What is left without the number; None if nothing is.
        label: The name it gives.
    """

    kind: str
    number: str | None
    title: str | None
    label: str | None = None


def read_caption(text: str, label: str | None = None) -> Caption | None:
    """Read a paragraph as a caption, such as `Table 3: Parameters` or `: Parameters`."""
    if len(text) > _LONGEST or text[:1] not in ":TtFf(":
        return None
    named = _BOOKDOWN_LABEL.match(text)
    if named:
        text, label = text[named.end() :], label or named["label"]
    found = _NUMBERED.fullmatch(text)
    if found:
        if found["kind"][0].islower() or (found["mark"] == "." and not found["title"]):
            return None
        kind = "table" if found["kind"].lower().startswith("tab") else "figure"
        return Caption(kind, found["number"], found["title"].strip() or None, label)
    plain = _PLAIN.fullmatch(text)
    if plain:
        return Caption("table", None, plain["title"].strip() or None, label)
    if named:
        kind = "figure" if (label or "").startswith("fig") else "table"
        return Caption(kind, None, text.strip() or None, label)
    return None
