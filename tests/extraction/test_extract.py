from decimal import Decimal
from uuid import UUID

import attrs
import pytest
from typing_extensions import override

from eventdocs.errors import ExtractionLimitError
from eventdocs.extraction import (
    Extracted,
    Extractor,
    ExtractorRegistry,
    Limits,
    RawDocument,
    default_extractors,
    extract,
)
from eventdocs.ir import Definition, Formula, Section, Table, from_json, to_json
from tests.extraction.reading import find, read

DOCUMENT = """\
---
title: "Rules of the Index"
---

# Rules

The level is $L = P / D$ (4), see [Rules](#rules) and Table 1.

Table 1: Parameters

| Symbol | Meaning     | Value |
|--------|-------------|------:|
| $D$    | The divisor | 1,000 |
"""


class TestExtract:
    def test_gives_the_meaning_and_its_text(self) -> None:
        """An extraction holds the IR, the text that its offsets refer to, and its maker."""
        extraction = read(DOCUMENT)

        assert extraction.text == DOCUMENT
        assert extraction.media_type == "text/markdown"
        assert (extraction.extractor, extraction.extractor_version) == ("markdown", "1")
        assert extraction.ir.title == "Rules of the Index"
        assert {type(each) for each in extraction.ir.entities} >= {Section, Formula, Table}

    def test_is_the_same_every_time(self) -> None:
        """The same bytes give the same ids and byte-equal JSON, which can be read back."""
        first, second = read(DOCUMENT), read(DOCUMENT)

        assert to_json(first.ir) == to_json(second.ir)
        assert from_json(to_json(first.ir)) == first.ir

    def test_carries_ids_over_from_the_revision_before(self) -> None:
        """What is still there in the next revision keeps its id."""
        document = UUID(int=7)
        before = extract(DOCUMENT.encode(), source_name="a.md", document_id=document)

        after = extract(
            DOCUMENT.replace("# Rules", "Preface.\n\n# Rules").encode(),
            source_name="a.md",
            document_id=document,
            version=2,
            previous=before.ir,
        )

        assert after.ir.version == 2
        assert [each.id.entity_id for each in after.ir.entities] == [
            each.id.entity_id for each in before.ir.entities
        ]

    @pytest.mark.parametrize("text", ["", "\n\n", "  \n\t\n", "\ufeff"])
    def test_finds_nothing_in_an_empty_document(self, text: str) -> None:
        """An empty document has an empty meaning, and that is no error."""
        assert read(text).ir.entities == ()
        assert read(text).ir.title == ""

    def test_says_who_found_what_and_how_surely(self) -> None:
        """Markup is certain; what is guessed from words says so."""
        extraction = read("# A\n\n“Cap” means the upper limit.\n")

        section, definition = extraction.ir.entities
        assert (section.prov.method, section.prov.confidence) == ("markup", 1.0)
        assert definition.prov.method == "pattern"
        assert definition.prov.confidence < 1
        assert section.prov.library.startswith("markdown-it-py ")


class TestLimits:
    @pytest.mark.parametrize(
        ("limits", "name", "found"),
        [
            (Limits(max_bytes=10), "max_bytes", len(DOCUMENT.encode())),
            (Limits(max_lines=5), "max_lines", DOCUMENT.count("\n") + 1),
            (Limits(max_entities=2), "max_entities", 3),
            (Limits(max_cells=4), "max_cells", 6),
        ],
    )
    def test_refuse_by_name(self, limits: Limits, name: str, found: int) -> None:
        """A document beyond a limit is refused; the error names the limit and both numbers."""
        with pytest.raises(ExtractionLimitError) as caught:
            read(DOCUMENT, limits=limits)

        assert caught.value.limit == name
        assert caught.value.found == found

    def test_leave_long_formulas_as_they_are(self) -> None:
        """A formula beyond its limit is kept, and nothing is claimed about it."""
        extraction = read("$a + b + c$ and $d$", limits=Limits(max_formula_length=5))

        long, short = [each for each in extraction.ir.entities if isinstance(each, Formula)]
        assert (long.raw, long.parsed, long.mathml) == ("a + b + c", "opaque", None)
        assert short.parsed == "tree"

    def test_leave_deep_nesting_alone(self) -> None:
        """What is nested beyond the limit does no harm to what stands after it."""
        extraction = read(f"{'> ' * 200}deep\n\n# After\n", limits=Limits(max_nesting=10))

        assert [each.title for each in extraction.ir.entities if isinstance(each, Section)] == [
            "After"
        ]

    def test_must_allow_something(self) -> None:
        """A limit below one could only be a mistake."""
        with pytest.raises(ValueError, match="max_bytes"):
            Limits(max_bytes=0)

    def test_allow_twenty_megabytes_by_default(self) -> None:
        """Documents of thousands of pages are within the default limits."""
        assert Limits().max_bytes > 20_000_000


@attrs.define
class _Shouting(Extractor):
    name: str = "shouting"
    version: str = "3"
    library: str = "none"
    media_types: tuple[str, ...] = ("text/shout", "text/plain")

    @override
    def extract(self, document: RawDocument, limits: Limits) -> Extracted:
        return Extracted(text=document.content.decode(), title="SHOUT", entities=())


class TestRegistry:
    def test_takes_a_new_format_as_one_class(self) -> None:
        """A class with media types is all that a new format needs."""
        extractors = default_extractors()
        extractors.register("text/shout", _Shouting())

        extraction = extract(
            b"hi", source_name="a", media_type="text/shout; charset=utf-8", extractors=extractors
        )

        assert (extraction.extractor, extraction.ir.title) == ("shouting", "SHOUT")
        assert set(extractors.media_types) - set(default_extractors().media_types) == {"text/shout"}

    def test_registers_all_media_types_of_an_extractor(self) -> None:
        """An extractor given at construction reads everything it says it reads."""
        registry = ExtractorRegistry([_Shouting()])

        assert registry.media_types == ("text/plain", "text/shout")


class TestKnownTraps:
    """Places where extractors of the field are known to go wrong."""

    def test_a_comment_in_a_code_fence_is_no_section(self) -> None:
        """A line that begins with # inside code is code."""
        assert find("```python\n# comment\n```\n\n    # indented code\n", Section) == []

    def test_an_empty_heading_is_a_section(self) -> None:
        """A heading without a title still begins a section."""
        titles = [each.title for each in find("#\n\n## \n\n# Next", Section)]

        assert titles == ["", "", "Next"]

    def test_an_escaped_pipe_does_not_divide_a_cell(self) -> None:
        """A pipe behind a backslash is text, and the cells after it keep their places."""
        text = "| A | B |\n|---|---|\n| x \\| y | z |\n"
        [table] = find(text, Table)

        cells = {(each.row, each.col): each for each in table.cells}
        assert cells[1, 0].text == "x | y"
        assert cells[1, 1].text == "z"
        span = cells[1, 0].span
        assert span is not None
        assert text[span.start : span.end] == "x \\| y"
        assert table.declared_widths == (2, 2)

    def test_definitions_may_stand_before_any_heading(self) -> None:
        """What is defined before the first heading belongs to no section."""
        [definition] = find("“Cap” means the upper limit.\n\n# First\n", Definition)

        assert (definition.term, definition.section) == ("Cap", ())

    def test_letters_of_the_mathematical_blocks_are_letters(self) -> None:
        """Formulas written in mathematical italics define and use plain symbols."""
        [formula] = find("$𝑊_𝑖 = 𝑆_𝑖 / 𝛴$", Formula)

        assert formula.raw == "𝑊_𝑖 = 𝑆_𝑖 / 𝛴"
        assert formula.latex == "W_i = S_i / Σ"
        assert formula.defines is not None
        assert formula.defines.key == "W_{i}"

    def test_a_ragged_row_stays_visible(self) -> None:
        """Rows with more or fewer cells than the header are neither cut nor filled."""
        [table] = find("| a | b |\n|---|---|\n| 1 | 2 | 3 |\n| 4 |\n", Table)

        assert table.declared_widths == (2, 3, 1)
        assert [each.text for each in table.cells] == ["a", "b", "1", "2", "3", "4"]
        assert table.cells[4].value == 3

    def test_one_term_defined_in_two_sections_is_kept_twice(self) -> None:
        """Conflicting definitions both stay, for the validator to find."""
        text = "# A\n\nCap\n: Five percent.\n\n# B\n\nCap\n: Ten percent.\n"

        assert [(each.term, each.body, each.section) for each in find(text, Definition)] == [
            ("Cap", "Five percent.", ("A",)),
            ("Cap", "Ten percent.", ("B",)),
        ]

    def test_numbers_with_separators_are_numbers(self) -> None:
        """A thousands separator makes no text of a number."""
        [table] = find("| n |\n|---|\n| 10,000,000.5 |\n", Table)

        assert table.cells[1].value == Decimal("10000000.5")
