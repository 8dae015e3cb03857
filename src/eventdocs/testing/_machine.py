"""A state machine that drives a store and the model side by side and compares them."""

from __future__ import annotations

import asyncio
import copy
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar, Final, TypeAlias, TypeVar
from uuid import UUID

from hypothesis import HealthCheck
from hypothesis import settings as Settings  # noqa: N812 - it is a class
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from eventdocs.errors import EventIdConflictError, WrongExpectedVersionError
from eventdocs.store import (
    Appended,
    EventStore,
    NewEvent,
    RecordedEvent,
    Selection,
    StreamEvents,
)
from eventdocs.testing import strategies
from eventdocs.testing._contract_events import CONTRACT_EVENTS, Opening
from eventdocs.testing._contract_reading import read_in_pages
from eventdocs.testing._model import Fact, LogModel, Refusal
from eventdocs.types import Expect, ExpectedVersion

T = TypeVar("T")
Events: TypeAlias = list[NewEvent[Any]]

_EXPECTATIONS = st.sampled_from(Expect) | st.integers(0, 5)
_EVENTS = st.lists(strategies.new_events(), min_size=1, max_size=3)
_LIMITS = st.none() | st.integers(0, 4)

PROGRESS = frozenset(
    "recorded repeated refused conflicting together many none-of-many interrupted committed "
    "rolled-back reopened read".split()
)
"""What must have happened at least once, or comparing has proved nothing."""


SETTINGS: Final = Settings(
    max_examples=25,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
"""Enough for every kind of step to happen many times."""


class _RolledBackError(Exception):
    """The host changed its mind."""


class LogMachine(RuleBasedStateMachine):
    """Appends, repeats, races, cancels, rolls back, reopens and reads.

    The database may hold events already; every example has streams of its own.
    """

    opening: ClassVar[Opening]
    progress: ClassVar[Counter[str]]
    examples: ClassVar[Iterator[int]]

    def __init__(self) -> None:
        super().__init__()
        self.model = LogModel()
        self.sequences: dict[UUID, int] = {}
        self.done: list[tuple[str, Events]] = []
        self.together: list[Sequence[StreamEvents]] = []
        self.prefix = f"example{next(self.examples)}x"
        self.runner = asyncio.Runner()
        self.open()
        self.base = self.await_(self.store.head())

    def await_(self, awaitable: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the machine's own loop."""
        return self.runner.run(awaitable)

    def open(self) -> None:
        """Open the store."""
        opening = type(self).opening
        self.context: AbstractAsyncContextManager[EventStore] = opening(CONTRACT_EVENTS)

        async def enter() -> EventStore:
            return await self.context.__aenter__()

        self.store = self.await_(enter())

    def close(self) -> None:
        """Close the store."""

        async def leave() -> None:
            await self.context.__aexit__(None, None, None)

        self.await_(leave())

    def teardown(self) -> None:
        """Close the store and the loop."""
        try:
            self.close()
        finally:
            self.runner.close()

    def name(self, stream: str) -> str:
        """Make *stream* the example's own."""
        return self.prefix + stream

    # ---- appending

    @rule(stream=strategies.streams(), events=_EVENTS, expected=_EXPECTATIONS)
    def append(self, stream: str, events: Events, expected: ExpectedVersion) -> None:
        """Append with some expectation."""
        self.agree(self.name(stream), events, expected)

    @precondition(lambda self: self.done)
    @rule(data=st.data(), expected=_EXPECTATIONS)
    def repeat(self, data: st.DataObject, expected: ExpectedVersion) -> None:
        """Make an append again that already happened, whatever has happened since."""
        stream, events = data.draw(st.sampled_from(self.done))
        self.agree(stream, events, expected)

    @precondition(lambda self: self.done)
    @rule(data=st.data(), stream=strategies.streams(), events=_EVENTS)
    def claim(self, data: st.DataObject, stream: str, events: Events) -> None:
        """Append under an id that another event may already have."""
        _, taken = data.draw(st.sampled_from(self.done))
        claimed = NewEvent(data=events[0].data, id=taken[0].id)
        self.agree(self.name(stream), [claimed, *events[1:]], Expect.ANY)

    @rule(
        data=st.data(),
        appends=st.lists(
            st.tuples(strategies.streams(), _EVENTS, _EXPECTATIONS),
            min_size=2,
            max_size=4,
            unique_by=lambda each: each[0],
        ),
    )
    def append_many(
        self, data: st.DataObject, appends: list[tuple[str, Events, ExpectedVersion]]
    ) -> None:
        """Append to several streams, all or none; sometimes what is recorded already, or partly."""
        believes: bool = data.draw(st.booleans())  # all that is believed is seldom so
        asked = [
            StreamEvents(
                stream=self.name(stream),
                events=events,
                expected=expected if believes else Expect.ANY,
            )
            for stream, events, expected in appends
        ]
        repeats: bool = data.draw(st.booleans())
        if self.together and repeats:
            again: Sequence[StreamEvents] = data.draw(st.sampled_from(self.together))
            some = again[data.draw(st.integers(0, 1)) :]
            taken = {each.stream for each in some}
            keep = data.draw(st.integers(0, 1))
            asked = [*some, *(each for each in asked[:keep] if each.stream not in taken)]
        outcome = self.await_(_attempt_many(self.store, asked))
        self.compare_many(outcome, self.model.append_many(asked), asked)

    def compare_many(
        self,
        outcome: Sequence[Appended] | Refusal,
        wanted: list[list[Fact]] | Refusal,
        asked: Sequence[StreamEvents],
    ) -> None:
        """Compare what the store and the model say about appends to several streams."""
        if isinstance(outcome, Refusal) or isinstance(wanted, Refusal):
            assert outcome == wanted
            self.progress["none-of-many"] += 1
            return
        for appended, facts, each in zip(outcome, wanted, asked, strict=True):
            self.compare(appended, facts, each.stream)
        self.together.append(asked)
        self.progress["many"] += 1

    def agree(self, stream: str, events: Events, expected: ExpectedVersion) -> None:
        """Append to both; they must say the same."""
        outcome = self.await_(_attempt(self.store, stream, events, expected))
        self.compare(outcome, self.model.append(stream, events, expected), stream)
        if isinstance(outcome, Appended):
            self.done.append((stream, events))

    def compare(
        self, outcome: Appended | Refusal, wanted: list[Fact] | Refusal, stream: str
    ) -> None:
        """Compare what the store and the model say about one append."""
        if isinstance(outcome, Refusal) or isinstance(wanted, Refusal):
            assert outcome == wanted
            self.progress["refused" if wanted is Refusal.VERSION else "conflicting"] += 1
            return
        assert outcome.stream == stream
        assert [(each.version, each.id) for each in outcome.places] == [
            (fact.version, fact.id) for fact in wanted
        ]
        assert outcome.version == wanted[-1].version
        known = [self.sequences.get(fact.id) for fact in wanted]
        assert outcome.repeated == (known[0] is not None)
        if outcome.repeated:
            assert [each.sequence for each in outcome.places] == known
        self.sequences.update({each.id: each.sequence for each in outcome.places})
        self.progress["repeated" if outcome.repeated else "recorded"] += 1

    @rule(
        appends=st.lists(
            st.tuples(strategies.streams(), _EVENTS, st.integers(1, 2)), min_size=2, max_size=6
        )
    )
    def append_together(self, appends: list[tuple[str, Events, int]]) -> None:
        """Append to several streams at once; some appends are made twice."""

        async def together() -> list[list[Appended]]:
            tasks: list[list[asyncio.Task[Appended]]] = []
            async with asyncio.TaskGroup() as group:
                for stream, events, times in appends:
                    call = self.store.append
                    tasks.append(
                        [group.create_task(call(self.name(stream), events)) for _ in range(times)]
                    )
            return [[task.result() for task in each] for each in tasks]

        outcomes = self.await_(together())
        order = sorted(range(len(appends)), key=lambda at: outcomes[at][0].sequence)
        for at in order:
            stream, events, _ = appends[at]
            for outcome in sorted(outcomes[at], key=lambda each: each.repeated):
                self.compare(
                    outcome,
                    self.model.append(self.name(stream), events, Expect.ANY),
                    self.name(stream),
                )
            self.done.append((self.name(stream), events))
        self.progress["together"] += 1

    @rule(stream=strategies.streams(), events=_EVENTS, steps=st.integers(0, 8))
    def interrupt(self, stream: str, events: Events, steps: int) -> None:
        """Cancel an append somewhere on its way, then repeat it to learn what became of it."""
        stream = self.name(stream)

        async def cancelled() -> None:
            append = asyncio.create_task(self.store.append(stream, events))
            for _ in range(steps):
                await asyncio.sleep(0)
            append.cancel()
            await asyncio.wait([append])

        self.await_(cancelled())
        outcome = self.await_(self.store.append(stream, events))
        wanted = self.model.append(stream, events, Expect.ANY)
        assert not isinstance(wanted, Refusal)
        if outcome.repeated:  # it had been recorded, and nobody was told where
            self.sequences.update({each.id: each.sequence for each in outcome.places})
        self.compare(outcome, wanted, stream)
        self.done.append((stream, events))
        self.progress["interrupted"] += 1

    # ---- transactions

    @rule(
        appends=st.lists(
            st.tuples(strategies.streams(), _EVENTS, _EXPECTATIONS), min_size=1, max_size=3
        ),
        commit=st.booleans(),
    )
    def transact(self, appends: list[tuple[str, Events, ExpectedVersion]], *, commit: bool) -> None:
        """Append in a transaction of the host's, which commits or rolls back."""
        before = copy.deepcopy((self.model.facts, self.sequences, self.done))

        async def transaction() -> None:
            async with self.store.begin() as tx:
                bound = self.store.using(tx)
                for stream, events, expected in appends:
                    stream = self.name(stream)  # noqa: PLW2901 - from here on the example's own
                    outcome = await _attempt(bound, stream, events, expected)
                    self.compare(outcome, self.model.append(stream, events, expected), stream)
                    if isinstance(outcome, Appended):
                        self.done.append((stream, events))
                self.same(await _all(bound.read_all(after=self.base)), self.model.facts)
                if not commit:
                    raise _RolledBackError

        try:
            self.await_(transaction())
        except _RolledBackError:
            self.model.facts, self.sequences, self.done = before
        self.progress["committed" if commit else "rolled-back"] += 1

    # ---- reopening and reading

    @rule()
    def reopen(self) -> None:
        """Close the store and open it again."""
        self.close()
        self.open()
        self.progress["reopened"] += 1

    @precondition(lambda self: self.model.facts)
    @rule(data=st.data(), limit=_LIMITS, backward=st.booleans())
    def read_stream(self, data: st.DataObject, limit: int | None, *, backward: bool) -> None:
        """Read a part of one stream."""
        stream = data.draw(st.sampled_from([fact.stream for fact in self.model.facts]))
        facts = self.model.stream(stream)
        after = data.draw(st.integers(0, len(facts)))
        until = data.draw(st.none() | st.integers(after, len(facts)))
        reading = self.store.read_stream(
            stream, after=after, until=until, limit=limit, backward=backward
        )
        read = self.await_(_all(reading))
        wanted = facts[after:until]
        self.same(read, (wanted[::-1] if backward else wanted)[:limit])
        assert self.await_(self.store.stream_version(stream)) == len(facts)
        self.progress["read"] += bool(read)

    @rule(size=st.integers(1, 4), backward=st.booleans())
    def read_pages(self, size: int, *, backward: bool) -> None:
        """Read the log in pages, each one where the one before ended."""
        selection = Selection(after=self.base, backward=backward)
        read = self.await_(read_in_pages(self.store, selection, size))
        self.same(read, self.model.facts[::-1] if backward else self.model.facts)

    @precondition(lambda self: self.model.facts)
    @rule(
        data=st.data(),
        category=st.none() | st.sampled_from(["category1", "category2"]),
        types=st.none() | st.lists(st.sampled_from(CONTRACT_EVENTS), unique=True),
        limit=_LIMITS,
        backward=st.booleans(),
    )
    def read_all(
        self,
        data: st.DataObject,
        category: str | None,
        types: Sequence[type] | None,
        limit: int | None,
        *,
        backward: bool,
    ) -> None:
        """Read a part of the log, from behind one of its events to another."""
        facts = self.model.facts
        category = None if category is None else self.name(category)
        skip = data.draw(st.integers(0, len(facts)))
        stop = data.draw(st.none() | st.integers(max(skip, 1), len(facts)))
        reading = self.store.read_all(
            category=category,
            types=types,
            after=self.sequences[facts[skip - 1].id] if skip else self.base,
            until=None if stop is None else self.sequences[facts[stop - 1].id],
            limit=limit,
            backward=backward,
        )
        read = self.await_(_all(reading))
        wanted = [
            fact
            for fact in facts[skip:stop]
            if (category is None or fact.stream.split("-")[0] == category)
            and (types is None or type(fact.data) in types)
        ]
        self.same(read, (wanted[::-1] if backward else wanted)[:limit])
        self.progress["read"] += bool(read)

    @invariant()
    def is_the_model(self) -> None:
        """After every step, the whole log is the model's."""
        read = self.await_(_all(self.store.read_all(after=self.base)))
        self.same(read, self.model.facts)
        places = [each.sequence for each in read]
        assert places == sorted(set(places))
        assert self.await_(self.store.head()) == (places[-1] if places else self.base)

    def same(self, read: Sequence[RecordedEvent[Any]], wanted: Sequence[Fact]) -> None:
        """Compare events with facts, and their places with those acknowledged."""
        assert [
            Fact(
                each.stream,
                each.version,
                each.id,
                each.data,
                dict(each.metadata),
                each.correlation_id,
                each.causation_id,
            )
            for each in read
        ] == list(wanted)
        assert [each.sequence for each in read] == [self.sequences[fact.id] for fact in wanted]


def check_log(opening: Opening, *, settings: Settings = SETTINGS) -> Counter[str]:
    """Compare a store with the model in random examples.

    Args:
        opening: Opens the store, always on the same database; it need not be empty.
        settings: How many examples hypothesis tries, of how many steps at most.

    Returns:
        How often each kind of thing happened.

    Raises:
        AssertionError: The store and the model disagreed, or too little happened to tell.
    """

    class Machine(LogMachine):
        pass

    Machine.opening = staticmethod(opening)
    Machine.progress = Counter()
    Machine.examples = itertools.count()
    run_state_machine_as_test(Machine, settings=settings)
    missing = PROGRESS - {each for each, times in Machine.progress.items() if times}
    assert not missing, f"never happened: {', '.join(sorted(missing))}; try more examples"
    return Machine.progress


async def _attempt(
    store: EventStore, stream: str, events: Events, expected: ExpectedVersion
) -> Appended | Refusal:
    try:
        return await store.append(stream, events, expected=expected)
    except WrongExpectedVersionError:
        return Refusal.VERSION
    except EventIdConflictError:
        return Refusal.IDENTITY


async def _attempt_many(
    store: EventStore, asked: Sequence[StreamEvents]
) -> tuple[Appended, ...] | Refusal:
    try:
        return await store.append_many(asked)
    except WrongExpectedVersionError:
        return Refusal.VERSION
    except EventIdConflictError:
        return Refusal.IDENTITY


async def _all(reading: AsyncIterator[RecordedEvent[Any]]) -> list[RecordedEvent[Any]]:
    return [each async for each in reading]
