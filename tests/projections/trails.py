"""A read model whose rows show every event's effect, its order, and what came twice."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs
from sqlalchemy import Column, Integer, MetaData, Table, Text, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from eventdocs.projections import FailurePolicy, Projector, handles
from eventdocs.store import Appended, EventStore, RecordedEvent, event

_numbers = itertools.count(1)


@event("Noted")
@attrs.frozen(kw_only=True)
class Noted:
    """A note of some text; "poison" cannot be applied."""

    text: str


@event("Marked")
@attrs.frozen(kw_only=True)
class Marked:
    """A mark, which bulk handlers apply."""

    text: str


@event("Passed")
@attrs.frozen(kw_only=True)
class Passed:
    """Something that no projector of these tests handles."""

    text: str = ""


EVENTS = (Noted, Marked, Passed)


class Trails(Projector):
    """Writes down, for every stream, the texts of its events one after the other."""

    name = "trails"
    version = 1
    table: Table
    refuses: frozenset[str] = frozenset({"poison"})
    """Texts that cannot be applied; a test mends the handler by emptying this."""

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
        table = self.table
        changed = await tx.execute(
            update(table)
            .where(table.c.stream == stream)
            .values(n=table.c.n + 1, trail=table.c.trail + "/" + text)
        )
        if changed.rowcount == 0:
            await tx.execute(insert(table).values(stream=stream, n=1, trail=text))
        # Only now, so that a failure has something to undo.
        if text in self.refuses:
            raise ValueError(f"no place for {text!r}")


def make_trails(
    *, policy: FailurePolicy = FailurePolicy.STOP, version: int = 1, name: str | None = None
) -> Trails:
    """Make a projector with a name and a table of its own."""
    name = name or f"trails-{next(_numbers)}"
    own_table = Table(
        name.replace("-", "_"),
        MetaData(),
        Column("stream", Text, primary_key=True),
        Column("n", Integer, nullable=False),
        Column("trail", Text, nullable=False),
    )
    cls = type(
        "OwnTrails",
        (Trails,),
        {
            "name": name,
            "version": version,
            "tables": (own_table,),
            "table": own_table,
            "on_failure": policy,
        },
    )
    projector: Trails = cls()
    return projector


def fold(history: Iterable[tuple[str, object]]) -> dict[str, tuple[int, str]]:
    """Say what the trails of these events must be: the oracle."""
    texts: dict[str, list[str]] = {}
    for stream, data in history:
        if isinstance(data, Noted | Marked):
            texts.setdefault(stream, []).append(data.text)
    return {stream: (len(own), "/".join(own)) for stream, own in texts.items()}


async def append_all(store: EventStore, history: Iterable[tuple[str, object]]) -> Appended:
    """Append each event on its own; return where the last one stands."""
    appended = [await store.append(stream, [data]) for stream, data in history]
    return appended[-1] if appended else Appended(stream="", places=(), version=0)


async def read_trails(store: EventStore, projector: Trails) -> Mapping[str, tuple[int, str]]:
    """Read what the projector has written."""
    async with store.connect() as connection:
        rows = await connection.execute(select(projector.table))
        return {row.stream: (row.n, row.trail) for row in rows}


async def engine_of(store: EventStore) -> AsyncEngine:
    """Find the engine from which the store takes its transactions."""
    async with store.connect() as connection:
        return connection.engine


def some_history(count: int = 12) -> list[tuple[str, object]]:
    """Make events of three types in three streams."""
    kinds: list[Callable[..., object]] = [Noted, Marked, Marked, Passed]
    return [
        (f"stream-{number % 3}", kinds[number % 4](text=str(number))) for number in range(count)
    ]
