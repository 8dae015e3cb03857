"""Targets: what can be migrated, and how a connection to it is come by."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeAlias

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from eventdocs.errors import ConfigurationError
from eventdocs.migrations._steps import DIALECTS

Target: TypeAlias = AsyncEngine | AsyncConnection | str
"""A database: its address, an engine, or a connection whose transaction is the caller's."""


@asynccontextmanager
async def reading(target: Target) -> AsyncGenerator[AsyncConnection]:
    """Give a connection to *target* for queries."""
    if isinstance(target, AsyncConnection):
        yield target
        return
    async with _engine(target) as engine, engine.connect() as connection:
        yield connection


@asynccontextmanager
async def writing(target: Target) -> AsyncGenerator[AsyncConnection]:
    """Give a connection to *target* in a transaction, which ends with the block if it is ours."""
    if isinstance(target, AsyncConnection):
        await _begin_on_sqlite(target)
        yield target
        return
    async with _engine(target) as engine, engine.begin() as connection:
        await _begin_on_sqlite(connection)
        yield connection


async def _begin_on_sqlite(connection: AsyncConnection) -> None:
    """Begin the transaction in which Python's driver would not put statements that define."""
    if connection.dialect.name != "sqlite":
        return
    driver = (await connection.get_raw_connection()).driver_connection
    if driver is not None and not driver.in_transaction:
        await connection.exec_driver_sql("BEGIN IMMEDIATE")


@asynccontextmanager
async def _engine(target: AsyncEngine | str) -> AsyncGenerator[AsyncEngine]:
    if isinstance(target, AsyncEngine):
        yield target
        return
    try:
        url = make_url(target)
    except ArgumentError:
        raise ConfigurationError(["the database address cannot be read"]) from None
    dialect = url.get_backend_name()
    if dialect not in DIALECTS:
        raise ConfigurationError(
            [f"{dialect!r} is no supported database; use sqlite or postgresql"]
        )
    driver = {"postgresql": "asyncpg", "sqlite": "aiosqlite"}[dialect]
    engine = create_async_engine(url.set(drivername=f"{dialect}+{driver}"))
    try:
        yield engine
    finally:
        await engine.dispose()
