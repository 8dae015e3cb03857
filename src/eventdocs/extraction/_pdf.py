"""PDF: the extractor for documents that say how they look."""

from __future__ import annotations

from typing_extensions import override

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._blocks import Blocks
from eventdocs.extraction._detect import PDF
from eventdocs.extraction._extras import comes_with, library
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._pdf_draft import PdfDraft
from eventdocs.extraction._pdf_file import PdfFile, read_file
from eventdocs.extraction._pdf_furniture import without_furniture
from eventdocs.extraction._pdf_headings import Headings
from eventdocs.extraction._pdf_layout import blocks_of, equation_number
from eventdocs.extraction._pdf_lines import Line, lines_of
from eventdocs.extraction._pdf_links import find_targets
from eventdocs.extraction._pdf_prose import ProseReader
from eventdocs.extraction._pdf_reader import PdfReader
from eventdocs.extraction._pdf_text import PdfText, Written
from eventdocs.extraction._references import References
from eventdocs.extraction._registry import Extracted, Extractor, RawDocument
from eventdocs.extraction._text import BlockText

__all__ = ["PdfExtractor"]

_NO_TITLES = ("untitled", "microsoft word", "powerpoint")


class PdfExtractor(Extractor):
    """Reads the text layer of PDFs; its text is written line by line, in reading order."""

    name = "pdf"
    version = "1"
    library = library("pypdfium2")
    media_types = (PDF,)

    @override
    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        with comes_with("pdf", source=document.source_name):
            file = read_file(document, limits)
        lines = _lines(file)
        blocks = blocks_of(file.pages, lines, Headings(lines, file.outline))
        text = PdfText()
        written: list[list[Written]] = []
        for block in blocks:
            written.append([text.write(line) for line in block.lines])
            text.end_block()
        source = text.finished(document.digest)
        draft = PdfDraft(source, document=document, extractor=self, limits=limits)
        formulas = FormulaReader(limits)
        anchors = Anchors()
        references = References(draft, anchors, bare_citations=False)
        adder = Blocks(draft, BlockText(draft, formulas, anchors, references), formulas, anchors)
        targets = find_targets(file.pages, blocks, file.destinations)
        prose = ProseReader(
            file.pages,
            lines,
            lambda latex: adder.linear(latex, display=False),
            kinds=targets.kinds,
            numbers={
                number
                for block in blocks
                if block.kind == "formula"
                for line in block.lines
                if (number := equation_number(line)) is not None
            },
        )
        reader = PdfReader(draft, adder, anchors, prose, targets.names)
        reader.read(blocks, written)
        for destination in file.destinations:
            anchors.thing(destination.name, targets.kinds.get(f"#{destination.name}") or "page")
        entities = list(draft.finished())
        anchors.settle(entities)
        title = _title(file.title) or reader.title or draft.first_heading
        return Extracted(text=source.text, title=title, entities=tuple(entities))


def _lines(file: PdfFile) -> list[list[Line]]:
    """The lines of all pages; words in pictures count where nearly all words stand in pictures."""
    inner = sum(
        glyph.inner and glyph.char.isalpha() for page in file.pages for glyph in page.glyphs
    )
    outer = sum(
        not glyph.inner and glyph.char.isalpha() for page in file.pages for glyph in page.glyphs
    )
    lines = [lines_of(page, pictures=inner > 2 * outer) for page in file.pages]
    return without_furniture(file.pages, lines)


def _title(title: str) -> str:
    """The title among a document's properties, unless a program made it from a file's name."""
    is_name = " " not in title and "." in title
    return "" if is_name or title.lower().startswith(_NO_TITLES) else title
