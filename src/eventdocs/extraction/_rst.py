"""reStructuredText: the extractor for documents of docutils and of Sphinx."""

from __future__ import annotations

from typing_extensions import override

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._detect import RESTRUCTURED_TEXT
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._extras import comes_with, library
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._references import References
from eventdocs.extraction._registry import Extracted, Extractor, RawDocument
from eventdocs.extraction._source import read_source

__all__ = ["RstExtractor"]


class RstExtractor(Extractor):
    """Reads reStructuredText with the roles and directives of docutils and Sphinx.

    It looks up none of them in the registries of docutils, which belong to the process, and
    runs none: a document reads no files, and many documents can be read side by side.
    """

    name = "restructuredtext"
    version = "1"
    library = library("docutils")
    media_types = (RESTRUCTURED_TEXT,)

    @override
    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        with comes_with("rst", source=document.source_name):
            from eventdocs.extraction._rst_blocks import BlockParser
            from eventdocs.extraction._rst_lines import whole
            from eventdocs.extraction._rst_names import Names
            from eventdocs.extraction._rst_reader import RstReader
        source = read_source(document, limits)
        names = Names()
        blocks = BlockParser(names, limits.max_nesting).parse(whole(source), titles=True)
        draft = Draft(source, document=document, extractor=self, limits=limits)
        formulas = FormulaReader(limits)
        for macros in names.macros:
            formulas.macros.collect(macros)
        anchors = Anchors(lambda name: names.resolve(name)[0])
        references = References(draft, anchors, bare_citations=False)
        RstReader(draft, names, formulas, anchors, references).read(blocks)
        entities = list(draft.finished())
        anchors.settle(entities)
        return Extracted(text=source.text, title=draft.first_heading, entities=tuple(entities))
