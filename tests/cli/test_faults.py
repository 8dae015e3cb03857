"""The program among faults: killed, interrupted, without space, beside itself, out of date."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest

from eventdocs.migrations import LATEST
from tests.cli.conftest import Ended, Eventdocs, command, environment

pytestmark = pytest.mark.once  # about the operating system and the database, not about Python

FILES = 6


@pytest.fixture
def library(folder: Path) -> Path:
    """A folder of documents that takes a while to bring in."""
    made = folder / "library"
    made.mkdir()
    for number in range(FILES):
        formulas = "".join(
            f"$$\nW_{{{each}}} = V_{{{each}}} + {number}\n$$\n\nwhere $V_{{{each}}}$ is a value.\n\n"
            for each in range(4)
        )
        (made / f"{number:03}.md").write_text(f"# Document {number}\n\n{formulas}")
    return made


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(*arguments),
        cwd=folder,
        env=environment({"PYTHONUNBUFFERED": "1"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def interrupt_after(lines: int, process: subprocess.Popen[str], signal_number: int) -> Ended:
    """Send a signal as soon as the process has reported so many files."""
    assert process.stdout is not None
    seen = [process.stdout.readline() for _ in range(lines)]
    process.send_signal(signal_number)
    out, err = process.communicate(timeout=60)
    return Ended(status=process.returncode, out="".join(seen) + out, err=err)


def wait_for_upload(database: Path) -> None:
    """Wait until the log holds an event."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection,
        ):
            if connection.execute("SELECT count(*) FROM eventdocs_events").fetchone()[0]:
                return
    raise AssertionError("nothing was recorded")


def check_complete(in_process: Eventdocs) -> None:
    """Every document is there once, with its meaning, and every read model agrees with the log."""
    log = in_process("events", "--json").out.splitlines()
    types = Counter(json.loads(line)["type"] for line in log)
    assert types["DocumentUploaded"] == FILES
    assert types["SemanticsExtracted"] == FILES
    assert types["DocumentRevised"] == 0
    views = in_process("documents", "--json").json
    assert len(views) == FILES
    assert {(each["revision"], each["stage"], each["formulas"] > 0) for each in views} == {
        (1, "extracted", True)
    }
    verified = in_process("projections", "verify", "--json")
    assert verified.status == 0
    assert all(each["is_equal"] for each in verified.json)


class TestAKilledIngest:
    @pytest.mark.parametrize("after", [1, FILES - 1])
    def test_goes_on_when_it_is_repeated(
        self, in_process: Eventdocs, folder: Path, library: Path, after: int
    ) -> None:
        """After kill -9 nothing is lost, doubled or half done."""
        killed = interrupt_after(after, start(folder, "ingest", "library"), signal.SIGKILL)

        ended = in_process("ingest", "library")

        assert killed.status == -signal.SIGKILL
        assert (ended.status, ended.problems) == (0, [])
        assert "unchanged" in ended.out
        check_complete(in_process)

    def test_leaves_a_database_that_can_be_read(
        self, in_process: Eventdocs, folder: Path, library: Path
    ) -> None:
        """Read models that are behind say so, and catching up brings them on."""
        interrupt_after(3, start(folder, "ingest", "library"), signal.SIGKILL)

        behind = in_process("documents")
        caught_up = in_process("projections", "catch-up", "--json")
        views = in_process("documents", "--json")

        assert behind.status == 0
        assert "events behind the log; `eventdocs projections catch-up`" in behind.err
        assert {each["lag"] for each in caught_up.json} == {0}
        assert views.err == ""
        assert len(views.json) >= 3


class TestAnInterruptedIngest:
    def test_says_so_and_goes_on_when_it_is_repeated(
        self, in_process: Eventdocs, folder: Path, library: Path
    ) -> None:
        """Ctrl-C ends it with status 130, without a traceback, in a state to go on from."""
        stopped = interrupt_after(3, start(folder, "ingest", "library"), signal.SIGINT)

        ended = in_process("ingest", "library")

        assert stopped.status == 130
        assert "nothing is half done, and the same command goes on from here" in stopped.err
        assert "Traceback" not in stopped.err
        assert ended.status == 0
        check_complete(in_process)

    def test_does_not_wait_for_a_document_that_is_being_read(
        self, in_process: Eventdocs, folder: Path
    ) -> None:
        """However long a document takes, Ctrl-C ends the program at once."""
        text = "".join(f"## Section {each}\n\n$a_{{{each}}} = b$\n\n" for each in range(4_000))
        (folder / "long.md").write_text(text)
        with start(folder, "ingest", "long.md", "--verbose") as process:
            wait_for_upload(folder / "eventdocs.db")
            started = time.monotonic()
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)

        assert process.returncode == 130
        assert time.monotonic() - started < 3
        assert "interrupted after 0 of 1" in err
        assert in_process("events", "--json", "--limit", "1").json["type"] == "DocumentUploaded"


class TestAFullDisk:
    def test_is_told_and_forgiven(
        self, in_process: Eventdocs, folder: Path, library: Path, tmp_path: Path
    ) -> None:
        """What did not fit is not half there; with more space the same command goes on."""
        with small_disk(tmp_path / "small", kilobytes=600) as disk:
            url = f"sqlite:///{disk}/events.db"
            full = in_process("ingest", "library", "--database", url)
            again = in_process("ingest", "library", "--database", url)
            subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
            ended = in_process("ingest", "library", "--database", url)
            views = in_process("documents", "--database", url, "--json").json

        for each in (full, again):
            assert each.status == 1
            assert "no space left" in each.problems[-1]
            assert "Traceback" not in each.err
        assert ended.status == 0
        assert len(views) == FILES

    def test_may_be_a_limit_on_file_size(
        self, in_process: Eventdocs, folder: Path, library: Path
    ) -> None:
        """A quota is no reason for a traceback or a broken file either."""
        limited = subprocess.run(
            command("ingest", "library"),
            cwd=folder,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)),
        )

        ended = in_process("ingest", "library")

        assert limited.returncode == 1
        assert "error: " in limited.stderr
        assert "Traceback" not in limited.stderr
        assert "unexpected" not in limited.stderr
        assert ended.status == 0
        check_complete(in_process)


class TestTwoIngestsAtOnce:
    def test_share_the_work_without_a_conflict(
        self, in_process: Eventdocs, folder: Path, library: Path
    ) -> None:
        """Both end well, and every document is there once."""
        first, second = (start(folder, "ingest", "library") for _ in range(2))

        ends = [process.communicate(timeout=120) for process in (first, second)]

        assert [(first.returncode, ends[0][1]), (second.returncode, ends[1][1])] == [
            (0, ""),
            (0, ""),
        ]
        check_complete(in_process)


class TestADatabaseThatDoesNotFit:
    def test_because_a_newer_eventdocs_made_it_is_left_alone(
        self, in_process: Eventdocs, folder: Path
    ) -> None:
        """The answer is to upgrade, for reading and for writing."""
        (folder / "a.md").write_text("# A\n")
        in_process("ingest", "a.md")
        with contextlib.closing(sqlite3.connect(folder / "eventdocs.db")) as database:
            database.execute(
                "INSERT INTO eventdocs_migrations SELECT version + 1, 'future', checksum, applied_at "
                "FROM eventdocs_migrations ORDER BY version DESC LIMIT 1"
            )
            database.commit()

        for arguments in (("documents",), ("ingest", "a.md"), ("migrate", "up"), ("events",)):
            ended = in_process(*arguments)

            assert ended.status == 1
            assert f"schema version {LATEST + 1}" in ended.problems[0]
            assert "upgrade eventdocs" in ended.problems[0]

    def test_because_it_is_another_programs_is_left_alone(
        self, in_process: Eventdocs, folder: Path
    ) -> None:
        """Foreign tables stay as they are."""
        with contextlib.closing(sqlite3.connect(folder / "eventdocs.db")) as database:
            database.execute("CREATE TABLE eventdocs_events (id INTEGER PRIMARY KEY, name TEXT)")
            database.commit()
        before = (folder / "eventdocs.db").read_bytes()
        (folder / "a.md").write_text("# A\n")

        for arguments in (("documents",), ("ingest", "a.md"), ("migrate", "up")):
            ended = in_process(*arguments)

            assert ended.status == 1
            assert "is not an eventdocs database" in ended.problems[0]
        assert (folder / "eventdocs.db").read_bytes() == before

    def test_because_its_server_is_away_is_told_at_once(self, in_process: Eventdocs) -> None:
        """Nobody listens at that port: the address is named, the password is not."""
        ended = in_process("documents", "--database", "postgresql://me:hunter2@127.0.0.1:1/docs")

        assert ended.status == 1
        assert "cannot be reached" in ended.problems[0]
        assert "hunter2" not in ended.err

    def test_because_it_has_no_schema_yet_is_told_how_to_make_it(
        self, in_process: Eventdocs, folder: Path, empty_postgres_url: str
    ) -> None:
        """A server's database is never changed without being asked."""
        (folder / "a.md").write_text("# A\n")
        environ = {"EVENTDOCS_DATABASE_URL": empty_postgres_url}

        refused = in_process("ingest", "a.md", environ=environ)
        before = in_process("migrate", "status", "--json", environ=environ)
        up = in_process("migrate", "up", environ=environ)
        ended = in_process("ingest", "a.md", environ=environ)

        assert refused.status == 1
        assert "eventdocs migrate up" in refused.problems[0]
        assert before.json["version"] == 0
        assert before.json["pending"]
        assert up.status == 0
        assert (ended.status, ended.err) == (0, "")
        assert [
            each["title"] for each in in_process("documents", "--json", environ=environ).json
        ] == ["A"]


@contextlib.contextmanager
def small_disk(path: Path, *, kilobytes: int) -> Generator[Path]:
    """Mount a disk of its own; that takes a system and rights that allow it."""
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", path],
        capture_output=True,
        check=False,
    )
    if os.geteuid() != 0 or mounted.returncode != 0:
        pytest.skip("a small disk can only be mounted by root, where mounting is allowed")
    try:
        yield path
    finally:
        subprocess.run(["umount", path], check=True)
