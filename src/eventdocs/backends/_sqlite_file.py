"""SQLite files: where one is, whether it is ours, and how connections to it are opened."""

from __future__ import annotations

import contextlib
import enum
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import attrs
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from eventdocs.backends._sqlite_errors import translated
from eventdocs.errors import NotAnEventStoreError, StoreUnavailableError

_MAGIC: Final = b"SQLite format 3\0"
_OPTION: Final = "eventdocs_begin"
_IDENTITY: Final = "eventdocs_file"

IMMEDIATE: Final = {_OPTION: "BEGIN IMMEDIATE"}
"""Execution options of an engine or a connection whose transactions write."""


class FileState(enum.Enum):
    """What a path holds."""

    NEW = "nothing yet"
    OURS = "tables of eventdocs"
    FOREIGN = "tables of another application only"


@attrs.frozen(kw_only=True)
class SqliteFile:
    """One SQLite file and how its connections behave.

    Attributes:
        path: Absolute.
        label: What errors call it.
        busy_timeout: Seconds to wait for another writer.
        synchronous: SQLite's `synchronous`: FULL survives a power cut, OFF only a crash.
    """

    path: Path
    label: str
    busy_timeout: float
    synchronous: str = "FULL"

    def inspect(self) -> tuple[FileState, Sequence[str]]:
        """Tell what the file holds, and the names of its tables, without changing it.

        Raises:
            StoreUnavailableError: There is no such folder, or the file cannot be opened.
            NotAnEventStoreError: It is no SQLite database.
        """
        if not self.path.parent.is_dir():
            raise StoreUnavailableError(self.label, f"there is no folder {self.path.parent}")
        if self.path.is_dir():
            raise StoreUnavailableError(self.label, "it is a folder")
        with translated(self.label):
            if not self.path.exists() or self.path.stat().st_size == 0:
                return FileState.NEW, ()
            with self.path.open("rb") as file:
                if file.read(len(_MAGIC)) != _MAGIC:
                    raise NotAnEventStoreError(self.label, "it is no SQLite database")
            with contextlib.closing(self._open("ro")) as connection:
                tables = [
                    name
                    for (name,) in connection.execute(
                        "SELECT name FROM sqlite_master WHERE type = 'table' "
                        "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
                    )
                ]
        if "eventdocs_store" in tables or "eventdocs_migrations" in tables:
            return FileState.OURS, tables
        return (FileState.FOREIGN if tables else FileState.NEW), tables

    def identity(self) -> object:
        """Tell which file the path names at this moment; None if there is none."""
        try:
            found = self.path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def create(self) -> None:
        """Bring the file into being where it is missing, in write-ahead mode.

        Raises:
            StoreUnavailableError: It cannot be created, or its file system cannot share memory.
            StoreReadOnlyError: It must be switched to write-ahead mode and cannot be written.
        """
        with translated(self.label), contextlib.closing(self._open("rwc")) as connection:
            mode = self._write_ahead(connection)
        if mode != "wal":
            raise StoreUnavailableError(
                self.label, f"it cannot be switched to write-ahead logging (it stays in {mode!r})"
            )

    def _write_ahead(self, connection: sqlite3.Connection) -> str:
        # Where several do this at once, SQLite waits for nobody, whatever the timeout.
        end = time.monotonic() + self.busy_timeout
        while True:
            try:
                return str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def connect(self) -> sqlite3.Connection:
        """Open a connection in autocommit mode, which a thread other than this may use."""
        connection = self._open("rw")
        connection.execute(f"PRAGMA synchronous = {self.synchronous}")
        return connection

    def engine(self) -> AsyncEngine:
        """Make an engine whose transactions really begin when SQLAlchemy says so.

        They are deferred unless the execution options are `IMMEDIATE`. Connections to a
        file that another has been put in the place of are not used again.
        """
        engine = create_async_engine(
            URL.create(
                "sqlite+aiosqlite",
                database=self.path.as_uri(),
                query={"mode": "rw", "uri": "true"},
            ),
            connect_args={"isolation_level": None, "timeout": self.busy_timeout},
        )
        refuse_in_this_thread(engine)

        @event.listens_for(engine.sync_engine, "do_connect")
        def identify(_: object, record: ConnectionPoolEntry, *__: object) -> None:
            record.info[_IDENTITY] = self.identity()

        @event.listens_for(engine.sync_engine, "checkout")
        def refuse_replaced(_: object, record: ConnectionPoolEntry, __: object) -> None:
            if record.info[_IDENTITY] != self.identity():
                raise DisconnectionError("another file has been put in its place")

        @event.listens_for(engine.sync_engine, "connect")
        def prepare(connection: sqlite3.Connection, _: object) -> None:
            cursor = connection.cursor()
            cursor.execute("PRAGMA foreign_keys = ON")
            cursor.execute(f"PRAGMA synchronous = {self.synchronous}")
            cursor.close()

        @event.listens_for(engine.sync_engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql(connection.get_execution_options().get(_OPTION, "BEGIN"))

        @event.listens_for(engine.sync_engine, "invalidate")
        def let_go(connection: sqlite3.Connection, *_: object) -> None:
            # SQLite closes a connection only when its last statement is gone, and a task
            # that was cancelled holds on to that: its transaction ends here, with its lock.
            connection.rollback()

        return engine

    def _open(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(
            f"{self.path.as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            timeout=self.busy_timeout,
            check_same_thread=False,
        )


def refuse_in_this_thread(engine: AsyncEngine) -> None:
    """Let a file that cannot be opened be refused before aiosqlite's thread is started.

    That thread reports back to the event loop when it ends, later than its caller learns
    of the failure; where the loop has ended by then, it raises instead.
    """

    @event.listens_for(engine.sync_engine, "do_connect")
    def open_once(_: object, __: object, arguments: list[Any], options: dict[str, Any]) -> None:
        sqlite3.connect(*arguments, **options).close()
