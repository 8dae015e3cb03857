"""Connections to PostgreSQL: none is lost by a cancelled caller, and no failure spreads by one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from operator import methodcaller

import attrs
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.backends import open_store
from eventdocs.store import Decider, EventStore, Snapshots
from tests.backends.postgres_hosts import Noted, notes, sql, texts

_CONNECTIONS = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


async def settles_at(url: str, count: int) -> bool:
    """Tell whether the server comes to have so many connections besides this one."""
    async with sql(url) as administrator, asyncio.timeout(10):
        while await administrator.fetchval(_CONNECTIONS) != count:
            pass
    return True


class TestCancelledCallers:
    @pytest.mark.parametrize(
        "enter", [methodcaller("begin"), methodcaller("connect")], ids=["begin", "connect"]
    )
    async def test_lose_no_connection(
        self,
        postgres_url: str,
        enter: Callable[[EventStore], AbstractAsyncContextManager[AsyncConnection]],
    ) -> None:
        """Wherever in its making a caller is cancelled, the connection is closed or usable."""

        async def use(store: EventStore) -> None:
            async with enter(store):
                pass

        steps, came_through = 0, False
        while not came_through:
            async with (
                open_store(postgres_url, events=[Noted], pool_min_size=1, pool_max_size=2) as store,
                store.connect(),  # so that another connection has to be made
            ):
                using = asyncio.create_task(use(store))
                for _ in range(steps):
                    await _a_moment()
                came_through = using.done()
                using.cancel()
                await asyncio.wait([using])
                await use(store)
            steps += 3
        assert await settles_at(postgres_url, 0)


async def _a_moment() -> None:
    """Let the network be looked at, however long that takes."""
    await asyncio.get_running_loop().run_in_executor(None, int)


@attrs.frozen
class Count:
    """How many events there are."""

    number: int = 0


COUNTING = Decider[int, Count](
    initial=Count(),
    decide=lambda state, wanted: notes(*"x" * wanted),
    evolve=lambda state, event: Count(state.number + 1),
    snapshots=Snapshots(name="count", state=Count, every=1),
)


async def test_a_snapshot_that_cannot_be_read_leaves_the_hosts_transaction_usable(
    postgres_url: str,
) -> None:
    """Snapshots spare time and are never needed, also within a transaction."""
    async with open_store(postgres_url, events=[Noted]) as store:
        async with sql(postgres_url) as administrator:
            await administrator.execute("DROP TABLE eventdocs_snapshots")
        async with store.begin() as tx:
            decided = await store.using(tx).decide("a", COUNTING, 2)
            again = await store.using(tx).decide("a", COUNTING, 1)

        assert (decided.state, again.state) == (Count(2), Count(3))
        assert await texts(store) == ["x"] * 3
