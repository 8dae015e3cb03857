"""`eventdocs version`: what is installed, for bug reports."""

from __future__ import annotations

import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, pass_app


@click.command()
@common_options
@pass_app
def version(app: App) -> None:
    """Show what is installed."""
    import platform
    import sqlite3
    from importlib.metadata import version as version_of

    found = {
        "eventdocs": version_of("eventdocs"),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version_of(name) for name in ("sqlalchemy", "asyncpg", "markdown-it-py")},
    }
    if app.output.as_json:
        app.output.json(found)
    else:
        app.output.pairs(list(found.items()), indent="")
