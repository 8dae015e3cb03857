"""Source text: the decoded characters of a document and the places in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

from eventdocs.errors import ExtractionLimitError, UnreadableDocumentError
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._registry import RawDocument
from eventdocs.ir import SourceSpan
from eventdocs.types import Digest

__all__ = ["SourceText", "decode", "read_source"]

_LINE_ENDING = re.compile(r"\r\n|\r|\n")

_BYTE_ORDER_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def decode(content: bytes, source_name: str, declared: str = "utf-8") -> str:
    """Turn bytes into text; line endings stay as they are, a byte order mark goes.

    Args:
        content: The bytes.
        source_name: For messages.
        declared: The encoding they declare to be in; a byte order mark knows better.

    Raises:
        UnreadableDocumentError: The bytes are no text in that encoding, or in the one
            that their byte order mark announces; the message names the first bad byte.
    """
    mark, encoding = next(
        ((mark, encoding) for mark, encoding in _BYTE_ORDER_MARKS if content.startswith(mark)),
        (b"", declared),
    )
    try:
        text = content[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        offset = len(mark) + error.start
        line = content.count(b"\n", 0, offset) + 1
        hint = (
            ""
            if mark or declared != "utf-8"
            else "; save it as UTF-8, or as UTF-16 with a byte order mark"
        )
        raise UnreadableDocumentError(
            source=source_name,
            reason=f"not {encoding.upper()} text: byte 0x{content[offset]:02x} at offset "
            f"{offset:,} (line {line:,}): {error.reason}{hint}",
        ) from None
    nul = text.find("\0")
    if nul >= 0:
        offset = len(mark) + len(text[:nul].encode(encoding))
        looks = (
            "UTF-16 without a byte order mark"
            if not mark and content[:2].count(0) == 1
            else "binary data"
        )
        raise UnreadableDocumentError(
            source=source_name, reason=f"{looks}: byte 0x00 at offset {offset:,}"
        )
    return text


class SourceText:
    """Decoded text with its lines, so that a place can be given as offsets and as a line."""

    def __init__(self, text: str, digest: Digest) -> None:
        self.text = text
        self.digest = digest
        self.lines: list[str]
        self.line_starts: list[int]
        if "\r" in text:
            self.lines = _LINE_ENDING.split(text)
            self.line_starts = [0, *(each.end() for each in _LINE_ENDING.finditer(text))]
        else:
            self.lines = text.split("\n")
            lengths = (len(line) + 1 for line in self.lines[:-1])
            self.line_starts = list(accumulate(lengths, initial=0))

    def span(self, start: int, end: int) -> SourceSpan:
        """The place from *start* up to, and not including, *end*."""
        return SourceSpan(
            source=self.digest, start=start, end=end, line=bisect_right(self.line_starts, start)
        )


def read_source(document: RawDocument, limits: Limits, *, declared: str = "utf-8") -> SourceText:
    """Decode a document of a text format.

    Args:
        document: The document.
        limits: How many lines it may have.
        declared: The encoding it declares to be in; see `decode`.

    Raises:
        UnreadableDocumentError: It is no text in that encoding.
        ExtractionLimitError: It has more lines than the limit.
    """
    source = SourceText(decode(document.content, document.source_name, declared), document.digest)
    if len(source.lines) > limits.max_lines:
        raise ExtractionLimitError(
            source=document.source_name,
            limit="max_lines",
            allowed=limits.max_lines,
            found=len(source.lines),
        )
    return source
