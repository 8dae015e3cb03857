"""`eventdocs diff` and `impact`: what changed, and what would."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._output import Column, Output, grid

if TYPE_CHECKING:
    from eventdocs.cli._effects import ImpactFacts
    from eventdocs.documents import DocumentView
    from eventdocs.ir import DocumentIR

_REVISION = click.IntRange(min=1)


@click.command()
@click.argument("document")
@click.argument("before", type=_REVISION, required=False)
@click.argument("after", type=_REVISION, required=False)
@database_option
@common_options
@pass_app
def diff(app: App, *, document: str, before: int | None, after: int | None) -> None:
    """Show what changed in DOCUMENT.

    From revision BEFORE to AFTER; between the last two by default.
    DOCUMENT is a title, a file name or path, or an id or its first digits.
    """
    if before is not None and after is None:
        raise click.UsageError("name both revisions, or none for the last two")

    async def query() -> tuple[DocumentView, DocumentIR, DocumentIR]:
        from eventdocs.errors import RevisionUnavailableError

        async with app.documents() as library:
            view = await library.find(document)
            if before is None and view.revision == 1:
                raise RevisionUnavailableError(
                    view.document_id, 2, "there is one revision, so nothing to compare it with"
                )
            old = await library.ir(view.document_id, before or view.revision - 1)
            return view, old, await library.ir(view.document_id, after or view.revision)

    view, old, new = app.run(query())
    from eventdocs.cli._changes import compare, show_changes

    facts = compare(old, new)
    if app.output.as_json:
        app.output.json({"document": view, "diff": facts})
        return
    app.output.title(view.title)
    show_changes(app.output, facts)


@click.command()
@click.argument("document")
@click.argument("parameter")
@click.option("--revision", metavar="N", type=_REVISION, help="In this one instead of the newest.")
@database_option
@common_options
@pass_app
def impact(app: App, *, document: str, parameter: str, revision: int | None) -> None:
    r"""Show what a change of PARAMETER affects.

    DOCUMENT is a title, a file name or path, or an id or its first digits.
    PARAMETER is a symbol such as c_max, W_{i,t}, λ or '\lambda', a defined term, or the
    label of a formula or table.
    """

    async def query() -> tuple[DocumentView, DocumentIR]:
        async with app.documents() as library:
            view = await library.find(document)
            return view, await library.ir(view.document_id, revision)

    view, ir = app.run(query())
    from eventdocs.cli._effects import effects_of

    facts = effects_of(ir, parameter)
    if not facts.sources and not facts.affected:
        raise click.ClickException(f"nothing in {view.title!r} goes by the name {parameter!r}")
    if app.output.as_json:
        app.output.json({"document": view, "impact": facts})
        return
    app.output.title(view.title)
    show_impact(app.output, facts)


def show_impact(output: Output, facts: ImpactFacts) -> None:
    """Show what is affected, in the order in which to work a change through."""
    output.heading(f"If {facts.parameter} changes ({len(facts.affected)} affected)")
    for source in facts.sources:
        output.line(f"  set in {source.name}, line {source.line}, {source.section}")
    output.grid(
        grid(
            Column(title="Line", right=True),
            "Affected",
            "Section",
            "By way of",
            rows=[
                (each.line, each.name, each.section, " → ".join(each.path))
                for each in facts.affected
            ],
        ),
        empty="nothing depends on it",
    )
