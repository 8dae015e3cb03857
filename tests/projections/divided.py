"""Projectors whose projections are divided into partitions, and where their events belong."""

from __future__ import annotations

from typing import TypeVar, cast

from sqlalchemy import select

from eventdocs.projections import Projector
from eventdocs.projections._partitions import home_of
from eventdocs.projections._tables import projections
from eventdocs.store import EventStore

P = TypeVar("P", bound=Projector)


def divided(projector: P, partitions: int) -> P:
    """Make a projector like this one, on the same tables, with so many partitions."""
    cls = next(each for each in type(projector).__mro__ if "partitions" not in vars(each))
    return cast("P", type(cls.__name__, (cls,), {"partitions": partitions})())


def streams_of(projector: Projector, number: int, count: int) -> list[str]:
    """Name so many streams whose events belong to one partition."""
    found: list[str] = []
    index = 0
    while len(found) < count:
        index += 1
        if home_of(f"stream-{index}", projector).number == number:
            found.append(f"stream-{index}")
    return found


async def places(store: EventStore, projector: Projector) -> dict[str, int]:
    """Read where each partition stands, by the names in the bookkeeping."""
    async with store.connect() as connection:
        found = await connection.execute(select(projections.c.name, projections.c.sequence))
        return {
            row.name: row.sequence for row in found if row.name.partition("#")[0] == projector.name
        }
