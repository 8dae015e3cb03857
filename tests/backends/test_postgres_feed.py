"""The feed on PostgreSQL: what holds readers back, who is named for it, and what does not."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import TypeAlias

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs.backends import open_store
from eventdocs.errors import ProjectionTimeoutError
from eventdocs.migrations import upgrade
from eventdocs.observability import NullInstrumentation
from eventdocs.projections import ProjectionRunner, Projector, handles
from eventdocs.store import EventStore, FeedWatch, RecordedEvent, Selection
from eventdocs.testing import PostgresServer, postgres_server
from tests.backends.postgres_hosts import Noted, notes, opened, sql, texts

_Bystander: TypeAlias = Callable[[str], AbstractAsyncContextManager[None]]


async def backend_of(connection: AsyncConnection) -> int:
    """Tell the server process behind a host's connection."""
    found = await connection.execute(text("SELECT pg_backend_pid()"))
    return int(found.scalar_one())


async def prepare(store: EventStore, gid: str, *said: str) -> None:
    """Append in a transaction of the host's, and leave it prepared."""
    async with store.begin() as tx:
        await store.using(tx).append("prepared", notes(*said))
        await tx.execute(text("PREPARE TRANSACTION '{}'".format(gid.replace("'", "''"))))


class TestAnOpenAppend:
    async def test_is_named_with_its_process_and_its_age(self, postgres_url: str) -> None:
        """Whoever asks what readers wait for is told whom to look for."""
        async with opened(postgres_url) as store:
            first = await store.append("a", notes("1"))
            async with store.begin() as tx:
                pid = await backend_of(tx)
                await store.using(tx).append("b", notes("2"))
                last = await store.append("c", notes("3"))

                feed = await store.feed()

            released = await store.feed()

        assert (feed.settled, feed.last, feed.is_held) == (first.sequence, last.sequence, True)
        (holder,) = feed.holders
        assert (holder.pid, holder.gid, holder.floor) == (pid, None, first.sequence)
        assert (holder.application, holder.state) == ("eventdocs", "idle in transaction")
        assert holder.began_at is not None
        assert holder.began_at.tzinfo is not None
        assert holder.seconds is not None
        assert 0 <= holder.seconds < 60
        assert str(holder).startswith(f"backend {pid} (eventdocs, idle in transaction, since 2")
        assert holder.remedy == f"SELECT pg_terminate_backend({pid})"
        assert (released.settled, released.is_held, released.holders) == (last.sequence, False, ())

    async def test_the_first_to_wait_for_stands_first(self, postgres_url: str) -> None:
        """Of several, readers wait for the one at the lowest place; one counts once."""
        async with opened(postgres_url) as store, AsyncExitStack() as open_transactions:
            pids: list[int] = []
            for stream in ("a", "b"):
                tx = await open_transactions.enter_async_context(store.begin())
                pids.append(await backend_of(tx))
                async with tx.begin_nested() as savepoint:
                    await store.using(tx).append(stream, notes("never"))
                    await savepoint.rollback()
                for _ in range(3):
                    await store.using(tx).append(stream, notes("said"))

            feed = await store.feed()

        assert [holder.pid for holder in feed.holders] == pids
        assert [holder.floor for holder in feed.holders] == sorted({1, 5})
        assert feed.settled == 1

    async def test_is_not_waited_for_by_itself(self, postgres_url: str) -> None:
        """A transaction that asks is told of the others'."""
        async with opened(postgres_url) as store, store.begin() as tx:
            await store.using(tx).append("a", notes("1"))

            mine = await store.using(tx).feed()
            others = await store.feed()

        assert (mine.settled, mine.last, mine.holders) == (1, 1, ())
        assert (others.settled, others.last, len(others.holders)) == (0, 1, 1)

    async def test_of_a_user_that_we_may_not_watch_is_named_all_the_same(
        self, postgres_url: str
    ) -> None:
        """Without the right to see its age, its process is known."""
        role = f"watcher_{postgres_url.rsplit('_', 1)[-1]}"
        async with sql(postgres_url) as admin:
            await admin.execute(f"CREATE ROLE {role} LOGIN")
            await admin.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
            await admin.execute(f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}")
            try:
                async with (
                    opened(postgres_url) as store,
                    opened(postgres_url.replace("//postgres@", f"//{role}@")) as watcher,
                    store.begin() as tx,
                ):
                    pid = await backend_of(tx)
                    await store.using(tx).append("a", notes("1"))

                    (holder,) = (await watcher.feed()).holders
            finally:
                await admin.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")

        assert (holder.pid, holder.state, holder.seconds) == (pid, None, None)
        assert str(holder) == f"backend {pid} (eventdocs)"


class TestAPreparedTransaction:
    async def test_holds_readers_back_until_it_is_committed(self, postgres_url: str) -> None:
        """Nothing of a two-phase commit is skipped, however long its second phase takes."""
        async with opened(postgres_url) as store:
            await store.append("a", notes("1"))
            await prepare(store, "o'hara", "2", "3")
            await store.append("c", notes("4"))

            held, seen = await store.feed(), await texts(store)
            async with sql(postgres_url) as other:
                await other.execute("COMMIT PREPARED 'o''hara'")

            assert seen == ["1"]
            assert await texts(store) == ["1", "2", "3", "4"]
            assert not (await store.feed()).is_held
        (holder,) = held.holders
        assert (held.settled, held.last, held.is_held) == (1, 4, True)
        assert (holder.pid, holder.gid, holder.state, holder.floor) == (
            None,
            "o'hara",
            "prepared",
            1,
        )
        assert holder.seconds is not None
        assert str(holder).startswith('prepared transaction "o\'hara" (postgres, since 2')
        assert holder.remedy == "ROLLBACK PREPARED 'o''hara'"

    async def test_that_is_rolled_back_is_no_obstacle_any_more(self, postgres_url: str) -> None:
        """The sequences that it drew stay a hole, which readers pass."""
        async with opened(postgres_url) as store:
            await prepare(store, "given up", "never")
            await store.append("c", notes("said"))
            held = await texts(store)
            (holder,) = (await store.feed()).holders

            async with sql(postgres_url) as other:
                await other.execute(holder.remedy)

            assert held == []
            assert await texts(store) == ["said"]


@pytest.mark.once
class TestAPreparedTransactionAndACrash:
    @pytest.fixture
    def server(self) -> Iterator[PostgresServer]:
        """A server of its own, which may crash."""
        with postgres_server(own=True) as server:
            yield server

    async def test_it_still_holds_readers_back(self, server: PostgresServer) -> None:
        """The server brings its locks back before it lets anybody in."""
        url = server.create_database("prepared")
        await upgrade(url)
        async with opened(url) as store:
            await store.append("a", notes("1"))
            await prepare(store, "survivor", "2")
            await asyncio.to_thread(server.restart, "immediate")
            await store.append("c", notes("3"))

            (holder,) = (await store.feed()).holders
            held = await texts(store)
            async with sql(url) as other:
                await other.execute("COMMIT PREPARED 'survivor'")

            assert holder.gid == "survivor"
            assert held == ["1"]
            assert await texts(store) == ["1", "2", "3"]


@asynccontextmanager
async def append_in_another_database(url: str) -> AsyncGenerator[None]:
    name = f"{url.rsplit('/', 1)[-1]}_other"
    async with sql(url) as admin:
        await admin.execute(f'CREATE DATABASE "{name}"')
        try:
            other_url = f"{url.rsplit('/', 1)[0]}/{name}"
            await upgrade(other_url)
            async with opened(other_url) as other, other.begin() as tx:
                await other.using(tx).append("a", notes("never seen"))
                yield
        finally:
            await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@asynccontextmanager
async def transaction_with_an_id(url: str) -> AsyncGenerator[None]:
    async with sql(url) as other, other.transaction():
        await other.execute("SELECT pg_current_xact_id()")
        yield


@asynccontextmanager
async def transaction_that_wrote_something_else(url: str) -> AsyncGenerator[None]:
    async with opened(url) as host, host.begin() as tx:
        await tx.execute(text("CREATE TABLE hosts_own AS SELECT 1 AS n"))
        yield


@asynccontextmanager
async def transaction_that_only_read(url: str) -> AsyncGenerator[None]:
    async with opened(url) as host, host.begin() as tx:
        await host.using(tx).read_page(Selection())
        yield


@asynccontextmanager
async def index_in_the_making(url: str) -> AsyncGenerator[None]:
    """One that waits, as `CONCURRENTLY` does, for a transaction that goes on and on."""
    async with sql(url) as old, sql(url) as maker, sql(url) as admin:
        old_transaction = old.transaction(isolation="repeatable_read")
        await old_transaction.start()
        await old.execute("SELECT FROM eventdocs_events LIMIT 1")
        making = asyncio.create_task(
            maker.execute(
                "CREATE INDEX CONCURRENTLY slow ON eventdocs_events (digest, recorded_at)"
            )
        )
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid = $1"
        async with asyncio.timeout(30):
            while not await admin.fetchval(waits, maker.get_server_pid()):
                assert not making.done()
        yield
        assert not making.done()
        await old_transaction.rollback()
        await making


class TestDoesNotHoldReadersBack:
    @pytest.mark.parametrize(
        "bystander",
        [
            append_in_another_database,
            transaction_with_an_id,
            transaction_that_wrote_something_else,
            transaction_that_only_read,
            index_in_the_making,
        ],
    )
    async def test_what_appends_nothing_to_this_log(
        self, postgres_url: str, bystander: _Bystander
    ) -> None:
        """Neither readers nor the status know of it."""
        async with opened(postgres_url) as store:
            await store.append("a", notes("before"))
            async with bystander(postgres_url):
                last = await store.append("a", notes("beside"))

                feed, seen = await store.feed(), await texts(store)

        assert seen == ["before", "beside"]
        assert (feed.settled, feed.last, feed.holders) == (last.sequence, last.sequence, ())


class Held(NullInstrumentation):
    def __init__(self) -> None:
        self.told: list[float] = []

    @override
    def feed_held(self, *, seconds: float) -> None:
        self.told.append(seconds)


class TestAWatch:
    async def test_warns_once_of_each_append_that_stays_open(
        self, postgres_url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        """From ten seconds on, however old its transaction was; and says when it is over."""
        caplog.set_level(logging.INFO, "eventdocs.store")
        held, now = Held(), [0.0]
        async with opened(postgres_url) as store:
            watch = FeedWatch(store.feed, store.database, held, clock=lambda: now[0])
            async with store.begin() as tx:
                await store.using(tx).append("a", notes("1"))
                pid = await backend_of(tx)
                for now[0] in (100.0, 109.0, 110.0, 115.0):
                    await watch.look()
            await watch.look()
            await watch.look()

        assert held.told == [10.0, 15.0, 0.0]
        warning, released = [each for each in caplog.records if "feed" in each.getMessage()]
        assert (warning.levelname, warning.getMessage()) == ("WARNING", "eventdocs.feed.held")
        assert f"backend {pid} " in vars(warning)["holder"]
        assert vars(warning)["remedy"] == f"SELECT pg_terminate_backend({pid})"
        assert (vars(warning)["held_seconds"], vars(warning)["last"]) == (10.0, 1)
        assert released.getMessage() == "eventdocs.feed.released"

    async def test_is_kept_while_somebody_follows(
        self, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A subscription that waits is reason enough to look; nobody else is."""
        monkeypatch.setattr("eventdocs.store._feed.HELD_SECONDS", 0.01)
        held, told = asyncio.Event(), Held()

        def note(*, seconds: float) -> None:
            if seconds:
                held.set()

        monkeypatch.setattr(told, "feed_held", note)
        async with (
            open_store(postgres_url, events=[Noted], instrumentation=told) as store,
            store.begin() as tx,
        ):
            await store.using(tx).append("a", notes("1"))

            async with store.subscribe(), asyncio.timeout(30):
                await held.wait()


class Nothing(Projector):
    """Reads the log and does nothing with it."""

    name = "nothing"
    version = 1

    @handles(Noted)
    async def pass_over(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Leave it."""


async def test_who_waits_for_a_projection_is_told_what_holds_the_log_back(
    postgres_url: str,
) -> None:
    """An append that readers cannot see yet cannot have been applied."""
    async with opened(postgres_url) as store, store.begin() as tx:
        await store.using(tx).append("a", notes("1"))
        pid = await backend_of(tx)
        appended = await store.append("b", notes("2"))
        async with ProjectionRunner(store, [Nothing()]) as runner:
            with pytest.raises(ProjectionTimeoutError, match=f"held back by backend {pid} "):
                await runner.wait_for(appended, Nothing, timeout=0.01)
