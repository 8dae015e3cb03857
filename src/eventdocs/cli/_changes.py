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

SAID_IN_FULL = frozenset({"latex", "body", "uses"})
"""Fields of a change that the words before and after it say in full."""


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
        is_passing: It is an inline formula that came or went with the text around it.
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
    is_passing: bool = False


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
        if was == now:
            return _fact("changed", change, new)
        rest = tuple(each for each in change.fields if each.field not in SAID_IN_FULL)
        fact = _fact("changed", attrs.evolve(change, fields=rest), new)
        return attrs.evolve(fact, was=was, now=now)

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
    """Show what changed; what moved along with its section is counted there."""
    shown = [each for each in facts.changes if each.within is None and not each.is_passing]
    passing = sum(each.within is None for each in facts.changes) - len(shown)
    along = Counter(each.within for each in facts.changes if each.within is not None)
    rows: list[tuple[object, ...]] = []
    for each in shown:
        carries = each.change == "moved" and each.id in along
        others = f", with {along[each.id]} entities in it" if carries else ""
        rows.append((each.change, each.line, f"{each.summary}{others}"))
        if each.was is not None and each.now is not None:
            rows += [("", "", f"was: {each.was}"), ("", "", f"now: {each.now}")]
    output.heading(f"Changes from revision {facts.before} to {facts.after} ({len(shown)})")
    line = Column(title="Line", right=True)
    output.grid(grid("Change", line, "What", rows=rows), empty="none: the meaning is the same")
    if passing:
        output.line(f"  and {passing} symbols in running text that came or went", style="dim")
    for heading, findings in (
        ("Findings fixed", facts.findings_fixed),
        ("Findings new", facts.findings_new),
    ):
        if findings:
            output.heading(f"{heading} ({len(findings)})")
            rows = [(each.severity, each.code, each.line, each.message) for each in findings]
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
        is_passing=isinstance(entity, Formula) and not entity.display and change != "changed",
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
