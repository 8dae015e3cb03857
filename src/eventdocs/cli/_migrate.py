"""`eventdocs migrate`: the version of the database's schema, and the way to the latest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._output import grid

if TYPE_CHECKING:
    from eventdocs.migrations import Step, TakenOver


@click.group()
def migrate() -> None:
    """Show, verify and change the schema of the database."""


@migrate.command(short_help="Show the schema's version and what is missing.")
@database_option
@common_options
@pass_app
def status(app: App) -> None:
    """Show the schema's version and the steps that are missing; change nothing."""
    from eventdocs.migrations import LATEST

    app.refuse_missing_file()
    found, pending = app.run(_missing(app))
    if app.output.as_json:
        app.output.json({"version": found, "latest": LATEST, "pending": _as_json(pending)})
        return
    app.output.line(f"schema version {found}, latest {LATEST}")
    if pending:
        _show(app, pending)
        app.output.line("run `eventdocs migrate up` to apply them")


_to_latest = click.option(
    "--to", "target", type=int, metavar="VERSION", help="Else the latest that there is."
)
_concurrently = click.option(
    "--concurrently",
    is_flag=True,
    help="Build indexes on PostgreSQL while others write; each step is permanent at once.",
)
_lock_timeout = click.option(
    "--lock-timeout",
    type=click.FloatRange(min=0),
    default=10.0,
    metavar="SECONDS",
    help="How long a statement waits for others, and they behind it; 0 is for ever.",
)
_allow_data_loss = click.option(
    "--allow-data-loss", is_flag=True, help="Take also steps that lose something for ever."
)


@migrate.command(short_help="Show the steps to a version, and what is lost.")
@_to_latest
@database_option
@common_options
@pass_app
def plan(app: App, *, target: int | None) -> None:
    """Show the steps to a version, up or down, and what is lost on the way; change nothing.

    With `--json`, each comes with the statements that it consists of.
    """
    from eventdocs.migrations import LATEST, current
    from eventdocs.migrations import plan as find_steps

    app.refuse_missing_file()
    schema = app.settings.schema
    found = app.run(current(app.database, schema=schema))
    wanted = LATEST if target is None else target
    steps = app.run(find_steps(app.database, version=wanted, schema=schema))
    if app.output.as_json:
        described = [
            {**each, "sql": list(step.statements(schema))}
            for each, step in zip(_as_json(steps), steps, strict=True)
        ]
        app.output.json({"version": found, "to": wanted, "steps": described})
        return
    app.output.line(f"schema version {found}, to version {wanted}")
    if steps:
        _show(app, steps)
    else:
        app.output.line("nothing to do")


@migrate.command(short_help="Bring the schema to its latest version.")
@_to_latest
@_concurrently
@_lock_timeout
@database_option
@common_options
@pass_app
def up(app: App, *, target: int | None, concurrently: bool, lock_timeout: float) -> None:
    """Bring the schema to its latest version, or up to another; do nothing if it is there.

    A database that is not there yet is made if it is an SQLite file. In a database that
    holds another application's tables, those of the log stand beside them afterwards.
    """
    from eventdocs.migrations import LATEST, current, upgrade

    wanted, schema = LATEST if target is None else target, app.settings.schema
    applied: list[Step] = []
    if concurrently or wanted != LATEST or lock_timeout != 10.0:
        applied = app.run(
            upgrade(
                _direct(app),
                version=wanted,
                schema=schema,
                concurrently=concurrently,
                lock_timeout=lock_timeout,
            )
        )
    else:
        applied = app.run(_upgrade(app))
    reached = app.run(current(app.database, schema=schema))
    if app.output.as_json:
        app.output.json({"version": reached, "applied": _as_json(applied)})
        return
    if applied:
        _show(app, applied)
    suffix = ", the latest" if reached == LATEST else ""
    app.output.line(f"schema version {reached}{suffix}")


@migrate.command(short_help="Take the schema back to an earlier version.")
@click.option("--to", "target", type=int, required=True, metavar="VERSION", help="0 is nothing.")
@_allow_data_loss
@_concurrently
@_lock_timeout
@database_option
@common_options
@pass_app
def down(
    app: App, *, target: int, allow_data_loss: bool, concurrently: bool, lock_timeout: float
) -> None:
    """Take the schema back to an earlier version; do nothing if it is there.

    Stop what works with the database first, and back it up. A step that loses something
    for ever is refused unless that is allowed; `eventdocs migrate plan` tells what.
    """
    from eventdocs.migrations import current, downgrade

    app.refuse_missing_file()
    schema = app.settings.schema
    taken = app.run(
        downgrade(
            _direct(app),
            version=target,
            schema=schema,
            concurrently=concurrently,
            lock_timeout=lock_timeout,
            allow_data_loss=allow_data_loss,
        )
    )
    reached = app.run(current(app.database, schema=schema))
    if app.output.as_json:
        app.output.json({"version": reached, "taken_back": _as_json(taken)})
        return
    if taken:
        _show(app, taken)
    app.output.line(f"schema version {reached}")


@migrate.command(short_help="Compare the tables with their declaration.")
@database_option
@common_options
@pass_app
def verify(app: App) -> None:
    """Compare the tables with those that their version declares; change nothing.

    The exit status is 1 if they differ, or are of another version.
    """
    from eventdocs.errors import SchemaDriftError
    from eventdocs.migrations import LATEST
    from eventdocs.migrations import verify as look

    app.refuse_missing_file()
    differences: list[str] = []
    try:
        app.run(look(app.database, schema=app.settings.schema))
    except SchemaDriftError as error:
        differences = list(error.differences)
    if app.output.as_json:
        app.output.json({"version": LATEST, "differences": differences})
    elif differences:
        for each in differences:
            app.output.line(each)
    else:
        app.output.line(f"schema version {LATEST}, as declared")
    if differences:
        raise click.exceptions.Exit(1)


@migrate.command(short_help="Write the SQL from one version to another.")
@click.option("--from", "since", type=int, required=True, metavar="VERSION", help="0 is nothing.")
@_to_latest
@click.option(
    "--dialect",
    type=click.Choice(["postgresql", "sqlite"]),
    help="Else that of the database, which is not asked.",
)
@_concurrently
@_allow_data_loss
@database_option
@common_options
@pass_app
def sql(
    app: App,
    *,
    since: int,
    target: int | None,
    dialect: str | None,
    concurrently: bool,
    allow_data_loss: bool,
) -> None:
    """Write the SQL from one version to another, for psql or sqlite3, without a database.

    `eventdocs migrate status` tells the version that a database has.
    """
    from eventdocs.migrations import LATEST, script

    wanted = LATEST if target is None else target
    spoken = dialect or ("sqlite" if app.database.startswith("sqlite") else "postgresql")
    text = script(
        spoken,
        since=since,
        version=wanted,
        schema=app.settings.schema if spoken == "postgresql" else None,
        concurrently=concurrently,
        allow_data_loss=allow_data_loss,
    )
    if app.output.as_json:
        app.output.json({"dialect": spoken, "from": since, "to": wanted, "sql": text})
        return
    click.echo(text, nl=False)


@migrate.command(name="index")
@click.argument("key")
@database_option
@common_options
@pass_app
def index(app: App, *, key: str) -> None:
    """Let events be found by what their metadata have under KEY.

    On PostgreSQL, others read and append meanwhile. Where the index is there already,
    nothing is done.
    """
    from eventdocs.store import check_metadata_key

    try:
        check_metadata_key(key)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    app.refuse_missing_file()
    is_new = app.run(_index(app, key))
    if app.output.as_json:
        app.output.json({"key": key, "made": is_new})
        return
    app.output.line(f"metadata key {key}: {'indexed' if is_new else 'was indexed before'}")


@migrate.command(name="take-over", short_help="Record what an older event log's tables hold.")
@click.option("--from", "source", metavar="URL", help="Its database; else that of the log.")
@click.option("--from-schema", metavar="SCHEMA", help="The PostgreSQL schema of its tables.")
@click.option("--compare", is_flag=True, help="Only compare with what was taken over before.")
@database_option
@common_options
@pass_app
def take_over_older(
    app: App, *, source: str | None, from_schema: str | None, compare: bool
) -> None:
    """Record what the tables of an older event log hold, in order, and compare row for row.

    Its table events has the columns aggregate_id, aggregate_type, event_type,
    event_version, payload, metadata and created_at; document_views and semantic_ir may stand
    beside it. They are read only. The log is empty and has its tables: `eventdocs migrate
    up` makes them. The exit status is 1 if anything differs.
    """
    taken, differences = app.run(_take_over(app, source, from_schema, compare))
    if app.output.as_json:
        app.output.json({"taken_over": taken, "differences": differences})
    else:
        if taken is not None:
            app.output.line(
                f"{taken.events} events of {taken.streams} streams, {taken.documents} documents"
            )
        for each in differences:
            app.output.line(each)
        if not differences:
            app.output.line("the log holds all that the older one holds, in order")
    if differences:
        raise click.exceptions.Exit(1)


@migrate.command(name="give-back", short_help="Write what came since to the older tables.")
@click.option("--to", "source", metavar="URL", help="Their database; else that of the log.")
@click.option("--to-schema", metavar="SCHEMA", help="The PostgreSQL schema of the tables.")
@database_option
@common_options
@pass_app
def give_back_older(app: App, *, source: str | None, to_schema: str | None) -> None:
    """Write to the tables of an older event log what was appended since it was taken over.

    The older application then goes on where this one has ended. Repeating the command
    writes what has come since.
    """
    written = app.run(_give_back(app, source, to_schema))
    if app.output.as_json:
        app.output.json({"given_back": written})
        return
    app.output.line(f"{written} events given back")


async def _take_over(
    app: App, source: str | None, schema: str | None, compare: bool
) -> tuple[TakenOver | None, list[str]]:
    from eventdocs.migrations import compare_older, take_over

    async with app.store() as store:
        older = source or app.database
        if compare:
            return None, await compare_older(store, older, schema=schema)
        return await take_over(store, older, schema=schema), []


async def _give_back(app: App, source: str | None, schema: str | None) -> int:
    from eventdocs.migrations import give_back

    async with app.store() as store:
        return await give_back(store, source or app.database, schema=schema)


async def _index(app: App, key: str) -> bool:
    from eventdocs.backends import open_store
    from eventdocs.migrations import index_metadata

    schema = app.settings.schema
    async with open_store(app.database, events=(), schema=schema, migrate=False):
        return await index_metadata(app.database, key, schema=schema)


async def _missing(app: App) -> tuple[int, list[Step]]:
    from eventdocs.backends import open_store
    from eventdocs.errors import SchemaTooOldError
    from eventdocs.migrations import LATEST, plan

    # Opening the store first turns whatever a driver says into an error of ours.
    schema = app.settings.schema
    try:
        async with open_store(app.database, events=(), schema=schema, migrate=False):
            return LATEST, []
    except SchemaTooOldError as error:
        return error.found, await plan(app.database, schema=schema)


async def _upgrade(app: App) -> list[Step]:
    from eventdocs.backends import open_store
    from eventdocs.cli._app import sqlite_path
    from eventdocs.errors import NotAnEventStoreError
    from eventdocs.migrations import plan

    path, schema = sqlite_path(app.database), app.settings.schema
    if path is not None and not path.exists():
        pending = await plan("sqlite://")  # what an empty database lacks
    else:
        try:
            _, pending = await _missing(app)
        except NotAnEventStoreError:
            # Another application's tables are no obstacle to who asks for ours explicitly;
            # tables that bear our names are, and so is a file that is no database.
            pending = await plan(app.database, schema=schema)
    async with open_store(app.database, events=(), schema=schema, migrate=True):
        return pending


def _direct(app: App) -> str:
    """Name the address past a pooler, if the environment that names the database has one."""
    chosen = app.settings.direct_url if app.chosen_database is None else None
    return chosen or app.database


def _show(app: App, steps: list[Step]) -> None:
    rows = [(each.version, each.name, "back" if each.is_down else "", each.loses) for each in steps]
    if any(row[2] for row in rows):
        app.output.grid(grid("Version", "Step", "Way", "Loses", rows=rows))
    else:
        app.output.grid(grid("Version", "Step", rows=[row[:2] for row in rows]))


def _as_json(steps: list[Step]) -> list[dict[str, object]]:
    described: list[dict[str, object]] = []
    for each in steps:
        described.append({"version": each.version, "name": each.name})
        if each.is_down:
            described[-1] |= {"is_down": True, "loses": each.loses}
    return described
