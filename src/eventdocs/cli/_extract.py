"""`eventdocs extract`: the meaning of one file, without a database."""

from __future__ import annotations

from pathlib import Path

import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, pass_app


@click.command()
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--inline", is_flag=True, help="Show inline formulas, too.")
@click.option(
    "--schema", is_flag=True, help="Answer with the JSON Schema of the semantic IR; no FILE."
)
@common_options
@pass_app
def extract(app: App, *, file: Path | None, inline: bool, schema: bool) -> None:
    """Show the meaning of FILE; store nothing.

    With --json the answer is the whole semantic IR.
    """
    if schema == (file is not None):
        raise click.UsageError("give either FILE or --schema")
    if file is not None:
        _show(app, file, inline=inline)
    else:
        from eventdocs.ir import json_schema

        app.output.json(json_schema())


def _show(app: App, file: Path, *, inline: bool) -> None:
    from eventdocs.extraction import Limits, read_file
    from eventdocs.extraction import extract as extract_content
    from eventdocs.ir import to_dict

    limits = Limits(**app.settings.limit_options())
    app.output.progress(f"reading {file}")
    content = read_file(file, limits)
    found = extract_content(content, source_name=str(file), limits=limits)
    app.output.progress("")
    if app.output.as_json:
        app.output.json(to_dict(found.ir))
        return
    from eventdocs.cli._facts import facts_of
    from eventdocs.cli._meaning import show_facts

    app.output.title(found.ir.title or file.name)
    app.output.line(
        f"{file}: {found.media_type}, {len(content):,} bytes, "
        f"read by {found.extractor} {found.extractor_version}"
    )
    show_facts(app.output, facts_of(found.ir), inline=inline)
