"""Which calls appends on PostgreSQL go into, and what their callers are told, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import attrs
import pytest
from typing_extensions import override

from eventdocs.backends import _postgres_writer
from eventdocs.backends._postgres_batch import Call, without_common_ids
from eventdocs.backends._postgres_sql import Row
from eventdocs.backends._postgres_writer import PostgresWriter
from eventdocs.errors import (
    EventdocsError,
    EventIdConflictError,
    StoreBusyError,
    StoreClosedError,
    StoreFailedError,
    StoreUnavailableError,
)
from eventdocs.observability import Correlation, NullInstrumentation
from eventdocs.store import Appended, Codec, EventRegistry, NewEvent, StreamAppend, Together
from eventdocs.types import Expect
from tests.backends.postgres_hosts import Noted

_CODEC = Codec(EventRegistry([Noted]))


class Server(NullInstrumentation):
    """Answers as the append function does, and counts.

    Attributes:
        held: Streams that another transaction holds.
        refused: Streams of which the database takes nothing, and does not say which.
        taken: Streams whose append has an id that is taken, with that id.
        released: Set when those who wait for held streams need not wait any longer.
        faults: What the next calls fail with.
        calls: The calls that came.
        most_waiting: How many of them waited at one time, at most.
        flushes: Appends and events of each flush that was told of.
    """

    def __init__(self) -> None:
        self.held: set[str] = set()
        self.refused: set[str] = set()
        self.taken: dict[str, UUID] = {}
        self.released = asyncio.Event()
        self.faults: list[EventdocsError] = []
        self.calls: list[Call] = []
        self.most_waiting = 0
        self.flushes: list[tuple[int, int]] = []
        self._waiting = 0
        self._last = 0

    async def carry(self, call: Call) -> Sequence[Row]:
        """Carry out *call*."""
        self.calls.append(call)
        if self.faults:
            raise self.faults.pop(0)
        given, streams, sizes = call.arguments, [""], [1]
        if call.statement == "append_one":
            streams = [given["stream"]]
        else:
            streams = [given["streams"][number - 1] for number in given["stream_of"]]
            sizes = given["sizes"]
        if not self.refused.isdisjoint(streams):
            raise StoreFailedError("the database", "a row is too long")
        if not given["skip_locked"] and not self.held.isdisjoint(streams):
            self._waiting += 1
            self.most_waiting = max(self.most_waiting, self._waiting)
            await self.released.wait()
            self._waiting -= 1
        return [self._row(stream, size) for stream, size in zip(streams, sizes, strict=True)]

    def _row(self, stream: str, size: int) -> Row:
        if stream in self.held:
            return ("locked", 0, None, None, None)
        if self.taken:
            guilty = self.taken.get(stream)
            return ("conflict" if guilty else "dropped", 0, None, None, str(guilty))
        self._last += size
        return ("recorded", size, range(self._last - size + 1, self._last + 1), None, None)

    @override
    def flushed(self, *, appends: int, events: int, seconds: float) -> None:
        assert 0 < seconds < 30
        self.flushes.append((appends, events))


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def writer(server: Server) -> PostgresWriter:
    return PostgresWriter(server.carry, "the database", server)


def unit(*streams: str, size: int = 1, text: str = "") -> Together:
    """Make appends to *streams* that stand or fall together."""
    return tuple(
        StreamAppend(
            stream=stream,
            expected=Expect.ANY,
            events=tuple(
                _CODEC.encode(NewEvent(data=Noted(text=text)), context=Correlation())
                for _ in range(size)
            ),
        )
        for stream in streams
    )


async def begun(writer: PostgresWriter, *units: Together) -> list[asyncio.Task[Sequence[Appended]]]:
    """Start recording *units*, and let everything run until it waits for something."""
    tasks = [asyncio.create_task(_recorded(writer, each)) for each in units]
    for _ in range(30):
        await asyncio.sleep(0)
    return tasks


async def _recorded(writer: PostgresWriter, unit: Together) -> Sequence[Appended]:
    return await writer.record(unit)


class TestCalls:
    async def test_what_comes_together_is_told_of_as_one(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """One call, of which each unit has its own part."""
        tasks = await begun(writer, unit("a"), unit("b", "c", size=2), unit("d"))
        appended = [await task for task in tasks]

        assert [[each.stream for each in streams] for streams in appended] == [
            ["a"],
            ["b", "c"],
            ["d"],
        ]
        assert [[place.sequence for place in each.places] for each in appended[1]] == [
            [2, 3],
            [4, 5],
        ]
        assert server.flushes == [(4, 6)]

    async def test_many_small_ones_share_a_call_and_large_ones_do_not(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """A call stays about a megabyte, so that nobody waits long for the neighbours'."""
        await asyncio.gather(*(writer.record(unit(f"small-{each}")) for each in range(600)))
        await asyncio.gather(*(writer.record(unit(s, text="x" * 600_000)) for s in "abc"))

        assert server.flushes == [(600, 600), (1, 1), (1, 1), (1, 1)]

    def test_nobody_overtakes_a_unit_that_is_put_off(self) -> None:
        """However many others are put off after it, what follows in its stream comes later."""
        first = unit("a")
        same_id = [(attrs.evolve(first[0], stream=stream),) for stream in ("b", "c")]

        groups = list(without_common_ids([first, *same_id, unit("b")]))

        assert groups == [[0], [1, 3], [2]]

    async def test_units_of_the_same_held_streams_wait_in_one_call(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """In whatever order they name them; nothing of them is kept when they are done."""
        server.held = {"a"}
        tasks = await begun(writer, unit("a", "b"), unit("b", "a"), unit("b", "a"), unit("c"))
        assert tasks[3].done()

        server.held = set()
        server.released.set()
        await asyncio.gather(*tasks)

        own = [call.arguments for call in server.calls if not call.arguments["skip_locked"]]
        assert [len(given["units"]) for given in own] == [3]
        shared = [call.arguments for call in server.calls if call.arguments["skip_locked"]]
        assert shared[0]["patience"] < own[0]["patience"]
        assert not writer._own  # pyright: ignore[reportPrivateUsage]  # would grow with the streams

    async def test_units_that_wait_leave_connections_for_the_others(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """However many streams are held, few calls wait for them at one time."""
        server.held = {f"held-{number}" for number in range(20)}
        tasks = await begun(writer, *(unit(stream) for stream in sorted(server.held)))
        assert server.most_waiting == 8

        server.held = set()
        server.released.set()

        assert len(await asyncio.gather(*tasks)) == 20


class TestTrouble:
    async def test_a_stream_that_stays_locked_is_named(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """Whoever has waited in vain is told for what, and where."""
        server.held = {"a"}
        server.released.set()

        with pytest.raises(StoreBusyError) as caught:
            await writer.record(unit("a", "b"))

        assert (caught.value.database, caught.value.reason) == (
            "the database",
            "stream 'a' or 'b' is locked",
        )
        assert not writer._own  # pyright: ignore[reportPrivateUsage]  # would grow with the streams

    async def test_an_id_that_is_taken_is_named_with_its_stream(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """Of all that stand or fall together, it is the one to look at."""
        together = unit("a", "b", "c", size=3)
        server.taken = {"b": together[1].events[1].id}

        with pytest.raises(EventIdConflictError) as caught:
            await writer.record(together)

        assert (caught.value.event_id, caught.value.stream) == (server.taken["b"], "b")

    async def test_who_shares_a_call_that_is_busy_goes_on_in_calls_of_their_own(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """Nobody learns of a neighbour's lock, and waiting is done apart."""
        server.faults = [StoreBusyError("the database", "a lock"), StoreBusyError("", "a deadlock")]

        (appended,) = await writer.record(unit("a"))

        assert appended.places[0].sequence == 1
        assert [call.arguments["skip_locked"] for call in server.calls] == [True, False, False]
        shared, *own = (call.arguments["patience"] for call in server.calls)
        assert shared < own[0] == own[1]

    async def test_a_call_without_an_answer_is_repeated_as_it_was(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """The same ids settle whether it had happened."""
        server.faults = [StoreUnavailableError("the database", "lost") for _ in range(2)]

        await writer.record(unit("a"))

        first, second, third = (call.arguments for call in server.calls)
        assert first == second == third

    async def test_what_the_database_refuses_is_not_repeated(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """Also when the answer before it was lost."""
        server.faults = [
            StoreUnavailableError("the database", "lost"),
            StoreFailedError("the database", "a row is too long"),
        ]

        with pytest.raises(StoreFailedError):
            await writer.record(unit("a"))

        assert len(server.calls) == 2

    async def test_what_the_database_refuses_leaves_its_neighbours_alone(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """They are tried one by one, as they would have been together."""
        server.refused = {"b"}

        first, refused, last = await begun(writer, unit("a"), unit("b"), unit("c"))

        assert [(await task)[0].stream for task in (first, last)] == ["a", "c"]
        with pytest.raises(StoreFailedError):
            await refused
        ways = [
            (call.arguments["skip_locked"], call.arguments["patience"]) for call in server.calls
        ]
        assert ways == [ways[0]] * 4

    async def test_a_database_that_stays_away_is_told_in_the_end(
        self, server: Server, writer: PostgresWriter, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The error is that of the last try."""
        monkeypatch.setattr(_postgres_writer, "_RETRY_SECONDS", 0.05)
        server.faults = [StoreUnavailableError("the database", "lost") for _ in range(100)]

        with pytest.raises(StoreUnavailableError, match="lost"):
            await writer.record(unit("a"))

        assert 2 <= len(server.calls) < 100


class TestClosing:
    async def test_finishes_what_was_begun_and_refuses_what_comes(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """Whoever will wait for a held stream in another call is waited for."""
        await writer.record(unit("before"))
        server.held = {"a"}
        waiting = asyncio.create_task(writer.record(unit("a")))
        await asyncio.sleep(0)
        closing = asyncio.create_task(writer.close())
        await begun(writer)
        with pytest.raises(StoreClosedError):
            await writer.record(unit("b"))
        assert not closing.done()

        server.held = set()
        server.released.set()
        await closing

        assert waiting.done()
        assert len(await waiting) == 1

    async def test_ends_at_once_where_nothing_is_under_way(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """Also after many appends."""
        await asyncio.gather(*(writer.record(unit(stream)) for stream in "abc"))

        await asyncio.wait_for(writer.close(), 10)

        assert len(server.flushes) == 1

    async def test_ends_flushes_whose_callers_are_gone(
        self, server: Server, writer: PostgresWriter
    ) -> None:
        """A call that a cancelled caller has begun is not left behind."""
        server.held = {"a"}
        (gone,) = await begun(writer, unit("a"))
        gone.cancel()
        await asyncio.wait([gone])
        closing = asyncio.create_task(writer.close())
        await asyncio.sleep(0)

        server.released.set()
        await closing

        assert server.flushes == [(1, 1), (1, 1)]
