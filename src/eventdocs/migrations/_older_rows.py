"""Rows of an older event log: what its tables hold, in the order in which it happened."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias
from typing import cast as cast_type
from uuid import UUID, uuid5

import attrs
import orjson
from sqlalchemy import Connection, MetaData, Select, Table, Text, cast, func, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.backends import BulkEvent
from eventdocs.errors import OlderLogError
from eventdocs.store import check_stream_name, event

StreamOf: TypeAlias = Callable[[str, str], str]
"""Names the stream of an aggregate from its type and its id."""

TAKEN_OVER: Final = "OlderDocumentTakenOver"

_IDS: Final = UUID("0b9a2c53-6d0f-5c7e-9a52-2f0d7a1f6f0e")
_COLUMNS: Final = (
    *("aggregate_id", "aggregate_type", "event_type", "event_version"),
    *("payload", "metadata", "created_at"),
)
_LONGEST_CORRELATION: Final = 128


@event(TAKEN_OVER, version=1)
@attrs.frozen(kw_only=True)
class OlderDocumentTakenOver:
    """The read models of an older event log held this about a document when it was taken over.

    Attributes:
        document_id: Its id there.
        document: Its row of `document_views`; None if there was none.
        semantic_ir: Its rows of `semantic_ir`.
    """

    document_id: str
    document: dict[str, Any] | None
    semantic_ir: list[dict[str, Any]]


@attrs.frozen(kw_only=True)
class OlderTables:
    """The tables of an older event log.

    Attributes:
        events: Its events.
        document_views: Whether it has that read model.
        semantic_ir: Whether it has that read model.
        has_sequence: Whether its events have a sequence, all of them.
        stream_of: Names the stream of an aggregate.
        database: What errors call the database.
    """

    events: Table
    document_views: Table | None
    semantic_ir: Table | None
    has_sequence: bool
    stream_of: StreamOf
    database: str


def stream_of_aggregate(aggregate_type: str, aggregate_id: str) -> str:
    """Name the stream of an aggregate: its type is the category."""
    return f"{aggregate_type.replace('-', '_')}-{aggregate_id}"


def find_tables(
    connection: Connection, schema: str | None, stream_of: StreamOf, database: str
) -> OlderTables:
    """Look at the tables of an older event log.

    Raises:
        OlderLogError: They have another shape, or their order contradicts itself.
    """
    metadata = MetaData()
    present = set(inspect(connection).get_table_names(schema))
    if "events" not in present:
        raise OlderLogError(database, ["there is no table events"])
    tables = {
        name: Table(name, metadata, schema=schema, autoload_with=connection, resolve_fks=False)
        for name in ("events", "document_views", "semantic_ir")
        if name in present
    }
    events = tables["events"]
    missing = [name for name in _COLUMNS if name not in events.c]
    if missing:
        raise OlderLogError(database, [f"table events has no column {name}" for name in missing])
    has_sequence = "sequence" in events.c and not connection.scalar(
        select(func.count()).where(events.c.sequence.is_(None)).select_from(events)
    )
    found = OlderTables(
        events=events,
        document_views=tables.get("document_views"),
        semantic_ir=tables.get("semantic_ir"),
        has_sequence=has_sequence,
        stream_of=stream_of,
        database=database,
    )
    _check_order(connection, found)
    return found


def _check_order(connection: Connection, tables: OlderTables) -> None:
    """Refuse two events of one aggregate of which nobody can tell which came first."""
    t = tables.events
    order = [t.c.sequence] if tables.has_sequence else [t.c.event_version]
    before = func.lag(t.c.sequence if tables.has_sequence else t.c.event_version).over(
        partition_by=[t.c.aggregate_type, t.c.aggregate_id], order_by=[t.c.event_version]
    )
    steps = select(
        t.c.aggregate_type,
        t.c.aggregate_id,
        t.c.event_version,
        order[0].label("place"),
        before.label("before"),
        func.lag(t.c.event_version)
        .over(partition_by=[t.c.aggregate_type, t.c.aggregate_id], order_by=[t.c.event_version])
        .label("version_before"),
    ).subquery()
    wrong = connection.execute(
        select(steps.c.aggregate_type, steps.c.aggregate_id, steps.c.event_version)
        .where(
            (steps.c.place <= steps.c.before) | (steps.c.event_version == steps.c.version_before)
        )
        .limit(5)
    ).all()
    if wrong:
        raise OlderLogError(
            tables.database,
            [
                f"event_version {row[2]} of {row[0]} {row[1]} occurs twice, or out of order"
                for row in wrong
            ],
        )


async def read_events(
    connection: AsyncConnection, tables: OlderTables
) -> AsyncGenerator[BulkEvent]:
    """Give its events as the log is to hold them, then one for each document of its read models.

    Raises:
        OlderLogError: A row cannot be an event.
    """
    versions: dict[str, int] = {}
    last = 0
    async with connection.stream(_in_order(tables, connection.dialect.name)) as result:
        async for row in result.mappings():
            last = row["sequence"] if tables.has_sequence else last + 1
            yield _event(row, last, versions, tables)
    recorded_at = datetime.now(UTC)
    async for document_id, text_ in _documents(connection, tables):
        last += 1
        yield _bulk_event(
            tables,
            sequence=last,
            stream=f"older_document-{document_id}",
            version=1,
            id_=uuid5(_IDS, f"document {document_id}"),
            type_=TAKEN_OVER,
            payload=text_,
            metadata="{}",
            recorded_at=recorded_at,
        )


def _in_order(tables: OlderTables, dialect: str) -> Select[Any]:
    """Select the events in the order of their sequence, or of time and version.

    A clock that went back may not put an event before one of the same aggregate that it
    follows: each counts from the latest time that its aggregate has seen.
    """
    t = tables.events
    key = "id" if "id" in t.c else "event_id" if "event_id" in t.c else None
    happened = func.max(t.c.created_at).over(
        partition_by=[t.c.aggregate_type, t.c.aggregate_id], order_by=[t.c.event_version]
    )
    place = t.c.sequence if tables.has_sequence else t.c.event_version
    chosen = select(
        place.label("sequence"),
        cast(t.c.aggregate_type, Text).label("aggregate_type"),
        cast(t.c.aggregate_id, Text).label("aggregate_id"),
        cast(t.c.event_type, Text).label("event_type"),
        t.c.event_version,
        cast(t.c.payload, Text).label("payload"),
        cast(t.c.metadata, Text).label("metadata"),
        (t.c.created_at if dialect == "postgresql" else cast(t.c.created_at, Text)).label(
            "created_at"
        ),
        *([] if key is None else [cast(t.c[key], Text).label("id")]),
    )
    if tables.has_sequence:
        return chosen.order_by(t.c.sequence)
    return chosen.order_by(
        happened,
        t.c.event_version,
        cast(t.c.aggregate_type, Text),
        cast(t.c.aggregate_id, Text),
    )


def _event(row: Any, sequence: int, versions: dict[str, int], tables: OlderTables) -> BulkEvent:
    stream = check_stream_name(tables.stream_of(row["aggregate_type"], row["aggregate_id"]))
    versions[stream] = version = versions.get(stream, 0) + 1
    try:
        id_ = UUID(row["id"])
    except (KeyError, TypeError, ValueError):
        name = f"{row['aggregate_type']} {row['aggregate_id']} {row['event_version']}"
        id_ = uuid5(_IDS, f"event {name}")
    return _bulk_event(
        tables,
        sequence=sequence,
        stream=stream,
        version=version,
        id_=id_,
        type_=row["event_type"],
        payload=row["payload"],
        metadata=row["metadata"] or "{}",
        recorded_at=_aware(row["created_at"], tables.database),
    )


def _bulk_event(
    tables: OlderTables,
    *,
    sequence: int,
    stream: str,
    version: int,
    id_: UUID,
    type_: str,
    payload: str,
    metadata: str,
    recorded_at: datetime,
) -> BulkEvent:
    try:
        data, known = _read_object(payload), _read_object(metadata)
    except ValueError as error:
        where = f"version {version} of {stream}"
        raise OlderLogError(tables.database, [f"{where}: {error}"]) from error
    correlation_id, causation_id = known.get("correlation_id"), known.get("causation_id")
    try:
        causation = None if causation_id is None else str(UUID(causation_id))
    except (AttributeError, TypeError, ValueError):
        causation = None
    is_fit = isinstance(correlation_id, str) and 0 < len(correlation_id) <= _LONGEST_CORRELATION
    return BulkEvent(
        sequence=sequence,
        stream=stream,
        version=version,
        id=str(id_),
        type=type_,
        schema_version=1,
        payload=orjson.dumps(data, option=orjson.OPT_SORT_KEYS),
        metadata=orjson.dumps(known, option=orjson.OPT_SORT_KEYS),
        correlation_id=correlation_id if is_fit else None,
        causation_id=causation,
        recorded_at=recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
    )


def _read_object(written: str) -> dict[str, Any]:
    """Read a JSON object that the log can hold without a loss."""
    read: Any = orjson.loads(written)
    if not isinstance(read, dict):
        raise ValueError("it is no JSON object")  # noqa: TRY004 - as orjson's own
    if "\\u0000" in written:
        raise ValueError("it holds U+0000, which PostgreSQL does not")
    if json.loads(written) != read:
        raise ValueError("it holds a number of more than 64 bits")
    return cast_type("dict[str, Any]", read)


def _aware(written: datetime | str, database: str) -> datetime:
    try:
        time = datetime.fromisoformat(written) if isinstance(written, str) else written
    except ValueError:
        raise OlderLogError(database, [f"created_at {written!r} is no time"]) from None
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


# ---- read models


async def _documents(
    connection: AsyncConnection, tables: OlderTables
) -> AsyncGenerator[tuple[str, str]]:
    views, entities = tables.document_views, tables.semantic_ir
    ids: set[str] = set()
    if views is not None:
        key = "document_id" if "document_id" in views.c else "id"
        ids |= {str(each) for each in await connection.scalars(select(cast(views.c[key], Text)))}
    if entities is not None:
        chosen = select(cast(entities.c.document_id, Text)).distinct()
        ids |= {str(each) for each in await connection.scalars(chosen)}
    for document_id in sorted(ids):
        rows = await _as_json(connection, views, document_id)
        meanings = await _as_json(connection, entities, document_id)
        yield (
            document_id,
            '{"document_id":'
            + orjson.dumps(document_id).decode()
            + f',"document":{rows[0] if rows else "null"},"semantic_ir":[{",".join(meanings)}]}}',
        )


async def _as_json(connection: AsyncConnection, table: Table | None, document_id: str) -> list[str]:
    """Have the database write a document's rows as JSON, whatever columns they have."""
    if table is None:
        return []
    quote = connection.dialect.identifier_preparer.quote
    name = connection.dialect.identifier_preparer.format_table(table)
    key = "document_id" if "document_id" in table.c else "id"
    if connection.dialect.name == "postgresql":
        written = "to_jsonb(each)"
    else:
        fields = ", ".join(
            f"'{column.name}', CASE typeof({quote(column.name)}) WHEN 'blob' "
            f"THEN hex({quote(column.name)}) ELSE {quote(column.name)} END"
            for column in table.columns
        )
        written = f"json_object({fields})"
    order = "id" if "id" in table.c else key
    found = await connection.scalars(
        text(
            f"SELECT CAST({written} AS text) FROM {name} AS each "  # noqa: S608 - reflected names
            f"WHERE CAST({quote(key)} AS text) = :id ORDER BY {quote(order)}"
        ),
        {"id": document_id},
    )
    return [str(each) for each in found]
