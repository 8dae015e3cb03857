"""The registry: which event classes a store can write and read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from eventdocs.errors import EventRegistrationError
from eventdocs.store._event_types import EventType, event_type_of


class EventRegistry:
    """The event types of one store, found by class and by name.

    Args:
        classes: Classes declared with `event`.

    Raises:
        EventRegistrationError: A class is not declared, or two share a name.
    """

    def __init__(self, classes: Iterable[type]) -> None:
        self._by_class: dict[type, EventType] = {}
        self._by_name: dict[str, EventType] = {}
        for cls in classes:
            declared = event_type_of(cls)
            known = self._by_name.get(declared.name)
            if known is not None and known.cls is not cls:
                raise EventRegistrationError(
                    declared.name,
                    f"both {known.cls.__qualname__} and {cls.__qualname__} claim the name",
                )
            self._by_class[cls] = self._by_name[declared.name] = declared

    def of_class(self, cls: type) -> EventType | None:
        """Find the type under which instances of *cls* are recorded."""
        return self._by_class.get(cls)

    def named(self, name: str) -> EventType | None:
        """Find the type that is recorded under *name*."""
        return self._by_name.get(name)

    def __iter__(self) -> Iterator[EventType]:
        return iter(self._by_name.values())

    def __len__(self) -> int:
        return len(self._by_name)
