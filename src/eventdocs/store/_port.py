"""The port: what every event store promises, whatever database is behind it."""

from __future__ import annotations

import abc
import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from types import TracebackType
from typing import Any, ClassVar, Literal, Self, final
from uuid import UUID
from weakref import WeakValueDictionary

import attrs
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import (
    EventIdConflictError,
    EventTypeError,
    InvalidStreamNameError,
    UnencodableEventError,
    UnregisteredEventError,
    WrongExpectedVersionError,
)
from eventdocs.observability import Instrumentation, NullInstrumentation, current_correlation
from eventdocs.store._appends import StreamAppend, StreamEvents, Together
from eventdocs.store._bell import Bell
from eventdocs.store._codec import Codec
from eventdocs.store._decider import Command, Decided, Decider, Folded
from eventdocs.store._deciding import carry_out, fold
from eventdocs.store._events import Appended, NewEvent, Page, RecordedEvent
from eventdocs.store._feed import FeedStatus
from eventdocs.store._registry import EventRegistry
from eventdocs.store._selection import MAX_PLACE, MetadataValue, Selection, check_stream_name
from eventdocs.store._snapshots import State
from eventdocs.store._statistics import StoreStatistics
from eventdocs.store._subscription import Subscription
from eventdocs.types import Expect, ExpectedVersion, JSONValue

PAGE_SIZE = 500
# In which a whole stream or the log is read: fewer questions, still a few megabytes at most.
READ_AT_ONCE = 1_000


class EventStore(abc.ABC):
    """An append-only log of events in streams, with one order over all of them.

    Open one with `eventdocs.open_store`. A store is an async context manager and
    belongs to the event loop it was opened in. Backends implement the abstract
    methods; everything a host calls behaves alike on all of them.

    Attributes:
        registry: The event types that the store can write and read.
        codec: Encodes and decodes them.
        instrumentation: Is told what happens.
        schema: The PostgreSQL schema that holds the tables; None for the search path's.
    """

    schema: str | None = None
    _outcome: ClassVar[Literal["recorded", "entrusted"]] = "recorded"

    def __init__(
        self, registry: EventRegistry, *, instrumentation: Instrumentation | None = None
    ) -> None:
        self.registry = registry
        self.codec = Codec(registry)
        self.instrumentation = instrumentation or NullInstrumentation()
        self._turns: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # ---- writing

    @final
    async def append(
        self,
        stream: str,
        events: Sequence[object],
        *,
        expected: ExpectedVersion = Expect.ANY,
    ) -> Appended:
        """Record *events* at the end of *stream*, all of them or none.

        Args:
            stream: It comes into being with its first event.
            events: Event instances, or `NewEvent`s that say more about them, in the
                order they happened.
            expected: What the writer believes about the stream.

        Returns:
            Where the events now stand. A repeat of an append that already happened
            returns what the first one returned, whatever it expects.

        Raises:
            WrongExpectedVersionError: The stream is not as expected. Nothing was
                written: read the stream again, decide again, append again.
            EventIdConflictError: One of the ids is recorded with other content.
            UnregisteredEventError: The store was not opened with an event's class.
            UnencodableEventError: An event holds a value the log refuses.
            InvalidStreamNameError: No backend could store the stream's name.
            ValueError: There are no events, or *expected* is no version.
            TransientStoreError: The database was busy or away; repeat the call with
                the same `NewEvent`s.
        """
        asked = StreamEvents(stream=stream, events=events, expected=expected)
        (appended,) = await self._append_together((asked,))
        return appended

    @final
    async def append_many(self, appends: Sequence[StreamEvents]) -> tuple[Appended, ...]:
        """Record events at the ends of several streams, all of them or none.

        No reader ever sees a part of them. Whoever appends to the same streams at the same
        time, in whatever order, waits or is refused; nobody ever waits in a circle.

        Args:
            appends: What to record, and what is expected; each stream once.

        Returns:
            Where the events now stand, for each stream in the order given. A repeat of a
            call that already happened returns what the first one returned, whatever it
            expects.

        Raises:
            WrongExpectedVersionError: One of the streams is not as expected; the error
                names it. Nothing was written.
            EventIdConflictError: One of the ids is recorded with other content, or only
                some of the events are recorded.
            UnregisteredEventError: The store was not opened with an event's class.
            UnencodableEventError: An event holds a value the log refuses.
            InvalidStreamNameError: No backend could store a stream's name.
            ValueError: There is nothing to record for a stream or at all, a stream occurs
                twice, or what is expected is no version.
            TransientStoreError: The database was busy or away; repeat the call with
                the same `NewEvent`s.
        """
        return await self._append_together(appends)

    async def _append_together(self, asked: Sequence[StreamEvents]) -> tuple[Appended, ...]:
        started = time.perf_counter()
        types: list[str] = []
        outcome = "failed"
        trace = self.instrumentation.appending()
        try:
            together = self._prepare(asked, trace)
            types = [event.type for append in together for event in append.events]
            appended = await self._record(together)
            outcome = "repeated" if appended[0].repeated else self._outcome
        except (EventTypeError, InvalidStreamNameError):
            outcome = "invalid"
            raise
        except (WrongExpectedVersionError, EventIdConflictError):
            outcome = "refused"
            raise
        finally:
            seconds = time.perf_counter() - started
            self.instrumentation.appended(types, outcome=outcome, seconds=seconds)
        return appended

    def _prepare(self, asked: Sequence[StreamEvents], trace: Mapping[str, JSONValue]) -> Together:
        if not asked:
            raise ValueError("there is no stream to append to")
        context = current_correlation()
        if trace:
            context = attrs.evolve(context, metadata={**context.metadata, **trace})
        streams: set[str] = set()
        ids: set[UUID] = set()
        together: list[StreamAppend] = []
        for each in asked:
            check_stream_name(each.stream)
            if each.stream in streams:
                raise ValueError(f"stream {each.stream!r} occurs twice; join its events")
            streams.add(each.stream)
            expected = each.expected
            if isinstance(expected, int) and not 0 <= expected <= MAX_PLACE:
                raise ValueError(f"a stream version is a number from 0 to 2⁶³ - 1, not {expected}")
            if not each.events:
                raise ValueError("an append holds at least one event")
            events = tuple(self.codec.encode(_as_new(new), context=context) for new in each.events)
            for event in events:
                if event.id in ids:
                    raise UnencodableEventError(event.type, "id", f"{event.id} occurs twice")
                ids.add(event.id)
            together.append(StreamAppend(stream=each.stream, expected=expected, events=events))
        return tuple(together)

    @abc.abstractmethod
    async def _record(self, together: Together) -> tuple[Appended, ...]:
        """Record prepared appends, all of them or nothing; tell of each where it stands."""

    # ---- reading

    @abc.abstractmethod
    async def read_page(self, selection: Selection, *, limit: int = PAGE_SIZE) -> Page:
        """Read at most *limit* events of *selection*; the log's tail only as far as it is settled.

        No event can later become visible at or below a sequence that a page has
        passed, so a reader that continues after `Page.through` misses nothing.

        Raises:
            ValueError: *limit* is less than 1.
        """

    async def narrowed(self, selection: Selection) -> Selection:
        """Turn the times that *selection* asks for into places, as far as an index knows them.

        Which events it selects stays the same, but for those that are not recorded yet if
        `before` has passed. Pages of it are found without walking there through the log;
        whoever reads page by page asks once.
        """
        return selection

    def read_stream(
        self,
        stream: str,
        *,
        after: int = 0,
        until: int | None = None,
        types: Iterable[str | type] | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        correlation_id: str | None = None,
        actor: str | None = None,
        metadata: Mapping[str, MetadataValue] | None = None,
        limit: int | None = None,
        backward: bool = False,
    ) -> AsyncIterator[RecordedEvent[Any]]:
        """Read one stream, page by page; nothing if it does not exist.

        Args:
            stream: Its name.
            after: Only versions greater than this.
            until: Only versions up to this one, inclusive.
            types: Only these event types, given as registered classes or by name.
            since: Only events recorded at this time or later; an event is in if its own
                time is, wherever in the order it stands.
            before: Only events recorded earlier than this time.
            correlation_id: Only events that belong together by this id.
            actor: Only what this actor did.
            metadata: Only events whose metadata have these values.
            limit: At most so many events.
            backward: Newest first.

        Raises:
            InvalidStreamNameError: No stream can have this name.
            ValueError: A place or the limit is negative or beyond 64 bits, a time is
                naive, or no event can have what is asked for.
        """
        selection = Selection(
            stream=stream,
            types=self._type_names(types),
            after=after,
            until=until,
            since=since,
            before=before,
            correlation_id=correlation_id,
            actor=actor,
            metadata=metadata or {},
            backward=backward,
        )
        return self._read(selection, limit)

    def read_all(
        self,
        *,
        after: int = 0,
        until: int | None = None,
        category: str | None = None,
        types: Iterable[str | type] | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        correlation_id: str | None = None,
        actor: str | None = None,
        metadata: Mapping[str, MetadataValue] | None = None,
        limit: int | None = None,
        backward: bool = False,
    ) -> AsyncIterator[RecordedEvent[Any]]:
        """Read the whole log in its order, page by page, as far as it is settled.

        Args:
            after: Only sequences greater than this.
            until: Only sequences up to this one, inclusive.
            category: Only streams of this category.
            types: Only these event types, given as registered classes or by name;
                what was recorded under older names, or is split into them, included.
            since: Only events recorded at this time or later; an event is in if its own
                time is, wherever in the order it stands.
            before: Only events recorded earlier than this time.
            correlation_id: Only events that belong together by this id.
            actor: Only what this actor did.
            metadata: Only events whose metadata have these values.
            limit: At most so many events.
            backward: Newest first.

        Raises:
            UnregisteredEventError: One of the classes is not registered.
            InvalidStreamNameError: No category can have this name.
            ValueError: A place or the limit is negative or beyond 64 bits, a time is
                naive, or no event can have what is asked for.
        """
        selection = Selection(
            category=category,
            types=self._type_names(types),
            after=after,
            until=until,
            since=since,
            before=before,
            correlation_id=correlation_id,
            actor=actor,
            metadata=metadata or {},
            backward=backward,
        )
        return self._read(selection, limit)

    def _type_names(self, types: Iterable[str | type] | None) -> tuple[str, ...] | None:
        if isinstance(types, str):
            raise TypeError(f"types is a collection of types, not the text {types!r}")
        if types is None:
            return None
        names = [self._type_name(each) for each in types]
        return tuple(
            dict.fromkeys(old for name in names for old in self.registry.recorded_as(name))
        )

    def _type_name(self, each: str | type) -> str:
        if isinstance(each, str):
            return each
        declared = self.registry.of_class(each)
        if declared is None:
            raise UnregisteredEventError(f"{each.__module__}.{each.__qualname__}")
        return declared.name

    def _read(self, selection: Selection, limit: int | None) -> AsyncIterator[RecordedEvent[Any]]:
        if limit is not None and limit < 0:
            raise ValueError(f"a limit is 0 or more, not {limit}")
        return self._read_pages(selection, limit)

    async def _read_pages(
        self, selection: Selection, left: int | None
    ) -> AsyncIterator[RecordedEvent[Any]]:
        if left != 0:
            selection = await self.narrowed(selection)
        while left is None or left > 0:
            size = READ_AT_ONCE if left is None else min(READ_AT_ONCE, left)
            page = await self.read_page(selection, limit=size)
            through, is_last = page.through, page.is_last
            # Given away one by one: an event lives no longer than its reader needs it.
            events = list(page.events[::-1])
            del page
            if left is not None:
                left -= len(events)
            while events:
                yield events.pop()
            if is_last:
                return
            selection = selection.beyond(through)

    @abc.abstractmethod
    async def stream_version(self, stream: str) -> int:
        """Tell the version of the stream's last event; 0 if the stream does not exist.

        Raises:
            InvalidStreamNameError: No stream can have this name.
        """

    @abc.abstractmethod
    async def head(self) -> int:
        """Tell the sequence through which the log is settled and readable; 0 if it is empty."""

    # ---- following

    def subscribe(
        self,
        *,
        after: int = 0,
        category: str | None = None,
        types: Iterable[str | type] | None = None,
        since: datetime | None = None,
        before: datetime | None = None,
        correlation_id: str | None = None,
        actor: str | None = None,
        metadata: Mapping[str, MetadataValue] | None = None,
        page_size: int = PAGE_SIZE,
        poll_interval: float = 0.5,
    ) -> Subscription:
        """Follow the log: what is recorded already, then what comes, without gap or repeat.

        ```python
        async with store.subscribe(after=checkpoint, category="document") as events:
            async for event in events:
                ...
        ```

        Args:
            after: Only sequences greater than this: the last event that was handled.
            category: Only streams of this category.
            types: Only these event types, given as registered classes or by name;
                what was recorded under older names, or is split into them, included.
            since: Only events recorded at this time or later; an event is in if its own
                time is, wherever in the order it stands.
            before: Only events recorded earlier than this time.
            correlation_id: Only events that belong together by this id.
            actor: Only what this actor did.
            metadata: Only events whose metadata have these values.
            page_size: The most events that are read at once.
            poll_interval: Seconds between two looks at an idle log, at most.

        Returns:
            An async context manager and an async iterator of events; see `Subscription`.

        Raises:
            UnregisteredEventError: One of the classes is not registered.
            InvalidStreamNameError: No category can have this name.
            ValueError: A number is out of its range.
        """
        selection = Selection(
            category=category,
            types=self._type_names(types),
            after=after,
            since=since,
            before=before,
            correlation_id=correlation_id,
            actor=actor,
            metadata=metadata or {},
        )
        return Subscription(self, selection, page_size=page_size, poll_interval=poll_interval)

    def listening(self) -> AbstractAsyncContextManager[Bell]:
        """Give a bell that may ring when the log has grown, in this process or another.

        Rings only shorten the wait of those who look at the log now and then anyhow. A
        backend that cannot tell gives a bell that stays silent, as this one does.
        """
        return nullcontext(Bell())

    async def feed(self) -> FeedStatus:
        """Tell how far the log can be read at this moment, and who keeps it from being read further.

        A database with one writer at a time, as SQLite, settles what it gives out at once.

        Raises:
            TransientStoreError: The database was busy or away.
        """
        head = await self.head()
        return FeedStatus(last=head, settled=head)

    @abc.abstractmethod
    def statistics(self) -> StoreStatistics:
        """Tell how busy this store is at this moment, without asking the database.

        A store that is bound to a transaction tells of the one it was bound by.
        """

    # ---- deciding

    @final
    async def fold(self, stream: str, decider: Decider[Any, State]) -> Folded[State]:
        """Tell what *stream* amounts to; the initial state if it does not exist.

        Raises:
            InvalidStreamNameError: No stream can have this name.
            EventTypeError: An event cannot be decoded.
        """
        return await fold(self, stream, decider)

    @final
    async def decide(
        self,
        stream: str,
        decider: Decider[Command, State],
        command: Command,
        *,
        attempts: int = 10,
    ) -> Decided[State]:
        """Carry out *command* on *stream*: fold it, decide, and append what was decided.

        The append expects the version that was folded. If somebody else was first, what
        they appended is folded as well, and the decision is made again. On this store,
        decisions on one stream take turns, so that they meet only those of others.

        Args:
            stream: It comes into being with its first event.
            decider: How its events amount to a state, and what commands lead to.
            command: What is asked for.
            attempts: How often to decide, at most.

        Returns:
            The state afterwards, and what was decided; an append only if there was anything.

        Raises:
            WrongExpectedVersionError: Somebody else was first at every attempt.
            TransientStoreError: The database was busy or away. What was decided may be
                recorded; a decider that gives its events ids of their own can be asked
                again without recording them twice.
            EventTypeError: An event cannot be decoded, or encoded.
            ValueError: *attempts* is less than 1.
        """
        async with self._turns.setdefault(stream, asyncio.Lock()):
            return await carry_out(self, stream, decider, command, attempts=attempts)

    # ---- transactions

    @abc.abstractmethod
    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a writing transaction on the store's database; it commits at the end of the block."""

    @abc.abstractmethod
    def connect(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a connection for queries on the store's database; it is given back at the end."""

    @abc.abstractmethod
    def using(self, tx: AsyncConnection) -> EventStore:
        """Bind this store to the host's own transaction *tx* on the same database.

        What is appended through the bound store becomes visible when the host
        commits, and is gone when the host rolls back.
        """

    # ---- lifetime

    @property
    @abc.abstractmethod
    def store_id(self) -> UUID:
        """Identity of this log, made when its schema was; a restored copy keeps it."""

    @property
    @abc.abstractmethod
    def database(self) -> str:
        """The database's address for people, without secrets."""

    @abc.abstractmethod
    async def close(self) -> None:
        """Finish what was begun, then let go of the database. Closing twice is harmless."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _as_new(event: object) -> NewEvent[Any]:
    if isinstance(event, NewEvent):
        return event  # pyright: ignore[reportUnknownVariableType]  # the type argument is erased
    return NewEvent(data=event)
