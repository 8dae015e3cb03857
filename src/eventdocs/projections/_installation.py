"""Installation: a projector's tables and its first checkpoint, made where they are missing."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs
from sqlalchemy import Connection, Table, exists, inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import ProjectorDefinitionError, StaleProjectionError
from eventdocs.projections._check import compare
from eventdocs.projections._checkpoints import (
    Checkpoint,
    ProjectionState,
    create_checkpoint,
    least,
    read_checkpoints,
    write_checkpoint,
)
from eventdocs.projections._dead_letters import describe
from eventdocs.projections._division import divide, is_divided_by
from eventdocs.projections._fingerprint import fingerprint_of
from eventdocs.projections._partitions import Partition, partitions_of
from eventdocs.projections._projector import Projector
from eventdocs.projections._tables import projections
from eventdocs.store import EventStore

_logger: Final = logging.getLogger("eventdocs.projections")


@attrs.frozen(kw_only=True)
class _Found:
    checkpoints: Sequence[Checkpoint]
    missing: Sequence[Table]
    filled: Sequence[Table]

    @property
    def checkpoint(self) -> Checkpoint | None:
        return least(self.checkpoints)

    @property
    def is_unbegun(self) -> bool:
        return all(at.event_id is None for at in self.checkpoints)


def first_checkpoint(
    projector: Projector, store: EventStore, *, partition: Partition | None = None
) -> Checkpoint:
    """Say where a projection, or one partition of it, stands that has not seen any event."""
    return Checkpoint(
        projection=partition.name if partition else projector.name,
        version=projector.version,
        store_id=store.store_id,
        sequence=0,
        event_id=None,
        state=ProjectionState.RUNNING,
        fingerprint=fingerprint_of(type(projector), store.registry),
    )


async def install(
    store: EventStore, projectors: Iterable[Projector], *, create_tables: bool
) -> dict[str, StaleProjectionError]:
    """Make what is missing, and return what only a rebuild can mend, by projection.

    Args:
        store: Whose database holds the tables.
        projectors: In the order of their dependencies.
        create_tables: Create the missing tables of projections that were never begun.

    Raises:
        ProjectorDefinitionError: A table cannot be created.
    """
    broken: dict[str, StaleProjectionError] = {}
    for projector in projectors:
        async with store.connect() as connection:
            found = await _look(connection, projector)
        reason = _beyond_repair(found, create_tables=create_tables)
        if reason is None and found.checkpoints and not is_divided_by(projector, found.checkpoints):
            async with store.begin() as tx:
                reason = await divide(tx, projector)
            async with store.connect() as connection:
                found = await _look(connection, projector)
        if reason is not None:
            built = found.checkpoint.version if found.checkpoint else 0
            broken[projector.name] = StaleProjectionError(
                projector.name, built, projector.version, reason
            )
        elif not _is_complete(found, projector, store):
            async with store.begin() as tx:
                await _take_turns(tx)
                await _make(tx, store, projector)
        _report(found, projector, store)
    return broken


def _report(found: _Found, projector: Projector, store: EventStore) -> None:
    """Log that something else than the code as it is now has built the read model."""
    if found.is_unbegun:
        return
    seen = compare(store, projector, found.checkpoint)
    if not seen.is_current:
        _logger.warning(
            "eventdocs.projection.stale",
            extra={
                "projection": seen.projection,
                "built": seen.built,
                "version": seen.version,
                "changed": seen.changed,
            },
        )


async def _look(connection: AsyncConnection, projector: Projector) -> _Found:
    checkpoints = await read_checkpoints(connection, projector.name)
    existing = await connection.run_sync(_existing, projector.tables)
    filled = [
        table
        for table in existing
        if not checkpoints and await connection.scalar(select(exists(select(1).select_from(table))))
    ]
    return _Found(
        checkpoints=checkpoints,
        missing=[table for table in projector.tables if table not in existing],
        filled=filled,
    )


def _existing(connection: Connection, tables: Sequence[Table]) -> list[Table]:
    inspector = inspect(connection)
    schema = schema_of(connection)
    return [table for table in tables if inspector.has_table(table.name, schema=schema)]


def schema_of(connection: Connection) -> str | None:
    """Tell the schema that *connection* puts in place of none."""
    translations: Mapping[str | None, str | None] | None
    translations = connection.get_execution_options().get("schema_translate_map")
    return translations.get(None) if translations else None


def _is_complete(found: _Found, projector: Projector, store: EventStore) -> bool:
    if found.checkpoint is None or found.missing:
        return False
    return not found.is_unbegun or (
        found.checkpoint.version == projector.version
        and found.checkpoint.fingerprint == fingerprint_of(type(projector), store.registry)
    )


def _beyond_repair(found: _Found, *, create_tables: bool) -> str | None:
    if found.filled:
        return f"table {found.filled[0].name} has rows, and no record says of which events"
    if found.missing and not (found.is_unbegun and create_tables):
        return f"table {found.missing[0].name} is missing"
    return None


async def _take_turns(tx: AsyncConnection) -> None:
    # Two processes that create one table at once would fail on PostgreSQL's catalogue.
    if tx.dialect.name == "postgresql":
        await tx.run_sync(
            lambda connection: connection.exec_driver_sql(
                f"LOCK TABLE {qualified(connection, projections)} IN SHARE ROW EXCLUSIVE MODE"
            )
        )


def qualified(connection: Connection, table: Table) -> str:
    """Write the name of *table* as *connection* means it."""
    preparer = connection.dialect.identifier_preparer
    schema = schema_of(connection)
    name = preparer.quote(table.name)
    return name if schema is None else f"{preparer.quote_schema(schema)}.{name}"


async def _make(tx: AsyncConnection, store: EventStore, projector: Projector) -> None:
    found = await _look(tx, projector)
    if not found.is_unbegun:
        return
    try:
        for metadata in {table.metadata for table in found.missing}:
            mine = [table for table in found.missing if table.metadata is metadata]
            await tx.run_sync(metadata.create_all, tables=mine)
    except SQLAlchemyError as error:
        raise ProjectorDefinitionError(
            projector.name, f"its tables cannot be created: {describe(error)}"
        ) from error
    known = {at.projection: at for at in found.checkpoints}
    for partition in partitions_of(projector):
        first = first_checkpoint(projector, store, partition=partition)
        if partition.name not in known:
            await create_checkpoint(tx, first)
        else:
            at = known[partition.name]
            await write_checkpoint(tx, attrs.evolve(first, state=at.state, token=at.token))
