"""Terms as keys: two spellings of one term have one key."""

from __future__ import annotations

import re
import unicodedata

_DASHES = re.compile("[\u2010-\u2015\u2212]")
_QUOTES_AND_MARKS = re.compile("[\"'`*\u2018-\u201f\u00ab\u00bb\u2039\u203a]+")
_SPACES = re.compile(r"\s+")
_OUTER = " .,;:!?-_"


def normalise_term(term: str) -> str:
    """Reduce *term* to the key by which terms are compared.

    Letter case, compatibility forms, quotes, emphasis marks, dashes, white space,
    closing punctuation and a leading "the" make no difference. The key is empty if
    nothing but those is left, and normalising a key again changes nothing.
    """
    key = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", term).casefold())
    key = _QUOTES_AND_MARKS.sub("", _DASHES.sub("-", key))
    key = _SPACES.sub(" ", key).strip(_OUTER)
    while key.startswith("the "):
        key = key[4:].strip(_OUTER)
    return key
