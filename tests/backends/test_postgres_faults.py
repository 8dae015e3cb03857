"""Servers in trouble: full, torn between transactions, gone while many append."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Literal

import pytest

from eventdocs.backends import open_store
from eventdocs.errors import (
    StoreBusyError,
    StoreFullError,
    TransientStoreError,
)
from eventdocs.migrations import upgrade
from eventdocs.store import NewEvent
from eventdocs.testing import PostgresServer, postgres_server
from tests.backends.postgres_hosts import Noted, notes, opened, sql, texts

_FAIL_AT_INSERT = """
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF nextval('failures') <= {times} THEN
            RAISE EXCEPTION 'as a server would say' USING ERRCODE = '{state}';
        END IF;
        RETURN NEW;
    END $$;
    CREATE SEQUENCE failures;
    CREATE TRIGGER fail BEFORE INSERT ON eventdocs_events FOR EACH ROW EXECUTE FUNCTION fail();
"""


async def test_a_full_disk_is_told_with_what_to_do(postgres_url: str) -> None:
    """Nothing is recorded, and once there is space the same events are."""
    event = NewEvent(data=Noted(text="x"))
    async with opened(postgres_url) as store, sql(postgres_url) as administrator:
        await administrator.execute(_FAIL_AT_INSERT.format(times=1, state="53100"))

        with pytest.raises(StoreFullError, match=r"no space left .* free some and try again"):
            await store.append("a", [event])
        assert await texts(store) == []

        assert not (await store.append("a", [event])).repeated
        assert await texts(store) == ["x"]


@pytest.mark.parametrize("state", ["40001", "40P01"], ids=["serialization", "deadlock"])
async def test_what_passes_by_itself_is_tried_again(postgres_url: str, state: str) -> None:
    """An append of the store's own survives a few serialization failures and deadlocks."""
    async with opened(postgres_url) as store, sql(postgres_url) as administrator:
        await administrator.execute(_FAIL_AT_INSERT.format(times=3, state=state))

        await store.append("a", notes("x"))

        assert await texts(store) == ["x"]
        assert await administrator.fetchval("SELECT last_value FROM failures") == 4


async def test_in_a_hosts_transaction_it_is_the_host_who_tries_again(postgres_url: str) -> None:
    """The transaction is gone, so the host is told with an error to repeat on."""
    async with opened(postgres_url) as store, sql(postgres_url) as administrator:
        await administrator.execute(_FAIL_AT_INSERT.format(times=1, state="40001"))

        with pytest.raises(StoreBusyError):
            async with store.begin() as tx:
                await store.using(tx).append("a", notes("x"))
        async with store.begin() as tx:
            await store.using(tx).append("a", notes("x"))

        assert await texts(store) == ["x"]


@pytest.mark.once
class TestARestart:
    @pytest.fixture
    def server(self) -> Iterator[PostgresServer]:
        """A server of its own, which may be restarted."""
        with postgres_server(own=True) as server:
            yield server

    @pytest.mark.parametrize("mode", ["fast", "immediate"])
    async def test_while_many_append_loses_nothing(
        self, server: PostgresServer, mode: Literal["fast", "immediate"]
    ) -> None:
        """What was acknowledged is there; what was not is told with an error and can be repeated."""
        url = server.create_database("restarted")
        await upgrade(url)
        acknowledged: list[str] = []
        unknown: list[tuple[str, NewEvent[Noted]]] = []
        stopping = asyncio.Event()

        async with open_store(url, events=[Noted]) as store:

            async def write(name: str) -> None:
                number = 0
                while not stopping.is_set():
                    number += 1
                    event = NewEvent(data=Noted(text=f"{name}.{number}"))
                    try:
                        await store.append(name, [event])
                    except TransientStoreError:
                        unknown.append((name, event))
                        continue
                    acknowledged.append(event.data.text)
                    grown.set()

            grown = asyncio.Event()
            async with asyncio.TaskGroup() as writers:
                for name in range(32):
                    writers.create_task(write(f"w-{name}"))
                for _ in range(2):
                    grown.clear()
                    async with asyncio.timeout(30):
                        await grown.wait()
                    await asyncio.to_thread(server.restart, mode)
                grown.clear()
                async with asyncio.timeout(30):
                    await grown.wait()
                stopping.set()
            for stream, event in unknown:
                await store.append(stream, [event])
                acknowledged.append(event.data.text)

            there = await texts(store)
            assert sorted(there) == sorted(acknowledged)
            assert len(set(there)) == len(there)
