"""Readers that tail the log: the right one, and those with a planted bug."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from eventdocs.errors import TransientStoreError
from eventdocs.store import EventStore, Selection
from tests.stress.harness import ReadAfter, Seen

PAGE = 1_000


def settled_reader(store: EventStore) -> ReadAfter:
    """Read as every host does, through the port."""

    # An answer must be had: taking a server that is away for the end of the log would end the tail.
    @retry(
        retry=retry_if_exception_type(TransientStoreError),
        wait=wait_fixed(0.02),
        stop=stop_after_delay(60),
        reraise=True,
    )
    async def read(after: int) -> Sequence[Seen]:
        page = await store.read_page(Selection(after=after), limit=PAGE)
        return [(event.sequence, event.id) for event in page.events]

    return read


def naive_reader(connection: asyncpg.Connection[asyncpg.Record]) -> ReadAfter:
    """Read what is visible after the last sequence: the bug that every second outbox has."""

    async def read(after: int) -> Sequence[Seen]:
        rows = await connection.fetch(
            "SELECT sequence, id FROM eventdocs_events WHERE sequence > $1 "
            "ORDER BY sequence LIMIT 1000",
            after,
        )
        return [(row[0], row[1]) for row in rows]

    return read


def hasty_reader(connection: asyncpg.Connection[asyncpg.Record]) -> ReadAfter:
    """Ask for the watermark in the statement that reads: its snapshot is older than the answer.

    The pause stands for a busy machine; without it the loss is as real, and rarer.
    """

    async def read(after: int) -> Sequence[Seen]:
        rows = await connection.fetch(
            """
            WITH pause AS MATERIALIZED (SELECT pg_sleep(0.002)),
                settled AS MATERIALIZED (SELECT eventdocs_watermark() AS mark FROM pause)
            SELECT sequence, id FROM eventdocs_events
            WHERE sequence > $1 AND sequence <= (SELECT mark FROM settled)
            ORDER BY sequence LIMIT 1000
            """,
            after,
        )
        return [(row[0], row[1]) for row in rows]

    return read


def transaction_id_reader(connection: asyncpg.Connection[asyncpg.Record]) -> ReadAfter:
    """Read in the order of transaction ids, below the oldest one that is still running.

    It loses nothing, and shows a stream's later version first where the transaction that
    appended it had its id before. Needs what `WITH_TRANSACTION_IDS` adds to the table.
    """
    reached = "0"

    async def read(after: int) -> Sequence[Seen]:
        nonlocal reached
        rows = await connection.fetch(
            """
            SELECT sequence, id, (txid::text::bigint)::text FROM eventdocs_events
            WHERE (txid::text::bigint, sequence) > ($1::text::bigint, $2)
                AND txid < pg_snapshot_xmin(pg_current_snapshot())
            ORDER BY txid::text::bigint, sequence LIMIT 1000
            """,
            reached,
            after,
        )
        if rows:
            reached = rows[-1][2]
        return [(row[0], row[1]) for row in rows]

    return read


WITH_TRANSACTION_IDS = """
    ALTER TABLE eventdocs_events ADD COLUMN txid xid8 DEFAULT pg_current_xact_id();
    CREATE INDEX ON eventdocs_events ((txid::text::bigint), sequence);
"""
