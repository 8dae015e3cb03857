"""Plain text: the extractor for documents without markup."""

from __future__ import annotations

from typing_extensions import override

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._detect import PLAIN_TEXT
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._plain_text_blocks import BlockParser
from eventdocs.extraction._plain_text_draft import PlainTextDraft
from eventdocs.extraction._plain_text_page import Page
from eventdocs.extraction._plain_text_reader import PlainTextReader
from eventdocs.extraction._references import References
from eventdocs.extraction._registry import Extracted, Extractor, RawDocument
from eventdocs.extraction._source import read_source

__all__ = ["PlainTextExtractor"]


class PlainTextExtractor(Extractor):
    """Reads text without markup by its layout: agreements, standards, manuals, notes."""

    name = "plain-text"
    version = "1"
    library = "eventdocs"
    media_types = (PLAIN_TEXT,)

    @override
    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        source = read_source(document, limits)
        page = Page(source)
        nodes = BlockParser(page, source.text).parse()
        draft = PlainTextDraft(source, document=document, extractor=self, limits=limits)
        anchors = Anchors()
        references = References(draft, anchors, bare_citations=False)
        PlainTextReader(draft, page, FormulaReader(limits), anchors, references).read(nodes)
        entities = list(draft.finished())
        anchors.settle(entities)
        return Extracted(text=source.text, title=draft.first_heading, entities=tuple(entities))
