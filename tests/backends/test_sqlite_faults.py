"""What goes wrong with a SQLite file: full disks, other writers, damage, and death."""

from __future__ import annotations

import asyncio
import signal
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import text
from typing_extensions import override

from eventdocs.backends import open_store
from eventdocs.backends.sqlite import SqliteEventStore
from eventdocs.errors import (
    StoreBusyError,
    StoreDamagedError,
    StoreFullError,
    TransientStoreError,
)
from eventdocs.observability import NullInstrumentation
from eventdocs.store import Appended, EventRegistry, NewEvent
from tests.backends.sqlite_hosts import Noted, host_engine, impatient, notes, sql, texts


class TestFullDisk:
    async def test_a_full_disk_takes_nothing_and_says_so(self, tmp_path: Path) -> None:
        """Everyone in the flush is told, the log is as before, and works once there is room."""
        event = NewEvent(data=Noted(text="x" * 100_000))
        async with impatient(tmp_path / "log.db") as store:
            await store.append("a-1", notes("before"))
            pages = await on_writer(store, "PRAGMA page_count")
            await on_writer(store, f"PRAGMA max_page_count = {pages + 2}")

            outcomes = await asyncio.gather(
                *(store.append(f"b-{n}", notes("x" * 100_000)) for n in range(5)),
                store.append("b-1", [event]),
                return_exceptions=True,
            )
            assert {type(each) for each in outcomes} == {StoreFullError}
            assert await texts(store) == ["before"]

            await on_writer(store, "PRAGMA max_page_count = 10000")
            appended = await store.append("b-1", [event], expected=0)
            assert appended.sequence == 2
            assert not appended.repeated


class TestOtherWriters:
    async def test_waits_for_another_program_only_so_long(self, tmp_path: Path) -> None:
        """A lock that is held too long is a typed error; afterwards the append succeeds."""
        event = NewEvent(data=Noted(text="x"))
        async with impatient(tmp_path / "log.db") as store:
            with sql(tmp_path / "log.db") as other:
                other.execute("BEGIN IMMEDIATE")

                with pytest.raises(StoreBusyError, match="write lock"):
                    await store.append("a-1", [event])
                with pytest.raises(StoreBusyError, match="write lock"):
                    async with store.begin():
                        pass
                assert await texts(store) == []
                other.execute("COMMIT")

            appended = await store.append("a-1", [event])
            assert not appended.repeated

    async def test_waits_for_another_program_that_is_quick(self, sqlite_url: str) -> None:
        """A lock that is let go of in time is only waited for."""
        async with open_store(sqlite_url, events=[Noted]) as store:
            with sql(Path(sqlite_url.removeprefix("sqlite:///"))) as other:
                other.execute("BEGIN IMMEDIATE")
                append = asyncio.create_task(store.append("a-1", notes("x")))
                done, _ = await asyncio.wait([append], timeout=0.1)
                assert not done
                other.execute("COMMIT")

            assert (await append).version == 1

    async def test_an_append_beside_ones_own_transaction_is_told_what_to_do(
        self, tmp_path: Path
    ) -> None:
        """Forgetting using(tx) ends in an error that names it, not in waiting for ever."""
        async with impatient(tmp_path / "log.db") as store:
            async with store.begin() as tx:
                with pytest.raises(StoreBusyError, match=r"using\(tx\)"):
                    await store.append("a-1", notes("x"))
                await store.using(tx).append("a-1", notes("y"))

            assert await texts(store) == ["y"]

    async def test_a_transaction_that_has_read_too_early_is_told_what_to_do(
        self, tmp_path: Path
    ) -> None:
        """SQLite lets nobody write on a snapshot that is no longer the latest."""
        path = tmp_path / "log.db"
        async with impatient(path) as store, host_engine(path) as engine:
            async with engine.connect() as tx:
                await tx.exec_driver_sql("BEGIN")
                await tx.execute(text("SELECT count(*) FROM eventdocs_events"))
                await store.append("a-1", notes("x"))

                with pytest.raises(StoreBusyError, match="BEGIN IMMEDIATE"):
                    await store.using(tx).append("a-1", notes("y"))

            assert await texts(store) == ["x"]

    async def test_readers_wait_for_nobody(self, tmp_path: Path) -> None:
        """Reading goes on while someone else holds the write lock."""
        async with impatient(tmp_path / "log.db") as store:
            await store.append("a-1", notes("x"))
            with sql(tmp_path / "log.db") as other:
                other.execute("BEGIN EXCLUSIVE")

                assert await texts(store) == ["x"]
                assert await store.head() == 1
                async with store.connect() as connection:
                    assert await connection.scalar(text("SELECT 1")) == 1

    async def test_writers_of_one_process_take_turns(self, sqlite_url: str) -> None:
        """Transactions and appends that arrive together all succeed."""
        async with open_store(sqlite_url, events=[Noted]) as store:

            async def transact(number: int) -> None:
                async with store.begin() as tx:
                    await store.using(tx).append("shared-1", notes(f"{number}"))

            async with asyncio.TaskGroup() as group:
                for number in range(20):
                    group.create_task(transact(number))
                    group.create_task(store.append("shared-1", notes(f"{number}")))

            assert await store.stream_version("shared-1") == 40


class TestDamage:
    async def test_rows_that_contradict_each_other_are_a_typed_error(self, tmp_path: Path) -> None:
        """A stream's row that somebody removed does not lead to a second version 1."""
        async with impatient(tmp_path / "log.db") as store:
            await store.append("a-1", notes("x"))
            with sql(tmp_path / "log.db") as other:
                other.execute("DELETE FROM eventdocs_streams")

            with pytest.raises(StoreDamagedError, match="CONSTRAINT"):
                await store.append("a-1", notes("y"))

            assert await texts(store) == ["x"]

    async def test_a_damaged_file_is_a_typed_error(self, tmp_path: Path) -> None:
        """Pages overwritten by something else are noticed, and called damage."""
        path = tmp_path / "log.db"
        async with impatient(path) as store:
            await store.append("a-1", notes(*["x" * 500] * 400))
        overwrite(path)

        async with impatient(path) as store:
            with pytest.raises(StoreDamagedError):
                await texts(store)

    async def test_a_sequence_is_never_given_out_twice(self, tmp_path: Path) -> None:
        """Not even when the last events are removed by hand."""
        path = tmp_path / "log.db"
        async with impatient(path) as store:
            await store.append("a-1", notes("1", "2", "3"))
        with sql(path) as other:
            other.execute("DELETE FROM eventdocs_events WHERE sequence > 1")
            other.execute("UPDATE eventdocs_streams SET version = 1")

        async with impatient(path) as store:
            appended = await store.append("a-1", notes("4"))

            assert (appended.sequence, appended.version) == (4, 2)


class TestDeath:
    @pytest.mark.parametrize("acknowledgements", [1, 30, 75])
    async def test_a_killed_process_loses_nothing_it_was_told(
        self, acknowledgements: int, sqlite_url: str
    ) -> None:
        """Every acknowledged append is there, whole and in order, and the log goes on."""
        # given a process that is killed in the midst of appending
        told: dict[str, int] = {}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tests.backends.appending_process",
            sqlite_url,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[2],
        )
        assert process.stdout is not None
        for _ in range(acknowledgements):
            writer, turn = (await process.stdout.readline()).decode().split()
            told[writer] = int(turn)
        process.send_signal(signal.SIGKILL)
        for line in (await process.stdout.read()).decode().splitlines(keepends=True):
            if line.endswith("\n"):
                writer, turn = line.split()
                told[writer] = int(turn)
        await process.wait()

        # when the log is opened again
        async with open_store(sqlite_url, events=[Noted]) as store:
            everything = [e async for e in store.read_all()]
            async with store.connect() as connection:
                check = await connection.scalar(text("PRAGMA integrity_check"))

            # then nothing acknowledged is missing, and nothing is there by halves
            assert check == "ok"
            assert [e.sequence for e in everything] == list(range(1, len(everything) + 1))
            for writer, last in told.items():
                stream = [e for e in everything if e.stream == f"writer-{writer}"]
                turns = range(len(stream) // 2)
                assert len(turns) > last
                assert [e.version for e in stream] == list(range(1, 2 * len(turns) + 1))
                assert [e.data.text for e in stream] == [
                    f"{writer}/{n}{part}" for n in turns for part in "ab"
                ]
                await store.append(f"writer-{writer}", notes("on"), expected=len(stream))


class Flushes(NullInstrumentation):
    def __init__(self) -> None:
        self.sizes: list[int] = []

    @override
    def flushed(self, *, appends: int, events: int, seconds: float) -> None:
        self.sizes.append(appends)


class TestGroupCommit:
    async def test_appends_that_arrive_together_share_transactions(self, tmp_path: Path) -> None:
        """A hundred appends at once take two transactions: the first one's, and the rest's."""
        flushes = Flushes()
        async with await SqliteEventStore.open(
            tmp_path / "log.db", EventRegistry([Noted]), instrumentation=flushes
        ) as store:
            outcomes = await asyncio.gather(
                *(store.append(f"a-{n % 7}", notes(f"{n}")) for n in range(100))
            )

            assert sum(flushes.sizes) == 100
            assert len(flushes.sizes) <= 3
            assert len({each.sequence for each in outcomes}) == 100

    async def test_losing_the_answer_of_a_flush_is_settled_by_a_repeat(
        self, tmp_path: Path
    ) -> None:
        """A transient error says that the append may be repeated as it is."""
        events = [NewEvent(data=Noted(text="x"))]
        async with impatient(tmp_path / "log.db") as store:
            with sql(tmp_path / "log.db") as other:
                other.execute("BEGIN IMMEDIATE")
                with pytest.raises(TransientStoreError):
                    await store.append("a-1", events)
                other.execute("COMMIT")

            outcomes: Sequence[Appended] = [
                await store.append("a-1", events, expected=0) for _ in range(2)
            ]
            assert [each.repeated for each in outcomes] == [False, True]


async def on_writer(store: SqliteEventStore, pragma: str) -> int:
    """Ask the writer's own connection: how large its file may become is its own affair."""

    def job(connection: sqlite3.Connection) -> int:
        value: int = connection.execute(pragma).fetchone()[0]
        return value

    return await store._writer.run(job)  # pyright: ignore[reportPrivateUsage]  # as above


def overwrite(path: Path) -> None:
    """Write junk over the second half of a file."""
    content = path.read_bytes()
    half = len(content) // 8192 * 4096
    path.write_bytes(content[:half] + b"\xa5" * (len(content) - half))
