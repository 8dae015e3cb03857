"""Drift: how a database's tables differ from those that the code declares."""

from __future__ import annotations

import re
import warnings
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from typing import Any, Final, overload

from sqlalchemy import CheckConstraint, Column, Connection, Table, UniqueConstraint, inspect, text
from sqlalchemy.engine import Inspector
from sqlalchemy.exc import SAWarning

from eventdocs.backends.tables import METADATA_INDEX
from eventdocs.errors import SchemaDriftError, SchemaTooOldError
from eventdocs.migrations._declared import declared_tables
from eventdocs.migrations._ledger import read_version
from eventdocs.migrations._steps import LATEST, steps
from eventdocs.migrations._target import AsyncTarget, Session, SyncTarget, Target, perform

_EXPRESSION: Final = "an expression"
_FUNCTION: Final = re.compile(
    r"CREATE (?:OR REPLACE )?FUNCTION @schema@\.(?P<name>\w+)\("
    r".*?AS (?P<tag>\$\w*\$)(?P<body>.*?)(?P=tag)",
    re.DOTALL,
)


@overload
def drift(target: AsyncTarget, *, schema: str | None = None) -> Coroutine[Any, Any, list[str]]: ...


@overload
def drift(target: SyncTarget, *, schema: str | None = None) -> list[str]: ...


def drift(
    target: Target, *, schema: str | None = None
) -> list[str] | Coroutine[Any, Any, list[str]]:
    """Compare the database with the tables that this eventdocs declares.

    Args:
        target: The database. An address, or something asynchronous, is awaited.
        schema: The PostgreSQL schema of the tables; None for the search path's.

    Returns:
        The differences, one sentence each; none if all is as it should be. What a host
        has added beside our tables is not ours to judge; what it added to them is told.
    """
    return perform(target, lambda session: _all_differences(session.connection, schema))


@overload
def verify(target: AsyncTarget, *, schema: str | None = None) -> Coroutine[Any, Any, None]: ...


@overload
def verify(target: SyncTarget, *, schema: str | None = None) -> None: ...


def verify(target: Target, *, schema: str | None = None) -> Coroutine[Any, Any, None] | None:
    """Make sure that the database has the latest version, step for step, and no drift.

    Args:
        target: The database. An address, or something asynchronous, is awaited.
        schema: The PostgreSQL schema of the tables; None for the search path's.

    Raises:
        SchemaTooOldError: It is to be upgraded first.
        SchemaTooNewError: A newer eventdocs has upgraded it.
        NotAnEventStoreError: It holds tables with our names that are not ours.
        MigrationChangedError: Another build of eventdocs has upgraded it.
        SchemaDriftError: Its tables differ from those that are declared.
    """

    def look(session: Session) -> None:
        found = read_version(session.connection, schema)
        if found < LATEST:
            raise SchemaTooOldError(session.database, found, LATEST)
        differences = _all_differences(session.connection, schema)
        if differences:
            raise SchemaDriftError(session.database, differences)

    return perform(target, look)


def _all_differences(connection: Connection, schema: str | None) -> list[str]:
    with warnings.catch_warnings():
        # SQLAlchemy passes over SQLite's indexes on expressions; we do not.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection", SAWarning)
        return list(_differences(connection, schema))


def _differences(connection: Connection, schema: str | None) -> Iterator[str]:
    inspector = inspect(connection)
    present = set(inspector.get_table_names(schema))
    for table in declared_tables():
        if table.name not in present:
            yield f"table {table.name} is missing"
            continue
        for what, declared, found in (
            (
                "column",
                _declared_columns(table, connection),
                _found_columns(inspector, table, schema),
            ),
            ("key", _declared_keys(table), _found_keys(inspector, table, schema)),
            ("index", _declared_indexes(table), _found_indexes(connection, table, schema)),
        ):
            yield from _compare(f"{table.name}, {what}", declared, found)
    if connection.dialect.name == "postgresql":
        yield from _differing_sequence(connection, schema)
        yield from _differing_functions(connection, schema)
        yield from _unfinished_indexes(connection, schema)


def _compare(what: str, declared: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(declared.keys() - found.keys()):
        yield f"{what} {name} is missing"
    for name in sorted(found.keys() - declared.keys()):
        yield f"{what} {name} is not declared"
    for name in sorted(declared.keys() & found.keys()):
        if declared[name] != found[name]:
            yield f"{what} {name} is {found[name]}, declared is {declared[name]}"


def _declared_columns(table: Table, connection: Connection) -> Mapping[str, Sequence[str]]:
    return {
        column.name: (
            column.type.compile(connection.dialect),
            "NULL" if column.nullable else "NOT NULL",
        )
        for column in table.columns
    }


def _found_columns(
    inspector: Inspector, table: Table, schema: str | None
) -> Mapping[str, Sequence[str]]:
    return {
        column["name"]: (
            column["type"].compile(inspector.dialect),
            "NULL" if column["nullable"] else "NOT NULL",
        )
        for column in inspector.get_columns(table.name, schema)
    }


def _declared_keys(table: Table) -> Mapping[str, Sequence[str]]:
    keys = {"PRIMARY KEY": [column.name for column in table.primary_key]}
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            keys[f"UNIQUE {constraint.name}"] = [column.name for column in constraint.columns]
        elif isinstance(constraint, CheckConstraint):
            keys[f"CHECK {constraint.name}"] = []
    for constraint in table.foreign_key_constraints:
        columns = ", ".join(constraint.column_keys)
        keys[f"FOREIGN KEY ({columns})"] = [
            *(element.target_fullname for element in constraint.elements),
            constraint.ondelete or "NO ACTION",
        ]
    return keys


def _found_keys(
    inspector: Inspector, table: Table, schema: str | None
) -> Mapping[str, Sequence[str]]:
    primary = inspector.get_pk_constraint(table.name, schema)
    keys = {"PRIMARY KEY": list(primary["constrained_columns"])}
    for unique in inspector.get_unique_constraints(table.name, schema):
        keys[f"UNIQUE {unique['name']}"] = list(unique["column_names"])
    for check in inspector.get_check_constraints(table.name, schema):
        keys[f"CHECK {check['name']}"] = []
    for foreign in inspector.get_foreign_keys(table.name, schema):
        columns = ", ".join(foreign["constrained_columns"])
        keys[f"FOREIGN KEY ({columns})"] = [
            *(f"{foreign['referred_table']}.{name}" for name in foreign["referred_columns"]),
            foreign.get("options", {}).get("ondelete", "NO ACTION"),
        ]
    return keys


def _declared_indexes(table: Table) -> Mapping[str, Sequence[str]]:
    return {
        str(index.name): [
            each.name if isinstance(each, Column) else _EXPRESSION for each in index.expressions
        ]
        for index in table.indexes
    }


def _found_indexes(
    connection: Connection, table: Table, schema: str | None
) -> Mapping[str, Sequence[str]]:
    return {
        name: columns
        for name, columns in _indexes_of(connection, table, schema)
        if not name.startswith(METADATA_INDEX)  # a host has asked for it
    }


def _indexes_of(
    connection: Connection, table: Table, schema: str | None
) -> Iterator[tuple[str, Sequence[str]]]:
    if connection.dialect.name == "sqlite":
        for index in connection.exec_driver_sql(f"PRAGMA index_list({table.name})").all():
            if index.origin == "c":
                columns = connection.exec_driver_sql(f"PRAGMA index_info({index.name})").all()
                yield index.name, [column.name or _EXPRESSION for column in columns]
        return
    for found in inspect(connection).get_indexes(table.name, schema):
        if not found.get("duplicates_constraint"):
            yield str(found["name"]), [name or _EXPRESSION for name in found["column_names"]]


def _differing_sequence(connection: Connection, schema: str | None) -> Iterator[str]:
    cache = connection.scalar(
        text(
            "SELECT seqcache FROM pg_sequence WHERE seqrelid = "
            "to_regclass(CAST(:qualifier AS text) || 'eventdocs_sequence')"
        ),
        {"qualifier": _qualifier(schema)},
    )
    if cache is None:
        yield "sequence eventdocs_sequence is missing"
    elif cache != 1:
        yield f"sequence eventdocs_sequence caches {cache} numbers, declared is 1"


def _differing_functions(connection: Connection, schema: str | None) -> Iterator[str]:
    declared = {
        match["name"]: match["body"]
        for step in steps("postgresql")
        for match in _FUNCTION.finditer(step.sql)
    }
    for name, body in sorted(declared.items()):
        found = connection.scalar(
            text(
                "SELECT prosrc FROM pg_proc "
                "WHERE oid = to_regproc(CAST(:qualifier AS text) || CAST(:name AS text))"
            ),
            {"qualifier": _qualifier(schema), "name": name},
        )
        if found is None:
            yield f"function {name} is missing"
        elif found != body.replace("@schema@.", _qualifier(schema)):
            yield f"function {name} has another body than is declared"


def _unfinished_indexes(connection: Connection, schema: str | None) -> Iterator[str]:
    for table in declared_tables():
        found = connection.scalars(
            text(
                "SELECT name.relname FROM pg_index AS index "
                "JOIN pg_class AS name ON name.oid = index.indexrelid "
                "WHERE NOT index.indisvalid AND index.indrelid = "
                "to_regclass(CAST(:qualifier AS text) || CAST(:name AS text)) ORDER BY 1"
            ),
            {"qualifier": _qualifier(schema), "name": table.name},
        )
        for name in found:
            yield f"{table.name}, index {name} is unfinished: it is written and not read"


def _qualifier(schema: str | None) -> str:
    return "" if schema is None else f'"{schema}".'
