"""The order of projections: each after those whose tables it refers to."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from eventdocs.errors import ProjectorDefinitionError
from eventdocs.projections._projector import Projector
from eventdocs.store import EventRegistry


def in_order(projectors: Sequence[Projector], registry: EventRegistry) -> tuple[Projector, ...]:
    """Sort *projectors* so that each comes after those it depends on.

    Raises:
        ProjectorDefinitionError: Two share a name or a table, one depends on another
            that is not among them or on itself, or one handles an event class that the
            store was not opened with.
    """
    by_name: dict[str, Projector] = {}
    owners: dict[str, str] = {}
    for projector in projectors:
        if not hasattr(projector, "name"):
            raise ProjectorDefinitionError(type(projector).__qualname__, "it has no name")
        if by_name.setdefault(projector.name, projector) is not projector:
            raise ProjectorDefinitionError(projector.name, "two projectors have this name")
        for table in projector.tables:
            if owners.setdefault(table.name, projector.name) != projector.name:
                raise ProjectorDefinitionError(
                    projector.name, f"table {table.name} is also {owners[table.name]!r}'s"
                )
        _check_types(projector, registry)
    graph = {name: [each.name for each in by_name[name].depends_on] for name in by_name}
    for name, dependencies in graph.items():
        for dependency in dependencies:
            if dependency not in by_name:
                raise ProjectorDefinitionError(
                    name, f"it depends on {dependency!r}, which was not given to the runner"
                )
    try:
        return tuple(by_name[name] for name in TopologicalSorter(graph).static_order())
    except CycleError as error:
        path: list[str] = error.args[1]
        raise ProjectorDefinitionError(
            path[0], f"it depends on itself: {' <- '.join(path)}"
        ) from None


def _check_types(projector: Projector, registry: EventRegistry) -> None:
    for handler in projector.handlers.values():
        for event_class in handler.event_classes:
            if registry.of_class(event_class) is None:
                raise ProjectorDefinitionError(
                    projector.name,
                    f"{handler.method} handles {event_class.__qualname__}, which the store was "
                    "not opened with; add it to open_store(..., events=[...])",
                )
