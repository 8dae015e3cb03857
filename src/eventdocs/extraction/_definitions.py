"""Definitions in prose: sentences, where clauses and acronyms, added to a draft."""

from __future__ import annotations

from collections.abc import Sequence

from eventdocs.extraction._acronyms import acronyms
from eventdocs.extraction._draft import Draft
from eventdocs.extraction._formulas import FormulaReader
from eventdocs.extraction._phrases import phrases
from eventdocs.extraction._prose import Prose
from eventdocs.extraction._units import unit_in_text
from eventdocs.extraction._where import Heads, Meaning, list_item, meanings
from eventdocs.ir import Symbol, normalise_term

__all__ = ["ProseDefinitions"]

_NEVER_FIRST = frozenset(",.;:!?)]}")
_PAIRS = (("(", ")"), ("[", "]"), ("{", "}"))


class ProseDefinitions:
    """Finds what the prose of a document defines."""

    def __init__(self, draft: Draft, reader: FormulaReader) -> None:
        self._draft = draft
        self._reader = reader
        self._acronyms: set[tuple[str, str]] = set()

    def read(
        self, prose: Prose, *, names: Sequence[str], after_formula: bool, in_list: bool
    ) -> None:
        """Add the definitions of one paragraph.

        Args:
            prose: The paragraph.
            names: Names in the formula before it that are words.
            after_formula: A displayed formula stands directly before it.
            in_list: It stands in a list.
        """
        for meaning in meanings(prose, names=names, after_formula=after_formula):
            self._where(prose, meaning)
        for phrase in phrases(prose, in_list=in_list):
            text = prose.text
            if not _is_whole(text, *phrase.term):
                continue
            body = text[slice(*phrase.body)]
            term = text[slice(*phrase.term)]
            self._draft.definition(
                prose.source(
                    min(phrase.term[0], phrase.body[0]), max(phrase.term[1], phrase.body[1])
                ),
                term=term,
                body=body,
                body_place=prose.source(*phrase.body),
                form="sentence",
                symbol=self._symbol_at(prose, *phrase.term),
                aliases=[phrase.short] if phrase.short else (),
                unit=unit_in_text(body),
                confidence=phrase.confidence,
            )
        self._short_forms(prose)

    def where_item(self, prose: Prose, *, heads: Heads, names: Sequence[str]) -> bool:
        """Add one item of a list of meanings; whether it was one.

        Args:
            prose: The item.
            heads: What the list explains.
            names: Names in the formula before it that are words.
        """
        meaning = list_item(prose, heads=heads, names=names)
        if meaning is None:
            return False
        self._where(prose, meaning)
        return True

    def _where(self, prose: Prose, meaning: Meaning) -> None:
        symbol: Symbol | None = None
        if meaning.mark is not None:
            read = self._reader.read(meaning.mark.content, display=False)
            symbol = read.symbol or read.defines or read.called
            if symbol is None:
                return
        else:
            symbol = self._symbol_at(prose, *meaning.term)
        body = prose.text[slice(*meaning.body)]
        if not body[:1].isalnum() and body[:1] in _NEVER_FIRST:
            return
        self._draft.definition(
            prose.source(meaning.term[0], meaning.body[1]),
            term=prose.text[slice(*meaning.term)],
            body=body,
            body_place=prose.source(*meaning.body),
            form="where",
            symbol=symbol,
            unit=unit_in_text(body),
            scope="section",
            confidence=meaning.confidence,
        )

    def _symbol_at(self, prose: Prose, start: int, end: int) -> Symbol | None:
        mark = next(prose.marks_in(start, end, "formula"), None)
        if mark is not None and mark.end - mark.start == end - start:
            read = self._reader.read(mark.content, display=False)
            return read.symbol or read.defines
        return None

    def _short_forms(self, prose: Prose) -> None:
        text = prose.text
        for found in acronyms(text):
            short, long = text[slice(*found.short)], text[slice(*found.long)]
            pair = (normalise_term(short), normalise_term(long).removesuffix("s"))
            # The same short form spelled out again is a repetition, not another definition.
            if pair in self._acronyms:
                continue
            self._acronyms.add(pair)
            self._draft.definition(
                prose.source(
                    min(found.short[0], found.long[0]), max(found.short[1], found.long[1])
                ),
                term=short,
                body=long,
                body_place=prose.source(*found.long),
                form="acronym",
                aliases=[long],
                confidence=0.85,
            )


def _is_whole(text: str, start: int, end: int) -> bool:
    """Tell whether a term is all of something, and not a fragment of words or brackets."""
    term = text[start:end].strip()
    cut_before = start > 0 and text[start - 1].isalnum() and term[:1].isalnum()
    cut_after = end < len(text) and text[end].isalnum() and term[-1:].isalnum()
    return (
        bool(term)
        and not (cut_before or cut_after)
        and term[0] not in _NEVER_FIRST
        and term[-1] not in ".,;!?"
        and all(term.count(left) == term.count(right) for left, right in _PAIRS)
    )
