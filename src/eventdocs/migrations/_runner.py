"""The runner: takes a database from the version it has to another, up or down."""

from __future__ import annotations

import math
import time
from collections.abc import Coroutine, Generator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, overload

import attrs
from sqlalchemy import Connection, text

from eventdocs.errors import ConfigurationError, DataLossError, StoreBusyError
from eventdocs.migrations._ledger import read_version
from eventdocs.migrations._names import check_schema_name, check_version
from eventdocs.migrations._script import emit, statements_of
from eventdocs.migrations._steps import LATEST, Step, route
from eventdocs.migrations._target import AsyncTarget, Session, SyncTarget, Target, perform

_LOCK: Final = "hashtextextended('eventdocs.migrations', 0)"
_TRY_TRANSACTION: Final = text(f"SELECT pg_try_advisory_xact_lock({_LOCK})")
_TRY_SESSION: Final = text(f"SELECT pg_try_advisory_lock({_LOCK})")
_UNLOCK: Final = text(f"SELECT pg_advisory_unlock({_LOCK})")
_OTHERS_SECONDS: Final = 60.0
_LONGEST_SECONDS: Final = 1_000_000


@attrs.frozen(kw_only=True)
class _Way:
    """Where to go, and how.

    Attributes:
        version: The version to reach.
        is_down: Whether to go down, and not up.
        schema: The PostgreSQL schema of the tables.
        concurrently: Whether indexes are built beside writers.
        lock_timeout: Seconds.
        since: The version that the database has, where it cannot be asked.
        allow_data_loss: Whether steps that lose something may be taken.
    """

    version: int
    is_down: bool = False
    schema: str | None
    concurrently: bool
    lock_timeout: float
    since: int | None
    allow_data_loss: bool = False


@overload
def upgrade(
    target: AsyncTarget,
    *,
    version: int = ...,
    schema: str | None = None,
    concurrently: bool = False,
    lock_timeout: float = 10.0,
) -> Coroutine[Any, Any, list[Step]]: ...


@overload
def upgrade(
    target: SyncTarget,
    *,
    version: int = ...,
    schema: str | None = None,
    concurrently: bool = False,
    lock_timeout: float = 10.0,
    since: int | None = None,
) -> list[Step]: ...


def upgrade(
    target: Target,
    *,
    version: int = LATEST,
    schema: str | None = None,
    concurrently: bool = False,
    lock_timeout: float = 10.0,
    since: int | None = None,
) -> list[Step] | Coroutine[Any, Any, list[Step]]:
    """Bring the database to a version of the schema; do nothing if it is there or beyond.

    All steps are one transaction, so a failure leaves the version that was there. Any
    number of processes may call it at once: one does the work, the others wait for it.
    Inside the caller's own transaction (*target* is a connection, or Alembic's `op`), the
    steps become permanent when the caller commits.

    Args:
        target: The database. An address, or something asynchronous, is awaited; `op` and
            other synchronous targets answer at once.
        version: The version to reach, at most the latest.
        schema: The PostgreSQL schema for the tables, made if it is missing; None for
            the first of the search path.
        concurrently: On PostgreSQL, build indexes of tables that are in use while others
            write to them. Each step then is permanent as soon as it is done; after a
            failure, the same call goes on where it was, and replaces an index that was
            left unfinished. Not possible inside a transaction of the caller's, nor
            through a pooler; in a revision of Alembic, what the revision has done before
            is committed.
        lock_timeout: Seconds that each statement waits for other transactions on
            PostgreSQL, and that these wait behind it. 0 is for ever.
        since: The version that the database has, for Alembic's offline mode only, where
            it cannot be asked.

    Returns:
        The steps that were taken.

    Raises:
        SchemaTooNewError: A newer eventdocs has upgraded it.
        NotAnEventStoreError: It holds tables with our names that are not ours.
        MigrationChangedError: Another build of eventdocs has upgraded it.
        StoreBusyError: Another transaction kept a lock longer than *lock_timeout*, or
            another migrator did not finish within a minute. Repeat the call.
        ConfigurationError: An argument cannot work with this target.
    """
    way = _Way(
        version=version,
        schema=schema,
        concurrently=concurrently,
        lock_timeout=lock_timeout,
        since=since,
    )
    return _take(target, way)


@overload
def downgrade(
    target: AsyncTarget,
    *,
    version: int,
    schema: str | None = None,
    concurrently: bool = False,
    lock_timeout: float = 10.0,
    allow_data_loss: bool = False,
) -> Coroutine[Any, Any, list[Step]]: ...


@overload
def downgrade(
    target: SyncTarget,
    *,
    version: int,
    schema: str | None = None,
    concurrently: bool = False,
    lock_timeout: float = 10.0,
    allow_data_loss: bool = False,
    since: int | None = None,
) -> list[Step]: ...


def downgrade(
    target: Target,
    *,
    version: int,
    schema: str | None = None,
    concurrently: bool = False,
    lock_timeout: float = 10.0,
    allow_data_loss: bool = False,
    since: int | None = None,
) -> list[Step] | Coroutine[Any, Any, list[Step]]:
    """Take the database back to an earlier version; do nothing if it is there or before it.

    Stop what works with the database first: this eventdocs refuses it afterwards. Read
    models stay as they are.

    Args:
        target: As for `upgrade`.
        version: The version to go back to; 0 removes all tables of the log.
        schema: As for `upgrade`.
        concurrently: As for `upgrade`.
        lock_timeout: As for `upgrade`.
        allow_data_loss: Take also steps that lose something for ever; `plan` tells what.
        since: As for `upgrade`.

    Returns:
        The steps that were taken, the newest first.

    Raises:
        DataLossError: Something would be lost. Nothing was changed.
        SchemaTooNewError: A newer eventdocs has upgraded it; downgrade it with that one.
        NotAnEventStoreError: It holds tables with our names that are not ours.
        MigrationChangedError: Another build of eventdocs has upgraded it.
        StoreBusyError: As for `upgrade`.
        ConfigurationError: An argument cannot work with this target.
    """
    way = _Way(
        version=version,
        is_down=True,
        schema=schema,
        concurrently=concurrently,
        lock_timeout=lock_timeout,
        since=since,
        allow_data_loss=allow_data_loss,
    )
    return _take(target, way)


def _take(target: Target, way: _Way) -> list[Step] | Coroutine[Any, Any, list[Step]]:
    check_version(way.version)
    if not 0 <= way.lock_timeout <= _LONGEST_SECONDS:
        problem = f"lock_timeout is {way.lock_timeout:g}; use 0 to {_LONGEST_SECONDS:,} seconds"
        raise ConfigurationError([problem])
    script = emit(target)
    if script is not None:
        if way.since is None:
            problem = (
                "without a connection, the version that the database has is not known; "
                "give it: since=…"
            )
            raise ConfigurationError([problem])
        check_version(way.since)
        check_schema_name(script.dialect, way.schema)
        pending = _pending(way, script.dialect, way.since, script.dialect)
        for step in pending:
            script.step(step, way.schema, concurrently=way.concurrently)
        return pending
    return perform(target, partial(_go, way))


def _go(way: _Way, session: Session) -> list[Step]:
    check_schema_name(session.dialect, way.schema)
    if way.concurrently and session.dialect == "postgresql":
        return _go_step_by_step(way, session)
    connection = session.connection
    deadline = time.monotonic() + _OTHERS_SECONDS
    while True:
        # A transaction for each attempt: an index that another migrator builds concurrently
        # waits for the end of any that it has met.
        with session.transaction():
            if session.dialect == "sqlite" or connection.execute(_TRY_TRANSACTION).scalar_one():
                with _patience(connection, way, is_local=True):
                    pending = _find_pending(way, session)
                    for step in pending:
                        _take_step(connection, step, way)
                return pending
        if time.monotonic() > deadline:
            raise StoreBusyError(session.database, "another migration is under way")
        session.pause()


def _go_step_by_step(way: _Way, session: Session) -> list[Step]:
    with session.autocommit() as outside:
        connection = outside.connection
        with _locked(outside), _patience(connection, way, is_local=False):
            pending = _find_pending(way, outside)
            for step in pending:
                if step.is_online:
                    _take_step(connection, step, way)
                    continue
                connection.exec_driver_sql("BEGIN")
                try:
                    _take_step(connection, step, way)
                except BaseException:
                    if not connection.invalidated:
                        connection.exec_driver_sql("ROLLBACK")
                    raise
                connection.exec_driver_sql("COMMIT")
    return pending


def _take_step(connection: Connection, step: Step, way: _Way) -> None:
    for statement in statements_of(
        step, way.schema, connection.dialect.name, concurrently=way.concurrently
    ):
        # Without parameters no driver takes a percent sign for one.
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})


def _find_pending(way: _Way, session: Session) -> list[Step]:
    found = read_version(session.connection, way.schema)
    return _pending(way, session.database, found, session.dialect)


def _pending(way: _Way, database: str, found: int, dialect: str) -> list[Step]:
    if (way.version < found) is not way.is_down:
        return []
    pending = route(dialect, found, way.version)
    losses = [f"version {step.version}: {step.loses}" for step in pending if step.loses]
    if losses and not way.allow_data_loss:
        raise DataLossError(database, losses)
    return pending


@contextmanager
def _locked(session: Session) -> Generator[None]:
    """Keep other migrators out, whatever transactions come and go.

    The lock is asked for again and again, never waited for: a waiting statement holds a
    snapshot that an index built concurrently would wait for in turn.
    """
    connection = session.connection
    deadline = time.monotonic() + _OTHERS_SECONDS
    while not connection.execute(_TRY_SESSION).scalar_one():
        if time.monotonic() > deadline:
            raise StoreBusyError(session.database, "another migration is under way")
        session.pause()
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.execute(_UNLOCK)


@contextmanager
def _patience(connection: Connection, way: _Way, *, is_local: bool) -> Generator[None]:
    """Bound how long a statement waits for locks; put the caller's own bound back."""
    if connection.dialect.name == "sqlite":
        yield
        return
    change = text(
        "SELECT set_config('lock_timeout', :value, CAST(:is_local AS boolean))"
    ).bindparams(is_local=is_local)
    before = connection.scalar(text("SELECT current_setting('lock_timeout')"))
    connection.execute(change, {"value": f"{math.ceil(way.lock_timeout * 1000)}ms"})
    try:
        yield
    except BaseException:
        # A transaction that has failed takes its own settings back.
        if not is_local and not connection.invalidated:
            connection.execute(change, {"value": before})
        raise
    connection.execute(change, {"value": before})
