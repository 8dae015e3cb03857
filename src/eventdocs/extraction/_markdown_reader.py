"""The Markdown reader: blocks in order, read into a draft of the document's meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import attrs
from markdown_it.token import Token

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._blocks import Blocks
from eventdocs.extraction._captions import Caption, read_caption
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._headings import Slugs
from eventdocs.extraction._markdown_blocks import Directive
from eventdocs.extraction._markdown_parser import Chunk, MarkdownParser, split
from eventdocs.extraction._markdown_table_reader import (
    drawn_table,
    list_table,
    matching,
    pipe_table,
)
from eventdocs.extraction._markdown_text import MarkdownText
from eventdocs.extraction._prose import Passage, Prose
from eventdocs.extraction._references import References
from eventdocs.extraction._tables import declared_count

__all__ = ["MarkdownReader"]

_HTML_ID = re.compile(r"<\w[^<>]*?\s(?:id|name)\s*=\s*[\"']?([^\s\"'<>]+)", re.IGNORECASE)
_TABLES = {"pipe_table", "drawn_table"}


@attrs.frozen
class _Here:
    """A place in a stream of tokens."""

    tokens: Sequence[Token]
    at: int
    chunk: Chunk

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    @property
    def lines(self) -> tuple[int, int]:
        first, after = self.token.map or (0, 0)
        return first, after

    def following(self, distance: int) -> Token | None:
        at = self.at + distance
        return self.tokens[at] if at < len(self.tokens) else None


class MarkdownReader:
    """Walks over block tokens and adds what they mean to a draft."""

    def __init__(
        self,
        draft: Draft,
        parser: MarkdownParser,
        formulas: FormulaReader,
        anchors: Anchors,
        references: References,
    ) -> None:
        self._draft = draft
        self._parser = parser
        self._anchors = anchors
        self._text = MarkdownText(draft, parser, formulas, anchors, references)
        self._blocks = Blocks(draft, self._text, formulas, anchors)
        self._slugs = Slugs()
        # A handler reads a token, and returns where to go on unless that is the next one.
        self._handlers: dict[str, Callable[[_Here], int | None]] = {
            "heading_open": self._heading,
            "inline": self._paragraph,
            "math_block": self._math_block,
            "directive": self._raw_directive,
            "directive_open": self._directive_open,
            "directive_close": self._directive_close,
            "pipe_table": self._pipe_table,
            "drawn_table": self._drawn_table,
            "fence": self._code,
            "code_block": self._code,
            "html_block": self._html,
            "attributes": self._named,
            "myst_target": self._named,
            "footnote_reference_open": self._footnote,
            "dl_open": self._deflist,
            "dl_close": self._deflist,
            "dt_open": self._term,
            "dd_open": self._body,
            "bullet_list_open": self._list,
            "ordered_list_open": self._list,
            "bullet_list_close": self._list,
            "ordered_list_close": self._list,
            "list_item_open": self._item,
            "blockquote_open": self._quote,
            "blockquote_close": self._quote,
        }

    def read(self, tokens: Sequence[Token], chunk: Chunk) -> None:
        """Read all *tokens* of a document, whose lines are those of *chunk*."""
        self._walk(tokens, chunk)
        self._blocks.finish()

    def _walk(self, tokens: Sequence[Token], chunk: Chunk) -> None:
        at = 0
        while at < len(tokens):
            handler = self._handlers.get(tokens[at].type)
            at = (handler(_Here(tokens, at, chunk)) if handler else None) or at + 1

    # Text

    def _heading(self, here: _Here) -> int:
        inline = here.tokens[here.at + 1]
        prose = self._text.read(here.chunk.passage(inline.content, here.lines[0]))
        title = " ".join(prose.text.split())
        explicit = [mark.content for mark in prose.marks if mark.kind == "anchor"]
        slugs = self._slugs.of(title, explicit[0] if explicit else None)
        self._blocks.heading(
            prose,
            here.chunk.line_place(*here.lines),
            level=int(here.token.tag[1:]),
            names=[*explicit, *self._blocks.take_names(), *slugs],
        )
        return here.at + 3

    def _paragraph(self, here: _Here) -> None:
        following = here.following(2)
        before_table = following is not None and following.type in _TABLES
        for passage in split(here.chunk.passage(here.token.content, here.lines[0])):
            prose = self._text.read(passage)
            if len(prose) or prose.marks:
                self._read_paragraph(prose, passage, before_table=before_table)

    def _read_paragraph(self, prose: Prose, passage: Passage, *, before_table: bool) -> None:
        anchors = list(prose.marks_in(0, len(prose), "anchor"))
        if anchors and not prose.text.strip():
            # Nothing but an anchor: it names what comes next.
            for mark in anchors:
                self._blocks.name(mark.content)
            return
        self._blocks.paragraph(prose, passage, before_table=before_table)

    # Formulas

    def _math_block(self, here: _Here) -> None:
        start, end = here.token.meta["content"]
        place = self._draft.stripped(here.chunk.place(start, end))
        self._display(here.token.content, place, here.token.meta["label"])

    def _display(self, latex: str, place: tuple[int, int], label: str | None) -> None:
        names = [*filter(None, [label]), *self._blocks.take_names()]
        self._blocks.display(latex, place, names=names)

    def _raw_directive(self, here: _Here) -> None:
        directive: Directive = here.token.meta["directive"]
        if directive.name != "math":
            if directive.label:
                self._anchors.thing(directive.label, "directive")
            self._blocks.take_names()
            return
        lines = here.chunk.lines
        first = directive.start if directive.argument else directive.first
        start, end = here.chunk.line_place(first, directive.end)
        if directive.argument:
            start += lines[first].strip().find(directive.argument)
        content = "\n".join(filter(None, (directive.argument, here.token.content)))
        self._display(content, (start, max(start, end)), directive.label)

    def _code(self, here: _Here) -> None:
        token, (first, after) = here.token, here.lines
        if token.type == "fence" and token.info.strip().lower() in {"math", "latex-math"}:
            last = after - 1 if after - first > 1 else after
            self._display(token.content, here.chunk.line_place(first + 1, last), None)
            return
        self._blocks.code(token.content, here.chunk.line_place(first, after))

    # Names

    def _named(self, here: _Here) -> None:
        if here.token.content:
            self._blocks.name(here.token.content)
        if here.token.meta.get("glossary"):
            self._blocks.definitions.expect_glossary()

    def _html(self, here: _Here) -> None:
        for found in _HTML_ID.finditer(here.token.content):
            self._blocks.name(found[1])

    def _footnote(self, here: _Here) -> None:
        self._anchors.thing(f"^{here.token.meta['label']}", "footnote")

    # Tables

    def _pipe_table(self, here: _Here) -> None:
        raw = pipe_table(here.token, here.chunk, self._draft, self._text.cell)
        self._blocks.table(raw, names=self._blocks.take_names())

    def _drawn_table(self, here: _Here) -> None:
        raw = drawn_table(here.token, here.chunk, self._draft, self._text.cell, self._cell_blocks)
        self._blocks.table(raw, names=self._blocks.take_names())

    def _list_table(self, tokens: Sequence[Token], chunk: Chunk, directive: Directive) -> None:
        header = (
            declared_count(directive.options, "header-rows"),
            declared_count(directive.options, "stub-columns"),
        )
        raw = list_table(tokens, chunk, self._draft, header, self._cell_tokens)
        if raw is not None:
            self._blocks.table(raw, names=self._blocks.take_names())

    def _cell_blocks(self, chunk: Chunk) -> Prose:
        return self._cell_tokens(self._parser.blocks(chunk.source), chunk)

    def _cell_tokens(self, tokens: Sequence[Token], chunk: Chunk) -> Prose:
        with self._blocks.cell() as region:
            self._walk(tokens, chunk)
        return region

    # Containers

    def _directive_open(self, here: _Here) -> int | None:
        directive: Directive = here.token.meta["directive"]
        is_figure = directive.name.startswith("figure")
        if directive.label:
            self._blocks.name(directive.label, "figure" if is_figure else "directive")
        elif directive.name == "figure-md" and directive.argument:
            self._blocks.name(directive.argument, "figure")
        if directive.name in {"table", "list-table"} and directive.argument:
            text = self._text.read(here.chunk.passage(directive.argument, directive.start)).text
            self._blocks.tables.expect(read_caption(text) or Caption("table", None, text.strip()))
        end = matching(here.tokens, here.at)
        if directive.name == "list-table":
            self._list_table(here.tokens[here.at + 1 : end], here.chunk, directive)
            return end
        if directive.name == "glossary":
            self._blocks.definitions.expect_glossary()
            if here.tokens[here.at + 1].type != "dl_open":
                self._indented_glossary(directive, here.chunk)
                return end
        return None

    def _directive_close(self, here: _Here) -> None:
        directive: Directive = here.token.meta["directive"]
        if directive.name == "glossary":
            self._blocks.definitions.forget_glossary()

    def _indented_glossary(self, directive: Directive, chunk: Chunk) -> None:
        """Read a glossary as reStructuredText writes it: terms, and below them what they mean."""
        self._blocks.definitions.begin([])
        line = directive.first
        while line < directive.end:
            text = chunk.lines[line]
            after = line + 1
            while after < directive.end and chunk.lines[after][:1] in {"", " ", "\t"}:
                after += 1
            if text.strip():
                self._blocks.definitions.term(self._text.cell(chunk.passage(text.strip(), line)))
                body = "\n".join(chunk.lines[line + 1 : after])
                if body.strip():
                    region = self._blocks.definitions.body(chunk.line_place(line + 1, after))
                    region.extend(self._text.cell(chunk.passage(body, line + 1)))
            line = after
        self._blocks.definitions.end()

    def _deflist(self, here: _Here) -> int | None:
        if here.token.nesting < 0:
            self._blocks.end_definitions()
            return None
        self._blocks.part()
        end = matching(here.tokens, here.at)
        if _is_code(here):
            self._paragraph(_Here(here.tokens, here.at + 2, here.chunk))
            return end + 1
        following = here.tokens[end + 1] if end + 1 < len(here.tokens) else None
        if following is not None and following.type in _TABLES:
            caption = _is_caption(here.tokens[here.at : end])
            if caption is not None:
                # A line, and below it the caption of a table: it only looks like a definition.
                self._paragraph(_Here(here.tokens, here.at + 2, here.chunk))
                text = self._text.read(here.chunk.passage(caption.content, (caption.map or [0])[0]))
                self._blocks.tables.expect(
                    read_caption(text.text) or Caption("table", None, text.text.strip())
                )
                return end + 1
        self._blocks.begin_definitions(self._blocks.take_names())
        return None

    def _term(self, here: _Here) -> int:
        inline = here.tokens[here.at + 1]
        prose = self._text.read(here.chunk.passage(inline.content, (inline.map or [0])[0]))
        self._blocks.term(prose)
        return here.at + 3

    def _body(self, here: _Here) -> None:
        self._blocks.body(here.chunk.line_place(*here.lines))

    def _list(self, here: _Here) -> None:
        if here.token.nesting > 0:
            self._blocks.begin_list()
        else:
            self._blocks.end_list()

    def _item(self, here: _Here) -> None:
        self._blocks.item(begins=here.token.nesting > 0)

    def _quote(self, here: _Here) -> None:
        if here.token.nesting > 0:
            self._blocks.begin_quotation()
        else:
            self._blocks.end_quotation()


def _is_code(here: _Here) -> bool:
    """Whether the first body of a list is indented so far that it is a code block."""
    # The body begins behind the three tokens of the first term.
    body = here.tokens[here.at + 4]
    term, marker = (here.chunk.lines[token.map[0]] for token in (here.token, body) if token.map)
    return _indent(marker) - _indent(term) >= 4


def _indent(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())


def _is_caption(tokens: Sequence[Token]) -> Token | None:
    """Find the only paragraph of a list with one term and one short body."""
    kinds = [token.type for token in tokens]
    one = kinds.count("dt_open") == kinds.count("dd_open") == 1 and kinds.count("inline") == 2
    return next(token for token in reversed(tokens) if token.type == "inline") if one else None
