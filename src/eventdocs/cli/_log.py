"""`eventdocs log`: how the log stands; to a file, and back into a database of either kind."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, BinaryIO

import attrs
import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._output import Column, grid

if TYPE_CHECKING:
    from eventdocs.archive import ArchiveProgress, Exported, Imported
    from eventdocs.store import FeedStatus

_STANDARD = "-"


@click.group(short_help="Show how the log stands; export and import it.")
def log() -> None:
    """Show how the log stands, export it to a file, and import it into another database."""


@log.command(short_help="Show how far the log can be read, and what holds readers back.")
@database_option
@common_options
@pass_app
def status(app: App) -> None:
    """Show how far the log can be read, and which open transactions hold readers back.

    Readers and projections get no event beyond the settled place until these have ended:
    let their owners end them, or run the statement that is shown, which undoes what they
    have appended.
    """

    async def query() -> FeedStatus:
        async with app.store() as store:
            return await store.feed()

    feed = app.run(query())
    if app.output.as_json:
        app.output.json({"is_held": feed.is_held, **attrs.asdict(feed)})
        return
    app.output.line(f"settled through {feed.settled}, given out through {feed.last}")
    app.output.grid(
        grid(
            Column(title="Held at", right=True),
            "By",
            "Application",
            "State",
            Column(title="For", right=True),
            rows=[
                (
                    each.floor,
                    each.pid or each.gid,
                    each.application,
                    each.state or "unknown",
                    "unknown" if each.seconds is None else f"{each.seconds:.0f} s",
                )
                for each in feed.holders
            ],
        ),
        empty="no open transaction holds readers back",
    )
    for each in feed.holders:
        app.output.line(f"to end it: {each.remedy}")


@log.command("export", short_help="Write the log to a file.")
@click.argument("file", type=click.Path(dir_okay=False))
@click.option(
    "--after",
    metavar="SEQUENCE",
    type=click.IntRange(min=0),
    default=0,
    help="Only events beyond this one, to follow an archive that ends there.",
)
@click.option("--without-contents", is_flag=True, help="Leave out what documents contain.")
@database_option
@common_options
@pass_app
def export(app: App, *, file: str, after: int, without_contents: bool) -> None:
    """Write the log to FILE, compressed if its name ends with .gz or .zst; - is standard output.

    The log is written as far as it is settled when the command begins; others may go on
    appending. An interrupted export goes on where it was when the command is repeated.
    """
    if file == _STANDARD and app.output.as_json:
        raise click.UsageError("standard output is the archive already: leave out --json")

    async def work() -> Exported:
        from eventdocs.archive import export_log

        async with app.store() as store:
            return await export_log(
                store,
                sys.stdout.buffer if file == _STANDARD else file,
                after=after,
                contents=not without_contents,
                on_progress=lambda progress: _show(app, "exporting", progress),
            )

    done = app.run(work())
    app.output.progress("")
    if app.output.as_json:
        app.output.json(done)
        return
    behind = f", {done.resumed} of them before" if done.resumed else ""
    text = f"{done.events} events through {done.through}{behind}, {done.contents} contents exported"
    (app.output.note if file == _STANDARD else app.output.line)(text)


@log.command("import", short_help="Record an exported log in an empty database.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@database_option
@common_options
@pass_app
def import_(app: App, *, file: str) -> None:
    """Record what FILE holds in an empty database, which is the exported log then.

    Events keep their places, ids and times. FILE may be compressed; - is standard input.
    An interrupted import goes on where it was when the command is repeated; nobody may
    append in the meantime. Bring the read models up to date afterwards with
    `eventdocs projections catch-up`.
    """

    async def work() -> Imported:
        from eventdocs.archive import import_log

        source: BinaryIO | str = sys.stdin.buffer if file == _STANDARD else file
        async with app.store(create=True) as store:
            return await import_log(
                store, source, on_progress=lambda progress: _show(app, "importing", progress)
            )

    done = app.run(work())
    app.output.progress("")
    if app.output.as_json:
        app.output.json(done)
        return
    found = f"; {done.found} events were there before" if done.found else ""
    app.output.line(
        f"{done.events} events through {done.through}, {done.contents} contents imported{found}"
    )


def _show(app: App, doing: str, progress: ArchiveProgress) -> None:
    app.output.progress(f"{doing}: event {progress.sequence} of {progress.through}")
