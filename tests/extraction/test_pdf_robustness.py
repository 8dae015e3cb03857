"""PDFs that are broken, hostile or huge: a typed error or a sensible result, nothing else."""

import sys

import pytest

from eventdocs.errors import (
    ExtractionLimitError,
    MissingExtraError,
    UnreadableDocumentError,
)
from eventdocs.extraction import Limits
from tests.extraction.pdf_builder import Sheet, pdf
from tests.extraction.reading import Reading

_FORMAT = Reading("paper.pdf")
read = _FORMAT.read

PAGE = Sheet().lines(72, "“Cap” means the upper limit of a weight.", "See Section 9.")
DOCUMENT = pdf(PAGE, PAGE, names={"a": (0, 72, 60)}, outline=[("Rules", 1, 40)])


class TestDocuments:
    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"%PDF-1.7\n", "damaged"),
            (b"%PDF-1.7\n" + b"\xff\x00junk" * 500, "damaged"),
            (pdf(PAGE, encrypted=True), "password"),
            (pdf(Sheet().picture()), "without a text layer"),
            (pdf(Sheet()), "without a text layer"),
        ],
    )
    def test_without_words_say_what_to_do(self, content: bytes, words: str) -> None:
        """What cannot be read is named, with a way out where there is one."""
        with pytest.raises(UnreadableDocumentError, match=words):
            read(content)

    @pytest.mark.parametrize(
        ("limits", "name", "found"),
        [
            (Limits(max_pages=1), "max_pages", 2),
            (Limits(max_page_characters=20), "max_page_characters", 56),
            (Limits(max_bytes=100), "max_bytes", len(DOCUMENT)),
            (Limits(max_entities=1), "max_entities", 2),
        ],
    )
    def test_beyond_a_limit_are_refused(self, limits: Limits, name: str, found: int) -> None:
        """The error names the limit, and what the document has."""
        with pytest.raises(ExtractionLimitError) as caught:
            read(DOCUMENT, limits=limits)

        assert (caught.value.limit, caught.value.found) == (name, found)

    def test_need_the_extra(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without the parser the error names the extra that brings it."""
        for name in [each for each in sys.modules if each.startswith("pypdfium2")]:
            monkeypatch.delitem(sys.modules, name)
        monkeypatch.setitem(sys.modules, "pypdfium2", None)

        with pytest.raises(MissingExtraError) as caught:
            read(DOCUMENT)

        assert (caught.value.extra, caught.value.package) == ("pdf", "pypdfium2")

    def test_in_endless_circles_come_to_an_end(self) -> None:
        """Bookmarks and pages that lead back to themselves are read once."""
        content = DOCUMENT.replace(b"/Next", b"/Nxet").replace(
            b"/Title (Rules) /Parent 4 0 R ", b"/Title (Rules) /Next 14 0 R  "
        )

        assert read(content).ir.entities

    def test_with_formulas_that_never_end_are_text(self) -> None:
        """Brackets that open a thousand times cost no more than their number."""
        page = Sheet()
        for at in range(15):
            page.text(72, 72 + 11 * at, "(" * 400 + "a" * 400, "Symbol", 1)

        assert read(pdf(page)).ir.version == 1
