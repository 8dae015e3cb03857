"""A kept connection: one for calls that follow one another, none for an idle store."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from eventdocs.backends._postgres_engine import Driver
from eventdocs.backends._postgres_kept import KeptConnection
from tests.backends.postgres_hosts import sql


class Opened:
    """Opens connections and remembers which are open."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.open: list[Driver] = []
        self.count = 0

    @asynccontextmanager
    async def __call__(self) -> AsyncGenerator[Driver]:
        """Give a new connection."""
        async with sql(self._url) as driver:
            self.count += 1
            self.open.append(driver)
            try:
                yield driver
            finally:
                self.open.remove(driver)


@pytest.fixture
def opened(empty_postgres_url: str) -> Opened:
    return Opened(empty_postgres_url)


async def test_gives_the_same_connection_to_calls_that_follow_one_another(opened: Opened) -> None:
    """And closes it with itself."""
    kept = KeptConnection(opened, seconds=60)

    for number in range(3):
        async with kept.driver() as driver:
            assert await driver.fetchval("SELECT $1::int", number) == number

    assert (opened.count, len(opened.open)) == (1, 1)
    await kept.close()
    assert opened.open == []


async def test_a_call_beside_another_has_its_own_connection(opened: Opened) -> None:
    """Which goes when the call ends."""
    kept = KeptConnection(opened, seconds=60)

    async with kept.driver() as one, kept.driver() as other:
        assert one is not other
    async with kept.driver() as again:
        assert again is one

    assert opened.open == [one]
    await kept.close()


async def test_lets_go_of_an_idle_connection(opened: Opened) -> None:
    """Other users of the pool need it more."""
    kept = KeptConnection(opened, seconds=0.01)

    async with kept.driver():
        pass
    keeper = kept._keeper  # pyright: ignore[reportPrivateUsage]  # to wait for its end
    assert keeper is not None
    await keeper

    assert opened.open == []
    async with kept.driver():
        assert len(opened.open) == 1
    await kept.close()
    assert opened.open == []


async def test_has_a_fresh_connection_after_an_error(opened: Opened) -> None:
    """Whatever went wrong, it does not go on from there."""
    kept = KeptConnection(opened, seconds=60)

    with pytest.raises(asyncpg.DivisionByZeroError):
        async with kept.driver() as driver:
            await driver.execute("SELECT 1/0")
    async with kept.driver() as driver:
        await driver.execute("SELECT 1")
        driver.terminate()
    async with kept.driver() as driver:
        await driver.execute("SELECT 1")

    assert (opened.count, opened.open) == (3, [driver])
    await kept.close()


async def test_keeps_nothing_where_it_is_not_to(opened: Opened) -> None:
    """A host's pool may have one connection."""
    kept = KeptConnection(opened, seconds=0)

    for _ in range(2):
        async with kept.driver() as driver:
            await driver.execute("SELECT 1")
        assert opened.open == []

    assert opened.count == 2
    await kept.close()


async def test_a_call_outlives_the_closing(opened: Opened) -> None:
    """Its connection is let go of when it ends, and not under it."""
    kept = KeptConnection(opened, seconds=60)

    async with kept.driver() as driver:
        await kept.close()
        assert await driver.fetchval("SELECT 1") == 1
        assert opened.open == [driver]

    assert opened.open == []
