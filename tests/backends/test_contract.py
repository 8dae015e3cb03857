"""Both backends keep the contract of the port."""

from __future__ import annotations

import pytest

from eventdocs.backends import open_store
from eventdocs.testing import EventStoreContract, Opening


class TestSqliteStore(EventStoreContract):
    @pytest.fixture
    def opening(self, sqlite_url: str) -> Opening:
        """Open a new file."""
        return lambda events: open_store(sqlite_url, events=events)


class TestPostgresStore(EventStoreContract):
    @pytest.fixture
    def opening(self, postgres_url: str) -> Opening:
        """Open a new database on a real server."""
        return lambda events: open_store(postgres_url, events=events)
