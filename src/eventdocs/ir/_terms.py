"""Terms as keys: two spellings of one term have one key."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

_DASHES = re.compile("[\u2010-\u2015\u2212]")
_QUOTES = re.compile("[\"'`\u2018-\u201f\u00ab\u00bb\u2039\u203a]+")
_EMPHASIS = re.compile(r"(?<!\w)(\*{1,3})(?=\S)(.+?)(?<=\S)\1(?!\w)")
_WORDS = re.compile(r"[^\W_]+(?:[-./&+][^\W_]+)*")
_CLOSING = " .,;:!?"


def normalise_term(term: str) -> str:
    """Reduce *term* to the key by which terms are compared.

    Letter case, compatibility forms, quotes, emphasis marks, kinds of dashes, white
    space, closing punctuation and a leading "the" make no difference. Normalising a
    key again changes nothing. Only a blank term has an empty key.
    """
    folded = term.casefold()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold())
    folded = " ".join(folded.split())
    key = _settle(folded)
    return key or folded


def _settle(key: str) -> str:
    """Apply the rules until none of them changes anything any more."""
    while True:
        before = key
        key = _QUOTES.sub("", _DASHES.sub("-", key))
        if "*" in key:
            key = _EMPHASIS.sub(r"\2", key)
        key = " ".join(key.split()).rstrip(_CLOSING)
        key = key.removeprefix("the ")
        if key == before:
            return key


class TermFinder:
    """Finds known terms in running text, longest first, singular or plural.

    Args:
        keys: Keys of the terms, as `normalise_term` makes them.
    """

    def __init__(self, keys: Iterable[str]) -> None:
        self._keys: dict[tuple[str, ...], str] = {}
        self._longest: dict[str, int] = {}
        self._reaches: dict[str, int] = {}
        for key in sorted(set(keys)):
            words = tuple(_WORDS.findall(key))
            if not words or len(key) < 2:
                continue
            self._keys.setdefault(words, key)
            self._longest[words[0]] = max(self._longest.get(words[0], 0), len(words))

    def find(self, text: str) -> tuple[str, ...]:
        """Name the terms that *text* mentions, each once, in order of appearance."""
        words = _WORDS.findall(normalise_term(text))
        found: dict[str, None] = {}
        at = 0
        while at < len(words):
            reach = self._reaches.get(words[at])
            if reach is None:
                reach = self._reach(words[at])
            length, key = self._match_at(words, at, reach) if reach else (1, None)
            if key is not None:
                found.setdefault(key)
            at += length
        return tuple(found)

    def _reach(self, word: str) -> int:
        """Count the words of the longest term that begins with *word*; remembered."""
        reach = max(self._longest.get(each, 0) for each in _singulars(word))
        self._reaches[word] = reach
        return reach

    def _match_at(self, words: list[str], at: int, reach: int) -> tuple[int, str | None]:
        for length in range(min(reach, len(words) - at), 0, -1):
            *first, last = words[at : at + length]
            for singular in _singulars(last):
                key = self._keys.get((*first, singular))
                if key is not None:
                    return length, key
        return 1, None


def _singulars(word: str) -> Iterator[str]:
    yield word
    if len(word) > 3 and word.endswith("ies"):
        yield word[:-3] + "y"
    if len(word) > 3 and word.endswith("es"):
        yield word[:-2]
    if len(word) > 2 and word.endswith("s"):
        yield word[:-1]
