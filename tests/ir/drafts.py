"""Documents by hand: entities as an extractor would hand them over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

import attrs

from eventdocs.ir import (
    Cell,
    Column,
    CrossReference,
    Definition,
    DefinitionForm,
    DocumentIR,
    Entity,
    Formula,
    Identity,
    Issue,
    Provenance,
    ReferenceType,
    Resolution,
    Role,
    Scope,
    Section,
    SourceSpan,
    Symbol,
    Table,
    Variable,
    assemble,
    normalise_term,
)
from eventdocs.types import digest_of

DOCUMENT = UUID("5f0c1f6e-7d9d-4f0e-8f43-2c1d5f7a9b01")
SOURCE = digest_of(b"a document by hand")
PROVENANCE = Provenance(extractor="by-hand", extractor_version="1", library="none", method="markup")


def symbol(written: str) -> Symbol:
    """`W_{i,t}` is W with i and t; `hat(W)_{i}` has a hat."""
    found = re.fullmatch(r"(?:(\w+)\()?([^\W_]+)\)?(?:_\{(.+)\})?", written)
    assert found is not None, written
    decoration, base, subscript = found.groups()
    return Symbol(
        base=base,
        decoration=(decoration,) if decoration else (),
        subscript=tuple(subscript.split(",")) if subscript else (),
    )


def variable(written: str, role: Role = "free") -> Variable:
    return Variable(symbol=symbol(written), role=role)


class Draft:
    """A document in the making; what is added stands below the latest heading.

    Args:
        line_length: Characters that each entity takes; the layout of the document.
    """

    def __init__(self, *, line_length: int = 100) -> None:
        self.entities: list[Entity] = []
        self.path: tuple[str, ...] = ()
        self._sections: list[Section] = []
        self._line_length = line_length
        self._count = 0

    def _place(self) -> tuple[Identity, SourceSpan]:
        n = self._count + 1
        start = n * self._line_length
        return (
            Identity(entity_id=UUID(int=n), content_key=""),
            SourceSpan(source=SOURCE, start=start, end=start + 10, line=n),
        )

    def _add(self, entity: Entity) -> UUID:
        self.entities.append(entity)
        self._count += 1
        return entity.id.entity_id

    def _identity(self, anchor: str | None) -> Identity:
        return attrs.evolve(self._place()[0], anchor=anchor)

    def section(self, title: str, level: int = 1, *, anchor: str | None = None) -> UUID:
        """Add a heading; what follows stands below it."""
        while self._sections and self._sections[-1].level >= level:
            self._sections.pop()
        path = tuple(each.title for each in self._sections)
        section = Section(
            id=self._identity(anchor),
            span=self._place()[1],
            prov=PROVENANCE,
            section=path,
            title=title,
            level=level,
            parent=self._sections[-1].id.entity_id if self._sections else None,
        )
        self._sections.append(section)
        self.path = (*path, title)
        return self._add(section)

    def formula(
        self,
        latex: str,
        *,
        uses: Sequence[str | Variable] = (),
        defines: str | None = None,
        anchor: str | None = None,
        number: str | None = None,
        display: bool = True,
        parsed: Literal["tree", "tokens", "opaque"] = "tree",
        unit: str | None = None,
        inside: bool = False,
    ) -> UUID:
        """Add a formula; one that is *inside* stands within what was added before it."""
        span = self._place()[1]
        if inside:
            before = self.entities[-1].span
            assert before.start is not None
            span = attrs.evolve(span, start=before.start + 2, end=before.start + 4)
        return self._add(
            Formula(
                id=self._identity(anchor),
                span=span,
                prov=PROVENANCE,
                section=self.path,
                raw=latex,
                notation="latex",
                display=display,
                number=number,
                latex=latex,
                mathml=None if parsed == "opaque" else f"<math>{latex}</math>",
                text=latex.replace("{", "").replace("}", ""),
                defines=symbol(defines) if defines else None,
                relation="=" if "=" in latex else None,
                variables=tuple(
                    each if isinstance(each, Variable) else variable(each) for each in uses
                ),
                unit=unit,
                parsed=parsed,
            )
        )

    def definition(
        self,
        term: str,
        body: str,
        *,
        names: str | None = None,
        form: DefinitionForm = "sentence",
        scope: Scope = "document",
        aliases: Sequence[str] = (),
        anchor: str | None = None,
        unit: str | None = None,
    ) -> UUID:
        """Add a definition; `names` is its symbol."""
        span = self._place()[1]
        return self._add(
            Definition(
                id=self._identity(anchor),
                span=span,
                prov=PROVENANCE,
                section=self.path,
                term=term,
                term_key=normalise_term(term),
                aliases=tuple(aliases),
                symbol=symbol(names) if names else None,
                body=body,
                body_span=span,
                unit=unit,
                form=form,
                scope=scope,
            )
        )

    def table(
        self,
        rows: Sequence[Sequence[str]],
        *,
        caption: str | None = None,
        number: str | None = None,
        anchor: str | None = None,
        units: Sequence[str | None] = (),
        widths: Sequence[int] | None = None,
        deviants: Sequence[Sequence[int]] = (),
    ) -> UUID:
        """Add a table whose first row is its header; numbers in cells are typed."""
        n_cols = max(map(len, rows))
        cells = tuple(
            Cell(
                row=row,
                col=col,
                text=text,
                header="column" if row == 0 else "none",
                value=typed(text) if row else None,
            )
            for row, texts in enumerate(rows)
            for col, text in enumerate(texts)
        )
        columns = tuple(
            Column(
                path=(rows[0][col],) if col < len(rows[0]) else (),
                dtype="decimal" if deviants and deviants[col] else "text",
                unit=units[col] if units else None,
                deviants=tuple(deviants[col]) if deviants else (),
            )
            for col in range(n_cols)
        )
        return self._add(
            Table(
                id=self._identity(anchor),
                span=self._place()[1],
                prov=PROVENANCE,
                section=self.path,
                caption=caption,
                number=number,
                n_rows=len(rows),
                n_cols=n_cols,
                header_rows=1,
                cells=cells,
                columns=columns,
                declared_widths=tuple(widths if widths is not None else map(len, rows)),
            )
        )

    def reference(
        self,
        target: str,
        kind: ReferenceType = "unknown",
        *,
        text: str | None = None,
        document: str | None = None,
        resolution: Resolution | None = None,
    ) -> UUID:
        """Add a cross-reference."""
        return self._add(
            CrossReference(
                id=self._identity(None),
                span=self._place()[1],
                prov=PROVENANCE,
                section=self.path,
                text=text if text is not None else target,
                raw_target=target,
                target_document=document,
                reference_type=kind,
                **({"resolution": resolution} if resolution is not None else {}),
            )
        )

    def build(
        self,
        *,
        previous: DocumentIR | None = None,
        version: int = 1,
        document_id: UUID = DOCUMENT,
    ) -> DocumentIR:
        """Assemble what was added, as often as you like."""
        return assemble(
            document_id=document_id,
            version=version,
            source=SOURCE,
            media_type="text/markdown",
            title="By hand",
            entities=self.entities,
            previous=previous,
        )


def typed(text: str) -> int | Decimal | date | None:
    if re.fullmatch(r"-?\d+", text):
        return int(text)
    if re.fullmatch(r"-?\d+\.\d+", text):
        return Decimal(text)
    return date.fromisoformat(text) if re.fullmatch(r"\d{4}-\d\d-\d\d", text) else None


def definition_of(ir: DocumentIR, term: str) -> Definition:
    return next(e for e in ir.entities if isinstance(e, Definition) and e.term == term)


def formula_of(ir: DocumentIR, latex: str) -> Formula:
    return next(e for e in ir.entities if isinstance(e, Formula) and e.latex == latex)


def table_of(ir: DocumentIR, caption: str) -> Table:
    return next(e for e in ir.entities if isinstance(e, Table) and e.caption == caption)


def section_of(ir: DocumentIR, title: str) -> Section:
    return next(e for e in ir.entities if isinstance(e, Section) and e.title == title)


def reference_to(ir: DocumentIR, target: str) -> CrossReference:
    return next(e for e in ir.entities if isinstance(e, CrossReference) and e.raw_target == target)


def variable_of(ir: DocumentIR, latex: str, key: str) -> Variable:
    return next(e for e in formula_of(ir, latex).variables if e.symbol.key == key)


def codes(ir: DocumentIR) -> list[str]:
    return [issue.code for issue in ir.issues]


def issues_of(ir: DocumentIR, code: str) -> list[Issue]:
    return [issue for issue in ir.issues if issue.code == code]
