"""HTML: the extractor for web pages and for what converters to HTML write."""

from __future__ import annotations

import re

from typing_extensions import override

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._blocks import Blocks
from eventdocs.extraction._detect import HTML
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._extras import library
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._html_encoding import declared_encoding
from eventdocs.extraction._html_reader import HtmlReader
from eventdocs.extraction._html_tree import HtmlTree, inner_text, parse_html
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._references import References
from eventdocs.extraction._registry import Extracted, Extractor, RawDocument
from eventdocs.extraction._source import read_source
from eventdocs.extraction._text import BlockText

__all__ = ["HtmlExtractor"]

_MACRO = re.compile(r"\\(?:(?:re)?newcommand|providecommand|def|DeclareMathOperator)(?![A-Za-z])")
_DEEPEST = 150
"""Elements inside one another, whatever the limits say; readers call themselves for each."""


class HtmlExtractor(Extractor):
    """Reads HTML with MathML, MathJax and KaTeX."""

    name = "html"
    version = "1"
    library = library("eventdocs")
    media_types = (HTML, "application/xhtml+xml")

    @override
    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        encoding = declared_encoding(document.content, document.source_name)
        source = read_source(document, limits, declared=encoding)
        # A list in a page easily stands in as many elements again that only arrange it.
        tree = parse_html(source.text, deepest=min(2 * limits.max_nesting, _DEEPEST))
        draft = Draft(source, document=document, extractor=self, limits=limits)
        formulas = FormulaReader(limits)
        if _MACRO.search(source.text):
            formulas.macros.collect(source.text)
        anchors = Anchors()
        references = References(draft, anchors, bare_citations=False)
        text = BlockText(draft, formulas, anchors, references)
        blocks = Blocks(draft, text, formulas, anchors)
        reader = HtmlReader(tree, draft, blocks, references)
        for name in reader.targets:
            anchors.thing(name, "anchor")
        reader.read(tree.root)
        entities = list(draft.finished())
        anchors.settle(entities)
        return Extracted(text=source.text, title=_title(tree, draft), entities=tuple(entities))


def _title(tree: HtmlTree, draft: Draft) -> str:
    for element in tree.elements:
        if element.tag == "title":
            title = " ".join(inner_text(element, tree.source).split())
            if title:
                return title
            break
    return draft.first_heading
