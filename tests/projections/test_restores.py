"""Databases that are put back to an earlier moment, or moved: no event is skipped or repeated.

A backup of the whole database holds the log, the read models and the checkpoints of one
moment, so projections go on from there, whether they were at work meanwhile or not. Where
only a part was put back, they stop and say what to do.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from eventdocs import EventStore, open_store
from eventdocs.errors import EventLostError, StoreRewoundError
from eventdocs.projections import ProjectionRunner, ProjectionState, RebuildProgress
from eventdocs.testing import PostgresServer
from eventdocs.testing._postgres_server import find_binaries
from tests.backends.postgres_hosts import sql
from tests.backends.test_postgres_standby import primary, standby
from tests.backends.test_postgres_standby import pytestmark as with_programs_of_the_server
from tests.backends.test_sqlite_replaced import back_up, put_in_place
from tests.projections.trails import (
    EVENTS,
    Noted,
    Trails,
    append_all,
    fold,
    make_trails,
    read_trails,
    some_history,
)

__all__ = ["primary", "standby"]  # fixtures

HISTORY = some_history(12)
BEFORE, AFTER = HISTORY[:5], HISTORY[5:]
OTHERS: list[tuple[str, object]] = [("stream-0", Noted(text=f"other {n}")) for n in range(7)]


@asynccontextmanager
async def running(runner: ProjectionRunner) -> AsyncGenerator[None]:
    """Let *runner* run for the length of the block."""
    async with runner, asyncio.TaskGroup() as tasks:
        tasks.create_task(runner.run())
        yield
        runner.stop()


async def until_shown(store: EventStore, trails: Trails, history: list[tuple[str, object]]) -> None:
    """Wait until the read model is the fold of *history*."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(15):
            while await read_trails(store, trails) != fold(history):  # noqa: ASYNC110 - the database rings no bell
                await asyncio.sleep(0.02)
    assert await read_trails(store, trails) == fold(history)


def restore_over(backup: Path, path: Path) -> None:
    """Write a backup over a database that others use, in one transaction of SQLite's."""
    with (
        contextlib.closing(sqlite3.connect(backup)) as origin,
        contextlib.closing(sqlite3.connect(path, timeout=10)) as live,
    ):
        origin.backup(live)


def copy_leases(path: Path, backup: Path) -> None:
    """Make a backup one that was made while the runner led that leads now."""
    with contextlib.closing(sqlite3.connect(backup)) as copy, copy:
        copy.execute("ATTACH ? AS live", (str(path),))
        copy.execute("REPLACE INTO main.eventdocs_leases SELECT * FROM live.eventdocs_leases")
        copy.execute(
            "UPDATE main.eventdocs_projections SET token = (SELECT token FROM "
            "live.eventdocs_projections AS newer WHERE newer.name = eventdocs_projections.name)"
        )


class TestSqliteFile:
    @pytest.mark.parametrize("put_back", [put_in_place, restore_over])
    async def test_put_back_under_a_runner_is_gone_on_with(
        self, tmp_path: Path, put_back: Callable[[Path, Path], None]
    ) -> None:
        """The read models went back with the log, and the checkpoint that is in memory does not count."""
        path, backup = tmp_path / "log.db", tmp_path / "backup.db"
        trails = make_trails()
        async with open_store(f"sqlite:///{path}", events=EVENTS) as store:
            runner = ProjectionRunner(store, [trails], poll_interval=0.01)
            async with running(runner):
                await runner.wait_for(await append_all(store, BEFORE), trails.name)
                back_up(path, backup)
                await runner.wait_for(await append_all(store, AFTER), trails.name)

                put_back(backup, path)
                await until_shown(store, trails, BEFORE)
                await runner.wait_for(await append_all(store, OTHERS), trails.name)
                (status,) = await runner.status()

                assert await read_trails(store, trails) == fold([*BEFORE, *OTHERS])
        assert (status.state, status.lag) == (ProjectionState.RUNNING, 0)

    async def test_put_in_place_of_one_that_looks_the_same_is_noticed(self, tmp_path: Path) -> None:
        """Its head is that of the old one, nobody appends, and nothing rings a bell."""
        path, backup = tmp_path / "log.db", tmp_path / "backup.db"
        trails = make_trails()
        async with open_store(f"sqlite:///{path}", events=EVENTS) as store:
            runner = ProjectionRunner(store, [trails], poll_interval=0.01, lease_seconds=0.3)
            async with running(runner):
                await runner.wait_for(await append_all(store, BEFORE), trails.name)
                back_up(path, backup)
                async with open_store(f"sqlite:///{backup}", events=EVENTS) as copy:
                    await append_all(copy, OTHERS)
                await runner.wait_for(await append_all(store, AFTER), trails.name)

                put_in_place(backup, path)
                await until_shown(store, trails, [*BEFORE, *OTHERS])

    async def test_with_read_models_that_were_behind_is_caught_up_with(
        self, tmp_path: Path
    ) -> None:
        """The log is as long as before, and what the runner has applied is not in the file."""
        path, backup = tmp_path / "log.db", tmp_path / "backup.db"
        trails = make_trails()
        async with open_store(f"sqlite:///{path}", events=EVENTS) as store:
            runner = ProjectionRunner(store, [trails], poll_interval=0.01, lease_seconds=0.3)
            async with runner:
                await append_all(store, BEFORE)
                await runner.catch_up()
                last = await append_all(store, AFTER)
            back_up(path, backup)
            async with running(runner):
                await runner.wait_for(last, trails.name)

                copy_leases(path, backup)
                put_in_place(backup, path)
                await until_shown(store, trails, HISTORY)

    async def test_spoils_no_rebuild_that_was_interrupted_before(self, tmp_path: Path) -> None:
        """Its fresh tables show what the log has lost, so it begins anew."""
        path, backup = tmp_path / "log.db", tmp_path / "backup.db"
        trails = make_trails()

        def interrupt(progress: RebuildProgress) -> None:
            if progress.sequence > len(BEFORE):
                raise InterruptedError

        async with (
            open_store(f"sqlite:///{path}", events=EVENTS) as store,
            ProjectionRunner(store, [trails], batch_size=1) as runner,
        ):
            await append_all(store, BEFORE)
            await runner.catch_up()
            back_up(path, backup)
            await append_all(store, AFTER)
            with pytest.raises(InterruptedError):
                await runner.rebuild(trails.name, on_progress=interrupt)
            before = (await runner.status())[0].rebuilt_to

            put_in_place(backup, path)
            await append_all(store, OTHERS)
            await runner.rebuild(trails.name)
            await runner.catch_up()

            assert before == len(BEFORE) + 1
            assert await read_trails(store, trails) == fold([*BEFORE, *OTHERS])

    async def test_of_another_log_stops_what_is_at_work(self, tmp_path: Path) -> None:
        """It may have a checkpoint of the same projection, but not of this log."""
        path, stranger = tmp_path / "log.db", tmp_path / "stranger.db"
        trails = make_trails(name="shared")
        async with (
            open_store(f"sqlite:///{stranger}", events=EVENTS) as store,
            ProjectionRunner(store, [make_trails(name="shared")]) as runner,
        ):
            await append_all(store, OTHERS)
            await runner.catch_up()
        async with open_store(f"sqlite:///{path}", events=EVENTS) as store:
            runner = ProjectionRunner(store, [trails], poll_interval=0.01, lease_seconds=0.3)
            async with running(runner):
                await runner.wait_for(await append_all(store, BEFORE), trails.name)
                put_in_place(stranger, path)
                async with asyncio.timeout(15):
                    while (await runner.status())[0].state is not ProjectionState.REWOUND:  # noqa: ASYNC110 - the database rings no bell
                        await asyncio.sleep(0.02)
                health = await runner.health()
                found = await read_trails(store, trails)

        assert found == fold(OTHERS)
        assert any("the log is another one" in each for each in health.reasons)


def program(name: str, *arguments: str) -> None:
    """Run one of the server's programs to its end."""
    subprocess.run([str(find_binaries() / name), *arguments], check=True, capture_output=True)


def dump(url: str, path: Path) -> None:
    program("pg_dump", "--format=custom", f"--file={path}", url)


def restore(path: Path, url: str, *options: str) -> None:
    program("pg_restore", f"--dbname={url}", "--exit-on-error", *options, str(path))


class TestPostgresDump:
    pytestmark = with_programs_of_the_server

    async def test_in_a_fresh_cluster_is_gone_on_with(
        self, postgres_url: str, primary: PostgresServer, tmp_path: Path
    ) -> None:
        """Transaction ids, locks and positions of the old server mean nothing there."""
        trails = make_trails()
        async with open_store(postgres_url, events=EVENTS) as store:
            async with ProjectionRunner(store, [trails]) as runner:
                await append_all(store, BEFORE)
                await runner.catch_up()
            await append_all(store, AFTER)
            dump(postgres_url, tmp_path / "dump")
            store_id = store.store_id
        url = primary.create_database("moved")
        restore(tmp_path / "dump", url)

        async with (
            open_store(url, events=EVENTS) as moved,
            ProjectionRunner(moved, [trails]) as runner,
        ):
            before = await read_trails(moved, trails)
            await runner.catch_up()
            appended = await append_all(moved, OTHERS)
            await runner.catch_up()
            await runner.wait_for(appended, trails.name)
            (status,) = await runner.status()

            assert moved.store_id == store_id
            assert before == fold(BEFORE)
            assert await read_trails(moved, trails) == fold([*HISTORY, *OTHERS])
            assert status.state is ProjectionState.RUNNING

    async def test_of_an_earlier_moment_over_the_live_database_is_gone_on_with(
        self, postgres_url: str, tmp_path: Path
    ) -> None:
        """Under a runner at work, whose tables are dropped and made anew."""
        trails = make_trails()
        async with open_store(postgres_url, events=EVENTS) as store:
            runner = ProjectionRunner(store, [trails], poll_interval=0.01, lease_seconds=1)
            async with running(runner):
                await runner.wait_for(await append_all(store, BEFORE), trails.name)
                await asyncio.to_thread(dump, postgres_url, tmp_path / "dump")
                await runner.wait_for(await append_all(store, AFTER), trails.name)

                options = ("--clean", "--if-exists", "--single-transaction")
                await asyncio.to_thread(restore, tmp_path / "dump", postgres_url, *options)
                await until_shown(store, trails, BEFORE)
                await runner.wait_for(await append_all(store, OTHERS), trails.name)
                (status,) = await runner.status()

                assert await read_trails(store, trails) == fold([*BEFORE, *OTHERS])
        assert (status.state, status.dead_letters) == (ProjectionState.RUNNING, 0)

    @pytest.mark.parametrize("others", [[], OTHERS[:1], OTHERS], ids=["none", "one", "many"])
    async def test_of_the_log_alone_stops_its_projections(
        self, postgres_url: str, tmp_path: Path, others: list[tuple[str, object]]
    ) -> None:
        """The read models show what the log has lost; the error says what mends them."""
        trails = make_trails()
        async with open_store(postgres_url, events=EVENTS) as store:
            async with ProjectionRunner(store, [trails]) as runner:
                await append_all(store, BEFORE)
                dump(postgres_url, tmp_path / "dump")
                await append_all(store, AFTER)
                await runner.catch_up()

                async with sql(postgres_url) as administrator:
                    await administrator.execute("TRUNCATE eventdocs_events, eventdocs_streams")
                tables = ("events", "streams", "sequence")
                options = [f"--table=eventdocs_{each}" for each in tables]
                restore(tmp_path / "dump", postgres_url, "--data-only", *options)
                appended = await append_all(store, others)
                shown = await read_trails(store, trails)

                with pytest.raises(StoreRewoundError, match=f"rebuild {trails.name}"):
                    await runner.catch_up()
                if others:
                    with pytest.raises(StoreRewoundError):
                        await runner.wait_for(appended, trails.name)
                health = await runner.health()
                assert health.projections[0].status.state is ProjectionState.REWOUND
                assert await read_trails(store, trails) == shown
                await runner.rebuild(trails.name)
                await runner.catch_up()

            assert await read_trails(store, trails) == fold([*BEFORE, *others])


class TestPromotedReplica:
    pytestmark = with_programs_of_the_server

    async def test_that_misses_the_last_events_is_gone_on_with(
        self, primary: PostgresServer, standby: str
    ) -> None:
        """It has the read models of the moment from which on it had nothing any more."""
        trails = make_trails()
        url = primary.create_database("failing_over")
        async with (
            open_store(url, events=EVENTS, migrate=True) as store,
            ProjectionRunner(store, [trails]) as runner,
        ):
            await append_all(store, BEFORE)
            await runner.catch_up()
            await self._cut_off(url, standby)
            lost = await append_all(store, AFTER)
            await runner.catch_up()
        copied = make_url(standby).set(database="failing_over").render_as_string(False)
        async with sql(copied) as administrator:
            await administrator.execute("SELECT pg_promote()")

        async with (
            open_store(copied, events=EVENTS) as promoted,
            ProjectionRunner(promoted, [trails]) as runner,
        ):
            await runner.catch_up()
            assert await read_trails(promoted, trails) == fold(BEFORE)
            await append_all(promoted, OTHERS)
            await runner.catch_up()
            (status,) = await runner.status()

            assert await read_trails(promoted, trails) == fold([*BEFORE, *OTHERS])
            assert (status.state, status.lag) == (ProjectionState.RUNNING, 0)
            with pytest.raises(EventLostError):
                await runner.wait_for(lost, trails.name, timeout=5)

    async def _cut_off(self, url: str, standby: str) -> None:
        """Let the standby have all there is, and nothing from now on."""
        async with sql(url) as administrator:
            place = await administrator.fetchval("SELECT pg_current_wal_lsn()::text")
        async with sql(standby) as administrator, asyncio.timeout(30):
            caught_up = "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn"
            while not await administrator.fetchval(caught_up, place):  # noqa: ASYNC110 - the server rings no bell
                await asyncio.sleep(0.02)
            await administrator.execute("ALTER SYSTEM SET primary_conninfo = ''")
            await administrator.execute("SELECT pg_reload_conf()")
            while await administrator.fetchval("SELECT count(*) FROM pg_stat_wal_receiver"):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.02)
