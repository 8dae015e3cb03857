"""Mentions: references that are only words, such as "see Section 3.2" or "Equation (4)"."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from eventdocs.extraction._prose import Prose
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
    "article": ("Article", "section"),
    "clause": ("Clause", "section"),
    "paragraph": ("Paragraph", "section"),
    "table": ("Table", "table"),
    "tab": ("Table", "table"),
    "figure": ("Figure", "figure"),
    "fig": ("Figure", "figure"),
    "equation": ("Equation", "formula"),
    "eqn": ("Equation", "formula"),
    "eq": ("Equation", "formula"),
    "formula": ("Formula", "formula"),
}
_NUMBER = (
    r"(?:\(\s*\d+(?:\.\d+)*[a-z]?\s*\)|\(\s*[A-Z]\.?\d+(?:\.\d+)*\s*\)|\d+(?:\.\d+)*[a-z]?(?![\w%])"
    r"|[A-Z](?:\.\d+)+|[A-Z](?![\w'’.-]\w|\w)|[IVX]+\b)"
)
_MENTION = re.compile(
    r"(?<![\w-])(?P<kind>(?i:Sections?|Sec|Secs|Chapters?|Chap|Appendix|Appendices|Annex(?:e|es)?|"
    r"Schedules?|Exhibits?|Articles?|Clauses?|(?-i:Paragraphs?)|Tables?|Tabs?|Figures?|Figs?|Equations?|Eqns?|Eqs?|Formulas?|Formulae)|§§?)"
    rf"(?:\.?[ \u00a0~]+|\.(?=\d)|(?<=§)|(?=\())(?P<first>{_NUMBER})"
)
_FURTHER = re.compile(
    r"(?P<joint>\s*(?:,|,?\s+and|,?\s+or|&|–|—|-|\s+to|\s+through|,?\s+as well as)\s*)"
    rf"(?P<number>{_NUMBER})"
)
_TITLE_WORD = r"[A-Z][\w&'’./-]*"
_OTHER_TITLE = rf"{_TITLE_WORD}(?:\s+(?:(?:of|and|the|on|for)\s+)?{_TITLE_WORD}){{0,8}}"
_ELSEWHERE = re.compile(
    r"\s*(?:\([^()]{1,20}\))?\s+(?:of|in|to)\s+(?:the\s+)?(?P<document>"
    r"RFC\s*\d+|ISO(?:/IEC)?\s*[\d-]+|(?:Regulation|Directive)\s+\([A-Z]+\)[\w\s/]{1,20}"
    rf"|{_OTHER_TITLE})"
)
_LEGAL = re.compile(
    r"(?:RFC|ISO)\b|(?:Act|Regulation|Directive|Code|Law|Standard|Rules|Treaty|Handbook|Manual|Guide"
    r"|Specification)(?:$|\s\(|\s\d)"
)
_BEFORE = re.compile(
    r"(?:(?P<document>RFC\s*\d+|ISO(?:/IEC)?\s*\d[\d-]*)\]?,?\s+"
    r"|(?P<cited>\b(?:19|20)\d\d[a-z]?\)?[,;:]\s*(?:see\s+|in\s+)?))$"
)
_INTO_TITLE = re.compile(r"\s+(?:of|in|from)\s+(?:the\s+|his\s+|her\s+|their\s+)?(?:\w+\s+)?[\"“]?")
_CODIFIED = re.compile(
    r"\s+(?:of\s+(?:the\s+)?(?P<document>(?!(?:Agreement|Contract|Terms|Licen[cs]e|Constitution|Schedule|"
    r"Annex|Appendix|Part|Chapter|Title)\b)[A-Z][\w'’-]*(?:\s+(?:[A-Z][\w'’-]*|treaty|copyright|law))*)"
    r"|(?P<short>[A-Z]{3,}\b))"
)
_AUTHOR = re.compile(
    r"\s+(?:of|in|by|from)\s+(?P<document>[A-Z][\w'’-]+(?:\s+(?:&|and)\s+[A-Z][\w'’-]+|\s+et al\.?)?,?"
    r"\s*\(\d{4}[a-z]?\))"
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
    "article",
    "clause",
    "paragraph",
)


_LETTERED = {"Appendix", "Annex", "Schedule", "Exhibit"}
_ROMAN = {"Article", "Chapter"}
_ITEM = re.compile(r"(?: ?\([a-z]{1,4}\))+")


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


def mentions(prose: Prose) -> Iterator[Mention]:
    """Find references by number, one for each number."""
    text = prose.text
    lowered = text.lower()
    for word in _WORDS:
        if word in lowered:
            break
    else:
        return
    for found in _MENTION.finditer(text):
        name, kind = _KINDS[_singular(found["kind"])]
        number = found["first"]
        # "eq a" or "table i" is no reference; "Appendix B" is.
        if not any(map(str.isdigit, number)) and name not in _LETTERED:
            in_roman = name in _ROMAN and found["kind"][0].isupper()
            if not in_roman or number.strip("IVXLC"):
                continue
        if kind != "section" and found["kind"][0].islower() and not _plausible(found):
            continue
        at = _behind_items(text, found.end(), kind)
        numbers = [(found.start(), at, number)]
        while (further := _FURTHER.match(text, at)) is not None and _same_kind(
            number, further["number"]
        ):
            at = _behind_items(text, further.end(), kind)
            numbers.append((further.start("number"), at, further["number"]))
        document = _other_document(prose, found.start(), at)
        if document is None and name == "Article" and (law := _CODIFIED.match(text, at)):
            document = law["document"] or law["short"]
        for start, end, each in numbers:
            yield Mention(start, end, f"{name} {each.strip('( )')}", kind, document)


def _behind_items(text: str, end: int, kind: ReferenceType) -> int:
    """The end of a reference into a section, such as `Section 2.1(b)(ii)`."""
    items = _ITEM.match(text, end) if kind == "section" else None
    return items.end() if items is not None else end


def _other_document(prose: Prose, start: int, end: int) -> str | None:
    """Name the document that a reference points into, if the words around it say so."""
    text = prose.text
    before = _BEFORE.search(text[max(0, start - 40) : start])
    if before is not None:
        return before["document"] or before["cited"].strip(" ,;:)")
    author = _AUTHOR.match(text, end)
    if author is not None:
        return author["document"]
    elsewhere = _ELSEWHERE.match(text, end)
    if elsewhere is not None and _LEGAL.search(elsewhere["document"]):
        return elsewhere["document"].strip()
    into = _INTO_TITLE.match(text, end)
    if into is not None:
        for mark in prose.marks:
            leads = into.end() - 12 <= mark.start <= into.end() and mark.start > end
            is_title = mark.kind == "emphasis" or (
                mark.kind == "link"
                and (mark.detail == "citation" or not mark.content.startswith("#"))
            )
            if leads and is_title and mark.end - mark.start > 2:
                return text[mark.start : mark.end]
    return None


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
