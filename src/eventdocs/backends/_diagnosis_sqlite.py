"""What of a SQLite file is not as it should be."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from eventdocs.backends._diagnosis import (
    Diagnosis,
    DiagnosisCode,
    Examination,
    diagnosis_of,
    scarce_space,
)
from eventdocs.backends._diagnosis_schema import differing
from eventdocs.backends._sqlite_errors import translated
from eventdocs.backends._sqlite_file import FileState, SqliteFile
from eventdocs.errors import EventdocsError
from eventdocs.types import JSONValue

_BUSY_SECONDS: Final = 5.0
_SYNCHRONOUS: Final = ("off", "normal", "full", "extra")
_MOUNTS: Final = Path("/proc/self/mountinfo")
_OVER_NETWORKS: Final = frozenset(
    "9p afs beegfs ceph cifs fuse.ceph fuse.glusterfs fuse.s3fs fuse.sshfs gfs2 lustre ncpfs nfs "
    "nfs4 ocfs2 smb3 smbfs".split()
)


async def diagnose_sqlite(path: Path | None, *, min_free_bytes: int) -> Examination:
    """Look at the file at *path*, which is absolute; None stands for a database in memory."""
    facts: dict[str, JSONValue] = {
        "database": "sqlite:///:memory:",
        "sqlite": sqlite3.sqlite_version,
    }
    if path is None:
        gone = Diagnosis(
            code="database-in-memory",
            severity="warning",
            message="the database is in memory: it goes when the program ends",
            remedy="name a file, as in sqlite:///library.db",
        )
        return Examination(facts=facts, diagnoses=(gone,))
    file = SqliteFile(path=path, label=f"sqlite:///{path}", busy_timeout=_BUSY_SECONDS)
    facts["database"] = file.label
    diagnoses: list[Diagnosis] = []
    try:
        is_ours = await asyncio.to_thread(_examine, file, facts, diagnoses, min_free_bytes)
        if is_ours:
            engine = file.engine()
            try:
                with translated(file.label):
                    async with engine.connect() as connection:
                        diagnoses += await differing(connection, None, file.label, facts)
            finally:
                await engine.dispose()
    except EventdocsError as error:
        diagnoses.append(diagnosis_of(error))
    return Examination(facts=facts, diagnoses=tuple(diagnoses))


def _examine(
    file: SqliteFile, facts: dict[str, JSONValue], diagnoses: list[Diagnosis], min_free_bytes: int
) -> bool:
    """Look at everything but the tables; tell whether there are any of ours."""
    path = file.path
    if path.parent.is_dir():
        diagnoses += _permissions(path)
        diagnoses += over_network(path.parent, _MOUNTS)
        used = path.stat().st_size if path.is_file() else 0
        if used:
            facts["size"] = used
        diagnoses += scarce_space(path.parent, used=used, min_free_bytes=min_free_bytes)
    state, _ = file.inspect()
    if state is not FileState.OURS:
        missing = "holds nothing yet" if path.exists() else "does not exist yet"
        if state is FileState.FOREIGN:
            missing = "holds tables of another application only"
        diagnoses.append(
            Diagnosis(
                code="schema-version",
                severity="error",
                message=f"{file.label} {missing}",
                remedy="run `eventdocs migrate up`, or name another file",
            )
        )
        return False
    with translated(file.label), contextlib.closing(file.connect()) as connection:
        diagnoses += _inside(connection, facts)
    return True


def _permissions(path: Path) -> Iterator[Diagnosis]:
    if path.exists():
        yield from _rights(path, os.R_OK | os.W_OK, "file-permissions", "file-open")
    yield from _rights(path.parent, os.W_OK | os.X_OK, "folder-permissions", "folder-open")


def _rights(
    path: Path, needed: int, too_few: DiagnosisCode, too_many: DiagnosisCode
) -> Iterator[Diagnosis]:
    if not os.access(path, needed, effective_ids=os.access in os.supports_effective_ids):
        yield Diagnosis(
            code=too_few,
            severity="error",
            message=f"{path} cannot be written by this user; SQLite writes to the file, and to "
            "two others beside it",
            remedy=f"let this user write to {path}, and mount its disk for writing",
        )
    mode = path.stat().st_mode
    if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
        yield Diagnosis(
            code=too_many,
            severity="warning",
            message=f"every user of this machine can change {path}",
            remedy=f"chmod o-w {path}",
        )


def _inside(connection: sqlite3.Connection, facts: dict[str, JSONValue]) -> Iterator[Diagnosis]:
    mode = str(connection.execute("PRAGMA journal_mode").fetchone()[0])
    facts["journal_mode"] = mode
    facts["synchronous"] = _SYNCHRONOUS[connection.execute("PRAGMA synchronous").fetchone()[0]]
    if mode != "wal":
        yield Diagnosis(
            code="journal-mode",
            severity="warning",
            message=f"the journal mode is {mode!r}, in which readers and writers wait for each other",
            remedy="open it once with eventdocs, such as with `eventdocs migrate up`",
        )
    try:
        told = [str(row[0]) for row in connection.execute("PRAGMA quick_check(10)")]
    except sqlite3.DatabaseError as error:
        told = [str(error)]
    if told != ["ok"]:
        yield Diagnosis(
            code="database-damaged",
            severity="error",
            message=f"SQLite finds the file damaged: {'; '.join(told)}",
            remedy="restore a backup, and have the disk checked",
        )


def over_network(folder: Path, mounts: Path) -> Iterator[Diagnosis]:
    """Warn if *folder* is on a network file system, as far as *mounts* tells.

    Args:
        folder: Absolute.
        mounts: Linux' list of what is mounted where; there is none on other systems.
    """
    try:
        lines = mounts.read_text("utf-8", "backslashreplace").splitlines()
    except OSError:
        return
    kinds: dict[Path, str] = {}
    for line in lines:
        place, _, kind = line.partition(" - ")
        spelled = place.split()[4].replace("\\040", " ")
        kinds[Path(spelled)] = kind.split()[0]
    kind = next((kinds[each] for each in (folder, *folder.parents) if each in kinds), "")
    if kind in _OVER_NETWORKS:
        yield Diagnosis(
            code="network-file-system",
            severity="error",
            message=f"{folder} is on a network file system ({kind}), whose locks and shared memory "
            "SQLite cannot rely on: the file can be damaged",
            remedy="move it to a disk of this machine, or use PostgreSQL",
        )
