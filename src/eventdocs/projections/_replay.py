"""Replay: applying, or skipping on purpose, what was set aside as dead letters."""

from __future__ import annotations

import logging
from functools import partial
from typing import Any, Final

import attrs
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import ProjectionStoppedError, StoreRewoundError, UnknownDeadLetterError
from eventdocs.projections._batch import EventFailedError, apply, bind, plan
from eventdocs.projections._checkpoints import (
    Checkpoint,
    ProjectionState,
    require_checkpoint,
    write_checkpoint,
)
from eventdocs.projections._dead_letters import (
    DeadLetter,
    DeadLetterState,
    find_dead_letter,
    parked_streams,
    read_dead_letters,
    record_failure,
    resolve,
)
from eventdocs.projections._projection import Conditions, Projection
from eventdocs.projections._tables import dead_letters
from eventdocs.store import EventStore, RecordedEvent, Selection

_logger: Final = logging.getLogger("eventdocs.projections")


class Replay:
    """Works through the dead letters of one projection, each in a transaction of its own.

    Args:
        store: The log.
        projection: The projection at work on the live tables.
        conditions: How it works.
    """

    def __init__(
        self, store: EventStore, projection: Projection, *, conditions: Conditions
    ) -> None:
        self._store = store
        self._projection = projection
        self._projector = projection.projector
        self._name = projection.name
        self._patience = conditions.patience_of(self._name, store)
        self._handlers = bind(self._projector)

    async def retry(self, sequence: int | None) -> list[DeadLetter]:
        """Apply what waits, stream by stream and in order; return what is still open.

        Args:
            sequence: Only the stream of the dead letter at this place.

        Raises:
            UnknownDeadLetterError: There is no open dead letter at that place.
        """
        at = await self._projection.reload()
        letters = await self._open()
        if sequence is not None:
            chosen = [letter for letter in letters if letter.sequence == sequence]
            if not chosen:
                raise UnknownDeadLetterError(self._name, sequence)
            letters = [letter for letter in letters if letter.stream == chosen[0].stream]
        for stream in dict.fromkeys(
            each.stream for each in letters if each.sequence <= at.sequence
        ):
            await self._replay(stream)
        for letter in letters:
            if letter.sequence > at.sequence:
                await self._resume(letter)
        return await self._open()

    async def skip(self, sequence: int) -> list[DeadLetter]:
        """Leave the event at *sequence* out for good, then apply what waited behind it.

        Raises:
            UnknownDeadLetterError: There is no open dead letter at that place.
        """
        letter = await self._patience.call(lambda: self._skip(sequence))
        _logger.warning(
            "eventdocs.projection.event_skipped",
            extra={"projection": self._name, "sequence": sequence, "event_type": letter.type},
        )
        await self._replay(letter.stream)
        return await self._open()

    async def _open(self) -> list[DeadLetter]:
        async with self._store.connect() as connection:
            return await read_dead_letters(connection, self._name)

    async def _resume(self, letter: DeadLetter) -> None:
        """Try the event again that the projection stands before."""
        try:
            await self._projection.advance(letter.sequence)
        except ProjectionStoppedError:
            return

    async def _replay(self, stream: str) -> None:
        while True:
            try:
                if not await self._patience.call(lambda: self._replay_first(stream)):
                    return
            except _StillFailingError as still:
                await self._patience.call(partial(self._record, still))
                return

    async def _replay_first(self, stream: str) -> bool:
        """Apply the first event of *stream* that waits; tell whether there was one."""
        event: RecordedEvent[Any] | None = None
        try:
            async with self._store.begin() as tx:
                at = await require_checkpoint(tx, self._projector, self._store.store_id)
                letter = await find_dead_letter(tx, self._name, stream=stream, through=at.sequence)
                if letter is None:
                    return False
                event = await self._event(letter)
                await self._apply_in(tx, at, event)
        except Exception as error:
            if event is None:
                raise
            cause = error.cause if isinstance(error, EventFailedError) else error
            raise _StillFailingError(event, cause) from error
        _logger.info(
            "eventdocs.projection.event_replayed",
            extra={"projection": self._name, "sequence": event.sequence, "event_type": event.type},
        )
        return True

    async def _apply_in(
        self, tx: AsyncConnection, at: Checkpoint, event: RecordedEvent[Any]
    ) -> None:
        await apply(plan([event], self._handlers), tx)
        await resolve(
            tx,
            self._name,
            dead_letters.c.sequence == event.sequence,
            state=DeadLetterState.RESOLVED,
            resolution="applied on retry",
        )
        await write_checkpoint(tx, await self._settled(tx, at))

    async def _record(self, still: _StillFailingError) -> None:
        async with self._store.begin() as tx:
            await require_checkpoint(tx, self._projector, self._store.store_id)
            await record_failure(tx, self._name, still.event, still.cause)

    async def _skip(self, sequence: int) -> DeadLetter:
        async with self._store.begin() as tx:
            at = await require_checkpoint(tx, self._projector, self._store.store_id)
            letter = await find_dead_letter(tx, self._name, sequence=sequence)
            if letter is None:
                raise UnknownDeadLetterError(self._name, sequence)
            await resolve(
                tx,
                self._name,
                dead_letters.c.sequence == sequence,
                state=DeadLetterState.SKIPPED,
                resolution="skipped on purpose",
            )
            if sequence > at.sequence:
                at = attrs.evolve(
                    at,
                    sequence=sequence,
                    event_id=letter.event_id,
                    state=ProjectionState.RUNNING,
                )
            await write_checkpoint(tx, await self._settled(tx, at))
        return letter

    async def _settled(self, tx: AsyncConnection, at: Checkpoint) -> Checkpoint:
        if at.state is ProjectionState.STOPPED:
            return at
        parked = await parked_streams(tx, self._name, at.sequence)
        state = ProjectionState.PARKED if parked else ProjectionState.RUNNING
        return attrs.evolve(at, state=state)

    async def _event(self, letter: DeadLetter) -> RecordedEvent[Any]:
        place = Selection(after=letter.sequence - 1, until=letter.sequence)
        page = await self._store.read_page(place, limit=1)
        if not page.events or page.events[0].id != letter.event_id:
            raise StoreRewoundError(
                self._name,
                letter.sequence,
                f"the log does not hold event {letter.event_id} there any more",
            )
        return page.events[0]


@attrs.define(eq=False)
class _StillFailingError(Exception):
    event: RecordedEvent[Any]
    cause: Exception
