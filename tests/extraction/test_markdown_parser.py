import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from eventdocs.extraction._markdown_inline import place_of
from eventdocs.extraction._markdown_parser import Chunk, MarkdownParser
from eventdocs.extraction._prose import Passage

PIECES = st.sampled_from(
    ["a", "bc", " ", "  ", "\n", "\n\n", "*", "**", "_", "`", "``", "[", "]", "](", ")", "(u)", "![", "<b>",
     "<http://x.y>", "&amp;", "\\*", "\\", "~~", "é", "# ", "- ", "> ", "1. ", "---", "===", "```", "    ",
     "|", "\t", "<div>", "\n=\n", "\n-\n"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=40).map("".join)


def _commonmark() -> MarkdownIt:
    return MarkdownIt("commonmark").enable("strikethrough")


class TestBlocks:
    @given(text=TEXTS)
    def test_are_those_of_commonmark(self, text: str) -> None:
        """Paragraphs and headings are found as markdown-it finds them, for any text."""
        expected: list[Token] = []
        md = _commonmark()
        md.block.parse(text, md, {}, expected)

        found = MarkdownParser(max_nesting=20).blocks(text)

        assert _described(found) == _described(expected)

    @pytest.mark.parametrize(
        "paragraphs", ["a\nb\n\nc\n===\n", "a\n- b\nc\n", "> a\nb\n=\n", "a\n1. b"]
    )
    def test_keep_their_lines(self, paragraphs: str) -> None:
        """Blocks know their first line and the line after their last."""
        expected: list[Token] = []
        md = _commonmark()
        md.block.parse(paragraphs, md, {}, expected)

        found = MarkdownParser(max_nesting=20).blocks(paragraphs)

        assert [token.map for token in found if token.type.endswith("_open")] == [
            token.map for token in expected if token.type.endswith("_open")
        ]


def _described(tokens: list[Token]) -> list[tuple[str, str, str]]:
    return [(token.type, token.tag, token.content) for token in tokens]


class TestInline:
    @given(text=TEXTS.filter(lambda text: "\n\n" not in text))
    def test_reads_what_commonmark_reads(self, text: str) -> None:
        """Emphasis, links, code and text are those of markdown-it, for any text."""
        expected: list[Token] = []
        md = _commonmark()
        md.inline.parse(text, md, {}, expected)

        found = MarkdownParser(max_nesting=20).inline(Passage(text, [(0, 0)]))

        assert _flat(found if found is not None else [_text(text)]) == _flat(expected)

    @given(text=TEXTS)
    def test_knows_where_each_token_stands(self, text: str) -> None:
        """Every token has a place, and literal text stands at its place character by character."""
        for token in MarkdownParser(max_nesting=20).inline(Passage(text, [(0, 0)])) or []:
            start, end = place_of(token)
            assert 0 <= start <= end <= len(text)
            if token.type == "text" and token.content:
                assert text[start:end] == token.content


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _flat(tokens: list[Token]) -> list[tuple[str, str]]:
    """Tokens with runs of text joined, and white space around line breaks left out."""
    flat: list[tuple[str, str]] = []
    for token in tokens:
        kind = "text" if token.type == "text_special" else token.type
        if kind == "text" and flat and flat[-1][0] == "text":
            flat[-1] = ("text", flat[-1][1] + token.content)
        elif kind != "text" or token.content:
            flat.append((kind, token.content))
    joined = "".join(
        "\n" if kind in {"softbreak", "hardbreak"} else f"<{kind}>{content}"
        for kind, content in flat
    )
    return [
        ("all", re.sub(r"<text>|[ \t]*\n[ \t]*", lambda m: "\n" if "\n" in m[0] else "", joined))
    ]


class TestPassages:
    @pytest.mark.parametrize(
        ("text", "content"),
        [
            ("> a b\n> c d", "a b\nc d"),
            ("- a b\n  c d", "a b\nc d"),
            ("> - a b\n>   c d", "a b\nc d"),
            ("> a b\nc d", "a b\nc d"),
            ("   a b\n\t c d  ", "a b\nc d"),
            ("# a b #", "a b"),
        ],
    )
    def test_know_where_their_lines_stand(self, text: str, content: str) -> None:
        """The text of a block is found behind whatever its lines are prefixed with."""
        lines = text.split("\n")
        starts = [sum(len(line) + 1 for line in lines[:n]) for n in range(len(lines))]
        chunk = Chunk(lines, starts)
        [inline] = [
            token for token in MarkdownParser(max_nesting=20).blocks(text) if token.type == "inline"
        ]

        passage = chunk.passage(inline.content, 0)

        assert passage.content.split() == content.split()
        for word in re.finditer(r"\w", passage.content):
            start, end = passage.range(*word.span())
            assert text[start:end] == word[0]

    @given(text=st.text(alphabet="ab \n", min_size=1, max_size=60), data=st.data())
    def test_can_be_cut(self, text: str, data: st.DataObject) -> None:
        """A part of a passage stands where it stood in the whole."""
        passage = Passage(text, [(0, 100), (len(text) // 2, 500)])
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start + 1, len(text)))

        part = passage.part(start, end)

        assert part.content == text[start:end]
        assert [part.at(n) for n in range(end - start)] == [
            passage.at(n) for n in range(start, end)
        ]
