"""The content store's table; read models' tables stand beside their projectors."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text

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
