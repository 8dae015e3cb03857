"""The tables that the latest version of the schema has, as their owners declare them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Column, DateTime, Integer, MetaData, Table, Text

from eventdocs.backends.tables import log_metadata
from eventdocs.documents import content_metadata
from eventdocs.projections import projection_metadata
from eventdocs.store import snapshot_metadata

ledger: Final = Table(
    "eventdocs_migrations",
    MetaData(),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("checksum", Text, nullable=False),
    Column("applied_at", DateTime(timezone=True), nullable=False),
)


def declared_tables() -> Iterator[Table]:
    """Give every table that the latest version of the schema has."""
    yield ledger
    for metadata in (log_metadata, snapshot_metadata, projection_metadata, content_metadata):
        yield from metadata.sorted_tables
