"""Proposals: corrections of an extracted meaning, by people or by models."""

from __future__ import annotations

import abc
from collections.abc import Mapping
from typing import Any, ClassVar, Final, Literal, TypeAlias
from uuid import UUID

import attrs
import orjson
from typing_extensions import override

from eventdocs.errors import InvalidIRError
from eventdocs.ir import (
    Definition,
    Entity,
    Provenance,
    entity_from_dict,
    entity_to_dict,
    normalise_term,
)
from eventdocs.types import JSONObject, JSONValue

EntitiesById: TypeAlias = dict[UUID, Entity]

_EXTRACTOR: Final = "curation"
_EXTRACTOR_VERSION: Final = "1"
_FIXED: Final = frozenset({"kind", "id", "prov"})
"""What a change cannot touch: what kind of thing an entity is, and which one."""


@attrs.frozen(kw_only=True)
class Proposal(abc.ABC):
    """One correction.

    Attributes:
        by: Who proposes it: a person, or a model.
        method: Which of the two.
        confidence: How sure they are, from 0 to 1.
        reason: Why, in words.
    """

    by: str
    method: Literal["human", "model"] = "human"
    confidence: float = 1.0
    reason: str = ""

    action: ClassVar[str]

    @property
    @abc.abstractmethod
    def subject(self) -> UUID:
        """The entity it is about."""

    @abc.abstractmethod
    def apply(self, entities: EntitiesById) -> None:
        """Carry it out.

        Raises:
            InvalidIRError: What it is about is not there, or it leads to what is no entity.
        """

    @abc.abstractmethod
    def to_dict(self) -> JSONObject:
        """Write it as plain JSON values."""

    def _common(self) -> dict[str, JSONValue]:
        return {
            "action": self.action,
            "by": self.by,
            "method": self.method,
            "confidence": self.confidence,
            "reason": self.reason,
        }

    def _provenance(self) -> Provenance:
        return Provenance(
            extractor=_EXTRACTOR,
            extractor_version=_EXTRACTOR_VERSION,
            library=self.by,
            method=self.method,
            confidence=self.confidence,
        )


@attrs.frozen(kw_only=True)
class AddEntity(Proposal):
    """Add what extraction overlooked.

    Attributes:
        entity: The entity, under an id of its own; key and provenance are set by applying it.
    """

    entity: Entity

    action = "add"

    @property
    @override
    def subject(self) -> UUID:
        return self.entity.id.entity_id

    @override
    def apply(self, entities: EntitiesById) -> None:
        if self.subject in entities:
            raise InvalidIRError([f"entity {self.subject}: it is there already"])
        entities[self.subject] = attrs.evolve(self.entity, prov=self._provenance())

    @override
    def to_dict(self) -> JSONObject:
        return {**self._common(), "entity": entity_to_dict(self.entity)}


@attrs.frozen(kw_only=True)
class ChangeEntity(Proposal):
    """Change what extraction got wrong.

    Attributes:
        entity_id: The entity.
        changes: New values of its fields, in their JSON form.
    """

    entity_id: UUID
    changes: JSONObject

    action = "change"

    @property
    @override
    def subject(self) -> UUID:
        return self.entity_id

    @override
    def apply(self, entities: EntitiesById) -> None:
        before = _existing(entities, self.entity_id)
        path = f"entity {self.entity_id}"
        if fixed := sorted(_FIXED & set(self.changes)):
            raise InvalidIRError([f"{path}.{name}: cannot be changed" for name in fixed])
        changed = dict(self.changes)
        if isinstance(before, Definition):
            if isinstance(term := changed.get("term"), str):
                changed.setdefault("term_key", normalise_term(term))
            if "body" in changed:
                changed.setdefault("uses", [])  # found again in the new body
        after = entity_from_dict({**entity_to_dict(before), **changed}, path)
        entities[self.entity_id] = attrs.evolve(after, prov=self._provenance())

    @override
    def to_dict(self) -> JSONObject:
        return {**self._common(), "entity_id": str(self.entity_id), "changes": self.changes}


@attrs.frozen(kw_only=True)
class RemoveEntity(Proposal):
    """Remove what extraction took for something it is not.

    Attributes:
        entity_id: The entity.
    """

    entity_id: UUID

    action = "remove"

    @property
    @override
    def subject(self) -> UUID:
        return self.entity_id

    @override
    def apply(self, entities: EntitiesById) -> None:
        _existing(entities, self.entity_id)
        del entities[self.entity_id]

    @override
    def to_dict(self) -> JSONObject:
        return {**self._common(), "entity_id": str(self.entity_id)}


@attrs.frozen(kw_only=True)
class Patch:
    """The proposals of one curation.

    Attributes:
        curation_id: The curation.
        proposals: Applied in their order.
    """

    curation_id: UUID
    proposals: tuple[Proposal, ...]

    def to_json(self) -> bytes:
        """Write it down; equal patches give equal bytes."""
        fields = {
            "curation_id": str(self.curation_id),
            "proposals": [each.to_dict() for each in self.proposals],
        }
        return orjson.dumps(fields, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_json(cls, content: bytes) -> Patch:
        """Read what `to_json` wrote."""
        fields = orjson.loads(content)
        return cls(
            curation_id=UUID(fields["curation_id"]),
            proposals=tuple(_proposal(each) for each in fields["proposals"]),
        )


def _existing(entities: EntitiesById, entity_id: UUID) -> Entity:
    if entity_id not in entities:
        raise InvalidIRError([f"entity {entity_id}: it is not there"])
    return entities[entity_id]


def _proposal(fields: Mapping[str, Any]) -> Proposal:
    given = dict(fields)
    action = given.pop("action")
    match action:
        case "add":
            entity = given.pop("entity")
            return AddEntity(entity=entity_from_dict(entity), **given)
        case "change":
            return ChangeEntity(entity_id=UUID(given.pop("entity_id")), **given)
        case _:
            return RemoveEntity(entity_id=UUID(given.pop("entity_id")), **given)
