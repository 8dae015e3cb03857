"""The stress can fail: each known way of getting the order wrong is caught by it."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import pytest

from eventdocs.backends import open_store
from tests.stress.harness import ReadAfter, Tail, Truth, write_everything
from tests.stress.readers import (
    WITH_TRANSACTION_IDS,
    hasty_reader,
    naive_reader,
    settled_reader,
    transaction_id_reader,
)
from tests.stress.writers import Ticked

pytestmark = pytest.mark.once

EVENTS = 400
"""How many each writer makes; enough for every bug to show itself many times."""


async def follow(url: str, folder: Path, *tails: Tail) -> Truth:
    """Follow the log by *tails* while it is written, and read what it holds afterwards."""
    writing_is_over = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        for tail in tails:
            group.create_task(tail.run(writing_is_over))
        await write_everything(url, folder, processes=2, writers=12, events=EVENTS)
        writing_is_over.set()
    return await Truth.of(url)


async def test_readers_that_see_more_than_is_settled_are_caught(
    postgres_url: str, tmp_path: Path
) -> None:
    """One without a watermark, one that reads it too late, and one in the order of transactions.

    Beside them the right one sees everything, so that nothing else is at fault.
    """
    async with open_store(postgres_url, events=[Ticked]) as store, AsyncExitStack() as planted:
        readers: list[ReadAfter] = []
        for make in (naive_reader, hasty_reader, transaction_id_reader):
            connection = await asyncpg.connect(postgres_url)
            planted.push_async_callback(connection.close)
            readers.append(make(connection))
        await connection.execute(WITH_TRANSACTION_IDS)
        settled, naive, hasty, by_transaction = (
            Tail(each) for each in (settled_reader(store), *readers)
        )

        truth = await follow(
            postgres_url,
            tmp_path,
            *(settled, naive, hasty, by_transaction),
        )

    assert truth.missed(settled.seen) == []
    assert truth.missed(naive.seen), "a reader without a watermark passes"
    assert truth.missed(hasty.seen), "a reader that reads the watermark too late passes"
    assert truth.inverted(by_transaction.seen), "a reader in the order of transactions passes"
    assert not truth.inverted(settled.seen)


@pytest.mark.parametrize(
    "sabotage",
    [
        pytest.param("ALTER SEQUENCE eventdocs_sequence CACHE 32", id="sequences in store"),
        pytest.param(
            "CREATE OR REPLACE FUNCTION eventdocs_hold_watermark() RETURNS void "
            "LANGUAGE sql AS 'SELECT'",
            id="no lock",
        ),
    ],
)
async def test_appends_that_break_the_rules_of_the_order_are_caught(
    postgres_url: str, tmp_path: Path, sabotage: str
) -> None:
    """Sequences handed out in advance, and an append that does not announce itself."""
    connection = await asyncpg.connect(postgres_url)
    await connection.execute(sabotage)
    await connection.close()
    async with open_store(postgres_url, events=[Ticked]) as store:
        tail = Tail(settled_reader(store))
        truth = await follow(postgres_url, tmp_path, tail)

    assert truth.missed(tail.seen)
