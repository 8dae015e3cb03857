"""Event types: the name and schema version under which a class is recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

import attrs

from eventdocs.errors import EventRegistrationError

Upcaster: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""Turns a payload of one schema version into one of the next."""

C = TypeVar("C", bound=type)

_ATTRIBUTE = "__eventdocs_event_type__"


@attrs.frozen(kw_only=True)
class EventType:
    """How instances of a class stand in the log.

    Attributes:
        name: The name in the log; it outlives the class's own name and module.
        schema_version: The version of the shape that the class has now, from 1.
        cls: The attrs class.
        upcasters: From each older schema version to the next one.
        renamed_from: Names under which older events of the type stand in the log.
    """

    name: str
    schema_version: int
    cls: type
    upcasters: Mapping[int, Upcaster]
    renamed_from: tuple[str, ...] = ()


def event(
    name: str,
    *,
    version: int = 1,
    upcasters: Mapping[int, Upcaster] | None = None,
    renamed_from: Sequence[str] = (),
) -> Callable[[C], C]:
    """Declare an attrs class to be an event type.

    Args:
        name: The name in the log. Renaming the class later does not change it.
        version: The schema version of the class as it stands, from 1.
        upcasters: For every older version n, the function from n to n + 1.
        renamed_from: Names that the type had in the log before. Schema versions go on
            counting through a change of name, so one chain of upcasters serves all names.

    Raises:
        EventRegistrationError: The class is not an attrs class, a name cannot be
            recorded, or the chain of upcasters from version 1 to *version* has a gap.
    """
    chain = dict(upcasters or {})
    if isinstance(renamed_from, str):
        raise TypeError(f"renamed_from is a collection of names, not the text {renamed_from!r}")

    def declare(cls: C) -> C:
        if not _is_attrs(cls):
            raise EventRegistrationError(
                name, f"{cls.__qualname__} is not an attrs class; put @event above @attrs.frozen"
            )
        for each in (name, *renamed_from):
            check_event_name(each)
        check_chain(name, version, chain)
        declared = EventType(
            name=name,
            schema_version=version,
            cls=cls,
            upcasters=chain,
            renamed_from=tuple(renamed_from),
        )
        setattr(cls, _ATTRIBUTE, declared)
        return cls

    return declare


def check_event_name(name: str) -> None:
    """Pass *name* if every database can store it.

    Raises:
        EventRegistrationError: It is empty, too long, or holds U+0000.
    """
    if not name or len(name) > 255 or "\0" in name:
        raise EventRegistrationError(name, "a name has 1 to 255 characters and no U+0000")


def check_chain(name: str, version: int, chain: Mapping[int, Upcaster]) -> None:
    """Pass a *chain* of upcasters that leads from version 1 to *version*.

    Raises:
        EventRegistrationError: It has a gap, or leads elsewhere.
    """
    if version < 1:
        raise EventRegistrationError(name, f"schema versions count from 1, not {version}")
    missing = sorted(set(range(1, version)) - set(chain))
    surplus = sorted(set(chain) - set(range(1, version)))
    if missing or surplus:
        raise EventRegistrationError(
            name,
            f"upcasters must lead from every version below {version} to the next; "
            f"missing: {missing}, leading nowhere: {surplus}",
        )


def _is_attrs(cls: type) -> bool:
    return attrs.has(cls)  # not called in place: it would narrow the type that is returned


def event_type_of(cls: type) -> EventType:
    """Look up what `event` declared for exactly this class.

    Raises:
        EventRegistrationError: The class was never declared; a subclass of a
            declared class must be declared on its own.
    """
    declared = vars(cls).get(_ATTRIBUTE)
    if not isinstance(declared, EventType) or declared.cls is not cls:
        raise EventRegistrationError(
            cls.__qualname__, "the class is not declared; decorate it with @event(name, version=…)"
        )
    return declared
