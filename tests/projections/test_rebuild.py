from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Generator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    MetaData,
    Table,
    Text,
    delete,
    event,
    insert,
    select,
    text,
)
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs import EventStore, RecordedEvent, open_store
from eventdocs.errors import ProjectionHeldError, ProjectionStoppedError, RebuildFailedError
from eventdocs.projections import (
    FailurePolicy,
    ProjectionRunner,
    ProjectionState,
    Projector,
    RebuildProgress,
    handles,
)
from tests.projections.faults import Crash, Faults
from tests.projections.trails import (
    EVENTS,
    Marked,
    Noted,
    Trails,
    append_all,
    fold,
    make_trails,
    read_trails,
    some_history,
)

pytestmark = pytest.mark.once

metadata = MetaData()
parents = Table(
    "parents",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("note", Text, nullable=False),
    Index("parents_note", "note"),
)
children = Table(
    "children",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", Text, ForeignKey("parents.stream", ondelete="CASCADE"), nullable=False),
)


class Parents(Projector):
    """A stream is there from its first note until it is marked "gone"."""

    name = "parents"
    version = 1
    tables = (parents,)

    @handles(Noted)
    async def add(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Add the stream, in SQL as hosts write it."""
        await tx.execute(
            text("INSERT INTO parents (stream, note) VALUES (:s, :n) ON CONFLICT DO NOTHING"),
            {"s": event.stream, "n": event.data.text},
        )

    @handles(Marked)
    async def remove(self, event: RecordedEvent[Marked], tx: AsyncConnection) -> None:
        """Remove the stream, and with it the rows that refer to it."""
        await tx.execute(delete(parents).where(parents.c.stream == event.stream))


class PortableParents(Parents):
    """The same in SQLAlchemy's words, which find the tables in any schema."""

    @override
    @handles(Noted)
    async def add(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        if await tx.scalar(select(parents.c.note).where(parents.c.stream == event.stream)) is None:
            await tx.execute(insert(parents).values(stream=event.stream, note=event.data.text))


class Children(Projector):
    name = "children"
    version = 1
    tables = (children,)
    depends_on = (Parents,)

    @handles(Noted)
    async def add(self, event: RecordedEvent[Noted], tx: AsyncConnection) -> None:
        """Add a row that refers to the stream's."""
        await tx.execute(insert(children).values(sequence=event.sequence, stream=event.stream))


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


async def what_is_left(store: EventStore, url: str) -> list[str]:
    """List the schemas or files of rebuilds and verifications."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        known = {path.name, f"{path.name}-wal", f"{path.name}-shm"}
        return [each.name for each in path.parent.iterdir() if each.name not in known]
    async with store.connect() as connection:
        query = "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'eventdocs\\_%'"
        return list((await connection.scalars(text(query))).all())


class _Loud(Trails):
    """Writes capitals: rows of the new version differ from all of the old one."""

    @override
    async def _add(self, tx: AsyncConnection, stream: str, text: str) -> None:
        await super()._add(tx, stream, f"{text}!")


def make_loud(name: str) -> Trails:
    """Make version 2 of the trails of that name."""
    quiet = make_trails(name=name, version=2)
    loud: Trails = type("Loud", (_Loud, type(quiet)), {})()
    return loud


def loudly(history: list[tuple[str, object]]) -> dict[str, tuple[int, str]]:
    """Fold *history* as version 2 does."""
    return fold(
        (stream, type(data)(text=f"{data.text}!"))
        for stream, data in history
        if isinstance(data, Noted | Marked)
    )


class TestRebuild:
    async def test_replaces_the_rows_with_what_the_log_says(
        self, store: EventStore, database_url: str
    ) -> None:
        """Whatever the tables held before, and nothing else is left in the database."""
        trails, history = make_trails(), some_history(20)
        await append_all(store, history)
        seen: list[RebuildProgress] = []

        async with ProjectionRunner(store, [trails], batch_size=6) as runner:
            await runner.catch_up()
            async with store.begin() as tx:
                await tx.execute(delete(trails.table))
            reached = await runner.rebuild(trails.name, on_progress=seen.append)
            (status,) = await runner.status()

        assert await read_trails(store, trails) == fold(history)
        assert (reached, status.sequence, status.lag) == (20, 20, 0)
        assert [each.sequence for each in seen] == [6, 12, 18, 20]
        assert seen[-1].seconds_left == 0
        assert await what_is_left(store, database_url) == []

    async def test_does_before_anything_was_projected(self, store: EventStore) -> None:
        """A first build may be a rebuild."""
        trails, history = make_trails(), some_history(9)
        await append_all(store, history)

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.rebuild(trails.name)
            await append_all(store, history)
            await runner.catch_up()

        assert await read_trails(store, trails) == fold(history * 2)

    async def test_readers_see_the_old_rows_or_the_new_ones(self, store: EventStore) -> None:
        """Queries throughout a rebuild meet no error and never a mixture."""
        history = some_history(60)
        await append_all(store, history)
        async with ProjectionRunner(store, [make_trails(name="turn")]) as runner:
            await runner.catch_up()
        loud = make_loud("turn")
        done = asyncio.Event()
        seen: list[Mapping[str, tuple[int, str]]] = []

        async def read() -> None:
            while not done.is_set():
                seen.append(await read_trails(store, loud))
            seen.append(await read_trails(store, loud))

        async with (
            ProjectionRunner(store, [loud], batch_size=4) as runner,
            asyncio.TaskGroup() as tasks,
        ):
            for _ in range(3):
                tasks.create_task(read())
            await runner.rebuild("turn")
            done.set()

        old, new = fold(history), loudly(history)
        assert all(rows in (old, new) for rows in seen)
        assert seen[0] == old
        assert seen[-1] == new

    async def test_appends_and_the_live_projection_go_on_meanwhile(self, store: EventStore) -> None:
        """What is appended during a rebuild is in the new tables, once."""
        trails, history = make_trails(), some_history(60)
        await append_all(store, history[:30])

        async with ProjectionRunner(store, [trails], batch_size=2, poll_interval=0.005) as runner:
            running = asyncio.create_task(runner.run())
            appending = asyncio.create_task(append_all(store, history[30:]))
            for _ in range(3):
                await runner.rebuild(trails.name, from_zero=True)
            await runner.wait_for(await appending, trails.name)
            runner.stop()
            await running
            report = await runner.verify(trails.name)

        assert await read_trails(store, trails) == fold(history)
        assert report.is_equal

    async def test_goes_on_where_it_was_interrupted(
        self, store: EventStore, database_url: str
    ) -> None:
        """What an interrupted rebuild has committed is not computed again."""
        trails, history = make_trails(), some_history(30)
        await append_all(store, history)
        seen: list[int] = []

        def interrupt(progress: RebuildProgress) -> None:
            if progress.sequence >= 15:
                raise Crash

        async with ProjectionRunner(store, [trails], batch_size=5) as runner:
            await runner.catch_up()
            with pytest.raises(Crash):
                await runner.rebuild(trails.name, on_progress=interrupt)
            (status,) = await runner.status()
        async with ProjectionRunner(store, [trails], batch_size=5) as runner:
            await runner.rebuild(trails.name, on_progress=lambda each: seen.append(each.sequence))

        assert status.rebuilt_to == 15
        assert seen == [20, 25, 30]
        assert await read_trails(store, trails) == fold(history)
        assert await what_is_left(store, database_url) == []

    async def test_begins_anew_when_the_code_has_changed(self, store: EventStore) -> None:
        """Rows of two versions are never mixed."""
        history = some_history(30)
        await append_all(store, history)

        def interrupt(progress: RebuildProgress) -> None:
            raise Crash

        async with ProjectionRunner(store, [make_trails(name="turn")], batch_size=5) as runner:
            with pytest.raises(Crash):
                await runner.rebuild("turn", on_progress=interrupt)
        loud = make_loud("turn")
        async with ProjectionRunner(store, [loud]) as runner:
            await runner.rebuild("turn")

        assert await read_trails(store, loud) == loudly(history)

    @pytest.mark.once
    async def test_a_crash_at_any_statement_leaves_old_or_new(
        self, store: EventStore, database_url: str
    ) -> None:
        """Wherever it ends, the live rows are whole, and the next rebuild succeeds."""
        history = some_history(8)
        await append_all(store, history)
        faults = Faults(Crash)
        old, new = fold(history), loudly(history)
        outcomes: list[Mapping[str, tuple[int, str]]] = []
        point, struck = 0, True
        while struck:
            name = f"turn-{point}"
            async with ProjectionRunner(store, [make_trails(name=name)]) as runner:
                await runner.catch_up()
            loud = make_loud(name)
            async with ProjectionRunner(store, [loud], batch_size=5) as runner:
                with _every_statement(faults):
                    faults.arm(point)
                    with contextlib.suppress(Crash):
                        await runner.rebuild(name)
                struck = faults.has_struck
                outcomes.append(await read_trails(store, loud))
                await runner.rebuild(name)
                assert await read_trails(store, loud) == new
            # Neighbouring points rarely differ: a stride keeps the test short.
            point += 3

        assert all(rows in (old, new) for rows in outcomes)
        assert old in outcomes
        assert await what_is_left(store, database_url) == []

    async def test_of_two_at_once_one_gives_way(self, store: EventStore, database_url: str) -> None:
        """Whoever comes second is told who rebuilds it, and harms nothing."""
        history = some_history(40)
        await append_all(store, history)
        trails, twin = make_trails(name="shared"), make_trails(name="shared")

        async with (
            open_store(database_url, events=EVENTS) as other,
            ProjectionRunner(store, [trails], batch_size=3) as first,
            ProjectionRunner(other, [twin], batch_size=4) as second,
        ):
            await first.catch_up()
            for _ in range(3):
                outcomes = await asyncio.gather(
                    first.rebuild("shared"), second.rebuild("shared"), return_exceptions=True
                )
                assert 40 in outcomes
                # On a loaded machine the second may begin when the first has finished.
                assert all(each == 40 or isinstance(each, ProjectionHeldError) for each in outcomes)
                assert await read_trails(store, trails) == fold(history)
            await first.rebuild("shared")

        assert await read_trails(store, trails) == fold(history)
        assert await what_is_left(store, database_url) == []


@contextlib.contextmanager
def _every_statement(faults: Faults) -> Generator[None]:
    names = ("before_cursor_execute", "after_cursor_execute", "commit")
    for name in names:
        event.listen(Engine, name, faults.pass_point)
    try:
        yield
    finally:
        for name in names:
            event.remove(Engine, name, faults.pass_point)


class TestForeignKeys:
    async def test_children_keep_their_rows_and_their_parents(self, store: EventStore) -> None:
        """Rebuilding a parent deletes no child by cascade, and the key still holds."""
        await append_all(store, [(f"s{number % 4}", Noted(text="x")) for number in range(12)])

        async with ProjectionRunner(store, [Parents(), Children()]) as runner:
            await runner.catch_up()
            before = await self._children(store)
            await runner.rebuild("parents")
            await runner.rebuild("children")
            await runner.rebuild("parents")

        assert await self._children(store) == before
        assert len(before) == 12
        with pytest.raises(IntegrityError):
            async with store.begin() as tx:
                await tx.execute(insert(children).values(sequence=99, stream="nowhere"))
        async with store.begin() as tx:
            await tx.execute(delete(parents).where(parents.c.stream == "s1"))
        assert {stream for _, stream in await self._children(store)} == {"s0", "s2", "s3"}

    async def test_rows_whose_parent_was_deleted_since_are_gone(self, store: EventStore) -> None:
        """A rebuild meets children of parents that are long gone, and drops them as cascades did."""
        history = [
            ("a", Noted(text="1")),
            ("b", Noted(text="2")),
            ("a", Marked(text="gone")),
            ("b", Noted(text="3")),
        ]

        async with ProjectionRunner(store, [Parents(), Children()]) as runner:
            for each in history:
                await append_all(store, [each])
                # The child of "a" is there before its parent is deleted.
                await runner.catch_up()
            await runner.rebuild("children")

        assert await self._children(store) == [(2, "b"), (4, "b")]

    async def test_is_refused_where_rows_would_lose_their_parent(self, store: EventStore) -> None:
        """The live tables stay as they are, and the error names what is in the way."""
        await append_all(store, [("a", Noted(text="1"))])
        guests = Table("guests", MetaData(), Column("s", Text))
        async with ProjectionRunner(store, [Parents()]) as runner:
            await runner.catch_up()
            async with store.begin() as tx:
                await tx.execute(insert(parents).values(stream="unknown", note="to the log"))
                await tx.execute(text("CREATE TABLE guests (s TEXT REFERENCES parents (stream))"))
                await tx.execute(insert(guests).values(s="unknown"))

            with pytest.raises(RebuildFailedError, match="its tables are unchanged"):
                await runner.rebuild("parents")
            async with store.begin() as tx:
                kept = (await tx.scalars(select(parents.c.stream))).all()
                await tx.execute(delete(guests))
            await runner.rebuild("parents")

        assert sorted(kept) == ["a", "unknown"]

    async def _children(self, store: EventStore) -> list[tuple[int, str]]:
        async with store.connect() as connection:
            rows = await connection.execute(select(children).order_by(children.c.sequence))
            return [(row.sequence, row.stream) for row in rows]


class TestFailure:
    async def test_an_event_that_fails_leaves_the_live_tables_alone(
        self, store: EventStore
    ) -> None:
        """The error names the event; the live projection goes on."""
        quiet, history = make_trails(name="turn"), some_history(6)
        await append_all(store, history)
        async with ProjectionRunner(store, [quiet]) as runner:
            await runner.catch_up()
        broken = make_trails(name="turn")
        broken.refuses = frozenset({"4"})

        async with ProjectionRunner(store, [broken]) as runner:
            with pytest.raises(ProjectionStoppedError) as caught:
                await runner.rebuild("turn")
            (status,) = await runner.status()

        assert caught.value.sequence == 5
        assert await read_trails(store, quiet) == fold(history)
        assert (status.state, status.dead_letters) == (ProjectionState.RUNNING, 0)

    async def test_what_was_skipped_is_skipped_again_only_if_it_fails(
        self, store: EventStore
    ) -> None:
        """A decision of the operator holds as long as there is a reason for it."""
        trails = make_trails()
        await append_all(store, [("a", Noted(text=each)) for each in ("1", "poison", "3")])

        async with ProjectionRunner(store, [trails]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            await runner.skip(trails.name, 2)
            await runner.catch_up()
            await runner.rebuild(trails.name)
            still_skipped = await read_trails(store, trails)
            trails.refuses = frozenset()
            await runner.rebuild(trails.name)

        assert still_skipped == {"a": (2, "1/3")}
        assert await read_trails(store, trails) == {"a": (3, "1/poison/3")}

    async def test_parked_events_are_tried_again(self, store: EventStore) -> None:
        """After a rebuild, dead letters are those of the new tables."""
        trails = make_trails(policy=FailurePolicy.PARK)
        await append_all(store, [("a", Noted(text=each)) for each in ("1", "poison", "3")])

        async with ProjectionRunner(store, [trails]) as runner:
            await runner.catch_up()
            await runner.rebuild(trails.name)
            (parked,) = await runner.status()
            trails.refuses = frozenset()
            await runner.rebuild(trails.name)
            (healthy,) = await runner.status()

        assert (parked.state, parked.dead_letters) == (ProjectionState.PARKED, 2)
        assert (healthy.state, healthy.dead_letters) == (ProjectionState.RUNNING, 0)
        assert await read_trails(store, trails) == {"a": (3, "1/poison/3")}


class TestOnPostgres:
    async def test_is_refused_where_a_view_depends_on_the_table(self, postgres_url: str) -> None:
        """The view is the host's: it decides."""
        trails, history = make_trails(), some_history(6)
        async with (
            open_store(postgres_url, events=EVENTS) as store,
            ProjectionRunner(store, [trails]) as runner,
        ):
            await append_all(store, history)
            await runner.catch_up()
            async with store.begin() as tx:
                await tx.execute(text(f"CREATE VIEW v AS SELECT * FROM {trails.table.name}"))

            with pytest.raises(RebuildFailedError, match="view v depends"):
                await runner.rebuild(trails.name)

            assert await read_trails(store, trails) == fold(history)

    async def test_keeps_what_others_may_do_with_the_table(self, postgres_url: str) -> None:
        """Privileges that the host has granted outlive the swap."""
        trails = make_trails()
        query = text("SELECT has_table_privilege('public', CAST(:table AS text), 'SELECT')")
        async with (
            open_store(postgres_url, events=EVENTS) as store,
            ProjectionRunner(store, [trails]) as runner,
        ):
            async with store.begin() as tx:
                await tx.execute(text(f"GRANT SELECT ON {trails.table.name} TO PUBLIC"))
            await runner.rebuild(trails.name)

            async with store.connect() as connection:
                assert await connection.scalar(query, {"table": trails.table.name})

    async def test_gives_way_to_a_reader_that_stays(self, postgres_url: str) -> None:
        """The swap does not queue before new readers while an old one holds the table."""
        trails, history = make_trails(), some_history(6)
        async with (
            open_store(postgres_url, events=EVENTS) as store,
            ProjectionRunner(store, [trails]) as runner,
        ):
            await append_all(store, history)
            async with store.connect() as reader:
                await reader.execute(select(trails.table))
                rebuilding = asyncio.create_task(runner.rebuild(trails.name))
                for _ in range(5):
                    await asyncio.wait_for(read_trails(store, trails), timeout=5)
                assert not rebuilding.done()
            await rebuilding

            assert await read_trails(store, trails) == fold(history)

    async def test_works_in_a_schema_that_is_not_in_the_search_path(
        self, postgres_url: str
    ) -> None:
        """Tables are made, rebuilt and verified in the store's own schema."""
        trails, history = make_trails(), some_history(20)
        async with (
            open_store(postgres_url, events=EVENTS, schema="own", migrate=True) as store,
            ProjectionRunner(
                store, [trails, PortableParents(), Children()], batch_size=7
            ) as runner,
        ):
            await append_all(store, [each for each in history if not isinstance(each[1], Marked)])
            await runner.catch_up()
            before = await read_trails(store, trails)
            for name in (trails.name, "parents", "children"):
                await runner.rebuild(name)
                assert (await runner.verify(name)).is_equal

            assert await read_trails(store, trails) == before
            async with store.connect() as connection:
                found = await connection.scalars(
                    text(
                        "SELECT nspname || '.' || relname FROM pg_class c JOIN pg_namespace n "
                        "ON n.oid = relnamespace WHERE relname = 'parents'"
                    )
                )
                assert found.all() == ["own.parents"]
