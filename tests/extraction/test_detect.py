import io
import zipfile

import pytest

from eventdocs.errors import UnreadableDocumentError, UnsupportedFormatError
from eventdocs.extraction import default_extractors, detect, extract


def _docx() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<w:document/>")
    return buffer.getvalue()


OTHER_FORMATS = {
    "a PDF": (b"%PDF-1.7\n1 0 obj", "application/pdf"),
    "a Word document": (
        _docx(),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "a web page": (b"\n<!-- hi -->\n<!DOCTYPE html>\n<html></html>", "text/html"),
    "a web page without a doctype": (b"<html lang='en'><body>", "text/html"),
    "LaTeX": (b"% a comment\n\\documentclass{article}", "application/x-latex"),
}
UNREAD = [
    kind
    for kind, (_, media_type) in OTHER_FORMATS.items()
    if media_type not in default_extractors().media_types
]


class TestDetect:
    @pytest.mark.parametrize("name", ["a.md", "A.MARKDOWN", "x/y.qmd", "notes.Rmd", "b.myst"])
    def test_knows_markdown_by_its_name(self, name: str) -> None:
        """The usual suffixes of Markdown and its kin mean Markdown, whatever their case."""
        assert detect(b"# Title", name) == "text/markdown"

    @pytest.mark.parametrize("kind", OTHER_FORMATS)
    def test_trusts_the_content_more_than_the_name(self, kind: str) -> None:
        """Bytes that show their format are of that format under any name."""
        content, media_type = OTHER_FORMATS[kind]

        assert detect(content, "misnamed.md") == media_type

    def test_reads_html_in_markdown_as_markdown(self) -> None:
        """A README that begins with a centred heading in HTML is still Markdown."""
        assert detect(b"<h1 align='center'>Title</h1>\n\n# Rest", "README.md") == "text/markdown"

    def test_believes_the_name_of_a_text(self) -> None:
        """Whoever calls a file .txt or .md means it so, whatever markup it holds."""
        content = b"Title\n=====\n\n.. note::\n\n   Text\n"

        assert detect(content, "notes.txt") == "text/plain"
        assert detect(content, "notes.md") == "text/markdown"

    @pytest.mark.parametrize(
        ("content", "media_type"),
        [
            (b"Title\n=====\n\n.. note::\n\n   Text\n", "text/x-rst"),
            (b"# Title\n\nA [link](there.md).\n", "text/markdown"),
            (b"---\ntitle: A\n---\n\n## Part\n", "text/markdown"),
            (b"Title\n=====\n\nText\n", "text/plain"),
            (b"#!/bin/sh\n# **Not** a title\n# ```\n", "text/plain"),
            (b"# a comment\nname = value\n", "text/plain"),
            (b"", "text/plain"),
        ],
    )
    @pytest.mark.parametrize("name", ["README", "-", "notes.unknown"])
    def test_knows_text_without_a_name_by_its_markup(
        self, content: bytes, media_type: str, name: str
    ) -> None:
        """Directives mean reStructuredText, two kinds of Markdown's marks mean Markdown."""
        assert detect(content, name) == media_type

    @pytest.mark.parametrize(
        ("content", "what"),
        [
            (b"\x89PNG\r\n\x1a\n\0\0", "PNG"),
            (b"\xff\xd8\xff\xe0junk", "JPEG"),
            (b"PK\x03\x04 some archive", "ZIP"),
            (b"\x1f\x8b\x08junk", "gzip"),
            (b"{\\rtf1 hello}", "RTF"),
        ],
    )
    def test_refuses_what_is_no_document(self, content: bytes, what: str) -> None:
        """Foreign files under a document's name are refused, and named."""
        with pytest.raises(UnreadableDocumentError) as caught:
            detect(content, "junk.md")

        assert what in str(caught.value)
        assert "byte 0" in str(caught.value)


class TestUnsupportedFormats:
    @pytest.mark.parametrize("kind", UNREAD)
    def test_are_refused_by_naming_those_that_are(self, kind: str) -> None:
        """A format that is not there yet is refused, and the message says which are."""
        content, media_type = OTHER_FORMATS[kind]

        with pytest.raises(UnsupportedFormatError) as caught:
            extract(content, source_name="misnamed.md")

        assert caught.value.media_type == media_type
        assert caught.value.supported == default_extractors().media_types
        assert "text/markdown" in str(caught.value)

    def test_include_what_nothing_reads(self) -> None:
        """A media type that no extractor has registered is refused, whatever the bytes are."""
        with pytest.raises(UnsupportedFormatError):
            extract(b"Just words.", source_name="words.txt", media_type="text/x-nothing")

    def test_can_be_overruled_by_the_caller(self) -> None:
        """A caller who knows the format better says so."""
        extraction = extract(b"# Words", source_name="words.txt", media_type="text/markdown")

        assert extraction.ir.title == "Words"
