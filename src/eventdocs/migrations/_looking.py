"""Looking: which version a database has, and which steps lead to another."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, overload

from eventdocs.migrations._ledger import read_version
from eventdocs.migrations._names import check_schema_name, check_version
from eventdocs.migrations._steps import LATEST, Step, route
from eventdocs.migrations._target import AsyncTarget, Session, SyncTarget, Target, perform


@overload
def current(target: AsyncTarget, *, schema: str | None = None) -> Coroutine[Any, Any, int]: ...


@overload
def current(target: SyncTarget, *, schema: str | None = None) -> int: ...


def current(target: Target, *, schema: str | None = None) -> int | Coroutine[Any, Any, int]:
    """Tell the version of the schema that the database has; 0 if it has none of our tables.

    Args:
        target: The database. An address, or something asynchronous, is awaited.
        schema: The PostgreSQL schema of the tables; None for the search path's.

    Raises:
        SchemaTooNewError: A newer eventdocs has upgraded it.
        NotAnEventStoreError: It holds tables with our names that are not ours.
        MigrationChangedError: Another build of eventdocs has upgraded it.
    """
    return perform(target, lambda session: read_version(session.connection, schema))


@overload
def plan(
    target: AsyncTarget, *, version: int = ..., schema: str | None = None
) -> Coroutine[Any, Any, list[Step]]: ...


@overload
def plan(target: SyncTarget, *, version: int = ..., schema: str | None = None) -> list[Step]: ...


def plan(
    target: Target, *, version: int = LATEST, schema: str | None = None
) -> list[Step] | Coroutine[Any, Any, list[Step]]:
    """Tell which steps lead to a version, up or down; their `statements` are the SQL.

    Args:
        target: The database. An address, or something asynchronous, is awaited.
        version: The version to reach.
        schema: The PostgreSQL schema of the tables; None for the search path's.

    Raises:
        SchemaTooNewError: A newer eventdocs has upgraded it.
        NotAnEventStoreError: It holds tables with our names that are not ours.
        MigrationChangedError: Another build of eventdocs has upgraded it.
        ConfigurationError: There is no such version.
    """
    check_version(version)

    def look(session: Session) -> list[Step]:
        check_schema_name(session.dialect, schema)
        return route(session.dialect, read_version(session.connection, schema), version)

    return perform(target, look)
