"""Bookkeeping of projections: where each stands, and what each could not apply."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)

projection_metadata: Final = MetaData()

_BIG = BigInteger().with_variant(Integer(), "sqlite")
_TIME = DateTime(timezone=True)

projections: Final = Table(
    "eventdocs_projections",
    projection_metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("store_id", Uuid, nullable=False),
    Column("sequence", _BIG, nullable=False),
    Column("event_id", Uuid),
    Column("status", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("updated_at", _TIME, nullable=False),
    Column("token", _BIG, nullable=False, server_default=text("0")),
)
"""One checkpoint per projection, or per partition of one that is divided.

`name` is the projection's, of a partition it ends in `#2/4`, for the second of four.
`sequence` and `event_id` name the last event applied (0 and NULL before the first);
`status` is one of running, parked (events of some streams wait in dead letters),
stopped (the next event cannot be applied). `token` is the fencing token of the lease
under which the projection is moved: who holds an older one can move it no more.
"""

leases: Final = Table(
    "eventdocs_leases",
    projection_metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("token", _BIG, nullable=False),
    Column("acquired_at", _TIME, nullable=False),
    Column("expires_at", _TIME, nullable=False),
)
"""One row per piece of work that one runner at a time does; it is kept when it has lapsed.

`name` is a projection or a partition, or a projection and `/rebuild`; `token` grows with
every owner. A row of a projection and `/cancel` asks that the rebuild under its token end.
Rows of a projection, `/runner/` and an owner say who shares its partitions; they go with him.
All times are by the database's clock.
"""

dead_letters: Final = Table(
    "eventdocs_dead_letters",
    projection_metadata,
    Column(
        "projection",
        Text,
        ForeignKey("eventdocs_projections.name", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("sequence", _BIG, primary_key=True, autoincrement=False),
    Column("event_id", Uuid, nullable=False),
    Column("stream", Text, nullable=False),
    Column("ordering_key", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("error_type", Text),
    Column("message", Text),
    Column("traceback", Text),
    Column("attempts", Integer, nullable=False),
    Column("correlation_id", Text),
    Column("recorded_at", _TIME, nullable=False),
    Column("resolved_at", _TIME),
    Column("resolution", Text),
    Column("repair", Text),
    Column("repaired_by", Text),
    Column("repair_reason", Text),
    Column("repaired_at", _TIME),
)
"""One row per event that a projection could not apply, or that waits behind such a one.

`projection` is the name of the checkpoint's row: that of a partition where there are several.
`state` is one of failed (the event itself), waiting (a later one of the same ordering key),
applied, resolved (by hand), skipped; `resolved_at` is NULL as long as it is one of the first
two. `repair` is the last retry, resolve or skip that somebody asked for.
"""
_is_open: Final = dead_letters.c.resolved_at.is_(None)
Index(
    "eventdocs_dead_letters_open",
    dead_letters.c.projection,
    dead_letters.c.ordering_key,
    dead_letters.c.sequence,
    postgresql_where=_is_open,
    sqlite_where=_is_open,
)
