"""What the tests of the log on PostgreSQL do as hosts and as administrators."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import asyncpg
import attrs
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from eventdocs.backends import StoreOpening, open_store
from eventdocs.store import EventStore, event

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@event("Noted")
@attrs.frozen(kw_only=True)
class Noted:
    """Somebody wrote something down."""

    text: str


def opened(url: str) -> StoreOpening:
    """Open a store on *url*."""
    return open_store(url, events=[Noted])


@asynccontextmanager
async def sql(url: str) -> AsyncGenerator[Connection]:
    """Give a connection that knows nothing of eventdocs."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def host_engine(url: str, **options: Any) -> AsyncGenerator[AsyncEngine]:
    """Give an engine of the host's own."""
    engine = create_async_engine(url.replace("postgresql:", "postgresql+asyncpg:"), **options)
    try:
        yield engine
    finally:
        await engine.dispose()


async def texts(store: EventStore, **options: Any) -> list[str]:
    """Read the whole log's texts."""
    return [event.data.text async for event in store.read_all(**options)]


def notes(*texts: str) -> Sequence[Noted]:
    """Make one event for each text."""
    return [Noted(text=text) for text in texts]
