"""Shares: how many partitions of a projection each of its runners leads."""

from __future__ import annotations

import asyncio
import logging
import time
import zlib
from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import EventdocsError
from eventdocs.projections._leases import Lease, LeaseHolder, moment
from eventdocs.projections._tables import leases
from eventdocs.store import EventStore

_logger: Final = logging.getLogger("eventdocs.projections")


class Share:
    """The partitions of one projection that one runner leads: a fair share of them.

    Every runner makes itself known in a row, which lapses as a lease does, and reckons by
    itself how many are its due: all runners come to the same numbers, whose sum is that of
    the partitions. That two of them do not know of each other yet does no harm: what a
    runner leads is what it has a lease for.

    Args:
        store: The log, in whose database the rows are.
        projection: The projection.
        owner: The runner.
        parts: Its leases for the partitions.
        seconds: How long it is known that does not make itself known again.

    Attributes:
        owner: The runner.
    """

    def __init__(
        self,
        store: EventStore,
        projection: str,
        *,
        owner: str,
        parts: Sequence[Lease],
        seconds: float,
    ) -> None:
        self._store = store
        self._projection = projection
        self.owner = owner
        self._parts = parts
        self._seconds = seconds
        self._runners: list[str] = []
        self._extra = 0
        self._free_since: dict[str, float] = {}
        self._turn = asyncio.Lock()

    @property
    def size(self) -> int:
        """How many partitions are the runner's due."""
        if self.owner not in self._runners:
            return 0
        each, rest = divmod(len(self._parts), len(self._runners))
        return each + (self._runners.index(self.owner) < rest)

    @property
    def is_exceeded(self) -> bool:
        """Whether it leads more, so that one has to be given back."""
        return self._led > self.size + self._extra

    @property
    def _led(self) -> int:
        return sum(lease.token is not None for lease in self._parts)

    async def take(self, lease: Lease) -> tuple[bool, LeaseHolder | None]:
        """Take *lease* if it is free and the runner's due.

        It is anybody's due, too, if it has been free for as long as a lease lasts: whose due
        it was cannot make use of it.

        Returns:
            Whether it is taken, and else who holds it, if anybody does.

        Raises:
            StoreError: The database is busy or away.
        """
        holder = await lease.holder()
        if holder is not None and holder.owner != self.owner:
            self._free_since.pop(lease.name, None)
            return False, holder
        async with self._turn:
            if self._led >= self.size + self._extra:
                await self.attend()
            if self._led >= self.size + self._extra:
                since = self._free_since.setdefault(lease.name, time.monotonic())
                if time.monotonic() - since < self._seconds:
                    return False, None
                self._extra = self._led + 1 - self.size
            self._free_since.pop(lease.name, None)
            holder = await lease.take()
        return holder is None, holder

    async def attend(self) -> None:
        """Make the runner known for some time more, and see who the others are.

        Raises:
            StoreError: The database is busy or away.
        """
        async with self._store.begin() as tx:
            await self._appear(tx)
            await tx.execute(delete(leases).where(self._any, leases.c.expires_at <= moment(tx)))
            found = await tx.scalars(select(leases.c.owner).where(self._any))
            # Not in one order for all projections, so that the rest is not always the same's.
            runners = sorted(
                found, key=lambda owner: zlib.crc32(f"{self._projection}/{owner}".encode())
            )
        if runners != self._runners:
            _logger.info(
                "eventdocs.projection.shared",
                extra={"projection": self._projection, "runners": len(runners)},
            )
            self._runners, self._extra = runners, 0

    async def renew(self) -> None:
        """Attend; if the database is away, nothing changes."""
        try:
            await self.attend()
        except (EventdocsError, SQLAlchemyError, OSError) as error:
            kind = type(error).__qualname__
            _logger.warning(
                "eventdocs.projection.not_attended",
                extra={"projection": self._projection, "error_type": kind},
            )

    async def leave(self) -> None:
        """Let the others know that the runner is gone; if the database is away, they will see."""
        self._runners = []
        try:
            async with asyncio.timeout(self._seconds), self._store.begin() as tx:
                await tx.execute(delete(leases).where(leases.c.name == self._name))
        except (EventdocsError, SQLAlchemyError, OSError):
            _logger.warning("eventdocs.projection.not_left", extra={"projection": self._projection})

    @property
    def _name(self) -> str:
        return f"{self._projection}/runner/{self.owner}"

    @property
    def _any(self) -> ColumnElement[bool]:
        return leases.c.name.startswith(f"{self._projection}/runner/", autoescape=True)

    async def _appear(self, tx: AsyncConnection) -> None:
        insert = postgresql.insert if tx.dialect.name == "postgresql" else sqlite.insert
        until = moment(tx, self._seconds)
        await tx.execute(
            insert(leases)
            .values(
                name=self._name,
                owner=self.owner,
                token=0,
                acquired_at=moment(tx),
                expires_at=until,
            )
            .on_conflict_do_update(index_elements=[leases.c.name], set_={"expires_at": until})
        )
