"""What changed between two revisions, told in the words of the documents."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import attrs

from eventdocs.cli._facts import FindingFacts, finding_facts, section_of
from eventdocs.cli._output import Column, Output, grid
from eventdocs.ir import Definition, Entity, Formula, Section, describe, diff, kind_of, name_of

if TYPE_CHECKING:
    from eventdocs.ir import Added, Changed, DocumentIR, EntityKind, IRDiff, Issue, Moved, Removed

ChangeKind = Literal["added", "removed", "changed", "moved"]


@attrs.frozen(kw_only=True)
class ChangeFacts:
    """One entity that is not what or where it was.

    Attributes:
        change: What happened to it.
        kind: What it is.
        id: The entity, the same in both revisions.
        name: What it is called in the newer revision that has it.
        section: Where it stands there.
        line: Likewise.
        summary: What happened, in one line.
        was: What a definition or formula said, if it says something else now.
        now: What it says now.
        within: It only moved along with this section.
    """

    change: ChangeKind
    kind: EntityKind
    id: UUID
    name: str
    section: str
    line: int | None
    summary: str
    was: str | None = None
    now: str | None = None
    within: UUID | None = None


@attrs.frozen(kw_only=True)
class DiffFacts:
    """What changed between two revisions.

    Attributes:
        before: The older revision.
        after: The newer one.
        changes: In reading order of each kind of change.
        findings_fixed: Findings that only the older one has.
        findings_new: Findings that only the newer one has.
    """

    before: int
    after: int
    changes: tuple[ChangeFacts, ...]
    findings_fixed: tuple[FindingFacts, ...]
    findings_new: tuple[FindingFacts, ...]


def compare(old: DocumentIR, new: DocumentIR) -> DiffFacts:
    """Compare two revisions of a document."""
    return _Comparison(old, new, diff(old, new)).facts()


class _Comparison:
    def __init__(self, old: DocumentIR, new: DocumentIR, found: IRDiff) -> None:
        self.old_ir, self.new_ir, self.found = old, new, found
        self.old: dict[UUID, Entity] = {each.id.entity_id: each for each in old.entities}
        self.new: dict[UUID, Entity] = {each.id.entity_id: each for each in new.entities}

    def facts(self) -> DiffFacts:
        found = self.found
        return DiffFacts(
            before=self.old_ir.version,
            after=self.new_ir.version,
            changes=(
                *(_fact("added", each, each.entity) for each in found.added),
                *(_fact("removed", each, each.entity) for each in found.removed),
                *(self.changed(each) for each in found.changed),
                *self.moved(),
            ),
            findings_fixed=tuple(_findings(found.issues_removed, self.old)),
            findings_new=tuple(_findings(found.issues_added, self.new)),
        )

    def changed(self, change: Changed) -> ChangeFacts:
        new = self.new[change.entity_id]
        was, now = _said(self.old[change.entity_id]), _said(new)
        fact = _fact("changed", change, new)
        return fact if was == now else attrs.evolve(fact, was=was, now=now)

    def moved(self) -> Iterator[ChangeFacts]:
        sections = {each.entity_id for each in self.found.moved if each.kind == "section"}
        inside = self.inside_of(sections)
        for each in self.found.moved:
            fact = _fact("moved", each, self.new[each.entity_id])
            yield attrs.evolve(fact, within=inside.get(each.entity_id))

    def inside_of(self, sections: set[UUID]) -> dict[UUID, UUID]:
        """Find, for everything inside of moved sections, the outermost of them."""
        inside: dict[UUID, UUID] = {}
        current: Section | None = None
        for each in self.new_ir.entities:
            if isinstance(each, Section) and (current is None or each.level <= current.level):
                current = each if each.id.entity_id in sections else None
            elif current is not None:
                inside[each.id.entity_id] = current.id.entity_id
        return inside


def show_changes(output: Output, facts: DiffFacts) -> None:
    """Show what changed; what only moved along with its section is counted there."""
    alone = [each for each in facts.changes if each.within is None]
    along = Counter(each.within for each in facts.changes if each.within is not None)
    output.heading(f"Changes from revision {facts.before} to {facts.after} ({len(alone)})")
    if not alone:
        output.line("  none: the meaning is the same", style="dim")
    for each in alone:
        others = f", with {along[each.id]} entities in it" if each.id in along else ""
        output.line(f"  {each.change:<8} line {each.line}: {each.summary}{others}")
        if each.was is not None and each.now is not None:
            output.pairs([("was", each.was), ("now", each.now)], indent=" " * 11)
    for heading, findings in (
        ("Findings fixed", facts.findings_fixed),
        ("Findings new", facts.findings_new),
    ):
        if findings:
            output.heading(f"{heading} ({len(findings)})")
            rows = [(each.severity, each.code, each.line, each.message) for each in findings]
            line = Column(title="Line", right=True)
            output.grid(grid("Severity", Column(title="Code", keep=True), line, "What", rows=rows))


def _fact(
    change: ChangeKind, what: Added | Removed | Changed | Moved, entity: Entity
) -> ChangeFacts:
    return ChangeFacts(
        change=change,
        kind=kind_of(entity),
        id=entity.id.entity_id,
        name=name_of(entity),
        section=section_of(entity),
        line=entity.span.line,
        summary=describe(what),
    )


def _said(entity: Entity) -> str | None:
    match entity:
        case Definition():
            return " ".join(entity.body.split())
        case Formula():
            return entity.text
        case _:
            return None


def _findings(issues: Sequence[Issue], entities: dict[UUID, Entity]) -> Iterator[FindingFacts]:
    for each in issues:
        about = entities.get(each.entities[0]) if each.entities else None
        yield finding_facts(each, about)
