"""Leases: one runner at a time moves a projection, and a paused one comes back to nothing."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sqlite3
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from datetime import UTC, datetime
from functools import partial

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs import EventStore, open_store
from eventdocs.errors import ConfigurationError, ProjectionHeldError, ProjectionStoppedError
from eventdocs.projections import ProjectionRunner
from eventdocs.projections._checkpoints import (
    Checkpoint,
    FencedError,
    lock_checkpoint,
    write_checkpoint,
)
from eventdocs.projections._leases import Lease, Leases, read_holder
from eventdocs.projections._projection import Conditions, Projection
from eventdocs.projections._tables import leases
from tests.backends.test_postgres_pooler import pooler
from tests.projections.leading_process import Effects, read_effects
from tests.projections.trails import (
    EVENTS,
    Noted,
    append_all,
    fold,
    make_trails,
    read_trails,
    some_history,
)

SECONDS = 0.5
PROGRAM = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
PAST = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        yield opened


def lease_of(store: EventStore, *, seconds: float = 60.0) -> Lease:
    """Make the lease of one more runner for one projection."""
    return Leases(store, seconds=seconds).of("shared")


async def lapse(store: EventStore) -> None:
    """Let every lease lapse, as if its owner had been away."""
    async with store.begin() as tx:
        await tx.execute(update(leases).values(expires_at=PAST))


class TestLease:
    async def test_is_held_by_one_and_known_to_all(self, store: EventStore) -> None:
        """Who comes second learns who holds it, and for how long."""
        first, second = lease_of(store), lease_of(store)

        assert await first.take() is None
        assert await first.take() is None
        holder = await second.take()

        assert second.token is None
        assert holder is not None
        assert 0 < holder.seconds_left <= 60
        assert (holder.until - holder.since).total_seconds() == pytest.approx(60, abs=1)
        assert f":{os.getpid()}:" in holder.owner

    async def test_given_back_it_is_free_at_once(self, store: EventStore) -> None:
        """Its token is greater than every one before."""
        first, second = lease_of(store), lease_of(store)
        await first.take()
        before = first.token

        await first.give_back()
        async with store.connect() as connection:
            nobody = await read_holder(connection, "shared")
        await second.take()

        assert nobody is None
        assert (before, second.token, first.token) == (1, 2, None)

    async def test_that_lapsed_is_another_s(self, store: EventStore) -> None:
        """Its old owner learns of it when it renews, and gives nothing back that is not its own."""
        mine = Leases(store, seconds=60)
        first, second = mine.of("shared"), lease_of(store)
        await first.take()

        await lapse(store)
        await second.take()
        await mine.renew()
        await first.give_back()

        assert (first.token, second.token) == (None, 2)
        assert await lease_of(store).take() is not None

    async def test_that_lapsed_and_nobody_took_is_renewed(self, store: EventStore) -> None:
        """A pause without a successor costs nothing."""
        mine = Leases(store, seconds=60)
        first = mine.of("shared")
        await first.take()
        await lapse(store)

        await mine.renew()

        assert first.token == 1
        assert await lease_of(store).take() is not None

    async def test_that_its_owner_has_forgotten_is_taken_anew(self, store: EventStore) -> None:
        """Whoever was not told that it had the lease, or had given it back, is no stranger."""
        lease = lease_of(store)
        await lease.take()
        lease.lose()

        assert await lease.take() is None
        assert lease.token == 2

    async def test_of_one_runner_is_taken_once(self, store: EventStore) -> None:
        """Tasks of one runner share it."""
        lease = lease_of(store)

        assert await asyncio.gather(*(lease.take() for _ in range(3))) == [None, None, None]
        assert lease.token == 1

    async def test_lasts_longer_than_nothing(self, store: EventStore) -> None:
        """A lease that lapses at once would be nobody's."""
        with pytest.raises(ConfigurationError, match="lease_seconds"):
            ProjectionRunner(store, [make_trails()], lease_seconds=0)


class TestCatchUp:
    async def test_waits_for_the_runner_that_leads(self, store: EventStore) -> None:
        """What that one applies counts."""
        trails, history = make_trails(name="shared"), some_history(9)
        async with (
            ProjectionRunner(store, [trails], poll_interval=0.01) as leader,
            ProjectionRunner(store, [make_trails(name="shared")], poll_interval=0.01) as other,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(leader.run())
            await leader.wait_for(await append_all(store, history[:1]), "shared")
            await append_all(store, history[1:])

            await other.catch_up()
            found = await read_trails(store, trails)
            (status,) = await other.status()
            leader.stop()

        assert found == fold(history)
        assert status.holder is not None

    async def test_names_a_holder_that_does_nothing(self, store: EventStore) -> None:
        """It waits as long as its patience lasts."""
        await append_all(store, some_history(3))
        async with ProjectionRunner(
            store, [make_trails(name="shared")], patience=0.05, poll_interval=0.01
        ) as runner:
            lease = lease_of(store)
            await lease.take()

            with pytest.raises(ProjectionHeldError) as caught:
                await runner.catch_up()

        assert caught.value.projection == "shared"
        assert f":{os.getpid()}:" in caught.value.owner
        assert caught.value.until > caught.value.since

    async def test_gives_the_lease_back(self, store: EventStore) -> None:
        """Also when it fails."""
        await append_all(store, [("a", Noted(text="poison"))])
        async with ProjectionRunner(store, [make_trails(name="shared")]) as runner:
            with pytest.raises(ProjectionStoppedError):
                await runner.catch_up()
            (status,) = await runner.status()

        assert status.holder is None


class TestRun:
    async def test_gives_the_lease_back_when_it_stops(self, store: EventStore) -> None:
        """Another runner leads without waiting for the lease to lapse."""
        trails = make_trails(name="shared")
        async with (
            ProjectionRunner(store, [trails], poll_interval=0.01, lease_seconds=300) as first,
            ProjectionRunner(store, [make_trails(name="shared")], lease_seconds=300) as second,
        ):
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(first.run())
                await first.wait_for(await append_all(store, some_history(1)), "shared")
                first.stop()
            (status,) = await second.status()
            await append_all(store, some_history(3)[1:])
            await second.catch_up()

        assert status.holder is None
        assert await read_trails(store, trails) == fold(some_history(3))

    async def test_keeps_the_lease_between_two_rare_looks_at_the_log(
        self, store: EventStore
    ) -> None:
        """Whoever looks less often than the lease lasts is not deaf."""
        trails = make_trails(name="shared")
        async with (
            ProjectionRunner(store, [trails], poll_interval=60, lease_seconds=0.2) as runner,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(runner.run())
            await runner.wait_for(await append_all(store, some_history(1)), "shared")
            async with asyncio.timeout(20):
                while (holder := (await runner.status())[0].holder) is not None:
                    if (holder.until - holder.since).total_seconds() > 1:
                        break
                    await asyncio.sleep(0.02)
            runner.stop()

        assert holder is not None

    async def test_cancelled_it_gives_the_lease_back_too(self, store: EventStore) -> None:
        """An application that shuts down cancels its tasks."""
        async with ProjectionRunner(
            store, [make_trails(name="shared")], poll_interval=0.01, lease_seconds=300
        ) as runner:
            running = asyncio.create_task(runner.run())
            await runner.wait_for(await append_all(store, some_history(1)), "shared")
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            (status,) = await runner.status()

        assert status.holder is None


class _Told(Effects):
    name = "effects"

    def __init__(self, who: str, done: list[str]) -> None:
        self._who = who
        self._done = done

    @override
    async def applied(self, text: str) -> None:
        self._done.append(f"{self._who} applied {text}")


async def _what_a_paused_leader_does(store: EventStore, kind: type[Projection]) -> list[str]:
    """Let a leader pause until another has led, and come back when there is news."""
    done: list[str] = []
    lease = Leases(store, seconds=60).of("effects")
    conditions = Conditions(instrumentation=store.instrumentation, batch_size=5, patience=30.0)
    paused = kind(store, _Told("old", done), begin=store.begin, conditions=conditions, lease=lease)
    async with ProjectionRunner(store, [_Told("new", done)]) as new:
        await lease.take()
        await store.append("a", [Noted(text="1")])
        await paused.advance(await store.head())
        await lapse(store)
        await new.catch_up()
        await store.append("a", [Noted(text="2")])
        with contextlib.suppress(FencedError):
            await paused.advance(await store.head())
        await new.catch_up()
    assert [text for text, _ in await read_effects(store)] == ["1", "2"]
    return done


class TestPausedLeader:
    async def test_writes_nothing_after_another_has_led(self, store: EventStore) -> None:
        """Even if the checkpoint is where it left it."""
        done = await _what_a_paused_leader_does(store, Projection)

        assert done == ["old applied 1", "new applied 2"]

    async def test_that_is_not_fenced_is_seen_by_these_tests(self, store: EventStore) -> None:
        """A runner that does not look at the token goes on as if it still led."""
        done = await _what_a_paused_leader_does(store, _Unfenced)

        assert done == ["old applied 1", "old applied 2"]

    async def test_cannot_move_the_checkpoint_it_has_read(self, store: EventStore) -> None:
        """The update asks for the token too, whatever came before it in the transaction."""
        async with ProjectionRunner(store, [make_trails(name="shared")]):
            async with store.begin() as tx:
                at = await lock_checkpoint(tx, "shared")
            assert at is not None
            await lease_of(store).take()

            with pytest.raises(FencedError):
                async with store.begin() as tx:
                    await write_checkpoint(tx, at)


class _Unfenced(Projection):
    """A planted bug: whoever has moved the checkpoint first wins, lease or not."""

    @override
    async def _lock(self, tx: AsyncConnection, at: Checkpoint) -> Checkpoint:
        lease, self._lease = self._lease, None
        try:
            return await super()._lock(tx, at)
        finally:
            self._lease = lease


@pytest.mark.once
class TestStoppedProcess:
    async def test_is_followed_by_another_and_comes_back_to_wait(self, database_url: str) -> None:
        """Stopped between two batches, continued three lease times later: no effect is double."""
        async with (
            open_store(database_url, events=EVENTS) as store,
            ProjectionRunner(store, [Effects()]) as watcher,
            leader(database_url) as first,
            leader(database_url) as second,
        ):
            append = partial(_append_and_wait, watcher, store)
            await append("1")
            while not await _is_paused_outside_of_transactions(first, store):
                first.go_on()
            seconds = await append("2")
            await asyncio.sleep(max(0.0, 3 * SECONDS - seconds))
            first.go_on()
            await append("3")
            await second.end()
            # It has gone back to waiting, and leads again when it is its turn.
            await append("4")

            effects = await read_effects(store)

        assert effects == [("1", first.pid), ("2", second.pid), ("3", second.pid), ("4", first.pid)]

    @pytest.mark.parametrize("is_pooled", [False, True], ids=["direct", "pooled"])
    async def test_in_the_midst_of_a_transaction_loses_it(
        self, postgres_url: str, is_pooled: bool
    ) -> None:
        """The server ends the transaction, which would keep everybody out; no effect is double."""
        with contextlib.ExitStack() as stack:
            url = postgres_url
            if is_pooled:
                if PROGRAM is None:
                    pytest.skip("needs PgBouncer: apt-get install pgbouncer, as .ci/run does")
                url = f"{stack.enter_context(pooler(postgres_url))}?statement_cache_size=0"
            async with (
                open_store(postgres_url, events=EVENTS) as store,
                ProjectionRunner(store, [Effects()]) as watcher,
                leader(url) as first,
                leader(url) as second,
            ):
                await store.append("notes", [Noted(text="1"), Noted(text="linger")])
                await first.says("applied linger")
                first.pause()
                await second.says("applied linger")
                second.answer()
                first.go_on()
                first.answer()
                await _append_and_wait(watcher, store, "2")

                effects = await read_effects(store)

        assert effects == [("1", second.pid), ("linger", second.pid), ("2", second.pid)]


class LeadingProcess:
    """A process that runs a projection, and what it says."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.pid = process.pid

    async def says(self, line: str) -> float:
        """Wait for *line*; tell how many seconds that took."""
        started = asyncio.get_running_loop().time()
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            while (said := await self._process.stdout.readline()) != f"{line}\n".encode():
                assert said, f"it ended before it said {line!r}"
        return asyncio.get_running_loop().time() - started

    def pause(self) -> None:
        """Stop it where it is, as a machine that hangs."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Continue it."""
        self._process.send_signal(signal.SIGCONT)

    def answer(self) -> None:
        """Let it go on with the event at which it lingers."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"\n")

    async def end(self) -> None:
        """Kill it."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.communicate()


@contextlib.asynccontextmanager
async def leader(url: str) -> AsyncGenerator[LeadingProcess]:
    """Run a process that leads as soon as it can."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.projections.leading_process",
        url,
        str(SECONDS),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    running = LeadingProcess(process)
    try:
        await running.says("ready")
        yield running
    finally:
        await running.end()


async def _append_and_wait(runner: ProjectionRunner, store: EventStore, text: str) -> float:
    """Append a note, and wait until it has taken effect; tell how many seconds that took."""
    started = asyncio.get_running_loop().time()
    await runner.wait_for(await store.append("notes", [Noted(text=text)]), "effects", timeout=30)
    return asyncio.get_running_loop().time() - started


async def _is_paused_outside_of_transactions(process: LeadingProcess, store: EventStore) -> bool:
    """Pause *process*; tell whether it does not keep the others of a SQLite file from writing."""
    process.pause()
    async with store.connect() as connection:
        if connection.dialect.name == "postgresql":
            return True
        found = await connection.exec_driver_sql("PRAGMA database_list")
        file = next(row.file for row in found if row.name == "main")
    with contextlib.closing(sqlite3.connect(file, timeout=0)) as probe:
        try:
            probe.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
    return True
