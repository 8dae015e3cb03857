"""Scripts: the SQL of steps with their entries in the ledger, for whoever applies it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs
from sqlalchemy import URL, MetaData
from sqlalchemy.schema import CreateTable

from eventdocs.errors import ConfigurationError, DataLossError
from eventdocs.migrations._declared import ledger
from eventdocs.migrations._names import check_schema_name, check_version
from eventdocs.migrations._steps import DIALECTS, Step, route
from eventdocs.migrations._target import AlembicOperations, Target


def script(
    dialect: str = "postgresql",
    *,
    since: int,
    version: int,
    schema: str | None = None,
    concurrently: bool = False,
    allow_data_loss: bool = False,
) -> str:
    """Write the SQL that leads from one version of the schema to another, up or down.

    It is for `psql`, or for `sqlite3 -bail`, and stops at the first error. Let nobody else
    migrate meanwhile.

    Args:
        dialect: `postgresql` or `sqlite`.
        since: The version that the database has; 0 if it has no tables of ours.
        version: The version to reach.
        schema: The PostgreSQL schema of the tables; None for the search path's.
        concurrently: Build indexes on PostgreSQL while others write.
        allow_data_loss: Write also steps that lose something for ever.

    Raises:
        ConfigurationError: An argument cannot work.
        DataLossError: Something would be lost.
    """
    if dialect not in DIALECTS:
        raise ConfigurationError([f"dialect {dialect!r}: use {' or '.join(DIALECTS)}"])
    check_version(since)
    check_version(version)
    check_schema_name(dialect, schema)
    way = route(dialect, since, version)
    losses = [f"version {step.version}: {step.loses}" for step in way if step.loses]
    if losses and not allow_data_loss:
        raise DataLossError(dialect, losses)
    is_postgres = dialect == "postgresql"
    lines = [r"\set ON_ERROR_STOP on"] if is_postgres else []
    for step in way:
        is_outside = concurrently and is_postgres and step.is_online
        head = f"-- {step.version} {step.name}{', back' if step.is_down else ''}"
        statements = list(statements_of(step, schema, dialect, concurrently=concurrently))
        if not is_outside:
            statements = ["BEGIN", *statements, "COMMIT"]
        lines.append("\n\n".join([head, *(f"{each};" for each in statements)]))
    return "\n\n".join(lines) + "\n"


def statements_of(
    step: Step, schema: str | None, dialect: str, *, concurrently: bool
) -> Iterator[str]:
    """Give all that a step does: its own statements, and what the ledger says of it."""
    qualifier = "" if schema is None else f'"{schema}".'
    name = f"{qualifier}{ledger.name}"
    if step.version == 1 and not step.is_down:
        if schema is not None:
            # Not IF NOT EXISTS alone, which asks for the right to make one all the same.
            yield _MAKE_SCHEMA.format(schema=schema)
        yield _make_ledger(schema, dialect)
    yield from step.statements(schema, concurrently=concurrently and dialect == "postgresql")
    if not step.is_down:
        now = "now()" if dialect == "postgresql" else "strftime('%Y-%m-%d %H:%M:%f000', 'now')"
        yield (
            f"INSERT INTO {name} (version, name, checksum, applied_at) "  # noqa: S608 - our own
            f"VALUES ({step.version}, '{step.name}', '{step.checksum}', {now})"
        )
    elif step.version == 1:
        yield f"DROP TABLE {name}"
    else:
        yield f"DELETE FROM {name} WHERE version = {step.version}"  # noqa: S608 - our own


_MAKE_SCHEMA = """\
DO $do$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = '{schema}') THEN
        CREATE SCHEMA "{schema}";
    END IF;
END;
$do$"""


def _make_ledger(schema: str | None, dialect: str) -> str:
    table = ledger if schema is None else ledger.to_metadata(MetaData(), schema=schema)
    spoken = URL.create(dialect).get_dialect()()
    return str(CreateTable(table, if_not_exists=True).compile(dialect=spoken)).strip()


# ---- Alembic's offline mode


@attrs.frozen
class Emitter:
    """Writes statements into the script that Alembic makes."""

    context: Any

    @property
    def dialect(self) -> str:
        """The kind of database that the script is for."""
        name: str = self.context.dialect.name
        return name

    def step(self, step: Step, schema: str | None, *, concurrently: bool) -> None:
        """Write a step; outside of Alembic's transaction if it has to be."""
        write = self.context.impl.static_output
        statements = statements_of(step, schema, self.dialect, concurrently=concurrently)
        if concurrently and self.dialect == "postgresql" and step.is_online:
            with self.context.autocommit_block():
                for statement in statements:
                    write(f"{statement};")
            return
        for statement in statements:
            write(f"{statement};")


def emit(target: Target) -> Emitter | None:
    """Give what writes for *target* if that is Alembic without a connection."""
    if not isinstance(target, AlembicOperations):
        return None
    context = target.get_context()
    return Emitter(context) if context.as_sql else None
