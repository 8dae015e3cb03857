"""Replay: applying, or skipping on purpose, what was set aside as dead letters."""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import attrs
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import ProjectionStoppedError, StoreRewoundError, UnknownDeadLetterError
from eventdocs.observability import current_correlation
from eventdocs.projections._batch import EventFailedError, Step, apply, bind, plan
from eventdocs.projections._checkpoints import (
    Checkpoint,
    ProjectionState,
    require_checkpoint,
    write_checkpoint,
)
from eventdocs.projections._dead_letters import (
    DeadLetter,
    DeadLetterState,
    Repair,
    RepairAction,
    close,
    find_dead_letter,
    parked_keys,
    read_dead_letters,
    record_failure,
    record_repair,
)
from eventdocs.projections._ordering_key import key_function
from eventdocs.projections._projection import Conditions, Projection
from eventdocs.projections._tables import dead_letters
from eventdocs.store import EventStore, RecordedEvent, Selection

_logger: Final = logging.getLogger("eventdocs.projections")

_CLOSING: Final = {
    RepairAction.SKIP: (DeadLetterState.SKIPPED, "skipped on purpose"),
    RepairAction.RESOLVE: (DeadLetterState.RESOLVED, "mended by hand"),
}
_CLOSED_AS: Final = {
    RepairAction.SKIP: "eventdocs.projection.event_skipped",
    RepairAction.RESOLVE: "eventdocs.projection.event_resolved",
}


class Replay:
    """Works through the dead letters of one partition, each in a transaction of its own.

    Args:
        store: The log.
        projection: The partition at work on the live tables.
        conditions: How it works.
        by: Who asked for it; else the actor of the surrounding `correlate` block.
        reason: Why.
    """

    def __init__(
        self,
        store: EventStore,
        projection: Projection,
        *,
        conditions: Conditions,
        by: str | None = None,
        reason: str | None = None,
    ) -> None:
        self._store = store
        self._projection = projection
        self._projector = projection.projector
        self._name = projection.name
        self._patience = conditions.patience_of(self._name, store)
        self._handlers = bind(self._projector)
        self._key_of = key_function(self._projector)
        self._by = by or current_correlation().actor
        self._reason = reason

    async def retry(self, sequence: int | None) -> list[DeadLetter]:
        """Apply what waits, in the log's order; return what is still open.

        Args:
            sequence: Only what waits together with the dead letter at this place.

        Raises:
            UnknownDeadLetterError: There is no open dead letter at that place.
        """
        at = await self._projection.reload()
        letters = await self._open()
        keys = None
        if sequence is not None:
            keys = _keys_with(letters, self._chosen(letters, sequence))
            letters = [letter for letter in letters if letter.ordering_key in keys]
        await self._replay(keys)
        for letter in letters:
            if letter.sequence > at.sequence:
                await self._resume(letter)
        return await self._open()

    async def skip(self, sequence: int) -> list[DeadLetter]:
        """Leave the event at *sequence* out for good, then apply what waited behind it.

        Raises:
            UnknownDeadLetterError: There is no open dead letter at that place.
        """
        return await self._close(sequence, RepairAction.SKIP)

    async def resolve(self, sequence: int) -> list[DeadLetter]:
        """Take the event at *sequence* as mended by hand, then apply what waited behind it.

        Raises:
            UnknownDeadLetterError: There is no open dead letter at that place.
        """
        return await self._close(sequence, RepairAction.RESOLVE)

    async def _lock(self, tx: AsyncConnection) -> Checkpoint:
        return await require_checkpoint(tx, self._projector, self._store.store_id, name=self._name)

    async def _open(self) -> list[DeadLetter]:
        async with self._store.connect() as connection:
            return await read_dead_letters(connection, self._name)

    def _chosen(self, letters: list[DeadLetter], sequence: int) -> DeadLetter:
        for letter in letters:
            if letter.sequence == sequence:
                return letter
        raise UnknownDeadLetterError(self._projector.name, sequence)

    def _repair(self, action: RepairAction) -> Repair:
        return Repair(action=action, by=self._by, reason=self._reason, at=datetime.now(UTC))

    async def _resume(self, letter: DeadLetter) -> None:
        """Try the event again that the projection stands before."""
        repair = self._repair(RepairAction.RETRY)
        await self._patience.call(lambda: self._note(letter, repair))
        try:
            await self._projection.advance(letter.sequence)
        except ProjectionStoppedError:
            return

    async def _note(self, letter: DeadLetter, repair: Repair) -> None:
        async with self._store.begin() as tx:
            await self._lock(tx)
            await record_repair(tx, self._name, letter.sequence, repair)

    async def _replay(self, keys: Collection[str] | None, *, after: int = 0) -> None:
        """Apply what waits and is not held back by an earlier one, from the first on."""
        while True:
            try:
                tried = await self._patience.call(partial(self._replay_next, keys, after))
            except _StillFailingError as still:
                await self._patience.call(partial(self._record, still))
                tried = still.event.sequence
                self._log("eventdocs.projection.event_failed_again", still.event)
            if tried is None:
                return
            after = tried

    async def _replay_next(self, keys: Collection[str] | None, after: int) -> int | None:
        """Apply the next event that waits, unless it has to wait on; tell its place."""
        event: RecordedEvent[Any] | None = None
        try:
            async with self._store.begin() as tx:
                at = await self._lock(tx)
                letter = await find_dead_letter(
                    tx, self._name, keys=keys, after=after, before=at.sequence + 1
                )
                if letter is None:
                    return None
                event = await self._event(letter)
                steps = plan([event], self._handlers, self._key_of)
                # Its key can be another one by now, where none could be known before.
                behind = {letter.ordering_key, letter.stream, *(key for _, key, *_ in steps)}
                if await find_dead_letter(tx, self._name, keys=behind, before=letter.sequence):
                    return letter.sequence
                await self._apply_in(tx, at, event, steps)
        except Exception as error:
            if event is None:
                raise
            cause = error.cause if isinstance(error, EventFailedError) else error
            raise _StillFailingError(event, cause) from error
        self._log("eventdocs.projection.event_replayed", event)
        return event.sequence

    def _log(self, message: str, event: RecordedEvent[Any]) -> None:
        facts = {"sequence": event.sequence, "event_type": event.type, "by": self._by}
        _logger.info(message, extra={"projection": self._name, **facts})

    async def _apply_in(
        self, tx: AsyncConnection, at: Checkpoint, event: RecordedEvent[Any], steps: Sequence[Step]
    ) -> None:
        await apply(steps, tx)
        await close(
            tx,
            self._name,
            dead_letters.c.sequence == event.sequence,
            state=DeadLetterState.APPLIED,
            resolution="applied on retry",
            repair=self._repair(RepairAction.RETRY),
        )
        await write_checkpoint(tx, await self._settled(tx, at))

    async def _record(self, still: _StillFailingError) -> None:
        async with self._store.begin() as tx:
            await self._lock(tx)
            await record_failure(
                tx,
                self._name,
                still.event,
                still.cause,
                ordering_key=still.event.stream,
                repair=self._repair(RepairAction.RETRY),
            )

    async def _close(self, sequence: int, action: RepairAction) -> list[DeadLetter]:
        letters = await self._open()
        letter = self._chosen(letters, sequence)
        await self._patience.call(lambda: self._close_one(letter, action))
        _logger.warning(
            _CLOSED_AS[action],
            extra={
                "projection": self._name,
                "sequence": sequence,
                "event_type": letter.type,
                "by": self._by,
            },
        )
        await self._replay(_keys_with(letters, letter), after=sequence)
        return await self._open()

    async def _close_one(self, letter: DeadLetter, action: RepairAction) -> None:
        state, resolution = _CLOSING[action]
        async with self._store.begin() as tx:
            at = await self._lock(tx)
            if await find_dead_letter(tx, self._name, sequence=letter.sequence) is None:
                raise UnknownDeadLetterError(self._projector.name, letter.sequence)
            await close(
                tx,
                self._name,
                dead_letters.c.sequence == letter.sequence,
                state=state,
                resolution=resolution,
                repair=self._repair(action),
            )
            if letter.sequence > at.sequence:
                at = attrs.evolve(
                    at,
                    sequence=letter.sequence,
                    event_id=letter.event_id,
                    state=ProjectionState.RUNNING,
                )
            await write_checkpoint(tx, await self._settled(tx, at))

    async def _settled(self, tx: AsyncConnection, at: Checkpoint) -> Checkpoint:
        if at.state is ProjectionState.STOPPED:
            return at
        parked = await parked_keys(tx, self._name, at.sequence)
        state = ProjectionState.PARKED if parked else ProjectionState.RUNNING
        return attrs.evolve(at, state=state)

    async def _event(self, letter: DeadLetter) -> RecordedEvent[Any]:
        place = Selection(after=letter.sequence - 1, until=letter.sequence)
        page = await self._store.read_page(place, limit=1)
        if not page.events or page.events[0].id != letter.event_id:
            raise StoreRewoundError(
                self._projector.name,
                letter.sequence,
                f"the log does not hold event {letter.event_id} there any more",
            )
        return page.events[0]


@attrs.define(eq=False)
class _StillFailingError(Exception):
    event: RecordedEvent[Any]
    cause: Exception


def _keys_with(letters: list[DeadLetter], chosen: DeadLetter) -> frozenset[str]:
    """Name the keys of all that waits, directly or not, together with *chosen*."""
    present = {letter.ordering_key for letter in letters}
    keys = {chosen.ordering_key}
    while True:
        # Where no key could be known, the stream is the key, and others of it wait behind.
        related = present & {
            name
            for letter in letters
            if letter.ordering_key in keys or letter.stream in keys
            for name in (letter.ordering_key, letter.stream)
        }
        if related == keys:
            return frozenset(keys)
        keys = related
