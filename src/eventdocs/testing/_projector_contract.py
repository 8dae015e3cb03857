"""The contract that every projector keeps, whatever it is for."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import wraps
from typing import Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as Settings  # noqa: N812 - it is a class
from hypothesis.strategies import SearchStrategy
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.backends import open_store
from eventdocs.projections import Handler, ProjectionRunner, Projector
from eventdocs.store import EventStore, RecordedEvent
from eventdocs.testing._contract_events import Opening
from eventdocs.testing._interruption import Interruption
from eventdocs.testing._rows import Rows, arranged, read_rows
from eventdocs.testing._scenario import append, handled_by

History: TypeAlias = Sequence[tuple[str, object]]
"""Streams, and what happens in each, in order."""

_Handler: TypeAlias = Callable[[Any, AsyncConnection], Coroutine[Any, Any, None]]
_Check: TypeAlias = Callable[[EventStore], Awaitable[None]]


class _StruckError(BaseException):
    """The work ends here, as far as the projector can tell."""


class ProjectorContract:
    """What every projector has to do so that each event counts exactly once, as tests.

    Inherit it, and say what is tested, with which events, and what must come of them. A
    history should hold every event that the projectors handle, and be short: it is gone
    through a few hundred times. The tests need no plugin of pytest.

    ```python
    class TestTitles(ProjectorContract):
        def projectors(self):
            return [Titles()]

        def history(self):
            return [("book-1", TitleGiven(title="On order"))]

        def fold(self, events):
            return {"titles": [{"book": e.stream, "title": e.data.title} for e in events]}
    ```
    """

    # ---- what a host says

    def projectors(self) -> Sequence[Projector]:
        """Make the projectors under test, and all that they depend on."""
        raise NotImplementedError("override `projectors`")

    def history(self) -> History | SearchStrategy[History]:
        """Say what happens: a history, or a strategy that makes many."""
        raise NotImplementedError("override `history`")

    def fold(self, events: Sequence[RecordedEvent[Any]]) -> Rows:
        """Say what the tables must hold after *events*: the oracle.

        Write it in plain Python, without the projectors' own code. A table that it leaves
        out is only compared with what the projectors themselves make of the log.
        """
        raise NotImplementedError("override `fold`")

    async def record(self, store: EventStore, history: History) -> None:
        """Record *history*; override it if more than an append belongs to that."""
        await append(store, history)

    @pytest.fixture
    def opening(self) -> Opening:
        """Give what opens a store on a new database, with each call; by default, in memory."""
        return lambda events: open_store("sqlite:///:memory:", events=events)

    # ---- what holds for all

    def test_holds_what_the_events_say(self, opening: Opening) -> None:
        """The tables equal the fold of the log."""

        async def check(store: EventStore) -> None:
            projectors = self.projectors()
            async with ProjectionRunner(store, projectors) as runner:
                await runner.catch_up()

            await self._compare(store, projectors)

        self._for_each_history(opening, check, examples=20)

    def test_batches_of_every_size_come_to_the_same(self, opening: Opening) -> None:
        """It makes no difference how many events are handed over in one transaction."""

        async def check(store: EventStore) -> None:
            projectors = self.projectors()
            async with ProjectionRunner(store, projectors) as runner:
                await runner.catch_up()
            together = await read_rows(store, projectors)
            await self._compare(store, projectors)
            for size in range(1, len([each async for each in store.read_all()])):
                async with ProjectionRunner(store, projectors, batch_size=size) as runner:
                    for projector in projectors:
                        await runner.rebuild(projector.name, from_zero=True)

                assert arranged(await read_rows(store, projectors)) == arranged(together)

        self._for_each_history(opening, check, examples=2)

    def test_a_rebuild_equals_what_was_followed(self, opening: Opening) -> None:
        """Rows that were built event by event are those that the log gives at once."""

        async def check(store: EventStore) -> None:
            projectors = self.projectors()
            async with ProjectionRunner(store, projectors, batch_size=1) as runner:
                await runner.catch_up()
                followed = await read_rows(store, projectors)
                reports = [await runner.verify(each.name) for each in projectors]
                for projector in projectors:
                    await runner.rebuild(projector.name)
                rebuilt = await read_rows(store, projectors)

            assert [report.difference for report in reports] == [None] * len(reports)
            assert arranged(rebuilt) == arranged(followed)

        self._for_each_history(opening, check, examples=5)

    def test_what_is_handed_over_again_counts_once(self, opening: Opening) -> None:
        """Each event is applied, taken back with its transaction, and applied again.

        What a handler keeps anywhere but in the transaction is seen to count twice.
        """

        async def check(store: EventStore) -> None:
            projectors = self.projectors()
            for projector in projectors:
                _hand_over_twice(projector)
            async with ProjectionRunner(store, projectors) as runner:
                while True:
                    with contextlib.suppress(_StruckError):
                        await runner.catch_up()
                        break

            await self._compare(store, projectors)

        self._for_each_history(opening, check, examples=5)

    def test_is_cancelled_at_every_step_and_goes_on(self, opening: Opening) -> None:
        """Each await of the handlers is cancelled in turn; what follows goes on from there."""

        async def check(store: EventStore) -> None:
            projectors = self.projectors()
            cancelling = _Cancelling()
            for projector in projectors:
                cancelling.watch(projector)
            async with ProjectionRunner(store, projectors) as runner:
                places: list[int] = []
                steps = itertools.count()
                while await cancelling.cancels(runner, next(steps)):
                    before, places = places, [each.sequence for each in await runner.status()]
                    if places != before:
                        steps = itertools.count()

            await self._compare(store, projectors)

        self._for_each_history(opening, check, examples=1)

    # ---- the parts

    async def _compare(self, store: EventStore, projectors: Sequence[Projector]) -> None:
        expected = self.fold([each async for each in store.read_all()])
        found = await read_rows(store, projectors)
        assert arranged({name: found[name] for name in expected}) == arranged(expected)

    def _for_each_history(self, opening: Opening, check: _Check, *, examples: int) -> None:
        def run(history: History) -> None:
            asyncio.run(self._run(opening, history, check))

        history = self.history()
        if isinstance(history, SearchStrategy):
            settings = Settings(
                max_examples=examples,
                deadline=None,
                suppress_health_check=[HealthCheck.too_slow],
            )
            settings(given(history)(run))()
        else:
            run(history)

    async def _run(self, opening: Opening, history: History, check: _Check) -> None:
        classes = [*handled_by(self.projectors()), *(type(data) for _, data in history)]
        async with opening(list(dict.fromkeys(classes))) as store:
            await self.record(store, history)
            await check(store)


class _Cancelling:
    """Cancels what is at work at one await of the handlers."""

    def __init__(self) -> None:
        self._interruption = Interruption(0, lambda: None)

    def watch(self, projector: Projector) -> None:
        def watched(handler: _Handler, _: Handler) -> _Handler:
            return lambda given, tx: self._interruption.of(handler(given, tx))

        _wrap_handlers(projector, watched)

    async def cancels(self, runner: ProjectionRunner, at: int) -> bool:
        work = asyncio.create_task(runner.catch_up())
        self._interruption = Interruption(at, work.cancel, in_flight=True)
        await asyncio.wait([work])
        if not work.cancelled():
            work.result()
        return self._interruption.has_struck


def _hand_over_twice(projector: Projector) -> None:
    """Let each handler end its transaction when it has applied an event for the first time."""
    seen: set[int] = set()

    def twice(handler: _Handler, declared: Handler) -> _Handler:
        async def apply(given: Any, tx: AsyncConnection) -> None:
            await handler(given, tx)
            new = {each.sequence for each in (given if declared.batch else [given])} - seen
            if new:
                seen.update(new)
                raise _StruckError

        return apply

    _wrap_handlers(projector, twice)


def _wrap_handlers(projector: Projector, wrap: Callable[[_Handler, Handler], _Handler]) -> None:
    for each in {each.method: each for each in projector.handlers.values()}.values():
        wrapped = wraps(getattr(projector, each.method))(
            wrap(getattr(projector, each.method), each)
        )
        setattr(projector, each.method, wrapped)
