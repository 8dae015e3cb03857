"""TeX formulas: math in text and on lines of its own, with its numbers and labels."""

from __future__ import annotations

from eventdocs.extraction._prose import Prose
from eventdocs.extraction._references import References
from eventdocs.extraction._tex_math import MATH_ENVIRONMENTS, MathSource, TexMath
from eventdocs.extraction._tex_rows import Row, one_row, rows
from eventdocs.extraction._tex_tokens import Token, argument_text
from eventdocs.extraction._tex_walk import TexWalk

__all__ = ["TexFormulas"]

_REFERRING = frozenset({r"\ref", r"\eqref", r"\cref", r"\autoref"})


class TexFormulas:
    """Reads the formulas of a document."""

    def __init__(self, walk: TexWalk, math: TexMath, references: References) -> None:
        self._walk = walk
        self._math = math
        self._references = references
        self._group_names: list[str] = []
        walk.on(["(", "["], self._shifted)
        walk.on(["ensuremath"], self._ensured)
        walk.environments.update(dict.fromkeys(MATH_ENVIRONMENTS, self._environment))
        walk.environments["subequations"] = self._subequations
        walk.environments["empheq"] = self._empheq

    def _shifted(self, opening: Token) -> None:
        source = self._math.shifted(opening)
        if source is None:
            if opening.kind == "$":
                self._walk.prose.text(opening)
        elif source.display:
            self._display(source)
        else:
            self._inline(source)

    def _environment(self, command: Token, name: str) -> None:
        source = self._math.environment(command, name)
        if source.display:
            self._display(source)
        else:
            self._inline(source)

    def _empheq(self, command: Token, name: str) -> None:
        walk = self._walk
        walk.stream.option()
        inner = walk.stream.group()
        kind = inner.text.partition("=")[0] if inner is not None else "equation"
        source = self._math.environment(command, name)
        kind = kind if kind in MATH_ENVIRONMENTS else "equation"
        self._display(MathSource(source.tokens, source.start, source.end, kind))

    def _ensured(self, command: Token) -> None:
        argument = self._walk.stream.argument()
        if argument is not None:
            end = max(command.end, argument.end)
            self._inline(MathSource(argument.tokens, command.start, end, "$"))

    def _inline(self, source: MathSource) -> None:
        row = one_row(source)
        if row.latex:
            self._mark(row, display=False)

    def _mark(self, row: Row, *, display: bool) -> None:
        prose = self._walk.prose
        text = self._walk.text.formulas.text(row.latex, display=display)
        detail = "display" if display else "inline"
        prose.mark("formula", text or row.latex, row.latex, row.place, detail)

    def _display(self, source: MathSource) -> None:
        found = rows(source) if source.rowed else [one_row(source)]
        for row in found:
            for text in row.texts:
                if self._walk.inline:
                    continue
                self._walk.flush()
                self._walk.block_tokens(text)
            if not row.latex:
                self._names(row)
                continue
            number = row.tag
            if row.counted:
                number = self._walk.counters.step("equation")
            if self._walk.inline or self._walk.in_cell:
                self._mark(row, display=True)
                self._names(row)
            else:
                self._walk.flush()
                self._add(row, number)

    def _add(self, row: Row, number: str | None) -> None:
        walk = self._walk
        names = [*row.labels, *self._group_names]
        self._group_names = []
        walk.text.formulas.add(row.latex, row.place, display=True, names=names, number=number)
        for name in names:
            walk.kinds.setdefault(name, "formula")
        if "ref" not in row.latex:
            self._refer(row)
        if walk.regions:
            prose = Prose()
            prose.add(walk.text.formulas.text(row.latex, display=True), row.place)
            walk.note(prose)

    def _names(self, row: Row) -> None:
        for name in row.labels:
            self._walk.anchors.thing(name, "formula")
            self._walk.kinds.setdefault(name, "formula")

    def _refer(self, row: Row) -> None:
        """Add the references in a tag."""
        for at, token in enumerate(row.tags):
            if token.text not in _REFERRING:
                continue
            label: list[Token] = []
            end = token.end
            for each in row.tags[at + 1 :]:
                end = max(end, each.end)
                if each.kind == "}":
                    break
                if each.kind != "{":
                    label.append(each)
            self._references.formula_reference((token.start, end), argument_text(label))

    def _subequations(self, _: Token, name: str) -> None:
        walk = self._walk
        walk.counters.begin_subequations()

        def finish(_: int) -> None:
            walk.flush()
            walk.counters.end_subequations()
            self._forget_group_names()

        walk.begin(name, finish)
        walk.target = self._group_names.append

    def _forget_group_names(self) -> None:
        for name in self._group_names:
            self._walk.anchors.thing(name, "formula")
        self._group_names = []
