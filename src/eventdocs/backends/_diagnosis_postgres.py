"""What of a PostgreSQL server, of a role on it and of the way to it is not as it should be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import attrs
from sqlalchemy import text
from sqlalchemy.engine import RowMapping, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from eventdocs.backends._diagnosis import (
    Diagnosis,
    DiagnosisCode,
    Examination,
    Severity,
    diagnosis_of,
    scarce_space,
)
from eventdocs.backends._diagnosis_schema import differing
from eventdocs.backends._drivers import label_for
from eventdocs.backends._postgres_engine import create_engine
from eventdocs.backends._postgres_errors import translated
from eventdocs.backends._postgres_sql import from_file
from eventdocs.errors import EventdocsError, SchemaTooOldError
from eventdocs.types import JSONValue

_CACHE: Final = "statement_cache_size"
_LISTENING: Final = 1
"""Connections that a process opens besides those of its pool."""

_TOLERATED: Final = timedelta(seconds=1)
_PID: Final = text("SELECT pg_backend_pid()")
_HERE: Final = frozenset({"", "localhost", "127.0.0.1", "::1"})
_SETTINGS: Final[Sequence[tuple[str, DiagnosisCode, Severity, str]]] = (
    (
        "fsync",
        "server-fsync",
        "error",
        "a crash of the machine can lose events and damage the database",
    ),
    (
        "synchronous_commit",
        "server-synchronous-commit",
        "error",
        "a crash of the server can lose events that were recorded",
    ),
    (
        "full_page_writes",
        "server-full-page-writes",
        "error",
        "a crash of the machine can leave pages half written",
    ),
    (
        "autovacuum",
        "server-autovacuum",
        "warning",
        "tables grow and queries become slow",
    ),
)


@attrs.frozen(kw_only=True)
class _Asked:
    """What the examination is about."""

    address: str
    schema: str | None
    direct_url: str | None
    pool_max_size: int
    min_free_bytes: int
    clock: Callable[[], datetime]


async def diagnose_postgres(
    address: str,
    *,
    schema: str | None,
    direct_url: str | None,
    pool_max_size: int,
    min_free_bytes: int,
    clock: Callable[[], datetime],
) -> Examination:
    """Look at the server and the database at *address*, and at the way there."""
    asked = _Asked(
        address=address,
        schema=schema,
        direct_url=direct_url,
        pool_max_size=pool_max_size,
        min_free_bytes=min_free_bytes,
        clock=clock,
    )
    engine = _engine(address)
    database = label_for(engine.url)
    facts: dict[str, JSONValue] = {"database": database}
    diagnoses: list[Diagnosis] = []
    try:
        with translated(database):
            await _examine(engine, asked, facts, diagnoses)
    except EventdocsError as error:
        diagnoses.append(diagnosis_of(error))
    finally:
        await engine.dispose()
    return Examination(facts=facts, diagnoses=tuple(diagnoses))


def _engine(address: str) -> AsyncEngine:
    # Through a pooler in transaction mode nothing else works, and elsewhere it does no harm.
    uncached = make_url(address).update_query_dict({_CACHE: "0"})
    return create_engine(
        uncached.render_as_string(hide_password=False), pool_min_size=1, pool_max_size=2
    )


async def _examine(
    engine: AsyncEngine, asked: _Asked, facts: dict[str, JSONValue], diagnoses: list[Diagnosis]
) -> None:
    async with engine.connect() as connection:
        before = asked.clock()
        statement = from_file("diagnosis", None).clause
        told = (await connection.execute(statement, {"schema": asked.schema})).mappings().one()
        after = asked.clock()
        facts.update(
            server=f"PostgreSQL {told['version']}",
            role=told["role"],
            schema=told["schema"],
            encoding=told["encoding"],
            size=told["size"],
            connections=told["connections"],
            connections_limit=_connections_limit(told),
            **{name: told[name] for name, *_ in _SETTINGS},
        )
        diagnoses += _server(told)
        diagnoses += _clock(told["told_at"], before, after, facts)
        diagnoses += _disk(told, asked, make_url(asked.address).host)
        lacking = await _privileges(connection, told)
        diagnoses += lacking
        # A role that may not look gets no true answer.
        if not any(each.severity == "error" for each in lacking):
            diagnoses += await differing(connection, asked.schema, label_for(engine.url), facts)
    is_pooled = facts["pooled"] = await _shares_connections(engine)
    diagnoses += _pooler(asked) if is_pooled else _connections(told, asked.pool_max_size)
    if asked.direct_url is not None:
        diagnoses += await _direct(engine, asked.direct_url, asked.schema)


def _server(told: RowMapping) -> Iterator[Diagnosis]:
    for name, code, severity, effect in _SETTINGS:
        if told[name] == "off":
            yield Diagnosis(
                code=code,
                severity=severity,
                message=f"{name} is off: {effect}",
                remedy=f"ALTER SYSTEM SET {name} = on, then SELECT pg_reload_conf(); see that "
                "neither role nor database sets it otherwise",
            )
    if told["is_standby"]:
        yield Diagnosis(
            code="server-standby",
            severity="error",
            message="the server is a standby, which cannot be written to",
            remedy="name the primary, or several hosts with target_session_attrs=read-write",
        )
    elif told["read_only"] == "on":
        yield Diagnosis(
            code="server-read-only",
            severity="error",
            message="transactions are read-only by default",
            remedy="set default_transaction_read_only to off for this role and database",
        )
    if told["encoding"] != "UTF8":
        yield Diagnosis(
            code="server-encoding",
            severity="error",
            message=f"the database's encoding is {told['encoding']}: not every text can be stored",
            remedy="create a database with ENCODING 'UTF8', and move the log there by "
            "`eventdocs log export` and `eventdocs log import`",
        )
    if told["is_superuser"]:
        yield Diagnosis(
            code="role-superuser",
            severity="warning",
            message=f"the role {told['role']} is a superuser: a mistake has no bounds",
            remedy="work with a role that owns no more than the tables of eventdocs",
        )


def _clock(
    told_at: datetime, before: datetime, after: datetime, facts: dict[str, JSONValue]
) -> Iterator[Diagnosis]:
    middle = before + (after - before) / 2
    ahead = middle - told_at
    facts["clock_ahead_seconds"] = round(ahead.total_seconds(), 3)
    if abs(ahead) - (after - before) / 2 > _TOLERATED:
        side = "ahead of" if ahead > timedelta() else "behind"
        yield Diagnosis(
            code="clock-differs",
            severity="warning",
            message=f"this machine's clock is {abs(ahead).total_seconds():.1f} s {side} the "
            "server's: times of log lines and of events do not fit",
            remedy="let both machines set their clocks by NTP",
        )


def _disk(told: RowMapping, asked: _Asked, host: str | None) -> Iterator[Diagnosis]:
    """Look at the server's disk, if it is this machine's and this user may look."""
    if told["data_directory"] is None or (host or "") not in _HERE:
        return
    folder = Path(told["data_directory"])
    try:
        # A server on this address can still be another machine's, or a container's.
        control = (folder / "global" / "pg_control").read_bytes()
        if control[:8] != told["system_identifier"].to_bytes(8, "little", signed=True):
            return
        yield from scarce_space(folder, used=told["size"], min_free_bytes=asked.min_free_bytes)
    except OSError:
        return


async def _privileges(connection: AsyncConnection, told: RowMapping) -> Sequence[Diagnosis]:
    statement = from_file("diagnosis_privileges", None).clause
    found = await connection.execute(statement, {"schema": told["schema"]})
    return [_lacking(told, *row) for row in found]


def _lacking(told: RowMapping, privilege: str, kind: str, name: str) -> Diagnosis:
    is_for_building = privilege == "CREATE"
    effect = ": it can neither migrate nor build read models" if is_for_building else ""
    place = f'"{name}"' if kind == "SCHEMA" else f'"{told["schema"]}".{name}'
    return Diagnosis(
        code="role-cannot-create" if is_for_building else "role-privileges",
        severity="warning" if is_for_building else "error",
        message=f"the role {told['role']} lacks {privilege} on the {kind.lower()} {name}{effect}",
        remedy=f'GRANT {privilege} ON {kind} {place} TO "{told["role"]}"',
    )


def _connections_limit(told: RowMapping) -> int:
    limits: list[int | None] = [
        told[name] for name in ("connections_limit", "database_limit", "role_limit")
    ]
    return min(each for each in limits if each is not None)


def _connections(told: RowMapping, pool_max_size: int) -> Iterator[Diagnosis]:
    needed, limit = pool_max_size + _LISTENING, _connections_limit(told)
    others = told["connections"] - 1
    if needed > limit:
        yield Diagnosis(
            code="connections-too-few",
            severity="error",
            message=f"a process can open {needed} connections, the server gives {limit}",
            remedy=f"set EVENTDOCS_POOL_MAX_SIZE to at most {max(limit - _LISTENING, 1)}, or raise "
            "max_connections or the limit of the role or database",
        )
    elif needed > told["connections_limit"] - others:
        yield Diagnosis(
            code="connections-scarce",
            severity="warning",
            message=f"a process can open {needed} connections; of the server's "
            f"{told['connections_limit']}, {others} are in use",
            remedy="lower EVENTDOCS_POOL_MAX_SIZE here or the pools of others, raise "
            "max_connections, or go through a pooler",
        )


async def _shares_connections(engine: AsyncEngine) -> bool:
    """Tell whether transactions of one client meet several connections, or several clients one."""
    async with engine.connect() as one, engine.connect() as other:
        pids: list[int] = []
        for each in (one, one, other, other):
            async with each.begin():
                pids.append((await each.execute(_PID)).scalar_one())
    first, again, second, last = pids
    return first != again or second != last or first == second


def _pooler(asked: _Asked) -> Iterator[Diagnosis]:
    if make_url(asked.address).query.get(_CACHE) != "0":
        yield Diagnosis(
            code="pooler-statement-cache",
            severity="error",
            message="the address leads through a pooler in transaction mode, where prepared "
            "statements are gone after their transaction",
            remedy=f"give the address the parameter {_CACHE}=0",
        )
    if asked.direct_url is None:
        yield Diagnosis(
            code="pooler-without-direct-url",
            severity="warning",
            message="through a pooler in transaction mode no wake-ups are heard, and migrations "
            "cannot keep others out",
            remedy="set EVENTDOCS_DIRECT_URL to an address that leads past it",
        )


async def _direct(engine: AsyncEngine, address: str, schema: str | None) -> list[Diagnosis]:
    """Look at the way past the pooler."""
    direct = _engine(address)
    try:
        with translated(label_for(direct.url)):
            if await _shares_connections(direct):
                return [
                    Diagnosis(
                        code="direct-url-pooled",
                        severity="error",
                        message="the direct address leads through a pooler in transaction mode, too",
                        remedy="set EVENTDOCS_DIRECT_URL to the server's own address",
                    )
                ]
            names = [await _log_of(each, schema) for each in (engine, direct)]
    except EventdocsError as error:
        found = diagnosis_of(error)
        return [
            attrs.evolve(found, code="direct-url", remedy=f"EVENTDOCS_DIRECT_URL: {found.remedy}")
        ]
    finally:
        await direct.dispose()
    if names[0] == names[1]:
        return []
    return [
        Diagnosis(
            code="direct-url-elsewhere",
            severity="error",
            message="the direct address leads to another log",
            remedy="set EVENTDOCS_DIRECT_URL to an address of the same database",
        )
    ]


async def _log_of(engine: AsyncEngine, schema: str | None) -> str | None:
    try:
        with translated(label_for(engine.url)):
            async with engine.connect() as connection:
                found = await connection.execute(from_file("store_id", schema).clause)
                return str(found.scalar_one_or_none())
    except SchemaTooOldError:
        return None  # it holds no log
