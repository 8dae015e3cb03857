"""SQLite's errors as eventdocs' own, told apart by result code and never by their English."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Generator

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from eventdocs.errors import (
    NotAnEventStoreError,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    StoreFailedError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
)

_LOCKED = (
    "another transaction holds the write lock; inside a transaction of your own, "
    "append through store.using(tx)"
)
_STALE = (
    "this transaction has read before another one wrote, so it can no longer write; "
    "roll back and repeat it, begun with BEGIN IMMEDIATE"
)


@contextlib.contextmanager
def translated(database: str) -> Generator[None]:
    """Raise what SQLite and SQLAlchemy raise in the block as errors of eventdocs.

    Args:
        database: What the errors call the database.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _translation(error, database) from error
    except DBAPIError as error:
        raise _translation(error.orig, database) from error
    except PoolTimeoutError as error:
        raise StoreBusyError(database, "no connection became free in time") from error
    except OSError as error:
        raise StoreUnavailableError(database, error.strerror or str(error)) from error


def _translation(error: BaseException | None, database: str) -> StoreError:
    code: str = getattr(error, "sqlite_errorname", "")
    reason = f"{error} ({code})" if code else str(error)
    match code.removeprefix("SQLITE_").partition("_")[0]:
        case "BUSY" | "LOCKED":
            return StoreBusyError(database, _STALE if code == "SQLITE_BUSY_SNAPSHOT" else _LOCKED)
        case "FULL":
            return StoreFullError(database, reason)
        case "READONLY" | "PERM":
            return StoreReadOnlyError(database, reason)
        case "NOTADB" | "ERROR" | "SCHEMA":
            # Our statements are fixed: one that SQLite cannot prepare meets a foreign schema.
            return NotAnEventStoreError(database, reason)
        case "CORRUPT" | "CONSTRAINT" | "MISMATCH":
            return StoreDamagedError(database, reason)
        case "CANTOPEN" | "IOERR" | "PROTOCOL" | "NOLFS" | "INTERRUPT":
            return StoreUnavailableError(database, reason)
        case _:
            return StoreFailedError(database, reason)
