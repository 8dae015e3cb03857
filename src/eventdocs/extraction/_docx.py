"""Word: the extractor for documents in Office Open XML."""

from __future__ import annotations

from typing_extensions import override

from eventdocs.errors import UnreadableDocumentError
from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._detect import DOCX
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._extras import comes_with, library
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._references import References
from eventdocs.extraction._registry import Extracted, Extractor, RawDocument

__all__ = ["DocxExtractor"]


class DocxExtractor(Extractor):
    """Reads Word documents; its text is what they show, with formulas as LaTeX."""

    name = "docx"
    version = "1"
    library = library("lxml")
    media_types = (DOCX,)

    @override
    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        with comes_with("docx", source=document.source_name):
            from eventdocs.extraction._docx_package import Package
            from eventdocs.extraction._docx_reader import DocxReader
            from eventdocs.extraction._docx_text import PlainText
            from eventdocs.extraction._docx_writer import DocumentWriter
        text = PlainText()
        formulas = FormulaReader(limits)
        package = Package(document.content, document.source_name, limits)
        try:
            blocks = DocumentWriter(package, text, formulas, limits.max_nesting).write()
        except RecursionError:
            raise UnreadableDocumentError(
                source=document.source_name, reason="its elements are nested deeper than any text"
            ) from None
        if blocks is None:
            raise UnreadableDocumentError(
                source=document.source_name,
                reason=f"no Word document: {package.main()} is missing, or holds no body",
            )
        source = text.finished(document.digest)
        draft = Draft(source, document=document, extractor=self, limits=limits)
        anchors = Anchors()
        reader = DocxReader(
            draft, formulas, anchors, References(draft, anchors, bare_citations=False)
        )
        reader.read(blocks)
        entities = list(draft.finished())
        anchors.settle(entities)
        title = reader.title or draft.first_heading
        return Extracted(text=source.text, title=title, entities=tuple(entities))
