"""Leases: who may move a projection, kept in rows, so that they work behind any pooler."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import secrets
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs
from sqlalchemy import (
    ColumnElement,
    DateTime,
    Interval,
    and_,
    func,
    literal,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import EventdocsError, ProjectionHeldError, StoreBusyError
from eventdocs.projections._checkpoints import fence
from eventdocs.projections._gathering import gathering
from eventdocs.projections._partitions import partition_named
from eventdocs.projections._tables import leases
from eventdocs.projections._trouble import trouble_behind
from eventdocs.store import EventStore

_logger: Final = logging.getLogger("eventdocs.projections")

_TIME: Final = DateTime(timezone=True)
_REBUILD: Final = "/rebuild"

# The half of the advisory lock's key that says what it is: "evl" in ASCII.
_NAMESPACE: Final = 0x65766C
_END_LAPSED: Final = text(
    "SELECT pg_terminate_backend(held.pid) FROM pg_locks held "
    "WHERE held.locktype = 'advisory' AND held.granted AND held.objsubid = 2 "
    "AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
    "AND held.classid = :namespace AND held.objid = :key AND held.pid <> pg_backend_pid()"
)


@attrs.frozen(kw_only=True)
class LeaseHolder:
    """Who moves a projection at present.

    Attributes:
        owner: Host, process id and a random part, which names the runner.
        since: When it took the lease, aware UTC.
        until: When the lease lapses unless it is renewed, aware UTC.
        seconds_left: How long that is, by the database's clock.
    """

    owner: str
    since: datetime
    until: datetime
    seconds_left: float


class Lease:
    """The right of one runner to do one piece of work.

    Args:
        store: The log, in whose database the lease is.
        projection: What is worked on: a projection, or a partition by its name.
        owner: Who works.
        seconds: How long the lease lasts if it is not renewed.
        is_rebuild: It is for the projection's rebuild, not for the live tables.

    Attributes:
        name: Of the row.
        token: The fencing token; None while the lease is not held.
    """

    def __init__(
        self,
        store: EventStore,
        projection: str,
        *,
        owner: str,
        seconds: float,
        is_rebuild: bool = False,
    ) -> None:
        self.name = name_of_lease(projection, is_rebuild=is_rebuild)
        self.token: int | None = None
        self.seconds = seconds
        self._projection = projection
        self._is_rebuild = is_rebuild
        self._store = store
        self._owner = owner
        self._turn = asyncio.Lock()
        digest = hashlib.sha256(f"{store.store_id}/{self.name}".encode()).digest()
        self._key = int.from_bytes(digest[:4]) >> 1

    async def take(self) -> LeaseHolder | None:
        """Take the lease if it is free; tell who holds it if it is not.

        The projection is fenced in the same transaction: from then on its last owner
        can move it no more. On PostgreSQL, a transaction in which that owner was stopped
        is ended by the server.

        Raises:
            StoreError: The database is busy or away.
        """
        async with self._turn:
            if self.token is not None:
                return None
            holder = await self.holder()
            # It may be ours, of a call whose end the database has not told us.
            if holder is None or holder.owner == self._owner:
                try:
                    self.token = await self._take()
                except Exception as error:
                    if not isinstance(trouble_behind(error, self._store.database), StoreBusyError):
                        raise
                    await self._end_lapsed()
                    self.token = await self._take()
                holder = None if self.token is not None else await self.holder()
        if self.token is not None:
            _logger.info("eventdocs.lease.taken", extra={"lease": self.name, "token": self.token})
            return None
        return holder or await self.take()

    async def holder(self) -> LeaseHolder | None:
        """Tell who has the lease; None if nobody does."""
        async with self._store.connect() as connection:
            return await read_holder(connection, self.name)

    async def give_back(self) -> None:
        """Let another runner take the lease at once; without it, do nothing.

        If the database is away, it lapses by itself.
        """
        token, self.token = self.token, None
        if token is None:
            return
        try:
            async with asyncio.timeout(self.seconds), self._store.begin() as tx:
                await self._expire(tx, token, seconds=0)
        except (EventdocsError, SQLAlchemyError, OSError):
            _logger.warning("eventdocs.lease.not_given_back", extra={"lease": self.name})
            return
        _logger.info("eventdocs.lease.given_back", extra={"lease": self.name})

    async def renew(self, tx: AsyncConnection, token: int) -> None:
        """Let the lease last from now on, if it is still that of *token*; else lose it."""
        if not await self._expire(tx, token, seconds=self.seconds) and self.token == token:
            self.lose()

    def lose(self) -> None:
        """Take note that another runner has the lease."""
        if self.token is not None:
            self.token = None
            _logger.warning("eventdocs.lease.lost", extra={"lease": self.name})

    def held_error(self, holder: LeaseHolder) -> ProjectionHeldError:
        """Say that *holder* has it."""
        return ProjectionHeldError(
            partition_named(self._projection).projection,
            "being rebuilt" if self._is_rebuild else "held",
            holder.owner,
            holder.since,
            holder.until,
        )

    def mark(self, tx: AsyncConnection) -> ColumnElement[Any] | None:
        """Give the expression that marks *tx* as working under this lease.

        PostgreSQL only: there, a transaction of a stopped process holds on to its rows,
        and whoever takes over must be able to find it.
        """
        if tx.dialect.name != "postgresql":
            return None
        return func.pg_advisory_xact_lock_shared(_NAMESPACE, self._key)

    async def _expire(self, tx: AsyncConnection, token: int, *, seconds: float) -> bool:
        mine = and_(
            leases.c.name == self.name,
            leases.c.owner == self._owner,
            leases.c.token == token,
        )
        found = await tx.execute(
            update(leases)
            .where(mine)
            .values(expires_at=moment(tx, seconds))
            .returning(leases.c.token, *self._marks(tx))
        )
        return found.first() is not None

    def _marks(self, tx: AsyncConnection) -> list[ColumnElement[Any]]:
        mark = self.mark(tx)
        return [] if mark is None else [mark]

    async def _take(self) -> int | None:
        async with self._store.begin() as tx:
            if tx.dialect.name == "postgresql":
                limit = f"{max(1, round(self.seconds * 1000 / 10))}ms"
                await tx.execute(select(func.set_config("lock_timeout", limit, True)))
            token = await self._upsert(tx)
            if token is None:
                return None
            if not self._is_rebuild:
                await fence(tx, self._projection, token)
        if self._is_rebuild:
            await self._end_transactions()
        return token

    async def _upsert(self, tx: AsyncConnection) -> int | None:
        insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        values = {
            "owner": self._owner,
            "acquired_at": moment(tx),
            "expires_at": moment(tx, self.seconds),
        }
        found = await tx.execute(
            insert(leases)
            .values(name=self.name, token=1, **values)
            .on_conflict_do_update(
                index_elements=[leases.c.name],
                set_={**values, "token": leases.c.token + 1},
                where=or_(leases.c.expires_at <= moment(tx), leases.c.owner == self._owner),
            )
            .returning(leases.c.token, *self._marks(tx))
        )
        row = found.first()
        return None if row is None else row.token

    async def _end_lapsed(self) -> None:
        """End the transactions of an owner that did not renew its lease."""
        if await self.holder() is None:
            await self._end_transactions()

    async def _end_transactions(self) -> None:
        async with self._store.begin() as tx:
            if tx.dialect.name == "postgresql":
                values = {"namespace": _NAMESPACE, "key": self._key}
                ended = (await tx.execute(_END_LAPSED, values)).all()
                if ended:
                    _logger.warning(
                        "eventdocs.lease.transaction_ended",
                        extra={"lease": self.name, "transactions": len(ended)},
                    )


class Leases:
    """The leases of one runner, which are renewed together.

    Args:
        store: The log.
        seconds: How long a lease lasts if it is not renewed.
    """

    def __init__(self, store: EventStore, *, seconds: float) -> None:
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        self.seconds = seconds
        self._store = store
        self._leases: dict[str, Lease] = {}

    @property
    def pause(self) -> float:
        """Seconds between two renewals, which leave room for one that fails."""
        return self.seconds / 3

    def of(self, projection: str, *, is_rebuild: bool = False) -> Lease:
        """Give the runner's lease for a projection or a partition, or for a rebuild."""
        lease = Lease(
            self._store,
            projection,
            owner=self.owner,
            seconds=self.seconds,
            is_rebuild=is_rebuild,
        )
        return self._leases.setdefault(lease.name, lease)

    async def renew(self) -> None:
        """Renew what is held, and take note of what is held no more.

        A lease that has lapsed and that nobody else has taken is as good as before. If the
        database is away, nothing changes.
        """
        held = [each for each in self._leases.values() if each.token is not None]
        if not held:
            return
        try:
            async with self._store.begin() as tx:
                for lease in held:
                    if lease.token is not None:
                        await lease.renew(tx, lease.token)
        except (EventdocsError, SQLAlchemyError, OSError) as error:
            kind = type(error).__qualname__
            _logger.warning("eventdocs.lease.not_renewed", extra={"error_type": kind})

    @asynccontextmanager
    async def kept(self) -> AsyncGenerator[None]:
        """Renew what is held as long as the block lasts."""
        async with gathering() as tasks:
            keeper = tasks.create_task(self._keep(), name="eventdocs-leases")
            try:
                yield
            finally:
                keeper.cancel()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(self.pause)
            await self.renew()


def moment(connection: AsyncConnection, seconds: float = 0.0) -> ColumnElement[datetime]:
    """Give the expression for so many seconds from now, by the database's clock."""
    if connection.dialect.name == "postgresql":
        now = func.clock_timestamp(type_=_TIME)
        return now + literal(timedelta(seconds=seconds), Interval())
    return func.strftime("%Y-%m-%d %H:%M:%f000", "now", f"{seconds:+f} seconds", type_=_TIME)


def name_of_lease(projection: str, *, is_rebuild: bool) -> str:
    """Name the row of the lease for *projection*, or for its rebuild."""
    return f"{projection}{_REBUILD}" if is_rebuild else projection


async def read_holder(connection: AsyncConnection, name: str) -> LeaseHolder | None:
    """Tell who holds the lease of this *name*; None if nobody does."""
    now = moment(connection).label("now")
    query = select(leases.c.owner, leases.c.acquired_at, leases.c.expires_at, now)
    row = (await connection.execute(query.where(leases.c.name == name))).one_or_none()
    if row is None or row.expires_at <= row.now:
        return None
    return LeaseHolder(
        owner=row.owner,
        since=_aware(row.acquired_at),
        until=_aware(row.expires_at),
        seconds_left=(row.expires_at - row.now).total_seconds(),
    )


def _aware(moment: datetime) -> datetime:
    # SQLite keeps no offset; what is written is UTC.
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
