"""The pages on deployment and logs: workers relieve each other, and say what needs a person."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.postgres_hosts import sql
from tests.operations.library import ingest
from tests.operations.procedures import PAGES, Desk

PAGE = "deploy.md"


class Workers:
    """Processes that run the worker of the page, each with a log of its own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._running: dict[subprocess.Popen[bytes], Path] = {}

    def start(self) -> subprocess.Popen[bytes]:
        """Start one more."""
        log = self._desk.folder / f"worker-{len(self._running)}.log"
        with log.open("wb") as lines:
            process = subprocess.Popen(
                [sys.executable, "worker.py"],
                cwd=self._desk.folder,
                env={**os.environ, **self._desk.environ},
                stderr=lines,
            )
        self._running[process] = log
        return process

    def log(self, process: subprocess.Popen[bytes]) -> Path:
        """Tell where its lines are."""
        return self._running[process]

    def kill(self) -> None:
        """End them all, in whatever state they are."""
        for process in self._running:
            process.kill()
            process.wait()


@pytest.fixture
def desk(tmp_path: Path, postgres_url: str) -> Desk:
    environ = {"EVENTDOCS_DATABASE_URL": postgres_url, "EVENTDOCS_PROJECTION_LEASE_SECONDS": "1"}
    desk = Desk(folder=tmp_path, environ=environ)
    desk.follow(PAGE, "Write the worker")
    return desk


@pytest.fixture
def workers(desk: Desk) -> Iterator[Workers]:
    started = Workers(desk)
    yield started
    started.kill()


async def leaders(url: str) -> set[int]:
    """Tell which processes lead projections."""
    async with sql(url) as connection:
        held = "SELECT owner FROM eventdocs_leases WHERE expires_at > now()"
        owners = [row["owner"] for row in await connection.fetch(held)]
    return {int(owner.split(":")[1]) for owner in owners}


async def until_led(url: str, process: subprocess.Popen[bytes]) -> None:
    async with asyncio.timeout(60):
        while await leaders(url) != {process.pid}:
            assert process.poll() is None, "the worker has ended"
            await asyncio.sleep(0.05)


@pytest.mark.once
async def test_workers_relieve_each_other_while_a_version_is_rolled_out(
    desk: Desk, workers: Workers, postgres_url: str
) -> None:
    """One leads, one waits; one that is told to stop ends well, and read models are right."""
    first = workers.start()
    await until_led(postgres_url, first)
    second = workers.start()
    await ingest(postgres_url, "a", catch_up=False)
    desk.follow(PAGE, "Bring the schema up, and read models with it")

    first.send_signal(signal.SIGTERM)
    await until_led(postgres_url, second)
    await ingest(postgres_url, "b", catch_up=False)
    async with sql(postgres_url) as connection, asyncio.timeout(30):
        views = "SELECT count(*) FROM eventdocs_document_views"
        while await connection.fetchval(views) < 2:  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.05)

    assert await asyncio.to_thread(first.wait, 30) == 0
    desk.follow(PAGE, "See that all is well")


@pytest.mark.once
async def test_what_needs_a_person_is_found_in_the_lines(
    desk: Desk, workers: Workers, postgres_url: str
) -> None:
    """An event that cannot be applied is one of them; each line is one JSON object."""
    await ingest(postgres_url, "a", catch_up=False)
    async with sql(postgres_url) as connection:
        await connection.execute(
            "UPDATE eventdocs_contents SET content = '\\x7b' "
            "WHERE position('\"entities\":'::bytea IN content) > 0"
        )
    worker = workers.start()
    log = workers.log(worker)
    async with asyncio.timeout(60):
        while b"eventdocs.projection.event_failed" not in log.read_bytes():
            assert worker.poll() is None
            await asyncio.sleep(0.05)
    worker.terminate()
    await asyncio.to_thread(worker.wait, 30)

    said = desk.follow("logs.md", "Find them", LOG=str(log))

    assert "eventdocs.projection.event_failed" in said
    for line in log.read_text("utf-8").splitlines():
        assert {"timestamp", "level", "logger", "message"} <= json.loads(line).keys()


def test_the_unit_is_one_that_systemd_takes(tmp_path: Path) -> None:
    """Every section, key and value; it is checked where there is a systemd to ask."""
    page = (PAGES / PAGE).read_text("utf-8")
    [unit] = [
        text
        for text in re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
        if "[Unit]" in text
    ]
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("needs systemd-analyze")
    path = tmp_path / "library.service"
    path.write_text(unit.replace("/opt/library/bin/python", sys.executable))

    checked = subprocess.run(
        [program, "verify", "--man=no", str(path)], capture_output=True, text=True, check=False
    )

    assert str(path) not in checked.stderr
    assert "library.service" not in checked.stderr
