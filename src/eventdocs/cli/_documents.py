"""`eventdocs documents`, `show` and `findings`: what is known about documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import attrs
import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._output import Column, Output, grid

if TYPE_CHECKING:
    from eventdocs.documents import DocumentView, FindingView
    from eventdocs.ir import DocumentIR, Severity


@click.command()
@database_option
@common_options
@pass_app
def documents(app: App) -> None:
    """List the documents."""

    async def query() -> tuple[DocumentView, ...]:
        async with app.documents() as library:
            return await library.list_documents()

    found = app.run(query())
    if app.output.as_json:
        app.output.json(found)
    else:
        empty = app.nothing("no documents yet: bring some in with `eventdocs ingest PATH`")
        show_documents(app.output, found, empty=empty)


def show_documents(output: Output, found: Sequence[DocumentView], *, empty: str = "none") -> None:
    """Show a line for each document, or *empty*."""
    numbers = ("Rev", "Defs", "Formulas", "Tables", "Refs", "Findings")
    output.grid(
        grid(
            Column(title="Id", keep=True),
            "Title",
            "State",
            *(Column(title=each, right=True) for each in numbers),
            rows=[
                (
                    str(each.document_id)[:8],
                    each.title,
                    each.stage if each.status == "live" else each.status,
                    each.revision,
                    each.definitions,
                    each.formulas,
                    each.tables,
                    each.cross_references,
                    each.errors + each.warnings + each.infos,
                )
                for each in found
            ],
        ),
        empty=empty,
    )


@click.command()
@click.argument("document")
@click.option(
    "--revision", metavar="N", type=click.IntRange(min=1), help="This one instead of the newest."
)
@click.option("--inline", is_flag=True, help="Show inline formulas, too.")
@database_option
@common_options
@pass_app
def show(app: App, *, document: str, revision: int | None, inline: bool) -> None:
    """Show what DOCUMENT says.

    That is its definitions, formulas, tables, references and findings.
    DOCUMENT is a title, a file name or path, or an id or its first digits.
    """

    async def query() -> tuple[DocumentView, DocumentIR]:
        async with app.documents() as library:
            view = await library.find(document)
            return view, await library.ir(view.document_id, revision)

    view, ir = app.run(query())
    from eventdocs.cli._facts import facts_of
    from eventdocs.cli._meaning import show_facts

    facts = facts_of(ir)
    if app.output.as_json:
        shown = {field.name: getattr(facts, field.name) for field in attrs.fields(type(facts))}
        app.output.json({"document": view, "revision": ir.version, **shown})
        return
    show_heading(app.output, view, ir.version)
    show_facts(app.output, facts, inline=inline)


def show_heading(output: Output, view: DocumentView, revision: int) -> None:
    """Show which document, and which revision of it."""
    output.title(view.title)
    output.line(f"revision {revision} of {view.revision}, {view.media_type}, id {view.document_id}")
    output.line(f"from {view.source}", wrapped=False)


@click.command()
@click.argument("document", required=False)
@click.option("--severity", type=click.Choice(["error", "warning", "info"]), help="Only these.")
@click.option("--code", metavar="CODE", help="Only those of this rule, such as dangling-reference.")
@database_option
@common_options
@pass_app
def findings(
    app: App, *, document: str | None, severity: Severity | None, code: str | None
) -> None:
    """List what is wrong with DOCUMENT, or with all documents.

    DOCUMENT is a title, a file name or path, or an id or its first digits.
    Findings do not change the exit status.
    """

    async def query() -> tuple[tuple[FindingView, ...], dict[object, str]]:
        async with app.documents() as library:
            views = [await library.find(document)] if document else await library.list_documents()
            only = views[0].document_id if document else None
            found = await library.findings(only, severity=severity, code=code)
            return found, {each.document_id: each.title for each in views}

    found, titles = app.run(query())
    if app.output.as_json:
        app.output.json(found)
        return
    app.output.grid(
        grid(
            "Severity",
            Column(title="Code", keep=True),
            "Document",
            Column(title="Line", right=True),
            "What is wrong",
            rows=[
                (
                    each.severity,
                    each.code,
                    titles.get(each.document_id, each.document_id),
                    each.line or each.path or each.page,
                    f"{each.message} {each.suggestion}",
                )
                for each in found
            ],
        ),
        empty=app.nothing("no findings"),
    )
