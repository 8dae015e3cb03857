"""Projectors: the host's classes that turn the log into read models."""

from __future__ import annotations

import enum
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, Final, cast

from sqlalchemy import Table

from eventdocs.errors import ProjectorDefinitionError
from eventdocs.projections._handlers import Handler, handlers_in
from eventdocs.store import RecordedEvent

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
_MOST_PARTITIONS: Final = 1000


class FailurePolicy(enum.Enum):
    """What becomes of an event that a projector cannot apply."""

    STOP = "stop"
    """The projection stands still before the event until it can be applied or is skipped."""

    PARK = "park"
    """The event and every later one of its ordering key wait as dead letters; others go on."""

    SKIP = "skip"
    """The event is recorded as skipped and left out."""


class Projector:
    """A read model's builder: derive from it, name it, and write handlers.

    Every committed event that it handles takes effect in its tables exactly once, in
    the order of the log. `tables` lists every table that its handlers write: they are
    created when they are missing, and replaced as a whole by a rebuild.

    Attributes:
        name: Identity of the projection in the database; it outlives the class's own.
        version: Raise it when the read model must be built anew.
        tables: Tables that it alone writes, without a schema of their own.
        depends_on: Projectors it stays behind, because it refers to their rows. They may
            be ahead of it, so rows that others refer to are marked as gone, not deleted.
        on_failure: What becomes of an event that a handler cannot apply.
        partitions: Parts into which the events are spread by their ordering keys. Each part is
            moved on its own, by whichever runner, so that handlers work beside one another.
        is_per_stream: Every row comes from the events of one stream alone, so that a
            sample of the streams can be verified. The tables need primary keys.
        handlers: What applies each event type, by its name; found by `handles`.
    """

    name: ClassVar[str]
    version: ClassVar[int]
    tables: ClassVar[tuple[Table, ...]] = ()
    depends_on: ClassVar[tuple[type[Projector], ...]] = ()
    on_failure: ClassVar[FailurePolicy] = FailurePolicy.STOP
    partitions: ClassVar[int] = 1
    is_per_stream: ClassVar[bool] = False
    handlers: ClassVar[Mapping[str, Handler]] = MappingProxyType({})

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Check the definition.

        Raises:
            ProjectorDefinitionError: The class contradicts itself.
        """
        super().__init_subclass__(**kwargs)
        cls.handlers = MappingProxyType(handlers_in(cls))
        # A class without a name and without handlers is only a base of others.
        if cls.handlers or hasattr(cls, "name"):
            for problem in _problems(cls):
                raise ProjectorDefinitionError(cls.__qualname__, problem)

    def ordering_key(self, event: RecordedEvent[Any]) -> str:
        """Name what *event* has to stay in order with: its stream, unless overridden.

        Events of one key take effect in the log's order, whatever fails. Under the policy
        to park, the events behind a failed one of their key wait for it, and those of
        other keys go on. Return what could name a stream, the same for an event each time,
        and ask nothing but the event: this is called for each one that is handled. Of an
        event that is read as several, the first that is handled is asked about.

        What this raises is a failure of the event. Under the policy to park, its key then
        is the name of its stream, and later events of the stream wait whatever their key, as
        far as they belong to the same partition.
        """
        return event.stream


def _problems(cls: type[Projector]) -> Iterator[str]:
    # What a class body says is unchecked, whatever its annotations promise.
    name: object = getattr(cls, "name", None)
    partitions: object = cls.partitions
    version: object = getattr(cls, "version", None)
    tables: object = cls.tables
    depends_on: object = cls.depends_on
    policy: object = getattr(cls, "on_failure", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        yield (
            f"name must be 1 to 100 letters, digits, '.', '_' and '-', "
            f"beginning with a letter or digit, not {name!r}"
        )
    if type(version) is not int or version < 1:
        yield f"version must be a number from 1, not {version!r}"
    if not cls.handlers:
        yield "it handles no event; decorate a method with @handles(EventClass)"
    if not _are_all(tables, lambda each: isinstance(each, Table)):
        yield "tables must be a tuple of SQLAlchemy tables"
    for table in cls.tables:
        if table.schema is not None:
            yield f"table {table.fullname} names a schema; the store's own is used for all"
    if not _are_all(
        depends_on, lambda each: isinstance(each, type) and issubclass(each, Projector)
    ):
        yield "depends_on must be a tuple of projector classes"
    if not isinstance(policy, FailurePolicy):
        yield f"on_failure must be a FailurePolicy, not {policy!r}"
    if type(partitions) is not int or not 1 <= partitions <= _MOST_PARTITIONS:
        yield f"partitions must be a number from 1 to {_MOST_PARTITIONS}, not {partitions!r}"
    if inspect.iscoroutinefunction(cls.ordering_key):
        yield "ordering_key must not be an async method"
    if cls.is_per_stream and not all(table.primary_key for table in cls.tables):
        yield "is_per_stream needs tables with primary keys"
    if any(each.name == name for each in dependencies_of(cls)):
        yield "it depends on itself"


def _are_all(value: object, fits: Callable[[object], bool]) -> bool:
    return isinstance(value, tuple) and all(map(fits, cast("tuple[object, ...]", value)))


def dependencies_of(cls: type[Projector]) -> list[type[Projector]]:
    """List everything that *cls* depends on, directly or not."""
    found: list[type[Projector]] = []
    pending = list(cls.depends_on)
    while pending:
        each = pending.pop()
        if each not in found:
            found.append(each)
            pending.extend(each.depends_on)
    return found
