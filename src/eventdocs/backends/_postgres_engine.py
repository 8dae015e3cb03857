"""Engines: connections to PostgreSQL from an address as people write it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, TypeAlias, cast
from uuid import uuid4

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from eventdocs.errors import ConfigurationError

if TYPE_CHECKING:
    import asyncpg

Driver: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
"""A connection as its driver knows it."""

CONNECT_SECONDS: Final = 10.0
"""How long to wait for a connection, unless somebody says otherwise."""

_ABANDON_SECONDS: Final = 1.0
_DRIVERS: Final = frozenset({"postgresql", "postgresql+asyncpg"})
_PARAMETERS: Final = (
    "application_name, connect_timeout, host, port, sslmode, target_session_attrs, "
    "statement_cache_size (0 behind a pooler in transaction mode)"
)


def create_engine(
    address: str,
    *,
    pool_min_size: int,
    pool_max_size: int,
    connect_timeout: float = CONNECT_SECONDS,
) -> AsyncEngine:
    """Make an engine for *address*, which may have libpq's most common parameters.

    Behind a pooler in transaction mode, such as PgBouncer, give the address the
    parameter `statement_cache_size=0`: no prepared statement outlives its transaction.

    Args:
        address: `postgresql://user@host/name`.
        pool_min_size: Connections that are kept.
        pool_max_size: Connections at the same time, at most.
        connect_timeout: Seconds to wait for the server, and for a free connection of the
            pool; for the server, the address' own parameter counts for more.

    Raises:
        ConfigurationError: The address cannot be read or has unknown parameters, or the
            numbers contradict each other.
    """
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # a ValueError for a port that is no number
        # The text is not shown: what cannot be parsed may still hold a password.
        raise ConfigurationError(["the database address cannot be read"]) from None
    if url.drivername not in _DRIVERS:
        raise ConfigurationError(
            [f"{url.drivername} is no supported driver; use postgresql://user@host/name"]
        )
    arguments, own, unknown = _connect_arguments(url.query, connect_timeout)
    if connect_timeout <= 0:
        raise ConfigurationError(
            [f"connect_timeout is {connect_timeout:g}; it must be more than 0 seconds"]
        )
    if not 1 <= pool_min_size <= pool_max_size:
        raise ConfigurationError(
            [f"a pool of {pool_min_size} to {pool_max_size} connections is impossible"]
        )
    if unknown:
        raise ConfigurationError(
            [f"{name}: no known parameter of an address; known: {_PARAMETERS}" for name in unknown]
        )
    return create_async_engine(
        url.set(drivername="postgresql+asyncpg", query=own),
        connect_args=arguments,
        pool_size=pool_min_size,
        max_overflow=pool_max_size - pool_min_size,
        pool_timeout=connect_timeout,
    )


@asynccontextmanager
async def connected(engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
    """Give a connection, and give it back at the end, also if the caller is cancelled early.

    SQLAlchemy forgets to close a connection whose making is interrupted.
    """
    making = asyncio.ensure_future(engine.connect().start())
    try:
        connection = await asyncio.shield(making)
    except asyncio.CancelledError:
        await _abandon(making)
        raise
    try:
        yield connection
    finally:
        await asyncio.shield(connection.close())


async def living_driver(connection: AsyncConnection) -> Driver:
    """Return the driver's connection, a new one if the pool kept a dead one.

    The driver notices a closed socket by itself, so asking costs nothing.
    """
    driver: Any = (await connection.get_raw_connection()).driver_connection
    if driver.is_closed():
        await connection.invalidate()
        driver = (await connection.get_raw_connection()).driver_connection
    return cast("Driver", driver)


async def _abandon(making: asyncio.Future[AsyncConnection]) -> None:
    made, _ = await asyncio.wait([making], timeout=_ABANDON_SECONDS)
    if not made:
        making.cancel()
        await asyncio.wait([making])
    if not making.cancelled() and making.exception() is None:
        await making.result().close()


def _connect_arguments(
    query: Mapping[str, str | tuple[str, ...]], connect_timeout: float
) -> tuple[dict[str, Any], dict[str, str | tuple[str, ...]], list[str]]:
    """Sort an address' parameters into the driver's, SQLAlchemy's, and unknown ones."""
    settings = {"application_name": "eventdocs"}
    arguments: dict[str, Any] = {"timeout": connect_timeout, "server_settings": settings}
    own: dict[str, str | tuple[str, ...]] = {}
    unknown: list[str] = []
    for name, value in query.items():
        match name:
            case "application_name":
                settings[name] = str(value)
            case "connect_timeout" | "timeout" if str(value).isdecimal():
                arguments["timeout"] = int(str(value))
            case "sslmode" | "ssl":
                arguments["ssl"] = value
            case "statement_cache_size" if str(value).isdecimal():
                arguments[name] = int(str(value))
                own["prepared_statement_cache_size"] = value
                # A pooler gives one server connection to many clients, whose counters agree.
                arguments["prepared_statement_name_func"] = lambda: f"__eventdocs_{uuid4()}__"
            case "target_session_attrs":
                arguments[name] = value
            case "host" | "port" | "prepared_statement_cache_size":
                own[name] = value
            case _:
                unknown.append(name)
    return arguments, own, unknown
