"""The semantic IR as values: what a document says, where it says it, how we know."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Literal, TypeAlias
from uuid import UUID

import attrs

from eventdocs.types import Digest, JSONValue

IR_SCHEMA = 1
"""Version of this model; part of every JSON form."""

Notation: TypeAlias = Literal["latex", "mathml", "omml", "asciimath", "text"]
Method: TypeAlias = Literal["markup", "layout", "pattern", "model", "human"]
Role: TypeAlias = Literal["free", "bound", "index", "function", "constant", "operator"]
DefinitionForm: TypeAlias = Literal[
    "glossary", "deflist", "sentence", "where", "acronym", "table_row", "formula"
]
Scope: TypeAlias = Literal["section", "document", "corpus"]
ColumnType: TypeAlias = Literal[
    "text", "integer", "decimal", "percent", "date", "boolean", "formula", "mixed", "empty"
]
ReferenceType: TypeAlias = Literal[
    "section",
    "formula",
    "table",
    "figure",
    "definition",
    "citation",
    "footnote",
    "document",
    "url",
    "unknown",
]
ResolutionState: TypeAlias = Literal[
    "resolved", "dangling", "ambiguous", "external", "ignored", "unchecked"
]
EdgeKind: TypeAlias = Literal[
    "uses", "defines", "refers_to", "abbreviates", "cell_value", "depends_on"
]
Severity: TypeAlias = Literal["error", "warning", "info"]


@attrs.frozen(kw_only=True)
class SourceSpan:
    """Where in the source something stands.

    At least one of (start, end), path, (page, bbox) is given, and for text formats
    `source_text[start:end]` is the entity's raw text, always.

    Attributes:
        source: Digest of the exact bytes read.
        start: First character, in code points of the decoded text, from 0.
        end: The character after the last one.
        line: Line of the first character, from 1.
        path: Place inside a structured format, such as `word/document.xml#p[12]`.
        page: Page, from 1.
        bbox: Left, top, right, bottom in PDF points from the page's top left corner.
    """

    source: Digest
    start: int | None = None
    end: int | None = None
    line: int | None = None
    path: str | None = None
    page: int | None = None
    bbox: tuple[float, float, float, float] | None = None


@attrs.frozen(kw_only=True)
class Provenance:
    """Who found an entity and how sure they are; no part of any content hash.

    Attributes:
        extractor: Name of the extractor.
        extractor_version: Its version.
        library: The parser underneath, with its version.
        method: How it was found.
        confidence: From 0 to 1; markup is 1.
    """

    extractor: str
    extractor_version: str
    library: str
    method: Method
    confidence: float = 1.0


@attrs.frozen(kw_only=True)
class Identity:
    """What makes an entity this one.

    Attributes:
        entity_id: Survives edits: carried from revision to revision by `match`.
        content_key: BLAKE2b-128 of kind, schema and canonical content, in hex.
        anchor: The author's own name for it: a label, an id, a glossary slug.
        ordinal: The how-manieth entity with this content key, from 0.
    """

    entity_id: UUID
    content_key: str
    anchor: str | None = None
    ordinal: int = 0


@attrs.frozen(kw_only=True)
class Symbol:
    r"""A mathematical name: `\hat{\sigma}_{i,t}` is (σ, (hat,), (i, t)).

    Attributes:
        base: The letter or word, NFC; bold, calligraphic and blackboard letters keep
            their style as a prefix such as `bold:`.
        decoration: Accents and primes, from the inside out.
        subscript: Subscript parts as written, split at commas.
    """

    base: str
    decoration: tuple[str, ...] = ()
    subscript: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The canonical spelling by which symbols are compared, such as `hat(σ)_{i,t}`."""
        spelled = self.base
        for each in self.decoration:
            spelled = f"{each}({spelled})"
        if self.subscript:
            spelled += "_{" + ",".join(self.subscript) + "}"
        return spelled


MOST_CANDIDATES = 20
"""How many candidates are listed: where everything fits every mention, all of them are too many."""


@attrs.frozen(kw_only=True)
class Resolution:
    """Whether a mention was traced to what it means.

    resolved: `target` is set; ambiguous: two or more `candidates`; dangling: neither;
    external: it leaves the document; ignored: by nature not to be resolved.

    Attributes:
        state: The outcome.
        target: The entity meant.
        candidates: The entities it could mean, in reading order; of more than
            twenty, only the first twenty.
        by: The rule that decided, such as `anchor`, `number`, `heading`, `term`, `where`.
    """

    state: ResolutionState
    target: UUID | None = None
    candidates: tuple[UUID, ...] = ()
    by: str = ""


UNCHECKED = Resolution(state="unchecked")


@attrs.frozen(kw_only=True)
class Variable:
    """A symbol in a formula, once per formula.

    Attributes:
        symbol: The symbol.
        role: What it does there.
        count: How often it occurs.
        resolution: The definition, formula or table that says what it is.
    """

    symbol: Symbol
    role: Role
    count: int = 1
    resolution: Resolution = UNCHECKED


@attrs.frozen(kw_only=True)
class Section:
    """A heading and what stands below it.

    Every entity has, besides its own facts, an identity (`id`), a place (`span`), an origin
    (`prov`), and the titles of the sections around it (`section`), outermost first; a
    section's own title is not among those.

    Attributes:
        title: The heading as plain text; may be empty.
        level: 1 for the outermost.
        number: Written or implied number such as `3.2`, if there is one.
        parent: The section around it.
        span: The heading itself.
        end: Where the section's content ends, in code points; None where there are none.
    """

    id: Identity
    span: SourceSpan
    prov: Provenance
    section: tuple[str, ...]
    title: str
    level: int
    number: str | None = None
    parent: UUID | None = None
    end: int | None = None


@attrs.frozen(kw_only=True)
class Formula:
    r"""A formula, displayed or inline.

    Attributes:
        raw: The source text, delimiters excluded.
        notation: The language of *raw*.
        display: On a line of its own.
        number: The number it is referred to by.
        latex: Macro-expanded, self-contained LaTeX.
        mathml: Presentation MathML; None exactly if *parsed* is opaque.
        text: Linear plain text for search and terminals.
        defines: The symbol on the left side of *relation*, if it is a definition.
        relation: Such as `=`, `\le`, `\sim`; None without one.
        variables: The symbols it uses; what it defines is among them only if recursive.
        unit: Unit of the result, if stated.
        macros: Names of the macros that were expanded.
        parsed: How much of it was understood.
    """

    id: Identity
    span: SourceSpan
    prov: Provenance
    section: tuple[str, ...]
    raw: str
    notation: Notation
    display: bool
    number: str | None = None
    latex: str
    mathml: str | None
    text: str
    defines: Symbol | None = None
    relation: str | None = None
    variables: tuple[Variable, ...] = ()
    unit: str | None = None
    macros: tuple[str, ...] = ()
    parsed: Literal["tree", "tokens", "opaque"] = "tree"


@attrs.frozen(kw_only=True)
class Definition:
    """What a term or a symbol means. Duplicates are kept: validation needs them.

    Attributes:
        term: As written.
        term_key: `normalise_term(term)`; never empty.
        aliases: Other keys that mean the same, such as an acronym.
        symbol: The mathematical symbol it defines, if any.
        body: The defining text.
        body_span: Where the body stands.
        unit: Unit of the quantity, if stated.
        form: The way it was written.
        scope: How far it is valid.
        uses: Keys of defined terms that occur in the body.
    """

    id: Identity
    span: SourceSpan
    prov: Provenance
    section: tuple[str, ...]
    term: str
    term_key: str
    aliases: tuple[str, ...] = ()
    symbol: Symbol | None = None
    body: str
    body_span: SourceSpan
    unit: str | None = None
    form: DefinitionForm
    scope: Scope = "document"
    uses: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Cell:
    """One cell; rows and columns count from 0, spans from 1.

    Attributes:
        text: Plain text of the cell.
        header: Whether it heads a column, a row, or both.
        value: What the text says, typed; None if it is just text.
        unit: Unit of the value.
        formulas: Entity ids of the formulas inside.
    """

    row: int
    col: int
    row_span: int = 1
    col_span: int = 1
    text: str
    header: Literal["none", "column", "row", "both"] = "none"
    value: int | Decimal | bool | date | None = None
    unit: str | None = None
    span: SourceSpan | None = None
    formulas: tuple[UUID, ...] = ()


@attrs.frozen(kw_only=True)
class Column:
    """One column of a table.

    Attributes:
        path: Header texts from the top level down.
        dtype: The type of its values.
        unit: Unit of all its values, from the header or the cells.
        deviants: Rows whose value is of another type.
    """

    path: tuple[str, ...]
    dtype: ColumnType
    unit: str | None = None
    deviants: tuple[int, ...] = ()


@attrs.frozen(kw_only=True)
class Table:
    """A table as it stands; nothing is padded in silence.

    Attributes:
        caption: Its title, without the number.
        number: The number it is referred to by.
        cells: Sorted by row and column, inside the grid, not overlapping.
        layout: It only arranges text; it holds no data.
        declared_widths: Cells that each source row had, so ragged rows stay visible.
    """

    id: Identity
    span: SourceSpan
    prov: Provenance
    section: tuple[str, ...]
    caption: str | None = None
    number: str | None = None
    n_rows: int
    n_cols: int
    header_rows: int = 0
    header_cols: int = 0
    cells: tuple[Cell, ...]
    columns: tuple[Column, ...]
    layout: bool = False
    declared_widths: tuple[int, ...]


@attrs.frozen(kw_only=True)
class CrossReference:
    """A mention of another place. Unresolved ones are kept: validation needs them.

    Attributes:
        text: What the reader sees.
        raw_target: What the author wrote as target, such as `#eq-weight` or `Section 9`.
        target_document: The other document, if the reference names one.
        reference_type: What kind of thing it points at.
        resolution: What it points at, or why that is not known.
    """

    id: Identity
    span: SourceSpan
    prov: Provenance
    section: tuple[str, ...]
    text: str
    raw_target: str
    target_document: str | None = None
    reference_type: ReferenceType
    resolution: Resolution = UNCHECKED


Entity: TypeAlias = Section | Definition | Formula | Table | CrossReference


@attrs.frozen(kw_only=True, order=True)
class Edge:
    """A directed relation between two entities.

    Attributes:
        source: Uses, refers to, depends on …
        target: … this one.
        kind: How.
        via: The symbol key, term key or raw target that makes the link.
    """

    source: UUID
    target: UUID
    kind: EdgeKind
    via: str = ""


@attrs.frozen(kw_only=True)
class Issue:
    """A finding of the validator.

    Attributes:
        code: The rule, such as `dangling-reference`.
        severity: How bad it is; an error only where the rule is rarely wrong.
        entities: What it is about, most to blame first.
        span: Where to look.
        message: One sentence for people.
        suggestion: What to do about it; empty if nothing helpful can be said.
        data: Facts behind the message.
        fingerprint: Survives unrelated edits, so that a suppression does too.
    """

    code: str
    severity: Severity
    entities: tuple[UUID, ...]
    span: SourceSpan
    message: str
    suggestion: str = ""
    data: Mapping[str, JSONValue] = attrs.field(factory=dict[str, JSONValue])
    fingerprint: str


@attrs.frozen(kw_only=True)
class DocumentIR:
    """The meaning of one revision of one document.

    The same bytes and the same extractor versions give byte-equal JSON; all ids are
    unique, and both ends of every edge exist.

    Attributes:
        document_id: The document.
        version: Its revision, from 1.
        source: Digest of the original bytes.
        media_type: Of the original.
        title: The document's title; empty if it has none.
        schema: Version of this model.
        entities: In reading order.
        edges: Sorted.
        issues: Sorted by place.
    """

    document_id: UUID
    version: int
    source: Digest
    media_type: str
    title: str = ""
    schema: int = IR_SCHEMA
    entities: tuple[Entity, ...]
    edges: tuple[Edge, ...] = ()
    issues: tuple[Issue, ...] = ()
