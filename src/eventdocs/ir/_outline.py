"""The outline: which section each entity stands in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from uuid import UUID

from eventdocs.ir._entities import Entity, Section


class Outline:
    """The section around every entity, found by its path of titles in reading order.

    Sections may share a title: an entity belongs to the latest one before it.

    Args:
        entities: In reading order.
    """

    def __init__(self, entities: Iterable[Entity]) -> None:
        self._home: dict[UUID, UUID | None] = {}
        latest: dict[tuple[str, ...], UUID] = {}
        for each in entities:
            self._home[each.id.entity_id] = latest.get(each.section)
            if isinstance(each, Section):
                latest[(*each.section, each.title)] = each.id.entity_id

    def home(self, entity_id: UUID) -> UUID | None:
        """Find the innermost section around an entity; None outside of all sections."""
        return self._home.get(entity_id)

    def around(self, entity_id: UUID) -> Iterator[UUID | None]:
        """Name the sections around an entity, innermost first; None, the document, ends it."""
        home = self._home.get(entity_id)
        while home is not None:
            yield home
            home = self._home.get(home)
        yield None

    def distance(self, entity_id: UUID, section: UUID | None) -> int | None:
        """Count the sections to leave to get from an entity to *section*; None if it is not in it."""
        for steps, around in enumerate(self.around(entity_id)):
            if around == section:
                return steps
        return None
