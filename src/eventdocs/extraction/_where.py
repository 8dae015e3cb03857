"""Where clauses: what the symbols of a formula mean, as the text around it says."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Literal, TypeAlias

import attrs

from eventdocs.extraction._noun_phrases import is_name
from eventdocs.extraction._phrases import sentence_end
from eventdocs.extraction._prose import Mark, Prose

__all__ = ["Heads", "Meaning", "list_item", "meanings", "opens_list"]

Heads: TypeAlias = Literal["symbols", "names"]
"""What the items of a list explain: symbols and words of the formulas, or names of any kind."""

_OPENER = re.compile(
    r"\b(?:where|wherein|whereby|with|in which|here|and|let|given)\b[\s,:]*$|^\s*$|[.;,:]\s*$",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"\b(?:where|wherein|with|here|in which|let)\b(?!\s+(?:the\s+)?(?:same|respect)\b)",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"\s*,?\s*(?:(?P<verb>is|are|denotes?|denoting|represents?|representing|stands?\s+for|refers?\s+to|"
    r"being|be|means|equals|gives|indicates?|describes?|measures?)\b|(?P<sign>[:=–—-])(?=\s))\s*"
)
_ONE = re.compile(
    r"\s*,?\s*(?:is|denotes|represents|stands|refers|means|equals|gives|indicates|describes|measures)\b"
)
_ARTICLE = re.compile(r"\s+(?=(?:the|an?|its|their|this|any|all|some|number|total|amount)\b)")
_BETWEEN = re.compile(r"\s*(?:,|;|/|&|\band\b|\bor\b|,\s*and)?\s*(?:and\s+)?")
_FARTHEST = 40
_MOST_HEADS = 60
_NAME = r"[^\W\d_][\w'-]*(?: [^\W\d_][\w'-]*){0,4}"
_ANNOUNCES_NAMES = re.compile(
    r"\b(?:definitions?|notations?|legend|symbols|abbreviations|acronyms|terms|terminology)\b"
    r"[\w\s,]{0,40}:$",
    re.IGNORECASE,
)
_ANNOUNCES_SYMBOLS = re.compile(
    r"(?:\b(?:where|with|wherein|in which|here|variables|parameters|as follows|the following)\b"
    r"[\w\s,]{0,40}:|\b(?:where|with|in which)\b[\s,:]*)$",
    re.IGNORECASE,
)
_PLAIN_SYMBOL = re.compile(r"[^\W\d_](?:_\w{1,8})?'?")
_PROPERTY = re.compile(
    r"(?:(?:in|at|on|to|from|with|between|within|not|also|now|then|always|still|just|less|greater|more|"
    r"fewer|larger|smaller|too|very|so|such|there|here|as|close|upper|lower|the\s+same)\b"
    r"|(?!family|assembly|supply|anomaly)\w+ly\b"
    r"|(?!(?:given|defined|called|known\s+as|referred)\b)(?:[\w-]+(?:ed|able|ible|-rank|-valued)|taken|given|"
    r"chosen|drawn|known|unknown|set|positive|negative|non-?negative|fixed|finite|infinite|constant|large|"
    r"small|even|odd|real|independent|free|zero|normal|uniform|symmetric|diagonal|orthogonal|triangular|"
    r"arbitrary|continuous|differentiable|convex|optimal|random|identical|similar|proportional|small\s+enough)"
    r"(?:\s+(?:and|or|but|by|via|in|at|to|from|with|for|on|as|using|so|such|according|through|over|under|if|"
    r"when|that|than|enough|above|below|here|before|after|directly|respectively)\b|\s*[,;.(]|\s*$))",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W\d_]{2}")
_BE = frozenset({"is", "are", "be", "being"})
_ITEM_SEPARATOR = re.compile(
    r"\s*(?:(?:is|are|denotes?|represents?|stands?\s+for|refers?\s+to|means|equals)\b|[:=]|[-–—](?=\s))\s*"
)


@attrs.frozen
class Meaning:
    """What one symbol or name means; places are in the prose.

    Attributes:
        term: First character and end of the symbol.
        body: First character and end of its meaning.
        mark: The formula that the symbol was written as; None for a plain name.
        confidence: How sure it is a definition.
    """

    term: tuple[int, int]
    body: tuple[int, int]
    mark: Mark | None
    confidence: float


def opens_list(text: str) -> Heads | None:
    """Say what a list explains that comes next, as "where:" announces one; None for nothing."""
    if _ANNOUNCES_NAMES.search(text[-80:]):
        return "names"
    return "symbols" if _ANNOUNCES_SYMBOLS.search(text[-80:]) else None


def meanings(prose: Prose, *, names: Sequence[str], after_formula: bool) -> Iterator[Meaning]:
    """Find what a paragraph says about the symbols of a formula.

    Args:
        prose: One paragraph.
        names: Names in the formula before it that are words, such as `Score`.
        after_formula: A displayed formula stands directly before it.
    """
    formulas = [mark for mark in prose.marks if mark.kind == "formula"]
    if not formulas and not (names and after_formula):
        return
    text, words = prose.text, prose.words
    done = 0
    for clause in _CLAUSE.finditer(words):
        if clause.start() < done:
            continue
        begins = clause.start() < 3
        if (
            words[clause.start()].isupper()
            and not begins
            and words[: clause.start()].rstrip()[-1:] not in ".:;"
        ):
            continue
        confidence = 0.9 if after_formula and begins else 0.8
        stop = sentence_end(words, clause.end())
        heads = _heads(text, formulas, names if after_formula else (), clause.end(), stop)
        heads = _outside_brackets(words, heads, clause.end())
        if not heads or heads[0].start - clause.end() > _FARTHEST:
            continue
        found = list(_items(words, heads[:_MOST_HEADS], stop, confidence))
        if found:
            yield from found
            done = found[-1].body[1]
    yield from _statements(words, formulas, done)


def list_item(prose: Prose, *, heads: Heads, names: Collection[str]) -> Meaning | None:
    """Read `$P_i$: the price` or `Score is the quality score` as an item of a where list.

    Args:
        prose: The item.
        heads: What the list explains.
        names: Names in the formula before it that are words.
    """
    words = prose.words
    first = next((mark for mark in prose.marks if mark.start == 0 and mark.end > 0), None)
    mark: Mark | None = None
    if first is not None and first.kind in {"formula", "strong", "emphasis", "code"}:
        inner = next((m for m in prose.marks if m.kind == "formula" and m.start == 0), None)
        mark = inner if inner is not None and inner.end == first.end else None
        end = first.end
    else:
        named = re.match(_NAME, words)
        if named is None:
            return None
        end = named.end()
        for cue in _ITEM_SEPARATOR.finditer(words, 1, end):
            if words[cue.start()].isspace():
                end = cue.start()
                break
    term = prose.text[:end].rstrip(" :")
    # "Price_i" is the name "Price" with an index.
    known = term in names or term.partition("_")[0] in names
    explained = mark is not None or known or _PLAIN_SYMBOL.fullmatch(term)
    if not explained and not (heads == "names" and is_name(words[: len(term)])):
        return None
    separator = _ITEM_SEPARATOR.match(words, end) or _ARTICLE.match(words, end)
    if separator is None:
        return None
    stop = len(words.rstrip(" ,;."))
    stop = min(stop, sentence_end(words, separator.end()))
    stop = len(re.sub(r"[\s,;]+(?:and)?$", "", words[:stop]))
    if not _says_something(words[separator.end() : stop], separator[0]):
        return None
    confidence = 0.9 if explained else 0.75
    return Meaning((0, len(term)), (separator.end(), stop), mark, confidence)


@attrs.frozen
class _Head:
    start: int
    end: int
    mark: Mark | None

    @property
    def is_equation(self) -> bool:
        """Whether it says itself what it is, as `a = 1` does."""
        return self.mark is not None and "=" in self.mark.content


def _heads(
    text: str, formulas: Sequence[Mark], names: Sequence[str], start: int, stop: int
) -> list[_Head]:
    heads = [_Head(m.start, m.end, m) for m in formulas if start <= m.start and m.end <= stop]
    if names:
        pattern = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        found = re.compile(rf"(?<!\w)(?:{pattern})(?!\w)").finditer(text, start, stop)
        heads += [_Head(each.start(), each.end(), None) for each in found]
    return sorted(heads, key=lambda head: head.start)


def _outside_brackets(words: str, heads: Sequence[_Head], start: int) -> list[_Head]:
    """Leave out what stands in a bracket that was opened behind *start*."""
    outside: list[_Head] = []
    depth = 0
    for head in heads:
        part = words[start : head.start]
        depth = max(0, depth + part.count("(") - part.count(")"))
        if depth == 0:
            outside.append(head)
        start = max(start, head.start)
    return outside


def _items(text: str, heads: Sequence[_Head], stop: int, confidence: float) -> Iterator[Meaning]:
    """Cut a clause into items: symbols, a cue, and what they mean up to the next symbol with a cue."""
    groups: list[tuple[list[_Head], int]] = []
    waiting: list[_Head] = []
    for at, head in enumerate(heads):
        if waiting and not _BETWEEN.fullmatch(text, waiting[-1].end, head.start):
            waiting = []
        if not waiting and not _leads(text, head.start):
            continue
        waiting.append(head)
        cue = _CUE.match(text, head.end, stop) or _ARTICLE.match(text, head.end, stop)
        following = heads[at + 1] if at + 1 < len(heads) else None
        if cue is None or (following is not None and cue.end() > following.start):
            continue
        if cue.re is _ARTICLE and not (groups or len(waiting) == 1):
            waiting = []
            continue
        # "a and b are …" is about both, "a = 1 and b is …" about the last.
        several = len(waiting) > 1 and _ONE.match(text, head.end) is None
        group = [each for each in waiting if not each.is_equation] if several else []
        groups.append((group or [head], cue.end()))
        waiting = []
    for at, (symbols, begin) in enumerate(groups):
        end = groups[at + 1][0][0].start if at + 1 < len(groups) else stop
        body = re.sub(
            r"(?:[\s,;]|\b(?:and|where|with|while|whereas|the|an?)\b(?=\s*$))+$",
            "",
            text[begin:end],
        )
        body = _within_brackets(re.sub(r"(?:\s|[,;]|\s(?:and|where))+$", "", body))
        if not _says_something(body, text[symbols[-1].end : begin]):
            continue
        for symbol in symbols:
            yield Meaning(
                (symbol.start, symbol.end), (begin, begin + len(body)), symbol.mark, confidence
            )


def _within_brackets(body: str) -> str:
    """Cut a meaning off at a semicolon, at the end of its bracket, or where one never ends."""
    opened: list[int] = []
    for at, char in enumerate(body):
        if char == "(":
            opened.append(at)
        elif char == ";" and not opened:
            return body[:at].rstrip()
        elif char == ")":
            if not opened:
                return body[:at].rstrip(" ,;")
            opened.pop()
    return body[: opened[0]].rstrip(" ,;") if opened else body


def _says_something(body: str, cue: str) -> bool:
    """Whether a meaning is one: words, and more than a property such as "positive"."""
    if not _LETTER.search(body) or body[0] in "{|<[":
        return False
    return cue.strip(" ,") not in _BE or _PROPERTY.match(body) is None


def _leads(text: str, start: int) -> bool:
    """Whether a symbol can begin an item: after the opening word, a comma, or "and"."""
    before = text[max(0, start - 24) : start]
    before = re.sub(r"\b(?:the|each|every|all|any)\s*$", "", before)
    return _OPENER.search(before) is not None


_STATEMENT = re.compile(
    r"\s+(?:(?P<strong>denotes?|represents?|stands?\s+for|be)|(?P<weak>is|are))\s+(?=(?:the|an?|its|their|our)\b)"
)


def _statements(text: str, formulas: Sequence[Mark], done: int) -> Iterator[Meaning]:
    """Find "$x$ denotes the …" outside of where clauses."""
    for mark in formulas:
        if mark.start < done:
            continue
        found = _STATEMENT.match(text, mark.end)
        if found is None:
            continue
        before = text[: mark.start].rstrip()
        if (
            before
            and before[-1] not in ".;:,("
            and not re.search(r"\b(?:let|here|and|that)$", before, re.IGNORECASE)
        ):
            continue
        stop = sentence_end(text, found.end())
        inner = re.compile(r"[,;]?\s+(?:and\s+)?$")
        following = [m.start for m in formulas if found.end() < m.start < stop]
        for at in following:
            if _STATEMENT.match(text, next(m.end for m in formulas if m.start == at)):
                stop = len(inner.sub("", text[:at]))
                break
        body = _within_brackets(text[found.end() : stop].rstrip(" ,;"))
        if _says_something(body, found[0]):
            confidence = 0.8 if found["strong"] else 0.6
            yield Meaning(
                (mark.start, mark.end), (found.end(), found.end() + len(body)), mark, confidence
            )
