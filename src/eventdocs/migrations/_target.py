"""Targets: what can be migrated, and how a connection to it is come by."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TypeAlias

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from eventdocs.backends import engine_for, errors_translated

Target: TypeAlias = AsyncEngine | AsyncConnection | str
"""A database: its address, an engine, or a connection whose transaction is the caller's."""


@asynccontextmanager
async def reading(target: Target) -> AsyncGenerator[AsyncConnection]:
    """Give a connection to *target* for queries."""
    async with _engine(target) as engine:
        with errors_translated(engine.url):
            if isinstance(target, AsyncConnection):
                yield target
            else:
                async with engine.connect() as connection:
                    yield connection


@asynccontextmanager
async def writing(target: Target) -> AsyncGenerator[AsyncConnection]:
    """Give a connection to *target* in a transaction, which ends with the block if it is ours."""
    async with _engine(target) as engine:
        with errors_translated(engine.url):
            if isinstance(target, AsyncConnection):
                await _begin_on_sqlite(target)
                yield target
            else:
                async with engine.begin() as connection:
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
async def _engine(target: Target) -> AsyncGenerator[AsyncEngine]:
    if isinstance(target, AsyncConnection):
        yield target.engine
    elif isinstance(target, AsyncEngine):
        yield target
    else:
        engine = engine_for(target)
        try:
            yield engine
        finally:
            await engine.dispose()
