"""Trouble: telling the database's failures from those that an event is to blame for."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from eventdocs.errors import (
    StoreBusyError,
    StoreClosedError,
    StoreError,
    StoreFailedError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
    TransientStoreError,
)
from eventdocs.projections._dead_letters import describe


def trouble_behind(error: BaseException, database: str) -> StoreError | None:
    """Find the database's trouble behind *error*; None if the work itself is to blame.

    A handler may have turned a driver's error into one of its own, so the errors that
    led to this one count too.

    Args:
        error: What was raised in a transaction.
        database: What the returned error calls the database.
    """
    for each in _chain(error):
        match each:
            case (
                TransientStoreError()
                | StoreFullError()
                | StoreReadOnlyError()
                | StoreClosedError() as known
            ):
                return known
            case DBAPIError():
                found = _of_sqlite(each, database) or _of_postgres(each, database)
                if found is not None:
                    return found
            case PoolTimeoutError():
                return StoreBusyError(database, "no connection became free in time")
            case ConnectionError():
                return StoreUnavailableError(database, f"{type(each).__name__}: {each}")
            case _:
                continue
    return None


@contextlib.contextmanager
def translated(database: str) -> Generator[None]:
    """Raise what SQLAlchemy raises in the block, outside of handlers, as errors of eventdocs.

    Args:
        database: What the errors call the database.
    """
    try:
        yield
    except SQLAlchemyError as error:
        reason = describe(error)
        raise trouble_behind(error, database) or StoreFailedError(database, reason) from error


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or (None if each.__suppress_context__ else each.__context__)


def _of_sqlite(error: DBAPIError, database: str) -> StoreError | None:
    code: str = getattr(error.orig, "sqlite_errorname", "")
    reason = f"{error.orig} ({code})"
    match code.removeprefix("SQLITE_").partition("_")[0]:
        case "BUSY" | "LOCKED" | "PROTOCOL":
            return StoreBusyError(database, reason)
        case "FULL":
            return StoreFullError(database, reason)
        case "READONLY" | "PERM":
            return StoreReadOnlyError(database, reason)
        case "IOERR" | "CANTOPEN" | "NOMEM" | "INTERRUPT":
            return StoreUnavailableError(database, reason)
        case _:
            return None


def _of_postgres(error: DBAPIError, database: str) -> StoreError | None:
    # https://www.postgresql.org/docs/current/errcodes-appendix.html
    state: str = getattr(error.orig, "sqlstate", None) or ""
    reason = f"SQLSTATE {state}" if state else type(error.orig).__name__
    match state[:2], state:
        case ("40", _) | (_, "55P03" | "57014"):
            return StoreBusyError(database, reason)
        case _, "53100":
            return StoreFullError(database, reason)
        case _, "25006" | "42501":
            return StoreReadOnlyError(database, reason)
        case ("08" | "53" | "57" | "58", _):
            return StoreUnavailableError(database, reason)
        case _:
            lost = error.connection_invalidated
            return StoreUnavailableError(database, "connection lost") if lost else None
