"""EXTRACTION: from a file to its meaning, one format per extractor."""

from eventdocs.extraction._detect import detect, media_type_of_name
from eventdocs.extraction._extract import Extraction, default_extractors, extract
from eventdocs.extraction._finders import Discarded, Finder, Found, FoundDefinition, FoundFormula
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._registry import Extracted, Extractor, ExtractorRegistry, RawDocument
from eventdocs.extraction._source import decode

__all__ = [
    "Discarded",
    "Extracted",
    "Extraction",
    "Extractor",
    "ExtractorRegistry",
    "Finder",
    "Found",
    "FoundDefinition",
    "FoundFormula",
    "Limits",
    "RawDocument",
    "decode",
    "default_extractors",
    "detect",
    "extract",
    "media_type_of_name",
]
