"""Acronyms: short forms that prose introduces, such as "Total Return Index (TRI)"."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

__all__ = ["Acronym", "acronyms"]

_SHORT_AFTER = re.compile(
    r"\((?:the\s+|or\s+)?[\"“]?(?P<short>[A-Z][A-Za-z0-9&.-]{1,9})[\"”]?(?:[,;]\s*[^()]{1,40})?\)"
)
_LONG_AFTER = re.compile(r"\((?P<long>[^()]{5,80})\)")
_SHORT_BEFORE = re.compile(r"(?<![\w-])(?P<short>[A-Z][A-Z0-9&-]{1,9}s?)\s+$")
_WORD = re.compile(r"[^\W_][\w'’]*")
_SMALL = frozenset("a an and at by de der des du for from in of on or the to und with".split())


@attrs.frozen
class Acronym:
    """A short form and what it stands for; places are in the text."""

    short: tuple[int, int]
    long: tuple[int, int]


def acronyms(text: str) -> Iterator[Acronym]:
    """Find short forms next to the words whose initials they are."""
    if "(" not in text:
        return
    for found in _SHORT_AFTER.finditer(text):
        short = found["short"]
        if sum(map(str.isupper, short)) < 2:
            continue
        start = _long_form(text, found.start(), short)
        if start is not None:
            end = len(text[: found.start()].rstrip(' \n\t"”’'))
            yield Acronym(found.span("short"), (start, end))
    for found in _LONG_AFTER.finditer(text):
        before = max(0, found.start() - 14)
        spelled = _SHORT_BEFORE.search(text[before : found.start()])
        if spelled is None:
            continue
        start = _long_form(text, found.end("long"), spelled["short"].rstrip("s"))
        if start == found.start("long"):
            short = before + spelled.start("short"), before + spelled.end("short")
            yield Acronym(short, found.span("long"))


def _long_form(text: str, end: int, short: str) -> int | None:
    """Find where the words begin whose initials spell *short*, ending at *end*."""
    letters = [letter for letter in short.lower() if letter.isalnum()]
    window = max(0, end - 25 * len(letters) - 40)
    words = list(_WORD.finditer(text, window, end))
    if not words or text[words[-1].end() : end].strip(' "”’'):
        return None
    at = len(letters) - 1
    first = None
    for word in reversed(words):
        gap = text[word.end() : first.start()] if first else ""
        if any(char in gap for char in ".;:()!?"):
            return None
        spelled = word[0].lower()
        if spelled[0] == letters[at]:
            at -= 1
            first = word
            if at < 0:
                break
        elif spelled not in _SMALL or first is None:
            return None
    if at >= 0 or first is None or first is words[-1]:
        return None
    return first.start()
