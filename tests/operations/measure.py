"""How long the recoveries take: `python -m tests.operations.measure [EVENTS]` prints a table."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import make_url

from eventdocs import open_store
from eventdocs.testing import postgres_server
from tests.backends.postgres_hosts import Noted
from tests.operations.procedures import Desk, sections, server_account

PAGE = "recover.md"


async def _fill(url: str, count: int) -> None:
    async with open_store(url, events=[Noted], migrate=True) as store:
        for start in range(0, count, 500):
            notes = [Noted(text=f"note {number} " * 20) for number in range(start, start + 500)]
            await store.append(f"notes-{start % 50_000}", notes)


def _timed(what: str, work: Callable[[], object]) -> None:
    began = time.monotonic()
    work()
    sys.stdout.write(f"{what}: {time.monotonic() - began:.1f} s\n")


def _first(title: str) -> str:
    """Give the first command of a section, after which the application can be started."""
    return sections(PAGE)[title][0].splitlines()[0]


def measure(count: int) -> None:
    with (
        TemporaryDirectory(prefix="eventdocs-measure-") as name,
        postgres_server(own=True, settings={"fsync": "on", "full_page_writes": "on"}) as server,
        socket.socket() as probe,
    ):
        probe.bind(("127.0.0.1", 0))
        folder = Path(name)
        for each in (folder, folder / "archive", folder / "backups"):
            each.mkdir(exist_ok=True)
            os.chown(each, server_account() if os.geteuid() == 0 else -1, -1)
        for setting in ("max_connections = 200", "max_prepared_transactions = 10"):
            server.execute(f"ALTER SYSTEM SET {setting}")
        server.execute(f"ALTER SYSTEM SET unix_socket_directories = '{folder}'")
        port = probe.getsockname()[1]
        probe.close()
        url = server.create_database("library")
        environ = {
            "ADMIN_URL": server.url(),
            "ARCHIVE": str(folder / "archive"),
            "BACKUPS": str(folder / "backups"),
            "DATA": str(folder / "data"),
            "EVENTDOCS_DATABASE_URL": url,
            "PGPORT": str(port),
            "RESTORED_URL": make_url(url).set(port=port).render_as_string(False),
        }
        desk = Desk(folder=folder, environ=environ)
        desk.follow(PAGE, "Archive the WAL")
        server.restart("fast")
        _timed("base backup of an empty log", lambda: _server(desk, "Take a base backup"))
        asyncio.run(_fill(url, count))
        restored = {"RESTORED_URL": server.create_database("restored")}
        _timed("dump", lambda: desk.run(_first("Dump a database")))
        _timed("restore of the dump", lambda: desk.run(_first("Restore a dump"), more=restored))
        start = sections(PAGE)["Start at that moment"][0].splitlines()
        everything = "\n".join(line for line in start if not line.startswith("recovery_target"))
        last = folder / "archive" / desk.follow(PAGE, "Go back to a moment").strip()
        while not last.exists():
            time.sleep(0.1)
        with server.down("immediate"):
            _timed("all of it from WAL", lambda: desk.run(everything, as_server=True))
        desk.run('pg_ctl --pgdata="$DATA" --mode=immediate stop', as_server=True)
        _timed("export of an archive", lambda: desk.follow(PAGE, "Write an archive"))
        imported = 'eventdocs log import "$BACKUPS/library.jsonl.gz" --database '
        _timed("import into SQLite", lambda: desk.run(f"{imported} sqlite:///library.db"))
        _timed("copy of an SQLite file", lambda: desk.follow(PAGE, "Copy an SQLite file"))
        _timed("restore of the copy", lambda: desk.run("cp backup.db library.db"))


def _server(desk: Desk, title: str) -> None:
    desk.follow(PAGE, title, as_server=True)


if __name__ == "__main__":
    measure(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
