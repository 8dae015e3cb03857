"""`eventdocs projections`: how the read models stand, and how they are mended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from eventdocs.cli._app import App
from eventdocs.cli._options import common_options, database_option, pass_app
from eventdocs.cli._output import Column, grid

if TYPE_CHECKING:
    from eventdocs.projections import DeadLetter, ProjectionStatus, VerificationReport


@click.group()
def projections() -> None:
    """Show and mend the read models of documents."""


@projections.command()
@database_option
@common_options
@pass_app
def status(app: App) -> None:
    """Show how far each projection is, and what stands in its way."""

    async def query() -> list[ProjectionStatus]:
        async with app.library() as library:
            return await library.runner.status()

    _show_status(app, app.run(query()))


@projections.command("catch-up")
@database_option
@common_options
@pass_app
def catch_up(app: App) -> None:
    """Apply everything that the log holds at this moment."""

    async def work() -> list[ProjectionStatus]:
        async with app.library() as library:
            app.output.progress("catching up")
            await library.runner.catch_up()
            return await library.runner.status()

    _show_status(app, app.run(work()))


@projections.command()
@click.argument("projection")
@database_option
@common_options
@pass_app
def rebuild(app: App, *, projection: str) -> None:
    """Build PROJECTION anew from the log, beside the tables in use, and swap them."""

    async def work() -> list[ProjectionStatus]:
        async with app.library() as library:
            app.output.progress(f"rebuilding {projection}")
            await library.runner.rebuild(projection)
            return await library.runner.status()

    _show_status(app, app.run(work()))


@projections.command()
@click.argument("projection")
@database_option
@common_options
@pass_app
def verify(app: App, *, projection: str) -> None:
    """Compute PROJECTION again from the log and compare; a difference is a failure."""

    async def work() -> VerificationReport:
        async with app.library() as library:
            app.output.progress(f"verifying {projection}")
            return await library.runner.verify(projection)

    report = app.run(work())
    app.output.progress("")
    if app.output.as_json:
        app.output.json(report)
    else:
        app.output.line(str(report))
    if not report.is_equal:
        raise click.exceptions.Exit(1)


@projections.command()
@click.argument("projection")
@click.argument("sequence", type=click.IntRange(min=1), required=False)
@database_option
@common_options
@pass_app
def retry(app: App, *, projection: str, sequence: int | None) -> None:
    """Apply again what PROJECTION has set aside; with SEQUENCE, only that event's stream."""

    async def work() -> list[DeadLetter]:
        async with app.library() as library:
            return await library.runner.retry(projection, sequence)

    _show_dead_letters(app, app.run(work()))


@projections.command()
@click.argument("projection")
@click.argument("sequence", type=click.IntRange(min=1))
@database_option
@common_options
@pass_app
def skip(app: App, *, projection: str, sequence: int) -> None:
    """Leave the event at SEQUENCE out of PROJECTION for good, and go on behind it."""

    async def work() -> list[DeadLetter]:
        async with app.library() as library:
            return await library.runner.skip(projection, sequence)

    _show_dead_letters(app, app.run(work()))


def _show_status(app: App, found: Sequence[ProjectionStatus]) -> None:
    app.output.progress("")
    if app.output.as_json:
        app.output.json(found)
        return
    numbers = ("At", "Head", "Lag", "Dead letters")
    app.output.grid(
        grid(
            "Projection",
            Column(title="Version", right=True),
            "State",
            *(Column(title=each, right=True) for each in numbers),
            "In its way",
            rows=[
                (
                    each.name,
                    each.version,
                    each.state.value,
                    each.sequence,
                    each.head,
                    each.lag,
                    each.dead_letters,
                    each.error,
                )
                for each in found
            ],
        )
    )


def _show_dead_letters(app: App, left: Sequence[DeadLetter]) -> None:
    if app.output.as_json:
        app.output.json(left)
    else:
        app.output.grid(
            grid(
                Column(title="Sequence", right=True),
                "Stream",
                "Type",
                "State",
                "Why",
                rows=[
                    (each.sequence, each.stream, each.type, each.state.value, each.message)
                    for each in left
                ],
            ),
            empty="nothing is set aside any more",
        )
    if left:
        raise click.exceptions.Exit(1)
