"""Rules about references: dangling and ambiguous ones, labels, appendices."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from eventdocs.ir._canonical import kind_of
from eventdocs.ir._entities import (
    CrossReference,
    Definition,
    Entity,
    Formula,
    Section,
    Severity,
    Table,
)
from eventdocs.ir._findings import Evidence, Finding, is_sure, listed
from eventdocs.ir._names import name_of, shorten
from eventdocs.ir._numbers import heading_number, phrase_in
from eventdocs.ir._references import Targets


def dangling_references(document: Evidence) -> Iterator[Finding]:
    """Report references to something that the document does not have."""
    targets = Targets(document.ir.entities)
    for each in document.all(CrossReference):
        if each.resolution.state != "dangling":
            continue
        phrase = phrase_in(each.raw_target)
        severity: Severity = "error" if is_sure(each) else "warning"
        if phrase is not None and phrase.kind != "figure":
            # Where nothing of the kind is numbered, the number may be another document's.
            if phrase.label != "appendix" and not targets.numbered(phrase.kind):
                severity = "warning"
            message = f"There is no {shorten(each.raw_target)} in this document."
        else:
            message = f"Nothing in this document goes by the name {shorten(each.raw_target)!r}."
        yield Finding(
            code="dangling-reference",
            severity=severity,
            entities=(each,),
            message=message,
            suggestion="Correct the reference, or name the document that it points into.",
            data={"target": each.raw_target, "text": each.text},
            subject=(each.raw_target,),
        )


def ambiguous_references(document: Evidence) -> Iterator[Finding]:
    """Report references that fit several places."""
    for each in document.all(CrossReference):
        if each.resolution.state == "ambiguous":
            found = [document.by_id[candidate] for candidate in each.resolution.candidates]
            every = (f"{kind_of(candidate)} {name_of(candidate)}" for candidate in found)
            names = list(dict.fromkeys(every))
            places = f" in {len(found)} places" if len(names) < len(found) else ""
            yield Finding(
                code="ambiguous-reference",
                severity="warning",
                entities=(each, *found),
                message=f"{shorten(each.raw_target)!r} fits {listed(names)}{places}.",
                suggestion="Refer to one of them by a label or number of its own.",
                data={"target": each.raw_target, "candidates": [*names]},
                subject=(each.raw_target,),
            )


def duplicate_anchors(document: Evidence) -> Iterator[Finding]:
    """Report labels that were given to several things."""
    by_anchor: dict[str, list[Entity]] = defaultdict(list)
    for each in document.ir.entities:
        if each.id.anchor:
            by_anchor[each.id.anchor].append(each)
    for anchor, entities in by_anchor.items():
        terms = {each.term_key for each in entities if isinstance(each, Definition)}
        one_term = len(terms) == 1 and all(isinstance(each, Definition) for each in entities)
        if len(entities) > 1 and not one_term:
            names = [f"{kind_of(each)} {name_of(each)}" for each in entities]
            yield Finding(
                code="duplicate-anchor",
                severity="error",
                entities=(*entities[1:], entities[0]),
                message=f"The label {anchor!r} is given to {listed(names)}.",
                suggestion="Give each a label of its own; references to this one are ambiguous.",
                data={"anchor": anchor},
                subject=(anchor,),
            )


def unreferenced_labels(document: Evidence) -> Iterator[Finding]:
    """Report labelled formulas and tables that nothing refers to, where others are."""
    referenced = {edge.target for edge in document.ir.edges if edge.kind == "refers_to"}
    candidates = {
        candidate
        for each in document.all(CrossReference)
        for candidate in each.resolution.candidates
    }
    labelled = [
        each
        for each in document.ir.entities
        if isinstance(each, Formula | Table) and each.id.anchor
    ]
    kinds = {kind_of(each) for each in labelled if each.id.entity_id in referenced}
    used = referenced | candidates
    for each in labelled:
        if kind_of(each) in kinds and each.id.entity_id not in used:
            yield Finding(
                code="unreferenced-label",
                severity="info",
                entities=(each,),
                message=f"Nothing refers to the {kind_of(each)} labelled {each.id.anchor!r}.",
                suggestion="Remove the label, or refer to it where it matters.",
                data={"anchor": each.id.anchor},
                subject=(each.id.anchor or "",),
            )


def missing_appendices(document: Evidence) -> Iterator[Finding]:
    """Report appendices that are referred to, or skipped in the lettering, and not there."""
    there: dict[str, Section] = {}
    for section in document.all(Section):
        label, number = heading_number(section.title)
        if label == "appendix" and number:
            there.setdefault(number.partition(".")[0], section)
    wanted: dict[str, list[Entity]] = defaultdict(list)
    for each in document.all(CrossReference):
        phrase = phrase_in(each.raw_target)
        if phrase and phrase.label == "appendix" and each.resolution.state == "dangling":
            wanted[phrase.number].append(each)
    letters = sorted(number for number in there if len(number) == 1 and number.isalpha())
    for letter, following in pairwise(letters):
        for code in range(ord(letter) + 1, ord(following)):
            wanted[chr(code)].append(there[following])
    for number, entities in sorted(wanted.items()):
        yield Finding(
            code="missing-appendix",
            severity="warning",
            entities=tuple(entities),
            message=f"Appendix {number} is not part of this document.",
            suggestion="Add the appendix, or name the document it is in.",
            data={"appendix": number},
            subject=(number,),
        )
