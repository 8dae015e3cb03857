"""The names of a reStructuredText document: where they lead, and what stands for what."""

from __future__ import annotations

import re

import attrs

from eventdocs.extraction._prose import Passage

__all__ = ["Names", "Role", "normalised"]

_UNICODE = re.compile(r"(?:0x|x|\\x|U\+?|\\u|&#x)([0-9a-f]+);?$|(\d+)$", re.IGNORECASE)
_MOST_STEPS = 20


def normalised(name: str) -> str:
    """Spell a name as names are compared: in lower case, with single blanks."""
    return " ".join(name.lower().split())


@attrs.frozen
class Role:
    """A role that the document declares.

    Attributes:
        like: The role it is a special case of; empty for none.
        language: The language that its text is in, for raw text.
    """

    like: str
    language: str


@attrs.define(eq=False)
class Names:
    """What a document names, collected before its text is read.

    Attributes:
        addresses: Where names lead outside of the document.
        same: Names that stand for other names.
        anonymous: Where the references without a name lead, in order: an address or a name.
        replacements: The text that stands for a name between bars; None if it is no text.
        roles: Those that the document declares.
        default_role: The role of text between single back quotes.
        macros: Text that defines macros for formulas.
    """

    addresses: dict[str, str] = attrs.field(factory=dict[str, str])
    same: dict[str, str] = attrs.field(factory=dict[str, str])
    anonymous: list[str] = attrs.field(factory=list[str])
    replacements: dict[str, Passage | str | None] = attrs.field(
        factory=dict[str, Passage | str | None]
    )
    roles: dict[str, Role] = attrs.field(factory=dict[str, Role])
    default_role: str = ""
    macros: list[str] = attrs.field(factory=list[str])

    def resolve(self, name: str) -> tuple[str, str | None]:
        """Follow a name to the name that it stands for, and to the address that has."""
        key = normalised(name)
        for _ in range(_MOST_STEPS):
            if key not in self.same:
                break
            key = self.same[key]
        return key, self.addresses.get(key)


def characters(text: str) -> str:
    """Spell out the codes of characters, as the directive `unicode` writes them."""
    parts: list[str] = []
    for word in text.split():
        if word == "..":
            break
        found = _UNICODE.match(word)
        try:
            parts.append(chr(int(found[1], 16) if found[1] else int(found[2])) if found else word)
        except (ValueError, OverflowError):
            parts.append(word)
    return "".join(parts)
