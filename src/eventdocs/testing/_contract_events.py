"""Event classes that the contract records: small ones, and one with every kind of value."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final, TypeAlias
from uuid import UUID

import attrs

from eventdocs.store import EventStore, event

Opening: TypeAlias = Callable[[Iterable[type]], AbstractAsyncContextManager[EventStore]]
"""Opens a store with the event classes given; always the same database of one test."""


@event("eventdocs.testing.Noted")
@attrs.frozen
class Noted:
    """Somebody noted something."""

    text: str


@event("eventdocs.testing.Counted")
@attrs.frozen
class Counted:
    """Somebody counted something."""

    number: int


class Unit(enum.Enum):
    """What a measurement is in."""

    METRE = "m"
    SECOND = "s"


@attrs.frozen
class Reading:
    """One reading of an instrument."""

    at: datetime
    value: float
    unit: Unit | None = None


@event("eventdocs.testing.Measured")
@attrs.frozen(kw_only=True)
class Measured:
    """Somebody measured something: an event with every kind of value."""

    instrument: UUID
    on: date
    price: Decimal
    valid: bool
    count: int
    readings: tuple[Reading, ...]
    labels: frozenset[str]
    notes: dict[str, str]
    checksum: bytes
    best: Reading | None
    remark: int | str | None


CONTRACT_EVENTS: Final = (Noted, Counted, Measured)
"""The classes that the contract opens its stores with."""

MEASURED: Final = Measured(
    instrument=UUID("0190b0e2-7d5c-7cc3-98c4-dc0c0c07398f"),
    on=date(2024, 2, 29),
    price=Decimal("12.50"),
    valid=True,
    count=-(2**63),
    readings=(
        Reading(at=datetime(1969, 7, 20, 20, 17, 40, 123456, tzinfo=UTC), value=-0.1),
        Reading(
            at=datetime(2024, 12, 31, 23, 59, tzinfo=timezone(timedelta(hours=5, minutes=45))),
            value=1.7976931348623157e308,
            unit=Unit.METRE,
        ),
    ),
    labels=frozenset({"b", "a", "ü"}),
    notes={"": "no key", "größe": "“quoted” \\ \n \u2028 \x7f 𝔘 \U0010ffff"},
    checksum=bytes(range(256)),
    best=Reading(at=datetime(1, 1, 1, tzinfo=UTC), value=5e-324, unit=Unit.SECOND),
    remark=2**63 - 1,
)
"""One event with values at the edges of what can be recorded."""


def texts(*values: str) -> list[Noted]:
    """Make one `Noted` of each text."""
    return [Noted(value) for value in values]


async def all_texts(store: EventStore) -> list[str]:
    """Read the whole log, which holds `Noted` only, as texts."""
    return [recorded.data.text async for recorded in store.read_all()]
