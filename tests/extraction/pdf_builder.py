"""Small PDFs, written by hand: text where it is said to stand, rules, links and bookmarks."""

from collections.abc import Mapping, Sequence

import attrs

__all__ = ["ROMAN", "Sheet", "pdf"]

ROMAN = "Times-Roman"
_FONTS = (
    ROMAN,
    "Times-Bold",
    "Times-Italic",
    "Courier",
    "Symbol",
    "Helvetica",
)
WIDTH, HEIGHT = 612, 792


@attrs.define
class Sheet:
    """A page; places are measured from its top left corner, in points.

    Attributes:
        turned: How far it is turned clockwise, in degrees.
    """

    turned: int = 0
    content: list[str] = attrs.field(factory=list[str], init=False)
    links: list[str] = attrs.field(factory=list[str], init=False)

    def text(
        self, left: float, base: float, text: str, font: str = ROMAN, size: float = 10
    ) -> "Sheet":
        """Write text on a base line."""
        escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
        at = _FONTS.index(font)
        self.content.append(
            f"BT /F{at} {size} Tf 1 0 0 1 {left} {HEIGHT - base} Tm ({escaped}) Tj ET"
        )
        return self

    def lines(
        self, base: float, *lines: str, left: float = 72, leading: float = 12, font: str = ROMAN
    ) -> "Sheet":
        """Write lines below one another."""
        for number, line in enumerate(lines):
            self.text(left, base + number * leading, line, font)
        return self

    def pieces(self, base: float, *pieces: tuple[float, str, str], size: float = 10) -> "Sheet":
        """Write pieces of one line, each with its place and its font."""
        for left, text, font in pieces:
            self.text(left, base, text, font, size)
        return self

    def rule(self, left: float, top: float, right: float) -> "Sheet":
        """Draw a thin line."""
        self.content.append(f"{left} {HEIGHT - top} {right - left} 0.4 re f")
        return self

    def picture(self) -> "Sheet":
        """Show a picture of one pixel."""
        self.content.append("q 400 0 0 400 90 200 cm BI /W 1 /H 1 /CS /G /BPC 8 ID \x7f EI Q")
        return self

    def link(self, left: float, top: float, right: float, bottom: float, target: str) -> "Sheet":
        """Let a rectangle lead to a name, or to an address."""
        box = f"[{left} {HEIGHT - bottom} {right} {HEIGHT - top}]"
        action = (
            f"/A << /S /URI /URI ({target}) >>"
            if ":" in target
            else f"/A << /S /GoTo /D ({target}) >>"
        )
        self.links.append(f"<< /Type /Annot /Subtype /Link /Rect {box} /Border [0 0 0] {action} >>")
        return self


def pdf(
    *sheets: Sheet,
    names: Mapping[str, tuple[int, float, float]] | None = None,
    outline: Sequence[tuple[str, int, float]] = (),
    title: str = "",
    encrypted: bool = False,
) -> bytes:
    """Write a PDF.

    Args:
        sheets: Its pages.
        names: Places that links may lead to: a page from 0, left and top.
        outline: Its bookmarks: what they say, a page from 0, and a height from the top.
        title: Among its properties.
        encrypted: With a password that nobody knows.
    """
    first_page = 10
    kids = " ".join(f"{first_page + 2 * at} 0 R" for at in range(len(sheets)))
    first_item = first_page + 2 * len(sheets)
    places = " ".join(
        f"({name}) [{first_page + 2 * page} 0 R /XYZ {left} {HEIGHT - top} null]"
        for name, (page, left, top) in sorted((names or {}).items())
    )
    objects = {
        1: "<< /Type /Catalog /Pages 2 0 R /Names << /Dests << /Names ["
        + places
        + "] >> >>"
        + (" /Outlines 4 0 R" if outline else "")
        + " >>",
        2: f"<< /Type /Pages /Kids [{kids}] /Count {len(sheets)} >>",
        3: f"<< /Title ({title}) >>",
    }
    if outline:
        last = first_item + len(outline) - 1
        objects[4] = f"<< /First {first_item} 0 R /Last {last} 0 R /Count {len(outline)} >>"
    for at, (text, page, top) in enumerate(outline):
        following = f"/Next {first_item + at + 1} 0 R" if at + 1 < len(outline) else ""
        objects[first_item + at] = (
            f"<< /Title ({text}) /Parent 4 0 R {following} "
            f"/Dest [{first_page + 2 * page} 0 R /XYZ 0 {HEIGHT - top} null] >>"
        )
    fonts = " ".join(
        f"/F{at} << /Type /Font /Subtype /Type1 /BaseFont /{font}"
        + (" /Encoding /WinAnsiEncoding >>" if font != "Symbol" else " >>")
        for at, font in enumerate(_FONTS)
    )
    for at, sheet in enumerate(sheets):
        content = "\n".join(sheet.content)
        objects[first_page + 2 * at] = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Rotate {sheet.turned} "
            f"/Resources << /Font << {fonts} >> >> /Contents {first_page + 2 * at + 1} 0 R "
            f"/Annots [{' '.join(sheet.links)}] >>"
        )
        length = len(content.encode("cp1252"))
        objects[first_page + 2 * at + 1] = f"<< /Length {length} >>\nstream\n{content}\nendstream"
    trailer = "/Root 1 0 R /Info 3 0 R"
    if encrypted:
        secret = "<" + "5A" * 32 + ">"
        objects[5] = f"<< /Filter /Standard /V 1 /R 2 /O {secret} /U {secret} /P -4 >>"
        trailer += f" /Encrypt 5 0 R /ID [{secret} {secret}]"
    return _file(objects, trailer)


def _file(objects: Mapping[int, str], trailer: str) -> bytes:
    written = bytearray(b"%PDF-1.7\n")
    places: dict[int, int] = {}
    for number in sorted(objects):
        places[number] = len(written)
        written += f"{number} 0 obj\n{objects[number]}\nendobj\n".encode("cp1252")
    start = len(written)
    written += b"xref\n0 1\n0000000000 65535 f \n"
    for number, place in sorted(places.items()):
        written += f"{number} 1\n{place:010} 00000 n \n".encode()
    written += f"trailer\n<< /Size {max(objects) + 1} {trailer} >>\n".encode()
    written += f"startxref\n{start}\n%%EOF\n".encode()
    return bytes(written)
