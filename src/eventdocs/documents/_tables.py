"""The content store's tables; read models' tables stand beside their projectors."""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    Uuid,
)

content_metadata: Final = MetaData()

contents: Final = Table(
    "eventdocs_contents",
    content_metadata,
    Column("digest", Text, primary_key=True),
    Column("size", BigInteger().with_variant(Integer(), "sqlite"), nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
)
"""Bytes by the SHA-256 of themselves: originals, normalised texts, semantic IRs."""

content_references: Final = Table(
    "eventdocs_content_references",
    content_metadata,
    Column("document_id", Uuid, primary_key=True),
    Column("digest", Text, ForeignKey("eventdocs_contents.digest"), primary_key=True),
    Index("eventdocs_content_references_digest", "digest"),
)
"""Which documents' events name which content: erasing one document spares the others'."""
