"""Reading the log on PostgreSQL, over a connection of the store's own or of the host's."""

from __future__ import annotations

import abc
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from typing_extensions import override

from eventdocs.backends._postgres_reading import (
    checked_watermark,
    feed_status,
    furthest,
    narrowed,
    page_arguments,
    page_of,
    page_statement,
    span_query,
)
from eventdocs.backends._postgres_sql import Row, Statement, from_file
from eventdocs.store import EventStore, FeedStatus, Page, Selection, check_stream_name

T = TypeVar("T")


class Fetch(Protocol):
    """Runs a statement and gives its rows; raises errors of eventdocs."""

    async def __call__(
        self, statement: Statement, arguments: Mapping[str, Any] | None = None
    ) -> Sequence[Row]: ...


class PostgresReader(EventStore):
    """An event store whose log is in PostgreSQL; where its statements run is left open."""

    @abc.abstractmethod
    async def _read_with(self, read: Callable[[Fetch], Awaitable[T]]) -> T:
        """Let *read* run its statements, all on one connection; perhaps once more on another."""

    @override
    async def read_page(self, selection: Selection, *, limit: int = 500) -> Page:
        started = time.perf_counter()
        page = await self._read_with(lambda fetch: self._page(fetch, selection, limit))
        self.instrumentation.read(events=len(page.events), seconds=time.perf_counter() - started)
        return page

    async def _page(self, fetch: Fetch, selection: Selection, limit: int) -> Page:
        until, seen = furthest(selection), 0
        if selection.follows_few:
            until, seen = await self._settled(fetch)
        elif selection.stream is None:
            # In a statement of its own: the page's must have a snapshot that is younger.
            (row,) = await fetch(from_file("watermark", self.schema))
            until = min(until, checked_watermark(row[0], self.database))
        rows = await fetch(
            page_statement(selection, self.schema), page_arguments(selection, limit, until)
        )
        return page_of(selection, limit, rows, self.codec, seen=seen)

    async def _settled(self, fetch: Fetch) -> tuple[int, int]:
        """Tell the watermark, and the last event up to it."""
        (row,) = await fetch(from_file("head", self.schema))
        return checked_watermark(row[0], self.database), int(row[1])

    @override
    async def narrowed(self, selection: Selection) -> Selection:
        if not selection.is_led_by_time:
            return selection

        async def find(fetch: Fetch) -> Selection:
            _, settled = await self._settled(fetch)
            (span,) = await fetch(*span_query(selection, self.schema))
            return narrowed(selection, span, settled)

        return await self._read_with(find)

    @override
    async def stream_version(self, stream: str) -> int:
        arguments = {"stream": check_stream_name(stream)}
        statement = from_file("stream_version", self.schema)
        rows = await self._read_with(lambda fetch: fetch(statement, arguments))
        return int(rows[0][0]) if rows else 0

    @override
    async def head(self) -> int:
        _, head = await self._read_with(self._settled)
        return head

    @override
    async def feed(self) -> FeedStatus:
        async def ask(fetch: Fetch) -> FeedStatus:
            (row,) = await fetch(from_file("feed_last", self.schema))
            last = checked_watermark(row[0], self.database)
            return feed_status(last, await fetch(from_file("feed_holders", self.schema)))

        return await self._read_with(ask)
