"""Rebuild: a read model computed anew beside the live one, then put in its place."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import attrs
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from eventdocs.errors import RebuildCancelledError, RebuildFailedError
from eventdocs.projections._cancellation import canceller
from eventdocs.projections._checkpoints import (
    Checkpoint,
    FencedError,
    fence,
    is_in_log,
    is_level,
    least,
    read_checkpoints,
)
from eventdocs.projections._dead_letters import describe, driver_error, read_dead_letters
from eventdocs.projections._division import is_divided_by, settle
from eventdocs.projections._history import policies_for, rewritten
from eventdocs.projections._installation import first_checkpoint
from eventdocs.projections._leases import Leases
from eventdocs.projections._partitions import Partition, home_of, partitions_of
from eventdocs.projections._projection import Conditions, Projection
from eventdocs.projections._projector import Projector
from eventdocs.projections._shadow import Shadow, Swap
from eventdocs.projections._shadow_postgres import PostgresShadow
from eventdocs.projections._shadow_sqlite import SqliteShadow, live_file
from eventdocs.projections._tables import dead_letters
from eventdocs.projections._throttle import Throttle
from eventdocs.projections._trouble import trouble_behind
from eventdocs.store import EventStore

_logger: Final = logging.getLogger("eventdocs.projections")


@attrs.frozen(kw_only=True)
class RebuildProgress:
    """How far a rebuild has come.

    Attributes:
        projection: What is rebuilt.
        sequence: The last event applied to the fresh tables.
        head: The last event of the log.
        seconds_left: How long the rest will take at the speed so far; None if unknown.
    """

    projection: str
    sequence: int
    head: int
    seconds_left: float | None


async def shadow_of(store: EventStore, projector: Projector) -> Shadow:
    """Find where the fresh tables of *projector* are built."""
    async with store.connect() as connection:
        dialect = connection.dialect.name
    if dialect == "postgresql":
        return PostgresShadow(store, projector)
    return SqliteShadow(store, projector, await live_file(store))


async def rebuild_progress(store: EventStore, projector: Projector) -> Checkpoint | None:
    """Tell how far a rebuild of *projector* has come; None if there is none."""
    shadow = await shadow_of(store, projector)
    try:
        return least(await shadow.progress())
    finally:
        await shadow.close()


class Rebuild:
    """Builds one projection anew; what an interrupted attempt has committed is gone on with.

    A divided projection is built as a whole, and its partitions go on from one place. With
    side effects it is built by partitions, each as far as the live one has come: beyond
    that, nobody has brought the side effects about.

    Args:
        store: The log.
        projector: Whose read model.
        leases: Of the runner: a projection has one rebuild at a time.
        conditions: How to work.
        bound: Tells how far the projection may go: what it depends on bounds it.
        on_progress: Is told after each batch.
        events_per_second: The most events that are applied in a second; None for no bound.

    Raises:
        ConfigurationError: `events_per_second` is not above 0.
    """

    def __init__(
        self,
        store: EventStore,
        projector: Projector,
        *,
        leases: Leases,
        conditions: Conditions,
        bound: Callable[[], Awaitable[int]],
        on_progress: Callable[[RebuildProgress], None] | None = None,
        events_per_second: float | None = None,
    ) -> None:
        self._store = store
        self._projector = projector
        self._leases = leases
        self._lease = leases.of(projector.name, is_rebuild=True)
        self._throttle = Throttle(events_per_second, clock=conditions.clock, nap=conditions.nap)
        self._conditions = attrs.evolve(
            conditions,
            batch_size=self._throttle.bounded(conditions.batch_size),
            side_effects=False,
        )
        self._patience = conditions.patience_of(projector.name, store)
        self._bound = bound
        self._on_progress = on_progress
        self._began = 0.0
        self._first = 0
        self._has_side_effects = any(
            handler.side_effects for handler in projector.handlers.values()
        )
        self._parts = (
            partitions_of(projector)
            if self._has_side_effects
            else (Partition(projection=projector.name),)
        )

    async def run(self, *, from_zero: bool) -> int:
        """Rebuild, and return the sequence at which the new tables went live.

        Args:
            from_zero: Throw away what an interrupted attempt has built.

        Raises:
            ProjectionHeldError: Another runner rebuilds the projection.
            ProjectionStoppedError: An event could not be applied.
            RebuildCancelledError: Somebody has cancelled it.
            RebuildFailedError: The tables could not be swapped.
            StoreError: The database stayed busy or absent.
        """
        await self._patience.call(self._take)
        outcome = "failed"
        try:
            async with self._leases.kept():
                reached = await self._work(from_zero=from_zero)
            outcome = "completed"
        except (RebuildCancelledError, asyncio.CancelledError):
            outcome = "cancelled"
            raise
        finally:
            self._conditions.instrumentation.rebuilt(self._projector.name, outcome=outcome)
            await self._lease.give_back()
        _logger.info(
            "eventdocs.projection.rebuilt",
            extra={"projection": self._projector.name, "sequence": reached},
        )
        return reached

    async def _take(self) -> None:
        if self._lease.token is not None:
            raise RebuildFailedError(self._projector.name, "this runner rebuilds it already")
        holder = await self._lease.take()
        if holder is not None:
            raise self._lease.held_error(holder)

    async def _work(self, *, from_zero: bool) -> int:
        shadow = await shadow_of(self._store, self._projector)
        try:
            return await self._build(shadow, from_zero=from_zero)
        except FencedError as error:
            raise RebuildFailedError(
                self._projector.name, "another process has taken it over"
            ) from error
        except DBAPIError as error:
            trouble = trouble_behind(error, self._store.database)
            raise trouble or RebuildFailedError(self._projector.name, _explain(error)) from error
        finally:
            await shadow.close()

    async def _build(self, shadow: Shadow, *, from_zero: bool) -> int:
        self._first = await self._open(shadow, from_zero=from_zero)
        self._began = self._conditions.clock()
        conditions = attrs.evolve(
            self._conditions, policies=await policies_for(self._store, self._projector.name)
        )
        projections = [
            Projection(
                self._store,
                self._projector,
                begin=shadow.begin,
                conditions=conditions,
                partition=part,
                lease=self._lease,
            )
            for part in self._parts
        ]
        await self._follow(projections)
        return await self._patience.call(lambda: self._swap(shadow, projections))

    async def _open(self, shadow: Shadow, *, from_zero: bool) -> int:
        token = self._lease.token or 0
        firsts = [
            attrs.evolve(
                first_checkpoint(self._projector, self._store, partition=part), token=token
            )
            for part in self._parts
        ]
        found = await shadow.progress()
        if not from_zero and _continue(found, firsts) and await self._are_in_log(found):
            async with shadow.begin() as tx:
                for at in found:
                    await fence(tx, at.projection, token)
            return min(at.sequence for at in found)
        await shadow.discard()
        await shadow.create(firsts)
        return 0

    async def _are_in_log(self, found: Sequence[Checkpoint]) -> bool:
        # If the log was put back since then, the fresh tables show what it has lost.
        for at in found:
            if not await is_in_log(self._store, at):
                return False
        return True

    async def _follow(self, projections: Sequence[Projection]) -> None:
        at, since = self._first, self._began
        while await _advance(projections, goals := await self._goals()):
            until = max(goals)
            before, at = at, min(each.at.sequence if each.at else 0 for each in projections)
            self._conditions.instrumentation.rebuilding(
                self._projector.name, sequence=at, head=until
            )
            if self._on_progress is not None:
                self._on_progress(self._progress(at, until))
            await self._throttle.hold(
                at - before,
                since=since,
                between=lambda: self._patience.call(self._refuse_cancelled),
            )
            since = self._conditions.clock()

    async def _refuse_cancelled(self) -> None:
        async with self._store.connect() as connection:
            by = await canceller(connection, self._projector, self._lease.token or 0)
        if by is not None:
            raise RebuildCancelledError(self._projector.name, by)

    async def _goals(self) -> list[int]:
        """Tell how far to go: not beyond the live projection, where that has side effects.

        Those of later events have not happened yet, and nobody would bring them about.
        """
        bound = await self._bound()
        if not self._has_side_effects:
            return [bound]
        async with self._store.connect() as connection:
            live = await read_checkpoints(connection, self._projector.name)
        if not live or live[0].store_id != self._store.store_id:
            return [bound for _ in self._parts]
        return [min(bound, each) for each in self._stands_of(live)]

    def _stands_of(self, live: Sequence[Checkpoint]) -> list[int]:
        """Tell where the live projection stands, for each part that is built."""
        if not self._has_side_effects:
            return [max((at.sequence for at in live), default=0)]
        if is_divided_by(self._projector, live):
            return [at.sequence for at in live]
        if not is_level(live):
            raise RebuildFailedError(
                self._projector.name,
                "it has side effects and is divided in another way than before, and the former "
                "partitions stand at different places; let the former code catch up first, "
                "while nothing is appended",
            )
        return [live[0].sequence if live else 0 for _ in self._parts]

    async def _refuse_open_letters(self, swap: Swap, live: Sequence[Checkpoint]) -> None:
        """Raise if a rebuild would forget side effects that are still to happen."""
        if not self._has_side_effects:
            return
        waiting = 0
        for at in live:
            letters = await read_dead_letters(swap.tx, at.projection)
            waiting += sum(letter.sequence <= at.sequence for letter in letters)
        if waiting:
            raise RebuildFailedError(
                self._projector.name,
                f"{waiting} of its events wait as dead letters, and what handlers with side "
                "effects would do for them would be lost; retry or skip them first",
            )

    def _progress(self, sequence: int, head: int) -> RebuildProgress:
        done, left = sequence - self._first, head - sequence
        seconds = self._conditions.clock() - self._began
        at_least = self._throttle.seconds_for(left)
        return RebuildProgress(
            projection=self._projector.name,
            sequence=sequence,
            head=head,
            seconds_left=max(left * seconds / done, at_least) if done else None,
        )

    async def _swap(self, shadow: Shadow, projections: Sequence[Projection]) -> int:
        name = self._projector.name
        await self._refuse_cancelled()
        async with shadow.swap() as swap:
            # From here on the live projection waits, and with it nothing else.
            live = await read_checkpoints(swap.tx, name, for_update=True)
            await self._refuse_open_letters(swap, live)
            goals = self._stands_of(live)
            while await _advance(projections, goals):
                pass
            stands = [each.at or await each.reload() for each in projections]
            letters = await self._letters(shadow)
            await swap.replace(stands)
            await self._record(swap, live, stands, letters)
        return min(at.sequence for at in stands)

    async def _letters(self, shadow: Shadow) -> list[Mapping[str, Any]]:
        async with shadow.begin() as tx:
            found = await tx.execute(select(dead_letters))
            return [dict(row) for row in found.mappings()]

    async def _record(
        self,
        swap: Swap,
        live: Sequence[Checkpoint],
        stands: Sequence[Checkpoint],
        letters: list[Mapping[str, Any]],
    ) -> None:
        parts = partitions_of(self._projector)
        if len(stands) < len(parts):
            # All of them go on from where the whole was built to.
            stands = [attrs.evolve(stands[0], projection=part.name) for part in parts]
        reached = {at.projection: at.sequence for at in stands}
        rows = await rewritten(
            swap.tx,
            self._store,
            live=live,
            rebuilt=letters,
            reached=lambda key: reached[home_of(key, self._projector).name],
        )
        await settle(swap.tx, self._projector, before=live, after=stands, letters=rows)


async def _advance(projections: Sequence[Projection], goals: Sequence[int]) -> bool:
    has_moved = False
    for projection, until in zip(projections, goals, strict=True):
        has_moved |= await projection.advance(until)
    return has_moved


def _explain(error: DBAPIError) -> str:
    # What stands in the way is in the detail: a view of the host's, or a row's key.
    detail: str | None = getattr(driver_error(error), "detail", None)
    return f"{describe(error)} ({detail})" if detail else describe(error)


def _continue(found: Sequence[Checkpoint], firsts: Sequence[Checkpoint]) -> bool:
    """Tell whether what an interrupted attempt has built is what is to be built."""

    def built_by(at: Checkpoint) -> object:
        return (at.projection, at.version, at.store_id, at.fingerprint)

    return [*map(built_by, found)] == [*map(built_by, firsts)]
