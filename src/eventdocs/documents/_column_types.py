"""Column types of the read models: the database's best on PostgreSQL, JSON text on SQLite."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator
from typing_extensions import override


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC, also where the database keeps none."""

    impl = DateTime(timezone=True)
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    @override
    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BIG: Final = BigInteger().with_variant(Integer(), "sqlite")
"""A 64-bit integer."""

JSON_VALUE: Final = JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True), "postgresql"
)
"""Any JSON value; None is NULL."""

TEXTS: Final = JSON(none_as_null=True).with_variant(postgresql.ARRAY(Text()), "postgresql")
"""A list of texts: `text[]` on PostgreSQL, where it can be indexed."""
