"""PostgreSQL databases of tests: one that a test has left as it was serves the next one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias, TypeVar
from uuid import uuid4

import asyncpg
import attrs

from eventdocs.migrations import upgrade
from eventdocs.testing._postgres_server import PostgresServer

T = TypeVar("T")

_Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"

# What a new database's tables hold: the steps taken, and the log's own name.
_HOLDS_FROM_THE_START = ("eventdocs_migrations", "eventdocs_store")

_END_OTHERS = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"

_FORGET = """
SELECT setval('eventdocs_sequence', 1, false);
UPDATE eventdocs_store SET store_id = gen_random_uuid(), created_at = now();
"""

# Everything that a test can change in a database, but for rows of the log and of read models.
_SHAPE = """
WITH ours AS (
    SELECT oid FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema$)'
), facts (fact) AS (
    SELECT concat_ws(' ', nspname, nspacl) FROM pg_namespace
    UNION ALL
    SELECT concat_ws(' ', relname, relkind, relpersistence, relacl, reloptions)
    FROM pg_class WHERE relnamespace IN (TABLE ours)
    UNION ALL
    SELECT concat_ws(
        ' ', attrelid::regclass, attnum, attname, atttypid, atttypmod, attnotnull, attidentity,
        (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
         WHERE adrelid = attrelid AND adnum = attnum)
    )
    FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
    WHERE relnamespace IN (TABLE ours) AND attnum > 0
    UNION ALL
    SELECT pg_get_indexdef(indexrelid) || indisvalid
    FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace IN (TABLE ours)
    UNION ALL
    SELECT concat_ws(' ', conrelid::regclass, conname, pg_get_constraintdef(oid))
    FROM pg_constraint WHERE connamespace IN (TABLE ours)
    UNION ALL
    SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace IN (TABLE ours)
    UNION ALL
    SELECT concat_ws(' ', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
    WHERE NOT tgisinternal
    UNION ALL
    SELECT concat_ws(' ', sequencename, increment_by, cache_size, cycle, max_value)
    FROM pg_sequences
    UNION ALL
    SELECT 'setting ' || setconfig::text FROM pg_db_role_setting
    JOIN pg_database ON pg_database.oid = setdatabase WHERE datname = current_database()
    UNION ALL
    SELECT 'extension ' || extname FROM pg_extension
    UNION ALL
    SELECT 'prepared ' || gid FROM pg_prepared_xacts WHERE database = current_database()
    UNION ALL
    SELECT 'names of the log: ' || count(*) FROM eventdocs_store
    UNION ALL
    SELECT 'migration ' || eventdocs_migrations::text FROM eventdocs_migrations
)
SELECT md5(string_agg(fact, E'\\n' ORDER BY fact)) FROM facts
"""


@attrs.define
class Databases:
    """Migrated databases on one server.

    Making one costs ten times as much as emptying one.
    """

    _server: PostgresServer
    template: str
    _tables: frozenset[str]
    _shape: str
    _free: list[str] = attrs.field(factory=list[str], init=False)

    @classmethod
    def on(cls, server: PostgresServer) -> Databases:
        """Make the template that all others are copied from."""
        template = f"eventdocs_template_{uuid4().hex[:12]}"
        url = server.create_database(template)
        _run(lambda: upgrade(url))
        tables, shape = _run(lambda: _look(url))
        return cls(server, template, tables, shape)

    @contextmanager
    def lend(self) -> Generator[str]:
        """Give the address of a database whose log is empty."""
        if self._free:
            name = self._free.pop()
            url = self._server.url(name)
        else:
            name = f"eventdocs_test_{uuid4().hex[:12]}"
            url = self._server.create_database(name, template=self.template)
        yield url
        if _run(lambda: self._cleaned(url)):
            self._free.append(name)
        else:
            self._server.drop_database(name)

    async def _cleaned(self, url: str) -> bool:
        """Empty a database, and tell whether it is as good as new."""
        try:
            async with _connected(url) as connection:
                await connection.execute("SET lock_timeout = '5s'")
                await connection.execute(_END_OTHERS)
                found = {row[0] for row in await connection.fetch(_TABLES)}
                for added in found - self._tables:
                    await connection.execute(f'DROP TABLE IF EXISTS "{added}" CASCADE')
                emptied = sorted(self._tables.difference(_HOLDS_FROM_THE_START))
                await connection.execute(f"TRUNCATE {', '.join(emptied)}")
                await connection.execute(_FORGET)
                return bool(await connection.fetchval(_SHAPE) == self._shape)
        except (asyncpg.PostgresError, OSError):
            return False


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[_Connection]:
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


async def _look(url: str) -> tuple[frozenset[str], str]:
    async with _connected(url) as connection:
        tables = frozenset(row[0] for row in await connection.fetch(_TABLES))
        return tables, await connection.fetchval(_SHAPE)


def _run(work: Callable[[], Awaitable[T]]) -> T:
    """Run asynchronous work where a test's own loop may be running already."""

    async def awaited() -> T:
        return await work()

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, awaited()).result()
