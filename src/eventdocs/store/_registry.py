"""The registry: which event types a store can write and read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from eventdocs.errors import EventRegistrationError
from eventdocs.store._bygone import Registrable, Retired, Split
from eventdocs.store._event_types import EventType, event_type_of


class EventRegistry:
    """The event types of one store, found by class and by name.

    Args:
        declarations: Classes declared with `event`, and `Retired` and `Split` types.

    Raises:
        EventRegistrationError: A class is not declared, two types share a name (older
            ones count), or a type is split into a class that is not registered.
    """

    def __init__(self, declarations: Iterable[Registrable]) -> None:
        self._by_class: dict[type, EventType] = {}
        self._by_name: dict[str, EventType | Retired | Split] = {}
        for each in declarations:
            declared = event_type_of(each) if isinstance(each, type) else each
            if isinstance(declared, EventType):
                self._by_class[declared.cls] = declared
                for name in (declared.name, *declared.renamed_from):
                    self._claim(name, declared)
            else:
                self._claim(declared.name, declared)
        self._read_as = {name: self._types_of(declared) for name, declared in self._by_name.items()}
        self._recorded_as: dict[str, tuple[str, ...]] = {}
        for name, types in self._read_as.items():
            for read_as in types:
                self._recorded_as[read_as] = (*self._recorded_as.get(read_as, ()), name)

    def _claim(self, name: str, declared: EventType | Retired | Split) -> None:
        known = self._by_name.setdefault(name, declared)
        if known != declared:
            raise EventRegistrationError(
                name, f"both {_told(known)} and {_told(declared)} claim the name"
            )

    def _types_of(self, declared: EventType | Retired | Split) -> tuple[str, ...]:
        match declared:
            case EventType():
                return (declared.name,)
            case Retired():
                return ()
            case Split():
                for cls in declared.into:
                    if cls not in self._by_class:
                        raise EventRegistrationError(
                            declared.name,
                            f"it is split into {cls.__qualname__}, which is not registered",
                        )
                return tuple(dict.fromkeys(self._by_class[cls].name for cls in declared.into))

    def of_class(self, cls: type) -> EventType | None:
        """Find the type under which instances of *cls* are recorded."""
        return self._by_class.get(cls)

    def named(self, name: str) -> EventType | None:
        """Find the type whose events are, or once were, recorded under *name*."""
        found = self._by_name.get(name)
        return found if isinstance(found, EventType) else None

    def bygone(self, name: str) -> Retired | Split | None:
        """Find what became of a type that has no class any more."""
        found = self._by_name.get(name)
        return None if isinstance(found, EventType) else found

    def read_as(self, name: str) -> tuple[str, ...]:
        """Name the types that an event recorded under *name* is read as.

        One; several, or none, for a type that is split; none for one that is retired.
        What is not registered is read as itself.
        """
        return self._read_as.get(name, (name,))

    def present_name(self, name: str) -> str:
        """Give the name that a type has now whose events were recorded under *name*."""
        found = self._by_name.get(name)
        return name if found is None else found.name

    def recorded_as(self, name: str) -> tuple[str, ...]:
        """List the names under which events stand in the log that are read as type *name*.

        Those of types that are split into it are among them. A name that is not the
        present one of a registered type stands for itself.
        """
        return self._recorded_as.get(name, (name,))

    def __iter__(self) -> Iterator[EventType]:
        return iter(self._by_class.values())

    def __len__(self) -> int:
        return len(self._by_class)


def _told(declared: EventType | Retired | Split) -> str:
    if isinstance(declared, EventType):
        return declared.cls.__qualname__
    return f"{type(declared).__name__}({declared.name!r})"
