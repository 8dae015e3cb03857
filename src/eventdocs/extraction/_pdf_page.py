"""Pages of a PDF as they are drawn: glyphs, rules and links, measured from the top left corner."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import attrs

__all__ = ["Box", "Destination", "Font", "Glyph", "Link", "OutlineItem", "Page", "Rule", "around"]

_BOLD = re.compile(
    r"bold|black|heavy|(?:semi|demi)(?:bold)?$|^CMBX|^CMB\d|^SFBX|BX\d|-Bd|^CMMIB|^CMBSY"
)
_ITALIC = re.compile(r"ital|obli|slant|^CMTI|^CMSL|^SFTI|-It\b|-It$")
_MONO = re.compile(
    r"^CM(?:SL|IT|VT)?TT|^SFTT|courier|mono|typewriter|consola|menlo|fixed|LMTT", re.IGNORECASE
)
_MATH = re.compile(
    r"^(?:CM(?:MI|SY|EX|MIB|BSY)|MS[AB]M|EU[FSRE][MB]|RSFS|LASY|MTMI|MTSY|MTEX|wasy|stmary|esint|bbm|dsrom|txmi|txsy"
    r"|txex|pxmi|pxsy|pxex|NewTX|newtx|rtxmi|rpxmi|Symbol$|SymbolMT|MathematicalPi|MathJax_(?:Math|AMS|Size|Cali|Frak))"
    r"|Math|^LMMath"
)
_EXTENSION = re.compile(r"^CMEX|^MTEX|^[tp]xex|MathExtension|MathJax_Size|ntxexx")


@attrs.frozen(kw_only=True)
class Font:
    """A font, judged by its name.

    Attributes:
        name: Without the tag of a subset.
        bold: Its letters are bold.
        italic: Its letters slope.
        mono: All its letters are equally wide.
        math: It is for formulas only.
        extension: It holds signs of formulas that grow, such as sums and large brackets.
    """

    name: str
    bold: bool
    italic: bool
    mono: bool
    math: bool
    extension: bool

    @classmethod
    def named(cls, name: str) -> Font:
        """Judge a font by its name."""
        plain = name[7:] if re.match(r"[A-Z]{6}\+", name) else name
        return cls(
            name=plain,
            bold=bool(_BOLD.search(plain) or _BOLD.search(plain.lower())),
            italic=bool(_ITALIC.search(plain) or _ITALIC.search(plain.lower())),
            mono=bool(_MONO.search(plain)),
            math=bool(_MATH.search(plain)),
            extension=bool(_EXTENSION.search(plain)),
        )


@attrs.define(eq=False)
class Glyph:
    """A character as it is drawn.

    Attributes:
        char: The character.
        left: Where its ink begins.
        top: Where its ink begins.
        right: Where its ink ends.
        bottom: Where its ink ends.
        base: The line it stands on.
        size: Of its font, in points as drawn.
        font: Its font.
        space: White space stands before it.
        inner: It is part of a picture that was put into the page.
    """

    char: str
    left: float
    top: float
    right: float
    bottom: float
    base: float
    size: float
    font: Font
    space: bool
    inner: bool


@attrs.frozen
class Box:
    """A rectangle of a page."""

    left: float
    top: float
    right: float
    bottom: float

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.left <= x <= self.right and self.top <= y <= self.bottom


@attrs.frozen
class Rule(Box):
    """A straight horizontal line."""


@attrs.frozen
class Destination:
    """A place that links lead to.

    Attributes:
        name: What it is called; made from its place if it has no name.
        page: Index of the page, from 0.
        left: The place; 0 if the whole page is meant.
        top: The place; 0 if the whole page is meant.
    """

    name: str
    page: int
    left: float
    top: float


@attrs.frozen
class Link:
    """A stretch of a page that leads somewhere.

    Attributes:
        box: The stretch.
        target: An address; `#` and a name for a place in the document.
    """

    box: Box
    target: str


@attrs.frozen
class OutlineItem:
    """A bookmark, as readers show them beside the text.

    Attributes:
        level: From 1.
        title: What it says.
        place: Where it leads.
    """

    level: int
    title: str
    place: Destination | None


@attrs.define(kw_only=True, eq=False)
class Page:
    """A page.

    Attributes:
        number: From 1.
        width: In points.
        height: In points.
        glyphs: In the order in which they are drawn; without white space.
        rules: Sorted from top to bottom.
        links: Sorted from top to bottom.
    """

    number: int
    width: float
    height: float
    glyphs: list[Glyph]
    rules: Sequence[Rule]
    links: Sequence[Link]


def around(glyphs: Iterable[Glyph]) -> Box:
    """The smallest rectangle around some glyphs, at least one."""
    every = list(glyphs)
    return Box(
        min(each.left for each in every),
        min(each.top for each in every),
        max(each.right for each in every),
        max(each.bottom for each in every),
    )
