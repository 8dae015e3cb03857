"""Arguments that are checked before they reach a statement."""

from __future__ import annotations

import re
from typing import Final

from eventdocs.errors import ConfigurationError
from eventdocs.migrations._steps import LATEST

_SCHEMA_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


def check_schema_name(dialect: str, schema: str | None) -> None:
    """Refuse a schema that cannot be, or where there are none."""
    if schema is None:
        return
    if dialect == "sqlite":
        raise ConfigurationError([f"SQLite has no schemas: leave out schema={schema!r}"])
    if not _SCHEMA_NAME.fullmatch(schema) or schema.lower().startswith("pg_"):
        raise ConfigurationError(
            [f"schema {schema!r}: use letters, digits and underscores, and no pg_ before them"]
        )


def check_version(version: int) -> None:
    """Refuse a version that this eventdocs does not know."""
    if not 0 <= version <= LATEST:
        raise ConfigurationError(
            [f"there is no schema version {version}; this eventdocs knows 0 to {LATEST}"]
        )
