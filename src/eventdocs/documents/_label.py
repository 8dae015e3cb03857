"""Labels: what a document is called and where it came from, kept where erasure reaches them."""

from __future__ import annotations

import uuid
from typing import Final
from uuid import UUID

import attrs
import orjson

from eventdocs.errors import ConfigurationError
from eventdocs.types import Digest, digest_of

_SOURCES: Final = UUID("c0de4d43-6f0f-5a2b-9d7e-0c5a5f2b7d11")


@attrs.frozen(kw_only=True)
class Label:
    """What a document is called.

    Attributes:
        source: The host's key for where it comes from: a path, an address, a name.
        title: A title given by people; empty if the document's own title counts.

    Raises:
        ConfigurationError: One of them cannot be stored by every database.
    """

    source: str
    title: str = ""

    def __attrs_post_init__(self) -> None:
        problems = [
            f"{name} {text[:80]!r}: {problem}"
            for name, text in (("source", self.source), ("title", self.title))
            if (problem := _problem_of(text))
        ]
        if not self.source:
            problems.append("source: a document needs one, such as a path or a name")
        if problems:
            raise ConfigurationError(problems)

    def to_json(self) -> bytes:
        """Write it down; equal labels give equal bytes."""
        return orjson.dumps({"source": self.source, "title": self.title})

    @classmethod
    def from_json(cls, content: bytes) -> Label:
        """Read what `to_json` wrote."""
        return cls(**orjson.loads(content))

    @property
    def digest(self) -> Digest:
        """What events call it by."""
        return digest_of(self.to_json())


def document_id_of(source: str) -> UUID:
    """Name the document that comes from *source*: the same source, the same document, always."""
    return uuid.uuid5(_SOURCES, source)


def _problem_of(text: str) -> str:
    if "\0" in text:
        return "it holds U+0000"
    try:
        text.encode()
    except UnicodeEncodeError as error:
        return f"it holds a lone surrogate at character {error.start}; give it another name"
    return ""
