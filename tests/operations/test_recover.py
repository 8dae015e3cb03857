"""The page on disasters: its commands recover, from real ones, what it says they do."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from eventdocs.errors import ProjectionError
from eventdocs.testing import PostgresServer, postgres_server
from tests.backends.postgres_hosts import sql
from tests.operations.library import append_until, ingest, lost, recorded
from tests.operations.procedures import (
    Desk,
    sections,
    server_account,
    with_programs_of_the_server,
)

PAGE = "recover.md"
EVER = ("a", "b", "c")


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    made = tmp_path / "backups"
    made.mkdir()
    return made


@pytest.fixture
def desk(tmp_path: Path, backups: Path) -> Desk:
    """Where an SQLite library is looked after."""
    environ = {"BACKUPS": str(backups), "EVENTDOCS_DATABASE_URL": "sqlite:///library.db"}
    return Desk(folder=tmp_path, environ=environ)


def execute(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


class TestSqlite:
    pytestmark = pytest.mark.once

    async def test_a_copy_is_restored_over_a_damaged_file(
        self, desk: Desk, sqlite_url: str
    ) -> None:
        """The files beside the old one are gone; what was added after the copy is lost."""
        path = desk.folder / "library.db"
        await ingest(f"sqlite:///{path}", "a")
        desk.follow(PAGE, "Copy an SQLite file")
        await ingest(f"sqlite:///{path}", "b")
        path.write_bytes(b"not a database any more")
        path.with_name("library.db-wal").write_bytes(b"of the old one")

        desk.follow(PAGE, "Restore an SQLite file")

        assert await recorded(f"sqlite:///{path}", EVER) == ["a"]

    async def test_an_archive_is_restored_into_the_other_kind(
        self, desk: Desk, empty_postgres_url: str
    ) -> None:
        """The log alone is enough: read models are built from it and are right."""
        await ingest(f"sqlite:///{desk.folder / 'library.db'}", "a", "b")

        desk.follow(PAGE, "Write an archive")
        desk.follow(PAGE, "Restore an archive", RESTORED_URL=empty_postgres_url)

        assert await recorded(empty_postgres_url, EVER) == ["a", "b"]


class TestReadModels:
    pytestmark = pytest.mark.once

    @pytest.fixture
    async def path(self, desk: Desk) -> Path:
        """A library's file, with two documents."""
        path = desk.folder / "library.db"
        await ingest(f"sqlite:///{path}", "a", "b")
        return path

    async def test_a_lost_checkpoint_is_noticed_and_made_again(
        self, desk: Desk, path: Path
    ) -> None:
        """Nothing is applied to rows of which nobody knows what they show."""
        execute(path, "DELETE FROM eventdocs_projections WHERE name = 'semantic-ir'")
        said = desk.run("eventdocs projections catch-up", status=1)

        desk.follow(PAGE, "A lost checkpoint")

        assert "no record says of which events" in said
        await ingest(f"sqlite:///{path}")

    async def test_a_poisoned_projection_is_mended(self, desk: Desk, path: Path) -> None:
        """The event is shown, and applied when its cause is gone."""
        sequence = await self._poison(path)
        listing, *rest = sections(PAGE)["A poisoned projection"]

        shown = desk.run(listing, more={"PROJECTION": "semantic-ir", "SEQUENCE": sequence})
        execute(
            path,
            "UPDATE eventdocs_contents SET content = "
            "(SELECT content FROM kept WHERE kept.digest = eventdocs_contents.digest)",
        )
        desk.run("\n".join(rest), more={"PROJECTION": "semantic-ir"})

        assert f" {sequence} " in shown
        await ingest(f"sqlite:///{path}")

    async def test_an_event_that_nobody_can_apply_is_left_out(self, desk: Desk, path: Path) -> None:
        """What stands behind it goes on."""
        sequence = await self._poison(path)

        title = "An event that nobody can apply"
        desk.follow(PAGE, title, PROJECTION="semantic-ir", SEQUENCE=sequence)
        with pytest.raises(ProjectionError, match="'findings' stopped"):
            await ingest(f"sqlite:///{path}")
        desk.follow(PAGE, title, PROJECTION="findings", SEQUENCE=sequence)

        await ingest(f"sqlite:///{path}")

    async def _poison(self, path: Path) -> str:
        """Garble the meaning of a document that is still to be shown; give its event's place."""
        await ingest(f"sqlite:///{path}", "c", catch_up=False)
        execute(
            path,
            "CREATE TABLE kept AS SELECT * FROM eventdocs_contents",
            "UPDATE eventdocs_contents SET content = x'7b' "
            "WHERE CAST(content AS TEXT) LIKE '{%\"entities\":%'",
        )
        with pytest.raises(ProjectionError):
            await ingest(f"sqlite:///{path}")
        with contextlib.closing(sqlite3.connect(path)) as connection:
            [(sequence,)] = connection.execute(
                "SELECT sequence FROM eventdocs_dead_letters WHERE projection = 'semantic-ir'"
            )
        return str(sequence)


class TestPostgresDump:
    pytestmark = with_programs_of_the_server

    @pytest.fixture
    def desk(
        self, tmp_path: Path, backups: Path, postgres_server: PostgresServer, postgres_url: str
    ) -> Iterator[Desk]:
        """Where a database is looked after, and an empty one beside it."""
        name = f"restored_{uuid4().hex[:12]}"
        environ = {
            "ADMIN_URL": postgres_server.url(),
            "BACKUPS": str(backups),
            "EVENTDOCS_DATABASE_URL": postgres_url,
            "RESTORED_URL": postgres_server.create_database(name),
        }
        yield Desk(folder=tmp_path, environ=environ)
        postgres_server.drop_database(name)

    async def test_is_restored_into_an_empty_database(self, desk: Desk) -> None:
        """It holds what there was at its moment; its read models are right."""
        await ingest(desk.environ["EVENTDOCS_DATABASE_URL"], "a", "b")
        desk.follow(PAGE, "Dump a database")
        await ingest(desk.environ["EVENTDOCS_DATABASE_URL"], "c")

        desk.follow(PAGE, "Restore a dump")
        await ingest(desk.environ["RESTORED_URL"], "c")

        assert await recorded(desk.environ["RESTORED_URL"], EVER) == ["a", "b", "c"]

    async def test_of_the_log_alone_stops_projections_until_they_are_rebuilt(
        self, desk: Desk
    ) -> None:
        """The program says what the page says, and the page's commands mend it."""
        url = desk.environ["EVENTDOCS_DATABASE_URL"]
        await ingest(url, "a")
        desk.follow(PAGE, "Dump a database")
        await ingest(url, "b")
        async with sql(url) as administrator:
            await administrator.execute("TRUNCATE eventdocs_events, eventdocs_streams")
        desk.run(
            "pg_restore --data-only --table=eventdocs_events --table=eventdocs_streams "
            '--table=eventdocs_sequence --dbname="$EVENTDOCS_DATABASE_URL" "$BACKUPS/library.dump"'
        )
        said = desk.run("eventdocs projections catch-up", status=1)

        desk.follow(PAGE, "A log that is older than its read models")

        assert "eventdocs projections rebuild" in said
        assert await recorded(url, EVER) == ["a"]


@pytest.fixture(scope="module")
def server_folder() -> Iterator[Path]:
    """A folder that belongs to the account of the servers."""
    with TemporaryDirectory(prefix="eventdocs-recovery-") as name:
        if os.geteuid() == 0:
            os.chown(name, server_account(), -1)
        yield Path(name)


class TestPostgresServer:
    pytestmark = with_programs_of_the_server

    @pytest.fixture
    def server(self) -> Iterator[PostgresServer]:
        """A server to be lost."""
        with postgres_server(own=True) as server:
            # In its configuration, and so in that of its copies.
            server.execute(
                "ALTER SYSTEM SET max_connections = 200",
                "ALTER SYSTEM SET max_prepared_transactions = 10",
                "ALTER SYSTEM SET fsync = off",
            )
            yield server

    @pytest.fixture
    def desk(self, server_folder: Path, server: PostgresServer) -> Iterator[Desk]:
        """Where a server is looked after, and the copy of it that is started at the end."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
        folder = server_folder / uuid4().hex[:8]
        for each in (folder, folder / "archive", folder / "backups"):
            each.mkdir()
            os.chown(each, server_account() if os.geteuid() == 0 else -1, -1)
        server.execute(f"ALTER SYSTEM SET unix_socket_directories = '{folder}'")
        database = server.create_database("library")
        environ = {
            "ADMIN_URL": server.url(),
            "ARCHIVE": str(folder / "archive"),
            "BACKUPS": str(folder / "backups"),
            "DATA": str(folder / "data"),
            "EVENTDOCS_DATABASE_URL": database,
            "PGPORT": str(port),  # of the copy, whose configuration has none
            "RESTORED_URL": make_url(database).set(port=port).render_as_string(False),
        }
        desk = Desk(folder=folder, environ=environ)
        try:
            yield desk
        finally:
            desk.run(
                'test ! -d "$DATA" || pg_ctl --pgdata="$DATA" --mode=immediate stop || true',
                as_server=True,
            )

    async def test_goes_back_to_a_moment_before_a_mistake(
        self, desk: Desk, server: PostgresServer
    ) -> None:
        """What was appended after the backup is there, what came after the moment is not."""
        url = desk.environ["EVENTDOCS_DATABASE_URL"]
        desk.follow(PAGE, "Archive the WAL")
        server.restart("fast")
        await ingest(url, "a")
        desk.follow(PAGE, "Take a base backup", as_server=True)
        await ingest(url, "b")
        async with sql(url) as administrator:
            moment = str(await administrator.fetchval("SELECT clock_timestamp()"))
            await administrator.execute("TRUNCATE eventdocs_events, eventdocs_streams")
        last = desk.follow(PAGE, "Go back to a moment").strip()
        self._wait_for(Path(desk.environ["ARCHIVE"], last))

        with server.down("immediate"):
            start, application = sections(PAGE)["Start at that moment"]
            desk.run(start, as_server=True, more={"MOMENT": moment})
            desk.run(application)

            assert await recorded(desk.environ["RESTORED_URL"], EVER) == ["a", "b"]

    def _wait_for(self, segment: Path) -> None:
        deadline = time.monotonic() + 30
        while not segment.exists():
            assert time.monotonic() < deadline, f"{segment} is not archived"
            time.sleep(0.02)

    async def test_loses_nothing_that_was_acknowledged_if_the_wal_is_streamed(
        self, desk: Desk, server: PostgresServer
    ) -> None:
        """The server dies with what it has on its disk; the copy has all that was answered."""
        url = desk.environ["EVENTDOCS_DATABASE_URL"]
        await ingest(url, "a")
        desk.follow(PAGE, "Take a base backup", as_server=True)
        streaming, renaming = sections(PAGE)["Stream the WAL and lose nothing"]
        desk.run(streaming, as_server=True)
        receiver = int(desk.run('cat "$BACKUPS/receiver.pid"'))
        await ingest(url, "b")
        death = contextlib.ExitStack()
        acknowledged = await append_until(
            url, lambda: death.enter_context(server.down("immediate")), after=40
        )
        with death:
            os.kill(receiver, signal.SIGKILL)
            desk.run(renaming, as_server=True)
            start = sections(PAGE)["Start at that moment"][0].splitlines(keepends=True)
            everything = "".join(each for each in start if not each.startswith("recovery_target"))
            desk.run(everything, as_server=True)

            assert await recorded(desk.environ["RESTORED_URL"], EVER) == ["a", "b"]
            assert await lost(desk.environ["RESTORED_URL"], acknowledged) == set()
