"""TeX floats: tables and figures with their captions, numbers and labels."""

from __future__ import annotations

import attrs

from eventdocs.extraction._draft import Draft
from eventdocs.extraction._table_terms import define_rows
from eventdocs.extraction._tables import add_table
from eventdocs.extraction._tex_commands import ENVIRONMENT_ARGUMENTS
from eventdocs.extraction._tex_tables import TABLE_ENVIRONMENTS, TableRows
from eventdocs.extraction._tex_tokens import Token
from eventdocs.extraction._tex_walk import TexWalk
from eventdocs.ir import ReferenceType

__all__ = ["TexFloats"]

_FLOATS: dict[str, ReferenceType] = {
    **dict.fromkeys(("table", "wraptable", "sidewaystable", "margintable", "subtable", "SCtable"), "table"),
    **dict.fromkeys(("figure", "wrapfigure", "sidewaysfigure", "marginfigure", "subfigure", "SCfigure",
                     "teaserfigure", "subfloat"), "figure"),
    **dict.fromkeys(("algorithm", "algorithm2e", "program", "listing"), "unknown"),
}  # fmt: skip
_LONG = frozenset({"longtable", "xltabular", "longtblr", "longtabu", "deluxetable"})
_RULES = {
    r"\hline": "", r"\toprule": "o", r"\midrule": "o", r"\bottomrule": "o", r"\cline": "m", r"\cmidrule": "opm",
    r"\specialrule": "mmm", r"\Xhline": "m", r"\firsthline": "", r"\lasthline": "", r"\hhline": "m",
    r"\thickhline": "", r"\tabucline": "om", r"\Xcline": "mm", r"\colrule": "", r"\tableline": "",
}  # fmt: skip
_PARTIAL = frozenset({r"\cline", r"\cmidrule", r"\Xcline"})
_PARTS = frozenset([r"\endfirsthead", r"\endhead", r"\endfoot", r"\endlastfoot"])
_STOPS = frozenset(["&", r"\\", r"\tabularnewline", r"\cr", r"\end", *_PARTS])


@attrs.define
class _Float:
    """A float that is being read.

    Attributes:
        kind: What references to it refer to.
        counter: What counts it.
        caption: None without one.
        number: The one it is given with its caption.
        labels: Its names.
        table: Index of the first table in it.
    """

    kind: ReferenceType
    counter: str
    caption: str | None = None
    number: str | None = None
    labels: list[str] = attrs.field(factory=list[str])
    table: int | None = None


@attrs.define
class _Spans:
    """How far the cell that is being read reaches."""

    cols: int = 1
    rows: int = 1


class TexFloats:
    """Reads tables, figures and captions."""

    def __init__(self, walk: TexWalk, draft: Draft) -> None:
        self._walk = walk
        self._draft = draft
        self._floats: list[_Float] = []
        self._spans: list[_Spans] = []
        walk.on(
            ["caption", "captionof", "tablecaption", "topcaption", "bottomcaption"], self._caption
        )
        walk.on(["multicolumn"], self._multicolumn)
        walk.on(["multirow"], self._multirow)
        for name in _FLOATS:
            walk.environments[name] = walk.environments[f"{name}*"] = self._float
        walk.environments.update(dict.fromkeys(TABLE_ENVIRONMENTS, self._table))

    # Floats

    def _float(self, _: Token, name: str) -> None:
        walk = self._walk
        walk.flush()
        plain = name.removesuffix("*")
        walk.skip(ENVIRONMENT_ARGUMENTS.get(plain, "o"))
        kind = _FLOATS[plain]
        self._floats.append(_Float(kind, plain if kind == "unknown" else kind))

        def finish(_: int) -> None:
            walk.begin_block()
            self._finish()

        walk.begin(name, finish)
        walk.target = self._floats[-1].labels.append

    def _finish(self) -> None:
        done = self._floats.pop()
        walk = self._walk
        if done.table is not None and done.kind == "table":
            entity = self._draft.entities[done.table]
            self._draft.caption(
                done.table,
                caption=done.caption,
                number=done.number,
                anchor=done.labels[0] if done.labels else None,
            )
            for name in done.labels:
                walk.anchors.entity(name, entity.id.entity_id)
                walk.kinds.setdefault(name, "table")
            return
        if done.number and done.kind != "unknown":
            walk.anchors.thing(f"{done.kind.title()} {done.number}", done.kind)
        for name in done.labels:
            walk.anchors.thing(name, done.counter)
            walk.kinds.setdefault(name, done.kind)

    def _caption(self, command: Token) -> None:
        walk = self._walk
        starred = walk.stream.takes("*")
        of = walk.stream.argument() if command.text == r"\captionof" else None
        walk.stream.option()
        read = walk.inline_group()
        if read is None:
            return
        prose = read[0]
        walk.text.add(prose)
        if not walk.in_cell:
            walk.note(prose)
        current = self._floats[-1] if self._floats else None
        if current is None or of is not None:
            return
        text = " ".join(prose.text.split())
        if current.caption is None:
            current.caption = text or None
            if not starred:
                current.number = walk.counters.step(current.counter)

    # Tables

    def _table(self, command: Token, name: str) -> None:
        walk = self._walk
        walk.skip(TABLE_ENVIRONMENTS[name])
        if walk.too_deep:
            walk.begin(name)
            return
        walk.begin_block()
        long = name in _LONG
        if long:
            self._floats.append(_Float("table", "table"))
        target = walk.target
        if long:
            walk.target = self._floats[-1].labels.append
        rows = TableRows()
        end = self._rows(rows, name, command.end)
        walk.target = target
        raw = rows.finished((command.start, end))
        if raw is not None:
            index = add_table(self._draft, raw)
            define_rows(self._draft, raw)
            if self._floats and self._floats[-1].table is None:
                self._floats[-1].table = index
            for cell in raw.cells:
                walk.note(cell.prose)
        if long:
            self._finish()
        walk.text.leave()

    def _rows(self, rows: TableRows, name: str, end: int) -> int:
        """Read rows up to the end of the table; returns where that is."""
        walk, stream = self._walk, self._walk.stream
        while True:
            if rows.is_fresh:
                self._rules(rows)
            spans = _Spans()
            self._spans.append(spans)
            prose, stop = walk.cell(_STOPS)
            self._spans.pop()
            self._draft.count_cells(max(1, spans.cols) * max(1, spans.rows))
            if len(prose):
                end = max(end, prose.whole()[1])
            rows.cell(prose, col_span=spans.cols, row_span=spans.rows)
            if stop is None:
                return end
            end = max(end, stop.end)
            if stop.text in _PARTS:
                rows.end_part(stop.text[1:])
            elif stop.text == r"\end":
                ended = stream.group()
                if ended is not None and ended.text != name:
                    self._give_back(stop, ended.text)
                    return end
                return max(end, ended.end) if ended is not None else end
            elif stop.kind == "command":
                stream.takes("*")
                stream.option()
                rows.end_row()

    def _rules(self, rows: TableRows) -> None:
        """Take the lines that are drawn above a row."""
        stream = self._walk.stream
        while True:
            stream.skip_space(paragraphs=True)
            token = stream.peek()
            if token is None or token.text not in _RULES:
                return
            stream.next()
            if token.text not in _PARTIAL:
                rows.rule()
            self._walk.skip(_RULES[token.text])

    def _give_back(self, command: Token, name: str) -> None:
        place = (command.start, command.end)
        self._walk.stream.push(
            [
                command,
                Token("{", "{", *place, written=False),
                Token("text", name, *place, written=False),
                Token("}", "}", *place, written=False),
            ]
        )

    def _multicolumn(self, _: Token) -> None:
        count = self._walk.stream.argument()
        self._walk.stream.argument()
        if count is not None and self._spans:
            self._spans[-1].cols = _number(count.text)

    def _multirow(self, _: Token) -> None:
        stream = self._walk.stream
        stream.option()
        count = stream.argument()
        stream.option()
        stream.argument()
        stream.option()
        if count is not None and self._spans:
            self._spans[-1].rows = _number(count.text)


def _number(text: str) -> int:
    return min(int(text), 1_000) if text.isdecimal() and len(text) < 6 else 1
