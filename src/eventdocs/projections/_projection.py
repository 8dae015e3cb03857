"""A projection: a projector at work on one set of tables, batch by batch."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from typing import Any, Final

import attrs
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import (
    ProjectionStoppedError,
    StoreRewoundError,
)
from eventdocs.observability import Instrumentation
from eventdocs.projections._batch import (
    Choice,
    EventFailedError,
    Events,
    Step,
    apply,
    bind,
    plan,
)
from eventdocs.projections._checkpoints import (
    Checkpoint,
    FencedError,
    ProjectionState,
    require_checkpoint,
    write_checkpoint,
)
from eventdocs.projections._dead_letters import (
    DeadLetterState,
    close,
    describe,
    parked_keys,
    record_failure,
    record_waiting,
)
from eventdocs.projections._leases import Lease
from eventdocs.projections._ordering_key import key_function
from eventdocs.projections._partitions import Partition
from eventdocs.projections._patience import Patience
from eventdocs.projections._projector import FailurePolicy, Projector
from eventdocs.projections._tables import dead_letters
from eventdocs.projections._traces import traces_of
from eventdocs.store import EventStore, RecordedEvent, Selection

Begin = Callable[[], AbstractAsyncContextManager[AsyncConnection]]

_logger: Final = logging.getLogger("eventdocs.projections")


class SupersededError(Exception):
    """The checkpoint is not where it was believed to be: another process has moved it."""


@attrs.frozen(kw_only=True)
class Conditions:
    """How a projection works.

    Attributes:
        instrumentation: Is told what happens.
        batch_size: The most events of one transaction.
        batch_seconds: How long a transaction that writes begins on further events, so that
            slow handlers do not keep other writers waiting.
        patience: Seconds after which transient trouble is given up; None never does.
        nap: Waits between two attempts.
        clock: Counts the seconds.
        left_out: Whether an event is passed over; None passes over none.
        counts: Whether an event is not passed over, by its ordering key and itself; None
            passes over none.
        policies: What becomes of the events at these sequences, should they fail, whatever
            the projector's own policy.
        side_effects: Handlers that have some are called.
    """

    instrumentation: Instrumentation
    batch_size: int
    patience: float | None
    nap: Callable[[float], Awaitable[None]] = asyncio.sleep
    batch_seconds: float = 1.0
    clock: Callable[[], float] = time.perf_counter
    left_out: Callable[[RecordedEvent[Any]], bool] | None = None
    counts: Choice | None = None
    policies: Mapping[int, FailurePolicy] = attrs.field(factory=dict[int, FailurePolicy])
    side_effects: bool = True

    def patience_of(self, projection: str, store: EventStore) -> Patience:
        """Say how *projection* sits out trouble with the database of *store*."""
        return Patience(
            projection=projection,
            database=store.database,
            instrumentation=self.instrumentation,
            limit=self.patience,
            nap=self.nap,
        )


class Projection:
    """Applies the log to one set of tables, and keeps the checkpoint beside them.

    Each batch is one transaction: it locks the checkpoint, makes sure that it is where
    it is believed to be, applies the events, moves the checkpoint, and commits. Any
    number of processes may work on one projection: no event takes effect twice. With a
    lease, only its owner moves the projection.

    Args:
        store: The log.
        projector: Whose handlers apply it.
        begin: Opens a transaction in which the projector's tables and the bookkeeping
            are found by their names.
        conditions: How to work.
        partition: The part whose events it applies and whose checkpoint it moves; all by
            default.
        lease: The right to do so; without one, whoever has moved the checkpoint first wins.

    Attributes:
        name: Of the partition.
        at: The checkpoint as it was last seen; None if it has to be read.
        last_recorded_at: When the last event that was applied had been recorded.
    """

    def __init__(
        self,
        store: EventStore,
        projector: Projector,
        *,
        begin: Begin,
        conditions: Conditions,
        partition: Partition | None = None,
        lease: Lease | None = None,
    ) -> None:
        partition = partition or Partition(projection=projector.name)
        self.projector = projector
        self.name = partition.name
        self.at: Checkpoint | None = None
        self.last_recorded_at: datetime | None = None
        self._store = store
        self._begin = begin
        self._conditions = conditions
        self._lease = lease
        self._handlers = bind(projector, side_effects=conditions.side_effects)
        self._key_of = key_function(projector)
        self._partition = partition
        self._counts = self._is_own if partition.count > 1 else conditions.counts
        self._patience = conditions.patience_of(self.name, store)

    async def reload(self) -> Checkpoint:
        """Read the checkpoint as it is in the database.

        Raises:
            StaleProjectionError: Another version of the projector built the tables.
            StoreRewoundError: They were built from another log.
        """
        self.at = at = await self._patience.call(self._read_checkpoint)
        return at

    async def advance(self, until: int) -> bool:
        """Apply the next page of events up to *until*, and tell whether there was any.

        Raises:
            FencedError: Another runner has taken over.
            ProjectionStoppedError: An event could not be applied and stops the projection.
            StaleProjectionError: Another version of the projector built the tables.
            StoreRewoundError: The log does not hold the event of the checkpoint.
            StoreError: The database's trouble did not pass in time.
        """
        at = self.at or await self.reload()
        if until <= at.sequence == 0:
            return False
        # Every page begins with the event of the checkpoint: that the log still holds it
        # is seen with each page, and not only after a restart.
        selection = Selection(after=max(at.sequence - 1, 0), until=max(until, at.sequence))
        limit = self._conditions.batch_size + (at.sequence > 0)
        page = await self._patience.call(lambda: self._store.read_page(selection, limit=limit))
        events = page.events
        if at.sequence:
            if not events or events[0].id != at.event_id:
                await self._refuse_rewound(at)
                return True
            events = events[1:]
        if events:
            await self._apply(at, events)
        return bool(events)

    async def _read_checkpoint(self) -> Checkpoint:
        async with self._begin() as tx:
            return await self._require(tx)

    async def _require(self, tx: AsyncConnection) -> Checkpoint:
        mark = None if self._lease is None else self._lease.mark(tx)
        return await require_checkpoint(
            tx, self.projector, self._store.store_id, name=self.name, mark=mark
        )

    async def _refuse_rewound(self, at: Checkpoint) -> None:
        if not (await self.reload()).is_at(at):
            return
        self.at = None
        raise StoreRewoundError(
            self.projector.name,
            at.sequence,
            f"the log does not hold event {at.event_id} there any more",
        )

    async def _apply(self, at: Checkpoint, events: Events) -> None:
        pending = [events]
        try:
            while pending:
                part = pending.pop()
                try:
                    at, count = await self._patience.call(partial(self._commit, at, part))
                    if count < len(part):
                        pending.append(part[count:])
                        part = part[:count]
                except EventFailedError as failure:
                    if len(part) > 1:
                        pending.extend(reversed(_split(part, failure)))
                        continue
                    at = await self._set_aside(at, part[0], failure.cause)
                self.at = at
                self.last_recorded_at = part[-1].recorded_at
        except SupersededError:
            _logger.info("eventdocs.projection.superseded", extra={"projection": self.name})
            await self.reload()

    async def _commit(self, at: Checkpoint, events: Events) -> tuple[Checkpoint, int]:
        """Apply *events* from the first on; tell where that leads and how many they were."""
        started = self._conditions.clock()
        count = len(events)
        steps = self._plan(events)
        is_applied = False
        try:
            async with self._begin() as tx:
                before = await self._lock(tx, at)
                after, count = await self._apply_in(tx, before, steps, events)
                await write_checkpoint(tx, after)
                is_applied = True
        except Exception as error:
            if is_applied:
                # The commit itself was refused, as a deferred constraint does.
                raise EventFailedError(0, count, error) from error
            raise
        own = self._own(events[:count], steps)
        self._conditions.instrumentation.projected(
            self.name,
            events=len(own),
            seconds=self._conditions.clock() - started,
            traces=traces_of(own),
        )
        if before.state is not after.state:
            _logger.info(
                "eventdocs.projection.resumed",
                extra={"projection": self.name, "state": after.state.value},
            )
        return after, count

    def _own(self, events: Events, steps: Sequence[Step]) -> Events:
        if self._partition.count == 1:
            return events
        # What others apply is counted there.
        return [events[index] for index in {step[0] for step in steps} if index < len(events)]

    def _is_own(self, key: str, _: RecordedEvent[Any]) -> bool:
        return self._partition.includes(key)

    def _plan(self, events: Events) -> list[Step]:
        return plan(
            events,
            self._handlers,
            self._key_of,
            left_out=self._conditions.left_out,
            counts=self._counts,
        )

    async def _lock(self, tx: AsyncConnection, at: Checkpoint) -> Checkpoint:
        found = await self._require(tx)
        if self._lease is not None and found.token != self._lease.token:
            raise FencedError(self.name)
        if not found.is_at(at):
            raise SupersededError
        return found

    async def _apply_in(
        self,
        tx: AsyncConnection,
        before: Checkpoint,
        steps: Sequence[Step],
        events: Events,
    ) -> tuple[Checkpoint, int]:
        clock = self._conditions.clock
        enough_at = clock() + self._conditions.batch_seconds
        parked: Collection[str] = ()
        if before.state is not ProjectionState.RUNNING:
            parked = await parked_keys(tx, self.name, before.sequence)
        applied = await apply(steps, tx, parked=parked, is_enough=lambda: clock() >= enough_at)
        done = events[: applied.end]
        last = done[-1]
        if before.state is ProjectionState.STOPPED:
            # What it stood before has been applied: else this transaction would be rolled back.
            await close(
                tx,
                self.name,
                dead_letters.c.sequence.between(before.sequence + 1, last.sequence),
                state=DeadLetterState.APPLIED,
                resolution="applied",
            )
        if applied.waiting:
            await record_waiting(tx, self.name, applied.waiting)
        state = ProjectionState.PARKED if parked else ProjectionState.RUNNING
        after = attrs.evolve(before, sequence=last.sequence, event_id=last.id, state=state)
        return after, len(done)

    async def _set_aside(
        self, at: Checkpoint, event: RecordedEvent[Any], error: Exception
    ) -> Checkpoint:
        policy = self._conditions.policies.get(event.sequence, self.projector.on_failure)
        after, attempts = await self._patience.call(
            lambda: self._record_failure(at, event, error, policy)
        )
        _logger.log(
            logging.ERROR if attempts == 1 else logging.INFO,
            "eventdocs.projection.event_failed",
            extra={
                "projection": self.name,
                "policy": policy.value,
                "sequence": event.sequence,
                "event_type": event.type,
                "error_type": type(error).__qualname__,
                "attempts": attempts,
                "correlation_id": event.correlation_id,
            },
        )
        if attempts == 1:
            self._conditions.instrumentation.dead_lettered(
                self.name, event_type=event.type, error=type(error).__qualname__
            )
        if policy is FailurePolicy.STOP:
            self.at = after
            raise ProjectionStoppedError(
                self.projector.name, event.sequence, event.type, describe(error)
            ) from error
        return after

    async def _record_failure(
        self, at: Checkpoint, event: RecordedEvent[Any], error: Exception, policy: FailurePolicy
    ) -> tuple[Checkpoint, int]:
        async with self._begin() as tx:
            before = await self._lock(tx, at)
            passed = attrs.evolve(before, sequence=event.sequence, event_id=event.id)
            skipped_because = None
            match policy:
                case FailurePolicy.STOP:
                    after = attrs.evolve(before, state=ProjectionState.STOPPED)
                case FailurePolicy.PARK:
                    after = attrs.evolve(passed, state=ProjectionState.PARKED)
                case FailurePolicy.SKIP:
                    skipped_because = "it failed, and the policy is to skip"
                    parked = await parked_keys(tx, self.name, before.sequence)
                    state = ProjectionState.PARKED if parked else ProjectionState.RUNNING
                    after = attrs.evolve(passed, state=state)
            attempts = await record_failure(
                tx,
                self.name,
                event,
                error,
                ordering_key=self._ordering_key(event),
                skipped_because=skipped_because,
            )
            await write_checkpoint(tx, after)
        return after, attempts

    def _ordering_key(self, event: RecordedEvent[Any]) -> str:
        steps = self._plan([event])
        return steps[0][1] if steps else event.stream


def _split(part: Events, failure: EventFailedError) -> list[Events]:
    """Divide *part*, which failed as a whole, into parts that are tried on their own."""
    first, end = failure.first, failure.first + failure.count
    middle = first + max(1, failure.count // 2)
    return [
        each for each in (part[:first], part[first:middle], part[middle:end], part[end:]) if each
    ]
