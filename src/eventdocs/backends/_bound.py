"""A store through a transaction of the host's: what all backends have in common."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from eventdocs.store import EventStore, StoreStatistics


class BoundStore(EventStore):
    """A store whose every statement runs in the host's transaction.

    Args:
        store: The store that it belongs to.
        tx: The transaction.
    """

    _outcome = "entrusted"

    def __init__(self, store: EventStore, tx: AsyncConnection) -> None:
        super().__init__(store.registry, instrumentation=store.instrumentation)
        self.schema = store.schema
        self._store = store
        self._tx = tx

    @override
    def statistics(self) -> StoreStatistics:
        return self._store.statistics()

    @override
    def using(self, tx: AsyncConnection) -> EventStore:
        return self._store.using(tx)

    @property
    @override
    def store_id(self) -> UUID:
        return self._store.store_id

    @property
    @override
    def database(self) -> str:
        return self._store.database

    @override
    async def close(self) -> None:
        """Do nothing: the transaction is the host's."""
