"""Numbers of things, as headings bear them and as texts refer to them."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias
from uuid import UUID

import attrs

NumberedKind: TypeAlias = Literal["section", "table", "formula", "figure"]

_WORDS: dict[str, tuple[NumberedKind, str]] = {
    "section": ("section", "section"),
    "subsection": ("section", "section"),
    "sect": ("section", "section"),
    "sec": ("section", "section"),
    "§": ("section", "section"),
    "chapter": ("section", "chapter"),
    "chap": ("section", "chapter"),
    "part": ("section", "part"),
    "article": ("section", "article"),
    "clause": ("section", "clause"),
    "paragraph": ("section", "paragraph"),
    "appendix": ("section", "appendix"),
    "annex": ("section", "appendix"),
    "schedule": ("section", "appendix"),
    "exhibit": ("section", "appendix"),
    "table": ("table", "table"),
    "tab": ("table", "table"),
    "equation": ("formula", "formula"),
    "eqn": ("formula", "formula"),
    "eq": ("formula", "formula"),
    "formula": ("formula", "formula"),
    "figure": ("figure", "figure"),
    "fig": ("figure", "figure"),
}
_NUMBER = r"\d+(?:\.\d+)*[a-z]?|[A-Z](?:\.?\d+)*(?:\.\d+)*|[IVXLC]+"
_WORD = "|".join(sorted(map(re.escape, _WORDS), key=len, reverse=True))
_PHRASE = re.compile(
    rf"\W*(?P<word>(?i:{_WORD}))s?\.?[\s~\u00a0]*[(\[]?\s*(?P<number>{_NUMBER})\s*[)\]]?\W*"
)
_LABELLED = re.compile(
    rf"\s*(?P<word>(?i:{_WORD}))\.?\s*(?P<number>{_NUMBER})(?=[\s.:)\u2013\u2014-]|$)"
)
_BARE = re.compile(
    r"\s*(?P<number>\d+(?:\.\d+)*|[A-Z](?:\.\d+)+|[A-Z](?=[.)]\s))(?=[.:)]?(?:\s|$))"
)


@attrs.frozen(kw_only=True)
class NumberedPlace:
    """Something that bears a number, and the word before it, such as `appendix`."""

    kind: str
    label: str
    entity_id: UUID


@attrs.frozen(kw_only=True)
class NumberPhrase:
    """A mention by number: "Appendix A" is a section with label `appendix`, number `A`."""

    kind: NumberedKind
    label: str
    number: str


def parse_number(written: str) -> str:
    """Strip what surrounds a number: "(4)" and "4." are "4"."""
    return written.strip(" \t\u00a0()[].:").upper()


def phrase_in(text: str) -> NumberPhrase | None:
    """Read *text* as a mention by number; None if it is anything else."""
    found = _PHRASE.fullmatch(text)
    if found is None:
        return None
    kind, label = _WORDS[found["word"].casefold()]
    return NumberPhrase(kind=kind, label=label, number=parse_number(found["number"]))


def heading_number(title: str) -> tuple[str, str]:
    """Read the word and the number that *title* begins with; each is empty without one."""
    labelled = _LABELLED.match(title)
    if labelled is not None:
        _, label = _WORDS[labelled["word"].casefold()]
        return label, parse_number(labelled["number"])
    bare = _BARE.match(title)
    return ("", parse_number(bare["number"])) if bare is not None else ("", "")
