"""The package of a Word document: a ZIP archive of XML parts that refer to one another."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from io import BytesIO

import attrs
from lxml import etree
from lxml.etree import _Element as Element  # pyright: ignore[reportPrivateUsage] - lxml names no public type

from eventdocs.errors import ExtractionLimitError, UnreadableDocumentError
from eventdocs.extraction._limits import Limits

__all__ = ["Package", "Relation"]

_RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_STRICT = (
    (
        b"http://purl.oclc.org/ooxml/wordprocessingml/main",
        b"http://schemas.openxmlformats.org/wordprocessingml/2006/main",
    ),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/math",
        b"http://schemas.openxmlformats.org/officeDocument/2006/math",
    ),
    (
        b"http://purl.oclc.org/ooxml/officeDocument/relationships",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
    ),
)
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    ValueError,
    OverflowError,
    NotImplementedError,
    RuntimeError,
)
_SMALL = 1024 * 1024
_ENCRYPTED = 0x1


@attrs.frozen
class Relation:
    """Where a part points.

    Attributes:
        kind: The last word of its type, such as `hyperlink`.
        target: The name of a part, or an address outside of the package.
        external: It is an address, which is never looked up.
    """

    kind: str
    target: str
    external: bool


class Package:
    """Opens parts by name; nothing outside of the archive is ever touched.

    Args:
        content: The archive.
        source_name: For messages.
        limits: What it may cost.

    Raises:
        UnreadableDocumentError: It is no archive.
        ExtractionLimitError: It has too many entries.
    """

    def __init__(self, content: bytes, source_name: str, limits: Limits) -> None:
        self._source_name = source_name
        self._limits = limits
        try:
            self._archive = zipfile.ZipFile(BytesIO(content))
        except _BROKEN as error:
            raise self._unreadable(f"a broken ZIP archive: {error}") from error
        self._entries = {each.filename: each for each in self._archive.infolist()}
        self._allow("max_zip_entries", limits.max_zip_entries, len(self._archive.infolist()))

    def part(self, name: str) -> Element | None:
        """Parse a part; None if there is none of that name.

        Raises:
            UnreadableDocumentError: It is broken, encrypted, or no XML without a DTD.
            ExtractionLimitError: It is too large, or packed too tightly.
        """
        content = self._read(name)
        if content is None:
            return None
        parser = etree.XMLParser(
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        try:
            root = etree.fromstring(content, parser)
        except (etree.XMLSyntaxError, ValueError) as error:
            raise self._unreadable(f"{name} is no well-formed XML: {error}") from error
        if root.getroottree().docinfo.internalDTD is not None:
            raise self._unreadable(f"{name} declares a document type, which Word never does")
        return root

    def main(self) -> str:
        """The name of the part that holds the document's body."""
        relations = self.relations("")
        return next(
            (each.target for each in relations.values() if each.kind == "officeDocument"),
            "word/document.xml",
        )

    def relations(self, part: str) -> dict[str, Relation]:
        """Where a part points, by the id it uses for that; for the package itself, `""`."""
        folder, name = posixpath.split(part)
        root = self.part(posixpath.join(folder, "_rels", f"{name}.rels"))
        found: dict[str, Relation] = {}
        for each in root.iterfind(_RELATIONS) if root is not None else ():
            target = each.get("Target", "")
            external = each.get("TargetMode") == "External"
            if not external:
                target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
            kind = each.get("Type", "").rpartition("/")[2]
            found.setdefault(each.get("Id", ""), Relation(kind, target, external))
        return found

    def _read(self, name: str) -> bytes | None:
        entry = self._entries.get(name)
        if entry is None:
            return None
        limits = self._limits
        self._allow("max_zip_entry_bytes", limits.max_zip_entry_bytes, entry.file_size)
        if entry.file_size > _SMALL:
            ratio = entry.file_size // max(1, entry.compress_size)
            self._allow("max_zip_ratio", limits.max_zip_ratio, ratio)
        if entry.flag_bits & _ENCRYPTED:
            raise self._unreadable(f"{name} is encrypted; save the document without a password")
        try:
            content = self._archive.read(entry)
        except _BROKEN as error:
            raise self._unreadable(f"{name} cannot be unpacked: {error}") from error
        for strict, transitional in _STRICT:
            content = content.replace(strict, transitional)
        return content

    def _allow(self, limit: str, allowed: int, found: int) -> None:
        if found > allowed:
            raise ExtractionLimitError(
                source=self._source_name, limit=limit, allowed=allowed, found=found
            )

    def _unreadable(self, reason: str) -> UnreadableDocumentError:
        return UnreadableDocumentError(source=self._source_name, reason=reason)
