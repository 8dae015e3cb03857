"""Group commit: callers share flushes, and each ends in its own outcome."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Sequence
from contextvars import ContextVar

import pytest

from eventdocs.errors import StoreBusyError, StoreClosedError
from eventdocs.store import GroupCommit

_REQUEST: ContextVar[str] = ContextVar("request", default="nobody's")


class Recorder:
    """A flush that waits at a gate and remembers what it was given.

    An item is doubled; a negative one is refused; `broken` fails the flush as a whole.
    """

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.started = asyncio.Event()
        self.batches: list[list[int]] = []
        self.broken: BaseException | None = None
        self.requests: list[str] = []
        self._running = 0

    async def flush(self, items: Sequence[int]) -> list[int | Exception]:
        """Carry out one batch, when the gate is open."""
        self.batches.append([*items])
        self.requests.append(_REQUEST.get())
        self.started.set()
        self._running += 1
        assert self._running == 1, "two flushes at a time"
        try:
            await self.gate.wait()
        finally:
            self._running -= 1
        if self.broken is not None:
            raise self.broken
        return [item * 2 if item >= 0 else ValueError(item) for item in items]


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def group(recorder: Recorder) -> GroupCommit[int, int]:
    return GroupCommit(recorder.flush)


async def _under_way(recorder: Recorder, group: GroupCommit[int, int]) -> asyncio.Task[int]:
    """Start a flush of a single item, which stands at the gate."""
    first = asyncio.create_task(group.submit(1))
    await recorder.started.wait()
    return first


async def _waiting(group: GroupCommit[int, int], *items: int) -> list[asyncio.Task[int]]:
    """Start callers that wait behind the flush under way."""
    tasks = [asyncio.create_task(group.submit(item)) for item in items]
    await _settled()
    return tasks


async def _settled() -> None:
    """Let every task run until it waits for something."""
    for _ in range(10):
        await asyncio.sleep(0)


class TestBatches:
    async def test_an_idle_caller_is_flushed_at_once_and_alone(
        self, recorder: Recorder, group: GroupCommit[int, int]
    ) -> None:
        """Nothing waits for company."""
        recorder.gate.set()

        assert await group.submit(4) == 8
        assert await group.submit(5) == 10

        assert recorder.batches == [[4], [5]]
        assert group.is_idle

    async def test_what_arrives_during_a_flush_goes_together_into_the_next(
        self, recorder: Recorder, group: GroupCommit[int, int]
    ) -> None:
        """One flush at a time, callers in their order, each with its own outcome."""
        first = await _under_way(recorder, group)
        others = await _waiting(group, 2, 3, 4)

        recorder.gate.set()

        assert await asyncio.gather(first, *others) == [2, 4, 6, 8]
        assert recorder.batches == [[1], [2, 3, 4]]

    async def test_a_flush_holds_no_more_than_its_limit_of_weight(self, recorder: Recorder) -> None:
        """A batch ends where the next item would be too much; an item alone may be heavier."""
        group = GroupCommit(recorder.flush, weigh=lambda item: item, max_batch=10)
        first = await _under_way(recorder, group)
        others = await _waiting(group, 4, 6, 1, 50, 9)

        recorder.gate.set()
        await asyncio.gather(first, *others)

        assert recorder.batches == [[1], [4, 6], [1], [50], [9]]

    async def test_a_flush_belongs_to_no_callers_context(
        self, recorder: Recorder, group: GroupCommit[int, int]
    ) -> None:
        """What one request says of itself does not stick to its neighbours' work."""
        recorder.gate.set()
        _REQUEST.set("mine")

        await group.submit(1)

        assert recorder.requests == ["nobody's"]


class TestFailures:
    async def test_a_refused_item_fails_alone(
        self, recorder: Recorder, group: GroupCommit[int, int]
    ) -> None:
        """Its neighbours are recorded."""
        first = await _under_way(recorder, group)
        others = await _waiting(group, 2, -3, 4)

        recorder.gate.set()
        outcomes = await asyncio.gather(first, *others, return_exceptions=True)

        assert outcomes[0] == 2
        assert outcomes[1] == 4
        assert isinstance(outcomes[2], ValueError)
        assert outcomes[3] == 8

    async def test_a_failing_flush_fails_its_own_callers_only(
        self, recorder: Recorder, group: GroupCommit[int, int]
    ) -> None:
        """The group goes on with the next flush."""
        recorder.broken = StoreBusyError("database", "somebody was in the way")
        first = await _under_way(recorder, group)
        recorder.gate.set()
        with pytest.raises(StoreBusyError):
            await first

        recorder.broken = None

        assert await group.submit(7) == 14

    async def test_callers_of_a_failing_flush_raise_exceptions_of_their_own(
        self, recorder: Recorder, group: GroupCommit[int, int]
    ) -> None:
        """Each leads to where the flush failed; a shared one would gather all their tracebacks."""
        cause = OSError("connection lost")
        recorder.broken = StoreBusyError("database", "somebody was in the way")
        recorder.broken.__cause__ = cause
        first = await _under_way(recorder, group)
        others = await _waiting(group, 2, 3)

        recorder.gate.set()
        await asyncio.wait([first, *others])
        raised = [task.exception() for task in others]

        assert raised[0] is not raised[1]
        for error in raised:
            assert isinstance(error, StoreBusyError)
            assert error.reason == "somebody was in the way"
            assert error.__cause__ is cause
            assert "flush" in [frame.name for frame in traceback.extract_tb(error.__traceback__)]

    async def test_a_flush_that_loses_count_fails_instead_of_leaving_callers_waiting(self) -> None:
        """Nobody waits for ever."""

        async def forgetful(_: Sequence[int]) -> list[int | Exception]:
            return []

        with pytest.raises(RuntimeError, match="1 items were flushed to 0 outcomes"):
            await GroupCommit(forgetful).submit(1)


class TestCancellation:
    async def test_a_cancelled_caller_in_the_queue_is_never_flushed(
        self, recorder: Recorder, group: GroupCommit[int, int]
    ) -> None:
        """Cancelling before the work began undoes the call; neighbours are flushed."""
        first = await _under_way(recorder, group)
        others = await _waiting(group, 2, 3, 4)

        others[1].cancel()
        await _settled()
        recorder.gate.set()

        assert list(await asyncio.gather(first, others[0], others[2])) == [2, 4, 8]
        assert others[1].cancelled()
        assert recorder.batches == [[1], [2, 4]]

    async def test_a_caller_cancelled_during_its_flush_leaves_the_neighbours_alone(
        self, recorder: Recorder, group: GroupCommit[int, int]
    ) -> None:
        """The flush runs to its end; only the cancelled caller does not learn the outcome."""
        first = await _under_way(recorder, group)
        others = await _waiting(group, 2, 3, 4)
        recorder.gate.set()
        recorder.gate.clear()  # for the flush of the others
        await first
        late = await _waiting(group, 5)

        others[0].cancel()
        await _settled()
        recorder.gate.set()

        assert await asyncio.gather(*others[1:], *late) == [6, 8, 10]
        assert others[0].cancelled()
        assert recorder.batches == [[1], [2, 3, 4], [5]]

    async def test_a_batch_whose_callers_were_all_cancelled_is_not_flushed(
        self, recorder: Recorder, group: GroupCommit[int, int]
    ) -> None:
        """An empty flush would be work for nobody."""
        first = await _under_way(recorder, group)
        others = await _waiting(group, 2, 3)

        for task in others:
            task.cancel()
        await _settled()
        recorder.gate.set()
        await first
        await group.close()

        assert recorder.batches == [[1]]

    async def test_callers_of_a_flush_that_is_shut_down_do_not_wait_for_ever(
        self, recorder: Recorder, group: GroupCommit[int, int]
    ) -> None:
        """A loop that ends cancels the flush; whoever is left is told that it is over."""
        recorder.broken = asyncio.CancelledError()
        first = await _under_way(recorder, group)
        others = await _waiting(group, 2)

        recorder.gate.set()

        for task in (first, *others):
            with pytest.raises(StoreClosedError):
                await task


class TestRoom:
    async def test_who_finds_the_queue_full_waits_for_room(self, recorder: Recorder) -> None:
        """The queue is bounded; nobody is refused, and nobody overtakes."""
        group = GroupCommit(recorder.flush, max_waiting=3)
        first = await _under_way(recorder, group)
        others = await _waiting(group, 2, 3, 4, 5, 6)

        recorder.gate.set()

        assert list(await asyncio.gather(first, *others)) == [2, 4, 6, 8, 10, 12]
        assert recorder.batches == [[1], [2, 3], [4, 5, 6]]

    async def test_a_caller_that_gives_up_waiting_for_room_is_never_flushed(
        self, recorder: Recorder
    ) -> None:
        """Nor does it take the place of those behind it."""
        group = GroupCommit(recorder.flush, max_waiting=1)
        first = await _under_way(recorder, group)
        others = await _waiting(group, 2, 3)

        others[0].cancel()
        await _settled()
        recorder.gate.set()

        assert (await first, await others[1]) == (2, 6)
        assert recorder.batches == [[1], [3]]

    async def test_closing_refuses_who_waits_for_room(self, recorder: Recorder) -> None:
        """What was not accepted is not flushed, and its caller is told."""
        group = GroupCommit(recorder.flush, max_waiting=1)
        first = await _under_way(recorder, group)
        (late,) = await _waiting(group, 2)

        closing = asyncio.create_task(group.close())
        await _settled()
        recorder.gate.set()
        await closing

        assert await first == 2
        with pytest.raises(StoreClosedError):
            await late


class TestClosing:
    async def test_closing_flushes_what_waits_and_refuses_what_comes(
        self, recorder: Recorder, group: GroupCommit[int, int]
    ) -> None:
        """What was accepted is finished; nothing new is."""
        first = await _under_way(recorder, group)
        others = await _waiting(group, 2, 3)

        closing = asyncio.create_task(group.close())
        await _settled()
        with pytest.raises(StoreClosedError):
            await group.submit(4)
        recorder.gate.set()
        await closing

        assert await asyncio.gather(first, *others) == [2, 4, 6]

    async def test_a_cancelled_close_leaves_the_flush_alone(
        self, recorder: Recorder, group: GroupCommit[int, int]
    ) -> None:
        """Whoever loses patience with closing does not lose others' appends."""
        first = await _under_way(recorder, group)
        closing = asyncio.create_task(group.close())
        await _settled()

        closing.cancel()
        await _settled()
        recorder.gate.set()

        assert await first == 2

    async def test_closing_twice_is_harmless(self, group: GroupCommit[int, int]) -> None:
        """Also when nothing was ever submitted."""
        await group.close()
        await group.close()
