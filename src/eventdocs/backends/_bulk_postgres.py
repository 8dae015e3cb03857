"""Bulk recording on PostgreSQL: COPY, under a lock that keeps appenders away."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs.backends._bulk import BulkEvent, BulkLane, BulkRows
from eventdocs.backends._postgres_errors import translated
from eventdocs.backends._postgres_sql import Row, from_file
from eventdocs.store import category_of, digest_of_event

_COPY_SECONDS: Final = 60.0
_LAST_PLACE: Final = 2**63 - 1
_COLUMNS: Final = (
    "sequence",
    "stream",
    "version",
    "category",
    "id",
    "type",
    "schema_version",
    "data",
    "digest",
    "metadata",
    "correlation_id",
    "causation_id",
    "recorded_at",
)
_NULL: Final = "\\N"
_ESCAPES: Final = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class PostgresBulkLane(BulkLane):
    """Copies into the table of events, in the order that keeps the watermark true.

    The floor that the append function holds while it records is held here as well, and at
    the same place: at the last event before those that are coming. Only then is the log's
    sequence moved, which everybody sees at once, and only then are the events written. A
    transaction that fails after that leaves a hole in the sequence, as any append may.
    """

    def __init__(self, tx: AsyncConnection, database: str) -> None:
        self._tx = tx
        self._database = database
        options: Mapping[str, Any] = tx.sync_engine.get_execution_options()
        self._schema: str | None = options.get("schema_translate_map", {}).get(None)

    @override
    async def lock(self) -> None:
        # The append function begins by inserting into the table of streams, whether or not
        # one is missing: whoever holds this lock on it is alone, and whoever has drawn a
        # sequence before has ended by then.
        for name in ("bulk_patience", "bulk_lock"):
            await self._run(name)

    @override
    async def last(self, *, until: int | None = None) -> tuple[int, UUID] | None:
        found = await self._rows("bulk_last", until=_LAST_PLACE if until is None else until)
        return (found[0][0], UUID(str(found[0][1]))) if found else None

    @override
    async def versions(self, streams: Iterable[str]) -> Mapping[str, int]:
        found = await self._rows("bulk_versions", streams=list(streams))
        return {row[0]: row[1] for row in found}

    @override
    async def record(self, rows: BulkRows, *, behind: int) -> None:
        versions = rows.versions
        await self._run("bulk_floor", behind=behind)
        await self._run("bulk_sequence", last=rows.last)
        with translated(self._database):
            driver: Any = (await self._tx.get_raw_connection()).driver_connection
            await driver.copy_to_table(
                "eventdocs_events",
                schema_name=self._schema,
                source=io.BytesIO(rows.spelled),
                columns=_COLUMNS,
                format="text",
                timeout=_COPY_SECONDS,
            )
        await self._run("bulk_streams", streams=list(versions), versions=list(versions.values()))

    async def _run(self, name: str, **arguments: Any) -> None:
        with translated(self._database):
            await self._tx.execute(from_file(name, self._schema).clause, arguments)

    async def _rows(self, name: str, **arguments: Any) -> Sequence[Row]:
        with translated(self._database):
            return (await self._tx.execute(from_file(name, self._schema).clause, arguments)).all()


def bulk_rows(events: Sequence[BulkEvent]) -> BulkRows:
    """Spell events for COPY."""
    # As text: the driver's binary form would go through codecs, which a host may have set.
    return BulkRows.of(events, "".join(map(_line, events)).encode())


def _line(event: BulkEvent) -> str:
    stream, category = _stream_and_category(event.stream)
    digest = digest_of_event(event.type, event.schema_version, event.payload).hex()
    correlation_id = _NULL if event.correlation_id is None else _text(event.correlation_id)
    return (
        f"{event.sequence}\t{stream}\t{event.version}\t{category}\t{event.id}\t"
        f"{_type(event.type)}\t{event.schema_version}\t{_json(event.payload)}\t\\\\x{digest}\t"
        f"{_json(event.metadata)}\t{correlation_id}\t{event.causation_id or _NULL}\t"
        f"{event.recorded_at}\n"
    )


def _text(text: str) -> str:
    return text.translate(_ESCAPES)


# Names come again and again.
_type = functools.lru_cache(maxsize=1_000)(_text)


@functools.lru_cache(maxsize=10_000)
def _stream_and_category(stream: str) -> tuple[str, str]:
    return _text(stream), _text(category_of(stream))


def _json(text: bytes) -> str:
    return text.decode().replace("\\", "\\\\")  # no tab or line end stands unescaped in it
