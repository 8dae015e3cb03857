"""The text of blocks: what is in their prose, added to a draft."""

from __future__ import annotations

from uuid import UUID

import attrs

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._captions import Caption, read_caption
from eventdocs.extraction._definitions import ProseDefinitions
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._formula_writer import FormulaWriter
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._prose import Mark, PlacedText, Prose
from eventdocs.extraction._references import References
from eventdocs.extraction._where import Heads, opens_list

__all__ = ["BlockText"]


class BlockText:
    """Adds the formulas, references and definitions in the prose of blocks, whatever the format was.

    Attributes:
        formulas: Adds formulas, and knows whether one was just added.
        announces: What a list explains that comes next, because the last paragraph ends
            in "where:" or the like.
    """

    def __init__(
        self,
        draft: Draft,
        reader: FormulaReader,
        anchors: Anchors,
        references: References,
    ) -> None:
        self._anchors = anchors
        self._references = references
        self._definitions = ProseDefinitions(draft, reader)
        self.formulas = FormulaWriter(draft, reader, anchors, references)
        self.announces: Heads | None = None

    def add(self, prose: Prose, *, numbered: bool = False) -> None:
        """Add the formulas, anchors and references in a stretch of prose.

        Args:
            prose: Its formulas get to know which entities they are.
            numbered: It begins with its own number, which is no reference.
        """
        for index, mark in enumerate(prose.marks):
            if mark.kind == "formula":
                display = mark.detail == "display"
                local = self.formulas.add(
                    mark.content, mark.source, display=display, notation=mark.notation
                )
                if local is not None:
                    prose.marks[index] = attrs.evolve(mark, entity=local)
            elif mark.kind == "anchor":
                self._anchors.thing(mark.content, "anchor")
            elif mark.kind == "image":
                self.know_figure(read_caption(prose.text[mark.start : mark.end]))
        self._references.read(prose, numbered=numbered)

    def add_cell(self, prose: Prose, written: PlacedText) -> Prose:
        """Add what is in the text of a cell.

        Args:
            prose: The text.
            written: As it was written, line by line.
        """
        self.add(prose)
        for _, local in self._plain_formulas(prose, written, display=False):
            whole = prose.whole()
            prose.marks.append(
                Mark("formula", 0, len(prose), prose.text, whole, "inline", entity=local)
            )
        return prose

    def define(
        self, prose: Prose, written: PlacedText, *, in_list: bool, explains: Heads | None
    ) -> None:
        """Add what a paragraph defines, equations in plain words first.

        Args:
            prose: The paragraph, with what is in it added.
            written: The paragraph as it was written, line by line.
            in_list: It stands in a list.
            explains: It is an item of a list that explains such things.
        """
        known = self.formulas.names
        plain = self._plain_formulas(prose, written, display=True)
        if explains is not None and plain:
            # An equation in one item does not end the explanations of those before the list.
            self.formulas.names = list(dict.fromkeys((*known, *self.formulas.names)))
        names = self.formulas.names
        if explains is None or not self._definitions.where_item(prose, heads=explains, names=names):
            self._definitions.read(
                prose,
                names=names,
                after_formula=self.formulas.just_written,
                in_list=in_list,
            )
        text = prose.text.rstrip()
        self.announces = opens_list(text)
        last = prose.marks[-1] if prose.marks else None
        in_words = bool(plain) and plain[-1][0] >= len(written.content.rstrip())
        in_math = last is not None and last.detail == "display" and last.end >= len(text) - 1
        self.formulas.just_written = in_words or in_math

    def know_figure(self, caption: Caption | None) -> None:
        """Know the number and label of a figure, which is no entity."""
        if caption is not None and caption.kind == "figure":
            for name in (caption.number and f"Figure {caption.number}", caption.label):
                if name:
                    self._anchors.thing(name, "figure")

    def leave(self) -> None:
        """Another block parts the last formula from what comes next."""
        self.formulas.just_written = False
        self.announces = None

    def _plain_formulas(
        self, prose: Prose, written: PlacedText, *, display: bool
    ) -> list[tuple[int, UUID]]:
        if "=" not in written.content:
            return []
        if any(mark.kind in {"formula", "code", "link"} for mark in prose.marks):
            return []
        return self.formulas.add_plain(written, display=display)
