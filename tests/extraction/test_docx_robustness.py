"""Word documents that are broken, hostile or huge: a typed error or a sensible result, nothing else."""

import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eventdocs.errors import ExtractionLimitError, MissingExtraError, UnreadableDocumentError
from eventdocs.extraction import Extraction, ExtractorRegistry, Limits, extract
from eventdocs.extraction._docx import DocxExtractor
from eventdocs.ir import Table
from tests.extraction.docx_builder import (
    NAMESPACES,
    archive,
    bold,
    bookmark,
    docx,
    field,
    math,
    mr,
    numbered,
    p,
    tbl,
    tc,
    tr,
)
from tests.extraction.exactness import check_places

DOCUMENT = docx(
    p(bookmark("b", "<w:r><w:t>Rules</w:t></w:r>"), style="Heading1", more=numbered("1"))
    + p(bold("Fee"), " means one percent of ", math(mr("x")), ", see ", field("REF b", "Rules"))
    + tbl(tr("a", "b"), tr("1", "2"))
)


def read(content: bytes, limits: Limits | None = None) -> Extraction:
    return extract(
        content,
        source_name="paper.docx",
        media_type="application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        limits=limits or Limits(),
        extractors=ExtractorRegistry([DocxExtractor()]),
    )


class TestArchives:
    def test_that_unpack_to_too_much_are_refused(self) -> None:
        """A bomb is not unpacked: its sizes are judged before."""
        bomb = docx(p("x"), more={"word/styles.xml": b" " * 4_000_000})

        with pytest.raises(ExtractionLimitError) as by_ratio:
            read(bomb)
        with pytest.raises(ExtractionLimitError) as by_size:
            read(bomb, Limits(max_zip_ratio=2_000, max_zip_entry_bytes=1_000_000))

        assert by_ratio.value.limit == "max_zip_ratio"
        assert (by_size.value.limit, by_size.value.found) == ("max_zip_entry_bytes", 4_000_000)

    def test_with_too_many_entries_are_refused(self) -> None:
        """The number of files in an archive is limited."""
        content = docx(p("x"), more={f"word/media/{n}": b"" for n in range(50)})

        with pytest.raises(ExtractionLimitError) as caught:
            read(content, Limits(max_zip_entries=40))

        assert caught.value.limit == "max_zip_entries"

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"PK\x03\x04 word/document.xml",
            DOCUMENT[: len(DOCUMENT) // 2],
            archive({"word/other.xml": b"<x/>"}),
            archive({"word/document.xml": b"<x/>"}),
            archive({"word/document.xml": b""}),
            archive({"word/document.xml": b"\xff\xfe\x00"}),
            docx(p("x") + "<w:p>"),
            docx("<w:ins>" * 300 + "</w:ins>" * 300),
        ],
    )
    def test_that_are_no_documents_are_unreadable(self, content: bytes) -> None:
        """Junk, truncated archives and broken XML are told apart from documents."""
        with pytest.raises(UnreadableDocumentError):
            read(content)

    def test_that_are_encrypted_are_unreadable(self) -> None:
        """A password is asked for in words."""
        content = bytearray(archive({"word/document.xml": b"<x/>"}))
        for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            content[content.index(signature) + at] |= 1

        with pytest.raises(UnreadableDocumentError, match="password"):
            read(bytes(content))

    def test_need_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the parser the error names the extra that brings it."""
        for name in [
            each for each in sys.modules if each.startswith("eventdocs.extraction._docx_")
        ]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "lxml", None)

        with pytest.raises(MissingExtraError) as caught:
            read(DOCUMENT)

        assert (caught.value.extra, caught.value.package) == ("docx", "lxml")


class TestMarkup:
    @pytest.mark.parametrize(
        "declaration",
        [
            '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
            '<!DOCTYPE x [<!ENTITY b SYSTEM "file://{path}">]>',
            '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
        ],
    )
    def test_that_declares_entities_is_refused(self, declaration: str, tmp_path: Path) -> None:
        """No entity is resolved, no file is read, and nothing is asked of the network."""
        secret = tmp_path / "secret"
        secret.write_text("secret words")
        body = f"<w:document {NAMESPACES}><w:body>{p('&b;' if 'ENTITY' in declaration else 'x')}</w:body></w:document>"
        part = declaration.replace("{path}", str(secret)) + body

        with pytest.raises(UnreadableDocumentError, match="document type") as caught:
            read(docx("", more={"word/document.xml": part.encode()}))

        assert "secret words" not in str(caught.value)

    def test_that_points_out_of_the_package_is_not_followed(self, tmp_path: Path) -> None:
        """Parts are looked for in the archive alone."""
        (tmp_path / "styles.xml").write_text("<x/>")
        relations = (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="a" Type="x/styles" Target="../../../../..{tmp_path}/styles.xml"/>'
            f'<Relationship Id="b" Type="x/footnotes" Target="file://{tmp_path}/styles.xml"/>'
            '<Relationship Id="c" Type="x/numbering" Target="http://127.0.0.1:9/x" TargetMode="External"/>'
            "</Relationships>"
        )
        content = docx(p("still read"), more={"word/_rels/document.xml.rels": relations.encode()})

        assert read(content).text.strip() == "still read"

    def test_in_circles_is_left(self) -> None:
        """Styles based on one another, and lists linked to themselves, come to an end."""
        styles = "".join(
            f'<w:style w:type="paragraph" w:styleId="{a}"><w:name w:val="{a}"/><w:basedOn w:val="{b}"/></w:style>'
            for a, b in [("A", "B"), ("B", "A")]
        )
        lists = (
            '<w:abstractNum w:abstractNumId="1"><w:styleLink w:val="L"/><w:numStyleLink w:val="L"/></w:abstractNum>'
            '<w:num w:numId="1"><w:abstractNumId w:val="1"/></w:num>'
        )
        content = docx(p("x", style="A", more=numbered("1", 8)), styles=styles, numbering=lists)

        assert read(content).text.strip() == "x"

    def test_of_endless_notes_is_read_once(self) -> None:
        """A footnote that refers to itself is written once."""
        reference = '<w:r><w:footnoteReference w:id="1"/></w:r>'
        content = docx(
            p("x", reference),
            footnotes=f'<w:footnote w:id="1">{p("again", reference)}</w:footnote>',
        )

        assert read(content).text.count("again") == 1

    def test_nested_too_deeply_is_kept_as_text(self) -> None:
        """Tables in tables are looked into as far as the limit goes; deeper ones are words."""
        inner = p("deep")
        for _ in range(12):
            inner = tbl(tr(tc(inner, p()), tc("side")))
        extraction = read(docx(inner), Limits(max_nesting=4))

        assert "deep" in extraction.text
        assert len([each for each in extraction.ir.entities if isinstance(each, Table)]) == 4

    def test_with_numbers_that_are_none_is_read(self) -> None:
        """Nonsense where a number is expected is passed over."""
        content = docx(
            p("x", more='<w:numPr><w:ilvl w:val="-1"/><w:numId w:val="zz"/></w:numPr>')
            + p("y", more='<w:outlineLvl w:val="²"/>')
            + tbl(
                tr(tc("a", more='<w:gridSpan w:val="99999999"/>'), more='<w:gridBefore w:val="x"/>')
            )
        )

        assert read(content).text.startswith("x\n\ny\n\n| a |")


class TestSizes:
    def test_megabytes_in_one_paragraph_take_time_in_line_with_their_length(self) -> None:
        """Twice as much text, runs, fields or rows takes about twice as long."""

        def seconds(count: int) -> float:
            runs = "".join(bold(f"word{n} means it. ") + field("REF b", "x") for n in range(count))
            content = docx(p(runs) + tbl(*[tr("a", "b") for _ in range(count)]))
            begun = time.perf_counter()
            read(content, Limits(max_zip_ratio=2_000))
            return time.perf_counter() - begun

        seconds(50)
        assert seconds(600) < 12 * seconds(200) + 0.5

    @pytest.mark.parametrize("limit", ["max_entities", "max_cells"])
    def test_beyond_a_limit_are_refused(self, limit: str) -> None:
        """Entities and cells are limited like those of any format."""
        content = docx(tbl(*[tr("a", "b") for _ in range(9)]) + p("See Section 1 and Section 2."))

        with pytest.raises(ExtractionLimitError) as caught:
            read(
                content, Limits(max_entities=1) if limit == "max_entities" else Limits(max_cells=3)
            )

        assert caught.value.limit == limit


NAMES = st.sampled_from(
    "w:p w:r w:t w:tbl w:tr w:tc w:pPr w:rPr w:numPr w:hyperlink w:fldSimple w:fldChar w:instrText w:bookmarkStart "
    "w:footnoteReference w:sdt w:sdtContent w:ins w:del w:br w:tab w:sym w:drawing w:txbxContent w:ruby w:rubyBase "
    "w:tcPr w:gridSpan w:vMerge w:trPr w:tblHeader w:pStyle w:outlineLvl w:vanish w:b mc:AlternateContent mc:Choice "
    "mc:Fallback m:oMathPara m:oMath m:r m:t m:f m:num m:den m:sSup m:e m:sup m:sub m:nary m:naryPr m:chr m:d m:dPr "
    "m:begChr m:m m:mr m:eqArr m:func m:fName m:limLow m:lim m:acc m:accPr m:groupChr m:rad m:deg".split()
)
VALUES = st.sampled_from(
    ["", "0", "1", "7", "-1", "x", "begin", "separate", "end", "Heading1", "restart", "∑", "{"]
)
TEXTS = st.sampled_from(
    [
        "",
        "REF b",
        "SEQ Table",
        "TOC",
        "Table 3: x",
        "a = b / c",
        "“T” means it",
        "where",
        "\\#(1)",
        "- x",
    ]
)


@st.composite
def _elements(draw: st.DrawFn, depth: int = 3) -> str:
    name = draw(NAMES)
    value = draw(VALUES)
    prefix = "m" if name.startswith("m:") else "w"
    attributes = " ".join(
        f'{prefix}:{each}="{value}"'
        for each in ("val", "id", "name", "fldCharType", "anchor", "instr")
    )
    inner = draw(TEXTS).replace("&", "")
    if depth:
        inner += "".join(draw(st.lists(_elements(depth - 1), max_size=3)))
    return f"<{name} {attributes}>{inner}</{name}>"


class TestAnything:
    @settings(max_examples=50, deadline=None)
    @given(body=st.lists(_elements(), max_size=4))
    def test_made_of_words_elements_is_read(self, body: list[str]) -> None:
        """However elements stand in one another, something sensible comes out."""
        check_places(read(docx("".join(body), footnotes="".join(body), numbering="".join(body))))
