"""`eventdocs settings`: what is in force, and where each value came from."""

from __future__ import annotations

import os

import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._output import Column, grid


@click.command(short_help="Show what is in force, and where each value came from.")
@click.option("--set", "only_set", is_flag=True, help="Only what differs from the defaults.")
@database_option
@common_options
@pass_app
def settings(app: App, *, only_set: bool) -> None:
    """Show what is in force, and where it came from; secrets are masked."""
    import attrs

    chosen = {} if app.chosen_database is None else {"database_url": "--database"}
    found = app.settings.in_force(os.environ, chosen=chosen)
    if only_set:
        found = tuple(each for each in found if each.source != "default")
    warnings = app.settings.warnings
    if app.output.as_json:
        values = [attrs.asdict(each) for each in found]
        app.output.json({"settings": values, "warnings": warnings})
        return
    if not found:
        app.output.line("nothing is set: everything is as by default")
    rows = [(each.variable, each.value, each.source, each.about) for each in found]
    app.output.grid(
        grid(Column(title="Variable", keep=True), "Value", "From", "What it is", rows=rows)
    )
    for warning in warnings:
        app.output.note(f"warning: {warning}")
