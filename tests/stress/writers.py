"""Writers that do to the log what hosts do: races, pauses, rollbacks, savepoints, repeats.

Each process runs several of them and reports what became of every event it made.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO
from uuid import UUID

import asyncpg
import attrs
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from eventdocs.backends import open_store
from eventdocs.errors import TransientStoreError, WrongExpectedVersionError
from eventdocs.store import Appended, EventStore, Expect, NewEvent, event

HOT_STREAMS = 5
"""Streams that all writers of all processes append to."""

_PROCESSES = 2

_persistently = retry(
    retry=retry_if_exception_type(
        (TransientStoreError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError)
    ),
    wait=wait_random_exponential(multiplier=0.05, max=1),
    stop=stop_after_delay(60),
    reraise=True,
)


@event("Ticked")
@attrs.frozen(kw_only=True)
class Ticked:
    """An event that says nothing."""

    by: str


class _MindChangedError(Exception):
    """A host's change of mind."""


@attrs.define
class Report:
    """What a process says about its events, one line per append.

    Attributes:
        acknowledged: Told to be recorded, with the place that was told.
        rolled_back: Never committed by their host.
        unknown: The connection was lost before the outcome was known.
    """

    acknowledged: dict[UUID, tuple[str, int, int]] = attrs.field(
        factory=dict[UUID, tuple[str, int, int]]
    )
    rolled_back: set[UUID] = attrs.field(factory=set[UUID])
    unknown: set[UUID] = attrs.field(factory=set[UUID])

    def read(self, path: Path) -> None:
        """Add what the process that wrote *path* has said; a killed one's last line may be torn."""
        for line in path.read_text().splitlines():
            with contextlib.suppress(json.JSONDecodeError):
                self._take(json.loads(line))

    def _take(self, said: Mapping[str, Any]) -> None:
        ids = [UUID(each) for each in said["ids"]]
        match said["outcome"]:
            case "acknowledged":
                for at, each in enumerate(ids):
                    self.acknowledged[each] = (
                        said["stream"],
                        said["sequences"][at],
                        said["versions"][at],
                    )
            case "rolled back":
                self.rolled_back.update(ids)
            case _:
                self.unknown.update(ids)


class Writer:
    """One host: appends, alone or in transactions of its own, until it has made its events.

    Args:
        store: The log.
        output: Where it reports.
        name: Also what its decisions depend on.
        events: How many to make.
        transactions: Prepares transactions and ends them; None where the server allows none.
    """

    def __init__(
        self,
        store: EventStore,
        output: TextIO,
        name: str,
        events: int,
        transactions: PreparedTransactions | None,
    ) -> None:
        self._store = store
        self._output = output
        self._name = name
        self._left = events
        self._transactions = transactions
        self._random = random.Random(name)

    async def run(self) -> None:
        """Make one move after another."""
        moves = (
            *[self._append] * 6,
            *[self._append_repeatedly] * 2,
            *[self._append_with_belief] * 2,
            *[self._transact] * 3,
            *[self._transact_in_two_phases] * (self._transactions is not None),
        )
        while self._left > 0:
            await self._random.choice(moves)()

    async def _append(self) -> None:
        stream, events = self._stream(), self._events()
        try:
            self._tell_recorded(await self._store.append(stream, events))
        except TransientStoreError:
            self._tell(events, "unknown")

    async def _append_repeatedly(self) -> None:
        stream, events = self._stream(), self._events()
        outcomes = await asyncio.gather(
            *(self._store.append(stream, events) for _ in range(3)), return_exceptions=True
        )
        recorded: list[Appended] = []
        for outcome in outcomes:
            match outcome:
                case Appended():
                    recorded.append(outcome)
                case TransientStoreError():
                    pass
                case _:
                    raise outcome
        if not recorded:
            self._tell(events, "unknown")
            return
        assert len({outcome.places for outcome in recorded}) == 1, "a repeat stands elsewhere"
        self._tell_recorded(recorded[0])

    async def _append_with_belief(self) -> None:
        stream, events = self._stream(), self._events()
        try:
            version = await self._store.stream_version(stream)
            self._tell_recorded(await self._store.append(stream, events, expected=version))
        except WrongExpectedVersionError:
            self._tell(events, "rolled back")
        except TransientStoreError:
            self._tell(events, "unknown")

    async def _transact(self) -> None:
        recorded: list[Appended] = []
        tried: list[Sequence[NewEvent[Ticked]]] = []
        changes_mind = self._random.random() < 0.3
        try:
            async with self._store.begin() as tx:
                bound = self._store.using(tx)
                if self._random.random() < 0.3:
                    await self._write_something_else(tx)
                # In the order of the names, as everybody's who locks several.
                for stream in sorted({self._stream() for _ in range(self._random.randint(1, 3))}):
                    async with self._savepoint(tx) as kept:
                        tried.append(self._events())
                        outcome = await bound.append(stream, tried[-1], expected=Expect.ANY)
                        if kept:
                            recorded.append(outcome)
                    if not kept:
                        self._tell(tried.pop(), "rolled back")
                    await self._pause(tx)
                if changes_mind:
                    raise _MindChangedError
        except _MindChangedError:
            for events in tried:
                self._tell(events, "rolled back")
        except (TransientStoreError, SQLAlchemyError):
            for events in tried:
                self._tell(events, "unknown")
        else:
            for outcome in recorded:
                self._tell_recorded(outcome)

    async def _transact_in_two_phases(self) -> None:
        assert self._transactions is not None
        tried: list[Sequence[NewEvent[Ticked]]] = []
        recorded: list[Appended] = []
        async with self._transactions.next_one() as gid:
            try:
                async with self._store.begin() as tx:
                    for stream in sorted({self._stream(), self._stream()}):
                        tried.append(self._events())
                        recorded.append(await self._store.using(tx).append(stream, tried[-1]))
                    await tx.execute(text(f"PREPARE TRANSACTION '{gid}'"))
            except (TransientStoreError, SQLAlchemyError):
                await self._transactions.end(gid, "ROLLBACK")
                for events in tried:
                    self._tell(events, "unknown")
                return
            await asyncio.sleep(self._random.choice((0, 0.001, 0.03)))
            commits = self._random.random() < 0.7
            await self._transactions.end(gid, "COMMIT" if commits else "ROLLBACK")
        for outcome, events in zip(recorded, tried, strict=True):
            if commits:
                self._tell_recorded(outcome)
            else:
                self._tell(events, "rolled back")

    @contextlib.asynccontextmanager
    async def _savepoint(self, tx: AsyncConnection) -> AsyncGenerator[bool]:
        """Sometimes put what the block does under a savepoint, sometimes roll that back."""
        chance = self._random.random()
        if chance < 0.5:
            yield True
            return
        with contextlib.suppress(_MindChangedError):
            async with tx.begin_nested():
                yield chance < 0.75
                if chance >= 0.75:
                    raise _MindChangedError

    async def _write_something_else(self, tx: AsyncConnection) -> None:
        """Have the transaction take its id, as a row of the host's own makes it do."""
        await tx.execute(text("SELECT pg_current_xact_id()"))
        await self._pause(tx)

    async def _pause(self, tx: AsyncConnection) -> None:
        """Stand still in the open transaction, now and then for long."""
        milliseconds = self._random.choice((0, 0, 1, 5, 30))
        if milliseconds:
            await tx.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": milliseconds / 1000})

    def _stream(self) -> str:
        if self._random.random() < 0.3:
            return f"hot-{self._random.randrange(HOT_STREAMS)}"
        return f"own-{self._name}-{self._random.randrange(3)}"

    def _events(self) -> list[NewEvent[Ticked]]:
        count = self._random.choice((1, 2, 20, 100, 100))
        self._left -= count
        return [NewEvent(data=Ticked(by=self._name)) for _ in range(count)]

    def _tell_recorded(self, outcome: Appended) -> None:
        self._write(
            outcome="acknowledged",
            stream=outcome.stream,
            ids=[str(place.id) for place in outcome.places],
            sequences=[place.sequence for place in outcome.places],
            versions=[place.version for place in outcome.places],
        )

    def _tell(self, events: Sequence[NewEvent[Ticked]], outcome: str) -> None:
        self._write(outcome=outcome, ids=[str(each.id) for each in events])

    def _write(self, **said: object) -> None:
        # At once, so that a killed process has said what it knew.
        self._output.write(json.dumps(said) + "\n")
        self._output.flush()


class PreparedTransactions:
    """The second phase of two-phase commits, on connections that are not the store's.

    Args:
        url: The database.
        name: What the transactions' names begin with.
        at_once: How many there may be at the same time.
    """

    def __init__(self, url: str, name: str, *, at_once: int) -> None:
        self._url = url
        self._names = (f"{name}.{number}" for number in itertools.count())
        self._turns = asyncio.Semaphore(at_once)

    @classmethod
    async def where_allowed(cls, url: str, name: str) -> PreparedTransactions | None:
        """Make them if the server has room for those of several processes."""
        connection = await asyncpg.connect(url)
        try:
            room = int(await connection.fetchval("SHOW max_prepared_transactions"))
        finally:
            await connection.close()
        return cls(url, name, at_once=2) if room >= _PROCESSES * 2 else None

    @contextlib.asynccontextmanager
    async def next_one(self) -> AsyncGenerator[str]:
        """Give a name for a transaction when there is room for it."""
        async with self._turns:
            yield next(self._names)

    @_persistently
    async def end(self, gid: str, how: str) -> None:
        """Commit or roll back the transaction, unless that has happened already."""
        connection = await asyncpg.connect(self._url)
        try:
            with contextlib.suppress(asyncpg.UndefinedObjectError):
                await connection.execute(f"{how} PREPARED '{gid}'")
        finally:
            await connection.close()


async def write(url: str, output: Path, name: str, writers: int, events: int) -> None:
    """Run *writers* that make *events* each."""
    with output.open("w") as file:
        async with await _open(url) as store, asyncio.TaskGroup() as group:
            transactions = await _prepared_transactions(url, name)
            for number in range(writers):
                writer = Writer(store, file, f"{name}.{number}", events, transactions)
                group.create_task(writer.run())


@_persistently
async def _open(url: str) -> EventStore:
    """Open the store, also if the server is away at this very moment."""
    return await open_store(url, events=[Ticked])


@_persistently
async def _prepared_transactions(url: str, name: str) -> PreparedTransactions | None:
    return await PreparedTransactions.where_allowed(url, name)


if __name__ == "__main__":
    asyncio.run(
        write(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    )
