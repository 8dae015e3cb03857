"""Verify: whether a read model holds what the log says, row by row."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import attrs
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.projections._checkpoints import (
    check_checkpoint,
    create_checkpoint,
    read_checkpoint,
)
from eventdocs.projections._comparison import Comparison, Difference
from eventdocs.projections._dead_letters import OPEN, DeadLetterState, read_dead_letters
from eventdocs.projections._installation import first_checkpoint
from eventdocs.projections._projection import Conditions, Projection
from eventdocs.projections._projector import FailurePolicy, Projector
from eventdocs.projections._shadow import Scratch
from eventdocs.projections._shadow_postgres import postgres_scratch
from eventdocs.projections._shadow_sqlite import sqlite_scratch
from eventdocs.projections._status import check_log
from eventdocs.store import EventStore, RecordedEvent


@attrs.frozen(kw_only=True)
class VerificationReport:
    """What came of comparing a read model with the log.

    Attributes:
        projection: What was verified.
        sequence: The event up to which both were compared.
        rows: How many rows of the read model were compared.
        difference: The first difference; None if there is none.
    """

    projection: str
    sequence: int
    rows: int
    difference: Difference | None

    @property
    def is_equal(self) -> bool:
        """Whether the read model holds exactly what the log says."""
        return self.difference is None


async def verify(
    store: EventStore, projector: Projector, *, conditions: Conditions
) -> VerificationReport:
    """Compute a read model anew up to its checkpoint, and compare.

    All of it happens in one transaction on a snapshot, which is undone at the end: the
    live projection goes on meanwhile, and nothing remains, whatever interrupts it.

    Raises:
        ProjectionStoppedError: An event that the live projection has applied fails now.
        StaleProjectionError: Another version of the projector built the read model.
        StoreRewoundError: The log does not hold the event of the checkpoint.
    """
    name = projector.name
    async with await _scratch_of(store) as scratch:
        found = await read_checkpoint(scratch.tx, name)
        at = check_checkpoint(found, projector, store.store_id)
        await check_log(store, at)
        states = [*OPEN, DeadLetterState.SKIPPED]
        letters = await read_dead_letters(scratch.tx, name, states=states)
        by_hand = await read_dead_letters(scratch.tx, name, states=[DeadLetterState.RESOLVED])
        await scratch.create(projector.tables)
        await create_checkpoint(scratch.tx, first_checkpoint(projector, store))
        projection = Projection(
            store,
            projector,
            begin=lambda: _nested(scratch.tx),
            conditions=attrs.evolve(
                conditions,
                left_out=_among(frozenset(letter.sequence for letter in letters)),
                policies={letter.sequence: FailurePolicy.SKIP for letter in by_hand},
                side_effects=False,
            ),
        )
        while await projection.advance(at.sequence):
            pass
        rows = 0
        for table in projector.tables:
            comparison = Comparison(scratch.tx, table, live=scratch.live, fresh=scratch.fresh)
            difference = await comparison.first_difference()
            rows += comparison.rows
            if difference is not None:
                break
        else:
            difference = None
    return VerificationReport(
        projection=name, sequence=at.sequence, rows=rows, difference=difference
    )


def _among(sequences: frozenset[int]) -> Callable[[RecordedEvent[Any]], bool]:
    return lambda event: event.sequence in sequences


async def _scratch_of(store: EventStore) -> AbstractAsyncContextManager[Scratch]:
    async with store.connect() as connection:
        dialect = connection.dialect.name
    return postgres_scratch(store) if dialect == "postgresql" else sqlite_scratch(store)


@asynccontextmanager
async def _nested(tx: AsyncConnection) -> AsyncGenerator[AsyncConnection]:
    async with tx.begin_nested():
        yield tx
