"""The text of Markdown blocks: passages read as prose."""

from __future__ import annotations

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._markdown_parser import MarkdownParser
from eventdocs.extraction._markdown_prose import ProseBuilder
from eventdocs.extraction._prose import Passage, Prose
from eventdocs.extraction._references import References
from eventdocs.extraction._text import BlockText

__all__ = ["MarkdownText"]


class MarkdownText(BlockText):
    """Reads passages, and adds their formulas, references and definitions."""

    def __init__(
        self,
        draft: Draft,
        parser: MarkdownParser,
        reader: FormulaReader,
        anchors: Anchors,
        references: References,
    ) -> None:
        super().__init__(draft, reader, anchors, references)
        self._parser = parser

    def read(self, passage: Passage) -> Prose:
        """Turn a passage into prose, and add nothing yet."""
        builder = ProseBuilder(passage, self.formulas.text)
        tokens = self._parser.inline(passage)
        return builder.plain() if tokens is None else builder.build(tokens)

    def cell(self, passage: Passage) -> Prose:
        """Read the text of a cell, and add what is in it."""
        return self.add_cell(self.read(passage), passage)
