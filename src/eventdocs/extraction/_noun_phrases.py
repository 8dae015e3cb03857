"""Noun phrases: whether words name something, and whether they say what it is."""

from __future__ import annotations

import re
from itertools import islice, takewhile

from eventdocs.extraction._prose import NOT_WORDS

__all__ = ["NO_NAME", "begins_with_verb", "is_name", "says_what_it_is"]

NO_NAME = frozenset(
    (
        "a an any all and as both but each either even every for he her here his how however i if in it "
        "its let neither no nor not note of on one or our she since so some such that the their then there "
        "these they this those thus to we what when where whether which while who why with you your also "
        "above below following example figure table section important warning caution tip"
    ).split()
)
"""Words that no name begins with, unless it is quoted."""

_NEVER_INSIDE = frozenset(
    (
        "are be been can cannot could did do does had has have he i is it may might must please she should "
        "suppose that they was we were what when where whether which who why will would you shall not if "
        "this these those there here let us my our your his her their either neither only also because"
    ).split()
)
_NEVER_LAST = frozenset(
    (
        "a an and are as at be by can do does for from if in into is it may must not of on or should than "
        "that the these this those to was we were which who will with you"
    ).split()
)
_NO_LETTER_OF_A_NAME = frozenset(f"<>=≤≥≈≠|{{}}$\\*~^@?{NOT_WORDS}")
_IDENTIFIER = re.compile(
    r"\S*(?:_|::|\(\)|->)\S*|[\W_]*[a-z]\w+(?:[.:/\\]\w{2,})+\S*|--?\w\S*|\S*[./]\w{1,5}[/.]\S*"
)
_WORD = re.compile(r"[^\W_][\w'’-]*")
_MOST_WORDS = 8

_DETERMINED = re.compile(
    r"(?:an?|the|any|one|either|each|every|another|some|those|all|both|certain|what|whatever|whoever|"
    r"our|its|their|his|her)\b",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"(?:(?:an?|the|one|some|what|our|its|their)\s+(?:of\b|same|default|only|best|worst|most|least|first|"
    r"second|last|next|previous|case|reason|result|goal|aim|purpose|bit|lot|few|good|great|nice|bad|must|"
    r"key|main|right|wrong|better|new|very|too|easy|common|problem|idea|point|way\s+to\s+go)\b"
    r"|one\s+or\b|all\s+(?:you|that|we)\b|what\s+(?:we|you|i)\b|part\b)",
    re.IGNORECASE,
)
_QUALIFIED = re.compile(
    r"(?P<first>[^\W_][\w’'-]*)\s+(?:[\w’'-]+\s+){0,2}?"
    r"(?:that|which|who|whose|of|for|between|containing|where|when|whether)\b"
)
_PLURAL = re.compile(r"(?P<first>[^\W_][\w’'-]*)\s+(?:[\w’'-]+\s+){0,2}?[\w-]{3,}(?<!i)(?<!u)s\b")
_NO_NOUN = re.compile(
    r"(?:\w+(?:ed|ing|ly|ful|able|ible|ous|less)|taken|given|written|known|shown|seen|chosen|drawn|built|"
    r"made|done|set|put|run|held|kept|left|meant|sent|found|hidden|driven|bound|part|similar|different|good|"
    r"bad|equivalent|necessary|important|identical|typical|crucial|essential|ideal|helpful|independent|"
    r"dependent|free|full|aware|true|false|equal|close|common|rare|easy|hard|ready|still|also|always|often|"
    r"just|then|thus|not|there|here|used|no|more|less|much|many|too|so|as|in|on|at|by|to|from|with|for|like|"
    r"better|best|worse|great|new|available|out|up|off|over|under|due|subject|relative|responsible|based)",
    re.IGNORECASE,
)
_GOES_ON = re.compile(
    r"(?:is|are|was|were|be|has|have|had|do|does|did|can|could|may|might|must|will|would|shall|should|serve|"
    r"differ|obtained|used|computed|based|in|of|for|at|from|on|with|by|and|or|than|as|under|over|not)\b"
    r"|\([A-Z]|[.,;:)]|$"
)
_ACTS = re.compile(
    r"(?!(?:all|both|any|either|each|such|only|not|to|for|in|of|or|and|as|at|by|on|than|that)\b)"
    r"[a-z]+(?<!ing)\s+(?:the|an?|this|these|our|your)\b"
)
_RELATIVE = frozenset(
    "that which who whom whose where when whether if as what whatever whoever while because".split()
)
_FINITE = frozenset(
    (
        "is are was were may can cannot must will should would shall has have had do does did might could "
        "isn't aren't can't won't doesn't don't differs exists remains depends requires contains becomes "
        "occurs happens applies allows means gives takes makes beats"
    ).split()
)
_MOST_BEFORE_VERB = 25
_ASIDE = re.compile(r"\([^()]*\)")
_PREDICATE = re.compile(
    r"(?:an?|the)\s+(?:(?!that\b|which\b|who\b)[\w-]+\s+){1,3}?[a-z]{3,}ed\s+(?:the|an?|this|its|while|when|because|if)\b"
)


def is_name(words: str, *, quoted: bool = False) -> bool:
    """Tell whether *words* can name something: no code, no relation, no piece of a sentence.

    Args:
        words: As prose gives them, with what is no words blanked.
        quoted: Quotation marks around them say that they belong together; such names may
            be of any words, as in “You” means …
    """
    term = words.strip()
    if not _NO_LETTER_OF_A_NAME.isdisjoint(term):
        return False
    found = [word.casefold() for word in _WORD.findall(term)]
    if not found or len(found) > _MOST_WORDS or (found == [found[0]] and found[0].isdigit()):
        return False
    if " " not in term and _IDENTIFIER.fullmatch(term):
        return False
    if not any(map(str.isalpha, term)):
        return False
    if quoted:
        return True
    return (
        found[0] not in NO_NAME and found[-1] not in _NEVER_LAST and _NEVER_INSIDE.isdisjoint(found)
    )


def says_what_it_is(words: str, *, plural: bool = False) -> bool:
    """Tell whether *words*, behind “is” or a colon, say what something is.

    “The upper limit” does and “variables of a model” does; “used for plots” is a remark,
    and so is “the best choice”. A clause with a verb of its own is no noun phrase either.

    Args:
        words: The beginning of what is said, with what is no words blanked.
        plural: Behind “are”.
    """
    if _REMARK.match(words) or _has_own_verb(words):
        return False
    if _DETERMINED.match(words):
        return True
    found = _QUALIFIED.match(words) or (_PLURAL.match(words) if plural else None)
    return found is not None and not _NO_NOUN.fullmatch(found["first"])


def begins_with_verb(words: str) -> bool:
    """Tell whether "means", before *words*, is a noun: “the means are”, “the means describe the …”."""
    return _GOES_ON.match(words) is not None or _ACTS.match(words) is not None


def _has_own_verb(words: str) -> bool:
    clause = re.split(r"[,;:.]", _ASIDE.sub("", words[:300]), maxsplit=1)[0].casefold()
    before_relative = takewhile(lambda word: word not in _RELATIVE, clause.split())
    phrase = list(islice(before_relative, _MOST_BEFORE_VERB))
    return not _FINITE.isdisjoint(phrase) or _PREDICATE.match(clause) is not None
