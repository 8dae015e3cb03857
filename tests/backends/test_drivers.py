"""Engines for addresses: what happens when nothing can be reached there."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest
from sqlalchemy import text

from eventdocs.backends._drivers import engine_for, errors_translated
from eventdocs.errors import StoreUnavailableError


def attempt(address: str) -> None:
    async def connect() -> None:
        engine = engine_for(address)
        try:
            with errors_translated(engine.url):
                async with engine.connect() as connection:
                    await connection.execute(text("SELECT 1"))
        finally:
            await engine.dispose()

    asyncio.run(connect())


class TestAFileThatCannotBeOpened:
    def test_is_refused_before_a_thread_is_started_for_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A thread would report to an event loop that may have ended, and raise there."""
        started: list[threading.Thread] = []
        start = threading.Thread.start

        def recorded(thread: threading.Thread) -> None:
            started.append(thread)
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", recorded)
        attempt(f"sqlite:///{tmp_path / 'there.db'}")
        for_a_file_that_opens = len(started)

        with pytest.raises(StoreUnavailableError, match="unable to open"):
            attempt(f"sqlite:///{tmp_path / 'missing' / 'events.db'}")

        assert for_a_file_that_opens == len(started) == 1
