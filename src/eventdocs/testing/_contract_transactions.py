"""The contract's promises about appending in a transaction of the host's."""

from __future__ import annotations

import contextlib

import pytest
from sqlalchemy import text as sql

from eventdocs.errors import EventIdConflictError, WrongExpectedVersionError
from eventdocs.store import EventStore, NewEvent
from eventdocs.testing._contract_events import CONTRACT_EVENTS, Noted, Opening, all_texts, texts

STREAM = "note-1"


class HostError(Exception):
    """Something went wrong in the host's own code."""


class TransactionContract:
    """What `begin`, `connect` and `using` promise."""

    async def test_commits_events_with_the_hosts_rows(self, opening: Opening) -> None:
        """Rows and events of one transaction become visible together."""
        async with opening(CONTRACT_EVENTS) as store:
            await make_host_table(store)

            async with store.begin() as tx:
                await tx.execute(sql("INSERT INTO host_rows (n) VALUES (7)"))
                appended = await store.using(tx).append(STREAM, texts("a", "b"), expected=0)
                await store.using(tx).append(STREAM, texts("c"), expected=2)
                assert await all_texts(store) == []

            assert await all_texts(store) == ["a", "b", "c"]
            assert [each.version for each in appended.places] == [1, 2]
            recorded = [each async for each in store.read_all(until=appended.sequence)]
            assert [(each.sequence, each.id) for each in recorded] == [
                (place.sequence, place.id) for place in appended.places
            ]
            assert await host_rows(store) == [7]

    async def test_rolls_events_back_with_the_hosts_rows(self, opening: Opening) -> None:
        """A host's rollback takes the events with it, wherever the error came from."""
        async with opening(CONTRACT_EVENTS) as store:
            await make_host_table(store)
            await store.append(STREAM, texts("before"))
            new = NewEvent(data=Noted("lost"))

            async def fail_after_writing() -> None:
                async with store.begin() as tx:
                    await tx.execute(sql("INSERT INTO host_rows (n) VALUES (7)"))
                    await store.using(tx).append(STREAM, [new], expected=1)
                    raise HostError

            with pytest.raises(HostError):
                await fail_after_writing()

            assert await all_texts(store) == ["before"]
            assert await store.stream_version(STREAM) == 1
            assert await host_rows(store) == []
            # It never happened: the same fact can be recorded now, and counts as new.
            again = await store.append(STREAM, [new], expected=1)
            assert (again.version, again.repeated) == (2, False)

    async def test_reads_its_own_writes(self, opening: Opening) -> None:
        """A bound store reads what its transaction has appended; others do not yet."""
        async with opening(CONTRACT_EVENTS) as store:
            await store.append(STREAM, texts("before"))

            async with store.begin() as tx:
                bound = store.using(tx)
                appended = await bound.append(STREAM, texts("own"), expected=1)

                assert await all_texts(bound) == ["before", "own"]
                assert [e.data.text async for e in bound.read_stream(STREAM, backward=True)] == [
                    "own",
                    "before",
                ]
                assert await bound.stream_version(STREAM) == 2
                assert await bound.head() == appended.sequence
                assert await all_texts(store) == ["before"]
                assert await store.stream_version(STREAM) == 1
                assert await store.head() < appended.sequence

    async def test_a_refused_append_leaves_the_transaction_usable(self, opening: Opening) -> None:
        """A host can catch a typed refusal inside its transaction, and go on."""
        known = NewEvent(data=Noted("known"))
        async with opening(CONTRACT_EVENTS) as store:
            await store.append(STREAM, [known])

            async with store.begin() as tx:
                bound = store.using(tx)
                with pytest.raises(WrongExpectedVersionError) as caught:
                    await bound.append(STREAM, texts("lost"), expected=7)
                with pytest.raises(EventIdConflictError):
                    await bound.append("note-2", [known])
                repeat = await bound.append(STREAM, [known], expected=7)
                await bound.append(STREAM, texts("kept"), expected=1)

            assert await all_texts(store) == ["known", "kept"]
        assert caught.value.actual == 1
        assert repeat.repeated

    async def test_a_savepoint_takes_its_events_with_it(self, opening: Opening) -> None:
        """Rolling back to a savepoint undoes the appends since, and no others."""
        async with opening(CONTRACT_EVENTS) as store:
            async with store.begin() as tx:
                bound = store.using(tx)
                await bound.append(STREAM, texts("outer"))
                savepoint = await tx.begin_nested()
                await bound.append(STREAM, texts("inner"))
                await savepoint.rollback()
                await bound.append(STREAM, texts("later"), expected=1)

            assert await all_texts(store) == ["outer", "later"]

    async def test_the_log_goes_on_after_a_transaction(self, opening: Opening) -> None:
        """Appends in and outside of transactions continue one another's versions."""
        async with opening(CONTRACT_EVENTS) as store:
            for turn in range(3):
                await store.append(STREAM, texts(f"{turn}a"), expected=2 * turn)
                async with store.begin() as tx:
                    await store.using(tx).append(STREAM, texts(f"{turn}b"), expected=2 * turn + 1)

            assert await all_texts(store) == ["0a", "0b", "1a", "1b", "2a", "2b"]
            assert [e.version async for e in store.read_stream(STREAM)] == [1, 2, 3, 4, 5, 6]

    async def test_a_bound_store_is_bound_to_its_transaction(self, opening: Opening) -> None:
        """Its `connect` is the transaction itself, its `begin` a part of it."""
        async with opening(CONTRACT_EVENTS) as store:
            await make_host_table(store)

            async with store.begin() as tx:
                bound = store.using(tx)
                with contextlib.suppress(HostError):
                    async with bound.begin() as part:
                        await part.execute(sql("INSERT INTO host_rows (n) VALUES (1)"))
                        raise HostError
                async with bound.begin() as part:
                    await part.execute(sql("INSERT INTO host_rows (n) VALUES (2)"))
                async with bound.connect() as connection:
                    seen = await connection.scalars(sql("SELECT n FROM host_rows"))
                    assert list(seen) == [2]
                await bound.close()
                await bound.append(STREAM, texts("still open"))

            assert await host_rows(store) == [2]
            assert await all_texts(store) == ["still open"]
            assert (bound.store_id, bound.database) == (store.store_id, store.database)


async def make_host_table(store: EventStore) -> None:
    """Make a table of the host's beside the log."""
    async with store.begin() as tx:
        await tx.execute(sql("CREATE TABLE host_rows (n INTEGER)"))


async def host_rows(store: EventStore) -> list[int]:
    """Read the host's table through a connection of the store."""
    async with store.connect() as connection:
        return list(await connection.scalars(sql("SELECT n FROM host_rows ORDER BY n")))
