"""`eventdocs migrate`: the version of the database's schema, and the way to the latest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._output import grid

if TYPE_CHECKING:
    from eventdocs.migrations import Step


@click.group()
def migrate() -> None:
    """Show and upgrade the schema of the database."""


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


@migrate.command()
@database_option
@common_options
@pass_app
def up(app: App) -> None:
    """Bring the schema to its latest version; do nothing if it is there.

    A database that is not there yet is made if it is an SQLite file. In a database that
    holds another application's tables, those of the log stand beside them afterwards.
    """
    from eventdocs.migrations import LATEST

    applied = app.run(_upgrade(app))
    if app.output.as_json:
        app.output.json({"version": LATEST, "applied": _as_json(applied)})
        return
    if applied:
        _show(app, applied)
    app.output.line(f"schema version {LATEST}, the latest")


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


def _show(app: App, steps: list[Step]) -> None:
    app.output.grid(grid("Version", "Step", rows=[(each.version, each.name) for each in steps]))


def _as_json(steps: list[Step]) -> list[dict[str, object]]:
    return [{"version": each.version, "name": each.name} for each in steps]
