"""Stores with one planted bug each, which the contract and the model must catch."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Self
from uuid import UUID, uuid4

import attrs
import orjson
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs.backends import open_store
from eventdocs.errors import StoreError, UnencodableEventError, WrongExpectedVersionError
from eventdocs.observability import Correlation
from eventdocs.store import (
    Appended,
    Codec,
    EncodedEvent,
    EventStore,
    NewEvent,
    Page,
    Place,
    Selection,
    StoreStatistics,
    StreamAppend,
    Together,
    metadata_text,
)
from eventdocs.testing import Opening
from eventdocs.types import Expect


class FaithfulStore(EventStore):
    """Passes everything on to another store, unchanged: where the bugs are planted."""

    def __init__(self, inner: EventStore) -> None:
        super().__init__(inner.registry)
        self.inner = inner

    @override
    async def _record(self, together: Together) -> tuple[Appended, ...]:
        if len(together) == 1:
            return (await self._record_one(together[0]),)
        return await self.inner._record(together)

    async def _record_one(self, append: StreamAppend) -> Appended:
        (appended,) = await self.inner._record((append,))
        return appended

    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        return await self.inner.read_page(selection, limit=limit)

    @override
    async def stream_version(self, stream: str) -> int:
        return await self.inner.stream_version(stream)

    @override
    def statistics(self) -> StoreStatistics:
        return self.inner.statistics()

    @override
    async def head(self) -> int:
        return await self.inner.head()

    @override
    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[AsyncConnection]:
        async with self.inner.begin() as tx:
            yield tx

    @override
    @asynccontextmanager
    async def connect(self) -> AsyncGenerator[AsyncConnection]:
        async with self.inner.connect() as connection:
            yield connection

    @override
    def using(self, tx: AsyncConnection) -> Self:
        return type(self)(self.inner.using(tx))

    @property
    @override
    def store_id(self) -> UUID:
        return self.inner.store_id

    @property
    @override
    def database(self) -> str:
        return self.inner.database

    @override
    async def close(self) -> None:
        await self.inner.close()


def opening(broken: type[FaithfulStore], url: str) -> Opening:
    """Open stores of a broken class on the database at *url*."""

    @asynccontextmanager
    async def open_broken(events: Iterable[type]) -> AsyncGenerator[EventStore]:
        async with open_store(url, events=events) as inner:
            yield broken(inner)

    return open_broken


class ForgetsExpectations(FaithfulStore):
    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        return await super()._record_one(attrs.evolve(append, expected=Expect.ANY))


class TakesExistingForAny(FaithfulStore):
    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        if append.expected is Expect.STREAM_EXISTS:
            append = attrs.evolve(append, expected=Expect.ANY)
        return await super()._record_one(append)


class RaisesTheDriversError(FaithfulStore):
    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        try:
            return await super()._record_one(append)
        except WrongExpectedVersionError as error:
            raise RuntimeError("duplicate key value violates unique constraint") from error


class RecordsRepeatsTwice(FaithfulStore):
    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        appended = await super()._record_one(append)
        if not appended.repeated:
            return appended
        events = tuple(attrs.evolve(event, id=uuid4()) for event in append.events)
        return await super()._record_one(attrs.evolve(append, expected=Expect.ANY, events=events))


class JudgesRepeatsByExpectation(FaithfulStore):
    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        version = await self.inner.stream_version(append.stream)
        if isinstance(append.expected, int) and append.expected != version:
            raise WrongExpectedVersionError(append.stream, append.expected, version)
        return await super()._record_one(append)


class MisplacesRepeats(FaithfulStore):
    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        appended = await super()._record_one(append)
        if not appended.repeated:
            return appended
        version = await self.inner.stream_version(append.stream)
        return attrs.evolve(appended, version=version + 1)


class TakesConflictsForRepeats(FaithfulStore):
    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        known = {
            page.id: page for page in (await self.inner.read_page(Selection(), limit=10_000)).events
        }
        recorded = [known[event.id] for event in append.events if event.id in known]
        if recorded:
            return Appended(
                stream=append.stream, places=(), version=recorded[-1].version, repeated=True
            )
        return await super()._record_one(append)


class RecordsTheFirstStreamAndLosesTheRest(FaithfulStore):
    @override
    async def _record(self, together: Together) -> tuple[Appended, ...]:
        (first,) = await super()._record(together[:1])
        lost = tuple(
            Appended(stream=append.stream, places=(), version=len(append.events))
            for append in together[1:]
        )
        return (first, *lost)


class JudgesEveryStreamOnItsOwn(FaithfulStore):
    @override
    async def _record(self, together: Together) -> tuple[Appended, ...]:
        outcomes = await asyncio.gather(
            *(self._record_one(append) for append in together), return_exceptions=True
        )
        recorded: list[Appended] = []
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            recorded.append(outcome)
        return tuple(recorded)


class ReversesAppends(FaithfulStore):
    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        return await super()._record_one(attrs.evolve(append, events=append.events[::-1]))


class AppendsOneByOne(FaithfulStore):
    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        places: list[Place] = []
        outcome: Appended | None = None
        for number, event in enumerate(append.events):
            expected = append.expected if number == 0 else Expect.ANY
            one = attrs.evolve(append, events=(event,), expected=expected)
            outcome = await super()._record_one(one)
            places += outcome.places
        assert outcome is not None
        return attrs.evolve(outcome, places=tuple(places))


class DropsMetadata(FaithfulStore):
    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        events = tuple(attrs.evolve(event, metadata=b"{}") for event in append.events)
        return await super()._record_one(attrs.evolve(append, events=events))


class DropsCausation(FaithfulStore):
    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        events = tuple(attrs.evolve(event, causation_id=None) for event in append.events)
        return await super()._record_one(attrs.evolve(append, events=events))


class _CarelessCodec(Codec):
    @override
    def encode(self, event: NewEvent[Any], *, context: Correlation) -> EncodedEvent:
        try:
            return super().encode(event, context=context)
        except UnencodableEventError as error:
            return EncodedEvent(
                id=event.id,
                type=error.event_type,
                schema_version=1,
                payload=orjson.dumps(attrs.asdict(event.data), default=str),
                digest=bytes(16),
                metadata=b"{}",
                correlation_id=None,
                causation_id=None,
            )


class AcceptsAnything(FaithfulStore):
    def __init__(self, inner: EventStore) -> None:
        super().__init__(inner)
        self.codec = _CarelessCodec(inner.registry)


class SkipsBetweenPages(FaithfulStore):
    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        page = await super().read_page(selection, limit=limit)
        if page.is_last or selection.backward:
            return page
        return attrs.evolve(page, through=page.through + 1)


class RepeatsBetweenPages(FaithfulStore):
    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        page = await super().read_page(selection, limit=limit)
        if page.is_last or not selection.backward:
            return page
        return attrs.evolve(page, through=page.through + 1)


class EndsOnePageEarly(FaithfulStore):
    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        page = await super().read_page(selection, limit=limit)
        return attrs.evolve(page, is_last=page.is_last or len(page.events) == limit)


class LosesTheFirstBackward(FaithfulStore):
    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        if selection.backward:
            selection = attrs.evolve(selection, after=selection.after + 1)
        return await super().read_page(selection, limit=limit)


class IgnoresUntil(FaithfulStore):
    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        if not selection.backward:
            selection = attrs.evolve(selection, until=None)
        return await super().read_page(selection, limit=limit)


class ReadsOneTypeOnly(FaithfulStore):
    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        if selection.types:
            selection = attrs.evolve(selection, types=selection.types[:1])
        return await super().read_page(selection, limit=limit)


class ForgetsTheActor(FaithfulStore):
    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        return await super().read_page(attrs.evolve(selection, actor=None), limit=limit)


class TakesTheTimeForALimit(FaithfulStore):
    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        """Ends where the first event is that was recorded too late."""
        page = await super().read_page(attrs.evolve(selection, before=None), limit=limit)
        before = selection.before
        events = [each for each in page.events if before is None or each.recorded_at <= before]
        return attrs.evolve(page, events=tuple(events))


class ComparesMetadataAsText(FaithfulStore):
    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        as_text = {key: metadata_text(value) for key, value in selection.metadata.items()}
        return await super().read_page(attrs.evolve(selection, metadata=as_text), limit=limit)


class TakesCategoriesForPrefixes(FaithfulStore):
    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        category = selection.category
        page = await super().read_page(attrs.evolve(selection, category=None), limit=10_000)
        events = [each for each in page.events if each.stream.startswith(category or "")]
        return Page(
            events=tuple(events[:limit]),
            through=(events[:limit] or page.events)[-1].sequence if page.events else 0,
            is_last=len(events) <= limit,
        )


class CommitsTheHostsTransaction(FaithfulStore):
    def __init__(self, inner: EventStore, tx: AsyncConnection | None = None) -> None:
        super().__init__(inner)
        self.tx = tx

    @override
    def using(self, tx: AsyncConnection) -> CommitsTheHostsTransaction:
        return CommitsTheHostsTransaction(self.inner.using(tx), tx)

    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        appended = await super()._record_one(append)
        if self.tx is not None:
            await self.tx.commit()
        return appended


class ReadsPastItsTransaction(FaithfulStore):
    def __init__(self, inner: EventStore, outer: EventStore | None = None) -> None:
        super().__init__(inner)
        self.outer = outer

    @override
    def using(self, tx: AsyncConnection) -> ReadsPastItsTransaction:
        return ReadsPastItsTransaction(self.inner.using(tx), self.inner)

    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        return await (self.outer or self.inner).read_page(selection, limit=limit)


class CountsTheHeadOneTooFar(FaithfulStore):
    @override
    async def head(self) -> int:
        return await super().head() + 1


class AnswersBeforeItIsSafe(FaithfulStore):
    """Acknowledges what it still holds in memory, and loses it when it is closed."""

    def __init__(self, inner: EventStore) -> None:
        super().__init__(inner)
        self.held: StreamAppend | None = None

    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        before, self.held = self.held, None
        if before is not None:
            await super()._record_one(before)
        version = await self.inner.stream_version(append.stream)
        if append.expected is not Expect.ANY or version:
            return await super()._record_one(append)
        self.held = append
        return Appended(stream=append.stream, places=(), version=len(append.events))


class FailsItsNeighbours(FaithfulStore):
    """Lets one refused append take the appends made at the same time with it."""

    failing = 0
    under_way = 0

    @override
    async def _record_one(self, append: StreamAppend) -> Appended:
        self.under_way += 1
        try:
            appended = await super()._record_one(append)
        except StoreError:
            self.failing += self.under_way - 1
            raise
        finally:
            self.under_way -= 1
        if self.failing:
            self.failing -= 1
            raise WrongExpectedVersionError(append.stream, append.expected, appended.version)
        return appended
