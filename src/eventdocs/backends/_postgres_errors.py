"""PostgreSQL's errors as eventdocs' own, told apart by SQLSTATE and never by their English."""

from __future__ import annotations

import contextlib
from collections.abc import Generator

import asyncpg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from eventdocs.errors import (
    ConfigurationError,
    EventdocsError,
    SchemaTooOldError,
    StoreBusyError,
    StoreDamagedError,
    StoreFailedError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
    TransientStoreError,
)

_BEHIND_A_POOLER = (
    "behind a pooler in transaction mode, such as PgBouncer, give the address the parameter "
    "statement_cache_size=0"
)

DRIVER_ERRORS = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    DBAPIError,
    PoolTimeoutError,
    OSError,  # TimeoutError too
)


@contextlib.contextmanager
def translated(database: str) -> Generator[None]:
    """Raise what PostgreSQL and its drivers raise in the block as errors of eventdocs.

    Args:
        database: What the errors call the database.
    """
    try:
        yield
    except DRIVER_ERRORS as error:
        raise translation(error, database) from error


@contextlib.contextmanager
def transient_translated(database: str) -> Generator[None]:
    """Raise what passes by itself as errors of eventdocs; leave to the host what its SQL did.

    Args:
        database: What the errors call the database.
    """
    try:
        yield
    except DRIVER_ERRORS as error:
        meaning = translation(error, database)
        if isinstance(meaning, TransientStoreError):
            raise meaning from error
        raise


def translation(error: BaseException, database: str) -> EventdocsError:
    """Tell what a driver's error means.

    A lost connection leaves open whether a write has happened.
    """
    cause = _root(error)
    reason = (str(cause).strip() or type(cause).__name__).splitlines()[0]
    state = getattr(cause, "sqlstate", None)
    if isinstance(state, str):
        return _of_state(state, f"{reason} ({state})", database)
    if isinstance(cause, PoolTimeoutError):
        return StoreBusyError(database, "all connections of the pool are in use")
    if isinstance(cause, TimeoutError):
        return StoreUnavailableError(database, "it did not answer in time")
    if isinstance(cause, asyncpg.InterfaceError) and isinstance(cause, ValueError):
        # An argument that the driver cannot encode, or an address it cannot use.
        return StoreFailedError(database, reason)
    if isinstance(cause, asyncpg.InterfaceError | asyncpg.InternalClientError | OSError):
        return StoreUnavailableError(database, reason)
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return StoreUnavailableError(database, reason)
    return StoreFailedError(database, reason)


def _root(error: BaseException) -> BaseException:
    """Find the driver's own error below SQLAlchemy's."""
    if not isinstance(error, DBAPIError) or error.orig is None:
        return error
    return error.orig.__cause__ or error.orig


def _of_state(state: str, reason: str, database: str) -> EventdocsError:
    match state:
        case "40001" | "40P01" | "55P03" | "57014" | "53200" | "53400":
            return StoreBusyError(database, reason)
        case "57P01" | "57P02" | "57P03" | "57P05" | "53300" | "40003" | "25P03":
            return StoreUnavailableError(database, reason)
        case "53100":
            return StoreFullError(database, reason)
        case "25006" | "42501":
            return StoreReadOnlyError(database, reason)
        case "42P01" | "42883" | "3F000":
            from eventdocs.migrations import LATEST

            return SchemaTooOldError(database, 0, LATEST)
        case "26000" | "42P05":
            return ConfigurationError([f"{database}: {reason}; {_BEHIND_A_POOLER}"])
        case "3D000":
            return ConfigurationError(
                [f"{database}: there is no such database; create it, or correct its name"]
            )
        case _:
            return _of_class(state[:2], reason, database)


def _of_class(state_class: str, reason: str, database: str) -> EventdocsError:
    match state_class:
        case "08":
            return StoreUnavailableError(database, reason)
        case "28":
            return ConfigurationError(
                [f"{database}: {reason}; correct the user or the password in the address"]
            )
        case "23" | "XX":
            return StoreDamagedError(database, reason)
        case _:
            return StoreFailedError(database, reason)
