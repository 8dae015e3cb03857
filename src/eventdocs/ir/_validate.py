"""Validation: every rule over one document, as findings that can be suppressed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from eventdocs.ir._canonical import fingerprint
from eventdocs.ir._entities import DocumentIR, Issue
from eventdocs.ir._findings import Evidence, Finding
from eventdocs.ir._order import issue_order
from eventdocs.ir._rules_definitions import (
    ambiguous_definitions,
    duplicate_definitions,
    unused_definitions,
)
from eventdocs.ir._rules_formulas import incomplete_formulas, unparsed_formulas
from eventdocs.ir._rules_references import (
    ambiguous_references,
    dangling_references,
    duplicate_anchors,
    missing_appendices,
    unreferenced_labels,
)
from eventdocs.ir._rules_tables import (
    header_mismatch,
    mixed_columns,
    overlapping_cells,
    ragged_rows,
    unit_mismatch,
)
from eventdocs.ir._rules_variables import circular_formulas, circular_terms, undefined_variables

_RULES: tuple[Callable[[Evidence], Iterator[Finding]], ...] = (
    undefined_variables,
    circular_formulas,
    circular_terms,
    duplicate_definitions,
    ambiguous_definitions,
    unused_definitions,
    dangling_references,
    ambiguous_references,
    duplicate_anchors,
    unreferenced_labels,
    missing_appendices,
    ragged_rows,
    header_mismatch,
    overlapping_cells,
    mixed_columns,
    unit_mismatch,
    incomplete_formulas,
    unparsed_formulas,
)


def validate(ir: DocumentIR) -> tuple[Issue, ...]:
    """Judge what *ir* says, sorted by place; its own `issues` play no part.

    A finding's fingerprint is made of what it is about, such as a symbol or a target, not
    of where that stands: it survives edits that have nothing to do with it.
    """
    return judged(Evidence(ir))


def judged(document: Evidence) -> tuple[Issue, ...]:
    """Judge a document of which something may be known already; see `validate`."""
    seen: Counter[tuple[str, ...]] = Counter()
    issues: list[Issue] = []
    for rule in _RULES:
        for finding in rule(document):
            subject = (finding.code, *finding.subject)
            issues.append(_issue(finding, seen[subject]))
            seen[subject] += 1
    return tuple(sorted(issues, key=issue_order))


def _issue(finding: Finding, repetition: int) -> Issue:
    return Issue(
        code=finding.code,
        severity=finding.severity,
        entities=tuple(each.id.entity_id for each in finding.entities),
        span=finding.span or finding.entities[0].span,
        message=finding.message,
        suggestion=finding.suggestion,
        data=finding.data,
        fingerprint=fingerprint(finding.code, finding.subject, repetition),
    )
