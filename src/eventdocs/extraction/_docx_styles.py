"""Styles of Word documents: what a paragraph or a run is, by the style it has."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal, TypeAlias

import attrs
from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] - lxml names no public type

from eventdocs.extraction._docx_names import FALSE, VALUE, WORD, value

__all__ = ["Look", "ParagraphStyle", "Role", "Styles", "look_of"]

Role: TypeAlias = Literal[
    "text",
    "heading",
    "title",
    "caption",
    "figure caption",
    "term",
    "definition",
    "contents",
    "code",
]
"""What paragraphs of a style are."""

_HEADING = re.compile(r"heading ?(?P<level>[1-9])")
_CONTENTS = re.compile(r"(?:toc(?: ?heading| ?\d)|table of figures|table of authorities|index ?\d)")
_ROLES: dict[str, Role] = {
    "title": "title",
    "caption": "caption",
    "table caption": "caption",
    "tablecaption": "caption",
    "image caption": "figure caption",
    "imagecaption": "figure caption",
    "definition term": "term",
    "definitionterm": "term",
    "definition": "definition",
    "source code": "code",
    "sourcecode": "code",
    "html preformatted": "code",
    "macro": "code",
}
_CODE = re.compile(r"verbatim|code|typewriter|keyboard|listing")
_FIXED_WIDTH = re.compile(r"courier|consolas|menlo|monaco|\bmono", re.IGNORECASE)
_DEEPEST = 30


@attrs.frozen
class Look:
    """What a run looks like; None leaves it to whatever is around.

    Attributes:
        bold: Bold.
        italic: Italic.
        hidden: Not shown at all.
        code: Set in a fixed-width font.
        raised: superscript or subscript.
    """

    bold: bool | None = None
    italic: bool | None = None
    hidden: bool | None = None
    code: bool | None = None
    raised: str | None = None

    def over(self, base: Look) -> Look:
        """This look, and *base* where it says nothing."""
        return Look(
            base.bold if self.bold is None else self.bold,
            base.italic if self.italic is None else self.italic,
            base.hidden if self.hidden is None else self.hidden,
            base.code if self.code is None else self.code,
            base.raised if self.raised is None else self.raised,
        )


_PLAIN = Look()


@lru_cache(maxsize=256)
def _look(
    bold: bool | None,
    italic: bool | None,
    hidden: bool | None,
    code: bool | None,
    raised: str | None,
) -> Look:
    return Look(bold, italic, hidden, code, raised)


class Tag:
    """The properties of a run that matter."""

    bold = f"{WORD}b"
    italic = f"{WORD}i"
    hidden = f"{WORD}vanish"
    fonts = f"{WORD}rFonts"
    ascii = f"{WORD}ascii"
    raised = f"{WORD}vertAlign"
    style = f"{WORD}rStyle"


@attrs.frozen(kw_only=True)
class ParagraphStyle:
    """A paragraph style with all it inherits.

    Attributes:
        role: What its paragraphs are.
        level: Of headings, from 1.
        number_id: The list that numbers its paragraphs.
        number_level: The level in that list, from 0.
        look: Of its runs.
    """

    role: Role = "text"
    level: int | None = None
    number_id: str | None = None
    number_level: int | None = None
    look: Look = _PLAIN


def look_of(properties: Iterable[Element]) -> tuple[Look, str | None]:
    """Read the properties of a run: how it looks by itself, and the style that it has."""
    bold = italic = hidden = code = None
    raised = style = None
    for each in properties:
        match each.tag:
            case Tag.bold:
                bold = each.get(VALUE) not in FALSE
            case Tag.italic:
                italic = each.get(VALUE) not in FALSE
            case Tag.hidden:
                hidden = each.get(VALUE) not in FALSE
            case Tag.fonts:
                code = True if _FIXED_WIDTH.search(each.get(Tag.ascii, "")) else None
            case Tag.raised:
                raised = each.get(VALUE)
            case Tag.style:
                style = each.get(VALUE)
            case _:
                pass
    return _look(bold, italic, hidden, code, raised), style


class Styles:
    """The styles of a document by their ids.

    Args:
        root: The part that declares them; None if there is none.
    """

    def __init__(self, root: Element | None) -> None:
        self._declared: dict[str, Element] = {}
        self._default: str | None = None
        for style in root.iterfind(f"{WORD}style") if root is not None else ():
            style_id = style.get(f"{WORD}styleId", "")
            self._declared.setdefault(style_id, style)
            if style.get(f"{WORD}type") == "paragraph" and style.get(f"{WORD}default") == "1":
                self._default = self._default or style_id
        self._paragraphs: dict[str | None, ParagraphStyle] = {}
        self._looks: dict[str, Look] = {}

    def paragraph(self, style_id: str | None) -> ParagraphStyle:
        """What the paragraphs of a style are."""
        known = self._paragraphs.get(style_id)
        if known is None:
            known = self._paragraphs[style_id] = self._read(style_id or self._default)
        return known

    def look(self, style_id: str) -> Look:
        """What the runs of a character style look like."""
        known = self._looks.get(style_id)
        if known is None:
            known = _PLAIN
            for style in self._chain(style_id):
                known = known.over(_own_look(style))
                if _CODE.search(_name(style)):
                    known = attrs.evolve(known, code=True)
            if style_id not in self._declared and _CODE.search(style_id.lower()):
                known = attrs.evolve(known, code=True)
            self._looks[style_id] = known
        return known

    def _chain(self, style_id: str | None) -> list[Element]:
        """A style and those it is based on, which may be in a circle."""
        found: list[Element] = []
        while style_id in self._declared and len(found) < _DEEPEST:
            style = self._declared[style_id]
            if style in found:
                break
            found.append(style)
            style_id = value(style, "basedOn")
        return found

    def _read(self, style_id: str | None) -> ParagraphStyle:
        chain = self._chain(style_id)
        names = [_name(style) for style in chain] or [(style_id or "").lower()]
        role, level = _role(names[0])
        look = _PLAIN
        number_id: str | None = None
        number_level: int | None = None
        outline: int | None = None
        for style, name in zip(chain, names, strict=False):
            look = look.over(_own_look(style))
            properties = style.find(f"{WORD}pPr")
            numbers = properties.find(f"{WORD}numPr") if properties is not None else None
            number_id = number_id or value(numbers, "numId")
            if number_level is None:
                number_level = _number(value(numbers, "ilvl"))
            if outline is None:
                outline = _number(value(properties, "outlineLvl"))
            if role == "text" and outline is None:
                role, level = _role(name)
        if outline is not None and role in {"text", "heading"}:
            role, level = ("heading", outline + 1) if outline < 9 else ("text", None)
        return ParagraphStyle(
            role=role, level=level, number_id=number_id, number_level=number_level, look=look
        )


def _own_look(style: Element) -> Look:
    properties = style.find(f"{WORD}rPr")
    return look_of(properties)[0] if properties is not None else _PLAIN


def _role(name: str) -> tuple[Role, int | None]:
    found = _HEADING.fullmatch(name)
    if found is not None:
        return "heading", int(found["level"])
    if _CONTENTS.fullmatch(name):
        return "contents", None
    return _ROLES.get(name, "text"), None


def _name(style: Element) -> str:
    """The name of a style, which is English for all that Word brings along."""
    return (value(style, "name") or style.get(f"{WORD}styleId") or "").lower()


def _number(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() and len(text) < 4 else None
