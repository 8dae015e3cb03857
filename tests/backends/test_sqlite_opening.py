"""Opening a SQLite file: ours, new, another application's, or no database at all."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from sqlalchemy import text

from eventdocs.backends import open_store
from eventdocs.backends._sqlite_errors import translated
from eventdocs.backends.sqlite import SqliteEventStore
from eventdocs.errors import (
    ConfigurationError,
    NotAnEventStoreError,
    SchemaTooNewError,
    SchemaTooOldError,
    StoreDamagedError,
    StoreError,
    StoreReadOnlyError,
    StoreUnavailableError,
    WrongExpectedVersionError,
)
from eventdocs.migrations import LATEST
from eventdocs.store import EventRegistry
from tests.backends.sqlite_hosts import Noted, host_engine, impatient, notes, sql, texts


def files(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


class TestFiles:
    @pytest.mark.parametrize("name", ["log.db", "a b.db", "50%.db", "what?.db", "a#b.db", "ü&=.db"])
    async def test_creates_the_file_that_is_asked_for(self, name: str, tmp_path: Path) -> None:
        """Whatever characters its name holds, and no other file beside it."""
        path = tmp_path / name
        async with await SqliteEventStore.open(path, EventRegistry([Noted])) as store:
            await store.append("a-1", notes("x"))
            async with store.connect() as connection:
                await connection.execute(text("SELECT 1"))

        assert files(tmp_path) == {name}

    async def test_finds_relative_paths_from_the_current_folder(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The folder at the time of the call counts, also when it changes later."""
        monkeypatch.chdir(tmp_path)
        opening = open_store("sqlite:///log.db", events=[Noted])
        monkeypatch.chdir("/")
        async with opening as store:
            await store.append("a-1", notes("x"))

            assert store.database == f"sqlite:///{tmp_path}/log.db"
        assert files(tmp_path) == {"log.db"}

    async def test_takes_an_empty_file_for_a_new_one(self, tmp_path: Path) -> None:
        """As SQLite does."""
        path = tmp_path / "log.db"
        path.touch()

        async with open_store(f"sqlite:///{path}", events=[Noted]) as store:
            await store.append("a-1", notes("x"))

    async def test_many_may_create_one_file(self, sqlite_url: str) -> None:
        """Whoever comes first makes the tables; all of them open the same log."""
        stores = await asyncio.gather(*(open_store(sqlite_url, events=[Noted]) for _ in range(6)))

        assert len({store.store_id for store in stores}) == 1
        for store in stores:
            await store.close()

    async def test_says_what_is_wrong_with_a_path(self, tmp_path: Path) -> None:
        """A missing folder and a folder in the file's place are named."""
        for path, reason in (
            (tmp_path / "missing" / "log.db", f"there is no folder {tmp_path / 'missing'}"),
            (tmp_path, "it is a folder"),
        ):
            with pytest.raises(StoreUnavailableError) as caught:
                await open_store(f"sqlite:///{path}", events=[Noted])

            assert caught.value.reason == reason
            assert str(path) in str(caught.value)
        assert files(tmp_path) == set()

    @pytest.mark.parametrize("content", [os.urandom(5_000), b"x", b"SQLite format 2\0" * 99])
    async def test_refuses_what_is_no_database(self, content: bytes, tmp_path: Path) -> None:
        """A file of another kind is refused, and not touched."""
        path = tmp_path / "log.db"
        path.write_bytes(content)

        for migrate in (None, True, False):
            with pytest.raises(NotAnEventStoreError, match="no SQLite database"):
                await open_store(f"sqlite:///{path}", events=[Noted], migrate=migrate)

        assert path.read_bytes() == content
        assert files(tmp_path) == {path.name}

    async def test_refuses_a_damaged_database(self, tmp_path: Path) -> None:
        """A header alone is no database."""
        path = tmp_path / "log.db"
        content = b"SQLite format 3\0" + os.urandom(20_000)
        path.write_bytes(content)

        with pytest.raises((NotAnEventStoreError, StoreDamagedError)):
            await open_store(f"sqlite:///{path}", events=[Noted])

        assert path.read_bytes() == content

    async def test_closing_leaves_nothing_behind(self, tmp_path: Path) -> None:
        """No thread, no connection, no file but the database."""
        before = set(threading.enumerate())
        async with open_store(f"sqlite:///{tmp_path}/log.db", events=[Noted]) as store:
            await store.append("a-1", notes("x"))
            await asyncio.gather(*(texts(store) for _ in range(8)))
            during = {each.name for each in set(threading.enumerate()) - before}

        assert any(each.startswith("eventdocs-sqlite") for each in during)
        names = {each.name for each in set(threading.enumerate()) - before}
        assert not any(each.startswith("eventdocs-sqlite") for each in names)
        assert files(tmp_path) == {"log.db"}


class TestMemory:
    async def test_is_gone_when_it_is_closed(self) -> None:
        """A database in memory is a file of the store's own, and goes with it."""
        async with open_store("sqlite:///:memory:", events=[Noted]) as store:
            await store.append("a-1", notes("x"))
            async with store.connect() as connection:
                rows = await connection.exec_driver_sql("PRAGMA database_list")
                (path,) = (Path(row.file) for row in rows)
            assert files(path.parent)

        assert store.database == "sqlite:///:memory:"
        assert files(path.parent.parent).isdisjoint({path.parent.name})

    async def test_is_each_stores_own(self) -> None:
        """Two databases in memory have nothing in common."""
        async with (
            open_store("sqlite:///:memory:", events=[Noted]) as one,
            open_store("sqlite:///:memory:", events=[Noted]) as other,
        ):
            await one.append("a-1", notes("x"))

            assert await texts(other) == []
            assert one.store_id != other.store_id


class TestSchema:
    async def test_refuses_another_applications_database(self, tmp_path: Path) -> None:
        """It is named for what it is, told how to go on, and not touched."""
        path = tmp_path / "theirs.db"
        with sql(path) as connection:
            connection.execute("CREATE TABLE recipes (name TEXT)")
        content = path.read_bytes()

        with pytest.raises(NotAnEventStoreError, match=r"recipes.*migrate=True"):
            await open_store(f"sqlite:///{path}", events=[Noted])

        assert path.read_bytes() == content
        assert files(tmp_path) == {path.name}

    async def test_stands_beside_the_hosts_tables_when_told_to(self, tmp_path: Path) -> None:
        """With migrate=True the log moves in, and later nothing needs to be said."""
        path = tmp_path / "host.db"
        with sql(path) as connection:
            connection.execute("CREATE TABLE recipes (name TEXT)")
            connection.execute("INSERT INTO recipes VALUES ('soup')")

        for migrate in (True, None, False):
            async with open_store(f"sqlite:///{path}", events=[Noted], migrate=migrate) as store:
                await store.append("a-1", notes("x"))
                async with store.connect() as connection:
                    assert await connection.scalar(text("SELECT name FROM recipes")) == "soup"

    async def test_only_checks_when_told_to(self, tmp_path: Path) -> None:
        """With migrate=False nothing comes into being."""
        with pytest.raises(SchemaTooOldError) as caught:
            await open_store(f"sqlite:///{tmp_path}/log.db", events=[Noted], migrate=False)

        assert (caught.value.found, caught.value.wanted) == (0, LATEST)
        assert files(tmp_path) == set()

    async def test_refuses_a_newer_schema(self, tmp_path: Path) -> None:
        """A file that a newer eventdocs has upgraded is not written by an older one."""
        path = tmp_path / "log.db"
        async with open_store(f"sqlite:///{path}", events=[Noted]):
            pass
        with sql(path) as connection:
            connection.execute(
                "INSERT INTO eventdocs_migrations SELECT version + 1, name, checksum, applied_at "
                "FROM eventdocs_migrations ORDER BY version DESC LIMIT 1"
            )

        for migrate in (None, True, False):
            with pytest.raises(SchemaTooNewError) as caught:
                await open_store(f"sqlite:///{path}", events=[Noted], migrate=migrate)

            assert (caught.value.found, caught.value.wanted) == (LATEST + 1, LATEST)

    async def test_refuses_tables_of_another_making(self, tmp_path: Path) -> None:
        """Our names on foreign tables are not taken for our tables."""
        path = tmp_path / "log.db"
        with sql(path) as connection:
            connection.execute("CREATE TABLE eventdocs_store (x)")

        with pytest.raises(NotAnEventStoreError):
            await open_store(f"sqlite:///{path}", events=[Noted])

    async def test_a_failed_opening_leaves_nothing_open(self, tmp_path: Path) -> None:
        """Whatever went wrong, threads and connections are gone."""
        path = tmp_path / "log.db"
        with sql(path) as connection:
            connection.execute("CREATE TABLE eventdocs_store (x)")
        before = set(threading.enumerate())

        with pytest.raises(NotAnEventStoreError):
            await open_store(f"sqlite:///{path}", events=[Noted])

        for thread in set(threading.enumerate()) - before:
            if "asyncio" not in thread.name:
                await asyncio.to_thread(thread.join, 10)
                assert not thread.is_alive()
        with sql(path) as connection:
            connection.execute("DROP TABLE eventdocs_store")


class TestHostsEngine:
    async def test_opens_the_engines_file_and_leaves_the_engine_alone(self, tmp_path: Path) -> None:
        """The engine is the host's before and after."""
        async with host_engine(tmp_path / "host.db") as engine:
            async with open_store(engine, events=[Noted]) as store:
                await store.append("a-1", notes("x"))

            async with engine.connect() as connection:
                found = await connection.scalar(text("SELECT count(*) FROM eventdocs_events"))
            assert found == 1

    async def test_takes_part_in_the_hosts_transaction(self, tmp_path: Path) -> None:
        """Also where the driver begins transactions in its own way."""
        async with AsyncExitStack() as stack:
            engine = await stack.enter_async_context(host_engine(tmp_path / "host.db"))
            async with open_store(engine, events=[Noted]) as store:
                async with engine.begin() as tx:
                    await tx.execute(text("CREATE TABLE recipes (name TEXT)"))
                async with engine.connect() as tx:
                    await store.using(tx).append("a-1", notes("gone"), expected=0)
                    await tx.execute(text("INSERT INTO recipes VALUES ('gone')"))
                    await tx.rollback()
                async with engine.begin() as tx:
                    await tx.execute(text("SELECT * FROM recipes"))
                    bound = store.using(tx)
                    await bound.append("a-1", notes("kept"), expected=0)
                    with pytest.raises(WrongExpectedVersionError):
                        await bound.append("a-1", notes("refused"), expected=0)
                    await bound.append("a-1", notes("as well"), expected=1)
                    await tx.execute(text("INSERT INTO recipes VALUES ('soup')"))
                    assert await texts(bound) == ["kept", "as well"]
                    assert await texts(store) == []

                assert await texts(store) == ["kept", "as well"]
                async with store.connect() as connection:
                    names = await connection.scalars(text("SELECT name FROM recipes"))
                    assert list(names) == ["soup"]

    async def test_a_part_of_the_hosts_transaction_is_undone_with_it(self, tmp_path: Path) -> None:
        """Also if the part is all that has been done so far."""
        async with AsyncExitStack() as stack:
            engine = await stack.enter_async_context(host_engine(tmp_path / "host.db"))
            async with open_store(engine, events=[Noted]) as store:
                async with engine.connect() as tx:
                    async with store.using(tx).begin() as part:
                        await store.using(part).append("a-1", notes("gone"))
                    await tx.rollback()

                assert await texts(store) == []

    async def test_refuses_a_transaction_on_a_database_without_the_log(
        self, sqlite_url: str, tmp_path: Path
    ) -> None:
        """Binding to another file is a typed error at the first call."""
        async with (
            open_store(sqlite_url, events=[Noted]) as store,
            host_engine(tmp_path / "other.db") as engine,
            engine.begin() as tx,
        ):
            with pytest.raises(NotAnEventStoreError):
                await store.using(tx).append("a-1", notes("x"))
            with pytest.raises(NotAnEventStoreError):
                await texts(store.using(tx))

    async def test_refuses_a_connection_without_transactions(self, tmp_path: Path) -> None:
        """Nothing is written through a connection whose rollback would undo nothing."""
        async with (
            host_engine(tmp_path / "host.db") as engine,
            open_store(engine, events=[Noted]) as store,
        ):
            committing = engine.execution_options(isolation_level="AUTOCOMMIT")
            async with committing.connect() as connection:
                with pytest.raises(ConfigurationError, match="commits every statement"):
                    await store.using(connection).append("a-1", notes("x"))

            assert await texts(store) == []


class TestReadOnly:
    def test_a_write_to_a_read_only_file_is_a_typed_error(self, tmp_path: Path) -> None:
        """Whatever makes the file read-only."""
        path = tmp_path / "log.db"
        with sql(path) as connection:
            connection.execute("CREATE TABLE recipes (name TEXT)")
        reading = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)

        with pytest.raises(StoreReadOnlyError) as caught, translated("sqlite:///log.db"):
            reading.execute("DROP TABLE recipes")

        assert "SQLITE_READONLY" in caught.value.reason
        reading.close()

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write read-only files")
    async def test_a_read_only_file_can_still_be_read(self, tmp_path: Path) -> None:
        """Reading works; appending is refused."""
        path = tmp_path / "log.db"
        async with impatient(path) as store:
            await store.append("a-1", notes("x"))
        path.chmod(0o444)

        async with impatient(path) as store:
            assert await texts(store) == ["x"]
            with pytest.raises(StoreReadOnlyError):
                await store.append("a-1", notes("y"))


def test_every_sqlite_error_becomes_one_of_ours() -> None:
    """No result code reaches a user raw."""
    names = [name for name in dir(sqlite3) if name.startswith("SQLITE_")]
    for name in names:
        error = sqlite3.OperationalError("reason")
        error.sqlite_errorname = name

        with pytest.raises(StoreError), translated("sqlite:///log.db"):
            raise error
    assert len(names) > 50
