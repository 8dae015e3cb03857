"""Appending on PostgreSQL: nobody waits for another one's stream, and races end in typed errors."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Coroutine
from typing import Any

import orjson
import pytest
from sqlalchemy import event, text

from eventdocs.backends import _postgres_writer, open_store
from eventdocs.errors import (
    EventIdConflictError,
    StoreBusyError,
    StoreFailedError,
    WrongExpectedVersionError,
)
from eventdocs.store import Appended, NewEvent
from tests.backends.postgres_hosts import Connection, Noted, host_engine, notes, opened, sql, texts

_LOCKS_HELD = """
    SELECT count(*) FROM pg_locks
    WHERE locktype = 'advisory' AND mode = 'ShareLock' AND pid = pg_backend_pid()
"""
_CALLS_WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
        AND query LIKE '%eventdocs_append%'
"""


class TestRaces:
    async def test_of_many_racing_writers_one_wins_and_the_others_are_told(
        self, postgres_url: str
    ) -> None:
        """160 writers over several connection pools: one winner, 159 typed refusals."""
        async with contextlib.AsyncExitStack() as stack:
            stores = [await stack.enter_async_context(opened(postgres_url)) for _ in range(8)]
            for round_ in range(3):
                await stores[0].append("contested", notes("before"))
                version = await stores[0].stream_version("contested")

                outcomes = await asyncio.gather(
                    *(
                        store.append("contested", notes(f"{round_}"), expected=version)
                        for store in stores
                        for _ in range(20)
                    ),
                    return_exceptions=True,
                )

                winners = [each for each in outcomes if isinstance(each, Appended)]
                losers = [each for each in outcomes if isinstance(each, WrongExpectedVersionError)]
                assert (len(winners), len(losers)) == (1, 159)
                assert {loser.actual for loser in losers} == {version + 1}

    async def test_stores_that_lock_the_same_streams_do_not_deadlock(
        self, postgres_url: str
    ) -> None:
        """Batches over the same new and old streams, in every order, all go through."""
        streams = [f"stream-{number}" for number in range(12)]
        shuffle = random.Random(7)
        async with contextlib.AsyncExitStack() as stack:
            stores = [await stack.enter_async_context(opened(postgres_url)) for _ in range(4)]
            for round_ in range(5):
                fresh = [f"{stream}-{round_}" for stream in streams]
                await asyncio.gather(
                    *(
                        store.append(stream, notes("x"))
                        for store in stores
                        for stream in shuffle.sample(streams + fresh, len(streams + fresh))
                    )
                )

            assert [await stores[0].stream_version(stream) for stream in streams] == [20] * 12

    async def test_an_id_that_another_transaction_is_recording_is_waited_for(
        self, postgres_url: str
    ) -> None:
        """If it commits, only the append that claims the id is refused."""
        claimed = NewEvent(data=Noted(text="mine"))
        async with opened(postgres_url) as store, opened(postgres_url) as other:
            async with other.begin() as tx:
                await other.using(tx).append("first", [claimed])
                waiting = await _waiting(
                    postgres_url,
                    store.append("second", [claimed]),
                    store.append("third", notes("innocent")),
                )
            outcomes = await asyncio.gather(*waiting, return_exceptions=True)

            assert isinstance(outcomes[0], EventIdConflictError)
            assert outcomes[0].event_id == claimed.id
            assert isinstance(outcomes[1], Appended)
            assert await texts(store) == ["mine", "innocent"]
            assert await store.stream_version("second") == 0

    async def test_an_id_whose_other_claim_is_rolled_back_is_recorded(
        self, postgres_url: str
    ) -> None:
        """What was never committed claims nothing."""
        claimed = NewEvent(data=Noted(text="mine"))
        async with opened(postgres_url) as store, opened(postgres_url) as other:
            async with other.connect() as tx:
                await other.using(tx).append("first", [claimed])
                (waiting,) = await _waiting(postgres_url, store.append("second", [claimed]))
                await tx.rollback()

            assert (await waiting).stream == "second"
            assert await store.stream_version("first") == 0


class TestNeighbours:
    @pytest.mark.parametrize("exists", [True, False], ids=["an old stream", "a new stream"])
    async def test_a_held_stream_holds_up_no_other(self, postgres_url: str, exists: bool) -> None:
        """Appends that arrived together part ways when a host's transaction holds one's stream."""
        async with opened(postgres_url) as store, opened(postgres_url) as host:
            if exists:
                await store.append("held", notes("old"))
            async with host.begin() as tx:
                await host.using(tx).append("held", notes("in the transaction"))
                held = [
                    asyncio.create_task(store.append("held", notes(f"behind {number}")))
                    for number in range(3)
                ]
                free = await asyncio.gather(
                    *(store.append(f"free-{number}", notes("free")) for number in range(5))
                )
                assert [appended.version for appended in free] == [1] * 5
                assert not any(task.done() for task in held)

            versions = sorted([(await task).version for task in held])
            first = 2 if exists else 1
            assert versions == [first + 1, first + 2, first + 3]

    async def test_an_append_does_not_wait_for_ever(
        self, postgres_url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Whoever holds a stream too long makes others busy, not stuck; nothing is written."""
        monkeypatch.setattr(_postgres_writer, "_OWN_PATIENCE", 50)
        monkeypatch.setattr(_postgres_writer, "_RETRY_SECONDS", 0.2)
        async with opened(postgres_url) as store:
            await store.append("held", notes("old"))
            async with store.begin() as tx:
                await store.using(tx).append("held", notes("holder"))
                with pytest.raises(StoreBusyError):
                    await store.append("held", notes("late"))

            assert await texts(store) == ["old", "holder"]

    async def test_what_the_database_refuses_fails_alone(self, postgres_url: str) -> None:
        """An index row that is too long is no reason to refuse the neighbours."""
        endless = NewEvent(
            data=Noted(text="x"),
            correlation_id="".join(random.Random(1).choices("0123456789abcdef", k=20_000)),
        )
        async with opened(postgres_url) as store:
            outcomes = await asyncio.gather(
                store.append("a", notes("a")),
                store.append("b", [endless]),
                store.append("c", notes("c")),
                return_exceptions=True,
            )

            assert isinstance(outcomes[1], StoreFailedError)
            assert await texts(store) == ["a", "c"]

    async def test_a_host_that_waits_too_long_is_told_that_the_store_is_busy(
        self, postgres_url: str
    ) -> None:
        """In its own transaction, a host's own lock_timeout decides."""
        async with opened(postgres_url) as store:
            await store.append("held", notes("old"))
            async with store.begin() as holder:
                await store.using(holder).append("held", notes("holder"))
                async with store.connect() as tx:
                    await tx.execute(text("SET LOCAL lock_timeout = '50ms'"))
                    with pytest.raises(StoreBusyError):
                        await store.using(tx).append("held", notes("impatient"))


class TestHostTransactions:
    async def test_many_appends_of_one_transaction_hold_one_lock(self, postgres_url: str) -> None:
        """The server's lock table is not filled by a long transaction."""
        async with opened(postgres_url) as store, store.begin() as tx:
            bound = store.using(tx)
            for number in range(50):
                await bound.append(f"stream-{number}", notes("x"))

            assert await tx.scalar(text(_LOCKS_HELD)) == 1

    async def test_a_rolled_back_savepoint_does_not_uncover_later_appends(
        self, postgres_url: str
    ) -> None:
        """The lock that readers stop at goes with the savepoint, and is taken anew."""
        async with opened(postgres_url) as store:
            async with store.begin() as tx:
                bound = store.using(tx)
                with contextlib.suppress(LookupError):
                    async with tx.begin_nested():
                        await bound.append("inner", notes("gone"))
                        raise LookupError
                assert await tx.scalar(text(_LOCKS_HELD)) == 0
                await bound.append("outer", notes("first"))
                await store.append("elsewhere", notes("second"))

                assert await tx.scalar(text(_LOCKS_HELD)) == 1
                assert await store.head() == 0

            assert await texts(store) == ["first", "second"]

    async def test_survives_the_hosts_own_json_codecs(self, postgres_url: str) -> None:
        """A host that taught its connections to decode JSON gets the same events."""
        async with host_engine(postgres_url) as engine:

            @event.listens_for(engine.sync_engine, "connect")
            def teach(connection: Any, _: object) -> None:
                connection.run_async(_decode_json)

            async with open_store(engine, events=[Noted]) as store:
                alone = NewEvent(data=Noted(text="alone"), metadata={"n": [1, None, "é"]})
                bound = NewEvent(data=Noted(text="bound"), metadata={"n": [1, None, "é"]})
                await store.append("notes", [alone])
                async with engine.begin() as tx:
                    await store.using(tx).append("notes", [bound])
                    read = [each async for each in store.using(tx).read_all()]
                read += [each async for each in store.read_all()]

            assert [each.data.text for each in read] == ["alone", "bound"] * 2
            assert all(each.metadata == {"n": [1, None, "é"]} for each in read)

    async def test_leaves_the_hosts_engine_usable(self, postgres_url: str) -> None:
        """Closing the store does not close what the host brought."""
        async with host_engine(postgres_url) as engine:
            async with open_store(engine, events=[Noted]) as store:
                await store.append("notes", notes("x"))

            async with engine.connect() as connection:
                assert await connection.scalar(text("SELECT count(*) FROM eventdocs_events")) == 1

    async def test_goes_on_where_the_hosts_pool_has_one_connection(self, postgres_url: str) -> None:
        """The store keeps no connection to itself between calls."""
        async with (
            host_engine(postgres_url, pool_size=1, max_overflow=0) as engine,
            open_store(engine, events=[Noted]) as store,
        ):
            for _ in range(3):
                await store.append("notes", notes("x"))
                assert await store.head() > 0
                async with engine.begin() as tx:
                    await store.using(tx).append("notes", notes("y"))


class TestLostConnections:
    async def test_an_append_outlives_its_connections(self, postgres_url: str) -> None:
        """Connections that died in the pool are replaced without an error."""
        async with opened(postgres_url) as store, sql(postgres_url) as administrator:
            for number in range(3):
                await store.append("notes", notes(f"{number}"))
                await administrator.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )

            assert await texts(store) == ["0", "1", "2"]

    async def test_an_append_whose_connection_dies_while_it_waits_is_recorded_once(
        self, postgres_url: str
    ) -> None:
        """The outcome is unknown, so it is repeated; the id settles it."""
        async with opened(postgres_url) as store, sql(postgres_url) as administrator:
            await store.append("held", notes("old"))
            async with store.begin() as tx:
                await store.using(tx).append("held", notes("holder"))
                (waiting,) = await _waiting(postgres_url, store.append("held", notes("patient")))
                killed = await administrator.fetchval(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
                assert killed == 1

            assert (await waiting).version == 3
            assert await texts(store) == ["old", "holder", "patient"]


class TestSchemas:
    async def test_keeps_two_logs_of_one_database_apart(self, empty_postgres_url: str) -> None:
        """Each in its schema, and neither one's open appends hold the other's readers back."""
        async with (
            open_store(empty_postgres_url, events=[Noted], schema="one", migrate=True) as one,
            open_store(empty_postgres_url, events=[Noted], schema="two", migrate=True) as two,
        ):
            assert one.store_id != two.store_id
            async with one.begin() as tx:
                await one.using(tx).append("notes", notes("in one"))
                await two.append("notes", notes("in two"))

                assert await texts(two) == ["in two"]
                assert await texts(one.using(tx)) == ["in one"]

            assert await texts(one) == ["in one"]
            assert await two.head() == 1


async def _decode_json(driver: Connection) -> None:
    for name in ("json", "jsonb"):
        await driver.set_type_codec(name, schema="pg_catalog", encoder=_dumps, decoder=orjson.loads)


def _dumps(value: object) -> str:
    return orjson.dumps(value).decode()


async def _waiting(
    url: str, *appends: Coroutine[Any, Any, Appended]
) -> list[asyncio.Task[Appended]]:
    """Start *appends* and return when one of them waits for a lock in the database."""
    tasks = [asyncio.create_task(append) for append in appends]
    async with sql(url) as administrator, asyncio.timeout(30):
        while not await administrator.fetchval(_CALLS_WAITING):
            continue
    return tasks
