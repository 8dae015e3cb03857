"""A draft: the entities of one document while an extractor collects them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal
from uuid import UUID

import attrs

from eventdocs.errors import ExtractionLimitError
from eventdocs.extraction._formulas import ReadFormula
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._linear import linear
from eventdocs.extraction._registry import Extractor, RawDocument
from eventdocs.extraction._source import SourceText
from eventdocs.ir import (
    UNCHECKED,
    Cell,
    Column,
    CrossReference,
    Definition,
    DefinitionForm,
    Entity,
    Formula,
    Identity,
    Method,
    Notation,
    Provenance,
    ReferenceType,
    Resolution,
    Scope,
    Section,
    Symbol,
    Table,
    normalise_term,
)

__all__ = ["Draft", "Place"]

Place = tuple[int, int]
"""First character and end of something in the document."""


@attrs.frozen
class _Open:
    section: Section
    index: int


class Draft:
    """Collects entities, gives them local ids and keeps the section they stand in.

    Args:
        source: The text that places refer to.
        document: What it was decoded from.
        extractor: Who reads it; stands in the provenance of every entity.
        limits: What the document may cost.
    """

    def __init__(
        self,
        source: SourceText,
        *,
        document: RawDocument,
        extractor: Extractor,
        limits: Limits,
    ) -> None:
        self.source = source
        self.limits = limits
        self.entities: list[Entity] = []
        self._source_name = document.source_name
        self._cells = 0
        self._read: list[tuple[Formula, ReadFormula]] = []
        self._open: list[_Open] = []
        self._path: tuple[str, ...] = ()
        self._provenance: dict[tuple[Method, float], Provenance] = {}
        self._extractor = extractor

    @property
    def section(self) -> UUID | None:
        """Local id of the section that is being read."""
        return self._open[-1].section.id.entity_id if self._open else None

    @property
    def first_heading(self) -> str:
        """The title of the first section; empty before there is one."""
        return next((each.title for each in self.entities if isinstance(each, Section)), "")

    def heading(
        self, place: Place, *, title: str, level: int, number: str | None, anchor: str | None
    ) -> UUID:
        """Begin a section; sections of its level and below end here."""
        self._close(level, place[0])
        identity = self._identity(anchor)
        section = Section(
            id=identity,
            span=self.source.span(*place),
            prov=self.provenance("markup"),
            section=self._path,
            title=title,
            level=level,
            number=number,
            parent=self.section,
        )
        self._open.append(_Open(section, len(self.entities)))
        self._path = (*self._path, title)
        self._add(section)
        return identity.entity_id

    def formula(
        self,
        place: Place,
        read: ReadFormula,
        *,
        display: bool,
        notation: Notation = "latex",
        number: str | None = None,
        anchor: str | None = None,
        method: Method = "markup",
        confidence: float = 1.0,
    ) -> UUID:
        """Add a formula whose raw text stands at *place*."""
        identity = self._identity(anchor)
        formula = read.entity(
            identity=identity,
            span=self.source.span(*place),
            prov=self.provenance(method, confidence),
            section=self._path,
            raw=self.source.text[place[0] : place[1]],
            notation=notation,
            display=display,
            number=number,
        )
        self._add(formula)
        if len(read.statements) > 1 and display:
            self._read.append((formula, read))
        return identity.entity_id

    def definition(
        self,
        place: Place,
        *,
        term: str,
        body: str,
        body_place: Place,
        form: DefinitionForm,
        symbol: Symbol | None = None,
        aliases: Iterable[str] = (),
        unit: str | None = None,
        scope: Scope = "document",
        anchor: str | None = None,
        method: Method = "pattern",
        confidence: float = 1.0,
    ) -> UUID | None:
        """Add a definition, unless there is no term or no body to speak of."""
        term = " ".join(term.split())
        key = normalise_term(term)
        if not key:
            return None
        identity = self._identity(anchor)
        others = dict.fromkeys(normalise_term(alias) for alias in aliases)
        for own in (key, ""):
            others.pop(own, None)
        definition = Definition(
            id=identity,
            span=self.source.span(*place),
            prov=self.provenance(method, confidence),
            section=self._path,
            term=term,
            term_key=key,
            aliases=tuple(others),
            symbol=symbol,
            body=" ".join(body.split()),
            body_span=self.source.span(*body_place),
            unit=unit,
            form=form,
            scope=scope,
        )
        self._add(definition)
        return identity.entity_id

    def reference(
        self,
        place: Place,
        *,
        text: str,
        raw_target: str,
        reference_type: ReferenceType,
        target_document: str | None = None,
        resolution: Resolution = UNCHECKED,
        method: Method = "markup",
        confidence: float = 1.0,
    ) -> int:
        """Add a reference; returns its index among the entities."""
        identity = self._identity(None)
        self._add(
            CrossReference(
                id=identity,
                span=self.source.span(*place),
                prov=self.provenance(method, confidence),
                section=self._path,
                text=" ".join(text.split()),
                raw_target=raw_target,
                target_document=target_document,
                reference_type=reference_type,
                resolution=resolution,
            )
        )
        return len(self.entities) - 1

    def count_cells(self, count: int) -> None:
        """Count cells that are about to be read.

        Raises:
            ExtractionLimitError: There are more than allowed.
        """
        self._cells += count
        if self._cells > self.limits.max_cells:
            self._refuse("max_cells", self.limits.max_cells, self._cells)

    def table(
        self,
        place: Place,
        *,
        cells: Sequence[Cell],
        columns: Sequence[Column],
        declared_widths: Sequence[int],
        header_rows: int,
        header_cols: int,
        layout: bool,
        caption: str | None = None,
        number: str | None = None,
        anchor: str | None = None,
        method: Method = "markup",
        confidence: float = 1.0,
    ) -> int:
        """Add a table; returns its index among the entities, to give it a caption later."""
        self._add(
            Table(
                id=self._identity(anchor),
                span=self.source.span(*place),
                prov=self.provenance(method, confidence),
                section=self._path,
                caption=caption,
                number=number,
                n_rows=len(declared_widths),
                n_cols=len(columns),
                header_rows=header_rows,
                header_cols=header_cols,
                cells=tuple(cells),
                columns=tuple(columns),
                layout=layout,
                declared_widths=tuple(declared_widths),
            )
        )
        return len(self.entities) - 1

    def caption(
        self, index: int, *, caption: str | None, number: str | None, anchor: str | None
    ) -> None:
        """Give the table at *index* the caption that was found after it."""
        table = self.entities[index]
        if isinstance(table, Table):
            self.entities[index] = attrs.evolve(
                table,
                caption=caption,
                number=number or table.number,
                id=attrs.evolve(table.id, anchor=table.id.anchor or anchor),
            )

    def provenance(self, method: Method, confidence: float = 1.0) -> Provenance:
        """Say who found something, and how sure they are."""
        known = self._provenance.get((method, confidence))
        if known is None:
            known = Provenance(
                extractor=self._extractor.name,
                extractor_version=self._extractor.version,
                library=self._extractor.library,
                method=method,
                confidence=confidence,
            )
            self._provenance[method, confidence] = known
        return known

    def stripped(self, place: Place) -> Place:
        """Take white space off both ends of a place."""
        part = self.source.text[place[0] : place[1]]
        start = place[0] + len(part) - len(part.lstrip())
        return start, max(start, place[0] + len(part.rstrip()))

    def finished(self) -> Sequence[Entity]:
        """End all sections, and return the entities."""
        self._close(0, len(self.source.text))
        self._define_by_formulas()
        return self.entities

    def _define_by_formulas(self) -> None:
        """Add what formulas define beyond their first equation, where it is used elsewhere.

        A formula has one symbol that it defines. An alignment can hold several equations.
        """
        used = {
            variable.symbol.base
            for formula in self.entities
            if isinstance(formula, Formula)
            for variable in formula.variables
        }
        for formula, read in self._read:
            seen = {formula.defines.key} if formula.defines is not None else set[str]()
            for statement in read.statements[1:]:
                symbol = statement.defines
                if symbol is None or symbol.key in seen or symbol.base not in used:
                    continue
                seen.add(symbol.key)
                term = linear(statement.left)
                if not normalise_term(term):
                    continue
                self._add(
                    Definition(
                        id=self._identity(None),
                        span=formula.span,
                        prov=formula.prov,
                        section=formula.section,
                        term=term,
                        term_key=normalise_term(term),
                        symbol=symbol,
                        body=linear(statement.right).rstrip(" ,;."),
                        body_span=formula.span,
                        form="formula",
                    )
                )

    def _close(self, level: int, end: int) -> None:
        while self._open and self._open[-1].section.level >= level:
            ended = self._open.pop()
            self._path = self._path[:-1]
            self.entities[ended.index] = attrs.evolve(ended.section, end=end)

    def _identity(self, anchor: str | None) -> Identity:
        number = UUID(int=len(self.entities) + 1)
        return Identity(entity_id=number, content_key="", anchor=anchor)

    def _add(self, entity: Entity) -> None:
        if len(self.entities) >= self.limits.max_entities:
            self._refuse("max_entities", self.limits.max_entities, len(self.entities) + 1)
        self.entities.append(entity)

    def _refuse(
        self, limit: Literal["max_entities", "max_cells"], allowed: int, found: int
    ) -> None:
        raise ExtractionLimitError(
            source=self._source_name, limit=limit, allowed=allowed, found=found
        )
