"""What would change with a parameter, told in the words of the document."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import attrs

from eventdocs.cli._facts import referred, section_of
from eventdocs.ir import Definition, Entity, Formula, impact, name_of, spell

if TYPE_CHECKING:
    from eventdocs.ir import DocumentIR, EntityKind


@attrs.frozen(kw_only=True)
class EffectFacts:
    """An entity that has to do with a parameter.

    Attributes:
        id: The entity.
        kind: What it is.
        name: As a text would refer to it.
        section: Where it stands.
        line: Likewise.
        path: Names from the first user of the parameter to this entity.
    """

    id: UUID
    kind: EntityKind
    name: str
    section: str
    line: int | None
    path: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class ImpactFacts:
    """What would change with a parameter.

    Attributes:
        parameter: Its name.
        sources: Where the document says what it is.
        affected: In the order in which to work a change through.
    """

    parameter: str
    sources: tuple[EffectFacts, ...]
    affected: tuple[EffectFacts, ...]


def effects_of(ir: DocumentIR, parameter: str) -> ImpactFacts:
    """Find what in *ir* would change with *parameter*."""
    from eventdocs.ir import kind_of

    found = impact(ir, parameter)
    by_id = {each.id.entity_id: each for each in ir.entities}

    def fact(entity_id: UUID, path: tuple[UUID, ...] = ()) -> EffectFacts:
        entity = by_id[entity_id]
        return EffectFacts(
            id=entity_id,
            kind=kind_of(entity),
            name=_named(entity),
            section=section_of(entity),
            line=entity.span.line,
            path=tuple(_symbol(by_id[each]) for each in path),
        )

    return ImpactFacts(
        parameter=found.subject,
        sources=tuple(fact(each) for each in found.sources),
        affected=tuple(fact(each.entity, each.path) for each in found.affected),
    )


def _named(entity: Entity) -> str:
    match entity:
        case Formula(number=str(number), defines=defines):
            symbol = f" {spell(defines)}" if defines else ""
            return f"equation ({number}){symbol}"
        case Formula():
            return f"formula {name_of(entity)}"
        case Definition():
            return f"definition of {name_of(entity)}"
        case _:
            return referred(entity)


def _symbol(entity: Entity) -> str:
    if isinstance(entity, Formula) and entity.defines is not None:
        return spell(entity.defines)
    return name_of(entity)
