"""Mentions: references that are only words, such as "see Section 3.2" or "Equation (4)"."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from eventdocs.ir import ReferenceType

__all__ = ["Mention", "mentions"]

_KINDS: dict[str, tuple[str, ReferenceType]] = {
    "section": ("Section", "section"),
    "sec": ("Section", "section"),
    "§": ("Section", "section"),
    "chapter": ("Chapter", "section"),
    "chap": ("Chapter", "section"),
    "appendix": ("Appendix", "section"),
    "appendice": ("Appendix", "section"),
    "annex": ("Annex", "section"),
    "annexe": ("Annex", "section"),
    "schedule": ("Schedule", "section"),
    "exhibit": ("Exhibit", "section"),
    "table": ("Table", "table"),
    "tab": ("Table", "table"),
    "figure": ("Figure", "figure"),
    "fig": ("Figure", "figure"),
    "equation": ("Equation", "formula"),
    "eqn": ("Equation", "formula"),
    "eq": ("Equation", "formula"),
    "formula": ("Formula", "formula"),
}
_NUMBER = r"(?:\(\s*\d+(?:\.\d+)*[a-z]?\s*\)|\(\s*[A-Z]\.?\d+(?:\.\d+)*\s*\)|\d+(?:\.\d+)*[a-z]?(?![\w%])|[A-Z](?:\.\d+)+|[A-Z](?![\w'’.-]\w|\w)|[IVX]+\b)"
_MENTION = re.compile(
    r"(?<![\w-])(?P<kind>Sections?|Sec|Secs|§§?|Chapters?|Chap|Appendix|Appendices|Annex(?:e|es)?|"
    r"Schedules?|Exhibits?|Tables?|Tabs?|Figures?|Figs?|Equations?|Eqns?|Eqs?|Formulas?|Formulae)"
    rf"\.?[ \u00a0~]*(?P<first>{_NUMBER})",
    re.IGNORECASE,
)
_FURTHER = re.compile(
    rf"(?P<joint>\s*(?:,|,?\s+and|,?\s+or|&|–|—|-|\s+to|\s+through|,?\s+as well as)\s*)(?P<number>{_NUMBER})"
)
_ELSEWHERE = re.compile(
    r"\s*(?:\([^()]{1,20}\))?\s+(?:of|in|to)\s+(?:the\s+)?(?P<document>"
    r"RFC\s*\d+|ISO(?:/IEC)?\s*[\d-]+|\[?[A-Z][\w&'’-]*(?:\s+(?:of|and|the|on|for)?\s*[A-Z0-9][\w&'’./-]*)*"
    r"\s+(?:Act|Regulation|Directive|Code|Law|Standard|Rules|Treaty|Handbook|Manual|Guide|Specification)\b(?:\s+[\d/()A-Z]+)?"
    r"|(?:Regulation|Directive)\s+\([A-Z]+\)[\w\s/]{1,20})"
)
_WORDS = (
    "sec",
    "table",
    "fig",
    "eq",
    "append",
    "formula",
    "annex",
    "chap",
    "tab.",
    "§",
    "exhib",
    "schedule",
)


@attrs.frozen
class Mention:
    """Words that refer to something by its number.

    Attributes:
        start: First character in the text.
        end: The character after the last one.
        target: Kind and number, such as `Section 3.2`.
        reference_type: What kind of thing it is.
        document: The other document it is in, if the words say so.
    """

    start: int
    end: int
    target: str
    reference_type: ReferenceType
    document: str | None = None


def mentions(text: str) -> Iterator[Mention]:
    """Find references by number, one for each number."""
    lowered = text.lower()
    if not any(word in lowered for word in _WORDS):
        return
    for found in _MENTION.finditer(text):
        name, kind = _KINDS[_singular(found["kind"])]
        number = found["first"]
        # "eq a" or "table i" is no reference; "Appendix B" is.
        if not any(map(str.isdigit, number)) and name not in {
            "Appendix",
            "Annex",
            "Schedule",
            "Exhibit",
        }:
            continue
        if found["kind"][0].islower() and not _plausible(found):
            continue
        numbers = [(found.start(), found.end(), number)]
        at = found.end()
        while (further := _FURTHER.match(text, at)) is not None and _same_kind(
            number, further["number"]
        ):
            numbers.append((further.start("number"), further.end(), further["number"]))
            at = further.end()
        elsewhere = _ELSEWHERE.match(text, at)
        document = elsewhere["document"].strip() if elsewhere else None
        for start, end, each in numbers:
            yield Mention(start, end, f"{name} {each.strip('( )')}", kind, document)


def _singular(word: str) -> str:
    word = word.lower().rstrip(".")
    if word in _KINDS:
        return word
    if word in {"appendices", "annexes"}:
        return {"appendices": "appendix", "annexes": "annex"}[word]
    if word == "formulae":
        return "formula"
    return "§" if word == "§§" else word.removesuffix("s")


def _plausible(found: re.Match[str]) -> bool:
    """Whether an uncapitalised word with a number is a reference: `table 7`, not `table 2 cm`."""
    after = found.string[found.end() : found.end() + 12]
    return (
        re.match(
            r"\s*(?:$|[.,;:)\]]|\s(?:and|or|of|in|to|is|are|above|below|shows?|gives?)\b)", after
        )
        is not None
    )


def _same_kind(first: str, other: str) -> bool:
    """Whether two numbers are of one sort, so that `Section 2, 3 years` is one reference."""
    return (first[0] == "(") == (other[0] == "(") and (
        first[-1:].isalpha() or not other[-1:].isalpha()
    )
