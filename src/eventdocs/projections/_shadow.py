"""Shadows: fresh tables of a projector, in which its handlers work as in the live ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from sqlalchemy import (
    Connection,
    ForeignKeyConstraint,
    MetaData,
    Table,
    and_,
    delete,
    exists,
    not_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from eventdocs.errors import RebuildFailedError
from eventdocs.projections._checkpoints import Checkpoint
from eventdocs.projections._projector import Projector
from eventdocs.projections._tables import dead_letters, projections
from eventdocs.store import EventStore


class Swap(Protocol):
    """A transaction on the live database that ends a rebuild."""

    @property
    def tx(self) -> AsyncConnection:
        """The transaction; all names mean what is live."""
        ...

    async def replace(self, stands: Sequence[Checkpoint]) -> None:
        """Put the fresh tables in the place of the live ones.

        Args:
            stands: Where the shadow, or each partition of it, must stand.

        Raises:
            RebuildFailedError: Something else in the database forbids it.
        """


class Shadow(Protocol):
    """Fresh tables of one projector beside its live ones, with a checkpoint of their own.

    Foreign keys among the fresh tables hold; those to other tables are not checked
    until the swap, because a row's parent may have been deleted since.
    """

    def begin(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction in which the projector's and the bookkeeping's tables are the fresh ones.

        Every other name means what it always does.
        """
        ...

    async def progress(self) -> list[Checkpoint]:
        """Tell how far an earlier attempt has come, by partitions; nothing if there was none."""
        ...

    async def create(self, firsts: Sequence[Checkpoint]) -> None:
        """Create the fresh tables, with first checkpoints."""

    def swap(self) -> AbstractAsyncContextManager[Swap]:
        """Open the transaction that ends the rebuild; the shadow is gone when it has committed."""
        ...

    async def discard(self) -> None:
        """Remove the fresh tables."""

    async def close(self) -> None:
        """Let go of connections; what was committed stays for the next attempt."""


class Scratch(Protocol):
    """A transaction on a snapshot of the live database, of which nothing will remain."""

    @property
    def tx(self) -> AsyncConnection:
        """The transaction; all names mean what is live until `create` is called."""
        ...

    @property
    def live(self) -> str:
        """The schema of the live tables."""
        ...

    @property
    def fresh(self) -> str:
        """The schema of the fresh tables."""
        ...

    async def create(self, tables: Sequence[Table]) -> None:
        """Create fresh *tables* and bookkeeping, and let their names mean these from now on."""


def shadow_name(projector: Projector, store: EventStore) -> str:
    """Name the shadow of *projector*: the same on every attempt, another one for every log."""
    identity = f"{store.store_id}/{projector.name}".encode()
    return f"eventdocs_rebuild_{hashlib.sha256(identity).hexdigest()[:16]}"


async def check_stands(tx: AsyncConnection, schema: str, stands: Sequence[Checkpoint]) -> None:
    """Make sure that the shadow in *schema* stands there, and keep it there until *tx* ends.

    Raises:
        RebuildFailedError: Another process has begun it anew.
    """
    fresh = projections.to_metadata(MetaData(), schema=schema)
    for at in stands:
        query = select(fresh.c.event_id, fresh.c.token).where(fresh.c.name == at.projection)
        found = (await tx.execute(query.with_for_update())).one_or_none()
        if found is None or (found.event_id, found.token) != (at.event_id, at.token):
            raise RebuildFailedError(at.partition.projection, "another process rebuilds it too")


def create_fresh(connection: Connection, tables: Sequence[Table]) -> None:
    """Create *tables* and the bookkeeping's where *connection* creates tables without a schema."""
    metadata = MetaData()
    for table in (*tables, projections, dead_letters):
        table.to_metadata(metadata)
    for table in metadata.tables.values():
        for key in outer_keys(table, metadata.tables):
            table.constraints.discard(key)
            for element in key.elements:
                table.foreign_keys.discard(element)
                element.parent.foreign_keys.discard(element)
    metadata.create_all(connection, checkfirst=False)


def outer_keys(table: Table, inside: Iterable[str]) -> list[ForeignKeyConstraint]:
    """List the foreign keys of *table* to tables that are not among those named *inside*."""
    names = set(inside)
    return [
        key
        for key in table.foreign_key_constraints
        if key.elements[0].target_fullname.rpartition(".")[0] not in names
    ]


async def drop_orphans(tx: AsyncConnection, keys: Iterable[ForeignKeyConstraint]) -> int:
    """Do to rows without a parent what its deletion would have done; return how many there were."""
    count = 0
    for key in keys:
        child, parent = key.table, key.referred_table
        is_orphan = and_(
            *(column.is_not(None) for column in key.columns),
            not_(
                exists(
                    select(1)
                    .select_from(parent)
                    .where(*(element.column == element.parent for element in key.elements))
                    .correlate(child)
                )
            ),
        )
        match (key.ondelete or "").upper():
            case "CASCADE":
                count += (await tx.execute(delete(child).where(is_orphan))).rowcount
            case "SET NULL":
                nothing = dict.fromkeys([column.name for column in key.columns])
                count += (await tx.execute(update(child).where(is_orphan).values(nothing))).rowcount
            case _:
                continue
    return count
