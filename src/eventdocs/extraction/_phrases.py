"""Phrases: definitions that prose gives in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from eventdocs.extraction._prose import Prose

__all__ = ["Phrase", "phrases", "sentence_end"]

_OPEN, _CLOSE = '"“„«', '"”“»'
_QUOTED = rf"[{_OPEN}](?P<quoted>[^{_OPEN}{_CLOSE}\n]{{1,80}})[{_CLOSE}]"
_CUE = (
    r"(?P<cue>(?:shall\s+)?means?|(?:is|are)\s+(?:defined\s+(?:as|to\s+be)|the\s+term\s+for)|"
    r"(?:shall\s+)?refers?\s+to|denotes?|stands?\s+for|designates?|signif(?:ies|y)|"
    r"(?:has|have|shall\s+have)\s+the\s+(?:same\s+)?meaning(?:\s+of)?|represents?|describes?)"
)
_CUE_STEMS = ("mean", "defined", "refer", "denote", "stand")
_BE = r"(?P<be>is|are)"
_QUOTED_CUE = re.compile(
    rf"{_QUOTED}(?:\s*\((?P<short>[^()]{{1,20}})\))?\s*(?:,[^,.]{{1,60}},\s*)?(?:{_CUE}|{_BE})\b\s*",
    re.IGNORECASE,
)
_NAMED_CUE = re.compile(
    r"(?:^|(?<=[.;:!?]\s))(?:(?:An?|The|Each|Any)\s+)?"
    r"(?P<term>[A-Z0-9][\w'’/&-]*(?:\s+[\w'’/&-]+){0,5}?)"
    r"(?:\s*\((?P<short>[^()]{1,20})\))?\s+"
    r"(?P<cue>(?:shall\s+)?means?|shall\s+mean|(?:is|are)\s+defined\s+(?:as|to\s+be)|"
    r"refers?\s+to|denotes?|stands?\s+for)\s+(?!that\b|to\b|of\b|you\b|we\b|it\b)"
)
_PARENTHESIS = re.compile(
    rf"\(\s*(?:(?:hereinafter|hereafter|collectively|together)[\w\s,]*?)?(?:(?:referred\s+to\s+as|called)\s+)?"
    rf"(?:the|an?|each,?\s+an?)?\s*{_QUOTED}\s*\)",
    re.IGNORECASE,
)
_MARKED_PARENTHESIS = re.compile(
    r"\(\s*(?:(?:hereinafter|hereafter)\s+)?(?:the|an?)?\s*$", re.IGNORECASE
)
_CALLED = re.compile(
    r"\b(?:is|are)\s+(?:also\s+)?(?:called|termed|known\s+as|referred\s+to\s+as|named|denoted\s+by)\s+"
    r"(?:the\s+|an?\s+)?$",
    re.IGNORECASE,
)
_AFTER_TERM = re.compile(
    rf"\s*(?:\((?P<short>[^()]{{1,20}})\))?\s*(?:{_CUE}|{_BE})\b\s*", re.IGNORECASE
)
_SEPARATOR = re.compile(r"\s*(?:[:：]|\s[-–—]\s)\s*")
_NO_TERM = frozenset(
    (
        "a an any all and as both but each either even every for he her here his how however i if in it "
        "its let neither no nor not note of on one or our she since so some such that the their then there "
        "these they this those thus to we what when where whether which while who why with you your also "
        "above below following example figure table section important warning caution tip"
    ).split()
)
_NO_LABEL = frozenset(
    (
        "attention caution caveat caveats danger deprecated description details error example examples "
        "hint important info input inputs limitation limitations note notes optional output outputs "
        "parameters prerequisite prerequisites problem question answer remark remarks required "
        "requirements result results returns see solution step summary tip tips todo update usage "
        "warning warnings why who what when where how default defaults author authors date version "
        "status license raises yields arguments fixed added changed removed"
    ).split()
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|etc|vs|approx|resp|incl|excl|viz|al|Mr|Mrs|Dr|No|Nos|Sec|Eq|Eqs|Fig|Figs|Tab|"
    r"Inc|Ltd|Corp|Co|St|p|pp|vol|ed|eds|U\.S|a\.k\.a)|\b[A-Z])$"
)
_ARTICLE = re.compile(r"\b(?:the|an?|each|any)\s*$", re.IGNORECASE)
_STOP = re.compile(r"[.!?](?:[\"”’)\]]*)(?=\s|$)")


_TOWARDS_NEXT = re.compile(
    r"[\s,;]*(?:\band\b)?\s*(?:the\s+(?:term|expression|word|phrase)s?)?\s*$"
)
_LONGEST_SENTENCE = 2_000
_LONGEST_LEAD = 400


@attrs.frozen
class Phrase:
    """A definition in a sentence; places are in the prose.

    Attributes:
        term: First character and end of the term.
        body: First character and end of what defines it.
        confidence: How sure it is one.
        short: A short form given in parentheses.
    """

    term: tuple[int, int]
    body: tuple[int, int]
    confidence: float
    short: str | None = None


def sentence_end(text: str, start: int) -> int:
    """Find the end of the sentence that goes on at *start*, without its full stop.

    Whatever goes on for thousands of characters is no sentence, and is cut.
    """
    limit = min(len(text), start + _LONGEST_SENTENCE)
    for stop in _STOP.finditer(text, start, limit):
        if text[stop.start()] == "." and _ABBREVIATION.search(
            text, max(0, stop.start() - 8), stop.start()
        ):
            continue
        return stop.start()
    return limit


def phrases(prose: Prose, *, in_list: bool) -> Iterator[Phrase]:
    """Find the definitions that *prose* gives by a cue such as "means" or "is defined as".

    Args:
        prose: One paragraph.
        in_list: It stands in a list, where `**Term**: …` is a definition.
    """
    taken: set[int] = set()
    for phrase in _candidates(prose, in_list):
        start = phrase.term[0]
        if start in taken or phrase.body[1] - phrase.body[0] < 3:
            continue
        taken.add(start)
        yield phrase


def _candidates(prose: Prose, in_list: bool) -> Iterator[Phrase]:
    text = prose.text
    if any(quote in text for quote in _OPEN):
        yield from _quoted(text)
    yield from _marked(prose, in_list)
    if not any(cue in text for cue in _CUE_STEMS):
        return
    for found in _NAMED_CUE.finditer(text):
        words = found["term"].split()
        if words[0].lower() in _NO_TERM or not words[-1][0].isalnum():
            continue
        body = _body(text, found.end())
        yield Phrase(found.span("term"), body, 0.6, found["short"])


def _quoted(text: str) -> Iterator[Phrase]:
    quoted = list(_QUOTED_CUE.finditer(text))
    for number, found in enumerate(quoted):
        confidence = 0.9 if found["cue"] else 0.55
        limit = quoted[number + 1].start() if number + 1 < len(quoted) else len(text)
        body = _body(text, found.end(), limit)
        yield Phrase(found.span("quoted"), body, confidence, found["short"])
    for found in _PARENTHESIS.finditer(text):
        yield Phrase(found.span("quoted"), _before(text, found.start()), 0.7)


def _marked(prose: Prose, in_list: bool) -> Iterator[Phrase]:
    text = prose.text
    for mark in prose.marks:
        if mark.kind not in {"strong", "emphasis"} or not 0 < mark.end - mark.start <= 80:
            continue
        term = text[mark.start : mark.end]
        if not term[0].isalnum():
            continue
        strong = mark.kind == "strong"
        begins = _begins_sentence(text, mark.start)
        separated = _SEPARATOR.match(text, mark.end)
        inner = term.rstrip().endswith(":")
        if strong and begins and mark.start == 0 and (separated or inner):
            label = term.rstrip(" :")
            if in_list and label.lower() not in _NO_LABEL and len(label.split()) <= 6:
                end = separated.end() if separated else mark.end
                body = _body(text, end + (text[end : end + 1] == " "))
                yield Phrase((mark.start, mark.start + len(label)), body, 0.5)
            continue
        found = _AFTER_TERM.match(text, mark.end)
        if found and begins and term.split()[0].lower() not in _NO_TERM:
            if found["cue"]:
                confidence = 0.85 if strong else 0.7
            else:
                confidence = 0.7 if strong and mark.start == 0 else 0.5
            if found["cue"] or (strong and mark.start <= 5):
                body = _body(text, found.end())
                yield Phrase((mark.start, mark.end), body, confidence, found["short"])
                continue
        lead = text[max(0, mark.start - 60) : mark.start]
        if text[mark.end : mark.end + 1] == ")" and (opened := _MARKED_PARENTHESIS.search(lead)):
            at = mark.start - len(lead) + opened.start()
            yield Phrase((mark.start, mark.end), _before(text, at), 0.7)
        elif (called := _CALLED.search(lead)) is not None:
            at = mark.start - len(lead) + called.start()
            yield Phrase((mark.start, mark.end), _before(text, at), 0.6)


def _begins_sentence(text: str, at: int) -> bool:
    before = _ARTICLE.sub("", text[max(0, at - 40) : at]).rstrip()
    return not before or before[-1] in ".;:!?•-–"


def _body(text: str, start: int, limit: int | None = None) -> tuple[int, int]:
    end = sentence_end(text, start)
    if limit is not None and limit < end:
        end = start + len(_TOWARDS_NEXT.sub("", text[start:limit]))
    while end > start and text[end - 1] in " ;,:":
        end -= 1
    return start, end


def _before(text: str, end: int) -> tuple[int, int]:
    """The part of the sentence before *end*."""
    start = max(0, end - _LONGEST_LEAD)
    for stop in _STOP.finditer(text, start, end):
        if stop.end() < end and not _ABBREVIATION.search(
            text, max(0, stop.start() - 8), stop.start()
        ):
            start = stop.end()
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
