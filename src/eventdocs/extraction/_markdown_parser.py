"""The Markdown parser: CommonMark, GitHub's tables, and what pandoc and MyST add."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin
from typing_extensions import override

from eventdocs.extraction._markdown_blocks import add_block_rules
from eventdocs.extraction._markdown_inline import PlacedInline
from eventdocs.extraction._markdown_inline_rules import add_inline_rules
from eventdocs.extraction._markdown_paragraphs import add_paragraph_rules
from eventdocs.extraction._markdown_tables import add_table_rules
from eventdocs.extraction._prose import Passage

__all__ = ["LIBRARY", "Chunk", "MarkdownParser", "split"]

LIBRARY = (
    f"markdown-it-py {version('markdown-it-py')}, mdit-py-plugins {version('mdit-py-plugins')}"
)

_LONGEST_PASSAGE = 8_000
_MARKUP = frozenset("\\`*_~[]<&$^@!{")


class _Markdown(MarkdownIt):
    @override
    def normalizeLink(self, url: str) -> str:
        return url

    @override
    def validateLink(self, url: str) -> bool:
        return True


class Chunk:
    """Lines that are parsed together, and where each of them begins in the document."""

    def __init__(self, lines: Sequence[str], starts: Sequence[int]) -> None:
        self.lines = lines
        self._starts = starts
        self.source = "\n".join(lines)
        self._offsets: list[int] = []
        offset = 0
        for line in lines:
            self._offsets.append(offset)
            offset += len(line) + 1

    def place(self, start: int, end: int) -> tuple[int, int]:
        """Where the characters from *start* to *end* of the source are in the document."""
        first = self._at(start)
        return first, (self._at(end - 1) + 1 if end > start else first)

    def line_place(self, first: int, after: int) -> tuple[int, int]:
        """Where lines are in the document, without white space around them."""
        # What was opened in the last line, and not closed, begins behind it.
        first, after = min(first, len(self.lines) - 1), min(after, len(self.lines))
        while after > first + 1 and not self.lines[after - 1].strip():
            after -= 1
        last = max(first, after - 1)
        text = self.lines[first]
        start = self._starts[first] + len(text) - len(text.lstrip())
        return start, max(start, self._starts[last] + len(self.lines[last].rstrip()))

    def passage(self, content: str, first_line: int) -> Passage:
        """Find the lines of a block's text in the source, whatever stands before them there."""
        written: list[str] = []
        pieces: list[tuple[int, int]] = []
        offset = 0
        for number, line in enumerate(content.split("\n"), first_line):
            text = line.lstrip(" \t")
            full = self.lines[number] if number < len(self.lines) else ""
            bare = full.rstrip() if not full.endswith(text) else full
            at = len(bare) - len(text) if bare.endswith(text) else max(0, full.rfind(text))
            pieces.append((offset, self._starts[min(number, len(self._starts) - 1)] + at))
            written.append(text)
            offset += len(text) + 1
        return Passage("\n".join(written), pieces)

    def _at(self, offset: int) -> int:
        line = bisect_right(self._offsets, offset) - 1
        return self._starts[line] + offset - self._offsets[line]


class MarkdownParser:
    """Parses blocks at once and inline text piece by piece, so that memory stays small."""

    def __init__(self, max_nesting: int) -> None:
        md = _Markdown("commonmark", {"maxNesting": max_nesting})
        md.inline = PlacedInline()
        md.configure("commonmark")
        md.options["maxNesting"] = max_nesting
        md.enable(["table", "strikethrough"])
        md.use(deflist_plugin).use(myst_block_plugin)
        md.use(footnote_plugin, inline=False, move_to_end=False)
        md.inline.ruler.disable("footnote_ref")
        add_table_rules(md)
        add_block_rules(md)
        add_paragraph_rules(md)
        add_inline_rules(md)
        self._md = md
        self.env: dict[str, Any] = {"references": {}}

    def blocks(self, source: str) -> list[Token]:
        """Parse the block structure; inline text stays unparsed in its tokens."""
        tokens: list[Token] = []
        self.env.pop("searched", None)
        self._md.block.parse(source, self._md, self.env, tokens)
        return tokens

    def inline(self, passage: Passage) -> list[Token] | None:
        """Parse the text of a block; None if there is no markup in it."""
        if _MARKUP.isdisjoint(passage.content):
            return None
        tokens: list[Token] = []
        self._md.inline.parse(passage.content, self._md, self.env, tokens)
        return tokens


def split(passage: Passage) -> Iterator[Passage]:
    """Cut a passage of extraordinary length at white space.

    Some markup takes time that grows with the square of its paragraph's length.
    """
    content = passage.content
    if len(content) <= _LONGEST_PASSAGE:
        yield passage
        return
    start = 0
    while start < len(content):
        end = min(start + _LONGEST_PASSAGE, len(content))
        if end < len(content):
            cut = max(content.rfind("\n", start, end), content.rfind(" ", start, end))
            end = cut + 1 if cut > start else end
        yield passage.part(start, end)
        start = end
