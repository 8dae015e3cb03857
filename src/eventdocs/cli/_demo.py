"""`eventdocs demo`: the documents that come with the package, from bytes to findings."""

from __future__ import annotations

import contextlib
import importlib.resources
import tempfile
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app

if TYPE_CHECKING:
    from eventdocs.cli._changes import DiffFacts
    from eventdocs.cli._effects import ImpactFacts
    from eventdocs.cli._facts import Facts
    from eventdocs.documents import Documents, DocumentView
    from eventdocs.ir import DocumentIR

FOLDER = "eventdocs-demo"
METHODOLOGY = ("index-methodology.md", "index-methodology-rev2.md")
HANDBOOK = ("corporate-actions-handbook.md",)
PARAMETER = "c_max"


@attrs.frozen(kw_only=True)
class Meaning:
    """What one revision of a demo document says."""

    title: str
    revision: int
    ir: DocumentIR
    facts: Facts


@attrs.frozen(kw_only=True)
class Demo:
    """Everything that the demo shows; *kept_in* is the database unless it is thrown away."""

    kept_in: str | None
    documents: tuple[DocumentView, ...]
    meanings: tuple[Meaning, ...]
    diff: DiffFacts
    impact: ImpactFacts


@click.command()
@click.option("--inline", is_flag=True, help="Show inline formulas, too.")
@database_option
@common_options
@pass_app
def demo(app: App, *, inline: bool) -> None:
    """Show what eventdocs does, on documents of its own.

    An index methodology in two revisions and a handbook go into a database of their own,
    which is thrown away, or into the one that --database names.
    """
    found = app.run(_play(app))
    if app.output.as_json:
        app.output.json(_as_json(found))
    else:
        _show(app, found, inline=inline)


async def _play(app: App) -> Demo:
    from eventdocs.cli._changes import compare
    from eventdocs.cli._effects import effects_of
    from eventdocs.cli._facts import facts_of
    from eventdocs.settings import without_password

    kept = app.chosen_database
    async with _database(app), app.library(create=True) as (documents, runner):
        app.output.progress("bringing the documents in")
        revisions = [
            *await _bring_in(documents, METHODOLOGY),
            *await _bring_in(documents, HANDBOOK),
        ]
        await runner.catch_up()
        views = {each.document_id: each for each in await documents.list_documents()}
        meanings: list[Meaning] = []
        for ir in revisions:
            title = views[ir.document_id].title
            meanings.append(Meaning(title=title, revision=ir.version, ir=ir, facts=facts_of(ir)))
        app.output.progress("")
        first, second, _ = revisions
        shown = tuple(views[ir.document_id] for ir in revisions[1:])
        return Demo(
            kept_in=None if kept is None else without_password(kept),
            documents=shown,
            meanings=tuple(meanings),
            diff=compare(first, second),
            impact=effects_of(second, PARAMETER),
        )


@contextlib.asynccontextmanager
async def _database(app: App) -> AsyncGenerator[None]:
    """Use the chosen database, else a file that goes when the demo ends."""
    if app.chosen_database is not None:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="eventdocs-demo-") as folder:
        app.chosen_database = f"sqlite:///{Path(folder, 'demo.db').as_posix()}"
        try:
            yield
        finally:
            app.chosen_database = None


async def _bring_in(documents: Documents, names: Sequence[str]) -> list[DocumentIR]:
    """Ingest the revisions of one document that are not there yet; return what they mean."""
    from eventdocs.documents import document_id_of
    from eventdocs.types import digest_of

    source = f"{FOLDER}/{names[0]}"
    document_id = document_id_of(source)
    contents = [_shipped(name) for name in names]
    known = {each.original for each in (await documents.state(document_id)).revisions}
    for content in contents:
        if digest_of(content) not in known:
            await documents.ingest(content, source=source)
    numbers = {
        each.original: each.number for each in (await documents.state(document_id)).revisions
    }
    return [await documents.ir(document_id, numbers[digest_of(each)]) for each in contents]


def _shipped(name: str) -> bytes:
    return importlib.resources.files("eventdocs.cli").joinpath("demo", name).read_bytes()


def _as_json(found: Demo) -> dict[str, object]:
    return {
        "documents": found.documents,
        "meanings": [
            {
                "document_id": each.ir.document_id,
                "title": each.title,
                "revision": each.revision,
                **attrs.asdict(each.facts, recurse=False),
            }
            for each in found.meanings
        ],
        "diff": found.diff,
        "impact": found.impact,
    }


def _show(app: App, found: Demo, *, inline: bool) -> None:
    from eventdocs.cli._changes import show_changes
    from eventdocs.cli._documents import show_documents
    from eventdocs.cli._meaning import show_facts, show_findings
    from eventdocs.cli._revisions import show_impact

    output = app.output
    first, second, handbook = found.meanings
    output.title("Documents")
    show_documents(output, found.documents)
    for each in (first, handbook):
        output.title(f"{each.title}, revision {each.revision}")
        show_facts(output, each.facts, inline=inline)
    output.title(f"{second.title}, revision {second.revision}")
    show_changes(output, found.diff)
    show_findings(output, second.facts.findings)
    show_impact(output, found.impact)
    output.line()
    if found.kept_in is not None:
        output.line(f"Kept in {found.kept_in}.")
    else:
        output.line("Nothing was kept; `eventdocs demo --database sqlite:///demo.db` keeps it.")
    output.line("Now your own files: `eventdocs ingest PATH`, then `eventdocs documents`.")
