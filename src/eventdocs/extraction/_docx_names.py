"""Names in the XML of Word documents."""

from __future__ import annotations

from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] - lxml names no public type

__all__ = [
    "COMPATIBILITY",
    "FALSE",
    "MATH",
    "RELATION",
    "VALUE",
    "WORD",
    "by_tag",
    "is_on",
    "is_true",
    "local_name",
    "setting",
    "value",
]

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
COMPATIBILITY = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"

VALUE = f"{WORD}val"
"""The attribute that nearly every property says its value in."""

FALSE = frozenset({"0", "off", "false"})
"""What a switch says that is there and off."""


def local_name(element: Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2]


def setting(element: Element, kind: str, name: str) -> str | None:
    """A property of a math element of some *kind*; None where it is left to its default."""
    found = element.find(f"{MATH}{kind}Pr/{MATH}{name}")
    return None if found is None else found.get(f"{MATH}val")


def is_on(element: Element, kind: str, name: str) -> bool:
    """Whether a switch of a math element is there and on."""
    found = element.find(f"{MATH}{kind}Pr/{MATH}{name}")
    return found is not None and found.get(f"{MATH}val") not in FALSE


def by_tag(parent: Element | None) -> dict[str, Element]:
    """The properties in a list of properties, by their tags."""
    return {} if parent is None else {each.tag: each for each in parent}


def value(parent: Element | None, name: str) -> str | None:
    """The value of a property in a list of properties; None without it."""
    found = parent.find(f"{WORD}{name}") if parent is not None else None
    return None if found is None else found.get(VALUE)


def is_true(parent: Element | None, name: str) -> bool | None:
    """Whether a switch among properties is on; None if it is not there."""
    found = parent.find(f"{WORD}{name}") if parent is not None else None
    return None if found is None else found.get(VALUE) not in FALSE
