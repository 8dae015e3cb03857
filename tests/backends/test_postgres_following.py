"""Following the log on PostgreSQL: wake-ups, their loss, and servers that go and come back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Iterator
from typing import TypeVar
from uuid import uuid4

import pytest

from eventdocs.backends import _postgres_wakeups, open_store, postgres
from eventdocs.errors import StoreError
from eventdocs.store import Bell, EventStore, NewEvent
from eventdocs.testing import PostgresServer, postgres_server
from tests.backends.postgres_hosts import Noted, notes, opened, sql

T = TypeVar("T")

_LISTENERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE 'LISTEN%' AND pid <> pg_backend_pid()
"""


async def in_time(waiting: Awaitable[T]) -> T:
    """Wait for what must come, but not for ever."""
    async with asyncio.timeout(30):
        return await waiting


def watches() -> list[str]:
    """Name the tasks that listen for this process."""
    return [
        task.get_name() for task in asyncio.all_tasks() if task.get_name() == "eventdocs-listening"
    ]


class TestWakeUps:
    async def test_come_from_other_stores(self, postgres_url: str) -> None:
        """Whoever listens is rung when another process has appended."""
        async with (
            opened(postgres_url) as store,
            opened(postgres_url) as other,
            store.listening() as bell,
        ):
            await in_time(bell.listen().wait())  # the line is open

            for _ in range(3):
                heard = bell.listen()
                await other.append("a", notes("x"))
                await in_time(heard.wait())

    async def test_come_from_the_hosts_transactions(self, postgres_url: str) -> None:
        """An append in a transaction of the host's rings when that commits."""
        async with (
            opened(postgres_url) as store,
            opened(postgres_url) as other,
            store.listening() as bell,
        ):
            await in_time(bell.listen().wait())
            heard = bell.listen()
            async with other.begin() as tx:
                await other.using(tx).append("a", notes("x"))
                assert not heard.is_set()

            await in_time(heard.wait())

    async def test_are_listened_for_only_while_somebody_follows(self, postgres_url: str) -> None:
        """However many follow through one store, one connection listens for them."""
        async with opened(postgres_url) as store:
            assert watches() == []
            async with store.subscribe(), store.subscribe():
                assert watches() == ["eventdocs-listening"]
            assert watches() == []

    async def test_come_once_to_the_process_that_has_appended(self, postgres_url: str) -> None:
        """Whoever appends rings its own bell at once, and not again when the others hear of it."""
        async with (
            opened(postgres_url) as store,
            opened(postgres_url) as other,
            store.listening() as bell,
            other.listening() as others_bell,
        ):
            opening = [bell.listen(), others_bell.listen()]
            for line_is_open in opening:
                await in_time(line_is_open.wait())
            heard, others_heard = bell.listen(), others_bell.listen()
            await store.append("a", notes("x"))
            assert heard.is_set()
            again = bell.listen()
            assert isinstance(store, postgres.PostgresEventStore)
            announcing = store._wakeups._announcing  # pyright: ignore[reportPrivateUsage]  # its end
            assert announcing is not None
            await in_time(others_heard.wait())
            await in_time(announcing)  # with what the server says on the same connection

            assert not again.is_set()

    async def test_come_again_after_their_connection_was_lost(self, postgres_url: str) -> None:
        """A listener reconnects, and rings for what it may have missed."""
        async with (
            opened(postgres_url) as store,
            opened(postgres_url) as other,
            sql(postgres_url) as host,
            store.listening() as bell,
        ):
            await in_time(bell.listen().wait())
            heard = bell.listen()
            await host.fetch(_LISTENERS)
            await in_time(heard.wait())

            heard = bell.listen()
            await other.append("a", notes("x"))
            await in_time(heard.wait())

    async def test_are_done_without_where_they_do_not_arrive(
        self, postgres_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Behind a pooler that swallows notifications, polling delivers all the same."""
        monkeypatch.setattr(_postgres_wakeups, "_ECHO_SECONDS", 0.1)
        monkeypatch.setattr(postgres, "NOTIFY", "SELECT $1::text, $2::text")
        caplog.set_level(logging.WARNING)
        async with (
            opened(postgres_url) as store,
            opened(postgres_url) as other,
            store.subscribe(poll_interval=0.05) as subscription,
        ):
            for _ in range(3):
                appended = await other.append("a", notes("x"))
                event = await in_time(anext(subscription))
                assert event.sequence == appended.sequence
            while "eventdocs.listening.interrupted" not in caplog.messages:
                await asyncio.wait([asyncio.create_task(store.head())])


class TestADirectAddress:
    async def test_of_another_log_is_not_listened_by(
        self, postgres_url: str, empty_postgres_url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Who listens there would hear nothing for ever; the log line says so, and polling helps."""
        caplog.set_level(logging.WARNING)
        async with (
            open_store(empty_postgres_url, events=[Noted], migrate=True),
            open_store(postgres_url, events=[Noted], direct_url=empty_postgres_url) as store,
            store.subscribe(poll_interval=0.05) as subscription,
        ):
            appended = await store.append("a", notes("x"))

            assert (await in_time(anext(subscription))).sequence == appended.sequence
            while "eventdocs.listening.interrupted" not in caplog.messages:
                await asyncio.wait([asyncio.create_task(store.head())])
        assert "another log" in vars(caplog.records[0])["reason"]


class TestRestarts:
    @pytest.fixture
    def server(self) -> Iterator[PostgresServer]:
        """A server of its own, which may go away."""
        with postgres_server(own=True) as server:
            yield server

    async def test_a_follower_outlives_its_server(self, server: PostgresServer) -> None:
        """Through crashes it goes on after the last event: nothing skipped, nothing twice."""
        url = server.create_database(f"follow_{uuid4().hex[:8]}")
        stopping = asyncio.Event()
        seen: list[int] = []
        async with (
            open_store(url, events=[Noted], migrate=True) as store,
            open_store(url, events=[Noted]) as other,
            store.subscribe(page_size=5, poll_interval=0.05) as subscription,
            asyncio.TaskGroup() as tasks,
        ):
            writer = tasks.create_task(keep_writing(other, stopping))
            for _ in range(2):
                bound = len(seen) + 20
                while len(seen) < bound:
                    seen.append((await in_time(anext(subscription))).sequence)
                await asyncio.to_thread(server.restart, "immediate")
            stopping.set()
            last = await writer
            while seen[-1] < last:
                seen.append((await in_time(anext(subscription))).sequence)

            assert seen == [event.sequence async for event in store.read_all(until=last)]


async def keep_writing(store: EventStore, stopping: asyncio.Event) -> int:
    """Append again and again, through every trouble; tell the last sequence."""
    last = 0
    while not stopping.is_set() or not last:
        new = NewEvent(data=Noted(text="x"))
        while True:
            try:
                last = (await store.append("a", [new])).sequence
                break
            except StoreError:
                continue
    return last


def test_a_bell_rings_for_those_who_listen() -> None:
    """A ring sets what was taken before it and nothing that is taken after."""
    bell = Bell()
    before = bell.listen()
    bell.ring()

    assert before.is_set()
    assert not bell.listen().is_set()
