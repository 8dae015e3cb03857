"""Fields of Word documents: what their instructions say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Literal, TypeAlias

import attrs

from eventdocs.types import JSONValue

__all__ = ["Field", "FieldKind", "begins_contents", "read_field"]

FieldKind: TypeAlias = Literal["reference", "link", "sequence", "citation"]

_TOKEN = re.compile(r'"(?P<quoted>[^"]*)"|(?P<switch>\\\S+)|(?P<word>[^\s"]+)')
_CONTENTS = re.compile(r"\s*(?:TOC|INDEX|TOA|RD)\b", re.IGNORECASE)
_JSON = re.compile(r"\bCSL_CITATION\s*(?P<json>\{.*)", re.DOTALL)
_WITH_ARGUMENT = {
    "HYPERLINK": {"\\o", "\\t", "\\l", "\\s"},
    "CITATION": {"\\l", "\\m", "\\p", "\\f", "\\s", "\\v"},
    "SEQ": {"\\*", "\\r", "\\s"},
    "REF": {"\\*", "\\d"},
    "PAGEREF": {"\\*"},
    "NOTEREF": {"\\*"},
}
_LONGEST = 100_000


@attrs.frozen
class Field:
    """A field that says something about its result.

    Attributes:
        kind: What it does.
        targets: Bookmarks, addresses, keys of citations, or the name of a sequence.
    """

    kind: FieldKind
    targets: tuple[str, ...]


def begins_contents(instruction: str) -> bool:
    """Whether a field lists parts of the document, as a table of contents does."""
    return _CONTENTS.match(instruction) is not None


def read_field(instruction: str) -> Field | None:
    r"""Read an instruction such as `REF _Ref12 \\h`; None if the field only shows something."""
    if len(instruction) > _LONGEST:
        return None
    name, _, rest = instruction.strip().partition(" ")
    name = name.upper()
    if name == "ADDIN":
        keys = _csl_keys(rest)
        return Field("citation", keys) if keys else None
    words, switches = _arguments(name, rest)
    match name:
        case "REF" | "PAGEREF" | "NOTEREF" if words:
            return Field("reference", (words[0],))
        case "SEQ" if words:
            return Field("sequence", (words[0],))
        case "CITATION" if words:
            return Field("citation", (words[0], *switches.get("\\m", ())))
        case "HYPERLINK":
            anchors = switches.get("\\l", [])
            target = "#".join([words[0] if words else "", *anchors[:1]])
            return Field("link", (target,)) if target else None
        case _:
            return None


def _arguments(name: str, text: str) -> tuple[list[str], dict[str, list[str]]]:
    words: list[str] = []
    switches: dict[str, list[str]] = {}
    waiting: list[str] | None = None
    for found in _TOKEN.finditer(text):
        switch = found["switch"]
        if switch is not None:
            switch = switch.lower()
            waiting = None
            if switch in _WITH_ARGUMENT.get(name, ()):
                waiting = switches.setdefault(switch, [])
            continue
        word = found["word"] if found["quoted"] is None else found["quoted"]
        (words if waiting is None else waiting).append(word)
        waiting = None
    return words, switches


def _csl_keys(text: str) -> tuple[str, ...]:
    """The keys of citations that reference managers keep as JSON in a field."""
    found = _JSON.search(text)
    if found is None:
        return ()
    try:
        citation: JSONValue = json.loads(found["json"])
    except (ValueError, RecursionError):
        return ()
    items = _get(citation, "citationItems")
    keys: list[str] = []
    for item in items if isinstance(items, list) else ():
        data = _get(item, "itemData")
        key = _get(data, "citation-key") or _get(item, "id") or _get(data, "id")
        if isinstance(key, str | int):
            keys.append(str(key))
    return tuple(keys)


def _get(value: JSONValue, name: str) -> JSONValue:
    return value.get(name) if isinstance(value, Mapping) else None
