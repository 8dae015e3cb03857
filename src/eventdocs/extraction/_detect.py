"""Media types: what kind of document some bytes are."""

from __future__ import annotations

import re
from pathlib import PurePath

from eventdocs.errors import UnreadableDocumentError

__all__ = [
    "DOCX",
    "HTML",
    "LATEX",
    "MARKDOWN",
    "PDF",
    "PLAIN_TEXT",
    "RESTRUCTURED_TEXT",
    "detect",
    "media_type_of_name",
]

MARKDOWN = "text/markdown"
PLAIN_TEXT = "text/plain"
HTML = "text/html"
LATEX = "application/x-latex"
RESTRUCTURED_TEXT = "text/x-rst"
PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"

_BY_SUFFIX = {
    ".md": MARKDOWN,
    ".markdown": MARKDOWN,
    ".mdown": MARKDOWN,
    ".mdwn": MARKDOWN,
    ".mkd": MARKDOWN,
    ".mkdn": MARKDOWN,
    ".myst": MARKDOWN,
    ".qmd": MARKDOWN,
    ".rmd": MARKDOWN,
    ".txt": PLAIN_TEXT,
    ".text": PLAIN_TEXT,
    ".htm": HTML,
    ".html": HTML,
    ".xhtml": HTML,
    ".latex": LATEX,
    ".ltx": LATEX,
    ".tex": LATEX,
    ".rest": RESTRUCTURED_TEXT,
    ".rst": RESTRUCTURED_TEXT,
    ".pdf": PDF,
    ".docx": DOCX,
}

_FOREIGN = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"\x1f\x8b", "gzip data"),
    (b"BZh", "bzip2 data"),
    (b"\xfd7zXZ\x00", "xz data"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "an empty ZIP archive"),
    (b"\x7fELF", "an ELF program"),
    (b"MZ\x90\x00", "a Windows program"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Microsoft Office file"),
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript document"),
)

_HTML_START = re.compile(
    rb"(?:\s|<!--.*?-->|<\?xml.*?\?>)*<(?:!doctype\s+html|html[\s>])", re.IGNORECASE | re.DOTALL
)
_LATEX_START = re.compile(rb"(?:\s|%[^\n]*\n)*\\(?:documentclass|documentstyle|begin\{document\})")
_RST_DIRECTIVE = re.compile(rb"^\.\. [a-z][a-z-]*::(?:\s|$)", re.MULTILINE)
_RST_UNDERLINE = re.compile(rb"^([=~^\"'#*+-])\1{2,}\r?$", re.MULTILINE)
_MARKDOWN_SIGNS = tuple(
    re.compile(pattern, re.MULTILINE)
    for pattern in (
        rb"^#{1,6} \S",
        rb"^(?:```|~~~)",
        rb"\[[^\[\]\n]+\]\([^()\s]+\)",
        rb"^\|?[ \t]*:?-{3,}:?[ \t]*\|",
        rb"(?<!\w)\*\*\w[^*\n]*\w\*\*(?!\w)",
        rb"^---\r?\n(?:[\w-]+:.*\r?\n)+---\r?$",
        rb"\$\$",
    )
)
_SIGNS_NEEDED = 2
_LOOKED_AT = 4096


def detect(content: bytes, source_name: str) -> str:
    """Tell the media type of *content*, by what it holds first and by its name second.

    A name is believed where the bytes leave a choice: markup in `notes.txt` is plain text.
    Without one, markup tells; what has none is plain text.

    Args:
        content: The whole document, or at least its beginning.
        source_name: A file name, a path or a URL; only its suffix counts.

    Raises:
        UnreadableDocumentError: The bytes are no document at all, such as an image
            under a document's name.
    """
    head = content[:_LOOKED_AT]
    bare = head[3:] if head.startswith(b"\xef\xbb\xbf") else head
    if bare.lstrip().startswith(b"%PDF-"):
        return PDF
    if head.startswith(b"PK\x03\x04") and b"word/" in content:
        return DOCX
    for signature, kind in _FOREIGN:
        if head.startswith(signature):
            raise UnreadableDocumentError(
                source=source_name,
                reason=f"{kind} (its signature is at byte 0), not a document that can be read",
            )
    if _HTML_START.match(bare):
        return HTML
    if _LATEX_START.match(bare):
        return LATEX
    return media_type_of_name(source_name) or _by_markup(bare)


def media_type_of_name(source_name: str) -> str | None:
    """Tell the media type that a name promises.

    Args:
        source_name: A file name, a path or a URL; only its suffix counts.

    Returns:
        None if its suffix is none of a document's.
    """
    return _BY_SUFFIX.get(PurePath(source_name).suffix.lower())


def _by_markup(head: bytes) -> str:
    """Tell what text is that has no name of a document: what its markup says, or plain."""
    if _RST_DIRECTIVE.search(head) and _RST_UNDERLINE.search(head):
        return RESTRUCTURED_TEXT
    if head.startswith(b"#!"):
        return PLAIN_TEXT
    signs = sum(sign.search(head) is not None for sign in _MARKDOWN_SIGNS)
    return MARKDOWN if signs >= _SIGNS_NEEDED else PLAIN_TEXT
