"""Statistics: what a store tells of itself agrees with what it does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from eventdocs.backends import _postgres_writer, open_store
from eventdocs.store import EventStore
from tests.backends.postgres_hosts import Noted, notes


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=[Noted], migrate=True) as store:
        yield store


@asynccontextmanager
async def nobody_can_append(store: EventStore) -> AsyncGenerator[None]:
    """Hold a transaction that all appends wait for."""
    async with store.begin() as tx:
        if tx.dialect.name == "postgresql":
            await tx.execute(text("LOCK TABLE eventdocs_streams IN ACCESS EXCLUSIVE MODE"))
        yield


async def test_tell_of_a_store_that_has_done_nothing(store: EventStore) -> None:
    """There is no batch yet to take the mean of."""
    statistics = store.statistics()

    assert (statistics.appends_waiting, statistics.appends_flushed, statistics.flushes) == (0, 0, 0)
    assert statistics.mean_batch == 0.0
    assert statistics.connections_in_use == 0
    assert statistics.connections_limit == 20


async def test_tell_how_appends_were_flushed(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One alone, then as many together as came while it was under way."""
    monkeypatch.setattr(_postgres_writer, "_SHARED_PATIENCE", 30_000)
    async with asyncio.TaskGroup() as appends, asyncio.timeout(30), nobody_can_append(store):
        appends.create_task(store.append("first", notes("1")))
        while store.statistics().flushes == 0:  # noqa: ASYNC110 - they ring no bell
            await asyncio.sleep(0)
        for number in range(3):
            appends.create_task(store.append(f"later-{number}", notes("2")))
        while store.statistics().appends_waiting < 3:  # noqa: ASYNC110 - they ring no bell
            await asyncio.sleep(0)
        assert store.statistics().appends_flushed == 1

    statistics = store.statistics()
    assert (statistics.appends_waiting, statistics.appends_flushed, statistics.flushes) == (0, 4, 2)
    assert statistics.mean_batch == 2.0


async def test_tell_how_many_connections_are_in_use(store: EventStore) -> None:
    """Those of the host's transactions are, until they end; they stay open for the next."""
    before = store.statistics()
    async with store.connect(), store.connect():
        within = store.statistics()
    after = store.statistics()

    assert within.connections_in_use == before.connections_in_use + 2
    assert after.connections_in_use == before.connections_in_use
    assert after.connections_open >= 2


async def test_are_the_same_in_a_transaction_of_the_hosts(store: EventStore) -> None:
    """A store bound to it has no connections of its own."""
    async with store.begin() as tx:
        assert store.using(tx).statistics() == store.statistics()


async def test_know_no_limit_of_a_pool_that_has_none(postgres_url: str) -> None:
    """A host's engine may open a connection for each call."""
    address = postgres_url.replace("postgresql://", "postgresql+asyncpg://")
    engine = create_async_engine(address, poolclass=NullPool)
    async with open_store(engine, events=[Noted]) as store:
        assert store.statistics().connections_limit is None
    await engine.dispose()
