"""The formula writer: adds the formulas of a document, and keeps what the next text may explain."""

from __future__ import annotations

import re
from collections.abc import Sequence
from uuid import UUID

from eventdocs.extraction._anchors import Anchors
from eventdocs.extraction._draft import Draft, Place
from eventdocs.extraction._formulas import FormulaReader, ReadFormula
from eventdocs.extraction._latex import labels, references, tag
from eventdocs.extraction._plain_formula import as_latex
from eventdocs.extraction._prose import PlacedText
from eventdocs.extraction._references import References
from eventdocs.ir import Notation

__all__ = ["FormulaWriter"]

_NUMBER_LABEL = re.compile(r"\d+(?:\.\d+)*[a-z]?|[A-Z]\.?\d+(?:\.\d+)*")
_TRAILING_NUMBER = re.compile(
    r"\\(?:q?quad|hspace\*?\{[^{}]*\}|hfill)\s*\(\s*([A-Z]?\.?\d+(?:\.\d+)*[a-z]?)\s*\)\s*$"
)
_NUMBER_BEHIND = re.compile(r"(?: {2,}|\t)\s*\(([A-Z]?\.?\d+(?:\.\d+)*[a-z]?)\)$")
_ARTICLES = frozenset("aAI")
_DEFINES_MACROS = re.compile(r"\\(?:(?:re)?newcommand|providecommand|def|DeclareMathOperator)\b")
_MOST_NAMES = 50


class FormulaWriter:
    """Adds formulas to a draft.

    Attributes:
        names: Words in the last displayed formulas that are names, such as `Score`.
        just_written: A displayed formula stands directly before what comes next.
    """

    def __init__(
        self, draft: Draft, reader: FormulaReader, anchors: Anchors, references: References
    ) -> None:
        self._draft = draft
        self._reader = reader
        self._anchors = anchors
        self._references = references
        self.names: list[str] = []
        self.just_written = False

    def text(self, latex: str, *, display: bool) -> str:
        """How a formula reads on one line."""
        return self._reader.read(latex.strip(), display=display).text

    def add(
        self,
        latex: str,
        place: Place,
        *,
        display: bool,
        names: Sequence[str] = (),
        notation: Notation = "latex",
        number: str | None = None,
    ) -> UUID | None:
        """Add a formula; None if it holds only definitions of macros, or nothing.

        Args:
            latex: Without delimiters, and without what the blocks around it prefix lines with.
            place: Where it stands.
            display: On a line of its own.
            names: The anchors given to it from outside; a number among them is its number.
            notation: How it is written in the document.
            number: The number written beside it.
        """
        if _DEFINES_MACROS.search(latex):
            latex = self._reader.macros.without_definitions(latex)
        latex = latex.strip()
        if not latex:
            return None
        read = self._reader.read(latex, display=display)
        anchors = [*labels(latex), *names]
        trailing = _TRAILING_NUMBER.search(latex) if display else None
        local = self._draft.formula(
            place,
            read,
            display=display,
            notation=notation,
            number=number
            or tag(latex)
            or (trailing[1] if trailing else None)
            or next((name for name in names if _NUMBER_LABEL.fullmatch(name)), None),
            anchor=anchors[0] if anchors else None,
        )
        for anchor in anchors:
            self._anchors.entity(anchor, local)
        if "ref" in latex:
            raw = self._draft.source.text[place[0] : place[1]]
            for start, end, label in references(raw):
                self._references.formula_reference((place[0] + start, place[0] + end), label)
        if display:
            self._remember(read)
        return local

    def add_plain(self, written: PlacedText, *, display: bool) -> list[tuple[int, UUID]]:
        """Add the lines of a text that are equations without being marked as such.

        Returns:
            Where each of them ends in the text, and its id.
        """
        start = 0
        added: list[tuple[int, UUID]] = []
        for line in written.content.split("\n"):
            number = _NUMBER_BEHIND.search(line) if line.endswith(")") else None
            equation = line[: number.start()] if number is not None else line
            latex = as_latex(equation)
            if latex is not None:
                read = self._reader.read(latex, display=True)
                left = start + len(line) - len(line.lstrip())
                right = start + len(equation.rstrip())
                local = self._draft.formula(
                    written.range(left, right),
                    read,
                    display=display,
                    notation="text",
                    number=number[1] if number is not None else None,
                    method="pattern",
                    confidence=0.7,
                )
                added.append((start + len(line.rstrip()), local))
                if display:
                    self._remember(read, letters=True)
            start += len(line) + 1
        return added

    def _remember(self, read: ReadFormula, *, letters: bool = False) -> None:
        """Keep the names in a formula.

        Args:
            read: The formula.
            letters: In plain words, single letters are names that the text may explain, too.
        """
        symbols = [variable.symbol for variable in read.variables]
        if read.defines is not None:
            symbols.append(read.defines)
        words = {each.base for each in symbols if len(each.base) > 1 and ":" not in each.base}
        if letters:
            words.update(each.base for each in symbols if each.base not in _ARTICLES)
        known = self.names if self.just_written else []
        self.names = list(dict.fromkeys([*known, *sorted(words)]))[-_MOST_NAMES:]
        self.just_written = True
