"""Bygone types: names that stand in the log and are given to no new event any more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import attrs

from eventdocs.store._event_types import Upcaster, check_chain, check_event_name


def _check_name(_: object, __: object, name: str) -> None:
    check_event_name(name)


@attrs.frozen
class Retired:
    """An event type whose events nobody needs any more.

    Its events stay where they are, and their data is this value. Deciders and projections
    pass over them.

    Attributes:
        name: The name in the log.

    Raises:
        EventRegistrationError: No database could store the name.
    """

    name: str = attrs.field(validator=_check_name)


@attrs.frozen(kw_only=True)
class Split:
    """An event type whose events are now read as several others.

    An event that is split is still one event with one place in the log, so that
    checkpoints, versions and ids mean what they always did. Its data is the tuple of its
    parts; deciders and projections go through the parts in order, as one step.

    Attributes:
        name: The name in the log.
        into: The classes that the parts can have.
        by: Makes the parts, in order, of a payload of the newest schema version. A pure
            function, as upcasters are; it may give none.
        schema_version: The newest schema version that was ever recorded.
        upcasters: For every older version n, the function from n to n + 1.

    Raises:
        EventRegistrationError: No database could store the name, or the chain of
            upcasters from version 1 to *schema_version* has a gap.
    """

    name: str = attrs.field(validator=_check_name)
    into: tuple[type, ...] = attrs.field(converter=tuple[type, ...])
    by: Callable[[dict[str, Any]], Sequence[object]]
    schema_version: int = 1
    upcasters: Mapping[int, Upcaster] = attrs.field(factory=dict[int, Upcaster])

    def __attrs_post_init__(self) -> None:
        check_chain(self.name, self.schema_version, self.upcasters)

    def parts_of(self, payload: dict[str, Any]) -> tuple[object, ...]:
        """Split one payload.

        Raises:
            TypeError: A part has none of the classes in *into*.
        """
        parts = tuple(self.by(payload))
        for part in parts:
            if type(part) not in self.into:
                raise TypeError(
                    f"a part is a {type(part).__qualname__}, which *into* does not name"
                )
        return parts


Registrable: TypeAlias = type | Retired | Split
"""What a registry is made of: event classes, and what became of types that have none."""
