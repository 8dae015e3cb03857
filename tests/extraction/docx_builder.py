"""Word documents for tests, put together from the XML that matters."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping

NAMESPACES = (
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" '
    'xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships" '
    'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
    'xmlns:v="urn:schemas-microsoft-com:vml"'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

STYLES = "".join(
    f'<w:style w:type="paragraph" w:styleId="{style_id}"><w:name w:val="{name}"/>{more}</w:style>'
    for style_id, name, more in [
        ("Normal", "Normal", ""),
        ("Heading1", "heading 1", '<w:pPr><w:outlineLvl w:val="0"/></w:pPr>'),
        ("Heading2", "heading 2", '<w:pPr><w:outlineLvl w:val="1"/></w:pPr>'),
        ("berschrift3", "heading 3", '<w:pPr><w:outlineLvl w:val="2"/></w:pPr>'),
        ("Clause", "My Clause", '<w:basedOn w:val="Heading2"/>'),
        ("Title", "Title", ""),
        ("Caption", "caption", ""),
        ("TOC1", "toc 1", ""),
        ("DefinitionTerm", "Definition Term", ""),
        ("Definition", "Definition", ""),
        ("SourceCode", "Source Code", ""),
        ("Ghost", "Ghost", "<w:rPr><w:vanish/></w:rPr>"),
    ]
) + (
    '<w:style w:type="character" w:styleId="Strong"><w:name w:val="Strong"/><w:rPr><w:b/></w:rPr></w:style>'
    '<w:style w:type="character" w:styleId="VerbatimChar"><w:name w:val="Verbatim Char"/></w:style>'
)


def docx(
    body: str,
    *,
    styles: str = STYLES,
    numbering: str = "",
    footnotes: str = "",
    endnotes: str = "",
    links: Mapping[str, str] | None = None,
    more: Mapping[str, bytes] | None = None,
) -> bytes:
    """A document with this body; *links* are external addresses by relationship id."""
    relations = "".join(
        f'<Relationship Id="{kind}" Type="{OFFICE}/{kind}" Target="{kind}.xml"/>'
        for kind in ("styles", "numbering", "footnotes", "endnotes")
    ) + "".join(
        f'<Relationship Id="{name}" Type="{OFFICE}/hyperlink" Target="{target}" TargetMode="External"/>'
        for name, target in (links or {}).items()
    )
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" '
        f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
        "word/document.xml": f"<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>",
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}">{relations}</Relationships>',
        "word/styles.xml": f"<w:styles {NAMESPACES}>{styles}</w:styles>",
        "word/numbering.xml": f"<w:numbering {NAMESPACES}>{numbering}</w:numbering>",
        "word/footnotes.xml": f"<w:footnotes {NAMESPACES}>{footnotes}</w:footnotes>",
        "word/endnotes.xml": f"<w:endnotes {NAMESPACES}>{endnotes}</w:endnotes>",
    }
    return archive({**{name: text.encode() for name, text in parts.items()}, **(more or {})})


def archive(parts: Mapping[str, bytes]) -> bytes:
    """A ZIP archive of these parts, the same for the same parts."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in parts.items():
            written.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def p(*content: str, style: str = "", more: str = "") -> str:
    """A paragraph of runs, or of words where there is no markup in them."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    runs = "".join(each if each.startswith("<") else r(each) for each in content)
    return f"<w:p><w:pPr>{named}{more}</w:pPr>{runs}</w:p>"


def r(text: str, look: str = "") -> str:
    """A run; *look* is the XML of its properties."""
    properties = f"<w:rPr>{look}</w:rPr>" if look else ""
    return f'<w:r>{properties}<w:t xml:space="preserve">{text}</w:t></w:r>'


def bold(text: str) -> str:
    return r(text, "<w:b/>")


def bookmark(name: str, content: str = "") -> str:
    """Content with a bookmark around it."""
    return f'<w:bookmarkStart w:id="7" w:name="{name}"/>{content}<w:bookmarkEnd w:id="7"/>'


def field(instruction: str, result: str) -> str:
    """A field as Word writes it: in runs of its own."""
    shown = result if result.startswith("<") else r(result)
    return (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r>'
        f'<w:r><w:instrText xml:space="preserve"> {instruction} </w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r>'
        f'{shown}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )


def numbered(number: str, level: int = 0) -> str:
    """The properties of a paragraph in a list."""
    return f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'


def numbering(*levels: tuple[str, str], number: str = "1") -> str:
    """A list with the format and the text of each of its levels."""
    written = "".join(
        f'<w:lvl w:ilvl="{at}"><w:start w:val="1"/><w:numFmt w:val="{form}"/><w:lvlText w:val="{text}"/></w:lvl>'
        for at, (form, text) in enumerate(levels)
    )
    return (
        f'<w:abstractNum w:abstractNumId="{number}">{written}</w:abstractNum>'
        f'<w:num w:numId="{number}"><w:abstractNumId w:val="{number}"/></w:num>'
    )


def tc(*content: str, more: str = "") -> str:
    """A cell of paragraphs, or of words."""
    blocks = "".join(each if each.startswith("<") else p(each) for each in content) or p()
    return f"<w:tc><w:tcPr>{more}</w:tcPr>{blocks}</w:tc>"


def tr(*cells: str, more: str = "") -> str:
    return f"<w:tr><w:trPr>{more}</w:trPr>{''.join(c if c.startswith('<') else tc(c) for c in cells)}</w:tr>"


def tbl(*rows: str, more: str = "") -> str:
    return f"<w:tbl><w:tblPr>{more}</w:tblPr>{''.join(rows)}</w:tbl>"


HEADER = "<w:tblHeader/>"


def math(content: str) -> str:
    return f"<m:oMath>{content}</m:oMath>"


def mr(text: str, look: str = "") -> str:
    """A run of a formula."""
    properties = f"<m:rPr>{look}</m:rPr>" if look else ""
    return f'<m:r>{properties}<m:t xml:space="preserve">{text}</m:t></m:r>'


def m(name: str, properties: str = "", **parts: str) -> str:
    """An element of a formula with its parts in their order."""
    inner = "".join(f"<m:{part}>{content}</m:{part}>" for part, content in parts.items())
    return f"<m:{name}><m:{name}Pr>{properties}</m:{name}Pr>{inner}</m:{name}>"


def sub(base: str, index: str) -> str:
    return m("sSub", e=mr(base), sub=mr(index))
