"""Adding what finders found to what an extractor has read, without overwriting any of it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from uuid import UUID

import attrs

from eventdocs.extraction._finders import (
    Discarded,
    Finder,
    Found,
    FoundDefinition,
    FoundFormula,
    provenances,
)
from eventdocs.extraction._formulas import FormulaReader, read_symbol
from eventdocs.extraction._limits import Limits
from eventdocs.extraction._registry import Extracted
from eventdocs.extraction._source import SourceText
from eventdocs.ir import (
    CrossReference,
    Definition,
    Entity,
    Formula,
    Identity,
    Provenance,
    Section,
    Table,
    kind_of,
    normalise_term,
)
from eventdocs.types import Digest

__all__ = ["add_found"]


@attrs.frozen
class _Proposal:
    found: Found
    prov: Provenance
    order: int

    @property
    def rank(self) -> tuple[float, int, tuple[int, int], str]:
        """The surest first; otherwise the finders' order, then the document's."""
        return (-self.prov.confidence, self.order, self.found.place, repr(self.found))


def add_found(
    extracted: Extracted, finders: Sequence[Finder], *, digest: Digest, limits: Limits
) -> tuple[Extracted, tuple[Discarded, ...]]:
    """Add what *finders* find; also tell what of it was discarded.

    Args:
        extracted: What the extractor has found.
        finders: Who else looks at it.
        digest: Of the document's bytes.
        limits: What the document may cost.

    Raises:
        ConfigurationError: A finder does not say who it is, or two are of one name.
    """
    discarded: list[Discarded] = []
    proposals: list[_Proposal] = []
    for order, (finder, prov) in enumerate(provenances(finders)):
        try:
            found = list(islice(finder.find(extracted), limits.max_entities + 1))
            if len(found) > limits.max_entities:
                raise ValueError(f"max_entities is {limits.max_entities:,}, it finds more")
        except Exception as error:  # noqa: BLE001 - finders are the host's code
            reason = f"the finder failed with {type(error).__name__}: {error}"
            discarded.append(Discarded(finder=prov.extractor, place=None, reason=reason))
            continue
        for each in found:
            if isinstance(each, FoundDefinition | FoundFormula):  # pyright: ignore[reportUnnecessaryIsInstance]  # the host's code may yield anything
                signed = attrs.evolve(prov, confidence=float(each.confidence))
                proposals.append(_Proposal(each, signed, order))
            else:
                reason = f"a {type(each).__name__} is neither a definition nor a formula"
                discarded.append(Discarded(finder=prov.extractor, place=None, reason=reason))
    adding = _Adding(extracted, digest, limits)
    for proposal in sorted(proposals, key=lambda each: each.rank):
        reason = adding.add(proposal)
        if reason:
            place = proposal.found.place
            discarded.append(Discarded(finder=proposal.prov.extractor, place=place, reason=reason))
    return attrs.evolve(extracted, entities=tuple(adding.entities())), tuple(discarded)


class _Adding:
    """Entities by their places, and room for more."""

    def __init__(self, extracted: Extracted, digest: Digest, limits: Limits) -> None:
        self._source = SourceText(extracted.text, digest)
        self._formulas = FormulaReader(limits)
        self._room = limits.max_entities - len(extracted.entities)
        self._given = extracted.entities
        self._added: dict[UUID, Entity] = {}
        self._gone: set[UUID] = set()
        self._last = max((each.id.entity_id.int for each in self._given), default=0)
        self._needed = set(_mentioned(self._given))
        self._sections = [each for each in self._given if isinstance(each, Section)]
        self._lines: dict[str, _Line] = {}
        for each in self._given:
            self._lines.setdefault(kind_of(each), _Line()).add(each)

    def entities(self) -> Iterator[Entity]:
        """What there is now."""
        for each in (*self._given, *self._added.values()):
            if each.id.entity_id not in self._gone:
                yield each

    def add(self, proposal: _Proposal) -> str:
        """Add what was found, or say why not."""
        start, end = place = proposal.found.place
        if end > len(self._source.text):
            return f"the text ends at {len(self._source.text)}"
        if not self._source.text[start:end].strip():
            return "nothing but white space stands there"
        if not self._room:
            return "max_entities is reached"
        entity = self._entity(proposal)
        weaker: list[Entity] = []
        for kind, line in self._lines.items():
            for other in line.overlapping(start, end):
                if other.id.entity_id in self._gone:
                    continue
                if kind == kind_of(entity):
                    if self._stays(other, proposal.prov.confidence):
                        return f"overlaps {_described(other)}"
                    weaker.append(other)
                elif other.prov.method == "markup" and _cuts(place, other):
                    return f"cuts through {_described(other)}"
        self._gone.update(each.id.entity_id for each in weaker)
        self._added[entity.id.entity_id] = entity
        self._lines.setdefault(kind_of(entity), _Line()).add(entity)
        self._last += 1
        self._room += len(weaker) - 1
        return ""

    def _stays(self, other: Entity, confidence: float) -> bool:
        return (
            other.prov.method == "markup"
            or other.prov.confidence >= confidence
            or other.id.entity_id in self._added
            or other.id.entity_id in self._needed
        )

    def _entity(self, proposal: _Proposal) -> Entity:
        found, prov = proposal.found, proposal.prov
        identity = Identity(entity_id=UUID(int=self._last + 1), content_key="")
        span = self._source.span(*found.place)
        section = self._section_at(found.place[0])
        raw = self._source.text[slice(*found.place)]
        if isinstance(found, FoundFormula):
            latex = raw if found.latex is None else found.latex
            read = self._formulas.read(latex, display=found.display)
            return read.entity(
                identity=identity,
                span=span,
                prov=prov,
                section=section,
                raw=raw,
                notation="latex" if found.latex is None else "text",
                display=found.display,
                number=found.number,
            )
        term = " ".join(found.term.split())
        aliases = dict.fromkeys(normalise_term(each) for each in found.aliases)
        for own in (normalise_term(term), ""):
            aliases.pop(own, None)
        return Definition(
            id=identity,
            span=span,
            prov=prov,
            section=section,
            term=term,
            term_key=normalise_term(term),
            aliases=tuple(aliases),
            symbol=None if found.symbol is None else read_symbol(found.symbol),
            body=" ".join(self._source.text[slice(*found.body_place)].split()),
            body_span=self._source.span(*found.body_place),
            unit=found.unit,
            form=found.form,
            scope=found.scope,
        )

    def _section_at(self, start: int) -> tuple[str, ...]:
        around: tuple[str, ...] = ()
        for each in self._sections:
            if (
                each.span.start is not None
                and each.span.start <= start
                and (each.end is None or start < each.end)
            ):
                around = (*each.section, each.title)
        return around


class _Line:
    """Entities of one kind along the text."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._entities: list[tuple[int, int, Entity]] = []
        self._longest = 0

    def add(self, entity: Entity) -> None:
        """Put an entity where it stands; one without characters stands nowhere."""
        start, end = entity.span.start, entity.span.end
        if start is None or end is None:
            return
        at = bisect_right(self._starts, start)
        insort(self._starts, start)
        self._entities.insert(at, (start, end, entity))
        self._longest = max(self._longest, end - start)

    def overlapping(self, start: int, end: int) -> Iterator[Entity]:
        """Give what shares a character with that place, in the order of the text."""
        first = bisect_left(self._starts, start - self._longest)
        for begin, stop, entity in self._entities[first : bisect_left(self._starts, end)]:
            if begin < end and start < stop:
                yield entity


def _cuts(place: tuple[int, int], other: Entity) -> bool:
    """Tell whether two places that overlap are neither inside nor around each other."""
    start, end = place
    first, last = other.span.start or 0, other.span.end or 0
    inside = first <= start and end <= last
    around = start <= first and last <= end
    return not inside and not around


def _described(entity: Entity) -> str:
    prov = entity.prov
    by = "markup gives" if prov.method == "markup" else f"{prov.extractor} found at least as surely"
    return f"the {kind_of(entity)} at {entity.span.start} to {entity.span.end}, which {by}"


def _mentioned(entities: Iterable[Entity]) -> Iterator[UUID]:
    """Name what others point at, so that it cannot go."""
    for each in entities:
        match each:
            case Table():
                for cell in each.cells:
                    yield from cell.formulas
            case CrossReference():
                yield from each.resolution.candidates
                if each.resolution.target is not None:
                    yield each.resolution.target
            case Formula():
                for variable in each.variables:
                    yield from variable.resolution.candidates
                    if variable.resolution.target is not None:
                        yield variable.resolution.target
            case _:
                pass
