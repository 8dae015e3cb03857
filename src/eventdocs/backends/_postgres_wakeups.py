"""Wake-ups on PostgreSQL: coalesced notifications, always after the commit."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID, uuid4

from eventdocs.backends._listening import Listening
from eventdocs.backends._postgres_errors import translated
from eventdocs.errors import EventdocsError, StoreBusyError, StoreUnavailableError
from eventdocs.store import Bell

if TYPE_CHECKING:
    import asyncpg

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
Notify: TypeAlias = Callable[[str, str], Awaitable[None]]
Connect: TypeAlias = Callable[[], AbstractAsyncContextManager[Driver]]

_logger: Final = logging.getLogger("eventdocs.store")

# Between two notifications, so that they cost a busy writer next to nothing.
_REST: Final = 0.01
_ECHO_SECONDS: Final = 5.0
_CHECK_SECONDS: Final = 30.0
_FIRST_PAUSE: Final = 0.1
_LONGEST_PAUSE: Final = 30.0
_CLOSING_SECONDS: Final = 1.0

NOTIFY: Final = "SELECT set_config('synchronous_commit', 'off', true), pg_notify($1, $2)"
"""Wakes the listeners; a wake-up that is lost in a crash is worth no wait for the disk."""


class PostgresWakeups:
    """Tells other processes that the log has grown, and hears it from them.

    A notification is a transaction of its own that follows the append's: inside of that
    it would make all appends commit one after the other. At most one is under way, and
    what happens meanwhile shares the next. Whoever listens has a connection of their own,
    which is opened for the first listener of a store and closed after the last.

    Where `LISTEN` is not to be had, as behind a pooler in transaction mode, its
    connection does not hear what another one says and is given up for a while; looking
    at the log now and then has to do.

    Args:
        store_id: The log; each has a channel.
        database: What errors and the log call the database.
        notify: Runs `NOTIFY` with a channel and a payload, on any connection but the one
            that listens.
        connect: Gives a connection that belongs to nobody else.
        watch: Goes on beside the listening, for as long as anybody listens.
    """

    def __init__(
        self,
        store_id: UUID,
        database: str,
        *,
        notify: Notify,
        connect: Connect,
        watch: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        self._channel = f"eventdocs_{store_id.hex}"
        self._database = database
        self._notify = notify
        self._connect = connect
        self._watch = watch
        self._listening = Listening(self._listen_and_watch)
        self._is_due = False
        self._announcing: asyncio.Task[None] | None = None
        self._line: _Line | None = None
        self._closed = False

    def announce(self) -> None:
        """Wake the listeners of this process now, and those of others shortly."""
        self._listening.bell.ring()
        self._is_due = True
        if self._announcing is None and not self._closed:
            self._announcing = asyncio.create_task(
                self._announce(), name="eventdocs-announcing", context=contextvars.Context()
            )

    def listening(self) -> AbstractAsyncContextManager[Bell]:
        """Hear of appends for the length of the block."""
        return self._listening.open()

    async def close(self) -> None:
        """Tell what there is to tell, then be silent."""
        self._closed = True
        await self._listening.close()
        if self._announcing is not None:
            _, late = await asyncio.wait([self._announcing], timeout=_CLOSING_SECONDS)
            for each in late:
                each.cancel()
            if late:
                await asyncio.wait(late)

    async def _announce(self) -> None:
        try:
            while self._is_due:
                self._is_due = False
                with contextlib.suppress(EventdocsError):  # those who listen look all the same
                    await self._tell_others()
                await asyncio.sleep(_REST)
        finally:
            self._announcing = None

    async def _tell_others(self) -> None:
        if self._line is not None:
            # The connection that listens is at hand, and idle.
            with contextlib.suppress(EventdocsError):
                await self._line.announce()
                return
        await self._notify(self._channel, "")

    async def _listen_and_watch(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._listen(), name="eventdocs-listening-line")
            tasks.create_task(self._watch(), name="eventdocs-feed-watch")

    async def _listen(self) -> None:
        pause = _FIRST_PAUSE
        is_known = False
        while True:
            try:
                async with self._opened_line() as line:
                    pause = _FIRST_PAUSE
                    is_known = False
                    # Nobody knows what was missed until now.
                    self._listening.bell.ring()
                    await line.keep()
            except EventdocsError as error:
                if not is_known:
                    is_known = True
                    _logger.warning(
                        "eventdocs.listening.interrupted",
                        extra={"database": self._database, "reason": str(error)},
                    )
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    @asynccontextmanager
    async def _opened_line(self) -> AsyncGenerator[_Line]:
        async with self._connect() as driver:
            try:
                line = _Line(
                    driver, self._channel, self._database, self._notify, self._listening.bell
                )
                await line.open()
                self._line = line
                yield line
            finally:
                self._line = None
                # Without a farewell, for which a silent server would be waited.
                driver.terminate()


class _Line:
    """One connection that listens."""

    def __init__(
        self, driver: Driver, channel: str, database: str, notify: Notify, bell: Bell
    ) -> None:
        self._driver = driver
        self._pid = driver.get_server_pid()
        self._channel = channel
        self._database = database
        self._notify = notify
        self._bell = bell
        self._token = uuid4().hex
        self._echo = asyncio.Event()
        self._lost = asyncio.Event()

    async def open(self) -> None:
        self._driver.add_termination_listener(lambda _: self._lost.set())
        async with self._in_time():
            await self._driver.add_listener(self._channel, self._hear)
        await self._check()

    async def keep(self) -> None:
        """Stay until the connection is lost.

        Raises:
            StoreUnavailableError: It is.
        """
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_SECONDS):
                    await self._lost.wait()
            if self._lost.is_set():
                raise StoreUnavailableError(self._database, "the listening connection was lost")
            with contextlib.suppress(StoreBusyError):  # no connection is free to speak on
                await self._check()

    async def announce(self) -> None:
        """Tell all the others that the log has grown.

        Raises:
            EventdocsError: They may not have heard it.
        """
        async with self._in_time():
            await self._driver.execute(NOTIFY, self._channel, "")

    async def _check(self) -> None:
        """Hear what another connection says: the only proof that notifications arrive.

        Through a pooler in transaction mode a connection may hear itself, and nobody else.
        """
        self._echo.clear()
        await self._notify(self._channel, self._token)
        async with self._in_time():
            await self._echo.wait()

    @asynccontextmanager
    async def _in_time(self) -> AsyncGenerator[None]:
        with translated(self._database):
            try:
                async with asyncio.timeout(_ECHO_SECONDS):
                    yield
            except TimeoutError:
                raise StoreUnavailableError(
                    self._database, "notifications do not arrive; the log is polled instead"
                ) from None

    def _hear(self, _driver: object, pid: int, _channel: str, payload: object) -> None:
        if payload == self._token:
            self._echo.set()
        # Whoever announces by this line has rung the bell before, and what others say to
        # themselves is no news.
        elif payload == "" and pid != self._pid:
            self._bell.ring()
