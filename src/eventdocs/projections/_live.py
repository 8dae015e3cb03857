"""Live: projections that follow the log as it grows, each in a task of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final, cast

import attrs

from eventdocs.errors import EventdocsError
from eventdocs.projections._checkpoints import FencedError, read_checkpoint
from eventdocs.projections._dead_letters import describe
from eventdocs.projections._health import FeedHealth
from eventdocs.projections._leases import Lease, LeaseHolder, Leases
from eventdocs.projections._partitions import partitions_of
from eventdocs.projections._projection import Conditions, Projection
from eventdocs.projections._projector import Projector
from eventdocs.projections._share import Share
from eventdocs.store import Bell, EventStore

_logger: Final = logging.getLogger("eventdocs.projections")

# Between two looks at the log, so that a busy writer does not keep the database looking.
_SHORTEST_PAUSE: Final = 0.002
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 10.0


class Live:
    """Follows the log with a set of projections until it is told to stop.

    A projection that another runner leads is watched, so that those that depend on it
    can follow, until its lease is free.

    Args:
        store: The log.
        projectors: In the order of their dependencies.
        leases: The right to lead them.
        conditions: How to work; transient trouble is sat out however long it takes.
        poll_interval: Seconds between two looks at the log.
        check: Raises if a projector's projection must not go on.

    Attributes:
        troubles: Why projections pause, by the names of their partitions.
        news: Rings when the log has grown or a projection has moved.
        mended: Rings when something that stopped a projection may have been mended.
    """

    def __init__(
        self,
        store: EventStore,
        projectors: Sequence[Projector],
        *,
        leases: Leases,
        conditions: Conditions,
        poll_interval: float,
        check: Callable[[Projector], None],
    ) -> None:
        self.troubles: dict[str, Exception] = {}
        self.news = Bell()
        self.mended = Bell()
        self._store = store
        self._projectors = projectors
        self._leases = leases
        self._awaited = {
            part.name
            for one in projectors
            for each in one.depends_on
            for part in partitions_of(each)
        }
        self._shares: dict[str, Share] = {}
        self._conditions = attrs.evolve(conditions, patience=None, nap=self._nap)
        self._poll_interval = poll_interval
        self._check = check
        self._head = 0
        self._feed: asyncio.Task[None] | None = None
        self._looked_at = 0.0
        self._failure: Exception | None = None
        self._growth = Bell()
        self._behind_since: dict[str, float] = {}
        self._stopping = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def reset(self) -> None:
        """Let `run` be called again after `stop`."""
        self._stopping.clear()

    async def run(self) -> None:
        """Follow the log until `stop`; nothing is at work any more when this returns.

        Raises:
            RuntimeError: It is running already.
        """
        if not self._idle.is_set():
            raise RuntimeError("the runner is running already")
        self._idle.clear()
        self._failure = None
        self._looked_at = time.monotonic()
        projections = {
            part.name: Projection(
                self._store,
                projector,
                begin=self._store.begin,
                conditions=self._conditions,
                partition=part,
                lease=self._leases.of(part.name),
            )
            for projector in self._projectors
            for part in partitions_of(projector)
        }
        self._shares = {
            projector.name: Share(
                self._store,
                projector.name,
                owner=self._leases.owner,
                parts=[self._leases.of(part.name) for part in partitions_of(projector)],
                seconds=self._leases.seconds,
            )
            for projector in self._projectors
            if projector.partitions > 1
        }
        try:
            async with asyncio.TaskGroup() as tasks:
                self._feed = tasks.create_task(self._watch(), name="eventdocs-log-watch")
                tasks.create_task(self._renew(), name="eventdocs-leases")
                for name, projection in projections.items():
                    ahead = [
                        projections[part.name]
                        for each in projection.projector.depends_on
                        for part in partitions_of(each)
                    ]
                    tasks.create_task(
                        self._keep_up(projection, self._leases.of(name), ahead),
                        name=f"eventdocs-projection-{name}",
                    )
        except Exception as error:
            self._failure = error
            raise
        finally:
            self._feed = None
            try:
                for share in self._shares.values():
                    await share.leave()
            finally:
                self._idle.set()
            if self._failure is None:
                self._conditions.instrumentation.feed_stopped()

    def feed(self) -> FeedHealth | None:
        """Tell how the task is that watches the log; None if `run` is not to be at work."""
        if self._failure is None and (self._feed is None or self._stopping.is_set()):
            return None
        return FeedHealth(
            is_running=self._feed is not None and not self._feed.done(),
            seconds=self._silence,
            error=None if self._failure is None else _told(self._failure),
        )

    @property
    def _silence(self) -> float:
        return time.monotonic() - self._looked_at

    def stop(self) -> None:
        """Let `run` return as soon as the batches at work are committed."""
        self._stopping.set()
        self.news.ring()
        self.mended.ring()
        self._growth.ring()

    async def stopped(self) -> None:
        """Wait until nothing is at work."""
        await self._idle.wait()

    async def _watch(self) -> None:
        patience = self._conditions.patience_of("log", self._store)
        with contextlib.suppress(_StoppingError):
            async with self._store.listening() as self._growth:
                while True:
                    heard = self._growth.listen()
                    head = await patience.call(self._store.head)
                    self._looked_at = time.monotonic()
                    self._conditions.instrumentation.feed_seen(head=head)
                    # Lower than before is news too: the log has been restored.
                    if head != self._head:
                        self._head = head
                        self.news.ring()
                    await self._nap(_SHORTEST_PAUSE)
                    await self._nap(self._poll_interval, heard)

    async def _renew(self) -> None:
        with contextlib.suppress(_StoppingError):
            while True:
                await self._nap(self._leases.pause)
                # Who does not hear of news any more gives way to others that do.
                if self._silence < self._leases.seconds + 2 * self._poll_interval:
                    await self._leases.renew()
                    for share in self._shares.values():
                        await share.renew()

    async def _keep_up(
        self, projection: Projection, lease: Lease, ahead: Sequence[Projection]
    ) -> None:
        try:
            await self._follow(projection, lease, ahead)
        finally:
            self._conditions.instrumentation.led(projection.name, is_here=False)
            await lease.give_back()

    async def _follow(
        self, projection: Projection, lease: Lease, ahead: Sequence[Projection]
    ) -> None:
        pause = _FIRST_PAUSE
        idle_at: int | None = None
        with contextlib.suppress(_StoppingError):
            while not self._stopping.is_set():
                news, mended = self.news.listen(), self.mended.listen()
                if lease.token is not None and self._leads_too_many(projection):
                    self._conditions.instrumentation.led(projection.name, is_here=False)
                    await lease.give_back()
                bound = min([self._head, *(each.at.sequence if each.at else 0 for each in ahead)])
                is_idle = bound == idle_at and lease.token is not None
                if is_idle:
                    await self._nap(self._leases.pause, news)
                    if news.is_set():
                        # Perhaps it is for others.
                        continue
                try:
                    self._check(projection.projector)
                    if lease.token is None and not await self._lead(projection, lease):
                        idle_at = None
                        continue
                    if is_idle:
                        # The database may have been put back to an earlier moment.
                        await projection.reload()
                    has_moved = await projection.advance(bound)
                except _StoppingError:
                    raise
                except FencedError:
                    lease.lose()
                    continue
                except Exception as error:  # noqa: BLE001 - one projection's failure must not end the others
                    idle_at = None
                    self._report(projection.name, error)
                    self._measure(projection)
                    # Another runner may be able to go on: its code may be another.
                    await lease.give_back()
                    await self._nap(pause, mended)
                    pause = min(2 * pause, _LONGEST_PAUSE)
                    continue
                pause = _FIRST_PAUSE
                self.troubles.pop(projection.name, None)
                self._measure(projection)
                if has_moved:
                    self.news.ring()
                else:
                    idle_at = bound

    async def _lead(self, projection: Projection, lease: Lease) -> bool:
        """Take the lease if it is to be had; if not, wait a little and see how far its holder is."""
        name = projection.name
        is_taken, holder = await self._conditions.patience_of(name, self._store).call(
            lambda: self._take(projection, lease)
        )
        self._conditions.instrumentation.led(name, is_here=is_taken)
        if is_taken:
            await projection.reload()
            return True
        self.troubles.pop(name, None)
        async with self._store.connect() as connection:
            seen = await read_checkpoint(connection, name)
        if seen != projection.at:
            projection.at = seen
            self.news.ring()
        pause = self._poll_interval if name in self._awaited else lease.seconds / 4
        await self._nap(pause if holder is None else min(pause, holder.seconds_left))
        return False

    async def _take(self, projection: Projection, lease: Lease) -> tuple[bool, LeaseHolder | None]:
        share = self._shares.get(projection.projector.name)
        if share is not None:
            return await share.take(lease)
        holder = await lease.take()
        return holder is None, holder

    def _leads_too_many(self, projection: Projection) -> bool:
        share = self._shares.get(projection.projector.name)
        return share is not None and share.is_exceeded

    def _report(self, projection: str, error: Exception) -> None:
        known = self.troubles.get(projection)
        self.troubles[projection] = error
        if str(known) != str(error):
            _logger.error(
                "eventdocs.projection.paused",
                extra={"projection": projection, "error_type": type(error).__qualname__},
                exc_info=None if isinstance(error, EventdocsError) else error,
            )

    def _measure(self, projection: Projection) -> None:
        if projection.at is None:
            return
        behind = max(0, self._head - projection.at.sequence)
        now = time.monotonic()
        if not behind:
            self._behind_since.pop(projection.name, None)
        # An event that comes after a quiet night is not a night late.
        seconds = now - self._behind_since.setdefault(projection.name, now) if behind else 0.0
        if behind and (last := projection.last_recorded_at):
            seconds = min(seconds, (datetime.now(UTC) - last).total_seconds())
        self._conditions.instrumentation.lagged(
            projection.name, events=behind, seconds=max(0.0, seconds)
        )

    async def _nap(self, seconds: float, until: asyncio.Event | None = None) -> None:
        """Wait so many seconds, or until *until* is set; end the task if the runner stops."""
        if not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await (until or self._stopping).wait()
        if self._stopping.is_set():
            raise _StoppingError


def _told(error: Exception) -> str:
    if isinstance(error, ExceptionGroup):
        inside = cast("ExceptionGroup[Exception]", error).exceptions
        return "; ".join(_told(each) for each in inside)
    return str(error) if isinstance(error, EventdocsError) else describe(error)


class _StoppingError(Exception):
    """The runner stops: an attempt to wait ends the task that waits."""
