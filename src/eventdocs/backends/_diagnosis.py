"""Diagnosis: what of a database, its server or its file is not as it should be."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeAlias

import attrs
from sqlalchemy.engine import URL, make_url

from eventdocs.backends._open import open_store
from eventdocs.errors import (
    ConfigurationError,
    EventdocsError,
    MigrationChangedError,
    NotAnEventStoreError,
    SchemaTooNewError,
    SchemaTooOldError,
    StoreBusyError,
    StoreDamagedError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from eventdocs.types import JSONValue

DiagnosisCode: TypeAlias = Literal[
    "clock-differs",
    "connections-scarce",
    "connections-too-few",
    "database-address",
    "database-busy",
    "database-damaged",
    "database-foreign",
    "database-in-memory",
    "database-read-only",
    "database-refused",
    "database-unreachable",
    "direct-url",
    "direct-url-elsewhere",
    "direct-url-pooled",
    "disk-space",
    "extra-missing",
    "file-open",
    "file-permissions",
    "folder-open",
    "folder-permissions",
    "journal-mode",
    "network-file-system",
    "pooler-statement-cache",
    "pooler-without-direct-url",
    "role-cannot-create",
    "role-privileges",
    "role-superuser",
    "schema-differs",
    "schema-version",
    "server-autovacuum",
    "server-encoding",
    "server-fsync",
    "server-full-page-writes",
    "server-read-only",
    "server-standby",
    "server-synchronous-commit",
    "settings-questionable",
]
"""What can be found; later versions call it the same."""

Severity: TypeAlias = Literal["error", "warning", "info"]

_MIB: Final = 1024 * 1024
_REMEDIES: Final[Mapping[type[EventdocsError], tuple[DiagnosisCode, str]]] = {
    ConfigurationError: ("database-address", "correct the address"),
    StoreUnavailableError: (
        "database-unreachable",
        "see to it that it runs and can be reached from here, or correct the address",
    ),
    StoreBusyError: ("database-busy", "let others end their transactions, then ask again"),
    StoreDamagedError: ("database-damaged", "restore a backup, and have the disk checked"),
    StoreReadOnlyError: ("database-read-only", "name a database that can be written"),
    SchemaTooOldError: ("schema-version", "run `eventdocs migrate up`"),
    SchemaTooNewError: ("schema-version", "upgrade eventdocs"),
    MigrationChangedError: ("schema-version", "use the build that upgraded the database"),
    NotAnEventStoreError: ("database-foreign", "name another database"),
}


@attrs.frozen(kw_only=True)
class Diagnosis:
    """Something that is not as it should be.

    Attributes:
        code: What it is, for programs.
        severity: `error` for what fails or can lose events, `warning` for what may become
            an error, `info` for what is good to know.
        message: What was found.
        remedy: What to do about it.
    """

    code: DiagnosisCode
    severity: Severity
    message: str
    remedy: str


@attrs.frozen(kw_only=True)
class Examination:
    """What was found when a database was looked at.

    Attributes:
        facts: How it is, for bug reports; no secrets.
        diagnoses: What is not as it should be.
    """

    facts: Mapping[str, JSONValue]
    diagnoses: tuple[Diagnosis, ...]


def now() -> datetime:
    """Read this machine's clock."""
    return datetime.now(UTC)


async def diagnose(
    address: str,
    *,
    schema: str | None = None,
    direct_url: str | None = None,
    pool_max_size: int = 20,
    min_free_bytes: int = 1024 * _MIB,
    clock: Callable[[], datetime] = now,
) -> Examination:
    """Look at a database, its server or file, and the role that works on it; change nothing.

    The file of a SQLite database is read as a whole.

    Args:
        address: Where the log is, as `open_store` takes it.
        schema: The PostgreSQL schema that holds the tables.
        direct_url: An address of the same PostgreSQL database that leads past a pooler.
        pool_max_size: Connections that a process opens, at most.
        min_free_bytes: Less on the disk is worth a warning.
        clock: Tells this machine's time, aware.

    Returns:
        What was found, also of a database that cannot be opened.

    Raises:
        ConfigurationError: The address has no form that we know.
    """
    open_store(address, events=(), schema=schema)  # refuses what it could not open either
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        from eventdocs.backends._diagnosis_sqlite import diagnose_sqlite

        return await diagnose_sqlite(_file_of(url), min_free_bytes=min_free_bytes)
    from eventdocs.backends._diagnosis_postgres import diagnose_postgres

    return await diagnose_postgres(
        address,
        schema=schema,
        direct_url=direct_url,
        pool_max_size=pool_max_size,
        min_free_bytes=min_free_bytes,
        clock=clock,
    )


def _file_of(url: URL) -> Path | None:
    return None if url.database in {None, "", ":memory:"} else Path(url.database or "").resolve()


def diagnosis_of(error: EventdocsError) -> Diagnosis:
    """Say what an error means that has ended an examination, and what to do."""
    refused: tuple[DiagnosisCode, str] = (
        "database-refused",
        "do what the message asks for, then ask again",
    )
    code, remedy = _REMEDIES.get(type(error), refused)
    return Diagnosis(code=code, severity="error", message=str(error), remedy=remedy)


def scarce_space(folder: Path, *, used: int, min_free_bytes: int) -> Iterator[Diagnosis]:
    """Warn of a disk on which the database has no room to grow.

    Args:
        folder: A folder of the disk.
        used: Bytes that the database takes.
        min_free_bytes: Less is worth a warning, and so is less than the database takes.
    """
    free = shutil.disk_usage(folder).free
    wanted = max(min_free_bytes, used)
    if free < wanted:
        yield Diagnosis(
            code="disk-space",
            severity="warning",
            message=f"the disk of {folder} has {free // _MIB} MiB free; the database takes "
            f"{used // _MIB} MiB, and a rebuild stands beside the tables in use",
            remedy=f"free some, or move the database, until {wanted // _MIB} MiB are free",
        )
