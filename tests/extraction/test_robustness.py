import gc
import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventdocs.errors import UnreadableDocumentError
from eventdocs.extraction import Extraction, Limits, RawDocument, default_extractors, extract
from eventdocs.ir import Definition, Entity, Formula, Table, to_json
from eventdocs.types import digest_of

BLOCKS = st.sampled_from(
    [
        "# Heading {n}\n\n",
        "## {n}.1 Other `code` $h_{n}$ {{#id-{n}}}\n\n",
        "Title {n}\n=====\n\n",
        "Plain *text* with **marks**, `code` and $x_{n} = y$.\n\n",
        "See Section {n}, [link](#id-{n}) and @eq-{n}; “Term {n}” means it.\n\n",
        "$$\na_{n} = \\frac{{b}}{{c}} \\tag{{{n}}}\n$$ (eq-{n})\n\n",
        "where $a_{n}$ is one, and $b$ is another thing.\n\n",
        "\\begin{{align}}\na &= b \\\\\nc &= d\n\\end{{align}}\n\n",
        "| A {n} | B (bps) |\n|---|---|\n| 1,000 | x \\| $y$ |\n| 2 |\n\n",
        "Table {n}: Caption\n\n| Symbol | Meaning |\n|---|---|\n| $s_{n}$ | thing {n} |\n\n",
        "+-----+-----+\n| a   | - b |\n|     | - c |\n+=====+=====+\n| $d$ | e   |\n+-----+-----+\n\n",
        "---- ----\na    b\n---- ----\n\n",
        "Term {n}\n: Body of $t_{n}$\n\n  more\n\n",
        "- item {n}\n  - nested *deep*\n\n    para\n\n",
        "> quoted $q_{n}$\n> > twice\n> more\n\n",
        "```math\nm = {n}\n```\n\n",
        "```{{note}}\nInside $i_{n}$ and {{ref}}`id-{n}`\n```\n\n",
        ":::{{glossary}}\nWord {n}\n: Meaning\n:::\n\n",
        "Weight {n} = Score / Sum\n\n",
        "The Long Name Index (LNI) of {n}[^{n}].\n\n[^{n}]: Note\n\n",
        "<a id='h{n}'></a>\n\n<div>\nhtml\n</div>\n\n",
        "(label-{n})=\n",
        "    indented $code$\n\n",
        "$$\nunclosed {n}\n\n",
        "é𝑥💡 \u2028 \u00a0 ΑΒΓ {n} = ∑ √ ≤\n\n",
    ]
)
DOCUMENTS = st.lists(BLOCKS, max_size=12).map(
    lambda blocks: "".join(block.format(n=n) for n, block in enumerate(blocks))
)
ENDINGS = st.sampled_from(["\n", "\r\n", "\r"])


def _check_places(extraction: Extraction) -> None:
    text = extraction.text
    for each in extraction.ir.entities:
        start, end = each.span.start, each.span.end
        assert start is not None
        assert end is not None
        assert 0 <= start <= end <= len(text)
        assert each.span.line == _line_of(text, start)
        if isinstance(each, Formula):
            assert text[start:end] == each.raw
        elif isinstance(each, Definition):
            body = each.body_span
            assert body.start is not None
            assert body.end is not None
            assert 0 <= body.start <= body.end <= len(text)
        elif isinstance(each, Table):
            _check_cells(each, text)


def _check_cells(table: Table, text: str) -> None:
    for cell in table.cells:
        if cell.span is not None and cell.text.isalnum() and not cell.formulas:
            assert cell.span.start is not None
            assert cell.text in text[cell.span.start : cell.span.end]


def _line_of(text: str, offset: int) -> int:
    before = text[:offset].replace("\r\n", "\n").replace("\r", "\n")
    # A position between the two characters of a line ending is still on its line.
    return before.count("\n") + 1 - (text[offset - 1 : offset + 1] == "\r\n")


class TestPlaces:
    @given(document=DOCUMENTS, ending=ENDINGS)
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_are_exact_in_any_document(self, document: str, ending: str) -> None:
        """A span holds the raw text of its entity, and its line is right, whatever the text."""
        text = document.replace("\n", ending)

        _check_places(extract(text.encode(), source_name="a.md"))

    @given(document=DOCUMENTS)
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_do_not_depend_on_line_endings(self, document: str) -> None:
        """A document means the same with other line endings."""
        one = extract(document.encode(), source_name="a.md").ir
        other = extract(document.replace("\n", "\r\n").encode(), source_name="a.md").ir

        assert [_said(each) for each in one.entities] == [_said(each) for each in other.entities]


def _said(entity: Entity) -> tuple[str, str]:
    return type(entity).__name__, entity.id.content_key


class TestAnyInput:
    @given(text=st.text(max_size=300))
    @settings(deadline=None)
    def test_of_any_characters_is_read(self, text: str) -> None:
        """No text makes extraction fail, but for the one character that no database takes."""
        content = text.encode("utf-8", "surrogatepass")
        try:
            extraction = extract(content, source_name="a.md")
        except UnreadableDocumentError:
            assert "\0" in text or any("\ud800" <= char <= "\udfff" for char in text)
        else:
            _check_places(extraction)

    @given(content=st.binary(max_size=200))
    @settings(deadline=None)
    def test_of_any_bytes_is_read_or_refused(self, content: bytes) -> None:
        """Junk is refused by a typed error and nothing else."""
        try:
            _check_places(extract(content, source_name="a.md", media_type="text/markdown"))
        except UnreadableDocumentError as error:
            assert "byte 0x" in str(error)  # noqa: PT017 - either outcome is right, not any error

    @given(document=DOCUMENTS, data=st.data())
    @settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    def test_that_is_damaged_is_read(self, document: str, data: st.DataObject) -> None:
        """A document that was cut, spliced or bitten into is still read."""
        start = data.draw(st.integers(0, len(document)))
        end = data.draw(st.integers(start, len(document)))
        bitten = (
            document[:start] + data.draw(st.text("\\$`[]{}|()*_\n:#", max_size=5)) + document[end:]
        )

        _check_places(extract(bitten.encode(), source_name="a.md"))

    @settings(deadline=None)
    @given(latex=st.text(r"\{}[]()_^&$%#'abx12 =+-,~|<>", max_size=40))
    def test_of_any_latex_is_read(self, latex: str) -> None:
        """No formula makes extraction fail."""
        extract(f"$${latex}$$\n\n```math\n{latex}\n```\n".encode(), source_name="a.md")

    @given(document=DOCUMENTS)
    @settings(deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow])
    def test_gives_the_same_result_again(self, document: str) -> None:
        """Equal bytes give equal JSON, byte for byte."""
        one = extract(document.encode(), source_name="a.md")
        other = extract(document.encode(), source_name="b.md")

        assert to_json(one.ir) == to_json(other.ir)


PATHOLOGICAL: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "[" * n,
    "nested brackets": lambda n: "[" * (n // 2) + "]" * (n // 2),
    "links that never end": lambda n: "[a](" * (n // 4),
    "images that never end": lambda n: "![" * (n // 2),
    "footnotes that never end": lambda n: "[^" * (n // 2),
    "dollars": lambda n: "$" * n,
    "open dollars": lambda n: "$a " * (n // 3),
    "open display math": lambda n: "$$a b\n" * (n // 6),
    "open brackets of math": lambda n: "\\[a=\n\n" * (n // 6),
    "open environments": lambda n: "\\begin{align}\n" * (n // 14),
    "pipes": lambda n: "|" * n,
    "a wide table": lambda n: "|a" * (n // 6) + "\n" + "|-" * (n // 6) + "\n" + "|b" * (n // 6),
    "stars": lambda n: "*a_ " * (n // 4),
    "backticks": lambda n: "".join("e" + "`" * (each % 300) for each in range(n // 150)),
    "backslashes": lambda n: "$" + "\\" * n + "$",
    "tags": lambda n: "<a " * (n // 3),
    "entities": lambda n: "&" * n,
    "quotations": lambda n: "> " * (n // 2),
    "lists": lambda n: "- " * (n // 2),
    "directives": lambda n: "```{note}\n" * (n // 10),
    "divs": lambda n: "::: note\n" * (n // 9),
    "rulers": lambda n: "-- --\na b\n\n" * (n // 12),
    "grid corners": lambda n: "+" + "-+" * (n // 2),
    "definition marks": lambda n: "a\n" + ": " * (n // 2),
    "attributes": lambda n: "{#a" + ".b" * (n // 2),
    "spaces": lambda n: "::: a" + " " * n + "b",
    "quotes": lambda n: "“a ” means " * (n // 12),
    "parentheses": lambda n: "AB (a " * (n // 6),
    "where clauses": lambda n: "where $a$ is b, " * (n // 16),
    "numbers": lambda n: "Section 1" + ", 2" * (n // 3),
    "macros": lambda n: "\\newcommand{\\a}{" * (n // 16),
    "a long word": lambda n: "x" * n,
    "a long number": lambda n: "| a |\n|---|\n| " + "9" * n + " |",
    "comments": lambda n: "<!--" * (n // 4),
}


class TestTime:
    @pytest.mark.parametrize("name", PATHOLOGICAL)
    def test_grows_with_the_length_and_no_faster(self, name: str) -> None:
        """Twice the length takes about twice the time, however the document is built."""
        make = PATHOLOGICAL[name]
        limits = Limits(max_entities=10**9, max_cells=10**9, max_lines=10**9)
        short, long = make(10_000), make(40_000)

        # Four times the length: a quadratic step would take sixteen times as long. Other
        # work on the machine can only add time, so the best of some attempts counts.
        attempts = ((_seconds(short, limits), _seconds(long, limits)) for _ in range(5))
        assert any(slow < 0.15 or slow < 9 * quick for quick, slow in attempts)


def _seconds(text: str, limits: Limits) -> float:
    content = text.encode()
    document = RawDocument(content=content, digest=digest_of(content), source_name="a.md")
    extractor = default_extractors().extractor_for("text/markdown", source_name="a.md")
    gc.disable()  # or everything that the tests before this one have left is counted in
    try:
        started = time.process_time()
        extractor.extract(document, limits)
        return time.process_time() - started
    finally:
        gc.enable()
