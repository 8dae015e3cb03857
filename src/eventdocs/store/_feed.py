"""The feed: how far the log can be read at this moment, and who keeps it from being read further."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, TypeAlias

import attrs

from eventdocs.errors import EventdocsError
from eventdocs.observability import Instrumentation

_logger: Final = logging.getLogger("eventdocs.store")

HELD_SECONDS: Final = 10.0
"""How long one open append may hold readers back before somebody is told."""

_Key: TypeAlias = tuple[int | None, str | None, int]


@attrs.frozen(kw_only=True)
class FeedHolder:
    """A transaction that has appended and has not ended: readers wait for it, in order.

    Attributes:
        floor: Readers stop at this sequence until it has ended.
        pid: The server process that runs it; None for a prepared transaction.
        gid: The name of a prepared transaction (`PREPARE TRANSACTION`); else None.
        application: What its connection calls itself, or the owner of a prepared
            transaction.
        state: What it does: `active`, `idle in transaction`, `prepared`; None where the
            server does not tell us.
        began_at: When it began, or was prepared; None where the server does not tell us.
        seconds: How long ago that was, by the server's clock.
    """

    floor: int
    pid: int | None = None
    gid: str | None = None
    application: str = ""
    state: str | None = None
    began_at: datetime | None = None
    seconds: float | None = None

    def __str__(self) -> str:
        who = f"backend {self.pid}" if self.pid else f"prepared transaction {self.gid!r}"
        facts = [self.application] if self.application else []
        if self.state is not None and self.pid:
            facts.append(self.state)
        if self.began_at is not None:
            facts.append(f"since {self.began_at:%Y-%m-%d %H:%M:%S %Z}")
        return f"{who} ({', '.join(facts)})" if facts else who

    @property
    def remedy(self) -> str:
        """The SQL that ends it, if its owner does not: what it has appended is gone then."""
        if self.pid:
            return f"SELECT pg_terminate_backend({self.pid})"
        return "ROLLBACK PREPARED '{}'".format((self.gid or "").replace("'", "''"))


@attrs.frozen(kw_only=True)
class FeedStatus:
    """How far the log can be read at one moment.

    Attributes:
        last: The last sequence that was given out; its event may be uncommitted or rolled
            back.
        settled: Readers of the whole log get events up to here, and nothing can appear
            below any more.
        holders: The open appends that keep readers from going further, the one that has
            to end first at the front.
    """

    last: int
    settled: int
    holders: tuple[FeedHolder, ...] = ()

    @property
    def is_held(self) -> bool:
        """Whether readers stop before the last sequence that was given out."""
        return self.settled < self.last


class FeedWatch:
    """Says aloud when one open append has held readers back for long.

    What counts is how long it was seen to hold them: a transaction may be old and have
    appended a moment ago.

    Args:
        feed: Tells how the feed stands.
        database: What log lines call the database.
        instrumentation: Is told for how long, at every look.
        clock: Seconds that pass.
    """

    def __init__(
        self,
        feed: Callable[[], Awaitable[FeedStatus]],
        database: str,
        instrumentation: Instrumentation,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._feed = feed
        self._database = database
        self._instrumentation = instrumentation
        self._clock = clock
        self._seen: dict[_Key, float] = {}
        self._told: set[_Key] = set()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await asyncio.sleep(HELD_SECONDS / 2)
            with contextlib.suppress(EventdocsError):  # who reads the log meets it as well
                await self.look()

    async def look(self) -> None:
        """Look once."""
        status = await self._feed()
        now = self._clock()
        holders = {(each.pid, each.gid, each.floor): each for each in status.holders}
        self._seen = {key: self._seen.get(key, now) for key in holders}
        late = {key: now - seen for key, seen in self._seen.items() if now - seen >= HELD_SECONDS}
        for key in late.keys() - self._told:
            _logger.warning(
                "eventdocs.feed.held",
                extra={
                    "database": self._database,
                    "holder": str(holders[key]),
                    "remedy": holders[key].remedy,
                    "held_seconds": late[key],
                    "settled": status.settled,
                    "last": status.last,
                },
            )
        if late or self._told:
            self._instrumentation.feed_held(seconds=max(late.values(), default=0.0))
        if self._told and not late:
            _logger.info("eventdocs.feed.released", extra={"database": self._database})
        self._told = set(late)
