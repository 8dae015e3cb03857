"""The PDF parser: opens a document and reads its pages as plain values."""

from __future__ import annotations

import ctypes
import importlib
import math
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import attrs

from eventdocs.errors import ExtractionLimitError, UnreadableDocumentError
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._pdf_page import (
    Box,
    Destination,
    Font,
    Glyph,
    Link,
    OutlineItem,
    Page,
    Rule,
)
from eventdocs.extraction._registry import RawDocument

__all__ = ["PdfFile", "read_file"]

_ONE_AT_A_TIME = threading.Lock()
"""PDFium knows no threads: whoever calls it holds this."""

_DAMAGED = "a damaged PDF: its cross-reference table or its pages cannot be read"
_REASONS = {
    4: "an encrypted PDF: it needs a password to be read; save it without one",
    5: "an encrypted PDF whose kind of encryption is not known",
}
_HYPHENS = frozenset({0x02, 0xAD, 0xFFFE})
"""How PDFium tells hyphens at the ends of lines."""

_SPACES = frozenset(
    {0x09, 0x0A, 0x0D, 0x20, 0xA0, 0x2000, 0x2002, 0x2003, 0x2009, 0x200A, 0x200B, 0x202F, 0x3000}
)
_UNMAPPED = frozenset({0, 0xFFFD, 0xFFFF})
_THICKEST_RULE = 2.5
_SHORTEST_RULE = 3.0
_MOST_OBJECTS = 200_000
_MOST_LINKS = 10_000
_DEEPEST_OUTLINE = 20
_PATH = 2
_URI = 3
_REMOTE = 2


@attrs.frozen(kw_only=True)
class PdfFile:
    """What a PDF holds.

    Attributes:
        pages: In their order.
        title: What the document calls itself; empty if it does not.
        outline: Its bookmarks, in their order.
        destinations: What its links lead to.
    """

    pages: list[Page]
    title: str
    outline: list[OutlineItem]
    destinations: list[Destination]


def read_file(document: RawDocument, limits: Limits) -> PdfFile:
    """Read a PDF; no script in it runs, and nothing that it names is opened.

    Raises:
        UnreadableDocumentError: It is damaged or encrypted, or has no text.
        ExtractionLimitError: It has more pages, or more characters on a page, than allowed.
    """
    with _ONE_AT_A_TIME:
        # It comes without types; all that is done with it stands in this module.
        pdfium: Any = importlib.import_module("pypdfium2.raw")
        return _Reader(pdfium, document, limits).read()


class _Reader:
    def __init__(self, pdfium: Any, document: RawDocument, limits: Limits) -> None:
        self._pdfium = pdfium
        self._document = document
        self._limits = limits
        self._fonts: dict[bytes, Font] = {}
        self._named: dict[int, str] = {}
        self._destinations: dict[str, Destination] = {}
        self._file: Any = None
        self._turn = _Turn(0, 0, 0, 0, 0)
        self._unmapped = 0

    def read(self) -> PdfFile:
        pdfium, content = self._pdfium, self._document.content
        self._file = pdfium.FPDF_LoadMemDocument64(content, len(content), None)
        if not self._file:
            raise self._unreadable(_REASONS.get(pdfium.FPDF_GetLastError(), _DAMAGED))
        try:
            return self._read_all()
        finally:
            pdfium.FPDF_CloseDocument(self._file)

    def _read_all(self) -> PdfFile:
        count: int = self._pdfium.FPDF_GetPageCount(self._file)
        self._allow("max_pages", self._limits.max_pages, count)
        if count < 1:
            raise self._unreadable(_DAMAGED)
        self._learn_names()
        pages = [page for index in range(count) if (page := self._page(index)) is not None]
        if not pages:
            raise self._unreadable(_DAMAGED)
        found = sum(len(page.glyphs) for page in pages)
        if not found:
            raise self._unreadable(
                "a PDF without a text layer: its pages hold pictures at most; let a program for text recognition (OCR) add one"
            )
        if self._unmapped > found:
            raise self._unreadable(
                "a PDF whose text layer says nothing: most of its characters are not mapped "
                "to Unicode; let a program for text recognition (OCR) write it anew"
            )
        outline = list(self._outline(None, 1, set()))
        destinations = sorted(self._destinations.values(), key=lambda each: (each.page, each.top))
        return PdfFile(pages=pages, title=self._title(), outline=outline, destinations=destinations)

    def _unreadable(self, reason: str) -> UnreadableDocumentError:
        return UnreadableDocumentError(source=self._document.source_name, reason=reason)

    def _allow(self, limit: str, allowed: int, found: int) -> None:
        if found > allowed:
            raise ExtractionLimitError(
                source=self._document.source_name, limit=limit, allowed=allowed, found=found
            )

    # Pages

    def _page(self, index: int) -> Page | None:
        with self._loaded(index) as (page, text):
            if page is None:
                return None
            box = self._pdfium.FS_RECTF()
            self._pdfium.FPDF_GetPageBoundingBox(page, box)
            self._turn = turn = _Turn(
                self._pdfium.FPDFPage_GetRotation(page) % 4,
                box.left,
                box.top,
                box.right,
                box.bottom,
            )
            return Page(
                number=index + 1,
                width=turn.width,
                height=turn.height,
                glyphs=self._glyphs(page, text) if text else [],
                rules=self._rules(page),
                links=self._links(page),
            )

    @contextmanager
    def _loaded(self, index: int) -> Generator[tuple[Any, Any]]:
        page = self._pdfium.FPDF_LoadPage(self._file, index)
        text = self._pdfium.FPDFText_LoadPage(page) if page else None
        try:
            yield page or None, text
        finally:
            if text:
                self._pdfium.FPDFText_ClosePage(text)
            if page:
                self._pdfium.FPDF_ClosePage(page)

    def _glyphs(self, page: Any, text: Any) -> list[Glyph]:
        pdfium, turn = self._pdfium, self._turn
        count: int = pdfium.FPDFText_CountChars(text)
        self._allow("max_page_characters", self._limits.max_page_characters, count)
        outer = {
            _address(pdfium.FPDFPage_GetObject(page, at))
            for at in range(min(pdfium.FPDFPage_CountObjects(page), _MOST_OBJECTS))
        }
        left, right, bottom, top = (ctypes.c_double() for _ in range(4))
        x, y = ctypes.c_double(), ctypes.c_double()
        matrix = pdfium.FS_MATRIX()
        known: int | None = None
        font, size, upright, inner = Font.named(""), 0.0, False, False
        space = True
        glyphs: list[Glyph] = []
        for at in range(count):
            code: int = pdfium.FPDFText_GetUnicode(text, at)
            if code in _SPACES:
                space = True
                continue
            if code in _UNMAPPED or 0xD800 <= code < 0xE000 or code > 0x10FFFF:
                if not code or code == 0xFFFD:
                    self._unmapped += 1
                if code:
                    continue
            owner = _address(pdfium.FPDFText_GetTextObject(text, at))
            if owner != known or owner == 0:
                known = owner
                pdfium.FPDFText_GetMatrix(text, at, matrix)
                font = self._font(text, at)
                scale = math.hypot(matrix.c, matrix.d)
                size = round(pdfium.FPDFText_GetFontSize(text, at) * scale, 2)
                upright = turn.is_upright(matrix.a, matrix.b)
                inner = owner not in outer
            if not upright or not 0.5 < size < 1000 or (not code and not font.extension):
                continue
            pdfium.FPDFText_GetCharBox(text, at, left, right, bottom, top)
            pdfium.FPDFText_GetCharOrigin(text, at, x, y)
            corner, other = (
                turn.place(left.value, top.value),
                turn.place(right.value, bottom.value),
            )
            begin, end = min(corner[0], other[0]), max(corner[0], other[0])
            if glyphs and begin == glyphs[-1].left and end == glyphs[-1].right > begin:
                # The letters of a ligature are all said to fill its box.
                begin = end
            glyphs.append(
                Glyph(
                    _character(code, font),
                    begin,
                    min(corner[1], other[1]),
                    end,
                    max(corner[1], other[1]),
                    turn.place(x.value, y.value)[1],
                    size,
                    font,
                    space,
                    inner,
                )
            )
            space = False
        return glyphs

    def _font(self, text: Any, at: int) -> Font:
        buffer = ctypes.create_string_buffer(256)
        flags = ctypes.c_int()
        length: int = self._pdfium.FPDFText_GetFontInfo(text, at, buffer, 256, flags)
        name = buffer.value if 0 < length <= 256 else b""
        known = self._fonts.get(name)
        if known is None:
            known = self._fonts[name] = Font.named(name.decode("utf-8", "replace"))
        return known

    def _rules(self, page: Any) -> list[Rule]:
        pdfium = self._pdfium
        left, bottom, right, top = (ctypes.c_float() for _ in range(4))
        rules: list[Rule] = []
        for at in range(min(pdfium.FPDFPage_CountObjects(page), _MOST_OBJECTS)):
            each = pdfium.FPDFPage_GetObject(page, at)
            if pdfium.FPDFPageObj_GetType(each) != _PATH:
                continue
            if not pdfium.FPDFPageObj_GetBounds(each, left, bottom, right, top):
                continue
            first = self._turn.place(left.value, top.value)
            second = self._turn.place(right.value, bottom.value)
            (x0, x1), (y0, y1) = sorted((first[0], second[0])), sorted((first[1], second[1]))
            if y1 - y0 <= _THICKEST_RULE and x1 - x0 >= _SHORTEST_RULE:
                rules.append(Rule(x0, y0, x1, y1))
        return sorted(set(rules), key=lambda each: (each.top, each.left, each.right))

    def _links(self, page: Any) -> list[Link]:
        pdfium = self._pdfium
        at, link, box = ctypes.c_int(0), pdfium.FPDF_LINK(), pdfium.FS_RECTF()
        links: list[Link] = []
        while pdfium.FPDFLink_Enumerate(page, at, link) and len(links) < _MOST_LINKS:
            if not pdfium.FPDFLink_GetAnnotRect(link, box):
                continue
            first = self._turn.place(box.left, box.top)
            second = self._turn.place(box.right, box.bottom)
            target = self._target(link)
            if target:
                (x0, x1), (y0, y1) = sorted((first[0], second[0])), sorted((first[1], second[1]))
                links.append(Link(Box(x0, y0, x1, y1), target))
        return sorted(links, key=lambda each: (each.box.top, each.box.left))

    def _target(self, link: Any) -> str:
        pdfium = self._pdfium
        place = pdfium.FPDFLink_GetDest(self._file, link)
        if place:
            return f"#{self._destination(place).name}"
        action = pdfium.FPDFLink_GetAction(link)
        kind = pdfium.FPDFAction_GetType(action) if action else 0
        if kind == _URI:
            return _string(pdfium.FPDFAction_GetURIPath, self._file, action)
        if kind == _REMOTE:
            return _string(pdfium.FPDFAction_GetFilePath, action)
        return ""

    # Names

    def _learn_names(self) -> None:
        pdfium = self._pdfium
        length = ctypes.c_long()
        for at in range(min(pdfium.FPDF_CountNamedDests(self._file), self._limits.max_entities)):
            length.value = 0
            pdfium.FPDF_GetNamedDest(self._file, at, None, length)
            if not 0 < length.value < 4096:
                continue
            buffer = ctypes.create_string_buffer(length.value)
            place = pdfium.FPDF_GetNamedDest(self._file, at, buffer, length)
            if place:
                name = buffer.raw.decode("utf-16-le", "replace").rstrip("\0")
                self._named.setdefault(_address(place), name)

    def _destination(self, place: Any) -> Destination:
        pdfium = self._pdfium
        page: int = pdfium.FPDFDest_GetDestPageIndex(self._file, place)
        has_x, has_y, has_zoom = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
        x, y, zoom = ctypes.c_float(), ctypes.c_float(), ctypes.c_float()
        pdfium.FPDFDest_GetLocationInPage(place, has_x, has_y, has_zoom, x, y, zoom)
        left, top = 0.0, 0.0
        size = pdfium.FS_SIZEF()
        if has_y.value and pdfium.FPDF_GetPageSizeByIndexF(self._file, page, size):
            # Pages that are turned or cropped hardly ever have destinations within.
            left, top = (x.value if has_x.value else 0.0), size.height - y.value
        name = self._named.get(_address(place))
        if name is None:
            name = f"page={page + 1}"
            if has_y.value:
                name += f"&xyz={round(left)},{round(top)}"
        return self._destinations.setdefault(name, Destination(name, page, left, top))

    def _outline(self, parent: Any, level: int, seen: set[int]) -> Iterator[OutlineItem]:
        pdfium = self._pdfium
        item = pdfium.FPDFBookmark_GetFirstChild(self._file, parent)
        while item and _address(item) not in seen and len(seen) < self._limits.max_entities:
            seen.add(_address(item))
            title = " ".join(_wide_string(pdfium.FPDFBookmark_GetTitle, item).split())
            place = pdfium.FPDFBookmark_GetDest(self._file, item)
            if title:
                yield OutlineItem(level, title, self._destination(place) if place else None)
            if level < _DEEPEST_OUTLINE:
                yield from self._outline(item, level + 1, seen)
            item = pdfium.FPDFBookmark_GetNextSibling(self._file, item)

    def _title(self) -> str:
        title = _wide_string(self._pdfium.FPDF_GetMetaText, self._file, b"Title")
        return " ".join(title.split())


@attrs.frozen
class _Turn:
    """How a page is shown: turned clockwise by quarters, and the part of it that is shown."""

    quarters: int
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        across, down = self.right - self.left, self.top - self.bottom
        return down if self.quarters % 2 else across

    @property
    def height(self) -> float:
        across, down = self.right - self.left, self.top - self.bottom
        return across if self.quarters % 2 else down

    def place(self, x: float, y: float) -> tuple[float, float]:
        match self.quarters:
            case 0:
                return x - self.left, self.top - y
            case 1:
                return y - self.bottom, x - self.left
            case 2:
                return self.right - x, y - self.bottom
            case _:
                return self.top - y, self.right - x

    def is_upright(self, a: float, b: float) -> bool:
        along, across = ((a, b), (b, a), (-a, b), (-b, a))[self.quarters]
        return along > 0 and abs(across) < 0.1 * along


def _character(code: int, font: Font) -> str:
    if code in _HYPHENS and not font.extension:
        return "-"
    return chr(code)


def _address(pointer: Any) -> int:
    return ctypes.addressof(pointer.contents) if pointer else 0


def _string(function: Any, *arguments: Any) -> str:
    length: int = function(*arguments, None, 0)
    if not 0 < length < 65_536:
        return ""
    buffer = ctypes.create_string_buffer(length)
    function(*arguments, buffer, length)
    return buffer.value.decode("utf-8", "replace").strip()


def _wide_string(function: Any, *arguments: Any) -> str:
    length: int = function(*arguments, None, 0)
    if not 2 <= length < 65_536:
        return ""
    buffer = ctypes.create_string_buffer(length)
    function(*arguments, buffer, length)
    return buffer.raw.decode("utf-16-le", "replace").partition("\0")[0]
