"""Phrases: definitions that prose gives in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterator

import attrs

from eventdocs.extraction._noun_phrases import NO_NAME, begins_with_verb, is_name, says_what_it_is
from eventdocs.extraction._prose import MarkKind, Prose

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
    rf"{_QUOTED}(?:\s*\((?:or\s+)?[{_OPEN}]?(?P<short>[^(){_OPEN}{_CLOSE}]{{1,20}})[{_CLOSE}]?\))?"
    rf"(?:\s+of\s+(?:the|an?|any|each)\s+\w+|\s+[a-z]+(?=\s+(?:shall\s+)?mean))?\s*(?:,[^,.]{{1,60}},\s*)?(?:{_CUE}|{_BE})\b\s*",
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
    rf"\(\s*(?P<lead>(?:(?:hereinafter|hereafter|collectively|together)[\w\s,]*?)?(?:(?:referred\s+to\s+as|called)\s+)?"
    rf"(?:the|an?|each,?\s+an?)?)\s*{_QUOTED}\s*\)",
    re.IGNORECASE,
)
_MARKED_PARENTHESIS = re.compile(
    r"\(\s*(?:(?:hereinafter|hereafter)(?:\s+(?:the|an?))?|the|an?)\s*$", re.IGNORECASE
)
_CALLED = re.compile(
    r"\b(?:is|are)\s+(?:also\s+)?(?:called|termed|known\s+as|referred\s+to\s+as|named|denoted\s+by)\s+"
    r"(?:the\s+|an?\s+)?$",
    re.IGNORECASE,
)
_AFTER_TERM = re.compile(
    rf"\s*+(?:\((?P<short>[^()]{{1,20}})\)\s*+)?(?:{_CUE}|{_BE})\b\s*", re.IGNORECASE
)
_SEPARATOR = re.compile(r"\s*(?:[:：]|\s[-–—]\s)\s*")
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
_ARTICLE = re.compile(
    r"\b(?:(?:the|an?|each|any)(?:\s+(?:term|expression|word|phrase)s?)?|(?:(?:the|an?)\s+)?\w+['’]s)\s*$",
    re.IGNORECASE,
)
_WHICH = re.compile(r"[\s,]*\b(?:which|that)$")
_EXAMPLE = re.compile(r"[\s,;:(]*\b(?:and\s+)?(?:e\.g|i\.e)$")
_LINKED: frozenset[MarkKind] = frozenset({"link"})
_SOME = re.compile(r"(?:some|several|many|most|these|those|it|them|him|her|us|itself|themselves)\b")
_SURE_STEMS = ("mean", "shall mean", "defined", "meaning")
_LOOSE_STEMS = ("represent", "describe")
_STOP = re.compile(r"[.!?](?:[\"”’)\]]*)(?=\s|$)")


_TOWARDS_NEXT = re.compile(
    r"[\s,;]*(?:\band\b)?\s*(?:(?:the|an?)(?:\s+(?:term|expression|word|phrase)s?)?)?\s*$"
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
        # "(group, country ...) index" goes on.
        if stop[0][-1] in ")]" and text[stop.end() : stop.end() + 2].strip().islower():
            continue
        return stop.start()
    return limit


def phrases(prose: Prose, *, in_list: bool) -> Iterator[Phrase]:
    """Find the definitions that *prose* gives by a cue such as "means" or "is defined as".

    Args:
        prose: One paragraph.
        in_list: It stands in a list, where `**Term**: …` is a definition.
    """
    words = prose.words
    taken: set[int] = set()
    for phrase in _candidates(prose, words, in_list):
        start, end = phrase.body
        if phrase.term[0] in taken or end - start < 3 or words[end : end + 1] == "?":
            continue
        if words[start:end].lower() in NO_NAME:
            continue
        taken.add(phrase.term[0])
        yield phrase


def _candidates(prose: Prose, words: str, in_list: bool) -> Iterator[Phrase]:
    if any(quote in words for quote in _OPEN):
        yield from _quoted(prose, words)
    yield from _marked(prose, words, in_list)
    if not any(cue in words for cue in _CUE_STEMS):
        return
    for found in _NAMED_CUE.finditer(words):
        if (
            is_name(found["term"])
            and _agrees(found["term"], found["cue"])
            and not _is_noun(found["cue"], words, found.end())
            and not _SOME.match(words, found.end())
        ):
            confidence = 0.7 if _is_sure(found["cue"]) else 0.6
            yield Phrase(found.span("term"), _body(words, found.end()), confidence, found["short"])


def _quoted(prose: Prose, words: str) -> Iterator[Phrase]:
    quoted = list(_QUOTED_CUE.finditer(words))
    for number, found in enumerate(quoted):
        if not is_name(found["quoted"], quoted=True):
            continue
        if found["cue"]:
            confidence = _confidence_behind(found["cue"], words, found.end(), best=0.9)
            if not confidence:
                continue
        elif _begins_sentence(words, found.start(), ",") and says_what_it_is(
            _ahead(words, found.end()), plural=found["be"].lower() == "are"
        ):
            confidence = 0.55
        else:
            continue
        limit = quoted[number + 1].start() if number + 1 < len(quoted) else len(words)
        yield Phrase(
            found.span("quoted"), _body(words, found.end(), limit), confidence, found["short"]
        )
    for found in _PARENTHESIS.finditer(words):
        term = found["quoted"]
        if is_name(term, quoted=True) and (found["lead"] or _is_title(term)):
            # A quotation that is a link is the title of something else.
            if prose.covered(*found.span("quoted"), _LINKED):
                continue
            yield Phrase(found.span("quoted"), _before(words, found.start()), 0.7)


def _marked(prose: Prose, words: str, in_list: bool) -> Iterator[Phrase]:
    for mark in prose.marks:
        if mark.kind not in {"strong", "emphasis"} or not 0 < mark.end - mark.start <= 80:
            continue
        term = words[mark.start : mark.end]
        label = term.rstrip(" :")
        if not term[0].isalnum() or not is_name(label):
            continue
        strong = mark.kind == "strong"
        begins = _begins_sentence(words, mark.start)
        separated = _SEPARATOR.match(words, mark.end)
        inner = term.rstrip().endswith(":")
        if strong and begins and mark.start == 0 and (separated or inner):
            start = separated.end() if separated else mark.end
            start += words[start : start + 1] == " "
            if in_list and _is_label(label) and says_what_it_is(_ahead(words, start), plural=True):
                yield Phrase((mark.start, mark.start + len(label)), _body(words, start), 0.5)
            continue
        found = _AFTER_TERM.match(words, mark.end)
        if found and begins:
            confidence = _after_term(found, words, strong=strong, first=mark.start <= 5)
            if confidence:
                body = _body(words, found.end())
                yield Phrase((mark.start, mark.end), body, confidence, found["short"])
                continue
        lead = words[max(0, mark.start - 60) : mark.start]
        if words[mark.end : mark.end + 1] == ")" and (opened := _MARKED_PARENTHESIS.search(lead)):
            at = mark.start - len(lead) + opened.start()
            yield Phrase((mark.start, mark.end), _before(words, at), 0.7)
        elif (called := _CALLED.search(lead)) is not None and not term.endswith("ly"):
            start, end = _before(words, mark.start - len(lead) + called.start())
            # "…, which is called X", but not "the trick is what is called X".
            end -= len(words[start:end]) - len(_WHICH.sub("", words[start:end]))
            if not words[start:end].endswith((" what", " that")):
                yield Phrase((mark.start, mark.end), (start, end), 0.6)


def _after_term(found: re.Match[str], words: str, *, strong: bool, first: bool) -> float:
    """How sure a cue behind a marked term makes a definition; 0 if it makes none."""
    if found["cue"]:
        if re.match(r"that\b", words[found.end() : found.end() + 5]):
            return 0.0
        best = 0.85 if strong else 0.7
        return _confidence_behind(found["cue"], words, found.end(), best=best)
    said = _ahead(words, found.end())
    if strong and first and says_what_it_is(said, plural=found["be"].lower() == "are"):
        return 0.55
    return 0.0


def _ahead(words: str, start: int) -> str:
    """What is said next, as far as it matters; all of it would take time square in a paragraph."""
    return words[start : start + 200]


def _confidence_behind(cue: str, words: str, end: int, *, best: float) -> float:
    """How sure a cue makes what comes behind it a definition; 0 if it makes none."""
    if cue.lower().startswith(_LOOSE_STEMS):
        return min(best, 0.5) if says_what_it_is(_ahead(words, end)) else 0.0
    # Behind a quotation, "means" is a verb: "Title Page" means, for a book, …
    if (best < 0.9 or cue == "mean") and _is_noun(cue, words, end):
        return 0.0
    return best if _is_sure(cue) else best - 0.05


def _is_noun(cue: str, words: str, end: int) -> bool:
    """Whether "mean" or "means" is an average here, and no verb."""
    return cue.lower() in {"mean", "means"} and begins_with_verb(_ahead(words, end))


def _is_sure(cue: str) -> bool:
    return any(stem in cue.lower() for stem in _SURE_STEMS)


def _is_label(label: str) -> bool:
    return label.lower() not in _NO_LABEL and len(label.split()) <= 6


def _is_title(term: str) -> bool:
    """Whether a term is capitalised as agreements do it: “Initial Purchaser”."""
    words = term.removeprefix("the ").split()
    return words[0][0].isupper() and all(word[0].isupper() or len(word) <= 3 for word in words)


def _agrees(term: str, cue: str) -> bool:
    """Whether a verb can belong to a name: “coordinates refer”, not “please refer”."""
    return cue.split(maxsplit=1)[0] not in {"mean", "refer", "denote", "stand"} or (
        term.endswith("s") or " and " in term
    )


def _begins_sentence(text: str, at: int, others: str = "") -> bool:
    before = _ARTICLE.sub("", text[max(0, at - 40) : at]).rstrip()
    return not before or before[-1] in ".;:!?•-–" + others


def _body(text: str, start: int, limit: int | None = None) -> tuple[int, int]:
    while text[start : start + 1] in {",", " "}:
        start += 1
    end = sentence_end(text, start)
    if limit is not None and limit < end:
        end = start + len(_TOWARDS_NEXT.sub("", text[start:limit]))
    while end > start and text[end - 1] in " ;,:":
        end -= 1
    return start, start + len(_EXAMPLE.sub("", text[start:end]))


def _before(text: str, end: int) -> tuple[int, int]:
    """The part of the sentence before *end*."""
    start = max(0, end - _LONGEST_LEAD)
    for stop in _STOP.finditer(text, start, end):
        if stop.end() < end and not _ABBREVIATION.search(
            text, max(0, stop.start() - 8), stop.start()
        ):
            start = stop.end()
    start = max(start, _inside_bracket(text, start, end))
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end


def _inside_bracket(text: str, start: int, end: int) -> int:
    """The place behind the last bracket that is opened and not closed before *end*."""
    opened: list[int] = []
    for at in range(start, end):
        if text[at] in "([":
            opened.append(at + 1)
        elif text[at] in ")]" and opened:
            opened.pop()
    return opened[-1] if opened else start
