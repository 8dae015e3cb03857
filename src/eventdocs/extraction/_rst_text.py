"""The text of reStructuredText: read as prose, and what is in it added to a draft."""

from __future__ import annotations

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._prose import Passage, Prose
from eventdocs.extraction._references import References
from eventdocs.extraction._rst_names import Names
from eventdocs.extraction._rst_prose import RstProse
from eventdocs.extraction._text import BlockText

__all__ = ["RstText"]


class RstText(BlockText):
    """Reads passages, and adds their formulas, references and definitions."""

    def __init__(
        self,
        draft: Draft,
        names: Names,
        reader: FormulaReader,
        anchors: Anchors,
        references: References,
    ) -> None:
        super().__init__(draft, reader, anchors, references)
        self.prose = RstProse(names, self.formulas.text)

    def read(self, passage: Passage) -> Prose:
        """Turn a passage into prose, and add nothing yet; each passage once, in order."""
        return self.prose.read(passage)

    def cell(self, passage: Passage) -> Prose:
        """Read the text of a cell, and add what is in it."""
        return self.add_cell(self.read(passage), passage)
