"""Bulk recording: events that have their places already, many in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any, NamedTuple, Protocol, runtime_checkable
from uuid import UUID

import attrs
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import ConfigurationError
from eventdocs.store import RawEvent


class BulkEvent(NamedTuple):
    """An event with its place, spelled as it is written down; it is never decoded.

    Attributes:
        sequence: Place in the whole log.
        stream: The stream it belongs to.
        version: Place in the stream.
        id: Identity, as text with hyphens.
        type: The name of its type.
        schema_version: The version of the type's shape.
        payload: Canonical JSON.
        metadata: A canonical JSON object.
        correlation_id: What it belongs together with.
        causation_id: The event that caused it, as text with hyphens.
        recorded_at: ISO 8601 in UTC with microseconds: 32 characters.
    """

    sequence: int
    stream: str
    version: int
    id: str
    type: str
    schema_version: int
    payload: bytes
    metadata: bytes
    correlation_id: str | None
    causation_id: str | None
    recorded_at: str

    @classmethod
    def of(cls, raw: RawEvent) -> BulkEvent:
        """Spell a row of the log."""
        return cls(
            sequence=raw.sequence,
            stream=raw.stream,
            version=raw.version,
            id=str(raw.id),
            type=raw.type,
            schema_version=raw.schema_version,
            payload=raw.payload,
            metadata=raw.metadata,
            correlation_id=raw.correlation_id,
            causation_id=None if raw.causation_id is None else str(raw.causation_id),
            recorded_at=raw.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
        )


@attrs.frozen(kw_only=True)
class BulkRows:
    """Events as the lane of their database takes them.

    Attributes:
        last: The sequence of the last of them.
        versions: What versions their streams have behind them.
        spelled: The rows themselves, which only the lane understands.
    """

    last: int
    versions: Mapping[str, int]
    spelled: Any

    @classmethod
    def of(cls, events: Sequence[BulkEvent], spelled: Any) -> BulkRows:
        """Add to rows what the lane wants to know about their events."""
        return cls(
            last=events[-1].sequence,
            versions={event.stream: event.version for event in events},
            spelled=spelled,
        )


@runtime_checkable
class BulkStore(Protocol):
    """A store whose log can be filled from another one's."""

    def bulk_rows(self, events: Sequence[BulkEvent]) -> BulkRows:
        """Spell events for the lane of this store; any thread may do so.

        Args:
            events: At least one, in ascending order of their sequences, each the next of
                its stream.
        """
        ...

    def take_identity(self, store_id: UUID) -> None:
        """Go by the identity that the log was given in a transaction that has committed."""
        ...


class BulkLane(Protocol):
    """Records events in one transaction, past group commit and expectations.

    Readers keep their promise: nobody passes an event that becomes visible later.
    """

    async def lock(self) -> None:
        """Keep everybody else from appending until the transaction ends.

        It must be the transaction's first statement; what is read after it stays true.

        Raises:
            StoreBusyError: Others went on appending for too long.
        """
        ...

    async def last(self, *, until: int | None = None) -> tuple[int, UUID] | None:
        """Tell sequence and id of the log's last event, or of the last one up to *until*."""
        ...

    async def versions(self, streams: Iterable[str]) -> Mapping[str, int]:
        """Tell the versions of those of the *streams* that exist."""
        ...

    async def record(self, rows: BulkRows, *, behind: int) -> None:
        """Record events exactly as they are, and let later appends go on after them.

        Args:
            rows: What `BulkStore.bulk_rows` has made of them.
            behind: The sequence of the last event of the log before them; 0 if it is empty.

        Raises:
            StoreDamagedError: An id or a place is in the log already.
        """
        ...


def bulk_lane(tx: AsyncConnection, database: str) -> BulkLane:
    """Give the lane for a transaction that `EventStore.begin` has opened.

    Args:
        tx: The transaction; nothing may have been done in it.
        database: What errors call the database.
    """
    match tx.dialect.name:
        case "postgresql":
            from eventdocs.backends._bulk_postgres import PostgresBulkLane

            return PostgresBulkLane(tx, database)
        case "sqlite":
            from eventdocs.backends._bulk_sqlite import SqliteBulkLane

            return SqliteBulkLane(tx, database)
        case other:
            raise ConfigurationError([f"{other!r} is no supported database"])
