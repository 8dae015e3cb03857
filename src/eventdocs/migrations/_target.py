"""Targets: what can be migrated, and how work on a connection to it is done."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Generator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager, nullcontext
from typing import Any, Final, Protocol, TypeAlias, TypeVar, cast, overload, runtime_checkable

import attrs
from sqlalchemy import Connection, Engine, NullPool, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from eventdocs.backends import engine_for, errors_translated, label_for
from eventdocs.errors import ConfigurationError

T = TypeVar("T")


@runtime_checkable
class AlembicOperations(Protocol):
    """What a revision of Alembic knows as `op`."""

    def get_bind(self) -> Connection:
        """Give the connection that the revision runs on."""
        ...

    def get_context(self) -> Any:
        """Give the context that the revision runs in."""
        ...


@runtime_checkable
class AsyncpgConnection(Protocol):
    """A connection of asyncpg's own, or one that its pool has lent."""

    def is_in_transaction(self) -> bool:
        """Tell whether a transaction of the caller's is open."""
        ...

    def get_server_pid(self) -> int:
        """Tell the server's process."""
        ...

    def transaction(self) -> Any:
        """Give a transaction."""
        ...


SyncTarget: TypeAlias = Engine | Connection | AlembicOperations
"""A database that is answered at once: SQLAlchemy's own, or `op` in a revision of Alembic."""

AsyncTarget: TypeAlias = str | AsyncEngine | AsyncConnection | AsyncpgConnection
"""A database that is awaited: its address, SQLAlchemy's for asyncio, or asyncpg's."""

Target: TypeAlias = SyncTarget | AsyncTarget
"""A database. In a connection, work is done in the transaction that the caller has begun."""


@attrs.frozen(kw_only=True)
class Session:
    """A connection for as long as some work takes.

    Attributes:
        connection: It has begun nothing if it is ours.
        is_ours: Whether transactions on it are ours to begin and to end.
        is_inside: Whether those of ours stand inside one of the caller's.
        operations: Alembic's, if the work is part of a revision.
    """

    connection: Connection
    is_ours: bool = False
    is_inside: bool = False
    operations: AlembicOperations | None = None

    @property
    def dialect(self) -> str:
        """The kind of database."""
        return self.connection.dialect.name

    @property
    def database(self) -> str:
        """What errors call the database."""
        return label_for(self.connection.engine.url)

    @contextmanager
    def transaction(self) -> Generator[None]:
        """Work in one transaction: the caller's, or one that ends with the block."""
        with self.connection.begin() if self.is_ours else nullcontext():
            if self.dialect == "sqlite":
                # Python's driver would not put statements that define into a transaction.
                driver: Any = self.connection.connection.driver_connection
                if not driver.in_transaction:
                    self.connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield

    @contextmanager
    def autocommit(self) -> Generator[Session]:
        """Work outside of transactions, which some statements ask for.

        Raises:
            ConfigurationError: The transaction is the caller's, or the server's connection
                is not: a pooler gives it to others between two statements.
        """
        with self._outside() as connection:
            _refuse_pooler(connection, self.database)
            yield attrs.evolve(self, connection=connection)

    def pause(self) -> None:
        """Let a moment pass, and others work meanwhile."""
        if not self.connection.dialect.is_async:
            time.sleep(_PAUSE_SECONDS)
            return

        def sleep(_: object) -> Coroutine[Any, Any, None]:
            return asyncio.sleep(_PAUSE_SECONDS)

        driver: Any = self.connection.connection.dbapi_connection
        driver.run_async(sleep)

    def _outside(self) -> AbstractContextManager[Connection]:
        if self.operations is not None:
            return _outside_alembic(self.operations)
        if self.is_ours and not self.is_inside:
            options = {"isolation_level": "AUTOCOMMIT"}
            return nullcontext(self.connection.execution_options(**options))
        problem = (
            "concurrently: an index cannot be built beside writers inside your transaction; "
            "give an address or an engine instead of a connection"
        )
        raise ConfigurationError([problem])


_PAUSE_SECONDS: Final = 0.05


@overload
def perform(target: SyncTarget, work: Callable[[Session], T]) -> T: ...


@overload
def perform(target: AsyncTarget, work: Callable[[Session], T]) -> Coroutine[Any, Any, T]: ...


@overload
def perform(target: Target, work: Callable[[Session], T]) -> T | Coroutine[Any, Any, T]: ...


def perform(target: Target, work: Callable[[Session], T]) -> T | Coroutine[Any, Any, T]:
    """Do *work* on a connection to *target*; what drivers raise comes out as errors of ours."""
    if isinstance(target, AlembicOperations):
        connection = target.get_bind()
        with errors_translated(connection.engine.url):
            return work(Session(connection=connection, operations=target))
    if isinstance(target, Connection):
        with errors_translated(target.engine.url):
            return work(Session(connection=target))
    if isinstance(target, Engine):
        with errors_translated(target.url), target.connect() as connection:
            return work(Session(connection=connection, is_ours=True))
    given = cast("object", target)
    if isinstance(given, str | AsyncEngine | AsyncConnection | AsyncpgConnection):
        return _perform_async(given, work)
    problem = (
        f"{type(target).__name__} is nothing that can be migrated; give an address, an engine "
        "or a connection of SQLAlchemy's, a connection of asyncpg's, or Alembic's op"
    )
    raise ConfigurationError([problem])


async def _perform_async(target: AsyncTarget, work: Callable[[Session], T]) -> T:
    if isinstance(target, AsyncConnection):
        with errors_translated(target.engine.url):
            return await target.run_sync(lambda connection: work(Session(connection=connection)))
    async with AsyncExitStack() as stack:
        is_inside = False
        if isinstance(target, str):
            engine = engine_for(target)
            stack.push_async_callback(engine.dispose)
        elif isinstance(target, AsyncEngine):
            engine = target
        else:
            engine = _engine_on(target)
            is_inside = target.is_in_transaction()
        with errors_translated(engine.url):
            async with engine.connect() as connection:
                return await connection.run_sync(
                    lambda connection: work(
                        Session(connection=connection, is_ours=True, is_inside=is_inside)
                    )
                )


# ---- drivers' connections


class _Lent:
    """A connection of asyncpg's that stays its owner's: not closed, and its codecs as they were."""

    def __init__(self, lender: AsyncpgConnection) -> None:
        self._lender = lender

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lender, name)

    async def set_type_codec(self, *args: Any, **kwargs: Any) -> None:
        """Leave the owner's codecs alone; our statements need none."""

    async def close(self, **kwargs: Any) -> None:
        """Leave the connection open."""

    def terminate(self) -> None:
        """Leave the connection open."""


def _engine_on(lender: AsyncpgConnection) -> AsyncEngine:
    async def lend() -> Any:
        return _Lent(lender)

    return create_async_engine(
        "postgresql+asyncpg://", poolclass=NullPool, async_creator=cast("Any", lend)
    )


@contextmanager
def _outside_alembic(operations: AlembicOperations) -> Generator[Connection]:
    with operations.get_context().autocommit_block():
        yield operations.get_bind()


def _refuse_pooler(connection: Connection, database: str) -> None:
    """Refuse a server process that is not the one that the driver was told at its connecting.

    A pooler tells its clients numbers of its own making.
    """
    driver: Any = connection.connection.driver_connection
    if hasattr(driver, "get_server_pid"):
        told = driver.get_server_pid()
    else:
        told = getattr(getattr(driver, "info", None), "backend_pid", None)
    if told is not None and told != connection.scalar(text("SELECT pg_backend_pid()")):
        problem = (
            f"{database} is reached through a pooler, where no lock outlives a transaction; "
            "to build indexes concurrently, give the address of the server itself"
        )
        raise ConfigurationError([problem])
