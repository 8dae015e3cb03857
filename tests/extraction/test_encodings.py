import codecs

import pytest

from eventdocs.errors import UnreadableDocumentError
from eventdocs.extraction import extract
from eventdocs.ir import Formula

TEXT = "# Größe\n\nDie Größe $σ$ zählt.\n"


class TestEncodings:
    @pytest.mark.parametrize(
        ("mark", "encoding"),
        [
            (b"", "utf-8"),
            (codecs.BOM_UTF8, "utf-8"),
            (codecs.BOM_UTF16_LE, "utf-16-le"),
            (codecs.BOM_UTF16_BE, "utf-16-be"),
            (codecs.BOM_UTF32_LE, "utf-32-le"),
        ],
    )
    def test_are_told_by_their_byte_order_mark(self, mark: bytes, encoding: str) -> None:
        """UTF-8 needs no mark, other encodings have one; offsets count characters behind it."""
        extraction = extract(mark + TEXT.encode(encoding), source_name="a.md")

        assert extraction.text == TEXT
        [formula] = [each for each in extraction.ir.entities if isinstance(each, Formula)]
        assert formula.span.start == TEXT.index("σ")

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            (b"# ok\n\xff\xfa bad", "byte 0xff at offset 5 (line 2)"),
            ("# Größe".encode("latin-1"), "not UTF-8 text: byte 0xf6 at offset 4"),
            ("# plain".encode("utf-16-le"), "UTF-16 without a byte order mark"),
            (b"# junk \0 here", "binary data: byte 0x00 at offset 7"),
            (codecs.BOM_UTF16_LE + b"a", "not UTF-16-LE text"),
        ],
    )
    def test_that_are_none_are_refused(self, content: bytes, said: str) -> None:
        """Junk is refused with the reason and the first byte that shows it."""
        with pytest.raises(UnreadableDocumentError) as caught:
            extract(content, source_name="junk.md")

        assert said in str(caught.value)
        assert str(caught.value).startswith("junk.md: ")

    @pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
    def test_keep_their_line_endings(self, ending: str) -> None:
        """Offsets count every character of a line ending, and the meaning does not change."""
        text = "# A\n\nLet $x$ be the size.\n\n$$\na = b\n+ c\n$$\n".replace("\n", ending)

        extraction = extract(text.encode(), source_name="a.md")

        formulas = [each for each in extraction.ir.entities if isinstance(each, Formula)]
        assert [text[each.span.start : each.span.end] for each in formulas] == [
            "x",
            f"a = b{ending}+ c",
        ]
        assert [each.span.line for each in formulas] == [3, 6]
        assert formulas[1].latex == "a = b\n+ c"
