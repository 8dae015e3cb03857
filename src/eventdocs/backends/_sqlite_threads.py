"""Threads that own SQLite connections, so that the event loop never waits for a disk."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from eventdocs.backends._sqlite_errors import translated
from eventdocs.errors import StoreClosedError

T = TypeVar("T")


class ConnectionThreads:
    """Up to *threads* threads, each with a connection of its own, opened on first use.

    A connection to a file that another has been put in the place of is closed, and the
    new file is opened: what is written to the old one would be gone, and nobody told.

    Args:
        connect: Opens a connection that another thread may close.
        identity: Tells which file it is that would be opened.
        threads: How many jobs run at the same time.
        database: What errors call the database.

    Attributes:
        limit: How many connections there can be.
    """

    def __init__(
        self,
        connect: Callable[[], sqlite3.Connection],
        *,
        identity: Callable[[], object],
        threads: int,
        database: str,
    ) -> None:
        self._connect = connect
        self._identity = identity
        self._database = database
        self._own = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="eventdocs-sqlite")
        self.limit = threads
        self._counting = threading.Lock()
        self._in_use = 0
        self._closed = False

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._connections)

    @property
    def in_use(self) -> int:
        """How many connections carry out a job."""
        return self._in_use

    async def run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        """Run *job* with one of the connections; a caller that is cancelled does not stop it.

        Raises:
            StoreClosedError: `close` was called before.
            StoreError: Whatever SQLite said, translated.
        """
        if self._closed:
            raise StoreClosedError
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, partial(self._run, job)
        )

    def _run(self, job: Callable[[sqlite3.Connection], T]) -> T:
        with translated(self._database), self._counted():
            return job(self._current())

    def _current(self) -> sqlite3.Connection:
        """Give this thread's connection to the file that is there now."""
        identity = self._identity()
        connection: sqlite3.Connection | None = getattr(self._own, "connection", None)
        if connection is not None and self._own.identity != identity:
            self._own.connection = None
            self._connections.remove(connection)
            connection.close()
            connection = None
        if connection is None:
            connection = self._own.connection = self._connect()
            self._own.identity = identity
            self._connections.append(connection)
        return connection

    @contextmanager
    def _counted(self) -> Generator[None]:
        with self._counting:
            self._in_use += 1
        try:
            yield
        finally:
            with self._counting:
                self._in_use -= 1

    async def close(self) -> None:
        """Finish the jobs that have been accepted, then close every connection."""
        self._closed = True
        await asyncio.to_thread(self._shut_down)

    def _shut_down(self) -> None:
        self._executor.shutdown()
        while self._connections:
            self._connections.pop().close()
