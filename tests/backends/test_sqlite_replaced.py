"""A SQLite file in whose place another is put while it is open."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from eventdocs.backends import open_store
from eventdocs.errors import StoreUnavailableError
from eventdocs.store import EventStore
from tests.backends.sqlite_hosts import Noted, notes, sql, texts


def back_up(path: Path, backup: Path) -> None:
    """Copy the database while others use it."""
    with sql(path) as origin, sql(backup) as copy:
        origin.backup(copy)


def put_in_place(backup: Path, path: Path) -> None:
    """Do as somebody does who restores a backup, but for stopping the application first."""
    for companion in ("-wal", "-shm"):
        path.with_name(path.name + companion).unlink(missing_ok=True)
    backup.replace(path)


async def every_connection_at_work(store: EventStore) -> list[str]:
    """Use what appends, what reads, and what projections use."""
    async with store.begin() as tx:
        await store.using(tx).append("a", notes("by a transaction"))
    async with store.connect() as connection:
        counted = await connection.scalar(text("SELECT count(*) FROM eventdocs_events"))
    found = await texts(store)
    assert counted == len(found)
    return found


async def test_everybody_goes_over_to_the_new_file(tmp_path: Path) -> None:
    """What was appended to the old one afterwards would be gone, though acknowledged."""
    path = tmp_path / "log.db"
    async with open_store(f"sqlite:///{path}", events=[Noted]) as store:
        await store.append("a", notes("1"))
        await every_connection_at_work(store)
        back_up(path, tmp_path / "backup.db")
        await store.append("a", notes("lost"))

        put_in_place(tmp_path / "backup.db", path)
        appended = await store.append("a", notes("3"))
        found = await every_connection_at_work(store)

    assert appended.version == 3
    assert found == ["1", "by a transaction", "3", "by a transaction"]
    with sql(path) as connection:
        (count,) = connection.execute("SELECT count(*) FROM eventdocs_events").fetchone()
    assert count == 4


async def test_nobody_writes_to_a_file_that_is_gone(tmp_path: Path) -> None:
    """The error is a transient one: perhaps another file comes in its place."""
    path = tmp_path / "log.db"
    async with open_store(f"sqlite:///{path}", events=[Noted]) as store:
        await store.append("a", notes("1"))
        back_up(path, tmp_path / "backup.db")
        path.unlink()

        with pytest.raises(StoreUnavailableError):
            await store.append("a", notes("2"))
        with pytest.raises(StoreUnavailableError):
            await every_connection_at_work(store)

        put_in_place(tmp_path / "backup.db", path)
        await store.append("a", notes("2"))
        assert await texts(store) == ["1", "2"]
