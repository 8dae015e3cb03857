"""The registry: which extractor reads which kind of document."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import attrs

from eventdocs.errors import UnsupportedFormatError
from eventdocs.extraction._limits import Limits
from eventdocs.ir import Entity
from eventdocs.types import Digest

__all__ = ["Extracted", "Extractor", "ExtractorRegistry", "RawDocument"]


@attrs.frozen(kw_only=True)
class RawDocument:
    """A document before anything is known about its content.

    Attributes:
        content: Its bytes.
        digest: Their digest, which spans refer to.
        source_name: Where it came from, for messages.
    """

    content: bytes
    digest: Digest
    source_name: str


@attrs.frozen(kw_only=True)
class Extracted:
    """What an extractor found.

    Attributes:
        text: The decoded text that the offsets of spans refer to.
        title: The document's title; empty if it has none.
        entities: With local ids 1, 2, 3 …, references and variables unchecked.
    """

    text: str
    title: str
    entities: tuple[Entity, ...]


class Extractor(Protocol):
    """Reads one format. A new format is one class that is registered by its media types.

    Attributes:
        name: Stands in the provenance of every entity.
        version: Changes whenever the same document would give other entities.
        library: The parser underneath, with its version.
        media_types: What it reads.
    """

    name: str
    version: str
    library: str
    media_types: tuple[str, ...]

    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        """Find the entities of *document*; equal bytes give equal entities.

        Raises:
            UnreadableDocumentError: The bytes are not what they claim to be.
            ExtractionLimitError: The document exceeds a limit.
        """
        ...


class ExtractorRegistry:
    """Extractors by media type; the last one registered for a type reads it.

    Args:
        extractors: The first ones.
    """

    def __init__(self, extractors: Iterable[Extractor] = ()) -> None:
        self._by_type: dict[str, Extractor] = {}
        for extractor in extractors:
            for media_type in extractor.media_types:
                self.register(media_type, extractor)

    @property
    def media_types(self) -> tuple[str, ...]:
        """The media types that can be read, sorted."""
        return tuple(sorted(self._by_type))

    def register(self, media_type: str, extractor: Extractor) -> None:
        """Let *extractor* read documents of *media_type*."""
        self._by_type[media_type] = extractor

    def extractor_for(self, media_type: str, *, source_name: str) -> Extractor:
        """Find the extractor that reads *media_type*.

        Raises:
            UnsupportedFormatError: None does; the error names the types that can be read.
        """
        extractor = self._by_type.get(media_type.partition(";")[0].strip().lower())
        if extractor is None:
            raise UnsupportedFormatError(
                source=source_name, media_type=media_type, supported=self.media_types
            )
        return extractor
