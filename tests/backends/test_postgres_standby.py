"""A hot standby: what can be read there, and what is told of the rest."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
import pytest
from sqlalchemy import make_url

from eventdocs.backends import diagnose, open_store
from eventdocs.errors import ConfigurationError, SchemaTooOldError, StoreReadOnlyError
from eventdocs.store import EventStore
from eventdocs.testing import PostgresServer, postgres_server
from eventdocs.testing._postgres_server import find_binaries
from tests.backends.postgres_hosts import Noted, notes, opened, sql, texts


def _can_copy_servers() -> bool:
    try:
        return shutil.which("pg_basebackup", path=str(find_binaries())) is not None
    except ConfigurationError:  # there are no programs at all
        return False


pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(
        not _can_copy_servers(),
        reason="needs pg_basebackup, which the server's package of the system brings",
    ),
]


@pytest.fixture(scope="module")
def primary() -> Iterator[PostgresServer]:
    with postgres_server(own=True) as server:
        yield server


@pytest.fixture(scope="module")
def standby(primary: PostgresServer) -> Iterator[str]:
    """The address of a server that follows the primary."""
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # they refuse to run as root
    user = None if account is None else account.pw_uid
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    binaries = find_binaries()
    with TemporaryDirectory(prefix="eventdocs-standby-") as folder:
        if account is not None:
            os.chown(folder, account.pw_uid, account.pw_gid)
        copy = ["-D", "data", "-d", primary.url(), "-R", "-X", "stream", "-c", "fast", "--no-sync"]
        subprocess.run([str(binaries / "pg_basebackup"), *copy], cwd=folder, user=user, check=True)
        options = ["-c", f"port={port}", "-c", "listen_addresses=127.0.0.1"]
        options += ["-c", "unix_socket_directories=", "-c", "max_connections=200"]
        options += ["-c", "max_prepared_transactions=10", "-c", "fsync=off"]
        with Path(folder, "server.log").open("wb") as log:
            process = subprocess.Popen(
                [str(binaries / "postgres"), "-D", "data", *options],
                cwd=folder,
                user=user,
                stdout=log,
                stderr=log,
            )
        try:
            yield make_url(primary.url()).set(port=port).render_as_string(hide_password=False)
        finally:
            process.kill()
            process.wait()


@pytest.fixture
async def replica(primary: PostgresServer, standby: str) -> AsyncIterator[EventStore]:
    """A store on the standby, which has all that the primary had."""
    url = primary.create_database("replicated")
    async with open_store(url, events=[Noted], migrate=True) as store:
        await store.append("a", notes("1", "2"))
    async with sql(url) as administrator:
        place = await administrator.fetchval("SELECT pg_current_wal_lsn()::text")
    await _caught_up(standby, place)
    copied = make_url(standby).set(database="replicated").render_as_string(hide_password=False)
    async with opened(copied) as store:
        yield store
    primary.drop_database("replicated")


async def _caught_up(url: str, place: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        # Until it listens, and then until it lets anybody in.
        with contextlib.suppress(OSError, asyncpg.CannotConnectNowError):
            async with sql(url) as connection:
                if await connection.fetchval(
                    "SELECT pg_last_wal_replay_lsn() >= $1::text::pg_lsn", place
                ):
                    return
    raise AssertionError("the standby does not catch up")


async def test_gives_streams_and_refuses_what_only_the_primary_knows(replica: EventStore) -> None:
    """How far the log is settled is told by locks, which a standby does not see."""
    assert [each.data.text async for each in replica.read_stream("a")] == ["1", "2"]
    assert await replica.stream_version("a") == 2

    for asked in (texts(replica), replica.head(), replica.feed()):
        with pytest.raises(ConfigurationError, match=r"primary only.* read streams here, and the"):
            await asked


async def test_takes_no_append(replica: EventStore) -> None:
    """The error says that the database is read-only, and nothing is tried again for long."""
    with pytest.raises(StoreReadOnlyError):
        await replica.append("a", notes("3"))
    with pytest.raises(StoreReadOnlyError):
        async with replica.begin() as tx:
            await replica.using(tx).append("a", notes("3"))


async def test_a_server_without_our_tables_is_told_what_to_run(standby: str) -> None:
    """Wherever it is asked, an empty database is no riddle."""
    with pytest.raises(SchemaTooOldError, match="eventdocs migrate up"):
        await opened(standby)


@pytest.mark.usefixtures("replica")
async def test_is_no_place_to_work_on_for_a_diagnosis(standby: str) -> None:
    """It is found to be a standby, whatever else is found, and the way to a primary is told."""
    url = make_url(standby).set(database="replicated").render_as_string(hide_password=False)

    examined = await diagnose(url)

    [told] = [each for each in examined.diagnoses if each.code == "server-standby"]
    assert told.severity == "error"
    assert "target_session_attrs=read-write" in told.remedy
