"""Words: which letters in and around formulas are names, and which are just English."""

from __future__ import annotations

import re

__all__ = ["FUNCTIONS", "is_connecting_text", "looks_like_name"]

FUNCTIONS = frozenset(
    (
        "abs arccos arcsin arctan arg argmax argmin card cos cosh cot coth corr Corr cov Cov csc "
        "deg det diag dim div erf exp gcd grad hom Im inf ker lcm lg lim liminf limsup ln log max "
        "mean median min mod plim Pr rank Re rot round sd sec sgn sign sin sinh span sqrt std sup "
        "tan tanh tr trace Tr var Var vec Bernoulli Binomial Cauchy Dirichlet Exponential Multinomial "
        "Normal Poisson Prob Uniform"
    ).split()
) | {"arg max", "arg min", "inj lim", "lim inf", "lim sup", "proj lim"}
"""Names of functions and operators that nobody has to define."""

_CONNECTING = frozenset(
    (
        "all are be case cases const constant do does each else elsewhere every given has have holds "
        "if iff into is it let not other otherwise resp respectively s.t. similarly since so some "
        "subject such that then there this true false unless until when where whenever whether "
        "which while i.e. e.g. etc"
    ).split()
)
_JOINING = frozenset(
    "a an and any as at by for from in its of on or over per the to with without".split()
)
_WORD = re.compile(r"[^\W\d_][\w.'-]*")

_SHORT_LABELS = frozenset(
    (
        "adj avg base cap div eff fee free gross high last low mid min max net new next num obs old "
        "opt out per pre post prev ref sum tot true"
    ).split()
)
_VOWEL = re.compile("[aeiouyAEIOUY]")


def is_connecting_text(text: str) -> bool:
    """Whether words inside a formula join its parts, rather than name a quantity."""
    words = _WORD.findall(text)
    return (
        not words
        or len(words) > 4
        or any(word.lower().rstrip(".,") in _CONNECTING for word in words)
        or not _JOINING.isdisjoint({words[0].lower(), words[-1].lower()})
        or text.strip(" \u00a0")[-1:] in {",", ";", ":", "."}
    )


def looks_like_name(letters: str, *, in_subscript: bool = False) -> bool:
    """Whether letters side by side are one name, and not a product of single letters.

    `Weight`, `VWAP` and `price` are names; `xy`, `ABC` and `ijm` are products or lists.
    """
    if len(letters) < 3:
        return False
    if in_subscript and letters.lower() in _SHORT_LABELS:
        return True
    if letters[0].isupper() and letters[1:].islower():
        return _VOWEL.search(letters[1:]) is not None
    return len(letters) >= 4 and _VOWEL.search(letters) is not None
