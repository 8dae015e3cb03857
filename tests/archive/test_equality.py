from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eventdocs import EventStore, NewEvent, open_store
from eventdocs.archive import export_log, import_log
from eventdocs.testing import CONTRACT_EVENTS, PostgresServer, strategies
from tests.archive.logs import body_of

appends = st.lists(
    st.tuples(strategies.streams(), st.lists(strategies.new_events(), min_size=1, max_size=4)),
    max_size=6,
)


@pytest.mark.once
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=appends, batch_size=st.integers(1, 9))
def test_a_log_is_the_same_wherever_it_goes(
    postgres_server: PostgresServer,
    postgres_template: str,
    history: list[tuple[str, list[NewEvent[Any]]]],
    batch_size: int,
) -> None:
    """From SQLite to PostgreSQL and back, whatever the events hold: equal byte for byte."""
    name = "eventdocs_equality"
    url = postgres_server.create_database(name, template=postgres_template)
    with tempfile.TemporaryDirectory() as folder:
        try:
            asyncio.run(_go_round(url, Path(folder), history, batch_size))
        finally:
            postgres_server.drop_database(name)


async def _go_round(
    url: str, folder: Path, history: list[tuple[str, list[NewEvent[Any]]]], batch_size: int
) -> None:
    async with (
        open_store(f"sqlite:///{folder}/first.db", events=CONTRACT_EVENTS) as first,
        open_store(url, events=CONTRACT_EVENTS) as second,
        open_store(f"sqlite:///{folder}/third.db", events=CONTRACT_EVENTS) as third,
    ):
        for stream, events in history:
            await first.append(stream, events)

        await import_log(second, await _archive(first, folder / "1"), batch_size=batch_size)
        await import_log(third, await _archive(second, folder / "2"), batch_size=batch_size)

        bodies = [await body_of(store) for store in (first, second, third)]
        assert bodies[0] == bodies[1] == bodies[2]
        assert first.store_id == second.store_id == third.store_id
        read = [[event.data async for event in store.read_all()] for store in (first, third)]
        assert read[0] == read[1]


async def _archive(store: EventStore, path: Path) -> Path:
    await export_log(store, path)
    return path
