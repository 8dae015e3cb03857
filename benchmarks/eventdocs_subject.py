"""The subject that is measured: eventdocs on either database."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence
from typing import Final
from uuid import UUID, uuid4

import attrs
from sqlalchemy import BigInteger, Column, MetaData, Table, Text, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import override

from benchmarks.subject import TEXT, Subject
from eventdocs import EventStore, ProjectionRunner, Projector, RecordedEvent, event, handles

_numbers: Final = itertools.count(1)


@event("Measured", version=1)
@attrs.frozen(kw_only=True)
class Measured:
    """What is appended."""

    document_id: UUID
    text: str


class EventdocsSubject(Subject):
    """eventdocs over an open store."""

    def __init__(self, store: EventStore) -> None:
        self.store = store

    @override
    async def append_sequentially(self, count: int) -> None:
        for _ in range(count):
            await self._append(1)

    @override
    async def append_concurrently(self, count: int, *, writers: int) -> None:
        async def write() -> None:
            for _ in range(count // writers):
                await self._append(1)

        async with asyncio.TaskGroup() as tasks:
            for _ in range(writers):
                tasks.create_task(write())

    @override
    async def append_batches(self, count: int, *, size: int) -> None:
        for _ in range(count // size):
            await self._append(size)

    async def _append(self, size: int) -> None:
        document_id = uuid4()
        await self.store.append(
            f"document-{document_id}",
            [Measured(document_id=document_id, text=TEXT) for _ in range(size)],
        )

    @override
    async def scan(self) -> int:
        count = 0
        async for recorded in self.store.read_all():
            assert recorded.data.text
            count += 1
        return count

    @override
    async def project(self) -> int:
        table = Table(
            f"measured_{next(_numbers)}",
            MetaData(),
            Column("sequence", BigInteger, primary_key=True, autoincrement=False),
            Column("text", Text, nullable=False),
        )
        async with ProjectionRunner(self.store, [_projector_of(table)]) as runner:
            await runner.catch_up()
        async with self.store.connect() as connection:
            return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


def _projector_of(table: Table) -> Projector:
    class Rows(Projector):
        name = table.name
        version = 1
        tables = (table,)

        @handles(Measured, batch=True)
        async def add(self, events: Sequence[RecordedEvent[Measured]], tx: AsyncConnection) -> None:
            await tx.execute(
                insert(table), [{"sequence": e.sequence, "text": e.data.text} for e in events]
            )

    return Rows()
