"""The floor on PostgreSQL: asyncpg and nothing above it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from typing import Final

import asyncpg
import orjson
from typing_extensions import override

from benchmarks.subject import PAGE, Row, Subject, rows

CONNECTIONS: Final = 32
"""More of them would make the server slower, not faster."""

_INSERT = "INSERT INTO floor_log (stream, version, id, payload) VALUES ($1, $2, $3, $4)"
_INSERT_MANY = (
    "INSERT INTO floor_log (stream, version, id, payload) "
    "SELECT * FROM unnest($1::text[], $2::bigint[], $3::uuid[], $4::json[])"
)


class PostgresFloor(Subject):
    """A plain table, with the keys that a log needs and no promise about its order."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self._models = itertools.count(1)

    @classmethod
    async def open(cls, url: str) -> PostgresFloor:
        """Connect and make the table."""
        pool = await asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS)
        await pool.execute(
            "CREATE TABLE floor_log (sequence bigserial PRIMARY KEY, stream text NOT NULL, "
            "version bigint NOT NULL, id uuid NOT NULL UNIQUE, payload json NOT NULL, "
            "UNIQUE (stream, version))"
        )
        return cls(pool)

    @override
    async def append_sequentially(self, count: int) -> None:
        async with self.pool.acquire() as connection:
            for row in rows(count):
                await connection.execute(_INSERT, row.stream, row.version, row.id, row.payload)

    @override
    async def append_concurrently(self, count: int, *, writers: int) -> None:
        async def write(mine: Sequence[Row]) -> None:
            for row in mine:
                await self.pool.execute(_INSERT, row.stream, row.version, row.id, row.payload)

        made = rows(count)
        lines = min(writers, CONNECTIONS)
        async with asyncio.TaskGroup() as tasks:
            for line in range(lines):
                tasks.create_task(write(made[line::lines]))

    @override
    async def append_batches(self, count: int, *, size: int) -> None:
        made = rows(count, per_stream=size)
        async with self.pool.acquire() as connection:
            for start in range(0, count, size):
                batch = made[start : start + size]
                await connection.execute(
                    _INSERT_MANY,
                    [row.stream for row in batch],
                    [row.version for row in batch],
                    [row.id for row in batch],
                    [row.payload for row in batch],
                )

    async def _pages(self) -> AsyncIterator[list[tuple[int, str]]]:
        last = 0
        while page := await self.pool.fetch(
            "SELECT sequence, payload FROM floor_log "
            "WHERE sequence > $1 ORDER BY sequence LIMIT $2",
            last,
            PAGE,
        ):
            last = page[-1]["sequence"]
            yield [(row["sequence"], row["payload"]) for row in page]

    @override
    async def scan(self) -> int:
        count = 0
        async for page in self._pages():
            for _, payload in page:
                assert orjson.loads(payload)["text"]
                count += 1
        return count

    @override
    async def project(self) -> int:
        table = f"floor_model_{next(self._models)}"
        await self.pool.execute(f"CREATE TABLE {table} (sequence bigint PRIMARY KEY, text text)")
        async for page in self._pages():
            async with self.pool.acquire() as connection, connection.transaction():
                await connection.executemany(
                    f"INSERT INTO {table} VALUES ($1, $2)",
                    [(sequence, orjson.loads(payload)["text"]) for sequence, payload in page],
                )
        count: int = await self.pool.fetchval(f"SELECT count(*) FROM {table}")
        return count

    async def close(self) -> None:
        """Let go of the connections."""
        await self.pool.close()
