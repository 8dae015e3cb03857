"""Extraction: from the bytes of a document to its meaning."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import NAMESPACE_URL, UUID, uuid5

import attrs

from eventdocs.errors import ExtractionLimitError
from eventdocs.extraction._adding import add_found
from eventdocs.extraction._detect import detect
from eventdocs.extraction._finders import Discarded, Finder
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._registry import ExtractorRegistry, RawDocument
from eventdocs.ir import DocumentIR, assemble
from eventdocs.types import digest_of

__all__ = ["Extraction", "default_extractors", "extract"]


@attrs.frozen(kw_only=True)
class Extraction:
    """A document's meaning, and what it was read from.

    Attributes:
        ir: What the document says.
        text: Its decoded text; every span's offsets refer to it.
        media_type: What kind of document it is.
        extractor: Name of the extractor that read it.
        extractor_version: Its version, and those of the finders beside it.
        discarded: What finders found in vain, and why.
    """

    ir: DocumentIR
    text: str
    media_type: str
    extractor: str
    extractor_version: str
    discarded: tuple[Discarded, ...] = ()


def default_extractors() -> ExtractorRegistry:
    """A registry of the extractors that eventdocs has, to use as it is or to add to."""
    from eventdocs.extraction._docx import DocxExtractor
    from eventdocs.extraction._html import HtmlExtractor
    from eventdocs.extraction._markdown import MarkdownExtractor
    from eventdocs.extraction._pdf import PdfExtractor
    from eventdocs.extraction._plain_text import PlainTextExtractor
    from eventdocs.extraction._rst import RstExtractor
    from eventdocs.extraction._tex import LatexExtractor

    return ExtractorRegistry(
        [
            MarkdownExtractor(),
            HtmlExtractor(),
            DocxExtractor(),
            RstExtractor(),
            LatexExtractor(),
            PdfExtractor(),
            PlainTextExtractor(),
        ]
    )


def extract(
    content: bytes,
    *,
    source_name: str,
    media_type: str | None = None,
    document_id: UUID | None = None,
    version: int = 1,
    previous: DocumentIR | None = None,
    limits: Limits = Limits(),  # noqa: B008 - limits are a frozen value
    extractors: ExtractorRegistry | None = None,
    finders: Sequence[Finder] = (),
) -> Extraction:
    """Read a document and say what it means. Equal bytes give equal results, byte for byte.

    It computes and does nothing else: call it in a thread where an event loop runs.

    Args:
        content: The document's bytes.
        source_name: Its file name or address; its suffix helps to tell the format.
        media_type: Its format, where that is known better than by looking.
        document_id: The document; by default an id made from the content.
        version: The document's revision, from 1.
        previous: The meaning of the revision before, whose entity ids carry over.
        limits: What the document may cost.
        extractors: Which formats can be read; by default those that eventdocs has.
        finders: Who else looks for definitions and formulas. Those that fail are told of
            in `Extraction.discarded`, as is what they find where markup says better.

    Raises:
        ConfigurationError: A finder does not say who it is, or two are of one name.
        UnsupportedFormatError: The format cannot be read; the error names those that can.
        UnreadableDocumentError: The bytes are no such document: junk or a broken encoding.
        ExtractionLimitError: The document exceeds a limit; the error names the limit.
    """
    if len(content) > limits.max_bytes:
        raise ExtractionLimitError(
            source=source_name, limit="max_bytes", allowed=limits.max_bytes, found=len(content)
        )
    media_type = media_type or detect(content, source_name)
    registry = extractors if extractors is not None else default_extractors()
    extractor = registry.extractor_for(media_type, source_name=source_name)
    digest = digest_of(content)
    document = RawDocument(content=content, digest=digest, source_name=source_name)
    extracted = extractor.extract(document, limits)
    discarded: tuple[Discarded, ...] = ()
    if finders:
        extracted, discarded = add_found(extracted, finders, digest=digest, limits=limits)
    ir = assemble(
        document_id=document_id or uuid5(NAMESPACE_URL, f"urn:sha256:{digest}"),
        version=version,
        source=digest,
        media_type=media_type,
        title=extracted.title,
        entities=extracted.entities,
        previous=previous,
    )
    return Extraction(
        ir=ir,
        text=extracted.text,
        media_type=media_type,
        extractor=extractor.name,
        extractor_version=" ".join(
            [extractor.version, *(f"{each.name}/{each.version}" for each in finders)]
        ),
        discarded=discarded,
    )
