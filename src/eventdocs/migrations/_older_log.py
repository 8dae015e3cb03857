"""An older event log: taken over into an empty one, compared, and given back what came since."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import attrs
from sqlalchemy import JSON, DateTime, String, Text, Uuid, cast, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from eventdocs.backends import (
    BulkEvent,
    BulkStore,
    bulk_lane,
    engine_for,
    errors_translated,
    label_for,
)
from eventdocs.errors import ConfigurationError, OlderLogError
from eventdocs.migrations._older_rows import (
    TAKEN_OVER,
    OlderTables,
    StreamOf,
    find_tables,
    read_events,
    stream_of_aggregate,
)
from eventdocs.store import EventStore, RawEvent

_BATCH: Final = 2_000


@attrs.frozen(kw_only=True)
class TakenOver:
    """What has come from an older event log.

    Attributes:
        events: How many events.
        streams: How many streams they belong to.
        documents: How many documents its read models knew: one event more for each.
    """

    events: int
    streams: int
    documents: int


async def take_over(
    store: EventStore,
    source: AsyncEngine | str,
    *,
    schema: str | None = None,
    stream_of: StreamOf = stream_of_aggregate,
) -> TakenOver:
    """Record what the tables of an older event log hold, all of it or nothing.

    Its table `events` has the columns aggregate_id, aggregate_type, event_type,
    event_version, payload, metadata and created_at; `document_views` and `semantic_ir` may
    stand beside it. Events come in the order of its column `sequence`, and keep that, if
    there is one without NULLs; otherwise in the order of time and version. Each document of
    its read models becomes an `OlderDocumentTakenOver`. When all is
    recorded, it is read back and compared, row for row. The older tables are read only.

    Let nobody write to the older tables meanwhile.

    Args:
        store: An empty log, which may stand in the same database.
        source: The database of the older tables.
        schema: Their PostgreSQL schema; None for the search path's.
        stream_of: Names the stream of an aggregate; its type and its id, by default.

    Raises:
        OlderLogError: The tables have another shape, a row cannot be an event, or the log
            is not empty: nothing was recorded. Or what was read back differs.
        ConfigurationError: The store was not opened by `open_store`.
    """
    if not isinstance(store, BulkStore):
        raise ConfigurationError(["a log is taken over into a store that `open_store` has opened"])
    streams: set[str] = set()
    documents = events = 0
    async with _reading(source, schema, stream_of) as (older, tables), store.begin() as tx:
        lane = bulk_lane(tx, store.database)
        await lane.lock()
        if await lane.last() is not None:
            raise OlderLogError(store.database, ["the log is not empty; take over into a new one"])
        async for batch in _batches(read_events(older, tables)):
            await lane.record(store.bulk_rows(batch), behind=0)
            events += sum(each.type != TAKEN_OVER for each in batch)
            documents += sum(each.type == TAKEN_OVER for each in batch)
            streams |= {each.stream for each in batch if each.type != TAKEN_OVER}
    differences = await compare_older(store, source, schema=schema, stream_of=stream_of)
    if differences:
        raise OlderLogError(store.database, differences)
    return TakenOver(events=events, streams=len(streams), documents=documents)


async def compare_older(
    store: EventStore,
    source: AsyncEngine | str,
    *,
    schema: str | None = None,
    stream_of: StreamOf = stream_of_aggregate,
) -> list[str]:
    """Compare a log with the tables of the older one, before anything is given back to them.

    Args:
        store: The log. What it holds beyond the older tables is not judged.
        source: The database of the older tables.
        schema: Their PostgreSQL schema; None for the search path's.
        stream_of: As for `take_over`.

    Returns:
        The first differences in number, order or content, one sentence each; none if all
        is there, in order.
    """
    async with _reading(source, schema, stream_of) as (older, tables):
        return await _differences(older, tables, store)


async def give_back(
    store: EventStore,
    source: AsyncEngine | str,
    *,
    schema: str | None = None,
    stream_of: StreamOf = stream_of_aggregate,
) -> int:
    """Write to the tables of the older log what was appended since it was taken over.

    That is the way back: the older application goes on where this one has ended. Events of
    streams that have no aggregate there are written under their category and the rest of
    their name. Repeating the call writes what has come since the last one.

    Args:
        store: The log. Let nobody append meanwhile.
        source: The database of the older tables.
        schema: Their PostgreSQL schema; None for the search path's.
        stream_of: As for `take_over`.

    Returns:
        How many events were written.

    Raises:
        OlderLogError: The log has not taken over these tables, or they have changed since.
    """
    async with _reading(source, schema, stream_of) as (older, tables):
        differences = await _differences(older, tables, store, is_partial=True)
        if differences:
            raise OlderLogError(tables.database, differences)
        known = {(each.stream, each.version) async for each in read_events(older, tables)}
        aggregates = {
            stream_of(row[0], row[1]): (row[0], row[1])
            for row in await older.execute(
                select(
                    cast(tables.events.c.aggregate_type, Text),
                    cast(tables.events.c.aggregate_id, Text),
                ).distinct()
            )
        }
        written = 0
        async for recorded in store.read_all():
            raw = recorded.raw
            if (raw.stream, raw.version) in known or raw.type == TAKEN_OVER:
                continue
            category, _, rest = raw.stream.partition("-")
            aggregate = aggregates.get(raw.stream, (category, rest))
            await older.execute(insert(tables.events).values(_older_row(raw, aggregate, tables)))
            written += 1
        await older.commit()
    return written


@asynccontextmanager
async def _reading(
    source: AsyncEngine | str, schema: str | None, stream_of: StreamOf
) -> AsyncGenerator[tuple[AsyncConnection, OlderTables]]:
    engine = engine_for(source) if isinstance(source, str) else source
    try:
        file = engine.url.database if engine.dialect.name == "sqlite" else None
        if file and file != ":memory:" and not await asyncio.to_thread(Path(file).exists):
            raise OlderLogError(label_for(engine.url), ["there is no such file"])
        with errors_translated(engine.url):
            async with engine.connect() as connection:
                tables = await connection.run_sync(
                    find_tables, schema, stream_of, label_for(engine.url)
                )
                yield connection, tables
    finally:
        if isinstance(source, str):
            await engine.dispose()


async def _batches(events: AsyncIterator[BulkEvent]) -> AsyncGenerator[list[BulkEvent]]:
    batch: list[BulkEvent] = []
    async for each in events:
        batch.append(each)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


async def _differences(
    older: AsyncConnection, tables: OlderTables, store: EventStore, *, is_partial: bool = False
) -> list[str]:
    """Read both in order, side by side, up to the first event that differs."""
    log = aiter(store.read_all())
    count = 0
    async for expected in read_events(older, tables):
        if expected.type == TAKEN_OVER and is_partial:
            break
        found = await anext(log, None)
        if found is None:
            return [f"the log ends after {count} events, before the older one does"]
        if is_partial and found.raw.type == TAKEN_OVER:
            break
        count += 1
        reason = _difference(expected, found.raw, is_partial=is_partial)
        if reason is not None:
            where = f"event {count} of the older log, version {expected.version} of "
            return [f"{where}{expected.stream}, differs in its {reason}"]
    return []


def _difference(expected: BulkEvent, found: RawEvent, *, is_partial: bool) -> str | None:
    there = BulkEvent.of(found)
    # Tables without ids and sequences have not kept those of what was given back to them.
    own: tuple[str, ...] = () if is_partial else ("sequence", "id")
    for name in ("stream", "version", "type", *own):
        if getattr(expected, name) != getattr(there, name):
            return name
    if json.loads(expected.payload) != json.loads(there.payload):
        return "payload"
    if json.loads(expected.metadata) != json.loads(there.metadata):
        return "metadata"
    if expected.type != TAKEN_OVER and expected.recorded_at != there.recorded_at:
        return "time"
    return None


def _older_row(raw: RawEvent, aggregate: tuple[str, str], tables: OlderTables) -> dict[str, Any]:
    """Write an event as a row of the older table, in the types that its columns have."""
    facts: dict[str, Any] = {
        "aggregate_type": aggregate[0],
        "aggregate_id": aggregate[1],
        "event_type": raw.type,
        "event_version": raw.version,
        "payload": raw.payload.decode(),
        "metadata": raw.metadata.decode(),
        "created_at": raw.recorded_at,
    }
    columns = tables.events.c
    for name in ("id", "event_id"):
        if name in columns and isinstance(columns[name].type, Uuid | String):
            facts[name] = str(raw.id)
    if tables.has_sequence:
        facts["sequence"] = raw.sequence
    for name, value in facts.items():
        kind = columns[name].type
        if isinstance(kind, JSON):
            facts[name] = json.loads(value)
        elif isinstance(kind, Uuid):
            facts[name] = UUID(value) if kind.as_uuid else value
        elif name == "created_at":
            is_aware = isinstance(kind, DateTime) and kind.timezone
            naive = raw.recorded_at.replace(tzinfo=None)
            if isinstance(kind, DateTime):
                facts[name] = raw.recorded_at if is_aware else naive
            else:
                facts[name] = raw.recorded_at.isoformat(timespec="microseconds")
    return facts
