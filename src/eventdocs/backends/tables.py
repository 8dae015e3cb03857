"""The log's tables, declared: what the migrations must produce and hosts may query.

Time on SQLite is ISO 8601 text in UTC and a UUID is 32 hexadecimal digits, so that
SQLAlchemy's own types read them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    literal_column,
)
from sqlalchemy.dialects import postgresql

__all__ = ["events", "log_metadata", "store_identity", "streams"]

log_metadata: Final = MetaData()

# Not JSONB, which turns floats into exact decimals: what is read is what was written.
_JSON = Text().with_variant(postgresql.JSON(), "postgresql")
_BIG = BigInteger().with_variant(Integer(), "sqlite")
_TIME = DateTime(timezone=True).with_variant(Text(), "sqlite")

sequence: Final = Sequence("eventdocs_sequence", metadata=log_metadata, cache=1)

store_identity: Final = Table(
    "eventdocs_store",
    log_metadata,
    Column("only_row", Integer, primary_key=True, autoincrement=False),
    Column("store_id", Uuid, nullable=False),
    Column("created_at", _TIME, nullable=False),
    CheckConstraint("only_row = 1", name="eventdocs_store_only_row"),
)

streams: Final = Table(
    "eventdocs_streams",
    log_metadata,
    Column("stream", Text, primary_key=True),
    Column("version", _BIG, nullable=False),
)

events: Final = Table(
    "eventdocs_events",
    log_metadata,
    Column("sequence", _BIG, primary_key=True, autoincrement=False),
    Column("stream", Text, nullable=False),
    Column("version", _BIG, nullable=False),
    Column("category", Text, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("type", Text, nullable=False),
    Column("schema_version", Integer, nullable=False),
    Column("data", _JSON, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    Column("metadata", _JSON, nullable=False),
    Column("correlation_id", Text),
    Column("causation_id", Uuid),
    Column("recorded_at", _TIME, nullable=False, server_default=func.now()),
    UniqueConstraint("stream", "version", name="eventdocs_events_stream_version"),
    UniqueConstraint("id", name="eventdocs_events_id"),
    Index("eventdocs_events_category", "category", "sequence"),
    Index("eventdocs_events_type", "type", "sequence"),
)
_actor: Final = events.c.metadata.op("->>")(literal_column("'actor'"))
Index(
    "eventdocs_events_correlation_id",
    events.c.correlation_id,
    events.c.sequence,
    postgresql_where=events.c.correlation_id.is_not(None),
    sqlite_where=events.c.correlation_id.is_not(None),
)
Index("eventdocs_events_actor", _actor, events.c.sequence)
Index("eventdocs_events_recorded_at", events.c.recorded_at, postgresql_using="brin")

METADATA_INDEX: Final = "eventdocs_metadata_"
"""What the names of indexes begin with that hosts have asked for."""
