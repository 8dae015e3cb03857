"""The HTML reader: elements in order, read into a draft of the document's meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from eventdocs.extraction._blocks import Blocks
from eventdocs.extraction._captions import Caption, read_caption
from eventdocs.extraction._draft import Draft, Place
from eventdocs.extraction._html_furniture import is_hidden, is_navigation
from eventdocs.extraction._html_prose import (
    Abbreviation,
    Displayed,
    HtmlProse,
    Page,
    Paragraph,
)
from eventdocs.extraction._html_tables import arranges_blocks, read_table, rows_of
from eventdocs.extraction._html_tree import BLOCKS, Element, HtmlTree, Text, inner_text
from eventdocs.extraction._phrases import sentence_end
from eventdocs.extraction._prose import Mark, Prose
from eventdocs.extraction._references import References
from eventdocs.ir import Definition, normalise_term

__all__ = ["HtmlReader"]

_CAPTION = re.compile(
    r"(?P<kind>Table|Figure|Fig\.?)\s*(?P<number>[A-Z]?\.?\d+(?:\.\d+)*[a-z]?)(?![\w.]*\d)[\s.:|–—-]*(?P<title>.*)",
    re.IGNORECASE,
)
_CUE = re.compile(
    r"\s*(?:\([^()]{1,40}\)\s*)?(?:is|are|means?|refers?\s+to|denotes?|stands?\s+for|describes?|:|[–—])\s+"
    r"(?!(?:called|defined|known|used|said)\b)"
)
_BIBLIOGRAPHIES = frozenset(
    {"references", "citation", "footnote", "bibliography", "footnotes", "csl-bib-body"}
)


class HtmlReader:
    """Walks over the elements of a document and adds what they mean to a draft."""

    def __init__(
        self, tree: HtmlTree, draft: Draft, blocks: Blocks, references: References
    ) -> None:
        self._source = tree.source
        self._draft = draft
        self._blocks = blocks
        self._references = references
        self._page = Page(tree, blocks.linear)
        self._abbreviations: set[tuple[str, str]] = set()
        self._number: str | None = None
        self._handlers: dict[str, Callable[[Element], None]] = {
            **{f"h{level}": self._heading for level in range(1, 7)},
            **dict.fromkeys(("pre", "listing", "plaintext", "xmp"), self._code),
            **dict.fromkeys(("ul", "ol", "menu", "dir"), self._list),
            **dict.fromkeys(("caption", "figcaption"), self._caption),
            "table": self._table,
            "dl": self._definitions,
            "blockquote": self._quotation,
            "hr": lambda _: blocks.part(),
            "figure": self._figure,
        }

    @property
    def targets(self) -> Sequence[str]:
        """Every name in the document."""
        return list(self._page.targets)

    def read(self, root: Element) -> None:
        """Read a whole document."""
        self._children(root)
        self._blocks.finish()

    # Containers

    def _children(self, element: Element) -> None:
        """Read what stands in an element: blocks, and the text between them as paragraphs."""
        if not element.holds_blocks:
            self._run(element.children, None)
            return
        source = self._source
        run: list[Element | Text] = []
        for child in element.children:
            if isinstance(child, tuple):
                if run or not source[child[0] : child[1]].isspace():
                    run.append(child)
                continue
            if not (child.tag in BLOCKS or child.holds_blocks):
                run.append(child)
                continue
            if run:
                self._run(run, child)
                run = []
            self._block(child)
        if run:
            self._run(run, None)

    def _block(self, element: Element) -> None:
        if is_navigation(element) or is_hidden(element):
            self._furniture(element)
            return
        heading = element.written and element.get("role") == "heading"
        handler = self._heading if heading else self._handlers.get(element.tag)
        if handler is not None:
            handler(element)
            return
        for name in element.names:
            self._blocks.name(name)
        if element.tag == "a":
            self._block_link(element)
        self._children(element)

    def _furniture(self, element: Element) -> None:
        """Pass over what leads around the document, unless it leads nowhere."""
        if is_hidden(element):
            return
        prose = HtmlProse(self._page)
        for link in element.walk():
            if link.tag == "a":
                target, detail = prose.link(link)
                if target is not None and target[0] == "#" and target[1:] not in self._page.targets:
                    self._add_link(link, target, detail)

    def _block_link(self, element: Element) -> None:
        target, detail = HtmlProse(self._page).link(element)
        if target is not None:
            self._add_link(element, target, detail)

    def _add_link(self, element: Element, target: str, detail: str) -> None:
        place = element.start, element.end
        prose = Prose()
        prose.add(" ".join(inner_text(element, self._source).split()), place)
        prose.marks.append(Mark("link", 0, len(prose), target, place, detail))
        self._references.read(prose)

    # Text

    def _run(self, nodes: Sequence[Element | Text], following: Element | None) -> None:
        if len(nodes) == 1 and isinstance(nodes[0], tuple):
            start, end = nodes[0]
            if self._source[start:end].isspace():
                return
        reader = HtmlProse(self._page, splits=True)
        parts = reader.read(nodes)
        before_table = following is not None and following.tag == "table"
        for part in parts:
            if isinstance(part, Displayed):
                formula = part.formula
                names = [formula.anchor] if formula.anchor else []
                self._blocks.display(
                    formula.latex,
                    formula.place,
                    names=names,
                    notation=formula.notation,
                    number=reader.number,
                )
            else:
                first = len(self._draft.entities)
                self._blocks.paragraph(part.prose, part, before_table=before_table)
                self._define_marked(part, first)
        self._abbreviate(reader.abbreviations)

    def _define_marked(self, paragraph: Paragraph, first: int) -> None:
        """Add the terms that a paragraph marks as defined there and that its words did not give.

        Args:
            paragraph: The paragraph.
            first: Index of the first entity that came from it.
        """
        prose = paragraph.prose
        marked = [mark for mark in prose.marks if mark.detail == "dfn"]
        if not marked:
            return
        known = {
            each.term_key for each in self._draft.entities[first:] if isinstance(each, Definition)
        }
        words = prose.words
        for mark in marked:
            term = prose.text[mark.start : mark.end]
            if normalise_term(term) in known:
                continue
            end = sentence_end(words, mark.end)
            end = min([end, *(at for at in paragraph.breaks if at >= mark.end)])
            cue = _CUE.match(words, mark.end, end)
            # Without a cue, the whole sentence is what defines the term.
            begin = cue.end() if cue else words.rfind(". ", 0, mark.start) + 1
            begin += len(words[begin:end]) - len(words[begin:end].lstrip())
            body = prose.text[begin:end].rstrip(" ,;.:")
            if not body or body == term:
                continue
            local = self._draft.definition(
                prose.source(min(mark.start, begin), end),
                term=term,
                body=body,
                body_place=prose.source(begin, begin + len(body)),
                form="sentence",
                anchor=mark.content or None,
                method="markup",
                confidence=0.9 if cue else 0.7,
            )
            if local is not None and mark.content:
                self._blocks.knows(mark.content, local)

    def _prose(self, element: Element) -> Prose:
        """Read all of an element as one prose."""
        reader = HtmlProse(self._page)
        prose = reader.whole(element.children)
        self._abbreviate(reader.abbreviations)
        return prose

    def _abbreviate(self, abbreviations: Sequence[Abbreviation]) -> None:
        for each in abbreviations:
            pair = normalise_term(each.short), normalise_term(each.long)
            # The same short form spelled out again is a repetition, not another definition.
            if "" not in pair and pair[0] != pair[1] and pair not in self._abbreviations:
                self._abbreviations.add(pair)
                self._draft.definition(
                    each.place,
                    term=each.short,
                    body=each.long,
                    body_place=each.title,
                    form="acronym",
                    aliases=[each.long],
                    method="markup",
                )

    def _heading(self, element: Element) -> None:
        self._blocks.heading(
            self._prose(element),
            (element.start, element.end),
            level=_level(element),
            names=element.names,
        )

    def _code(self, element: Element) -> None:
        for name in element.names:
            self._blocks.name(name)
        self._blocks.code(inner_text(element, self._source), (element.start, element.end))

    def _caption(self, element: Element) -> None:
        prose = self._prose(element)
        caption = _read_caption(prose, element.names)
        if caption is None or caption.kind != "figure":
            caption = Caption(
                "figure", None, prose.text.strip() or None, next(iter(element.names), None)
            )
        self._blocks.caption(prose, caption, before_table=False)

    def _quotation(self, element: Element) -> None:
        for name in element.names:
            self._blocks.name(name)
        self._blocks.part()
        self._blocks.begin_quotation()
        self._children(element)
        self._blocks.end_quotation()

    # Lists

    def _list(self, element: Element) -> None:
        for name in element.names:
            self._blocks.name(name)
        self._blocks.begin_list()
        for child in element.elements:
            self._blocks.item()
            self._block(child)
        self._blocks.end_list()

    def _definitions(self, element: Element) -> None:
        for name in element.names:
            self._blocks.name(name)
        classes = element.classes
        if not classes.isdisjoint(_BIBLIOGRAPHIES):
            self._children(element)
            return
        self._blocks.begin_definitions(glossary="glossary" in classes)
        self._terms(element)
        self._blocks.end_definitions()

    def _terms(self, element: Element) -> None:
        for child in element.elements:
            if is_hidden(child):
                continue
            if child.tag == "dt":
                prose = self._prose(child)
                own = [Mark("anchor", 0, 0, name, (child.start, child.end)) for name in child.names]
                prose.marks[:0] = own
                self._blocks.term(prose)
            elif child.tag == "dd":
                self._blocks.body(self._draft.stripped((child.inner, child.inner_end)))
                for name in child.names:
                    self._blocks.name(name)
                self._children(child)
            elif child.tag in {"div", "span"} and any(
                e.tag in {"dt", "dd"} for e in child.elements
            ):
                self._terms(child)
            else:
                self._block(child)

    # Tables

    def _figure(self, element: Element) -> None:
        for name in element.names:
            self._blocks.name(name, "figure")
        caption = next((each for each in element.elements if each.tag == "figcaption"), None)
        table = next((each for each in element.walk() if each.tag == "table"), None)
        if caption is None or table is None:
            self._children(element)
            return
        self._expect_caption(caption)
        for child in element.elements:
            if child is not caption:
                self._block(child)

    def _expect_caption(self, element: Element) -> None:
        prose = self._prose(element)
        caption = _read_caption(prose, element.names)
        if caption is None or caption.kind == "figure":
            caption = Caption("table", None, prose.text.strip() or None)
        self._blocks.expect_caption(prose, caption)

    def _table(self, element: Element) -> None:
        classes = element.classes
        if any(each.startswith(("ltx_eqn", "ltx_equation")) for each in classes):
            self._equations(element)
            return
        if arranges_blocks(element):
            for name in element.names:
                self._blocks.name(name)
            self._children(element)
            return
        for child in element.elements:
            if child.tag == "caption":
                self._expect_caption(child)
        raw = read_table(element, self._draft, self._cell)
        if raw is not None:
            self._blocks.table(raw, names=element.names)

    def _cell(self, element: Element) -> tuple[Prose, Place | None]:
        place = self._draft.stripped((element.inner, element.inner_end))
        with self._blocks.cell() as region:
            if element.holds_blocks:
                self._children(element)
            else:
                reader = HtmlProse(self._page)
                paragraphs = reader.read(element.children)
                for part in paragraphs:
                    if isinstance(part, Paragraph):
                        self._blocks.cell_text(part.prose, part)
                self._abbreviate(reader.abbreviations)
        return region, place if place[0] < place[1] else None

    def _equations(self, table: Element) -> None:
        """Read a table whose rows are equations with their numbers, as LaTeXML writes them."""
        for name in table.names:
            self._blocks.name(name)
        for row in rows_of(table):
            for holder in (row.parent, row):
                for name in holder.names if holder is not None and holder is not table else ():
                    self._blocks.name(name)
            reader = HtmlProse(self._page, splits=True)
            reader.read(row.children)
            found = [
                formula
                for each in row.walk()
                if each.tag == "math" and (formula := self._page.math.of(each)) is not None
            ]
            if found:
                self._blocks.display(
                    " ".join(each.latex for each in found),
                    (found[0].place[0], found[-1].place[1]),
                    notation="mathml",
                    number=reader.number,
                )


def _level(element: Element) -> int:
    if element.tag == "h1":
        # A section may begin with a heading of the first level wherever it stands.
        sections = 0
        at = element.parent
        while at is not None:
            sections += at.tag == "section"
            at = at.parent
        return max(1, min(sections, 6))
    if element.tag in {"h2", "h3", "h4", "h5", "h6"}:
        return int(element.tag[1])
    level = element.get("aria-level") or "2"
    return int(level) if level.isdecimal() and 0 < int(level[:2]) < 10 else 2


def _read_caption(prose: Prose, names: Sequence[str]) -> Caption | None:
    text = " ".join(prose.text.split())
    label = names[0] if names else None
    known = read_caption(text, label)
    found = _CAPTION.fullmatch(text) if known is None else None
    if found is None:
        return known
    kind = "table" if found["kind"][0] in "Tt" else "figure"
    return Caption(kind, found["number"], found["title"] or None, label)
