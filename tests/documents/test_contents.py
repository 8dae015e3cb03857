"""The content store: each content once, with the events that name it, gone when nobody needs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import func, select, update

from eventdocs.backends import open_store
from eventdocs.documents import DOCUMENT_EVENTS, Content, Contents, content_references, contents
from eventdocs.errors import ContentMissingError
from eventdocs.store import EventStore
from eventdocs.types import digest_of

ONE = UUID(int=1)
TWO = UUID(int=2)
HELLO = Content(b"hello")
WORLD = Content(b"world")


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=DOCUMENT_EVENTS) as store:
        yield store


async def _stored(store: EventStore) -> set[str]:
    async with store.connect() as connection:
        return set(await connection.scalars(select(contents.c.digest)))


async def test_bytes_are_found_under_their_digest(store: EventStore) -> None:
    """What was put is what is read, whatever the bytes are."""
    everything = Content(bytes(range(256)) * 1_000)
    empty = Content(b"")

    async with store.begin() as tx:
        await Contents().put(tx, ONE, everything, empty)

    async with store.connect() as connection:
        assert await Contents().get(connection, everything.digest) == everything.data
        assert await Contents().get(connection, empty.digest) == b""


async def test_equal_bytes_are_stored_once(store: EventStore) -> None:
    """Two documents with the same bytes share one row, and each refers to it once."""
    async with store.begin() as tx:
        await Contents().put(tx, ONE, HELLO, HELLO)
    async with store.begin() as tx:
        await Contents().put(tx, ONE, HELLO)
        await Contents().put(tx, TWO, HELLO)

    async with store.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(contents)) == 1
        references = await connection.execute(
            select(content_references).order_by(content_references.c.document_id)
        )
        assert references.all() == [(ONE, HELLO.digest), (TWO, HELLO.digest)]


async def test_a_rollback_takes_contents_along(store: EventStore) -> None:
    """Nothing is stored by a transaction that fails."""

    async def fail() -> None:
        async with store.begin() as tx:
            await Contents().put(tx, ONE, HELLO)
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        await fail()

    assert await _stored(store) == set()


async def test_missing_content_has_an_error_of_its_own(store: EventStore) -> None:
    """Asking for what was never stored names the digest."""
    digest = digest_of(b"never stored")

    async with store.connect() as connection:
        with pytest.raises(ContentMissingError) as caught:
            await Contents().get(connection, digest)

    assert caught.value.digest == digest


async def test_bytes_that_rotted_are_not_handed_out(store: EventStore) -> None:
    """Bytes that are not those of their digest are treated as missing."""
    async with store.begin() as tx:
        await Contents().put(tx, ONE, HELLO)
        await tx.execute(update(contents).values(content=b"hellp"))

    async with store.connect() as connection:
        with pytest.raises(ContentMissingError):
            await Contents().get(connection, HELLO.digest)


async def test_removing_spares_what_others_refer_to(store: EventStore) -> None:
    """A document's own contents go; what another document has as well stays."""
    async with store.begin() as tx:
        await Contents().put(tx, ONE, HELLO, WORLD)
        await Contents().put(tx, TWO, HELLO)

    async with store.begin() as tx:
        removed = await Contents().remove(tx, ONE)

    assert (removed.contents, removed.size, removed.kept) == (1, WORLD.size, 1)
    assert await _stored(store) == {HELLO.digest}
    async with store.begin() as tx:
        last = await Contents().remove(tx, TWO)
    assert (last.contents, last.kept) == (1, 0)
    assert await _stored(store) == set()


@pytest.mark.parametrize("first", ["remove", "put"])
async def test_a_document_that_is_just_storing_the_same_bytes_keeps_them(
    postgres_url: str, first: str
) -> None:
    """Whoever is first, removal for one document never takes away another's new content."""
    async with open_store(postgres_url, events=DOCUMENT_EVENTS) as store:
        async with store.begin() as tx:
            await Contents().put(tx, ONE, HELLO)
        holds, finish = asyncio.Event(), asyncio.Event()

        async def put() -> None:
            async with store.begin() as tx:
                await Contents().put(tx, TWO, HELLO)
                await _hold("put")

        async def remove() -> None:
            async with store.begin() as tx:
                await Contents().remove(tx, ONE)
                await _hold("remove")

        async def _hold(who: str) -> None:
            if who == first:
                holds.set()
                await finish.wait()

        jobs = {"put": put, "remove": remove}
        other = "put" if first == "remove" else "remove"
        async with asyncio.TaskGroup() as group:
            group.create_task(jobs[first]())
            await holds.wait()
            group.create_task(jobs[other]())
            await _until_somebody_waits_for_a_lock(store)
            finish.set()

        async with store.connect() as connection:
            assert await Contents().get(connection, HELLO.digest) == HELLO.data
            assert await Contents().refers(connection, TWO, HELLO.digest)
            assert not await Contents().refers(connection, ONE, HELLO.digest)


async def _until_somebody_waits_for_a_lock(store: EventStore) -> None:
    waiting = 0
    while not waiting:
        async with store.connect() as connection:
            found = await connection.exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            waiting = found.scalar_one()
