"""Verify: whether a read model holds what the log says, row by row."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import attrs
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import ConfigurationError
from eventdocs.projections._checkpoints import (
    check_checkpoints,
    check_log,
    create_checkpoint,
    read_checkpoints,
)
from eventdocs.projections._comparison import Comparison, Difference
from eventdocs.projections._dead_letters import OPEN, DeadLetterState, read_dead_letters
from eventdocs.projections._installation import first_checkpoint
from eventdocs.projections._partitions import home_of
from eventdocs.projections._projection import Conditions, Projection
from eventdocs.projections._projector import FailurePolicy, Projector
from eventdocs.projections._sample import Sample
from eventdocs.projections._shadow import Scratch
from eventdocs.projections._shadow_postgres import postgres_scratch
from eventdocs.projections._shadow_sqlite import sqlite_scratch
from eventdocs.store import EventStore, RecordedEvent


@attrs.frozen(kw_only=True)
class VerificationReport:
    """What came of comparing a read model with the log.

    Attributes:
        projection: What was verified.
        sequence: The event up to which both were compared. Where the projection is divided,
            it is that of the partition that is furthest behind: of each one, what it has
            applied counts.
        rows: How many rows of the read model were compared.
        difference: The first difference; None if there is none.
        sample: Which streams were looked at; None if all were.
        streams: How many streams of the sample have events that the projector handles;
            None if all were looked at.
    """

    projection: str
    sequence: int
    rows: int
    difference: Difference | None
    sample: Sample | None = None
    streams: int | None = None

    @property
    def is_equal(self) -> bool:
        """Whether what was compared is exactly what the log says."""
        return self.difference is None


async def verify(
    store: EventStore, projector: Projector, *, conditions: Conditions, sample: Sample | None = None
) -> VerificationReport:
    """Compute a read model anew up to its checkpoint, and compare.

    With a *sample*, only the events of its streams are applied, and only the rows that come
    of them compared.

    All of it happens in one transaction on a snapshot, which is undone at the end: the
    live projection goes on meanwhile, and nothing remains, whatever interrupts it.

    Raises:
        ConfigurationError: A sample makes no sense, because rows come from several streams.
        ProjectionStoppedError: An event that the live projection has applied fails now.
        StaleProjectionError: Another version of the projector built the read model.
        StoreRewoundError: The log does not hold the event of the checkpoint.
    """
    name = projector.name
    if sample is not None and not projector.is_per_stream:
        problem = (
            f"projection {name!r} cannot be verified by a sample: its rows may come from several "
            "streams at once; if each comes from one, set is_per_stream = True on its projector"
        )
        raise ConfigurationError([problem])
    choice = _Choice(projector, sample)
    async with await _scratch_of(store) as scratch:
        found = await read_checkpoints(scratch.tx, name)
        places = {at.projection: at for at in check_checkpoints(found, projector, store.store_id)}
        for at in places.values():
            await check_log(store, at)
        choice.reached = {name: at.sequence for name, at in places.items()}
        furthest = max(choice.reached.values())
        states = [*OPEN, DeadLetterState.SKIPPED]
        letters = await read_dead_letters(scratch.tx, [*places], states=states)
        choice.set_aside = frozenset(letter.sequence for letter in letters)
        by_hand = await read_dead_letters(scratch.tx, [*places], states=[DeadLetterState.RESOLVED])
        await scratch.create(projector.tables)
        await create_checkpoint(scratch.tx, first_checkpoint(projector, store))
        projection = Projection(
            store,
            projector,
            begin=lambda: _nested(scratch.tx),
            conditions=attrs.evolve(
                conditions,
                left_out=choice.leaves_out,
                counts=choice.counts if len(places) > 1 else None,
                policies={letter.sequence: FailurePolicy.SKIP for letter in by_hand},
                side_effects=False,
            ),
        )
        while await projection.advance(furthest):
            pass
        rows = 0
        for table in projector.tables:
            comparison = Comparison(scratch.tx, table, live=scratch.live, fresh=scratch.fresh)
            difference = await (
                comparison.first_difference()
                if sample is None
                else comparison.first_difference_in_sample()
            )
            rows += comparison.rows
            if difference is not None:
                break
        else:
            difference = None
    return VerificationReport(
        projection=name,
        sequence=min(at.sequence for at in places.values()),
        rows=rows,
        difference=difference,
        sample=sample,
        streams=None if sample is None else len(choice.streams),
    )


class _Choice:
    """Which events are applied: those of the sample that count and were not set aside."""

    def __init__(self, projector: Projector, sample: Sample | None) -> None:
        self.reached: Mapping[str, int] = {}
        self._projector = projector
        self.set_aside: frozenset[int] = frozenset()
        self.streams: set[str] = set()
        self._sample = sample

    def counts(self, key: str, event: RecordedEvent[Any]) -> bool:
        """Tell whether the partition to which an event belongs has come to it."""
        return event.sequence <= self.reached[home_of(key, self._projector).name]

    def leaves_out(self, event: RecordedEvent[Any]) -> bool:
        if self._sample is not None:
            if not self._sample.includes(event.stream):
                return True
            self.streams.add(event.stream)
        return event.sequence in self.set_aside


async def _scratch_of(store: EventStore) -> AbstractAsyncContextManager[Scratch]:
    async with store.connect() as connection:
        dialect = connection.dialect.name
    return postgres_scratch(store) if dialect == "postgresql" else sqlite_scratch(store)


@asynccontextmanager
async def _nested(tx: AsyncConnection) -> AsyncGenerator[AsyncConnection]:
    async with tx.begin_nested():
        yield tx
