"""Behind a pooler in transaction mode: a real PgBouncer with fewer connections than clients.

Where the program `pgbouncer` is missing the tests are skipped; the system's package of that
name brings it (`apt-get install pgbouncer`), and the continuous integration installs it.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import make_url

from eventdocs.backends import _postgres_wakeups, open_store
from eventdocs.errors import ConfigurationError
from eventdocs.store import EventStore
from tests.backends.postgres_hosts import Noted, notes, texts

_PROGRAM = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
_SERVER_CONNECTIONS = 3
_SETTINGS = """
[databases]
* = host={host} port={port} user={user}

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {size}
"""

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(
        _PROGRAM is None, reason="needs PgBouncer: apt-get install pgbouncer, as .ci/run does"
    ),
]


@contextmanager
def pooler(url: str) -> Generator[str]:
    """Run a PgBouncer before the server of *url*; give the address by which it is reached."""
    server = make_url(url)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        own_port: int = probe.getsockname()[1]
    account = pwd.getpwnam("nobody") if os.geteuid() == 0 else None  # it refuses to run as root
    with TemporaryDirectory(prefix="eventdocs-pgbouncer-") as name:
        settings = Path(name, "pgbouncer.ini")
        settings.write_text(
            _SETTINGS.format(
                host=server.host,
                port=server.port,
                user=server.username,
                own_port=own_port,
                size=_SERVER_CONNECTIONS,
            )
        )
        Path(name).chmod(0o755)
        process = subprocess.Popen(
            [str(_PROGRAM), str(settings)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            user=None if account is None else account.pw_uid,
        )
        try:
            _wait_for(own_port, process)
            yield server.set(port=own_port, host="127.0.0.1").render_as_string(hide_password=False)
        finally:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    raise AssertionError("the pooler does not start")


@pytest.fixture
def pooled_url(postgres_url: str) -> Iterator[str]:
    """The database of `postgres_url` through a pooler, in the form that documentation gives."""
    with pooler(postgres_url) as url:
        yield f"{url}?statement_cache_size=0"


async def use(store: EventStore, name: str) -> None:
    """Do everything that goes to the database, several times over."""
    for turn in range(5):
        await store.append(f"shared-{turn % 2}", notes(f"{name} alone"))
        async with store.begin() as tx:
            await store.using(tx).append(f"own-{name}", notes(f"{name} bound"))
            assert await store.using(tx).stream_version(f"own-{name}") == turn + 1
        assert len([each async for each in store.read_stream(f"own-{name}")]) == turn + 1
        assert await store.head() > 0


async def test_many_clients_share_few_connections(pooled_url: str) -> None:
    """Two stores with far more callers than the pooler has connections lose nothing."""
    async with (
        open_store(pooled_url, events=[Noted]) as store,
        open_store(pooled_url, events=[Noted]) as other,
    ):
        async with asyncio.TaskGroup() as callers:
            for number in range(12):
                callers.create_task(use((store, other)[number % 2], f"{number}"))

        assert len(await texts(store)) == 12 * 5 * 2
        assert not (await store.feed()).is_held


async def test_open_appends_hold_readers_back_there_too(pooled_url: str) -> None:
    """The lock that readers stop at belongs to the transaction and not to the session."""
    async with open_store(pooled_url, events=[Noted]) as store:
        async with store.begin() as tx:
            await store.using(tx).append("a", notes("1"))
            await store.append("b", notes("2"))
            assert await texts(store) == []

        assert await texts(store) == ["1", "2"]


async def test_a_subscription_polls(pooled_url: str) -> None:
    """Notifications may or may not come through it; events do."""
    async with (
        open_store(pooled_url, events=[Noted]) as store,
        open_store(pooled_url, events=[Noted]) as other,
        store.subscribe(poll_interval=0.05) as subscription,
        asyncio.timeout(30),
    ):
        for _ in range(10):
            appended = await other.append("a", notes("x"))
            assert (await anext(subscription)).sequence == appended.sequence


async def test_a_follower_notices_that_it_hears_nothing(
    pooled_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A connection that hears itself through the pooler is not taken for one that listens."""
    monkeypatch.setattr(_postgres_wakeups, "_ECHO_SECONDS", 0.2)
    async with (
        open_store(pooled_url, events=[Noted]) as store,
        store.subscribe(poll_interval=0.05) as subscription,
        asyncio.timeout(30),
    ):
        while "eventdocs.listening.interrupted" not in caplog.messages:
            appended = await store.append("a", notes("x"))
            assert (await anext(subscription)).sequence == appended.sequence

    assert "notifications do not arrive" in caplog.records[0].__dict__["reason"]


async def test_a_direct_address_is_listened_and_migrated_by(
    empty_postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Through it a follower is woken although everything else goes through the pooler."""
    with pooler(empty_postgres_url) as url:
        pooled = f"{url}?statement_cache_size=0"
        async with (
            open_store(
                pooled, events=[Noted], migrate=True, direct_url=empty_postgres_url
            ) as store,
            open_store(pooled, events=[Noted]) as other,
            store.listening() as bell,
            asyncio.timeout(30),
        ):
            await bell.listen().wait()  # the line is open
            heard = bell.listen()
            await other.append("a", notes("x"))
            await heard.wait()

            assert await texts(store) == ["x"]
    assert "eventdocs.listening.interrupted" not in caplog.messages


async def test_an_address_without_the_parameter_is_told_to_have_it(postgres_url: str) -> None:
    """That a prepared statement is on another connection than its client is no riddle."""
    with pooler(postgres_url) as url, pytest.raises(ConfigurationError, match="statement_cache_si"):
        async with (
            open_store(url, events=[Noted]) as store,
            open_store(url, events=[Noted]) as other,
        ):
            await asyncio.gather(*(use((store, other)[n % 2], f"{n}") for n in range(12)))
