"""The swap at the end of a rebuild, as readers see it who query all the time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs import EventStore, RecordedEvent, open_store
from eventdocs.projections import ProjectionRunner, Projector, handles
from tests.projections.trails import EVENTS, Noted, append_all

metadata = MetaData()
books = Table(
    "books",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("writer", Integer, nullable=False),
    Column("pages", Integer, nullable=False),
)
pages = Table(
    "pages",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("stream", Text, ForeignKey("books.stream"), nullable=False),
    Column("writer", Integer, nullable=False),
)
COUNT = 60
STREAMS = 5


class Books(Projector):
    """Counts the pages of each book in one table and lists them in another."""

    name = "books"
    version = 1
    tables = (books, pages)

    @handles(Noted)
    async def add(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Add a page; every row tells which version has written it."""
        counted = await tx.execute(
            update(books)
            .where(books.c.stream == event.stream)
            .values(pages=books.c.pages + 1, writer=self.version)
        )
        if not counted.rowcount:
            await tx.execute(
                insert(books).values(stream=event.stream, pages=1, writer=self.version)
            )
        await tx.execute(
            insert(pages).values(sequence=event.sequence, stream=event.stream, writer=self.version)
        )


class NewBooks(Books):
    name = "books"
    version = 2


# What both tables say of every book; a mixture would show two writers, or a wrong count.
JOINED = (
    select(
        books.c.stream,
        books.c.writer,
        books.c.pages,
        func.count(pages.c.sequence).label("counted"),
        func.min(pages.c.writer).label("first"),
        func.max(pages.c.writer).label("last"),
    )
    .outerjoin(pages, pages.c.stream == books.c.stream)
    .group_by(books.c.stream, books.c.writer, books.c.pages)
    .order_by(books.c.stream)
)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS, pool_max_size=12) as opened:
        await append_all(
            opened, [(f"s{number % STREAMS}", Noted(text="x")) for number in range(COUNT)]
        )
        yield opened


def whole(writer: int) -> list[tuple[str, int, int, int, int, int]]:
    """Say what the joined query must give: the oracle."""
    each = COUNT // STREAMS
    return [(f"s{number}", writer, each, each, writer, writer) for number in range(STREAMS)]


@pytest.mark.once
async def test_readers_who_join_tables_see_no_error_and_no_mixture(store: EventStore) -> None:
    """All that one query reads, and all that one transaction reads, is of one version."""
    seen: list[int] = []
    mixtures: list[object] = []
    done = asyncio.Event()

    def note(rows: list[tuple[object, ...]]) -> None:
        for writer in (1, 2):
            if rows == whole(writer):
                seen.append(writer)
                return
        mixtures.append(rows)

    async def join() -> None:
        while not done.is_set():
            async with store.connect() as connection:
                note([tuple(row) for row in await connection.execute(JOINED)])

    async def read_one_after_the_other() -> None:
        while not done.is_set():
            async with store.connect() as connection:
                writers = set(await connection.scalars(select(books.c.writer)))
                writers |= set(await connection.scalars(select(pages.c.writer)))
                if len(writers) != 1:
                    mixtures.append(writers)

    async with ProjectionRunner(store, [Books()]) as runner:
        await runner.catch_up()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(2):
            tasks.create_task(join())
            tasks.create_task(read_one_after_the_other())
        for projector in (NewBooks(), Books(), NewBooks()):
            async with ProjectionRunner(store, [projector], batch_size=20) as runner:
                await runner.rebuild("books")
        done.set()

    assert mixtures == []
    assert seen[0] == 1
    assert {1, 2} <= set(seen)


async def test_several_are_rebuilt_in_the_order_of_their_dependencies(store: EventStore) -> None:
    """However they are named; those that are not named are left alone."""

    class Shelves(Projector):
        name = "shelves"
        version = 1
        depends_on = (Books,)

        @handles(Noted)
        async def look(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
            """Find what it depends on."""
            assert await tx.scalar(select(books.c.pages).where(books.c.stream == event.stream))

    class Others(Shelves):
        name = "others"

    order: list[str] = []

    async with ProjectionRunner(store, [Shelves(), Others(), Books()]) as runner:
        reached = await runner.rebuild_all(
            ["shelves", Books], on_progress=lambda each: order.append(each.projection)
        )
        every = await runner.rebuild_all()

    assert list(dict.fromkeys(order)) == ["books", "shelves"]
    assert reached == {"books": COUNT, "shelves": COUNT}
    assert next(iter(every)) == "books"
    assert set(every) == {"books", "shelves", "others"}
