"""Prose from HTML: inline markup as readable text with marks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import unescape
from typing import Protocol
from urllib.parse import unquote

import attrs

from eventdocs.extraction._draft import Place
from eventdocs.extraction._html_furniture import is_hidden, is_navigation
from eventdocs.extraction._html_math import MathReader, WrittenFormula
from eventdocs.extraction._html_tree import BLOCKS, Element, HtmlTree, Text, inner_text
from eventdocs.extraction._prose import Mark, MarkKind, Prose

__all__ = [
    "Abbreviation",
    "Displayed",
    "HtmlProse",
    "Page",
    "Paragraph",
]

_PIECE = re.compile(
    r"(?P<space>[ \t\n\r\f]+)|(?P<reference>&[^ \t\n\r\f&<;]{1,40};?)|(?P<ampersand>&)"
    r"|(?P<words>[^ \t\n\r\f&]+(?: [^ \t\n\r\f&]+)*)"
)
_MARKS: dict[str, MarkKind] = {
    "strong": "strong", "b": "strong", "dfn": "strong",
    "em": "emphasis", "i": "emphasis", "cite": "emphasis", "var": "emphasis",
    "code": "code", "tt": "code", "kbd": "code", "samp": "code",
}  # fmt: skip
_NUMBERS = frozenset({"eqno", "ltx_tag_equation", "ltx_tag_equationgroup", "equation-number"})
_PERMALINK = re.compile(r"\s*[¶#§∞🔗\u2693\ue157\uf0c1]?\ufe0f?\s*")
_LONGEST_SIGN = 40
_CITING = frozenset({"citation", "citation-reference", "ltx_cite", "bibref"})
_NOTING = frozenset({"footnote-ref", "footnote-reference", "footnoteRef", "fn-ref", "footref"})
_TITLES = frozenset("h1 h2 h3 h4 h5 h6 caption figcaption legend summary dt".split())
_LINES = frozenset("a span p li dd".split())
_RETURNING = frozenset(
    {"footnote-back", "footnote-backref", "fn-backref", "reversefootnote", "mw-cite-backlink"}
)
_CITED = ("cite_note", "cite-note", "citeref", "bib.", "bib-", "ref-", "cite-")
_NOTE = re.compile(r"(?:user-content-)?_?(?:fn|ftn|footnote|endnote)[-_:.]?\d")
_RETURN = re.compile(r"(?:user-content-)?(?:cite_ref|_?(?:fn|ftn|footnote|endnote)-?ref)[-_:.]?\d")
_ROLES = {"doc-noteref": "footnote", "doc-biblioref": "citation", "doc-glossref": "definition"}


@attrs.frozen
class Abbreviation:
    """A short form whose long form stands in its title.

    Attributes:
        short: What is written.
        long: What it stands for.
        place: Of the element.
        title: Of the long form, or of the start tag if references hide it there.
    """

    short: str
    long: str
    place: Place
    title: Place


@attrs.frozen
class Paragraph:
    """A stretch of prose between blocks and displayed formulas; it is `PlacedText`.

    Attributes:
        prose: What it says.
        breaks: Where a line ends in it.
    """

    prose: Prose
    breaks: list[int] = attrs.field(factory=list[int])

    @property
    def content(self) -> str:
        """The prose, line by line."""
        text = self.prose.text
        if not self.breaks:
            return text
        starts = [0, *(at + 1 for at in self.breaks)]
        return "\n".join(
            text[start:end] for start, end in zip(starts, [*self.breaks, len(text)], strict=True)
        )

    def range(self, start: int, end: int) -> Place:
        """The place in the document of the characters from *start* to *end*."""
        return self.prose.source(start, end)


@attrs.frozen
class Displayed:
    """A formula on a line of its own."""

    formula: WrittenFormula


class LinearText(Protocol):
    """Tells how a formula reads on one line."""

    def __call__(self, latex: str, *, display: bool) -> str: ...


class Page:
    """What all prose of one document shares.

    Args:
        tree: The document.
        linear: Tells how formulas read.
    """

    def __init__(self, tree: HtmlTree, linear: LinearText) -> None:
        self.source = tree.source
        self.math = MathReader(tree)
        self.linear = linear
        self.targets = {
            name: _kind_of(each) for each in reversed(tree.elements) for name in each.names
        }


def _kind_of(element: Element) -> str:
    """What a reference to an element refers to; empty if the element does not tell."""
    tag, classes = element.tag, element.classes
    if not classes.isdisjoint({"csl-entry", "citation", "ltx_bibitem", "citation-entry"}):
        return "citation"
    if "footnote" in classes or (element.get("role") or "") in {"doc-footnote", "doc-endnote"}:
        return "footnote"
    if (
        tag == "math"
        or (tag == "div" and "math" in classes)
        or any(each.startswith(("ltx_equation", "ltx_eqn")) for each in classes)
    ):
        return "formula"
    if tag in {"dt", "dfn"}:
        return "definition"
    if tag in {"table", "figure"}:
        return tag
    return ""


@attrs.define
class _Opened:
    kind: MarkKind
    content: str
    source: Place
    detail: str
    start: int = -1


class HtmlProse:
    """Reads one run of inline nodes.

    Args:
        page: The document's.
        splits: A displayed formula ends the paragraph, and another begins behind it;
            otherwise it stays in the prose as a mark.

    Attributes:
        number: The number that stands beside a formula.
        abbreviations: The short forms met.
    """

    def __init__(self, page: Page, *, splits: bool = False) -> None:
        self.number: str | None = None
        self.abbreviations: list[Abbreviation] = []
        self._page = page
        self._source = page.source
        self._splits = splits
        self._done: list[Paragraph | Displayed] = []
        self._prose = Prose()
        self._breaks: list[int] = []
        self._space: Place | None = None
        self._breaks_line = False
        self._open: list[_Opened] = []
        self._verbatim = 0

    def read(self, nodes: Sequence[Element | Text]) -> list[Paragraph | Displayed]:
        """Read *nodes*; returns the paragraphs and displayed formulas in them."""
        self._nodes(nodes)
        self._finish()
        return self._done

    def whole(self, nodes: Sequence[Element | Text]) -> Prose:
        """Read *nodes* as one prose, which may be empty."""
        self._nodes(nodes)
        self._finish()
        first = self._done[0] if self._done else None
        return first.prose if isinstance(first, Paragraph) else Prose()

    def _finish(self) -> None:
        self._space = None
        self._breaks_line = False
        if len(self._prose) or self._prose.marks:
            self._prose.marks.sort(key=lambda mark: mark.start)
            self._done.append(Paragraph(self._prose, self._breaks))
        self._prose, self._breaks = Prose(), []

    def _nodes(self, nodes: Sequence[Element | Text]) -> None:
        for node in nodes:
            if isinstance(node, tuple):
                self._text(*node)
            else:
                self._element(node)

    # Text

    def _text(self, start: int, end: int) -> None:
        if not self._verbatim:
            for (first, after), formula in self._page.math.in_text(start, end):
                self._words(start, first)
                self._formula(formula)
                start = after
        self._words(start, end)

    def _words(self, start: int, end: int) -> None:
        source = self._source
        for piece in _PIECE.finditer(source, start, end):
            kind = piece.lastgroup
            if kind == "words":
                self._add(piece[0], piece.span(), verbatim=True)
            elif kind == "space":
                if self._space is None:
                    self._space = piece.span()
            else:
                text = unescape(piece[0]).replace("\u00ad", "")
                if text and not text.strip(" \t\n\r\f"):
                    self._space = self._space or piece.span()
                else:
                    self._add(text, piece.span(), verbatim=text == piece[0])

    def _add(self, text: str, place: Place, *, verbatim: bool = False) -> None:
        space = self._space
        if space is not None:
            if len(self._prose):
                if self._breaks_line:
                    self._breaks.append(len(self._prose))
                is_one = self._source[space[0] : space[1]] == " "
                self._prose.add(" ", space, verbatim=is_one)
            self._space = None
            self._breaks_line = False
        for opened in reversed(self._open):
            if opened.start >= 0:
                break
            opened.start = len(self._prose)
        self._prose.add(text, place, verbatim=verbatim)

    def _gap(self, at: int) -> None:
        if self._space is None:
            self._space = at, at

    # Elements

    def _element(self, element: Element) -> None:
        tag = element.tag
        if tag == "br":
            self._space = element.start, element.end
            self._breaks_line = True
            return
        if is_hidden(element) or is_navigation(element) or self._page.math.is_rendered(element):
            for name in element.names:
                self._mark("anchor", name, element)
            return
        formula = self._page.math.of(element)
        if formula is not None:
            self._formula(formula)
            return
        if tag == "a":
            self._link(element)
            return
        for name in element.names:
            self._mark("anchor", name, element)
        if "eq" in element.written and not _NUMBERS.isdisjoint(element.classes):
            self._numbered(element)
        elif tag in _MARKS:
            self._marked(element, _MARKS[tag])
        elif tag == "img":
            at = len(self._prose)
            alt = " ".join((element.get("alt") or "").split())
            if alt:
                self._add(alt, (element.start, element.end))
                at = len(self._prose) - len(alt)
            self._mark("image", element.get("src") or "", element, at)
        elif tag == "q":
            self._add("\u201c", (element.start, element.inner))
            self._nodes(element.children)
            self._add("\u201d", (element.inner_end, element.end))
        elif tag in {"abbr", "acronym"} and element.get("title"):
            self._nodes(element.children)
            self._abbreviation(element)
        elif tag in BLOCKS:
            self._gap(element.start)
            self._nodes(element.children)
            self._gap(element.end)
        else:
            self._nodes(element.children)

    def _mark(self, kind: MarkKind, content: str, element: Element, at: int | None = None) -> None:
        start = len(self._prose) if at is None else at
        source = element.start, element.end
        self._prose.marks.append(Mark(kind, start, len(self._prose), content, source))

    def _marked(self, element: Element, kind: MarkKind) -> None:
        is_code = kind == "code"
        content = " ".join(inner_text(element, self._source).split()) if is_code else ""
        source = (element.inner, element.inner_end) if is_code else (element.start, element.end)
        is_term = element.tag == "dfn"
        if is_term:
            content = element.get("id") or ""
        opened = _Opened(kind, content, source, "dfn" if is_term else "")
        self._open.append(opened)
        self._verbatim += is_code
        self._nodes(element.children)
        self._verbatim -= is_code
        self._close()

    def _close(self) -> None:
        self._mark_opened(self._open.pop())

    def _mark_opened(self, opened: _Opened) -> None:
        end = len(self._prose)
        start = end if opened.start < 0 else opened.start
        if start < end or opened.kind == "link":
            self._prose.marks.append(
                Mark(opened.kind, start, end, opened.content, opened.source, opened.detail)
            )

    def _link(self, element: Element) -> None:
        for name in element.names:
            self._mark("anchor", name, element)
        target, detail = self.link(element)
        if target is None:
            if not self._is_permalink(element):
                self._nodes(element.children)
            return
        opened = _Opened("link", target, (element.start, element.end), detail)
        self._open.append(opened)
        self._nodes(element.children)
        self._close()

    def link(self, element: Element) -> tuple[str | None, str]:
        """What a link refers to and of what kind that is; None if it is no reference."""
        href = (element.get("href") or "").strip()
        if not href or href in {"#", "#top"} or href[:11].lower() == "javascript:":
            return None, ""
        if href.startswith("data:"):
            return None, ""
        if not href.startswith("#"):
            return href, "" if ":" in href or href.startswith("//") else "document"
        name = href[1:] if href[1:] in self._page.targets else unquote(href[1:])
        if name in self._page.targets and (
            self._is_permalink(element) or _leads_back(element, name) or _stands_in(element, name)
        ):
            return None, ""
        return f"#{name}", self._kind(element, name)

    def _kind(self, element: Element, name: str) -> str:
        """What a link within the document refers to; empty if nothing tells."""
        by_role = _ROLES.get(element.get("role") or "")
        if by_role is not None:
            return by_role
        classes = element.classes
        if not classes.isdisjoint(_NOTING):
            return "footnote"
        if not classes.isdisjoint(_CITING):
            return "citation"
        known = self._page.targets.get(name, "")
        if known:
            return known
        lowered = name.lower()
        if lowered.startswith(_CITED):
            return "citation"
        return "footnote" if _NOTE.match(lowered) else ""

    def _is_permalink(self, element: Element) -> bool:
        """Whether nothing but a sign is written in a link within the document."""
        children = element.children
        if len(children) == 1 and isinstance(children[0], tuple):
            start, end = children[0]
            if end - start > _LONGEST_SIGN:
                return False
        return (
            (element.get("href") or "").startswith("#")
            and _PERMALINK.fullmatch(inner_text(element, self._source)) is not None
            and all(each.tag not in {"img", "math"} for each in element.walk())
        )

    def _abbreviation(self, element: Element) -> None:
        title = element.get("title") or ""
        at = self._source.find(title, element.start, element.inner)
        place = (at, at + len(title)) if at >= 0 else (element.start, element.inner)
        short = " ".join(inner_text(element, self._source).split())
        self.abbreviations.append(Abbreviation(short, title, (element.start, element.end), place))

    def _numbered(self, element: Element) -> None:
        written = inner_text(element, self._source)
        found = re.search(r"[A-Z]?\.?\d+(?:\.\d+)*[a-z]?", written)
        self.number = found[0] if found else self.number

    def _formula(self, formula: WrittenFormula) -> None:
        if formula.display and self._splits:
            # What is open ends here, and begins again behind the formula; a link is one already.
            for opened in self._open:
                self._mark_opened(opened)
            self._finish()
            self._done.append(Displayed(formula))
            for opened in self._open:
                opened.start = -1
                opened.kind = "emphasis" if opened.kind == "link" else opened.kind
            return
        at = len(self._prose)
        text = self._page.linear(formula.latex, display=formula.display)
        if text:
            self._add(text, formula.place)
            at = len(self._prose) - len(text)
        detail = "display" if formula.display else "inline"
        self._prose.marks.append(
            Mark(
                "formula", at, len(self._prose), formula.latex, formula.place, detail,
                notation=formula.notation,
            )
        )  # fmt: skip


def _leads_back(element: Element, name: str) -> bool:
    """Whether a link in a note or a list of works leads back to where that is referred to."""
    return (
        element.get("role") == "doc-backlink"
        or not element.classes.isdisjoint(_RETURNING)
        or _RETURN.match(name.lower()) is not None
    )


def _stands_in(element: Element, name: str) -> bool:
    """Whether a link leads to the line it stands in, or from a title to what it is the title of."""
    at: Element | None = element
    in_title = False
    while at is not None:
        in_title = in_title or at.tag in _TITLES
        if name in at.names:
            return in_title or at.tag in _LINES
        at = at.parent
    return False
