import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from docutils import nodes
from docutils.frontend import get_default_settings
from docutils.parsers.rst import Parser, directives, roles
from docutils.utils import new_document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventdocs.extraction import Extraction, extract
from eventdocs.extraction._rst_blocks import BlockParser
from eventdocs.extraction._rst_lines import Lines, whole
from eventdocs.extraction._rst_names import Names
from eventdocs.extraction._rst_nodes import (
    Code,
    DefinitionList,
    FieldList,
    Footnote,
    Heading,
    ListBlock,
    Nodes,
    Paragraph,
    Quote,
    TableBlock,
)
from eventdocs.extraction._rst_prose import RstProse
from eventdocs.extraction._source import SourceText
from eventdocs.ir import CrossReference, Definition, Formula, Section, Table, to_json
from eventdocs.types import digest_of

Seen = list[tuple[str, str]]
"""What a parser saw, in reading order: the kind of a block or mark, and its text."""

FIRST = "Title {n}\n=========\n\n"
BLOCKS = st.sampled_from(
    [
        "Title {n}\n=========\n\n",
        "Part of {n}\n-----------\n\n",
        "Text with *one* and **two** and ``three``\nand `four` and :math:`x_{n}`.\n\n",
        "a*b*c, *d*e, (*f*), '*'g, **h\n**, ``i``` \\*j* k\\ *l*\\ m\n\n",
        "Refer to five_ and `six seven`_ and `eight <https://a.example/{n}>`__.\n\n",
        "- item {n}\n- other\n\n  - inner\n\n  para\n\n",
        "* not\n+ the same\n\n",
        "1. one\n2. two\n   more\n\n   #. inner\n\n",
        "iv. four\nv. five\n\n",
        "A. Einstein was {n}\nand so on\n\n",
        "(a) first\n(b) second\n\n#. auto\n#. auto\n\n",
        "term {n}\n  body\n\n  more\nother : class\n  body *two*\n\n",
        ":field {n}: body\n:other: body\n   more\n\n",
        "-a  option {n}\n--long=VALUE, -x  other\n    more\n\n",
        "| line {n}\n| other\n  more\n\n",
        "  quoted {n}\n\n    twice\n\n",
        "code {n}::\n\n  *not read*\n\n",
        "code {n}::\n\n> quoted\n> code\n\n",
        ">>> code {n}\n1\n\n",
        "====  ====\nA{n}    B\n====  ====\na     *b*\n\n      - c\n====  ====\n\n",
        "+-----+-----+\n| a   | - b |\n|     +-----+\n|     | *c* |\n+=====+=====+\n| d   | e   |\n+-----+-----+\n\n",
        "表 {n}\n======\n\n+------+----+\n| 表   | b  |\n+------+----+\n\n",
        ".. comment {n}\n   *more*\n\n",
        ".. _target {n}: https://a.example/\n\n",
        ".. [#] note *{n}*\n\n.. [Cit{n}] cited\n   more\n\n",
        "----------\n\n",
        "text {n}\n  indented after\nback\n\n",
        "two\nlines {n}\n  indented after\n\n",
        "..\n\n  quoted after {n}\n\n",
        "tab {n}\n\tbody\n\n",
    ]
)  # fmt: skip
DOCUMENTS = st.lists(BLOCKS, max_size=8).map(
    # The first title makes every other one a level that docutils accepts where it stands.
    lambda blocks: "".join(block.format(n=n) for n, block in enumerate([FIRST, *blocks]))
)
INLINE = st.text(alphabet="ab *`\\(),.é表'\n", max_size=40).map(lambda text: f"x{text}")
FAST = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=40)
_KINDS = {"strong": "strong", "emphasis": "emphasis", "code": "literal"}


def by_docutils(text: str) -> Seen:
    """Parse by docutils itself."""
    options: Any = get_default_settings(Parser)
    options.report_level = options.halt_level = 5
    options.warning_stream = False
    options.file_insertion_enabled = options.raw_enabled = False
    document = new_document("", options)
    Parser().parse(text, document)
    return list(_docutils(document))


def _docutils(node: nodes.Element) -> Iterator[tuple[str, str]]:
    for child in node.children:
        match child:
            case nodes.system_message() | nodes.comment() | nodes.problematic():
                pass
            case nodes.emphasis() | nodes.title_reference():
                yield "emphasis", _one_line(child.astext())
            case nodes.strong() | nodes.literal():
                yield type(child).__name__, _one_line(child.astext())
            case nodes.literal_block() | nodes.doctest_block():
                yield "literal_block", _one_line(child.astext())
            case nodes.paragraph() | nodes.title() | nodes.term():
                yield type(child).__name__, _one_line(child.astext())
                yield from _docutils(child)
            case nodes.block_quote() | nodes.list_item() | nodes.entry() | nodes.field():
                yield type(child).__name__, ""
                yield from _docutils(child)
            case nodes.Element():
                yield from _docutils(child)
            case _:
                pass


def by_us(text: str) -> Seen:
    """Parse by the parser under test."""
    names = Names()
    blocks = BlockParser(names, 50).parse(_lines(text), titles=True)
    prose = RstProse(names, _as_written)
    return list(_ours(blocks, prose))


def _as_written(latex: str, *, display: bool) -> str:
    assert not display
    return latex


def _lines(text: str) -> Lines:
    return whole(SourceText(text, digest_of(text.encode())))


def _ours(blocks: Nodes, prose: RstProse) -> Iterator[tuple[str, str]]:
    for block in blocks:
        match block:
            case Paragraph():
                yield from _text("paragraph", block.lines, prose)
            case Heading():
                yield from _text("title", block.lines, prose)
            case Quote() | Footnote():
                if isinstance(block, Quote):
                    yield "block_quote", ""
                yield from _ours(block.blocks, prose)
            case ListBlock():
                for item in block.items:
                    yield "list_item", ""
                    yield from _ours(item, prose)
            case DefinitionList():
                for each in block.items:
                    term = each.terms[0].texts[0].partition(" : ")[0]
                    yield from _text("term", each.terms[0].window(0, 1, [(0, len(term))]), prose)
                    yield from _ours(each.blocks, prose)
            case FieldList():
                for each in block.items:
                    yield "field", ""
                    yield from _ours(each.blocks, prose)
            case TableBlock():
                for cell in block.cells:
                    yield "entry", ""
                    yield from _ours(cell.blocks, prose)
            case Code():
                yield "literal_block", _one_line(" ".join(block.lines.texts))
            case _:
                pass


def _text(kind: str, lines: Lines, prose: RstProse) -> Iterator[tuple[str, str]]:
    read = prose.read(lines.passage())
    yield kind, _one_line(read.text)
    for mark in read.marks:
        if mark.kind in _KINDS:
            yield _KINDS[mark.kind], _one_line(read.text[mark.start : mark.end])


def _one_line(text: str) -> str:
    return " ".join(re.sub("[\0\ufffc]", "", text).split())


def _without(seen: Seen, *kinds: str) -> Seen:
    return [each for each in seen if each[0] not in kinds]


class TestAgainstDocutils:
    @FAST
    @given(DOCUMENTS)
    def test_sees_the_same_blocks(self, text: str) -> None:
        """Blocks and marks are those of docutils, in order, with the same text."""
        theirs = by_docutils(text)

        # In docutils, the items of option lists are no list items.
        assert _comparable(by_us(text)) == _comparable(theirs)

    @FAST
    @given(INLINE)
    def test_sees_the_same_marks(self, text: str) -> None:
        """Whatever characters meet, what docutils takes for a mark is one."""
        theirs = _without(by_docutils(text), "paragraph", "term", "block_quote")

        assert _without(by_us(text), "paragraph", "term", "block_quote") == theirs


def _comparable(seen: Seen) -> Seen:
    return [each for each in seen if each != ("list_item", "")]


class TestPlaces:
    @FAST
    @given(DOCUMENTS, st.sampled_from(["\n", "\r\n", "\r"]))
    def test_are_exact(self, text: str, ending: str) -> None:
        """Every span lies in the text, and holds the raw text of what it is the span of."""
        text = text.replace("\n", ending)

        extraction = extract(text.encode(), source_name="a.rst")

        for each in extraction.ir.entities:
            start, end = each.span.start, each.span.end
            assert start is not None
            assert end is not None
            written = extraction.text[start:end]
            assert written == written.strip() != ""
            match each:
                case Formula():
                    assert written == each.raw
                case Section():
                    assert each.title in written
                case Definition():
                    assert written.startswith(each.term)
                case CrossReference():
                    assert written.strip("`_:[]")[0] in each.text
                case Table():
                    _check_cells(extraction, each)


def _check_cells(extraction: Extraction, table: Table) -> None:
    for cell in table.cells:
        if cell.span is not None and cell.text.isalnum():
            assert cell.text in extraction.text[cell.span.start : cell.span.end]


class TestThreads:
    @pytest.mark.once
    def test_read_side_by_side_what_they_read_alone(self) -> None:
        """Roles and defaults of one document are not those of another one, nor of docutils."""
        texts = [
            f".. default-role:: {role}\n.. role:: mine({role})\n\n"
            + f"`x_{n}` and :mine:`y_{n}`\n\n.. |s| replace:: {n}\n\n|s|\n" * 20
            for n in range(8)
            for role in ("math", "strong", "code")
        ]
        known = dict(_registered(roles)), dict(_registered(directives))
        alone = [_bytes(text) for text in texts]

        with ThreadPoolExecutor(8) as pool:
            together = list(pool.map(_bytes, texts * 3))

        assert together == alone * 3
        assert (dict(_registered(roles)), dict(_registered(directives))) == known


def _registered(module: Any) -> dict[str, object]:
    return {
        f"{name}:{key}": value
        for name in ("_roles", "_role_registry", "_directives", "_directive_registry")
        for key, value in getattr(module, name, {}).items()
    }


def _bytes(text: str) -> bytes:
    return to_json(extract(text.encode(), source_name="a.rst").ir)
