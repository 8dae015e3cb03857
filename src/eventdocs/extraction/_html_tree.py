"""HTML as a tree whose every element and every character knows its place in the source.

Parsers that are made for rendering keep the text and lose where it stood. This one reads as
browsers do where that matters for the meaning: tags that are implied, never closed or closed
in the wrong order, raw text, void elements. It takes time linear in the length of the source.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

__all__ = ["BLOCKS", "Element", "HtmlTree", "Text", "inner_text", "parse_html"]

Text = tuple[int, int]
"""First character and end of a text in the source, where references are not resolved yet."""

_TOKEN = re.compile(
    r"""<(?:
      (?P<name>[a-zA-Z][^\s/>]*+)
      (?P<written>(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+'|(?!["'])))*+)>
    | /(?P<closed>[a-zA-Z][^\s/>]*+)[^>]*+>
    | !--(?:-?>|.*?(?:--!?>|\Z))
    | !\[CDATA\[.*?(?:\]\]>|\Z)
    | [!?][^>]*+(?:>|\Z)
    | /[^a-zA-Z][^>]*+(?:>|\Z)
    | (?P<torn>/?[a-zA-Z])
    )""",
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_ATTRIBUTE = re.compile(
    r"([^\s\"'<>/=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>][^\s>]*)))?", re.ASCII
)
_NAMED = re.compile(r"\b(?:id|name)\s*=", re.IGNORECASE)
_SELF_CLOSED = re.compile(r"(?:^|[\s\"'])/$", re.ASCII)

_VOID = frozenset(
    "area base basefont bgsound br col embed frame hr img input keygen link meta param source track wbr".split()
)
_RAW = frozenset("script style xmp iframe noembed noframes title textarea".split())
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
BLOCKS = frozenset(
    (
        "address article aside blockquote body caption center colgroup dd details dialog dir div dl dt fieldset "
        "figcaption figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li listing main menu nav ol "
        "optgroup p plaintext pre search section summary table tbody td tfoot th thead tr ul xmp"
    ).split()
)
"""Elements that begin on a line of their own."""

_ENDS_P = BLOCKS - {
    "caption",
    "colgroup",
    "optgroup",
    "tbody",
    "td",
    "tfoot",
    "th",
    "thead",
    "tr",
    "body",
}
_P_SCOPE = frozenset("table td th caption button object marquee".split())
_CELL = frozenset({"td", "th", "caption"})
_LIST_SCOPE = frozenset(
    "ul ol menu dir dl table td th caption blockquote section article body".split()
)
_DL_SCOPE = _LIST_SCOPE - {"ul", "ol", "menu", "dir"} | {"li"}
_ROW_PARTS = frozenset("td th tr caption colgroup".split())
_GROUPS = frozenset({"thead", "tbody", "tfoot"})
_TABLE = frozenset({"table"})
_IMPLIED_ENDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "li": (frozenset({"li"}), _LIST_SCOPE),
    **dict.fromkeys(("dt", "dd"), (frozenset({"dt", "dd"}), _DL_SCOPE)),
    **dict.fromkeys(
        ("td", "th"), (frozenset({"td", "th", "caption", "colgroup"}), frozenset({"table", "tr"}))
    ),
    "tr": (_ROW_PARTS, _TABLE),
    **dict.fromkeys(_GROUPS, (_ROW_PARTS | _GROUPS, _TABLE)),
    **dict.fromkeys(("option", "optgroup"), (frozenset({"option"}), frozenset({"select"}))),
    **dict.fromkeys(("rt", "rp"), (frozenset({"rt", "rp"}), frozenset({"ruby"}))),
    "a": (frozenset({"a"}), BLOCKS),
}
"""What a start tag ends, and in which elements to look no further for it."""

_TABLE_TAGS = _CELL | _GROUPS | _TABLE | {"tr", "colgroup"}
_MATHML_PREFIXES = ("mml:", "mathml:", "math:")


class Element:
    """An element and where it stands.

    Attributes:
        tag: In lower case.
        parent: The element it stands in; None for the root.
        children: Elements and texts, in their order.
        start: First character of its start tag.
        inner: The character after its start tag.
        inner_end: First character of its end tag, or wherever it ends without one.
        end: The character after its end tag.
        holds_blocks: An element that begins on a line of its own stands somewhere in it.
    """

    __slots__ = (
        "_attributes", "_classes", "_names", "children", "end", "holds_blocks", "inner", "inner_end", "parent", "start", "tag", "written",
    )  # fmt: skip

    def __init__(
        self, tag: str, written: str, parent: Element | None, start: int, inner: int
    ) -> None:
        self.tag = tag
        self.written = written
        self.parent = parent
        self.children: list[Element | Text] = []
        self.start = start
        self.inner = self.inner_end = self.end = inner
        self.holds_blocks = False
        self._attributes: dict[str, str] | None = None
        self._classes: frozenset[str] | None = None
        self._names: tuple[str, ...] | None = None

    def get(self, name: str) -> str | None:
        """The value of an attribute, its character references resolved; None without it."""
        if not self.written:
            return None
        known = self._attributes
        if known is None:
            known = self._attributes = {}
            for found in _ATTRIBUTE.finditer(self.written):
                value = found[2] or found[3] or found[4] or ""
                known.setdefault(found[1].lower(), unescape(value) if "&" in value else value)
        return known.get(name)

    @property
    def classes(self) -> frozenset[str]:
        """The names of its classes."""
        if not self.written:
            return _NONE
        known = self._classes
        if known is None:
            written = self.get("class")
            known = self._classes = frozenset(written.split()) if written else _NONE
        return known

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which others can refer to it."""
        if not self.written:
            return ()
        known = self._names
        if known is None:
            known = ()
            if _NAMED.search(self.written):
                also = self.get("name") if self.tag in {"a", "map"} else None
                known = tuple(dict.fromkeys(filter(None, (self.get("id"), also))))
            self._names = known
        return known

    @property
    def elements(self) -> Iterator[Element]:
        """The elements directly in it."""
        return (child for child in self.children if isinstance(child, Element))

    def walk(self) -> Iterator[Element]:
        """Every element below it, in the order of their start tags."""
        waiting = list(self.elements)[::-1]
        while waiting:
            element = waiting.pop()
            yield element
            waiting.extend(list(element.elements)[::-1])


_NONE: frozenset[str] = frozenset()


class HtmlTree:
    """A parsed document.

    Attributes:
        source: Its text.
        root: Stands around everything.
        elements: All elements, in the order of their start tags.
    """

    def __init__(self, source: str, root: Element, elements: list[Element]) -> None:
        self.source = source
        self.root = root
        self.elements = elements


def parse_html(source: str, *, deepest: int) -> HtmlTree:
    """Parse any text as HTML.

    Args:
        source: The text.
        deepest: Elements that stand in more elements than that have nothing in them: what
            they hold follows them.
    """
    return _Parser(source, deepest).parse()


def inner_text(element: Element, source: str) -> str:
    """All text in an element with its references resolved, white space as it stands."""
    parts: list[str] = []
    waiting: list[Element | Text] = element.children[::-1]
    while waiting:
        node = waiting.pop()
        if isinstance(node, tuple):
            parts.append(source[node[0] : node[1]])
        else:
            waiting.extend(node.children[::-1])
    written = "".join(parts)
    return unescape(written) if "&" in written else written


class _Parser:
    def __init__(self, source: str, deepest: int) -> None:
        self._source = source
        self._deepest = deepest
        self._root = Element("", "", None, 0, 0)
        self._stack = [self._root]
        self._elements: list[Element] = []
        self._paragraphs = 0
        self._is_xml = source.lstrip().startswith("<?xml")
        self._prefix = (
            "m:" if 'xmlns:m="http://www.w3.org/1998/Math/MathML"' in source[:10_000] else None
        )

    def parse(self) -> HtmlTree:
        source = self._source
        at = 0
        while at < len(source):
            at = self._tokens(at)
        while self._stack:
            self._end(len(source), len(source))
        self._root.end = self._root.inner_end = len(source)
        return HtmlTree(source, self._root, self._elements)

    def _tokens(self, at: int) -> int:
        """Read tokens up to the end of the source, or of an element of raw text."""
        source = self._source
        for token in _TOKEN.finditer(source, at):
            start = token.start()
            if start > at:
                self._stack[-1].children.append((at, start))
            at = token.end()
            kind = token.lastgroup
            if kind == "written":
                tag = token["name"].lower()
                written = token["written"]
                if self._open(tag, written, start, at):
                    return self._raw_text(tag, at)
            elif kind == "closed":
                self._close(token["closed"].lower(), start, at)
            elif kind == "torn":
                # A tag that never ends: whatever it was, its text is kept.
                at = start
                break
        if at < len(source):
            self._stack[-1].children.append((at, len(source)))
        return len(source)

    def _raw_text(self, tag: str, at: int) -> int:
        """Read the text of a script and its like; returns where to go on."""
        ending = re.compile(rf"</{tag}(?=[\s/>])[^>]*+(?:>|\Z)", re.IGNORECASE | re.ASCII)
        found = ending.search(self._source, at)
        stop, after = found.span() if found else (len(self._source),) * 2
        if stop > at:
            self._stack[-1].children.append((at, stop))
        self._end(stop, after)
        return after

    def _open(self, tag: str, written: str, start: int, end: int) -> bool:
        """Begin an element; whether raw text follows."""
        if ":" in tag:
            tag = self._without_prefix(tag)
        if tag in {"html", "head"}:
            return False
        if tag in _ENDS_P:
            if self._paragraphs:
                self._end_implied(_P, _P_SCOPE, start)
            if tag in _HEADINGS and self._stack[-1].tag in _HEADINGS:
                self._end(start, start)
        implied = _IMPLIED_ENDS.get(tag)
        if implied is not None:
            self._end_implied(*implied, start)
        parent = self._stack[-1]
        element = Element(tag, written, parent, start, end)
        parent.children.append(element)
        self._elements.append(element)
        if tag in BLOCKS:
            holder: Element | None = parent
            while holder is not None and not holder.holds_blocks:
                holder.holds_blocks = True
                holder = holder.parent
        if tag in _VOID:
            return False
        is_raw = tag in _RAW
        if written.endswith("/") and (not is_raw or self._is_xml) and _SELF_CLOSED.search(written):
            return False
        if len(self._stack) > self._deepest and not is_raw:
            return False
        self._stack.append(element)
        self._paragraphs += tag == "p"
        return is_raw

    def _close(self, tag: str, start: int, end: int) -> None:
        """End the element that an end tag belongs to, if there is one."""
        if ":" in tag:
            tag = self._without_prefix(tag)
        if tag in {"html", "head", "body"} or (tag == "p" and not self._paragraphs):
            return
        if self._stack[-1].tag == tag:
            self._end(start, end)
            return
        scope = _TABLE if tag in _TABLE_TAGS else _CELL | _TABLE if tag in BLOCKS else BLOCKS
        wanted = _HEADINGS if tag in _HEADINGS else {tag}
        for at in range(len(self._stack) - 1, 0, -1):
            open_tag = self._stack[at].tag
            if open_tag in wanted:
                while len(self._stack) > at + 1:
                    self._end(start, start)
                self._end(start, end)
                return
            if open_tag in scope:
                return

    def _end_implied(self, ended: frozenset[str], scope: frozenset[str], at: int) -> None:
        cut = 0
        for index in range(len(self._stack) - 1, 0, -1):
            tag = self._stack[index].tag
            if tag in ended:
                cut = index
            if tag in scope:
                break
        if cut:
            while len(self._stack) > cut:
                self._end(at, at)

    def _end(self, inner_end: int, end: int) -> None:
        element = self._stack.pop()
        element.inner_end, element.end = inner_end, end
        self._paragraphs -= element.tag == "p"

    def _without_prefix(self, tag: str) -> str:
        if tag.startswith(_MATHML_PREFIXES) or (self._prefix and tag.startswith(self._prefix)):
            return tag.partition(":")[2]
        return tag


_P = frozenset({"p"})
