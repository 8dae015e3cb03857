"""EXTRACTION: from a file to its meaning, one format per extractor."""

from eventdocs.extraction._detect import detect, media_type_of_name
from eventdocs.extraction._extract import Extraction, default_extractors, extract
from eventdocs.extraction._files import read_file
from eventdocs.extraction._finders import Discarded, Finder, Found, FoundDefinition, FoundFormula
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._many import FileExtraction, extract_many
from eventdocs.extraction._registry import Extracted, Extractor, ExtractorRegistry, RawDocument
from eventdocs.extraction._source import decode
from eventdocs.extraction._workers import IsolatedWorkers

__all__ = [
    "Discarded",
    "Extracted",
    "Extraction",
    "Extractor",
    "ExtractorRegistry",
    "FileExtraction",
    "Finder",
    "Found",
    "FoundDefinition",
    "FoundFormula",
    "IsolatedWorkers",
    "Limits",
    "RawDocument",
    "decode",
    "default_extractors",
    "detect",
    "extract",
    "extract_many",
    "media_type_of_name",
    "read_file",
]
