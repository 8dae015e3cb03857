"""What the tests of the log on SQLite do as hosts, and as other programs with the same file."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path

import attrs
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from eventdocs.backends.sqlite import SqliteEventStore
from eventdocs.store import EventRegistry, EventStore, event


@event("Noted")
@attrs.frozen(kw_only=True)
class Noted:
    """Somebody wrote something down."""

    text: str


def notes(*texts: str) -> Sequence[Noted]:
    """Make one event for each text."""
    return [Noted(text=text) for text in texts]


async def texts(store: EventStore) -> list[str]:
    """Read the whole log's texts."""
    return [event.data.text async for event in store.read_all()]


@asynccontextmanager
async def impatient(path: Path) -> AsyncGenerator[SqliteEventStore]:
    """Give a store that waits for no other writer for long."""
    async with await SqliteEventStore.open(
        path, EventRegistry([Noted]), busy_timeout=0.05
    ) as store:
        yield store


@asynccontextmanager
async def host_engine(path: Path) -> AsyncGenerator[AsyncEngine]:
    """Give an engine of the host's own, as SQLAlchemy makes it without further ado."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}")
    try:
        yield engine
    finally:
        await engine.dispose()


@contextmanager
def sql(path: Path) -> Generator[sqlite3.Connection]:
    """Give a connection in autocommit mode that knows nothing of eventdocs."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection
