"""The harness: writers in processes, readers that tail them, and the comparison with the truth."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import TypeAlias
from uuid import UUID

import asyncpg
import attrs

from eventdocs.store import EventStore
from tests.stress.writers import Report

SCALE = float(os.environ.get("EVENTDOCS_STRESS", "1"))
"""How much more than a quick run to do."""

_ROOT = Path(__file__).parents[2]

Seen: TypeAlias = tuple[int, UUID]
"""Sequence and id of an event."""

ReadAfter: TypeAlias = Callable[[int], Awaitable[Sequence[Seen]]]
"""Reads some events after a sequence, in order; none if there are none to be seen yet."""


@attrs.define(kw_only=True)
class Sightings:
    """What somebody who follows the log has seen, in the order in which they saw it."""

    seen: list[Seen] = attrs.field(factory=list[Seen], init=False)
    _grown: asyncio.Condition = attrs.field(factory=asyncio.Condition, init=False)

    async def take(self, events: Iterable[Seen]) -> None:
        """Add what was just seen."""
        self.seen.extend(events)
        async with self._grown:
            self._grown.notify_all()

    async def has_seen(self, count: int) -> None:
        """Wait until so many events have been seen."""
        async with self._grown:
            await self._grown.wait_for(lambda: len(self.seen) >= count)

    async def has_reached(self, sequence: int) -> None:
        """Wait until the event at *sequence* has been seen, or one beyond; not for ever."""
        async with asyncio.timeout(30), self._grown:
            await self._grown.wait_for(lambda: self.seen and self.seen[-1][0] >= sequence)


@attrs.define
class Tail(Sightings):
    """A reader that follows the log from its beginning, as fast as it can."""

    read: ReadAfter

    async def run(self, writing_is_over: asyncio.Event) -> None:
        """Follow until the writers are done and nothing more comes."""
        while True:
            over = writing_is_over.is_set()
            events = await self.read(self.seen[-1][0] if self.seen else 0)
            await self.take(events)
            if over and not events:
                return


@attrs.define
class Follower(Sightings):
    """A subscription that follows the log from its beginning."""

    store: EventStore

    async def run(self) -> None:
        """Follow until cancelled."""
        async with self.store.subscribe(page_size=1_000) as subscription:
            async for page in subscription.pages():
                await self.take((event.sequence, event.id) for event in page)


@attrs.frozen
class Truth:
    """What the log holds when all is over, read with plain SQL.

    Attributes:
        events: In the order of their sequences: sequence, id, stream, version.
    """

    events: Sequence[tuple[int, UUID, str, int]]

    @classmethod
    async def of(cls, url: str) -> Truth:
        """Read it."""
        connection = await asyncpg.connect(url)
        try:
            rows = await connection.fetch(
                "SELECT sequence, id, stream, version FROM eventdocs_events ORDER BY sequence"
            )
        finally:
            await connection.close()
        return cls([(row[0], UUID(str(row[1])), row[2], row[3]) for row in rows])

    def violations(self, seen: Sequence[Seen], report: Report) -> list[str]:
        """Tell what a reader or a writer was told that is not so; empty if all was true."""
        return [*self.missed(seen), *self.broken_promises(report), *self.inverted_streams()]

    def missed(self, seen: Sequence[Seen]) -> list[str]:
        """Compare what a reader saw with what there is: lost, doubled, phantom, out of order."""
        there = {(sequence, event_id) for sequence, event_id, _, _ in self.events}
        found = set(seen)
        problems = [f"lost {sequence}" for sequence, _ in sorted(there - found)]
        problems += [f"phantom {sequence}" for sequence, _ in sorted(found - there)]
        if len(found) != len(seen):
            problems.append(f"doubled {len(seen) - len(found)}")
        if sorted(seen) != list(seen):
            problems.append("out of order")
        return problems

    def inverted(self, seen: Sequence[Seen]) -> list[str]:
        """Tell which streams' versions a reader saw in another order than theirs."""
        places = {each: (stream, version) for _, each, stream, version in self.events}
        reached: dict[str, int] = defaultdict(int)
        problems: list[str] = []
        for _, event_id in seen:
            stream, version = places[event_id]
            if version < reached[stream]:
                problems.append(f"{stream}@{version} after {stream}@{reached[stream]}")
            reached[stream] = version
        return problems

    def broken_promises(self, report: Report) -> list[str]:
        """Compare what writers were told with what there is."""
        there = {each: (stream, seq, version) for seq, each, stream, version in self.events}
        problems = [
            f"acknowledged as {place}, stands as {there.get(each)}"
            for each, place in report.acknowledged.items()
            if there.get(each) != place
        ]
        problems += [
            f"rolled back, but there: {each}" for each in report.rolled_back & there.keys()
        ]
        known = report.acknowledged.keys() | report.unknown
        problems += [f"of nobody: {each}" for each in there.keys() - known]
        return problems

    def inverted_streams(self) -> list[str]:
        """Check that every stream's versions count from 1 in the order of the log."""
        versions: dict[str, list[int]] = defaultdict(list)
        for _, _, stream, version in self.events:
            versions[stream].append(version)
        return [
            f"{stream} has versions {found}"
            for stream, found in versions.items()
            if found != list(range(1, len(found) + 1))
        ]


@contextlib.asynccontextmanager
async def writer_process(
    url: str, output: Path, *, writers: int, events: int
) -> AsyncGenerator[asyncio.subprocess.Process]:
    """Run writers in a process of their own; it is gone when the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.stress.writers", url, str(output), output.stem, str(writers), str(events)),
        cwd=_ROOT,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def write_everything(
    url: str, folder: Path, *, processes: int, writers: int, events: int
) -> Report:
    """Run writers in several processes and gather what they say."""
    async with contextlib.AsyncExitStack() as stack:
        outputs = [folder / f"writer{number}.jsonl" for number in range(processes)]
        running = [
            await stack.enter_async_context(
                writer_process(url, output, writers=writers, events=events)
            )
            for output in outputs
        ]
        for process in running:
            assert await process.wait() == 0, "a process of writers failed"
    report = Report()
    for output in outputs:
        report.read(output)
    return report


async def roll_back_prepared(url: str) -> None:
    """End the transactions that a killed process has left prepared."""
    connection = await asyncpg.connect(url)
    try:
        for row in await connection.fetch(
            "SELECT gid FROM pg_prepared_xacts WHERE database = current_database()"
        ):
            await connection.execute(f"ROLLBACK PREPARED '{row[0]}'")
    finally:
        await connection.close()


async def terminate_backends(url: str, every: float) -> None:
    """Kill some connections of stores again and again, whatever they are doing."""
    connection = await asyncpg.connect(url, server_settings={"application_name": "killer"})
    try:
        while True:
            await asyncio.sleep(every)
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND application_name = 'eventdocs' "
                "AND random() < 0.2"
            )
    finally:
        await connection.close()
