"""Opening a store: from an address, or beside the host's own engine."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Iterable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import TracebackType

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncEngine
from typing_extensions import override

from eventdocs.errors import ConfigurationError
from eventdocs.observability import Instrumentation
from eventdocs.store import EventRegistry, EventStore, Registrable

_FORMS = (
    "sqlite:///relative/or/absolute/path.db, sqlite:///:memory:, "
    "postgresql://user@host/name, or an AsyncEngine of either"
)


class StoreOpening(AbstractAsyncContextManager[EventStore]):
    """A store that is about to be opened: await it, or enter it with `async with`.

    ```python
    store = await open_store("sqlite:///library.db", events=[NoteAdded])   # close it yourself

    async with open_store("sqlite:///library.db", events=[NoteAdded]) as store:
        ...                                                       # closed at the end
    ```
    """

    def __init__(self, opening: Callable[[], Awaitable[EventStore]]) -> None:
        self._opening = opening
        self._store: EventStore | None = None

    def __await__(self) -> Generator[object, object, EventStore]:
        return self._opening().__await__()

    @override
    async def __aenter__(self) -> EventStore:
        self._store = await self._opening()
        return self._store

    @override
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._store is not None:
            await self._store.close()


def open_store(
    target: str | AsyncEngine,
    *,
    events: Iterable[Registrable],
    schema: str | None = None,
    migrate: bool | None = None,
    instrumentation: Instrumentation | None = None,
    pool_min_size: int = 5,
    pool_max_size: int = 20,
    connect_timeout: float = 10.0,
    statement_timeout: float = 60.0,
    direct_url: str | None = None,
) -> StoreOpening:
    """Open the event store in a database.

    Args:
        target: `sqlite:///path` (created if it is missing), `sqlite:///:memory:` (a
            database that goes when the store is closed), `postgresql://…`, or the
            host's own `AsyncEngine` on either, which stays the host's to dispose of.
        events: The event classes that the store can write and read, and what became of
            types that have none any more (`Retired`, `Split`).
        schema: The PostgreSQL schema that holds the tables; None for the search path's.
        migrate: True brings the tables up to date, False only checks them. None
            creates and upgrades SQLite files and only checks PostgreSQL.
        instrumentation: Is told what happens; nobody is by default.
        pool_min_size: Connections that are kept to the PostgreSQL server of an address.
        pool_max_size: Connections to it at the same time, at most.
        connect_timeout: Seconds to wait for the PostgreSQL server of an address, and for
            one of its pool's connections.
        statement_timeout: Seconds to wait for the PostgreSQL server's answer to one of the
            store's own statements; those of the host's transactions are the host's affair.
        direct_url: An address of the same PostgreSQL database that leads past a pooler.
            Wake-ups are heard and migrations run by it.

    Returns:
        What opens the store when it is awaited or entered.

    Raises:
        ConfigurationError: The target has none of the forms above.
        EventRegistrationError: The event classes contradict each other.
    """
    registry = EventRegistry(events)
    url = target.url if isinstance(target, AsyncEngine) else _parsed(target)
    match url.get_backend_name():
        case "sqlite":
            return StoreOpening(_sqlite(target, url, registry, schema, migrate, instrumentation))
        case "postgresql":

            async def opening() -> EventStore:
                from eventdocs.backends.postgres import PostgresEventStore

                return await PostgresEventStore.open(
                    target,
                    registry,
                    schema=schema,
                    migrate=migrate,
                    instrumentation=instrumentation,
                    pool_min_size=pool_min_size,
                    pool_max_size=pool_max_size,
                    connect_timeout=connect_timeout,
                    statement_timeout=statement_timeout,
                    direct_url=direct_url,
                )

            return StoreOpening(opening)
        case other:
            raise ConfigurationError([f"{other!r} is no supported database; use {_FORMS}"])


def _parsed(target: str) -> URL:
    try:
        return make_url(target)
    except (ArgumentError, ValueError):  # a ValueError for a port that is no number
        # The text is not shown: what cannot be parsed may still hold a password.
        raise ConfigurationError([f"the database address cannot be read; use {_FORMS}"]) from None


def _sqlite(
    target: str | AsyncEngine,
    url: URL,
    registry: EventRegistry,
    schema: str | None,
    migrate: bool | None,
    instrumentation: Instrumentation | None,
) -> Callable[[], Awaitable[EventStore]]:
    problems: list[str] = []
    if schema is not None:
        problems.append(f"SQLite has no schemas: leave out schema={schema!r}")
    if url.drivername not in {"sqlite", "sqlite+aiosqlite"}:
        problems.append(f"{url.drivername} is no supported driver; use sqlite:///path")
    if url.host is not None:
        problems.append(f"a SQLite path follows three slashes: sqlite:///{url.host}/…")
    of_host = isinstance(target, AsyncEngine)
    if url.query and ("uri" in url.query or not of_host):
        problems.append(f"{', '.join(url.query)}: a SQLite address takes no parameters")
    in_memory = not url.database or url.database == ":memory:"
    if in_memory and of_host:
        problems.append("an engine in memory cannot be shared with the log; use a file")
    if problems:
        raise ConfigurationError(problems)

    path = None if in_memory else Path(url.database or "").resolve()

    async def opening() -> EventStore:
        from eventdocs.backends.sqlite import SqliteEventStore

        return await SqliteEventStore.open(
            path, registry, migrate=migrate, instrumentation=instrumentation
        )

    return opening
