"""A read model that shows the order in which the events of each key took effect."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Column, MetaData, Table, Text, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs.projections import FailurePolicy, Projector, handles
from eventdocs.store import EventStore, RecordedEvent
from tests.projections.trails import Marked, Noted

Keys: TypeAlias = Callable[[str, str], str]
"""Tells the key of an event by its stream and its text."""

Placed: TypeAlias = tuple[str, str]
"""A stream, and the text of an event in it."""


def across(_: str, text: str) -> str:
    """Tell the key that is in the text: "k.7" is text 7 of key k, whatever its stream."""
    return text.partition(".")[0]


def within(stream: str, text: str) -> str:
    """Tell a key that is part of a stream."""
    return f"{stream}/{across(stream, text)}"


def make_table(name: str) -> Table:
    """Make a table of trails."""
    return Table(
        name,
        MetaData(),
        Column("key", Text, primary_key=True),
        Column("trail", Text, nullable=False),
    )


class KeyedTrails(Projector):
    """Writes down the texts of each key one after the other."""

    name = "keyed-trails"
    version = 1
    table = make_table("keyed_trails")
    tables = (table,)
    on_failure = FailurePolicy.PARK
    keys: Keys = staticmethod(across)
    poison: frozenset[str] = frozenset()
    """Texts that no handler can apply."""
    keyless: frozenset[str] = frozenset()
    """Texts whose key cannot be told."""

    @override
    def ordering_key(self, event: RecordedEvent[Any]) -> str:
        text: str = event.data.text
        if text in self.keyless:
            raise LookupError(f"no key in {text!r}")
        return self.keys(event.stream, text)

    @handles(Noted)
    async def note(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Add one text."""
        await self._add(tx, event.stream, event.data.text)

    @handles(Marked, batch=True)
    async def mark(self, events: Sequence[RecordedEvent[Marked]], tx: AsyncConnection) -> None:
        """Add many texts."""
        for each in events:
            await self._add(tx, each.stream, each.data.text)

    async def _add(self, tx: AsyncConnection, stream: str, text: str) -> None:
        table, key = self.table, self.keys(stream, text)
        changed = await tx.execute(
            update(table).where(table.c.key == key).values(trail=table.c.trail + " " + text)
        )
        if changed.rowcount == 0:
            await tx.execute(insert(table).values(key=key, trail=text))
        # Only now, so that a failure has something to undo.
        if text in self.poison:
            raise ValueError(f"no place for {text!r}")


def make_keyed_trails(name: str, keys: Keys) -> KeyedTrails:
    """Make a projector with a name, a table and keys of its own."""
    table = make_table(name.replace("-", "_"))
    facts = {"name": name, "table": table, "tables": (table,), "keys": staticmethod(keys)}
    projector: KeyedTrails = type("OwnKeyedTrails", (KeyedTrails,), facts)()
    return projector


def fold(placed: Iterable[Placed], keys: Keys = across) -> dict[str, str]:
    """Say what the trails must be: the oracle."""
    trails: dict[str, list[str]] = {}
    for stream, text in placed:
        trails.setdefault(keys(stream, text), []).append(text)
    return {key: " ".join(own) for key, own in trails.items()}


async def read(store: EventStore, projector: KeyedTrails) -> Mapping[str, str]:
    """Read what the projector has written."""
    async with store.connect() as connection:
        rows = await connection.execute(select(projector.table))
        return {row.key: row.trail for row in rows}
