"""A log with events and documents, on each backend in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from eventdocs import EventStore, open_store
from tests.archive.logs import EVENTS, fill


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[EventStore]:
    async with open_store(database_url, events=EVENTS) as opened:
        await fill(opened)
        yield opened


@pytest.fixture
async def empty(sqlite_url: str) -> AsyncIterator[EventStore]:
    url = sqlite_url.replace("events.db", "empty.db")
    async with open_store(url, events=EVENTS) as opened:
        yield opened
