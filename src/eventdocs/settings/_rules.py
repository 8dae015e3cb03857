"""Rules for values of settings: each says what is wrong, and what to set instead."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import attrs

from eventdocs.settings._declaring import Given, JointRule, Rule

_PLACEHOLDER: Final = re.compile(
    r"(?:change[-_ ]?(?:me|this|it)|replace[-_ ]?(?:me|this|it)|your[-_ ].*|to[-_ ]?do|fix[-_ ]?me|"
    r"example|placeholder|secret|password|default|dummy|test|x{3,}|\*{3,}|\.{3,}|<.*>|\$\{.*\}|\{\{.*\}\})"
    r"(?:[-_ ]?(?:in|for)[-_ ]?production)?",
    re.IGNORECASE | re.DOTALL,
)


@attrs.frozen
class Between:
    """The value is a number from *least* to *most*.

    Attributes:
        least: The least that is allowed.
        most: The most that is allowed.
    """

    least: float
    most: float

    def __call__(self, given: Given) -> str | None:
        """Say what is wrong with the value."""
        if self.least <= given.value <= self.most:
            return None
        return f"{given.variable} is {given.shown}; it must be between {self}"

    def __str__(self) -> str:
        return f"{self.least:.15g} and {self.most:.15g}"


def minimum_length(characters: int) -> Rule:
    """Refuse a text that is set and has fewer *characters*."""

    def rule(given: Given) -> str | None:
        if not given.value or len(given.value) >= characters:
            return None
        return (
            f"{given.variable} has {len(given.value)} characters; set one of at least {characters}"
        )

    return rule


def matching(pattern: str, wanted: str) -> Rule:
    """Refuse a text that is set and does not match *pattern* wholly; say what is *wanted*."""

    def rule(given: Given) -> str | None:
        if given.value is None or re.fullmatch(pattern, given.value):
            return None
        return f"{given.variable} is {given.shown[:80]!r}; {wanted}"

    return rule


def no_placeholder(given: Given) -> str | None:
    """Refuse what stands in templates: `changeme`, `your-key-here`, `<secret>`, `${KEY}`."""
    if not given.value or not _PLACEHOLDER.fullmatch(str(given.value).strip()):
        return None
    return f"{given.variable} holds a placeholder; set a value of your own"


def required_in_production(given: Given) -> str | None:
    """Refuse production without a value."""
    if not given.is_production or given.value not in (None, "", ()):
        return None
    return f"{given.variable} is not set; production needs it"


def no_wildcard_in_production(given: Given) -> str | None:
    """Refuse origins that stand for all, such as `*` or `https://*`, in production."""
    wild = [each for each in given.value or () if "*" in each]
    if not given.is_production or not wild:
        return None
    return f"{given.variable} allows {', '.join(wild)}; in production, name each origin"


def off_in_production(given: Given) -> str | None:
    """Object to a switch that is on in production; made for warnings."""
    if not given.is_production or not given.value:
        return None
    return f"{given.variable} is on in production; set it to false"


def at_least_one_of(*names: str) -> JointRule:
    """Refuse settings of which none of these fields is set."""

    def rule(given: Mapping[str, Given]) -> str | None:
        if any(given[name].value for name in names):
            return None
        return (
            f"none of {', '.join(given[name].variable for name in names)} is set; set one of them"
        )

    return rule


def not_more_than(lesser: str, greater: str) -> JointRule:
    """Refuse a field *lesser* that is more than the field *greater*."""

    def rule(given: Mapping[str, Given]) -> str | None:
        low, high = given[lesser], given[greater]
        if low.value <= high.value:
            return None
        return f"{low.variable} is {low.shown}, more than {high.variable}, which is {high.shown}"

    return rule
