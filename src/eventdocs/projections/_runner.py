"""The runner: keeps projections at the head of the log."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from types import TracebackType
from typing import Self

from eventdocs.errors import (
    ConfigurationError,
    EventdocsError,
    StaleProjectionError,
    UnknownDeadLetterError,
    UnknownProjectionError,
)
from eventdocs.observability import Instrumentation
from eventdocs.projections._arrival import wait_for
from eventdocs.projections._cancellation import Cancellation
from eventdocs.projections._check import ProjectionCheck, check
from eventdocs.projections._checkpoints import read_checkpoints
from eventdocs.projections._dead_letters import (
    OPEN,
    DeadLetter,
    DeadLetterState,
    read_dead_letters,
)
from eventdocs.projections._gathering import gathering
from eventdocs.projections._health import (
    Findings,
    HealthLimits,
    RunnerHealth,
    examine,
    head_recorded_at,
)
from eventdocs.projections._installation import install
from eventdocs.projections._leading import lead
from eventdocs.projections._leases import Lease, Leases
from eventdocs.projections._live import Live
from eventdocs.projections._order import in_order
from eventdocs.projections._partitions import Partition, partitions_of
from eventdocs.projections._projection import Conditions, Projection
from eventdocs.projections._projector import Projector
from eventdocs.projections._rebuild import Rebuild, RebuildProgress, shadow_of
from eventdocs.projections._replay import Replay
from eventdocs.projections._sample import Sample
from eventdocs.projections._status import ProjectionStatus, status_of
from eventdocs.projections._trouble import translated
from eventdocs.projections._verify import VerificationReport, verify
from eventdocs.store import Appended, EventStore


class ProjectionRunner:
    """Builds read models from the log, each event exactly once, in the log's order.

    Enter it, then `catch_up` to bring the read models up to date once, or `run` to keep
    them so. Any number of runners, in any number of processes, may be given the same
    projections: each projection is led by one of them at a time, which holds a lease that
    it renews, and those that are divided into partitions are shared out among the runners
    that `run`. When it ends, another takes over at once; when it is killed, stopped or cut
    off, another takes over when the lease has lapsed, and the old one can write no more.

    Args:
        store: The log; its database holds the read models too.
        projectors: In any order; everything they depend on must be among them.
        instrumentation: Is told what happens; the store's own by default.
        batch_size: The most events that one transaction applies.
        poll_interval: Seconds between two looks at the log while `run` has nothing to do.
        patience: Seconds for which `catch_up` and the like sit out a busy or absent
            database before they raise. `run` sits it out however long it takes.
        lease_seconds: How long a lease lasts that is not renewed, by the database's clock.
            It is renewed three times as often.
        create_tables: Create missing tables of projections that were never begun.

    Raises:
        ConfigurationError: `lease_seconds` is not above 0.
        ProjectorDefinitionError: The projectors contradict each other.
    """

    def __init__(
        self,
        store: EventStore,
        projectors: Sequence[Projector],
        *,
        instrumentation: Instrumentation | None = None,
        batch_size: int = 500,
        poll_interval: float = 0.1,
        patience: float = 30.0,
        lease_seconds: float = 5.0,
        create_tables: bool = True,
    ) -> None:
        if not lease_seconds > 0:
            raise ConfigurationError([f"lease_seconds must be above 0, not {lease_seconds!r}"])
        self._store = store
        self._projectors = in_order(projectors, store.registry)
        self._instrumentation = instrumentation or store.instrumentation
        self._poll_interval = poll_interval
        self._patience = patience
        self._leases = Leases(store, seconds=lease_seconds)
        self._create_tables = create_tables
        self._broken: dict[str, StaleProjectionError] = {}
        self._conditions = Conditions(
            instrumentation=self._instrumentation, batch_size=batch_size, patience=patience
        )
        self._live = Live(
            store,
            self._projectors,
            leases=self._leases,
            conditions=self._conditions,
            poll_interval=poll_interval,
            check=self._refuse_broken,
        )

    # ---- lifetime

    async def __aenter__(self) -> Self:
        """Create missing tables and checkpoints.

        Raises:
            ProjectorDefinitionError: A projector's tables cannot be created.
            StoreError: The database could not be reached in time.
        """
        self._live.reset()
        patience = self._conditions.patience_of("installation", self._store)
        with translated(self._store.database):
            self._broken = await patience.call(
                lambda: install(self._store, self._projectors, create_tables=self._create_tables)
            )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
        await self._live.stopped()

    # ---- following the log

    async def catch_up(self) -> None:
        """Apply everything that the log holds at this moment to every projection.

        A projection that cannot go on does not keep the others from it, except those
        that depend on it: they stay behind it. One that another runner leads is waited
        for, as long as it moves.

        Raises:
            ProjectionHeldError: Another runner leads a projection that has not moved for
                `patience` seconds.
            ProjectionStoppedError: A projection stands before an event it cannot apply.
            ProjectionError: A projection has to be rebuilt first.
            StoreError: The database stayed busy or absent.
        """
        patience = self._conditions.patience_of("log", self._store)
        head = await patience.call(self._store.head)
        reached: dict[str, int] = {}
        failures: list[EventdocsError] = []
        async with self._leases.kept():
            for projector in self._projectors:
                until = min([head, *(reached[each.name] for each in projector.depends_on)])
                reached[projector.name] = await self._bring(projector, until, failures)
        if failures:
            for other in failures[1:]:
                failures[0].add_note(f"also: {other}")
            raise failures[0]

    async def _bring(self, projector: Projector, until: int, failures: list[EventdocsError]) -> int:
        """Bring all parts of a projection to *until* side by side; tell how far they have come."""
        if projector.name in self._broken:
            failures.append(self._broken[projector.name])
            return 0
        first, *others = [
            self._bring_part(projector, part, until, failures) for part in partitions_of(projector)
        ]
        if not others:
            return await first
        async with gathering() as tasks:
            brought = [tasks.create_task(each) for each in (first, *others)]
        return min(task.result() for task in brought)

    async def _bring_part(
        self,
        projector: Projector,
        part: Partition,
        until: int,
        failures: list[EventdocsError],
    ) -> int:
        lease = self._leases.of(part.name)
        projection = self._at_work(projector, part, lease)
        try:
            with translated(self._store.database):
                await lead(
                    self._store,
                    projection,
                    until,
                    lease=lease,
                    conditions=self._conditions,
                    poll_interval=self._poll_interval,
                )
        except EventdocsError as error:
            failures.append(error)
        return projection.at.sequence if projection.at else 0

    async def run(self) -> None:
        """Keep all projections up to date until cancelled or `stop` is called.

        A projection that fails does not disturb the others: it pauses, reports why in
        its status, and tries again. When this returns, nothing of it is at work any more.

        Raises:
            RuntimeError: It is running already.
        """
        await self._live.run()

    def stop(self) -> None:
        """Let `run` return as soon as the batches at work are committed.

        A `run` that begins later returns at once, until the runner is entered anew.
        """
        self._live.stop()

    # ---- knowing

    async def status(self) -> list[ProjectionStatus]:
        """Tell how each projection stands, those that others depend on first."""
        head = await self._store.head()
        with translated(self._store.database):
            statuses = [
                await status_of(
                    self._store,
                    projector,
                    head=head,
                    troubles=self._troubles_of(projector),
                    broken=self._broken.get(projector.name),
                )
                for projector in self._projectors
            ]
        for status in statuses:
            self._instrumentation.waiting(status.name, dead_letters=status.dead_letters)
            if self._live.feed() is None:
                # While projections are live they tell of themselves, by whoever leads them.
                self._instrumentation.lagged(
                    status.name, events=status.lag, seconds=status.lag_seconds
                )
        return statuses

    async def health(self, limits: HealthLimits | None = None) -> RunnerHealth:
        """Tell whether the projections do their work, here or in another process, and why not.

        This raises nothing for a database that is away or does not answer: that is ill health.

        Args:
            limits: What counts as ill; the defaults of `HealthLimits` if it is not given.

        Raises:
            ConfigurationError: The database is a standby, which does not know all of this.
        """
        return await examine(
            self._findings,
            feed=self._live.feed(),
            ahead={one.name: [each.name for each in one.depends_on] for one in self._projectors},
            limits=limits or HealthLimits(),
            poll_interval=self._poll_interval,
        )

    async def _findings(self) -> Findings:
        return Findings(
            feed=await self._store.feed(),
            head_at=await head_recorded_at(self._store),
            statuses=await self.status(),
        )

    async def check(self) -> list[ProjectionCheck]:
        """Compare what built each read model with the code, those that others depend on first.

        A changed version has to be rebuilt. Other changes are hints, which are logged when
        the runner is entered, too: rebuild, or verify that the rows are as they would be.
        """
        with translated(self._store.database):
            return [
                await check(self._store, projector, self._broken.get(projector.name))
                for projector in self._projectors
            ]

    async def dead_letters(
        self,
        projection: str | type[Projector],
        *,
        states: Sequence[DeadLetterState] = OPEN,
    ) -> list[DeadLetter]:
        """List what *projection* has set aside, in the log's order.

        Args:
            projection: Its name or its projector's class.
            states: Only dead letters in these states: those still open by default.
        """
        return await self._letters(self._find(projection), states)

    async def wait_for(
        self,
        appended: Appended,
        projection: str | type[Projector],
        *,
        timeout: float = 10.0,  # noqa: ASYNC109 - the error tells what blocks, a scope's cannot
    ) -> None:
        """Wait until *projection* has applied what was appended, in whatever process.

        It looks often at first and then once in a poll interval, and at once when this
        runner has moved the projection.

        Args:
            appended: What `append` returned.
            projection: Its name or its projector's class.
            timeout: Seconds to wait at most.

        Raises:
            ProjectionStoppedError: It stands before an earlier event that it cannot apply.
            ProjectionTimeoutError: It did not get there in time.
            StoreRewoundError: The log was put back to a moment before its checkpoint.
            EventLostError: The log does not hold what was appended (any more).
        """
        await wait_for(
            self._store,
            self._find(projection),
            appended,
            news=self._live.news,
            ask=self.status,
            conditions=self._conditions,
            poll_interval=self._poll_interval,
            seconds=timeout,
        )

    # ---- mending

    async def retry(
        self,
        projection: str | type[Projector],
        sequence: int | None = None,
        *,
        by: str | None = None,
        reason: str | None = None,
    ) -> list[DeadLetter]:
        """Apply what was set aside, in the log's order, each event in its own transaction.

        Behind an event that still fails, those of its ordering key go on waiting.

        Args:
            projection: Its name or its projector's class.
            sequence: Only what waits together with the dead letter at this place.
            by: Who asks for it; by default the actor of the surrounding `correlate` block.
            reason: Why. Both are kept with each dead letter that is tried.

        Returns:
            The dead letters that are still open; none when all is well.

        Raises:
            UnknownDeadLetterError: There is no open dead letter at that place.
        """
        return await self._mend(
            projection, sequence, lambda replay: replay.retry(sequence), by=by, reason=reason
        )

    async def skip(
        self,
        projection: str | type[Projector],
        sequence: int,
        *,
        by: str | None = None,
        reason: str | None = None,
    ) -> list[DeadLetter]:
        """Leave one event out for good, then apply what waited behind it.

        Args:
            projection: Its name or its projector's class.
            sequence: The place of an open dead letter.
            by: Who asks for it; by default the actor of the surrounding `correlate` block.
            reason: Why. Both are kept with each dead letter that is closed.

        Returns:
            The dead letters that are still open; none when all is well.

        Raises:
            UnknownDeadLetterError: There is no open dead letter at that place.
        """
        return await self._mend(
            projection, sequence, lambda replay: replay.skip(sequence), by=by, reason=reason
        )

    async def resolve(
        self,
        projection: str | type[Projector],
        sequence: int,
        *,
        by: str | None = None,
        reason: str | None = None,
    ) -> list[DeadLetter]:
        """Close one dead letter without applying its event, then apply what waited behind it.

        For an event whose effect somebody has brought about in the tables by hand. A
        rebuild knows nothing of that: it tries the event again.

        Args:
            projection: Its name or its projector's class.
            sequence: The place of an open dead letter.
            by: Who mended it; by default the actor of the surrounding `correlate` block.
            reason: Why, and how. Both are kept with each dead letter that is closed.

        Returns:
            The dead letters that are still open; none when all is well.

        Raises:
            UnknownDeadLetterError: There is no open dead letter at that place.
        """
        return await self._mend(
            projection, sequence, lambda replay: replay.resolve(sequence), by=by, reason=reason
        )

    async def rebuild(
        self,
        projection: str | type[Projector],
        *,
        on_progress: Callable[[RebuildProgress], None] | None = None,
        events_per_second: float | None = None,
        from_zero: bool = False,
    ) -> int:
        """Compute the read model anew from the whole log, beside the live one, then swap them.

        Queries see the old rows until one short transaction replaces the tables, and the
        projection goes on meanwhile. A rebuild that was interrupted goes on from where it
        was when this is called again with unchanged code.

        Events that were skipped before are tried again, and skipped again if they fail.
        Handlers with side effects are not called. A projector that has any is rebuilt as far
        as its live projection has come, and goes on from there.

        On PostgreSQL, a reader in REPEATABLE READ whose snapshot is older than the swap
        may see a part of the new rows, as after any change of a table's definition. On
        SQLite, appends wait while the new rows are copied into the live file.

        Args:
            projection: Its name or its projector's class.
            on_progress: Is told after each batch.
            events_per_second: Apply at most so many events a second, so that the database
                has time for others; None for as many as can be.
            from_zero: Throw away what an interrupted rebuild has built.

        Returns:
            The last event that the new read model has applied.

        Raises:
            ConfigurationError: `events_per_second` is not above 0.
            ProjectionHeldError: Another runner rebuilds it.
            ProjectionStoppedError: An event could not be applied; mend its handler.
            RebuildCancelledError: `cancel_rebuild` was called, in whatever process.
            RebuildFailedError: The tables could not be swapped. Nothing has changed.
        """
        projector = self._find(projection)
        rebuild = Rebuild(
            self._store,
            projector,
            leases=self._leases,
            conditions=self._conditions,
            bound=lambda: self._bound(projector),
            on_progress=on_progress,
            events_per_second=events_per_second,
        )
        reached = await rebuild.run(from_zero=from_zero)
        self._broken.pop(projector.name, None)
        self._live.mended.ring()
        return reached

    async def rebuild_all(
        self,
        projections: Iterable[str | type[Projector]] | None = None,
        *,
        on_progress: Callable[[RebuildProgress], None] | None = None,
        events_per_second: float | None = None,
        from_zero: bool = False,
    ) -> dict[str, int]:
        """Rebuild several projections one after the other, those that others depend on first.

        Each goes live when it is finished. The first one that fails ends it; what is
        finished stays, and what that one has built is gone on with.

        Args:
            projections: Names or projectors' classes; all by default.
            on_progress: Is told after each batch.
            events_per_second: As for `rebuild`.
            from_zero: Throw away what interrupted rebuilds have built.

        Returns:
            The last event that each new read model has applied, by projection.

        Raises:
            ProjectionError: As for `rebuild`.
        """
        chosen = self._projectors if projections is None else [*map(self._find, projections)]
        reached: dict[str, int] = {}
        for projector in self._projectors:
            if projector in chosen:
                reached[projector.name] = await self.rebuild(
                    projector.name,
                    on_progress=on_progress,
                    events_per_second=events_per_second,
                    from_zero=from_zero,
                )
        return reached

    async def cancel_rebuild(self, projection: str | type[Projector]) -> bool:
        """End a rebuild, in whatever process it is at work, and throw away what it has built.

        It ends between two batches, by `RebuildCancelledError`. What an interrupted rebuild
        has left is thrown away too; the live tables stay as they are. A rebuild that is to go
        on later is interrupted instead: cancel its task, or end its process.

        Args:
            projection: Its name or its projector's class.

        Returns:
            Whether there was anything to throw away. A rebuild may have finished before.

        Raises:
            ProjectionHeldError: The rebuild did not end within `patience` seconds.
        """
        projector = self._find(projection)
        cancellation = Cancellation(
            self._store,
            projector,
            shadow_of=shadow_of,
            patience=self._conditions.patience_of(projector.name, self._store),
            lease_seconds=self._leases.seconds,
            limit=self._patience,
        )
        with translated(self._store.database):
            return await cancellation.run()

    async def verify(
        self, projection: str | type[Projector], *, sample: Sample | None = None
    ) -> VerificationReport:
        """Compute the read model anew up to its checkpoint, and compare it row by row.

        The live projection goes on meanwhile, and nothing remains of it, whatever happens.
        Dead letters are left out; what was applied late, by `retry`, is compared as if it
        had been applied in its turn. Handlers with side effects are not called.

        With a *sample*, only the events of some streams are applied, which is as much faster
        as their share is smaller, and only the rows that come of them are compared. It misses
        what is wrong with the rows of other streams, and rows that no event accounts for.

        Args:
            projection: Its name or its projector's class.
            sample: Which streams; all by default.

        Raises:
            ConfigurationError: The projector does not say that it `is_per_stream`.
            ProjectionStoppedError: An event that has been applied cannot be applied now.
            StaleProjectionError: Another version of the projector built the read model.
            StoreRewoundError: The log does not hold the event of the checkpoint.
        """
        projector = self._find(projection)
        self._refuse_broken(projector)
        with translated(self._store.database):
            return await verify(self._store, projector, conditions=self._conditions, sample=sample)

    async def _mend(
        self,
        projection: str | type[Projector],
        sequence: int | None,
        work: Callable[[Replay], Awaitable[object]],
        *,
        by: str | None,
        reason: str | None,
    ) -> list[DeadLetter]:
        projector = self._find(projection)
        self._refuse_broken(projector)
        with translated(self._store.database):
            for part in await self._parts_with(projector, sequence):
                replay = Replay(
                    self._store,
                    self._at_work(projector, part),
                    conditions=self._conditions,
                    by=by,
                    reason=reason,
                )
                await work(replay)
            left = await self._letters(projector, OPEN)
        self._live.mended.ring()
        return left

    async def _parts_with(self, projector: Projector, sequence: int | None) -> Sequence[Partition]:
        """List the parts of a projection, or find the one that has set an event aside."""
        parts = partitions_of(projector)
        if sequence is None or len(parts) == 1:
            return parts
        for letter in await self._letters(projector, OPEN):
            if letter.sequence == sequence:
                return [part for part in parts if part.number == letter.partition]
        raise UnknownDeadLetterError(projector.name, sequence)

    # ---- the parts

    def _at_work(
        self, projector: Projector, part: Partition, lease: Lease | None = None
    ) -> Projection:
        return Projection(
            self._store,
            projector,
            begin=self._store.begin,
            conditions=self._conditions,
            partition=part,
            lease=lease,
        )

    async def _letters(
        self, projector: Projector, states: Sequence[DeadLetterState]
    ) -> list[DeadLetter]:
        async with self._store.connect() as connection:
            found = await read_checkpoints(connection, projector.name)
            names = [at.projection for at in found]
            return await read_dead_letters(connection, names, states=states)

    async def _bound(self, projector: Projector) -> int:
        """Tell how far *projector* may go: to the head, but not beyond what it depends on."""
        bound = await self._store.head()
        async with self._store.connect() as connection:
            for each in projector.depends_on:
                found = await read_checkpoints(connection, each.name)
                bound = min(bound, *(at.sequence for at in found)) if found else 0
        return bound

    def _find(self, projection: str | type[Projector]) -> Projector:
        name = projection if isinstance(projection, str) else projection.name
        for projector in self._projectors:
            if projector.name == name:
                return projector
        raise UnknownProjectionError(name, [each.name for each in self._projectors])

    def _refuse_broken(self, projector: Projector) -> None:
        broken = self._broken.get(projector.name)
        if broken is not None:
            raise broken

    def _troubles_of(self, projector: Projector) -> dict[str, str]:
        names = [part.name for part in partitions_of(projector)]
        troubles = self._live.troubles
        return {name: str(troubles[name]) for name in names if name in troubles}
