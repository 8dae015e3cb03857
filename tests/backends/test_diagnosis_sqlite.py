"""What a diagnosis finds of files: each thing that can be wrong is made wrong here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from eventdocs.backends import Diagnosis, Examination, diagnose, open_store
from eventdocs.backends._diagnosis import diagnosis_of
from eventdocs.backends._diagnosis_sqlite import over_network
from eventdocs.errors import (
    EventdocsError,
    StoreBusyError,
    StoreFailedError,
    StoreReadOnlyError,
)
from eventdocs.migrations import LATEST

FREE = 1 << 10
_NOBODY = 65_534


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log's file in a folder of its own."""
    folder = tmp_path / "data"
    folder.mkdir()
    open_once(folder / "log.db")
    return folder / "log.db"


def open_once(path: Path) -> None:
    async def work() -> None:
        async with open_store(f"sqlite:///{path}", events=()):
            pass

    asyncio.run(work())


def examine(path: Path | str, *, min_free_bytes: int = FREE) -> Examination:
    return asyncio.run(diagnose(f"sqlite:///{path}", min_free_bytes=min_free_bytes))


def found(path: Path, *, min_free_bytes: int = FREE) -> Mapping[str, Diagnosis]:
    examined = examine(path, min_free_bytes=min_free_bytes)
    assert all(each.remedy and each.message for each in examined.diagnoses)
    return {each.code: each for each in examined.diagnoses}


def execute(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute(statement)


class TestAFile:
    def test_in_order_has_nothing_to_be_said_of(self, path: Path) -> None:
        """And tells its facts."""
        examined = examine(path)

        assert examined.diagnoses == ()
        facts = examined.facts
        assert (facts["journal_mode"], facts["synchronous"]) == ("wal", "full")
        assert (facts["schema_version"], facts["schema_latest"]) == (LATEST, LATEST)
        assert facts["size"] == path.stat().st_size

    def test_that_is_missing_is_not_made(self, tmp_path: Path) -> None:
        """The command that makes it is told."""
        told = found(tmp_path / "log.db")

        assert "does not exist yet" in told["schema-version"].message
        assert "eventdocs migrate up" in told["schema-version"].remedy
        assert list(tmp_path.iterdir()) == []

    def test_in_a_missing_folder_cannot_be_made(self, tmp_path: Path) -> None:
        """The folder is named."""
        told = found(tmp_path / "away" / "log.db")

        assert str(tmp_path / "away") in told["database-unreachable"].message

    def test_in_memory_goes_with_the_program(self) -> None:
        """That is rarely what somebody wants who asks."""
        examined = examine(":memory:")

        assert [each.code for each in examined.diagnoses] == ["database-in-memory"]

    def test_of_another_kind_is_none_of_ours(self, tmp_path: Path) -> None:
        """Text, or another application's tables."""
        text, foreign = tmp_path / "a.txt", tmp_path / "foreign.db"
        text.write_text("no database\n" * 100)
        execute(foreign, "CREATE TABLE songs (title TEXT)")

        assert set(found(text)) == {"database-foreign"}
        assert "another application" in found(foreign)["schema-version"].message

    def test_may_be_damaged(self, path: Path) -> None:
        """As by a disk that has forgotten a part of it."""
        execute(path, "PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.seek(3 * 4096)
            file.write(b"\xff" * 4096)

        told = found(path)

        assert told["database-damaged"].severity == "error"
        assert "restore a backup" in told["database-damaged"].remedy

    def test_may_have_another_journal_mode(self, path: Path) -> None:
        """Opening it with eventdocs mends that, as it is told."""
        execute(path, "PRAGMA journal_mode = DELETE")
        before = found(path)

        open_once(path)

        assert before["journal-mode"].severity == "warning"
        assert found(path) == {}


class TestTheTables:
    def test_must_be_as_they_were_made(self, path: Path) -> None:
        """What somebody has changed is named."""
        execute(path, "DROP INDEX eventdocs_events_category")

        assert "eventdocs_events_category" in found(path)["schema-differs"].message

    def test_may_be_a_newer_eventdocs_own(self, path: Path) -> None:
        """The package is to be upgraded."""
        execute(
            path,
            "INSERT INTO eventdocs_migrations SELECT version + 1, 'future', checksum, applied_at "
            "FROM eventdocs_migrations ORDER BY version DESC LIMIT 1",
        )

        assert found(path)["schema-version"].remedy == "upgrade eventdocs"


class TestPermissions:
    def test_that_are_everybodys_are_worth_a_warning(self, path: Path) -> None:
        """Of the file, and of the folder in which it can be replaced."""
        path.chmod(0o666)
        path.parent.chmod(0o777)
        told = found(path)

        for each in told.values():
            subprocess.run(each.remedy.split(), check=True)

        assert set(told) == {"file-open", "folder-open"}
        assert found(path) == {}

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
    def test_must_allow_to_write(self) -> None:
        """To the file, and beside it."""
        with TemporaryDirectory() as name:
            path = Path(name, "log.db")
            open_once(path)
            path.chmod(0o644)
            path.parent.chmod(0o755)
            os.seteuid(_NOBODY)
            try:
                told = found(path)
            finally:
                os.seteuid(0)

        assert told["file-permissions"].severity == "error"
        assert told["folder-permissions"].severity == "error"


class TestTheDisk:
    def test_can_become_full(self, path: Path) -> None:
        """How much is to be freed is told."""
        told = found(path, min_free_bytes=1 << 60)

        assert told["disk-space"].severity == "warning"
        assert f"until {(1 << 60) >> 20} MiB are free" in told["disk-space"].remedy

    @pytest.mark.parametrize(
        ("folder", "kinds"),
        [
            ("/data/logs", ["nfs4"]),
            ("/data/my logs/deep", ["cifs"]),
            ("/data", []),
            ("/elsewhere", []),
        ],
    )
    def test_is_not_to_be_anothers(self, tmp_path: Path, folder: str, kinds: list[str]) -> None:
        """The kind of its file system stands in Linux' list of what is mounted where."""
        mounts = tmp_path / "mountinfo"
        mounts.write_text(
            "21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
            "30 21 0:40 / /data rw,relatime shared:2 master:1 - xfs /dev/sdb1 rw\n"
            "31 30 0:41 / /data/logs rw,relatime - nfs4 files:/logs rw,vers=4.2\n"
            "32 30 0:42 / /data/my\\040logs rw,relatime - cifs //files/logs rw\n"
        )

        told = list(over_network(Path(folder), mounts))

        assert [each.severity for each in told] == ["error" for _ in kinds]
        assert all(f"({kind})" in each.message for each, kind in zip(told, kinds, strict=True))

    def test_is_this_machines_where_nothing_tells(self, tmp_path: Path) -> None:
        """Other systems have no such list."""
        assert list(over_network(tmp_path, tmp_path / "missing")) == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StoreBusyError("log.db", "locked"), "database-busy"),
        (StoreReadOnlyError("log.db", "read only"), "database-read-only"),
        (StoreFailedError("log.db", "division by zero"), "database-refused"),
    ],
    ids=["busy", "read-only", "failed"],
)
def test_what_ends_a_diagnosis_is_one(error: EventdocsError, code: str) -> None:
    """An error is told with what to do about it, as everything else is."""
    told = diagnosis_of(error)

    assert (told.code, told.severity, told.message) == (code, "error", str(error))
    assert told.remedy
