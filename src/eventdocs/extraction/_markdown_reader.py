"""The Markdown reader: blocks in order, read into a draft of the document's meaning."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from uuid import UUID

import attrs
from markdown_it.token import Token

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._captions import Caption, read_caption
from eventdocs.extraction._definitions import ProseDefinitions
from eventdocs.extraction._draft import Draft, Place
from eventdocs.extraction._formulas import FormulaReader, ReadFormula
from eventdocs.extraction._headings import Slugs, heading_number
from eventdocs.extraction._latex import labels, references, tag
from eventdocs.extraction._linear import linear
from eventdocs.extraction._markdown_blocks import Directive
from eventdocs.extraction._markdown_deflists import DefinitionLists
from eventdocs.extraction._markdown_parser import Chunk, MarkdownParser, split
from eventdocs.extraction._markdown_prose import ProseBuilder
from eventdocs.extraction._markdown_table_reader import drawn_table, list_table, matching, pipe_table
from eventdocs.extraction._plain_formula import as_latex
from eventdocs.extraction._prose import Passage, Prose
from eventdocs.extraction._references import References
from eventdocs.extraction._table_terms import define_rows
from eventdocs.extraction._tables import RawTable, add_table
from eventdocs.extraction._where import opens_list

__all__ = ["MarkdownReader"]

_HTML_ID = re.compile(r"<\w[^<>]*?\s(?:id|name)\s*=\s*[\"']?([^\s\"'<>]+)", re.IGNORECASE)
_NUMBER_LABEL = re.compile(r"\d+(?:\.\d+)*[a-z]?|[A-Z]\.?\d+(?:\.\d+)*")
_TRAILING_NUMBER = re.compile(r"\\(?:q?quad|hspace\*?\{[^{}]*\}|hfill)\s*\(\s*([A-Z]?\.?\d+(?:\.\d+)*[a-z]?)\s*\)\s*$")
_TABLES = {"pipe_table", "drawn_table"}


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
        self._formulas = formulas
        self._anchors = anchors
        self._references = references
        self._definitions = ProseDefinitions(draft, formulas)
        self._deflists = DefinitionLists(draft, formulas, anchors)
        self._slugs = Slugs()
        self._waiting: list[str] = []
        self._regions: list[Prose] = []
        self._quotes = 0
        self._lists: list[bool] = []
        self._item_begins = False
        self._in_cell = False
        self._after_formula = False
        self._names: list[str] = []
        self._announces_meanings = False
        self._caption: Caption | None = None
        self._uncaptioned: int | None = None
        self._directives: list[Directive] = []
        self._handlers: dict[str, Callable[[Sequence[Token], int, Chunk], int]] = {
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
            "bullet_list_close": self._list_end,
            "ordered_list_close": self._list_end,
            "list_item_open": self._item,
            "blockquote_open": self._quote,
            "blockquote_close": self._quote,
        }

    def walk(self, tokens: Sequence[Token], chunk: Chunk) -> None:
        """Read *tokens*, whose lines are those of *chunk*."""
        at = 0
        while at < len(tokens):
            handler = self._handlers.get(tokens[at].type)
            at = handler(tokens, at, chunk) if handler else at + 1

    # Text

    def _prose(self, passage: Passage) -> Prose:
        builder = ProseBuilder(passage, self._linear)
        tokens = self._parser.inline(passage)
        return builder.plain() if tokens is None else builder.build(tokens)

    def _linear(self, latex: str, display: bool) -> str:
        return self._formulas.read(latex.strip(), display=display).text

    def _commit(self, prose: Prose, *, numbered: bool = False) -> None:
        """Add the formulas, anchors and references of a stretch of prose."""
        for index, mark in enumerate(prose.marks):
            if mark.kind == "formula":
                local = self._formula(mark.content, mark.source, display=mark.detail == "display")
                if local is not None:
                    prose.marks[index] = attrs.evolve(mark, entity=local)
            elif mark.kind == "anchor":
                self._anchors.thing(mark.content, "anchor")
            elif mark.kind == "image":
                self._figure(read_caption(prose.text[mark.start : mark.end]))
        self._references.read(prose, numbered=numbered)

    def _figure(self, caption: Caption | None) -> None:
        if caption is not None and caption.kind == "figure":
            if caption.number:
                self._anchors.thing(f"Figure {caption.number}", "figure")
            if caption.label:
                self._anchors.thing(caption.label, "figure")

    def _note(self, prose: Prose) -> None:
        for region in self._regions:
            region.extend(prose)

    def _heading(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        opening, inline = tokens[at], tokens[at + 1]
        lines = opening.map or [0, 0]
        self._begin_block()
        prose = self._prose(chunk.passage(inline.content, lines[0]))
        title = " ".join(prose.text.split())
        explicit = [mark.content for mark in prose.marks if mark.kind == "anchor"]
        names = [*explicit, *self._take_names(), *self._slugs.of(title)]
        if self._quotes or self._lists or self._in_cell:
            for name in names:
                self._anchors.thing(name, "heading")
        else:
            local = self._draft.heading(
                chunk.line_place(*lines),
                title=title,
                level=int(opening.tag[1:]),
                number=heading_number(title),
                anchor=names[0] if names else None,
            )
            for name in names:
                self._anchors.entity(name, local)
        self._commit(prose, numbered=True)
        self._note(prose)
        self._names = []
        return at + 3

    def _paragraph(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        token = tokens[at]
        first = (token.map or [0])[0]
        following = tokens[at + 2].type if at + 2 < len(tokens) else ""
        for passage in split(chunk.passage(token.content, first)):
            prose = self._prose(passage)
            if len(prose):
                self._read_paragraph(prose, passage, before_table=following in _TABLES)
        return at + 1

    def _read_paragraph(self, prose: Prose, passage: Passage, *, before_table: bool) -> None:
        label = next((mark.content for mark in prose.marks if mark.kind == "anchor"), None)
        caption = None if self._in_cell else read_caption(prose.text.strip(), label)
        table, self._uncaptioned = self._uncaptioned, None
        self._caption = None
        if caption is not None:
            self._figure(caption)
            if caption.kind == "table":
                self._table_caption(caption, table, before_table=before_table)
            self._commit(prose, numbered=True)
            self._note(prose)
            return
        self._take_names()
        self._commit(prose)
        self._note(prose)
        if self._in_cell:
            return
        is_item = self._item_begins and bool(self._lists) and self._lists[-1]
        self._item_begins = False
        if "=" in passage.content:
            self._plain_equations(passage, prose)
        if not (is_item and self._definitions.where_item(prose)):
            self._definitions.read(
                prose,
                names=self._names,
                after_formula=self._after_formula,
                in_list=bool(self._lists),
            )
        self._announces_meanings = opens_list(prose.text.rstrip())
        last = prose.marks[-1] if prose.marks else None
        self._after_formula = (
            last is not None and last.detail == "display" and last.end >= len(prose.text.rstrip()) - 1
        )

    def _plain_equations(self, passage: Passage, prose: Prose) -> None:
        """Find lines that are equations without being marked as such."""
        if any(mark.kind in {"formula", "code", "link"} for mark in prose.marks):
            return
        start = 0
        for line in passage.content.split("\n"):
            latex = as_latex(line) if "=" in line else None
            if latex is not None:
                read = self._formulas.read(latex, display=True)
                left = start + len(line) - len(line.lstrip())
                place = passage.range(left, start + len(line.rstrip()))
                self._draft.formula(
                    place, read, display=True, notation="text", method="pattern", confidence=0.7
                )
                self._remember(read)
            start += len(line) + 1

    def _begin_block(self) -> None:
        self._caption = None
        self._uncaptioned = None
        self._after_formula = False
        self._announces_meanings = False

    # Formulas

    def _math_block(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        token = tokens[at]
        start, end = token.meta["content"]
        self._display(token.content, self._stripped(chunk.place(start, end)), token.meta["label"])
        return at + 1

    def _display(self, latex: str, place: Place, label: str | None) -> None:
        known = self._names if self._after_formula else []
        self._caption = self._uncaptioned = None
        self._names = known
        if self._formula(latex, place, display=True, label=label) is not None:
            self._after_formula = True
        prose = Prose()
        prose.add(self._linear(latex, True), place)
        self._note(prose)

    def _formula(
        self, latex: str, place: Place, *, display: bool, label: str | None = None
    ) -> UUID | None:
        if "\\newcommand" in latex or "\\def" in latex or "\\DeclareMath" in latex:
            latex = self._formulas.macros.without_definitions(latex)
        latex = latex.strip()
        if not latex:
            return None
        read = self._formulas.read(latex, display=display)
        trailing = _TRAILING_NUMBER.search(latex) if display else None
        number = tag(latex) or (trailing[1] if trailing else None)
        names = [*labels(latex), *(self._take_names() if display else ())]
        if label:
            names.insert(0, label)
            if number is None and _NUMBER_LABEL.fullmatch(label):
                number = label
        local = self._draft.formula(
            place, read, display=display, number=number, anchor=names[0] if names else None
        )
        for name in names:
            self._anchors.entity(name, local)
        if "ref" in latex:
            self._formula_references(place)
        if display:
            self._remember(read)
            self._further_definitions(read, place)
        return local

    def _formula_references(self, place: Place) -> None:
        raw = self._draft.source.text[place[0] : place[1]]
        for start, end, label in references(raw):
            self._references.formula_reference((place[0] + start, place[0] + end), label)

    def _further_definitions(self, read: ReadFormula, place: Place) -> None:
        """A formula defines one symbol; those of its further equations are definitions."""
        seen = {read.defines.key} if read.defines else set[str]()
        for statement in read.statements[1:]:
            symbol = statement.defines
            if symbol is not None and symbol.key not in seen:
                seen.add(symbol.key)
                self._draft.definition(
                    place,
                    term=linear(statement.left),
                    body=linear(statement.right),
                    body_place=place,
                    form="formula",
                    symbol=symbol,
                    method="markup",
                )

    def _remember(self, read: ReadFormula) -> None:
        """Keep the names in a formula, for the text behind it may say what they mean."""
        symbols = [variable.symbol for variable in read.variables]
        if read.defines is not None:
            symbols.append(read.defines)
        names = {symbol.base for symbol in symbols if len(symbol.base) > 1 and ":" not in symbol.base}
        self._names = list(dict.fromkeys([*self._names, *sorted(names)]))[-50:]
        self._after_formula = True

    def _stripped(self, place: Place) -> Place:
        start, end = place
        part = self._draft.source.text[start:end]
        return start + len(part) - len(part.lstrip()), max(start, start + len(part.rstrip()))

    def _raw_directive(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        token = tokens[at]
        directive: Directive = token.meta["directive"]
        if directive.name == "math":
            content = "\n".join(filter(None, (directive.argument, token.content)))
            first = directive.start if directive.argument else directive.first
            place = chunk.line_place(first, directive.end)
            if directive.argument:
                place = place[0] + chunk.lines[first].strip().find(directive.argument), place[1]
            self._display(content, place, directive.label)
        elif directive.label:
            self._anchors.thing(directive.label, "directive")
        self._take_names()
        return at + 1

    def _code(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        token = tokens[at]
        lines = token.map or [0, 0]
        if token.type == "fence" and token.info.strip().lower() in {"math", "latex-math"}:
            after = lines[1] - 1 if lines[1] - lines[0] > 1 else lines[1]
            self._display(token.content, chunk.line_place(lines[0] + 1, after), None)
            return at + 1
        self._begin_block()
        self._take_names()
        if self._regions:
            prose = Prose()
            prose.add(" ".join(token.content.split()), chunk.line_place(*lines))
            self._note(prose)
        return at + 1

    # Names

    def _named(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        token = tokens[at]
        if token.content:
            self._name(token.content, "anchor")
        if token.meta.get("glossary"):
            self._deflists.expect_glossary()
        return at + 1

    def _html(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        for found in _HTML_ID.finditer(tokens[at].content):
            self._name(found[1], "anchor")
        return at + 1

    def _footnote(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        self._anchors.thing(f"^{tokens[at].meta['label']}", "footnote")
        return at + 1

    def _name(self, name: str, kind: str) -> None:
        self._waiting.append(name)
        self._anchors.thing(name, kind)

    def _take_names(self) -> list[str]:
        names, self._waiting = self._waiting, []
        return names

    # Tables

    def _pipe_table(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        table = pipe_table(tokens[at], chunk, self._draft, self._cell)
        self._table(table)
        return at + 1

    def _drawn_table(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        table = drawn_table(tokens[at], chunk, self._draft, self._cell, self._cell_blocks)
        self._table(table)
        return at + 1

    def _list_table(self, tokens: Sequence[Token], chunk: Chunk, directive: Directive) -> None:
        header = (_count(directive, "header-rows"), _count(directive, "stub-columns"))
        table = list_table(tokens, chunk, self._draft, header, self._cell_tokens)
        if table is not None:
            self._table(table)

    def _table(self, raw: RawTable) -> None:
        caption, self._caption = self._caption, None
        names = self._take_names()
        if caption is not None and caption.label:
            names.insert(0, caption.label)
        index = add_table(
            self._draft,
            raw,
            caption=caption.title if caption else None,
            number=caption.number if caption else None,
            anchor=names[0] if names else None,
        )
        for name in names:
            self._anchors.entity(name, self._draft.entities[index].id.entity_id)
        define_rows(self._draft, raw)
        for cell in raw.cells:
            self._note(cell.prose)
        self._begin_block()
        self._uncaptioned = index if caption is None else None

    def _table_caption(self, caption: Caption, table: int | None, *, before_table: bool) -> None:
        if table is None or (before_table and caption.number):
            self._caption = caption
            return
        names = self._take_names()
        label = caption.label or (names[0] if names else None)
        self._draft.caption(table, caption=caption.title, number=caption.number, anchor=label)
        if label:
            self._anchors.entity(label, self._draft.entities[table].id.entity_id)

    def _cell(self, passage: Passage) -> Prose:
        prose = self._prose(passage)
        self._commit(prose)
        return prose

    def _cell_blocks(self, chunk: Chunk) -> Prose:
        return self._cell_tokens(self._parser.blocks(chunk.source), chunk)

    def _cell_tokens(self, tokens: Sequence[Token], chunk: Chunk) -> Prose:
        region = Prose()
        outer, self._regions = self._regions, [region]
        was_in_cell, self._in_cell = self._in_cell, True
        kept = self._caption, self._waiting
        self._waiting = []
        self.walk(tokens, chunk)
        self._caption, self._waiting = kept
        self._regions, self._in_cell = outer, was_in_cell
        return region

    # Containers

    def _directive_open(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        directive: Directive = tokens[at].meta["directive"]
        self._directives.append(directive)
        if directive.label:
            self._name(directive.label, "figure" if directive.name.startswith("figure") else "directive")
        elif directive.name == "figure-md" and directive.argument:
            self._name(directive.argument, "figure")
        if directive.name == "glossary":
            self._deflists.expect_glossary()
        elif directive.name in {"table", "list-table"} and directive.argument:
            text = self._prose(chunk.passage(directive.argument, directive.start)).text
            self._caption = read_caption(text) or Caption("table", None, text.strip())
        if directive.name == "list-table":
            end = matching(tokens, at)
            self._list_table(tokens[at + 1 : end], chunk, directive)
            return end
        if directive.name == "glossary" and tokens[at + 1].type != "dl_open":
            end = matching(tokens, at)
            self._indented_glossary(directive, chunk)
            return end
        return at + 1

    def _indented_glossary(self, directive: Directive, chunk: Chunk) -> None:
        """Read a glossary as reStructuredText writes it: terms, and indented below what they mean."""
        self._deflists.begin([])
        line = directive.first
        while line < directive.end:
            text = chunk.lines[line]
            if not text.strip():
                line += 1
                continue
            after = line + 1
            while after < directive.end and (
                not chunk.lines[after].strip() or chunk.lines[after][:1] in {" ", "\t"}
            ):
                after += 1
            self._deflists.term(self._cell(chunk.passage(text.strip(), line)))
            if after > line + 1 and any(each.strip() for each in chunk.lines[line + 1 : after]):
                body = self._deflists.body(chunk.line_place(line + 1, after))
                content = "\n".join(chunk.lines[line + 1 : after])
                if body is not None:
                    body.extend(self._cell(chunk.passage(content, line + 1)))
            line = after
        self._deflists.end()

    def _directive_close(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        if self._directives:
            directive = self._directives.pop()
            if directive.name == "glossary":
                self._deflists.forget_glossary()
        return at + 1

    def _deflist(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        if tokens[at].type == "dl_open":
            self._begin_block()
            self._deflists.begin(self._take_names())
        else:
            region = self._deflists.end()
            if region in self._regions:
                self._regions.remove(region)
        return at + 1

    def _term(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        inline = tokens[at + 1]
        prose = self._prose(chunk.passage(inline.content, (inline.map or [0])[0]))
        ended = self._deflists.term(prose)
        if ended in self._regions:
            self._regions.remove(ended)
        self._commit(prose)
        self._note(prose)
        return at + 3

    def _body(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        region = self._deflists.body(chunk.line_place(*(tokens[at].map or [0, 0])))
        if region is not None and region not in self._regions:
            self._regions.append(region)
        return at + 1

    def _list(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        self._lists.append(self._announces_meanings or self._after_formula)
        self._begin_block()
        return at + 1

    def _list_end(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        if self._lists:
            self._lists.pop()
        self._begin_block()
        return at + 1

    def _item(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        self._item_begins = True
        return at + 1

    def _quote(self, tokens: Sequence[Token], at: int, chunk: Chunk) -> int:
        self._quotes += 1 if tokens[at].type == "blockquote_open" else -1
        return at + 1


def _count(directive: Directive, option: str) -> int:
    value = directive.options.get(option, "")
    return int(value) if value.isdecimal() and len(value) < 6 else 0
