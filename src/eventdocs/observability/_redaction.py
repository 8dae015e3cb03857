"""Redaction: what would give a secret away is left out of what people and machines read."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, cast

HIDDEN: Final = "***"
"""What stands for a secret."""

_WORDS: Final = (
    "passw(?:or)?d|passphrase|pwd|secret|token|api[-_ ]?key|access[-_ ]?key|private[-_ ]?key"
    "|session[-_ ]?(?:id|key)|authorization|cookie|credentials?|signature"
)
_SECRET_NAME: Final = re.compile(_WORDS, re.IGNORECASE)
# Every repetition is bounded or followed by nothing that could fail, so that no text makes
# these slow.
_PATTERNS: Final[tuple[tuple[str, re.Pattern[str], str], ...]] = (
    ("://", re.compile(r"(://[^\s:@/?#\"'<>]{0,256}):[^\s\"'<>]{1,1024}@"), rf"\1:{HIDDEN}@"),
    (
        "PRIVATE KEY",
        re.compile(r"(-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----)[^-]*"),
        rf"\1{HIDDEN}",
    ),
    ("eyJ", re.compile(r"\beyJ[\w-]{8,1024}(?:\.[\w-]*){1,4}"), HIDDEN),
    # What SQLAlchemy and PostgreSQL add to an error quotes rows.
    ("[parameters: ", re.compile(r"(\[parameters: )[^\n]*"), rf"\1{HIDDEN}]"),
    ("DETAIL:", re.compile(r"(DETAIL:\s{1,8})[^\n]*"), rf"\1{HIDDEN}"),
)
_BEARER: Final = re.compile(r"\b(bearer\s{1,8})[\w+/=.~-]{8,}", re.IGNORECASE)
_PAIR: Final = re.compile(
    rf"((?:{_WORDS})[\w-]{{0,64}}[\"']?\s{{0,8}}[=:]\s{{0,8}})"
    r"(\"[^\"\n]*\"?|'[^'\n]*'?|(?:(?:bearer|basic|digest|negotiate)\s{1,8})?[^\s&,;\"')}\]]+)",
    re.IGNORECASE,
)
_DEPTH: Final = 8


@functools.lru_cache(maxsize=1_024)
def _is_secret(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


class Redactor:
    """Leaves secrets out of facts and texts.

    A fact is a secret if its name says so, such as `password`, `api_key` or
    `authorization`; numbers are shown, because a `token` that is one counts something.
    In texts, passwords in addresses, what follows such a name, bearer tokens, private
    keys, and what databases quote of rows are left out, and so are *secrets* wherever
    they stand.

    Args:
        secrets: Texts that must never be shown, such as those that settings hold.
    """

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        # Longest first: one may be part of another. Very short ones would hide half of all words.
        known = sorted({each for each in secrets if len(each) >= 4}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, known))) if known else None

    def fact(self, name: str, value: object) -> object:
        """Give *value* as it may be shown under *name*."""
        return self._fact(name, value, _DEPTH)

    def text(self, text: str) -> str:
        """Give *text* without the secrets in it."""
        if self._known is not None:
            text = self._known.sub(HIDDEN, text)
        for mark, pattern, shown in _PATTERNS:
            if mark in text:
                text = pattern.sub(shown, text)
        if "=" in text or ":" in text:
            text = _PAIR.sub(_hidden_pair, text)
        return _BEARER.sub(rf"\1{HIDDEN}", text) if " " in text else text

    def _fact(self, name: str, value: object, depth: int) -> object:
        match value:
            case None | bool() | int() | float():
                return value
            case _ if _is_secret(name):
                return HIDDEN
            case str():
                return self.text(value)
            case enum.Enum():
                return self._fact(name, value.value, depth)
            case datetime():
                return value.isoformat()
            case Mapping() if depth:
                return {
                    self.text(str(key)): self._fact(str(key), each, depth - 1)
                    for key, each in cast("Mapping[Any, object]", value).items()
                }
            case list() | tuple() | set() | frozenset() if depth:
                elements = cast("Iterable[object]", value)
                return [self._fact(name, each, depth - 1) for each in elements]
            case _:
                return self.text(_spelled(value))


def _spelled(value: object) -> str:
    try:
        return str(value)
    except Exception:  # noqa: BLE001 - a value that cannot be spelled must not cost the line it stands in
        return f"<{type(value).__qualname__}>"


def _hidden_pair(found: re.Match[str]) -> str:
    value = found[2]
    quote = value[0] if value[0] in "\"'" else ""
    return f"{found[1]}{quote}{HIDDEN}{quote}"
